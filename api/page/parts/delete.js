import { html } from '../helpers/html.js'
import { eraseRun } from '../state/erasure.js'
import { useState } from '../vendor/hooks.js'
import { Dialog } from './dialog.js'

/**
 * Erases a run after asking.
 *
 * @param {{ id: string }} props
 */
export const Delete = ({ id }) => {
  const [asks, setAsks] = useState(false)
  const close = () => setAsks(false)
  return html`
    <button class="danger" onClick=${() => setAsks(true)}>Delete</button>
    ${
      asks &&
      html`
      <${Dialog} title="Delete this run?" onClose=${close}>
        <p>Its photo, face vector, pictures and history are deleted from the server. This cannot be undone.</p>
        <p class="actions">
          <button class="danger solid" onClick=${() => void eraseRun(id)}>Delete it</button>
          <button onClick=${close}>Keep it</button>
        </p>
      <//>
    `
    }
  `
}
