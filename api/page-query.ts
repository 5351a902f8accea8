import { z } from '@hono/zod-openapi'
import { boundedString } from '../lib/bounded-schema.ts'
import type { ListPage } from '../temporal/orchestrator.ts'
import { cursorPattern, decodeCursor, encodeCursor } from './list-cursor.ts'

const maxPage = 100
const maxCursorLength = 64

const cursorSchema = boundedString(maxCursorLength)
  .transform((text, context) => {
    const cursor = decodeCursor(text)
    if (cursor) return cursor
    context.addIssue({ code: 'custom', message: 'Invalid cursor; take it from the URL of a page' })
    return z.NEVER
  })
  .optional()

/** Query parameters of a list that has pages. */
export const pageQuery = {
  cursor: cursorSchema.openapi({ type: 'string', pattern: cursorPattern.source }),
  limit: boundedString(3)
    .regex(/^[1-9]\d*$/)
    .transform(Number)
    .pipe(z.int().max(maxPage))
    .default(maxPage)
    .openapi({ type: 'integer', minimum: 1, maximum: maxPage, default: maxPage }),
}

/** The URLs of the pages beside one: the same query with another cursor. */
export const urlsOfNeighbours = (requestUrl: string, listUrl: string, { newer, older }: Omit<ListPage, 'records'>) => {
  const url = (direction: 'newer' | 'older', place: ListPage['newer']) => {
    if (!place) return null
    const query = new URLSearchParams(new URL(requestUrl).search)
    query.set('cursor', encodeCursor(direction, place))
    return `${listUrl}?${query}`
  }
  return { previous: url('newer', newer), next: url('older', older) }
}
