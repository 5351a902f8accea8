import type { Readable } from 'node:stream'
import { Miniflare } from 'miniflare'
import type { RequestsPerMinute } from '../../api/middleware/memory-rate-limiter.ts'
import { bundleEdge } from '../../infra/edge/bundle-edge.ts'
import { readEdgeSettings } from '../../infra/edge/wrangler-settings.ts'

export interface EdgeOptions {
  bindings: Record<string, string>
  requestsPerMinute?: RequestsPerMinute
}

const limitTo = (requests = 1_000_000) => ({ simple: { limit: requests, period: 60 as const } })

/** The edge bundle in workerd, as the deployment configures it. */
export const startEdge = async ({ bindings, requestsPerMinute }: EdgeOptions) => {
  const [{ code }, settings] = await Promise.all([bundleEdge(), readEdgeSettings()])
  const errors: Error[] = []
  const mf = new Miniflare({
    modules: [{ type: 'ESModule', path: 'edge.js', contents: code }],
    compatibilityDate: settings.compatibility_date,
    compatibilityFlags: settings.compatibility_flags,
    bindings,
    ...(requestsPerMinute && {
      ratelimits: {
        IDEM_RATE_LIMITER: limitTo(requestsPerMinute.tenant),
        IDEM_ADDRESS_RATE_LIMITER: limitTo(requestsPerMinute.address),
      },
    }),
    handleRuntimeStdio: (stdout: Readable, stderr: Readable) => {
      stdout.resume()
      stderr.setEncoding('utf8')
      let rest = ''
      stderr.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) errors.push(errorOf(line))
      })
    },
  })
  const url = await mf.ready
  return {
    url,
    /** What it said went wrong. */
    errors,
    request: (path: string, init?: RequestInit) => fetch(new URL(path, url), { redirect: 'manual', ...init }),
    stop: () => mf.dispose(),
  }
}

/** The error in a line of the log, or the line. */
const errorOf = (line: string): Error => {
  try {
    const { err, msg } = JSON.parse(line) as { err?: { message: string }; msg: string }
    return new Error(err?.message ?? msg)
  } catch {
    return new Error(line)
  }
}
