import { html } from '../helpers/html.js'
import { set, settings } from '../state/settings.js'

/**
 * @import { Field, Value } from '../types.ts'
 *
 * @type {(value: Value | undefined, field: Field) => Value | undefined}
 */
const shown = (value, { off }) => (value === off ? 'off' : value)

/**
 * A parameter with a range.
 *
 * @param {{ field: Field, problem?: string | undefined }} props
 */
export const RangeField = ({ field, problem }) => {
  const { name, label, min, max, step, help } = field
  const value = settings.value[name]
  /** @param {{ target: HTMLInputElement }} event */
  const change = ({ target }) => set(name, Number(target.value))
  return html`
    <div class="field">
      <div class="field-head"><label for=${name}>${label}</label><output for=${name}>${shown(value, field)}</output></div>
      <input id=${name} type="range" min=${min} max=${max} step=${step} value=${value} onInput=${change}
        aria-describedby=${`${name}-help`} aria-valuetext=${`${shown(value, field)}`} />
      <p id=${`${name}-help`} class=${problem ? 'help wrong' : 'help'}>${problem ?? help}</p>
    </div>
  `
}
