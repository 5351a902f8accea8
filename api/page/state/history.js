import { local, request } from '../helpers/api.js'
import { createLatest } from '../helpers/latest.js'
import { computed, signal } from '../vendor/signals.js'
import { erasure } from './erasure.js'

/** @import { HistoryFilters, HistoryPage } from '../types.ts' */

const pageSize = 20
const dayMs = 86_400_000

/** Status and age, empty for all; and whether photos that were only looked at are listed too. */
export const filters = signal(/** @type {HistoryFilters} */ ({ status: '', days: '', looks: false }))

/** Undefined until it is read. */
export const page = signal(/** @type {HistoryPage | undefined} */ (undefined))

/** The runs that are to be compared. */
export const picked = signal(/** @type {readonly string[]} */ ([]))

/** @type {(filters: HistoryFilters) => string} */
const firstPage = ({ status, days }) => {
  const after = days && new Date(Date.now() - Number(days) * dayMs).toISOString()
  return `v1/predictions?${new URLSearchParams({ limit: `${pageSize}`, ...(status && { status }), ...(after && { created_after: after }) })}`
}

const latest = createLatest()

/**
 * Reads a page by its URL in an answer, or the first one.
 *
 * @type {(url?: string | null) => Promise<void>}
 */
export const readPage = async (url) => {
  const isLatest = latest()
  const answer = await request(url ? local(url) : firstPage(filters.value)).catch((problem) => ({
    results: [],
    next: null,
    previous: null,
    problem,
  }))
  if (isLatest()) page.value = answer
}

/** @type {(changes: Partial<HistoryFilters>) => void} */
export const filter = (changes) => {
  filters.value = { ...filters.value, ...changes }
  void readPage()
}

/** The rows of the page. The API pages over both models. */
export const rows = computed(() =>
  (page.value?.results ?? []).filter(
    ({ model, id }) => (filters.value.looks || model === 'idem/arc2face') && id !== erasure.value?.id,
  ),
)

/**
 * Two at most: the older choice gives way.
 *
 * @type {(id: string) => void}
 */
export const pick = (id) => {
  picked.value = picked.value.includes(id) ? picked.value.filter((one) => one !== id) : [...picked.value, id].slice(-2)
}
