import { html } from '../helpers/html.js'
import { Photo } from '../parts/photo.js'
import { Run } from '../parts/run.js'
import { Settings } from '../parts/settings.js'

/** A photo and settings on one side, the pictures on the other. */
export const Make = () => html`
  <h1>New photos of the person in a photo</h1>
  <div class="bench">
    <div class="bench-in">
      <${Photo} />
      <${Settings} />
    </div>
    <div class="bench-out"><${Run} /></div>
  </div>
`
