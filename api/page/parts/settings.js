import { fieldsOf, maxSeed } from '../helpers/fields.js'
import { html } from '../helpers/html.js'
import { photo } from '../state/photo.js'
import { starting, startProblem, startRun } from '../state/run.js'
import { chosen, reset, set, settings, settingsInput } from '../state/settings.js'
import { getSetup } from '../state/setup.js'
import { RangeField } from './field.js'
import { Note } from './note.js'

/** @type {(seed: string) => string | undefined} */
const seedProblem = (seed) =>
  seed !== '' && !(/^\d+$/.test(seed) && Number(seed) <= maxSeed) ? `A whole number from 0 to ${maxSeed}` : undefined

const drawSeed = () => set('seed', `${crypto.getRandomValues(new Uint32Array(1))[0]}`)

/** @param {{ problem?: string | undefined }} props */
const SeedField = ({ problem }) => {
  const seed = `${settings.value.seed}`
  const wrong = seedProblem(seed) ?? problem
  /** @param {{ target: HTMLInputElement }} event */
  const change = ({ target }) => set('seed', target.value.trim())
  return html`
    <div class="field">
      <label for="seed">Seed</label>
      <div class="joined">
        <input id="seed" inputmode="numeric" autocomplete="off" placeholder="random" value=${seed} onInput=${change}
          aria-describedby="seed-help" aria-invalid=${wrong !== undefined} />
        <button type="button" onClick=${drawSeed}>Draw one</button>
      </div>
      <p id="seed-help" class=${wrong ? 'help wrong' : 'help'}>${wrong ?? 'The same seed and settings make the same picture. Picture 2 is made from the next seed, and so on.'}</p>
    </div>
  `
}

const SchedulerField = () => {
  const scheduler = `${settings.value.scheduler}`
  const { schedulers } = getSetup()
  /** @param {{ target: HTMLSelectElement }} event */
  const change = ({ target }) => set('scheduler', target.value)
  return html`
    <div class="field">
      <label for="scheduler">Scheduler</label>
      <select id="scheduler" value=${scheduler} onChange=${change} aria-describedby="scheduler-help">
        ${Object.entries(schedulers).map(([name, { label }]) => html`<option value=${name} selected=${name === scheduler}>${label}</option>`)}
      </select>
      <p id="scheduler-help" class="help">How noise becomes a picture: ${schedulers[scheduler]?.hint ?? scheduler}.</p>
    </div>
  `
}

/** The second step: parameters, and the start. */
export const Settings = () => {
  const { state, file, face = 0 } = photo.value
  const problem = startProblem.value
  const wrong = problem?.fields ?? {}
  const isReady = state === 'found' && !seedProblem(`${settings.value.seed}`)
  /** @param {Event} event */
  const start = (event) => {
    event.preventDefault()
    if (!isReady || !file) return
    void startRun({ input_image: file.urls.get, ...(face > 0 && { face_selection: face }), ...settingsInput() })
  }
  const [images, ...others] = fieldsOf(getSetup().limits)
  return html`
    <form class="card" aria-labelledby="settings-title" onSubmit=${start}>
      <div class="card-head">
        <h2 id="settings-title">Settings</h2>
        ${Object.keys(chosen.value).length > 0 && html`<button type="button" class="quiet" onClick=${reset}>Reset</button>`}
      </div>
      <div class="fields">
        <${RangeField} field=${images} problem=${wrong[images.name]} />
        <${SeedField} problem=${wrong.seed} />
        ${others.slice(0, 2).map((field) => html`<${RangeField} key=${field.name} field=${field} problem=${wrong[field.name]} />`)}
        <${SchedulerField} />
        <${RangeField} field=${others[2]} problem=${wrong[others[2].name]} />
      </div>
      ${problem && html`<${Note} title=${problem.message} />`}
      <div class="start">
        <button class="primary large" type="submit" disabled=${!isReady || starting.value} aria-describedby="start-help">
          ${starting.value ? 'Starting' : 'Start'}
        </button>
        <p id="start-help" class="help">${isReady ? 'Runs on the device of this API.' : state === 'looking' ? 'As soon as a face is found.' : state === 'found' ? 'The seed is invalid.' : 'Choose a photo with a face first.'}</p>
      </div>
    </form>
  `
}
