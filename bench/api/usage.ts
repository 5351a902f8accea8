import { readFile } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'

// Linux: sysconf(_SC_CLK_TCK).
const ticksPerSecond = 100

/** Processor time of a process so far, in seconds. */
const cpuSeconds = async (pid: number): Promise<number> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may hold blanks; utime and stime are the 12th and 13th after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

export const rssMb = async (pid: number): Promise<number> =>
  Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

/** Requests that Temporal's frontend has had so far, by operation, as it counts them itself. */
const temporalRequests = async (metricsUrl: string): Promise<Map<string, number>> => {
  const requests = new Map<string, number>()
  for (const line of (await (await fetch(metricsUrl)).text()).split('\n')) {
    if (!line.startsWith('service_requests{') || !line.includes('service_name="frontend"')) continue
    const operation = /operation="(\w+)"/.exec(line)?.[1] ?? ''
    requests.set(operation, (requests.get(operation) ?? 0) + Number(line.slice(line.lastIndexOf('}') + 1)))
  }
  return requests
}

export interface Usage {
  readonly seconds: number
  /** Processor seconds a second. */
  readonly apiCpu: number
  readonly temporalCpu: number
  /** Calls of Temporal's frontend a second, by operation, the most frequent first; those of the workers left out. */
  readonly calls: readonly (readonly [operation: string, perSecond: number])[]
}

const ofWorkers = /^(?:Poll|Respond|RecordActivityTaskHeartbeat)/

/** Starts measuring; the result is called to end it. */
export const measureUsage = async (of: { apiPid: number; temporalPid: number; metricsUrl: string }) => {
  const read = async () => ({
    at: performance.now(),
    api: await cpuSeconds(of.apiPid),
    temporal: await cpuSeconds(of.temporalPid),
    requests: await temporalRequests(of.metricsUrl),
  })
  const before = await read()
  return async (): Promise<Usage> => {
    const after = await read()
    const seconds = (after.at - before.at) / 1000
    const calls = [...after.requests]
      .map(([name, count]) => [name, (count - (before.requests.get(name) ?? 0)) / seconds] as const)
      .filter(([name, perSecond]) => perSecond > 0 && !ofWorkers.test(name))
      .sort((a, b) => b[1] - a[1])
    return {
      seconds,
      apiCpu: (after.api - before.api) / seconds,
      temporalCpu: (after.temporal - before.temporal) / seconds,
      calls,
    }
  }
}
