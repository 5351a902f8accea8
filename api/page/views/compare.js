import { getPrediction, local } from '../helpers/api.js'
import { average, formatSeconds, formatTime } from '../helpers/format.js'
import { html } from '../helpers/html.js'
import { formatCosine } from '../helpers/similarity.js'
import { Note } from '../parts/note.js'
import { parametersOf } from '../parts/parameters.js'
import { SimilarityBar } from '../parts/similarity-bar.js'
import { picked } from '../state/history.js'
import { go, route } from '../state/route.js'
import { useEffect, useState } from '../vendor/hooks.js'

/**
 * @import { Prediction } from '../types.ts'
 *
 * @type {(ids: string[]) => { predictions?: Prediction[], problem?: Error }}
 */
const useTwo = (ids) => {
  const [two, setTwo] = useState(/** @type {{ predictions?: Prediction[], problem?: Error }} */ ({}))
  useEffect(() => {
    let stillAsked = true
    setTwo({})
    Promise.all(ids.map(getPrediction)).then(
      (predictions) => stillAsked && setTwo({ predictions }),
      (problem) => stillAsked && setTwo({ problem }),
    )
    return () => {
      stillAsked = false
    }
  }, [ids.join()])
  return two
}

/**
 * `[label, one, other]` of all that either has.
 *
 * @type {(two: Prediction[]) => string[][]}
 */
const rowsOf = (two) => {
  const tables = two.map((prediction) => {
    const { metrics } = prediction
    const mean = average(metrics.similarity)
    return new Map(
      /** @type {[string, string][]} */ ([
        ...parametersOf(prediction).map(([, label, text]) => [label, text]),
        ['Similarity, average', mean === undefined ? '–' : formatCosine(mean)],
        ['Time', metrics.total_time === undefined ? '–' : formatSeconds(metrics.total_time)],
      ]),
    )
  })
  const labels = new Set(tables.flatMap((table) => [...table.keys()]))
  return [...labels].map((label) => [label, ...tables.map((table) => table.get(label) ?? '–')])
}

/** @param {{ prediction: Prediction }} props */
const Column = ({ prediction: { id, created_at, output, metrics, input } }) => html`
  <section class="card">
    <h2><a href=${`#/run/${id}`}>${formatTime(created_at)}</a></h2>
    ${
      Array.isArray(output)
        ? html`<ul class="pictures">${output.map(
            (url, index) => html`
          <li class="picture">
            <img src=${local(url)} alt=${`Picture ${index + 1}, seed ${metrics.seeds?.[index]}`} />
            <${SimilarityBar} value=${metrics.similarity?.[index] ?? null} threshold=${input.min_similarity} />
          </li>`,
          )}</ul>`
        : html`<p class="help">It has no pictures.</p>`
    }
  </section>
`

/** @param {{ predictions: Prediction[] }} props */
const Differences = ({ predictions }) => html`
  <section class="card">
    <h2 id="differences">Parameters</h2>
    <table aria-labelledby="differences">
      <thead><tr><th scope="col">What</th>${predictions.map(({ created_at }) => html`<th scope="col">${formatTime(created_at)}</th>`)}</tr></thead>
      <tbody>
        ${rowsOf(predictions).map(
          ([label, one, other]) => html`
          <tr class=${one === other ? '' : 'differs'}>
            <th scope="row">${label}${one !== other && html` <span class="tag">differs</span>`}</th><td>${one}</td><td>${other}</td>
          </tr>
        `,
        )}
      </tbody>
    </table>
  </section>
`

/** Two runs side by side. */
export const Compare = () => {
  const { ids } = route.value
  const { predictions, problem } = useTwo(ids)
  useEffect(() => {
    if (ids.length >= 2) return
    // The other one is chosen from the history.
    picked.value = ids
    go('/history')
  }, [ids.join()])
  if (ids.length < 2) return null
  return html`
    <h1>Two runs compared</h1>
    ${problem && html`<${Note} title=${problem.message} mend="It may have been deleted." />`}
    ${!predictions && !problem && html`<p class="help"><span class="pulse" aria-hidden="true"></span>Reading</p>`}
    ${
      predictions?.length === 2 &&
      html`
      <div class="side-by-side">${predictions.map((prediction) => html`<${Column} key=${prediction.id} prediction=${prediction} />`)}</div>
      <${Differences} predictions=${predictions} />
    `
    }
  `
}
