import type { TelemetryOptions } from '@temporalio/worker'

const scrapeTimeoutMs = 2_000

/** Has Temporal's SDK publish its own metrics on a loopback port, for `readSdkMetrics`. */
export const sdkTelemetry = (port: number): TelemetryOptions => ({
  metrics: {
    prometheus: {
      bindAddress: `127.0.0.1:${port}`,
      countersTotalSuffix: true,
      unitSuffix: true,
      useSecondsForDurations: true,
    },
  },
})

/** Empty where the SDK does not answer in time: ours are worth more than none. */
export const readSdkMetrics = async (port: number): Promise<string> => {
  try {
    const signal = AbortSignal.timeout(scrapeTimeoutMs)
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, { signal })
    return response.ok ? await response.text() : ''
  } catch {
    return ''
  }
}
