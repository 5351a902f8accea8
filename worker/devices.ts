import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const exec = promisify(execFile)

export interface Device {
  name: string
  totalMiB: number
  freeMiB: number
  driver: string
}

const query = ['--query-gpu=name,memory.total,memory.free,driver_version', '--format=csv,noheader,nounits']

/** Lines of `nvidia-smi --query-gpu=name,memory.total,memory.free,driver_version --format=csv,noheader,nounits`. */
export const parseDevices = (output: string): Device[] =>
  output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [name = '', total, free, driver = ''] = line.split(',').map((part) => part.trim())
      return { name, totalMiB: Number(total), freeMiB: Number(free), driver }
    })

/** The NVIDIA devices of this machine. Rejects with ENOENT if there is no driver. */
export const readDevices = async (timeoutMs = 20_000): Promise<Device[]> =>
  parseDevices((await exec('nvidia-smi', query, { timeout: timeoutMs })).stdout)

const keptMs = 15_000

/** What `readDevices` said last, asked again at most every 15 s; none where it does not answer. */
export const createDeviceMemory = (read = () => readDevices(2_000)): (() => Promise<readonly Device[]>) => {
  let last: Promise<readonly Device[]> | undefined
  let askedAt = 0
  return () => {
    if (!last || Date.now() - askedAt > keptMs) {
      askedAt = Date.now()
      last = read().catch(() => [])
    }
    return last
  }
}
