/** The messages of an error and of what caused it, in one line. */
export const explain = (error: unknown): string => {
  const parts: string[] = []
  for (let at = error; at; at = (at as Error).cause) parts.push((at as Error).message ?? String(at))
  return parts.join(': ')
}
