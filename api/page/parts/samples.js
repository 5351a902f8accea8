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
    <h3 id="samples-title">Or use a sample</h3>
    <p class="help">Generated people, CC0. The bundled demo model only knows these; for other people it generates a different face.</p>
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
