import { parseCount } from '../lib/parse-config.ts'

/** What one tenant may have; no bound where one is omitted. */
export interface TenantLimits {
  /** Predictions that run at a time. */
  maxRunning?: number
  /** Bytes of stored uploads. */
  maxUploadBytes?: number
  /** Images times steps times attempts of one prediction. */
  maxCost?: number
}

const variables = {
  maxRunning: ['IDEM_MAX_RUNNING', '100'],
  maxUploadBytes: ['IDEM_MAX_UPLOAD_BYTES', `${2 ** 30}`],
  maxCost: ['IDEM_MAX_COST', '3200'],
} as const satisfies Record<keyof TenantLimits, readonly [name: string, byDefault: string]>

type Environment = Readonly<Record<string, string | undefined>>

/** The bounds of each tenant. A tenant that has the service for itself need not be held back from itself. */
export const readTenantLimits = (env: Environment, { shared }: { shared: boolean }): TenantLimits =>
  Object.fromEntries(
    Object.entries(variables).flatMap(([limit, [name, byDefault]]) => {
      const count = parseCount(name, env[name] || (shared ? byDefault : '0'))
      return count === undefined ? [] : [[limit, count]]
    }),
  )
