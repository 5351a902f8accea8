/**
 * Runs calls of one name one at a time. Those that come meanwhile are given what the running one gives; where it fails
 * they run themselves, one after the other, unless `isShared` says that its failure is theirs too.
 */
export const createSingleFlight = <T>(isShared: (error: unknown) => boolean) => {
  const running = new Map<string, Promise<T>>()
  return async (name: string, run: () => Promise<T>): Promise<T> => {
    for (let other = running.get(name); other; other = running.get(name)) {
      try {
        return await other
      } catch (error) {
        if (isShared(error)) throw error
      }
    }
    const own = run().finally(() => running.delete(name))
    running.set(name, own)
    return own
  }
}
