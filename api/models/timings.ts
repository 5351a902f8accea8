/** Converts the times of steps from milliseconds to seconds. */
export const timingsOf = (timingsMs: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(timingsMs).map(([name, ms]) => [name, ms / 1000]))
