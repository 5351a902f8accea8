import { local } from '../helpers/api.js'
import { average, formatTime, shortId, statusWord } from '../helpers/format.js'
import { html } from '../helpers/html.js'
import { formatCosine } from '../helpers/similarity.js'
import { Note } from '../parts/note.js'
import { filter, filters, page, pick, picked, readPage, rows } from '../state/history.js'
import { getSetup } from '../state/setup.js'
import { useEffect } from '../vendor/hooks.js'

/** @import { HistoryPage, Prediction } from '../types.ts' */

const ages = [
  ['1', 'The last day'],
  ['7', 'The last week'],
]

/** @type {(event: { target: HTMLSelectElement }) => void} */
const chooseStatus = ({ target }) => filter({ status: target.value })
/** @type {(event: { target: HTMLSelectElement }) => void} */
const chooseAge = ({ target }) => filter({ days: target.value })
/** @type {(event: { target: HTMLInputElement }) => void} */
const chooseLooks = ({ target }) => filter({ looks: target.checked })

const Filters = () => html`
  <form class="filters" aria-label="Filters" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
    <label>Status
      <select value=${filters.value.status} onChange=${chooseStatus}>
        <option value="">All</option>
        ${getSetup().statuses.map((status) => html`<option value=${status}>${statusWord(status)}</option>`)}
      </select>
    </label>
    <label>From
      <select value=${filters.value.days} onChange=${chooseAge}>
        <option value="">Any time</option>
        ${ages.map(([days, label]) => html`<option value=${days}>${label}</option>`)}
      </select>
    </label>
    <label class="tick"><input type="checkbox" checked=${filters.value.looks} onChange=${chooseLooks} />Show photos that were only analysed</label>
    <button type="button" onClick=${() => readPage()}>Read again</button>
  </form>
`

/** @type {(prediction: Prediction) => string | null} */
const describe = ({ model, status, output, metrics, error, data_removed }) => {
  if (model !== 'idem/arc2face') return 'Faces of a photo'
  if (status === 'failed') return error
  if (status !== 'succeeded') return ''
  const mean = average(metrics.similarity)
  const count = (Array.isArray(output) ? output.length : undefined) ?? metrics.seeds?.length ?? 0
  return `${count} ${count === 1 ? 'picture' : 'pictures'}${mean === undefined ? '' : `, similarity ${formatCosine(mean)}`}${data_removed ? ', removed' : ''}`
}

/** @param {{ prediction: Prediction }} props */
const Row = ({ prediction }) => {
  const { id, status, output, created_at, model } = prediction
  const first = model === 'idem/arc2face' && Array.isArray(output) ? output[0] : undefined
  const when = formatTime(created_at)
  return html`
    <li class="row">
      <input type="checkbox" checked=${picked.value.includes(id)} onChange=${() => pick(id)} disabled=${!first} aria-label=${`Compare the run of ${when}`} />
      ${first ? html`<img src=${local(first)} alt="" width="56" height="56" loading="lazy" />` : html`<span class="row-blank" aria-hidden="true"></span>`}
      <a class="row-main" href=${`#/run/${id}`}><span>${when}</span><code>${shortId(id)}</code></a>
      <span class="row-text">${describe(prediction)}</span>
      <span class=${`status status-${status}`}>${statusWord(status)}</span>
    </li>
  `
}

const Rows = () => {
  if (!page.value) return html`<p class="help"><span class="pulse" aria-hidden="true"></span>Reading</p>`
  const { problem, next, previous } = page.value
  if (problem) return html`<${Note} title=${problem.message} />`
  if (rows.value.length > 0)
    return html`<ul class="rows">${rows.value.map((one) => html`<${Row} key=${one.id} prediction=${one} />`)}</ul>`
  const isFiltered = filters.value.status || filters.value.days || next || previous
  return html`
    <div class="empty">
      <p>${isFiltered ? 'No runs on this page match the filters.' : 'There are no runs yet.'}</p>
      ${isFiltered ? html`<button onClick=${() => filter({ status: '', days: '', looks: false })}>Show all</button>` : html`<a class="button primary" href="#/">Make the first pictures</a>`}
    </div>
  `
}

/** @param {HistoryPage} props */
const Pager = ({ previous, next }) => html`
  <nav class="actions" aria-label="Pages">
    <button disabled=${!previous} onClick=${() => readPage(previous)}>Newer</button>
    <button disabled=${!next} onClick=${() => readPage(next)}>Older</button>
  </nav>
`

/** What has been made, newest first. */
export const History = () => {
  useEffect(() => void readPage(), [])
  const [one, other] = picked.value
  return html`
    <h1>History</h1>
    <section class="card" aria-label="Runs">
      <div class="card-head">
        <${Filters} />
        ${
          other
            ? html`<a class="button primary" href=${`#/compare/${one}/${other}`}>Compare these two</a>`
            : html`<p class="help">${one ? 'Tick another one to compare the two.' : 'Tick two to compare them.'}</p>`
        }
      </div>
      <${Rows} />
      ${page.value && (page.value.previous || page.value.next) && html`<${Pager} ...${page.value} />`}
    </section>
  `
}
