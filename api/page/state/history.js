import { local, request } from '../helpers/api.js'
import { createLatest } from '../helpers/latest.js'
import { computed, signal } from '../vendor/signals.js'
import { erasure } from './erasure.js'

const pageSize = 20
const dayMs = 86_400_000

/** Status and age, empty for all; and whether photos that were only looked at are listed too. */
export const filters = signal({ status: '', days: '', looks: false })

/** `{ results, next, previous, problem }`; undefined until it is read. */
export const page = signal()

/** The runs that are to be compared. */
export const picked = signal([])

const firstPage = ({ status, days }) => {
  const after = days && new Date(Date.now() - Number(days) * dayMs).toISOString()
  return `v1/predictions?${new URLSearchParams({ limit: pageSize, ...(status && { status }), ...(after && { created_after: after }) })}`
}

const latest = createLatest()

/** Reads a page by its URL in an answer, or the first one. */
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

/** Two at most: the older choice gives way. */
export const pick = (id) => {
  picked.value = picked.value.includes(id) ? picked.value.filter((one) => one !== id) : [...picked.value, id].slice(-2)
}
