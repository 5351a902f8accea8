import { getImageRecord } from '../helpers/api.js'
import { html } from '../helpers/html.js'
import { announce } from '../state/announcer.js'
import { useState } from '../vendor/hooks.js'
import { Note } from './note.js'

/** @type {(name: string, text: string) => void} */
const save = (name, text) => {
  const href = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  Object.assign(document.createElement('a'), { href, download: name }).click()
  URL.revokeObjectURL(href)
}

/**
 * Saves what made the pictures: bundle, versions, parameters, seeds, hashes.
 *
 * @param {{ id: string }} props
 */
export const ImageRecord = ({ id }) => {
  const [problem, setProblem] = useState('')
  const fetchIt = async () => {
    try {
      save(`idem-${id}.json`, JSON.stringify(await getImageRecord(id), null, 2))
      announce('Saved')
    } catch (error) {
      setProblem(/** @type {Error} */ (error).message)
    }
  }
  return html`
    <button onClick=${fetchIt}>Save the manifest</button>
    ${problem && html`<${Note} title=${problem} />`}
  `
}
