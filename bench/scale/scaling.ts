/** What decides about the number of gpu workers. Times in seconds. */
export type Scaling =
  /** Always so many. */
  | { readonly kind: 'fixed'; readonly workers: number }
  /** `npm start -- --scale-to-zero`: one worker, started when a task waits; it leaves when it was idle. */
  | { readonly kind: 'supervisor'; readonly look: number; readonly exitWhenIdle: number }
  | KedaScaling

/** The chart's ScaledObject and the HorizontalPodAutoscaler that KEDA makes of it. */
export interface KedaScaling {
  readonly kind: 'keda'
  readonly min: number
  readonly max: number
  readonly pollingInterval: number
  readonly targetQueueSize: number
  readonly cooldown: number
  /** A lower backlog must last this long before workers go. */
  readonly stabilization: number
  /** Workers that may go in each period. */
  readonly downPods: number
  readonly downPeriod: number
}

/** Kubernetes' own: four pods or a doubling in 15 seconds, whichever is more. */
const scaleUp = { pods: 4, factor: 2, period: 15 } as const
/** Kubernetes' own: a ratio this near to 1 changes nothing. */
const tolerance = 0.1

export interface KedaState {
  readonly workers: number
  /** What was wanted at each of the last looks. */
  readonly wanted: readonly { readonly at: number; readonly workers: number }[]
  readonly idleSince: number | undefined
  readonly lastDownAt: number
}

export const initialKedaState = ({ min }: KedaScaling): KedaState => ({
  workers: min,
  wanted: [],
  idleSince: 0,
  lastDownAt: Number.NEGATIVE_INFINITY,
})

export interface KedaLook {
  readonly at: number
  /** Tasks that wait: those that run are not among them. */
  readonly backlog: number
  /** Whether a prediction is under way anywhere. */
  readonly running: boolean
}

/** One look, and what comes of it. */
export const kedaStep = (scaling: KedaScaling, state: KedaState, { at, backlog, running }: KedaLook): KedaState => {
  const { min, max, targetQueueSize, cooldown, stabilization, downPods, downPeriod } = scaling
  const { workers } = state
  const active = backlog > 0 || running
  const idleSince = active ? undefined : (state.idleSince ?? at)
  // KEDA alone brings the first one and takes the last one; in between it is the autoscaler, which knows no zero.
  if (workers === 0) {
    return { ...state, idleSince, wanted: [], workers: active ? Math.min(max, Math.max(1, min)) : 0 }
  }
  if (min === 0 && idleSince !== undefined && at - idleSince >= cooldown) {
    return { ...state, idleSince, wanted: [], workers: 0 }
  }
  const floor = Math.max(1, min)
  const ratio = backlog / (targetQueueSize * workers)
  const raw = Math.abs(ratio - 1) <= tolerance ? workers : Math.ceil(backlog / targetQueueSize)
  const asked = Math.min(max, Math.max(floor, raw))
  const wanted = [...state.wanted.filter((one) => one.at > at - stabilization), { at, workers: asked }]
  if (asked > workers) {
    const most = Math.max(workers + scaleUp.pods, workers * scaleUp.factor)
    return { ...state, idleSince, wanted, workers: Math.min(asked, most) }
  }
  const stable = Math.max(...wanted.map((one) => one.workers))
  if (stable < workers && at - state.lastDownAt >= downPeriod) {
    return { workers: Math.max(stable, workers - downPods), wanted, idleSince, lastDownAt: at }
  }
  return { ...state, idleSince, wanted }
}
