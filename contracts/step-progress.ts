/** Heartbeat details of a step that reports its progress. */
export interface StepProgress {
  /** Iterations done. */
  readonly step: number
  readonly of: number
  /** Key of a `Preview` artifact with small pictures of the images after an iteration. */
  readonly preview?: { readonly key: string; readonly step: number }
}

/** Whether heartbeat details are a `StepProgress`; steps may send other details. */
export const isProgress = (details: unknown): details is StepProgress => {
  const { step, of } = (details ?? {}) as Partial<Record<keyof StepProgress, unknown>>
  return typeof step === 'number' && typeof of === 'number'
}

/** A JSON artifact with previews of the unfinished images of a prediction. */
export interface Preview {
  readonly step: number
  readonly images: readonly {
    /** Index of the image in the prediction. */
    readonly index: number
    /** A small JPEG as a `data:` URI. */
    readonly image: string
  }[]
}
