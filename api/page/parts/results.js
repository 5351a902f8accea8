import { local } from '../helpers/api.js'
import { average, formatSeconds } from '../helpers/format.js'
import { html } from '../helpers/html.js'
import { formatCosine } from '../helpers/similarity.js'
import { againWithSeed, moreLike, starting } from '../state/run.js'
import { SimilarityBar, SimilarityLegend } from './similarity-bar.js'

/**
 * @import { PicturesPrediction } from '../types.ts'
 *
 * @param {{ prediction: PicturesPrediction, index: number }} props
 */
const Picture = ({ prediction, index }) => {
  const { id, output, input, metrics } = prediction
  const url = local(output[index] ?? '')
  const seed = metrics.seeds[index] ?? 0
  const tried = metrics.attempts?.[index]?.length ?? 1
  const name = `Picture ${index + 1}`
  return html`
    <li class="picture" aria-label=${name}>
      <a href=${url} target="_blank" rel="noopener"><img src=${url} alt=${`${name}, seed ${seed}`} /></a>
      <${SimilarityBar} value=${metrics.similarity[index]} threshold=${input.min_similarity} />
      <p class="seed">Seed <code>${seed}</code>${tried > 1 && `, the best of ${tried} tried`}</p>
      <p class="actions small">
        <a class="button" href=${url} download=${`idem-${id.slice(0, 8)}-${seed}.png`} aria-label=${`Download ${name}`}>Download</a>
        <button disabled=${starting.value} onClick=${() => againWithSeed(prediction, seed)} aria-label=${`Again with this seed: ${name}`}>Again with this seed</button>
      </p>
    </li>
  `
}

/**
 * The pictures of a run, with what is known of each.
 *
 * @param {{ prediction: PicturesPrediction }} props
 */
export const Results = ({ prediction }) => {
  const { output, metrics, input } = prediction
  const mean = average(metrics.similarity)
  return html`
    <p class="summary">
      ${output.length} ${output.length === 1 ? 'picture' : 'pictures'} in ${formatSeconds(metrics.total_time)}${mean !== undefined && `, similarity ${formatCosine(mean)}${output.length > 1 ? ' on average' : ''}`}.
    </p>
    <ul class="pictures">
      ${output.map((_, index) => html`<${Picture} key=${index} prediction=${prediction} index=${index} />`)}
    </ul>
    <${SimilarityLegend} threshold=${input.min_similarity} />
    <p class="actions"><button class="primary" disabled=${starting.value} onClick=${() => moreLike(prediction)}>More like this one</button></p>
  `
}
