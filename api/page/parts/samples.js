import { html } from '../helpers/html.js'
import { getSetup } from '../state/setup.js'

/** @type {(url: string) => string} */
const nameOf = (url) => (url.split('/').at(-1) ?? '').replace('.jpg', '').replace('_', ' ')

/**
 * Portraits to try it with.
 *
 * @param {{ onChoose: (url: string) => void }} props
 */
export const Samples = ({ onChoose }) =>
  getSetup().samples.length > 0 &&
  html`
    <h3 id="samples-title">Or take a sample</h3>
    <p class="help">Made-up people, CC0. The bundled demo model knows only these; of anyone else it makes a face, not theirs.</p>
    <ul class="samples" aria-labelledby="samples-title">
      ${getSetup().samples.map(
        (url) => html`
        <li><button onClick=${() => onChoose(url)} aria-label=${`Sample ${nameOf(url)}`}>
          <img src=${url} alt="" width="72" height="72" loading="lazy" decoding="async" />
        </button></li>
      `,
      )}
    </ul>
  `
