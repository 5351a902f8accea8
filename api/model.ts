/** A model as the API offers it. */
export interface ModelInfo {
  /** owner/name */
  readonly name: string
  /** 64 hexadecimal digits. */
  readonly version: string
  /** Length of a face vector. */
  readonly embeddingSize: number
  readonly defaults: { readonly scheduler: string; readonly steps: number; readonly guidanceScale: number }
}
