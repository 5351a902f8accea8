import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { errorCode } from '../../lib/error-code.ts'
import { projectDir } from '../../lib/project-dir.ts'
import { type Device, readDevices } from '../../worker/devices.ts'
import { findRunning } from '../stack/state.ts'
import { type Finding, gap, note, ok } from './finding.ts'

const GiB = 2 ** 30

/** Whether a version such as 20.20.2 is at least `wanted`, such as 20.11. */
export const isAtLeast = (version: string, wanted: string): boolean => {
  const [have, want] = [version, wanted].map((text) => text.split('.').map(Number))
  for (const [k, number] of want!.entries()) if (have![k] !== number) return (have![k] ?? 0) > number
  return true
}

export const checkNode = async (version = process.versions.node): Promise<Finding> => {
  const { engines } = JSON.parse(await readFile(join(projectDir, 'package.json'), 'utf8')) as {
    engines: { node: string }
  }
  const wanted = engines.node.replace(/^>=/, '')
  const machine = `${process.platform} ${process.arch}, ${availableParallelism()} cores, ${(totalmem() / GiB).toFixed(1)} GiB memory`
  if (isAtLeast(version, wanted)) return ok('node', `${version}; ${machine}`)
  return gap('node', `${version}; ${machine}`, `install Node ${wanted} or newer`)
}

export const checkDevices = async (): Promise<Finding[]> => {
  let devices: Device[]
  try {
    devices = await readDevices()
  } catch (error) {
    const missing = errorCode(error) === 'ENOENT'
    return [
      note(
        'gpu',
        missing
          ? 'nvidia-smi not found: no NVIDIA driver is installed'
          : `nvidia-smi fails: ${(error as Error).message}`,
      ),
    ]
  }
  const gib = (mib: number) => `${(mib / 1024).toFixed(1)} GiB`
  return devices.map(({ name, totalMiB, freeMiB, driver }) =>
    ok('gpu', `${name}, ${gib(freeMiB)} of ${gib(totalMiB)} free, driver ${driver}`),
  )
}

const isFree = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })

export interface PortsOptions {
  host: string
  /** Port of the API. */
  port: number
  stateDir: string
}

/** Checks whether the default ports of `npm start` are free. */
export const checkPorts = async ({ host, port, stateDir }: PortsOptions): Promise<Finding> => {
  const running = await findRunning(stateDir)
  if (running?.apiUrl) return ok('ports', `Idem is running from ${stateDir} (pid ${running.pid}, ${running.apiUrl})`)
  const wanted = [
    { name: 'API', at: host, number: port },
    { name: 'Temporal', at: '127.0.0.1', number: 7233 },
    { name: 'Temporal UI', at: '127.0.0.1', number: 8233 },
  ]
  const states = await Promise.all(
    wanted.map(async ({ name, at, number }) => ({ text: `${name} ${number}`, free: await isFree(at, number) })),
  )
  const taken = states.filter(({ free }) => !free).map(({ text }) => text)
  if (taken.length === 0) return ok('ports', `free: ${states.map(({ text }) => text).join(', ')}`)
  return note(
    'ports',
    `in use: ${taken.join(', ')}`,
    '`npm start` uses the next free ports; `npm run api` uses IDEM_PORT',
  )
}
