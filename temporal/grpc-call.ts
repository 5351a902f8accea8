import { type Connection, isGrpcServiceError } from '@temporalio/client'
import pLimit from 'p-limit'
import { OrchestratorUnavailable } from './orchestrator.ts'
import { rpcStatus, saysUnavailable } from './rpc-status.ts'

/** A call that takes longer counts as an outage: answers say so within two seconds. */
const callTimeoutMs = 1_500

/** The gRPC status of an error or of what caused it; undefined if it has none. */
export const statusOf = (error: unknown): number | undefined => {
  for (let e = error; e instanceof Error; e = e.cause) if (isGrpcServiceError(e)) return e.code
  return undefined
}

export const isNotFound = (error: unknown): boolean => statusOf(error) === rpcStatus.notFound

/** More at a time would only wait for each other at the server, with their deadlines running. */
const callsAtOnce = 48

/**
 * Runs calls within a deadline, so many at a time; what is Temporal's absence becomes `OrchestratorUnavailable`. A call
 * that has waited for its turn for longer than a deadline is not made where no other has succeeded meanwhile.
 */
export const createCall = (connection: Pick<Connection, 'withDeadline'>) => {
  const limit = pLimit(callsAtOnce)
  let succeededAt = 0
  return <T>(what: string, run: () => Promise<T>, timeoutMs = callTimeoutMs): Promise<T> => {
    const askedAt = Date.now()
    return limit(async () => {
      const now = Date.now()
      if (now - askedAt > timeoutMs && succeededAt < askedAt)
        throw new OrchestratorUnavailable(`Temporal did not ${what}`)
      try {
        const result = await connection.withDeadline(now + timeoutMs, run)
        succeededAt = Date.now()
        return result
      } catch (error) {
        if (!saysUnavailable(statusOf(error))) throw error
        throw new OrchestratorUnavailable(`Temporal did not ${what}`, { cause: error })
      }
    })
  }
}
