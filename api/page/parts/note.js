import { html } from '../helpers/html.js'

/**
 * A sentence on what went wrong, and one on how to mend it.
 *
 * @param {{ kind?: 'problem' | 'plain', title: string, mend?: string, children?: unknown }} props
 */
export const Note = ({ kind = 'problem', title, mend, children }) => html`
  <div class=${`note note-${kind}`} role=${kind === 'problem' ? 'alert' : undefined}>
    <p class="note-title">${title}</p>
    ${mend && html`<p>${mend}</p>`}
    ${children}
  </div>
`
