/** How the page presents a scheduler. */
export interface SchedulerInfo {
  readonly label: string
  /** Completes "How noise becomes a picture: …". */
  readonly hint: string
}

/**
 * The schedulers that a request may name. The request schema, bundle manifests, the help of commands and the page all
 * read this list. The solvers are in `inference/numeric/schedulers/`; the compiler checks its index against these
 * names.
 */
export const schedulers = {
  dpmpp_2m: { label: 'DPM-Solver++ 2M', hint: 'good with few steps' },
  dpmpp_2m_karras: { label: 'DPM-Solver++ 2M Karras', hint: 'more steps where detail appears' },
  ddim: { label: 'DDIM', hint: 'the classic; needs more steps' },
  euler: { label: 'Euler', hint: 'simple and stable' },
  euler_ancestral: { label: 'Euler ancestral', hint: 'adds noise at every step; more varied' },
  lcm: { label: 'LCM', hint: 'for distilled models; 4 to 8 steps' },
} as const satisfies Record<string, SchedulerInfo>

export type SchedulerName = keyof typeof schedulers
export const schedulerNames = Object.keys(schedulers) as SchedulerName[]
