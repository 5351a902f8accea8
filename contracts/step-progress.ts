/** Heartbeat details of a step that reports how far it is. */
export interface StepProgress {
  /** Iterations done. */
  readonly step: number
  readonly of: number
  /** Small pictures of the images as they are after an iteration, in a `Preview` artifact. */
  readonly preview?: { readonly key: string; readonly step: number }
}

/** Whether heartbeat details are progress: steps may send others. */
export const isProgress = (details: unknown): details is StepProgress => {
  const { step, of } = (details ?? {}) as Partial<Record<keyof StepProgress, unknown>>
  return typeof step === 'number' && typeof of === 'number'
}

/** A JSON artifact: how the images of a prediction look so far. */
export interface Preview {
  readonly step: number
  readonly images: readonly {
    /** Which image of the prediction. */
    readonly index: number
    /** A small JPEG as a `data:` URI. */
    readonly image: string
  }[]
}
