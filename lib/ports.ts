import getPort, { portNumbers } from 'get-port'

const host = '127.0.0.1'

// Systems hand out the ports above these to outgoing connections, at any moment: one of them may be taken between the
// search and its use.
const lowest = 20_000
const highest = 32_767
const tried = 500

/** The wanted port, or the next free one after it. */
export const nextFreePort = (wanted: number): Promise<number> =>
  getPort({ host, port: portNumbers(wanted, Math.min(wanted + 99, 65_535)) })

/** Any free port that stays free until it is used. */
export const freePort = (): Promise<number> => {
  const from = lowest + Math.floor(Math.random() * (highest - lowest - tried))
  return getPort({ host, port: portNumbers(from, from + tried) })
}
