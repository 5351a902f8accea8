// What the page's modules hand to each other. What crosses the network has the types of contracts/.
import type { PhotoFaces } from '../../contracts/embed-faces.ts'
import type { ErasureReceipt } from '../../contracts/erasure.ts'
import type { limits } from '../../contracts/limits.ts'
import type { Prediction as ApiPrediction, PredictionStatus } from '../../contracts/prediction.ts'
import type { SchedulerInfo } from '../../contracts/schedulers.ts'
import type { Preview } from '../../contracts/step-progress.ts'
import type { StepName } from '../../contracts/steps.ts'
import type { ApiProblem } from './helpers/api.js'

export type { ErasureReceipt, PhotoFaces, PredictionStatus, StepName }

/** A number, a text or a switch that a person has set. */
export type Value = string | number

export interface Input {
  readonly [name: string]: unknown
  readonly input_image?: string
  readonly num_images?: number
  readonly min_similarity?: number
}

/** What a running prediction does now: `metrics` of the prediction, and `progress` events. */
export interface RunProgress {
  readonly status?: PredictionStatus
  readonly phase?: string
  readonly queued?: boolean
  readonly step?: number
  readonly of?: number
  readonly attempt?: number
}

export interface Metrics extends Omit<RunProgress, 'status'> {
  readonly similarity?: readonly (number | null)[]
  readonly seeds?: readonly number[]
  readonly attempts?: readonly (readonly unknown[])[]
  readonly total_time?: number
  readonly failure?: { readonly type: string; readonly details: unknown }
}

/** A prediction of any model; `output` is of the model. */
export interface Prediction extends Omit<ApiPrediction, 'input' | 'output' | 'metrics'> {
  readonly input: Input
  readonly output: unknown
  readonly metrics: Metrics
}

/** A prediction with pictures. */
export interface PicturesPrediction extends Prediction {
  readonly output: readonly string[]
  readonly metrics: Metrics & Required<Pick<Metrics, 'similarity' | 'seeds' | 'total_time'>>
}

/** What went wrong, how to mend it, and what the API says of it. */
export interface Explanation {
  readonly type?: string
  readonly title: string
  readonly mend: string
  readonly detail?: string
}

export interface UploadedFile {
  readonly id: string
  readonly urls: { readonly get: string }
}

/** The chosen photo. */
export interface PhotoState {
  readonly state: 'none' | 'looking' | 'found' | 'refused'
  readonly name?: string
  /** URL of the photo in this browser. */
  readonly shown?: string
  readonly file?: UploadedFile
  readonly found?: PhotoFaces
  /** Which of the faces is taken. */
  readonly face?: number
  readonly problem?: Explanation
}

export interface FoundPhoto extends PhotoState {
  readonly shown: string
  readonly found: PhotoFaces
  readonly face: number
}

export type PreviewImages = Preview['images']

/** What a run that does not go on yet waits for. */
export interface QueuePlace {
  readonly ahead: number
  readonly worker: boolean
}

/** The run that is shown. */
export interface RunState {
  readonly id?: string
  readonly prediction?: Prediction
  readonly progress?: RunProgress
  readonly previews?: PreviewImages
  readonly queue?: QueuePlace
  readonly problem?: ApiProblem
  readonly cancelAskedAt?: number
  readonly freedAfterMs?: number
}

/** What a watched prediction brings. */
export interface News {
  readonly prediction?: Prediction
  readonly progress?: RunProgress & { readonly preview?: Preview }
  readonly problem?: ApiProblem
}

/** The last deletion. */
export interface ErasureState {
  readonly id: string
  readonly state: 'erasing' | 'erased' | 'failed'
  readonly receipt?: ErasureReceipt
  readonly problem?: string
}

export interface HistoryPage {
  readonly results: readonly Prediction[]
  readonly next: string | null
  readonly previous: string | null
  readonly problem?: ApiProblem
}

export interface HistoryFilters {
  readonly status: string
  readonly days: string
  readonly looks: boolean
}

/** A parameter with a range. */
export interface Field {
  readonly name: string
  readonly label: string
  readonly min: number
  readonly max: number
  readonly step: number
  /** The value that is shown as off. */
  readonly off?: number
  readonly help: string
}

/** `/page/setup.json`: the lists and bounds of the API. */
export interface Setup {
  readonly steps: readonly {
    readonly name: StepName
    readonly label: string
    readonly queue: string
    readonly share: number
  }[]
  readonly models: readonly {
    readonly name: string
    readonly description: string
    readonly steps: readonly StepName[]
  }[]
  readonly statuses: readonly PredictionStatus[]
  readonly schedulers: Readonly<Record<string, SchedulerInfo>>
  readonly generators: readonly string[]
  /** Names of the settings of a diffusion. */
  readonly settings: readonly string[]
  readonly limits: typeof limits
  readonly defaults: Readonly<Record<string, Value>>
  readonly samples: readonly string[]
}

export interface RequestOptions {
  readonly method?: string
  readonly json?: object
  readonly body?: FormData
  readonly headers?: Readonly<Record<string, string>>
}
