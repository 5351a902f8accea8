import { type Connection, isGrpcServiceError } from '@temporalio/client'
import { OrchestratorUnavailable } from '../orchestrator.ts'

// grpc-js status codes.
export const grpc = { notFound: 5, deadlineExceeded: 4, resourceExhausted: 8, cancelled: 1, unavailable: 14 }
/** A call that takes longer counts as an outage: answers say so within two seconds. */
const callTimeoutMs = 1_500

export const codeOf = (error: unknown): number | undefined => {
  for (let e = error; e instanceof Error; e = e.cause) if (isGrpcServiceError(e)) return e.code
  return undefined
}

export const unavailable: ReadonlySet<number | undefined> = new Set([
  grpc.unavailable,
  grpc.deadlineExceeded,
  grpc.resourceExhausted,
  grpc.cancelled,
])

/** Runs calls within a deadline; what is Temporal's absence becomes `OrchestratorUnavailable`. */
export const createCall =
  (connection: Pick<Connection, 'withDeadline'>) =>
  async <T>(what: string, run: () => Promise<T>, timeoutMs = callTimeoutMs): Promise<T> => {
    try {
      return await connection.withDeadline(Date.now() + timeoutMs, run)
    } catch (error) {
      if (!unavailable.has(codeOf(error))) throw error
      throw new OrchestratorUnavailable(`Temporal did not ${what}`, { cause: error })
    }
  }

/** Waits for both also where one fails: a call that is left behind goes on retrying after its connection is closed. */
export const both = async <A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> => {
  await Promise.allSettled([a, b])
  return Promise.all([a, b])
}
