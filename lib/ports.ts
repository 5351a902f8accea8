import getPort, { portNumbers } from 'get-port'

const host = '127.0.0.1'

/** The wanted port, or the next free one after it. */
export const nextFreePort = (wanted: number): Promise<number> =>
  getPort({ host, port: portNumbers(wanted, Math.min(wanted + 99, 65_535)) })

/** Any free port. */
export const freePort = (): Promise<number> => getPort({ host })
