import { html } from './helpers/html.js'
import { Announcer, ConnectionBanner } from './parts/banner.js'
import { Header } from './parts/header.js'
import { TokenPrompt } from './parts/token-prompt.js'
import { route } from './state/route.js'
import { followRoute } from './state/run.js'
import { loadSetup, setup } from './state/setup.js'
import { render } from './vendor/preact.js'
import { Compare } from './views/compare.js'
import { History } from './views/history.js'
import { Make } from './views/make.js'

/** @type {Record<string, () => unknown>} */
const views = { new: Make, run: Make, history: History, compare: Compare }

/** @param {Event} event */
const skip = (event) => {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

const App = () => {
  const View = views[route.value.view] ?? Make
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <${Header} />
    <${ConnectionBanner} />
    <main id="main" tabindex="-1">${setup.value && html`<${View} />`}</main>
    <${Announcer} />
    <${TokenPrompt} />
  `
}

void loadSetup()
followRoute()
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById('app')))
