import { html } from '../helpers/html.js'
import { route } from '../state/route.js'
import { forgetToken, token } from '../state/token.js'

/** @param {{ href: string, views: string[], children?: unknown }} props */
const Link = ({ href, views, children }) => html`
  <a href=${href} aria-current=${views.includes(route.value.view) ? 'page' : undefined}>${children}</a>
`

export const Header = () => html`
  <header class="site">
    <a class="brand" href="#/"><img src="page/icon.svg" alt="" width="28" height="28" />Idem</a>
    <nav aria-label="Main">
      <${Link} href="#/" views=${['new', 'run']}>Make<//>
      <${Link} href="#/history" views=${['history', 'compare']}>History<//>
      <a href="docs">API</a>
    </nav>
    ${
      token.value &&
      html`<button class="quiet" onClick=${() => {
        forgetToken()
        location.reload()
      }}>Forget token</button>`
    }
  </header>
`
