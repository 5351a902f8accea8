/** Chance that a job has to wait, with Poisson arrivals and exponential services: Erlang's C. `load` is in servers. */
export const erlangC = (servers: number, load: number): number => {
  // Erlang's B by its recursion, which does not overflow.
  let b = 1
  for (let k = 1; k <= servers; k++) b = (load * b) / (k + load * b)
  const rho = load / servers
  return rho >= 1 ? 1 : b / (1 - rho * (1 - b))
}

/** Mean wait of M/M/c, in the unit of `service`. */
export const meanWaitMMc = (servers: number, rate: number, service: number): number => {
  const load = rate * service
  return load >= servers ? Number.POSITIVE_INFINITY : (erlangC(servers, load) * service) / (servers - load)
}

/** Mean wait of M/D/1, where every job takes `service`: Pollaczek and Khinchine. */
export const meanWaitMD1 = (rate: number, service: number): number => {
  const rho = rate * service
  return rho >= 1 ? Number.POSITIVE_INFINITY : (rho * service) / (2 * (1 - rho))
}
