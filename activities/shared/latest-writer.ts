/**
 * Runs `write` for the newest value, one at a time; values that arrive in between are superseded.
 *
 * @example
 * const { offer, settle } = createLatestWriter((checkpoint) => store.put(key, encodeCheckpoint(checkpoint)))
 */
export const createLatestWriter = <T>(write: (value: T) => Promise<void>) => {
  let waiting: { value: T } | undefined
  let writing: Promise<void> | undefined
  const run = async () => {
    while (waiting) {
      const { value } = waiting
      waiting = undefined
      await write(value)
    }
  }
  const kick = () => {
    // What could not be stored costs steps after a crash, or a picture: not the job.
    writing ??= run()
      .catch(() => undefined)
      .finally(() => {
        writing = undefined
      })
    return writing
  }
  return {
    offer(value: T) {
      waiting = { value }
      void kick()
    },
    /** Writes what waits. */
    flush: kick,
    /** Drops what waits, and lets what is being written end. */
    settle: async () => {
      waiting = undefined
      await writing
    },
  }
}
