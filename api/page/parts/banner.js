import { html } from '../helpers/html.js'
import { announcement } from '../state/announcer.js'
import { connection } from '../state/connection.js'

/** @type {(state: string) => string} */
const sentenceOf = (state) =>
  state === 'lost' ? 'The API is not reachable. Reconnecting; nothing is lost.' : `${state}. Retrying.`

/** Says when the API is away, and when it is back. */
export const ConnectionBanner = () => html`
  <div role="status" class="banner-place">
    ${connection.value !== 'up' && html`<p class="banner"><span class="pulse" aria-hidden="true"></span>${sentenceOf(connection.value)}</p>`}
  </div>
`

/** What screen readers announce when something happens without an action of the user. */
export const Announcer = () => html`<p class="hidden" role="status" aria-live="polite">${announcement.value}</p>`
