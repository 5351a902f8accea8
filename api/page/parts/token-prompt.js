import { html } from '../helpers/html.js'
import { giveToken, tokenWanted } from '../state/token.js'
import { useState } from '../vendor/hooks.js'
import { Dialog } from './dialog.js'
import { Note } from './note.js'

/** Asks for a token when the API wants one. */
export const TokenPrompt = () => {
  const [text, setText] = useState('')
  if (tokenWanted.value === undefined) return null
  /** @param {Event} event */
  const give = (event) => {
    event.preventDefault()
    if (text.trim()) giveToken(text.trim())
    setText('')
  }
  /** @param {{ target: HTMLInputElement }} event */
  const type = ({ target }) => setText(target.value)
  return html`
    <${Dialog} title="This API asks for a token">
      <form onSubmit=${give}>
        ${tokenWanted.value && html`<${Note} title=${tokenWanted.value} />`}
        <label class="field">
          <span>Token</span>
          <input type="password" autocomplete="off" spellcheck=${false} autofocus value=${text}
            onInput=${type} aria-describedby="token-help" />
        </label>
        <p id="token-help" class="help">
          Whoever runs the API makes one with <code>npm run tokens -- create --tenant NAME</code>. It is kept until this
          tab is closed, and sent to this API alone.
        </p>
        <p class="actions"><button class="primary" type="submit">Use this token</button></p>
      </form>
    <//>
  `
}
