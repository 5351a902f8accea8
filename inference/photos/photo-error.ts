export type PhotoErrorType = 'photo_unreadable' | 'photo_unsupported' | 'photo_too_large' | 'photo_too_small'

/** A photo that cannot be used: the message is for people, the details are for programs. */
export class PhotoError extends Error {
  override name = 'PhotoError'
  readonly type: PhotoErrorType
  readonly details: Readonly<Record<string, unknown>>
  constructor(type: PhotoErrorType, message: string, details: Record<string, unknown> = {}, cause?: unknown) {
    super(message, { cause })
    this.type = type
    this.details = details
  }
}
