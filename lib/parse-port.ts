/** The port that a variable names. Throws where it is something else; `zero` says what 0 means. */
export const parsePort = (name: string, text = '', fallback = 0, zero = ''): number => {
  const port = Number(text || fallback)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new Error(`${name} is ${JSON.stringify(text)}; use a number from 0 to 65535${zero}`)
}
