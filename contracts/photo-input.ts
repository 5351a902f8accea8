import { z } from 'zod'
import { boundedString } from '../lib/bounded-schema.ts'
import { httpUrlPattern } from './http-url.ts'
import { limits } from './limits.ts'

const dataUriPattern = 'data:image/[a-z]+;base64,([A-Za-z0-9+/]{4})+'

/** A photo in a request. */
export const photoSchema = boundedString(limits.requestBytes)
  .min(1)
  .describe('A photo: an http(s) URL, a data: URI in base64, or the URL of an uploaded file.')
  .meta({ pattern: `^(${httpUrlPattern}|${dataUriPattern})$`, format: 'uri' })

export const photosSchema = z.array(photoSchema).min(1).max(limits.photos)

/** Either one photo or several. */
export interface PhotoInput {
  readonly input_image?: string
  readonly input_images?: readonly string[]
}

/** Requires exactly one of `fields`: as a zod check, and as JSON Schema. */
export const exactlyOne = (fields: readonly string[], missing: string) => ({
  check: (context: z.core.ParsePayload<Record<string, unknown>>): void => {
    const given = fields.filter((field) => context.value[field] !== undefined)
    if (given.length === 1) return
    context.issues.push({
      code: 'custom',
      input: context.value,
      path: [fields[0]!],
      message: given.length === 0 ? missing : `Give only one of ${fields.join(', ')}, not ${given.join(' and ')}`,
      params: { type: given.length === 0 ? 'missing' : 'conflict' },
    })
  },
  jsonSchema: { oneOf: fields.map((field) => ({ required: [field] })) },
})
