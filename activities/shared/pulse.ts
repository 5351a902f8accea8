import { Context } from '@temporalio/activity'

const everyMs = 1_000

/** Heartbeats while the work runs: they keep a step alive that waits, and bring its cancellation. */
export const withPulse = async <T>(work: () => Promise<T>): Promise<T> => {
  const context = Context.current()
  const pulse = setInterval(() => context.heartbeat(), everyMs)
  try {
    return await work()
  } finally {
    clearInterval(pulse)
  }
}
