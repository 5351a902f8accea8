import { isTerminal } from '../helpers/api.js'
import { explain } from '../helpers/explain.js'
import { formatSeconds, formatTime, statusWord, stepsIn } from '../helpers/format.js'
import { html } from '../helpers/html.js'
import { erasure } from '../state/erasure.js'
import { run } from '../state/run.js'
import { Delete } from './delete.js'
import { ImageRecord } from './image-record.js'
import { Note } from './note.js'
import { parametersOf } from './parameters.js'
import { Progress } from './progress.js'
import { Request } from './request.js'
import { Results } from './results.js'

/** @import { ErasureState, Prediction } from '../types.ts' */

const Empty = () => html`
  <div class="empty">
    <div class="empty-pictures" aria-hidden="true"><i></i><i></i><i></i><i></i></div>
    <p>The pictures appear here: first blurred while they are generated, then finished, with their similarity.</p>
  </div>
`

/** @param {{ prediction: Prediction, freedAfterMs?: number }} props */
const Canceled = ({ prediction, freedAfterMs }) => {
  const how = stepsIn(prediction.logs)
  const steps = how ? `It stopped at ${how}.` : 'Generation had not started.'
  const freed =
    freedAfterMs === undefined
      ? 'The device is free.'
      : `The device was free ${formatSeconds(freedAfterMs / 1000)} after you pressed Cancel.`
  return html`<${Note} kind="plain" title="Canceled" mend=${`${freed} ${steps}`} />`
}

/** @param {{ prediction: Prediction }} props */
const Failed = ({ prediction }) => {
  const { title, mend, detail } = explain(prediction)
  return html`<${Note} title=${title} mend=${mend}>${detail && html`<p class="help">The API says: ${detail}</p>`}<//>`
}

/** @param {{ prediction: Prediction, freedAfterMs?: number }} props */
const Ended = ({ prediction, freedAfterMs }) => {
  if (prediction.status === 'canceled')
    return html`<${Canceled} prediction=${prediction} freedAfterMs=${freedAfterMs} />`
  if (prediction.status === 'failed') return html`<${Failed} prediction=${prediction} />`
  if (!Array.isArray(prediction.output) || prediction.data_removed) {
    return html`<${Note} kind="plain" title="The pictures have been removed" mend="They are only kept for a limited time. Seeds and times are still available." />`
  }
  return html`<${Results} prediction=${prediction} />`
}

/** @param {{ prediction: Prediction }} props */
const Details = ({ prediction }) => {
  const { id, urls, created_at, data_removed, status } = prediction
  return html`
    <details class="request">
      <summary>Parameters</summary>
      <dl class="facts">
        ${parametersOf(prediction).map(([name, label, text]) => html`<dt>${label}</dt><dd key=${name} class="break">${text}</dd>`)}
        <dt>Started</dt><dd>${formatTime(created_at)}</dd>
        <dt>Id</dt><dd class="break"><code>${id}</code></dd>
      </dl>
    </details>
    ${!data_removed && html`<${Request} prediction=${prediction} />`}
    <p class="actions">
      <a class="button" href=${urls.web} target="_blank" rel="noopener">Open in the Temporal UI</a>
      ${status === 'succeeded' && html`<a class="button" href=${`#/compare/${id}`}>Compare with another</a>`}
      ${status === 'succeeded' && !data_removed && html`<${ImageRecord} id=${id} />`}
      <${Delete} id=${id} />
    </p>
  `
}

/** @param {ErasureState} props */
const Erasure = ({ state, receipt, problem }) => {
  if (state === 'failed') return html`<${Note} title="The run could not be deleted" mend=${problem} />`
  if (state === 'erasing') {
    return html`<${Note} kind="plain" title="Deleting" mend="Its data can no longer be read, as its key is deleted first. Deleting its history takes up to a minute." />`
  }
  const { artifacts = [], histories = [], derived = [] } = receipt ?? {}
  const copies = derived.length === 0 ? '' : ` Later runs that still have the face: ${derived.join(', ')}.`
  return html`<${Note} kind="plain" title="Deleted" mend=${`${artifacts.length} files and ${histories.length} histories were deleted, and the key to them.${copies}`} />`
}

/** The run that the address names, from its start to its pictures. */
export const Run = () => {
  const { id, prediction, progress, problem } = run.value
  return html`
    <section class="card run" aria-labelledby="run-title">
      <div class="card-head">
        <h2 id="run-title" tabindex="-1">Pictures</h2>
        ${prediction && html`<span class=${`status status-${prediction.status}`}>${statusWord(isTerminal(prediction) ? prediction.status : progress?.queued ? 'starting' : (progress?.status ?? prediction.status))}</span>`}
      </div>
      ${!id && erasure.value && html`<${Erasure} ...${erasure.value} />`}
      ${problem && html`<${Note} title=${problem.message} mend=${problem.status === 404 ? 'It may have been deleted, or belong to another tenant.' : ''} />`}
      ${!id && html`<${Empty} />`}
      ${id && !prediction && !problem && html`<p class="help"><span class="pulse" aria-hidden="true"></span>Loading the run</p>`}
      ${prediction && (isTerminal(prediction) ? html`<${Ended} ...${run.value} />` : html`<${Progress} ...${run.value} progress=${progress ?? {}} />`)}
      ${prediction && html`<${Details} prediction=${prediction} />`}
    </section>
  `
}
