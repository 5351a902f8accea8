/**
 * The values of steps that run side by side. Where one fails the others are waited for before it throws: what they store is
 * there then, and can be deleted.
 */
export const allSettled = async <T>(steps: readonly Promise<T>[]): Promise<T[]> => {
  const results = await Promise.allSettled(steps)
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}
