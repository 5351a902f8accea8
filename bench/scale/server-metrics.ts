/** Counters of Temporal's own metrics, by the operation that they count. */
export interface ServerCounters {
  /** Requests of the frontend. */
  readonly frontend: ReadonlyMap<string, number>
  /** Requests of the database, those of the visibility store apart. */
  readonly persistence: ReadonlyMap<string, number>
  readonly visibility: ReadonlyMap<string, number>
  /** What the server counts as actions, for which Temporal Cloud has limits and bills. */
  readonly actions: ReadonlyMap<string, number>
}

const families = {
  frontend: (line: string) => line.startsWith('service_requests{') && line.includes('service_name="frontend"'),
  persistence: (line: string) => line.startsWith('persistence_requests{') && !line.includes('service_name="worker"'),
  visibility: (line: string) => line.startsWith('visibility_persistence_requests{'),
  actions: (line: string) => line.startsWith('action{') && !line.includes('namespace="temporal_system"'),
}

export const parseServerCounters = (text: string): ServerCounters => {
  const read = (wanted: (line: string) => boolean, label = 'operation') => {
    const name = new RegExp(`${label}="(\\w+)"`)
    const counts = new Map<string, number>()
    for (const line of text.split('\n').filter(wanted)) {
      const operation = name.exec(line)?.[1] ?? ''
      counts.set(operation, (counts.get(operation) ?? 0) + Number(line.slice(line.lastIndexOf('}') + 1)))
    }
    return counts
  }
  return {
    frontend: read(families.frontend),
    persistence: read(families.persistence),
    visibility: read(families.visibility),
    actions: read(families.actions, 'action_type'),
  }
}

/** What was counted in between, for each of so many; what did not change is left out. */
export const perOne = (
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  count: number,
): Record<string, number> =>
  Object.fromEntries(
    [...after]
      .map(([name, value]) => [name, Number(((value - (before.get(name) ?? 0)) / count).toFixed(2))] as const)
      .filter(([, value]) => value > 0)
      .sort((a, b) => b[1] - a[1]),
  )
