import { html } from '../helpers/html.js'
import { snippets } from '../helpers/snippets.js'
import { announce } from '../state/announcer.js'
import { token } from '../state/token.js'
import { useState } from '../vendor/hooks.js'

/** @import { Prediction } from '../types.ts' */

const copiedMs = 2_000

/** @type {(image: string) => string} */
const whatOfThePhoto = (image) =>
  /^https?:/.test(image)
    ? 'The request contains the URL of the photo.'
    : 'The request contained the photo itself, which is not shown here.'

/**
 * The request that made a run, to be sent from elsewhere.
 *
 * @param {{ prediction: Prediction }} props
 */
export const Request = ({ prediction: { model, input } }) => {
  const [language, setLanguage] = useState('curl')
  const [copied, setCopied] = useState(false)
  const base = new URL('.', location.href).href.replace(/\/$/, '')
  const texts = snippets({ origin: base, model, input, withToken: token.value !== '' })
  const copy = async () => {
    await navigator.clipboard.writeText(texts[language] ?? '')
    setCopied(true)
    announce('Copied')
    setTimeout(() => setCopied(false), copiedMs)
  }
  return html`
    <details class="request">
      <summary>The request</summary>
      <div class="request-head">
        <fieldset class="segments">
          <legend class="hidden">As</legend>
          ${Object.keys(texts).map(
            (name) => html`
            <label><input type="radio" name="language" checked=${name === language} onChange=${() => setLanguage(name)} />${name}</label>
          `,
          )}
        </fieldset>
        ${navigator.clipboard && html`<button onClick=${copy}>${copied ? 'Copied' : 'Copy'}</button>`}
      </div>
      <pre tabindex="0" aria-label=${`The request as ${language}`}><code>${texts[language]}</code></pre>
      ${input.input_image && html`<p class="help">${whatOfThePhoto(input.input_image)} Upload another with <code>curl -F content=@photo.jpg ${base}/v1/files</code>; <code>urls.get</code> of the answer is what to put there.</p>`}
    </details>
  `
}
