/** The result of `run`, or undefined if its error is an expected one. */
export const undefinedIf = async <T>(
  isExpected: (error: unknown) => boolean,
  run: () => Promise<T>,
): Promise<T | undefined> => {
  try {
    return await run()
  } catch (error) {
    if (isExpected(error)) return undefined
    throw error
  }
}
