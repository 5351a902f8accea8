import { html } from '../helpers/html.js'
import { phasesOf, waitingFor } from '../helpers/phases.js'
import { cancelRun } from '../state/run.js'

/**
 * @import { Prediction, PreviewImages, RunProgress, RunState } from '../types.ts'
 *
 * @param {{ images?: PreviewImages, count: number }} props
 */
const Previews = ({ images = [], count }) => html`
  <ul class="pictures" aria-label="Pictures as they emerge">
    ${Array.from({ length: count }, (_, index) => {
      const preview = images.find((/** @type {PreviewImages[number]} */ one) => one.index === index)
      return html`<li class="picture">${
        preview
          ? html`<img class="preview" src=${preview.image} alt=${`Picture ${index + 1}, not finished`} />`
          : html`<div class="picture-blank"></div>`
      }</li>`
    })}
  </ul>
`

/** @param {{ prediction: Prediction, progress: RunProgress }} props */
const Phases = ({ prediction, progress }) => {
  const all = phasesOf(prediction)
  const current = all.findIndex(({ name }) => name === progress.phase)
  return html`
    <ol class="phases">
      ${all.map(
        ({ label }, index) => html`
        <li class=${index < current ? 'done' : index === current ? 'now' : ''} aria-current=${index === current ? 'step' : undefined}>
          ${label}${index < current && html`<span class="hidden"> (done)</span>`}
        </li>
      `,
      )}
    </ol>
  `
}

/**
 * A run on its way: what it waits for, how far it is, and how the pictures look so far.
 *
 * @param {RunState & { prediction: Prediction, progress: RunProgress }} props
 */
export const Progress = ({ prediction, progress, previews, queue, cancelAskedAt }) => {
  const { step, of, attempt = 1, phase } = progress
  const waiting = waitingFor(progress, queue)
  const drawing = phase === 'generateImages' && of
  return html`
    <div class="progress">
      <div class="progress-head">
        <p id="progress-label">${drawing ? `Step ${step} of ${of}` : 'Preparing'}</p>
        <button onClick=${cancelRun} disabled=${cancelAskedAt !== undefined}>${cancelAskedAt ? 'Canceling' : 'Cancel'}</button>
      </div>
      ${drawing && !waiting ? html`<progress aria-labelledby="progress-label" max=${of} value=${step}></progress>` : html`<progress aria-labelledby="progress-label"></progress>`}
      <p role="status" class="help">
        ${cancelAskedAt ? 'The device finishes its current step, then it is free.' : waiting}
        ${attempt > 1 && ` Attempt ${attempt}: the previous one was interrupted, and this one resumes it.`}
      </p>
      <${Previews} images=${previews} count=${prediction.input.num_images ?? 4} />
      <${Phases} prediction=${prediction} progress=${progress} />
    </div>
  `
}
