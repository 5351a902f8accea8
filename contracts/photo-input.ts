import { z } from 'zod'

/** A photo as requests name it. */
export const photoSchema = z
  .string()
  .min(1)
  .describe('A photo: an http(s) URL, a data: URI with base64, or the URL of an uploaded file.')

/** One photo, or several. */
export interface PhotoInput {
  readonly input_image?: string
  readonly input_images?: readonly string[]
}
