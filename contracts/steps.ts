import type { Queue } from './queues.ts'

export interface Step {
  /** The queue whose workers run it. */
  readonly queue: Queue
  /** Shown by the page and the commands while it runs. */
  readonly doing: string
  /** Log line when it has completed. */
  readonly done: string
  /** Weight in a progress bar: roughly its share of a prediction's time. */
  readonly share: number
}

/** The steps of predictions. Each is an activity of the same name. */
export const steps = {
  intakePhoto: { queue: 'cpu', doing: 'Taking in the photo', done: 'Photo taken in', share: 0.03 },
  findFace: { queue: 'cpu', doing: 'Finding the face', done: 'Face found and aligned', share: 0.03 },
  embedFace: { queue: 'cpu', doing: 'Embedding the face', done: 'Face embedded', share: 0.02 },
  generateImages: { queue: 'gpu', doing: 'Generating the images', done: 'Images diffused', share: 0.82 },
  verifyImages: {
    queue: 'cpu',
    doing: 'Comparing the images with the person',
    done: 'Images compared with the person',
    share: 0.07,
  },
  publishImages: { queue: 'cpu', doing: 'Publishing the images', done: 'Images published', share: 0.03 },
  analysePhoto: {
    queue: 'cpu',
    doing: 'Finding and embedding the faces',
    done: 'Faces found and embedded',
    share: 0.05,
  },
  discardLeftovers: {
    queue: 'cpu',
    doing: 'Deleting photos and drafts',
    done: 'Photos and drafts deleted',
    share: 0,
  },
} as const satisfies Record<string, Step>

export type StepName = keyof typeof steps

/** The steps of one queue. */
export type StepOn<Q extends Queue> = {
  [N in StepName]: (typeof steps)[N]['queue'] extends Q ? N : never
}[StepName]

type Run = (...args: never[]) => Promise<unknown>

/** The activities that a worker of a queue registers: all steps of that queue, and no others. */
export type StepsOn<Q extends Queue> = Readonly<Record<StepOn<Q>, Run>> &
  Readonly<Partial<Record<Exclude<StepName, StepOn<Q>>, never>>>

export const stepNames = Object.keys(steps) as StepName[]

/** Whether a name from a history is a step of this release; other releases may have other steps. */
export const isStepName = (name: string): name is StepName => Object.hasOwn(steps, name)

/** The text for a running step, or its name if this release does not know it. */
export const doingOf = (name: string): string => (isStepName(name) ? steps[name].doing : name)

/** The log line of a completed step, or its name if this release does not know it. */
export const doneLine = (name: string): string => (isStepName(name) ? steps[name].done : name)

/**
 * The progress, in [0, 1], of a prediction with the steps `order` when `fraction` of the step `name` is done. Undefined
 * if `order` does not contain the step.
 *
 * @example progressIn(['intakePhoto', 'findFace'], 'findFace', 0.5) // 0.75
 */
export const progressIn = (order: readonly StepName[], name: string, fraction = 0): number | undefined => {
  const index = isStepName(name) ? order.indexOf(name) : -1
  if (index === -1) return undefined
  const sum = (names: readonly StepName[]) => names.reduce((total, step) => total + steps[step].share, 0)
  return (sum(order.slice(0, index)) + steps[order[index]!].share * fraction) / sum(order)
}
