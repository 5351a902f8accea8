import { html } from '../helpers/html.js'
import { chooseFace, photo, removePhoto, takePhoto, takeSample } from '../state/photo.js'
import { useEffect, useState } from '../vendor/hooks.js'
import { Camera } from './camera.js'
import { Crop } from './crop.js'
import { FaceChoice, FaceOverlay } from './face-overlay.js'
import { Note } from './note.js'
import { Samples } from './samples.js'

/**
 * @import { FoundPhoto } from '../types.ts'
 *
 * @type {(file: File | undefined) => void}
 */
const takeFile = (file) => {
  if (file) void takePhoto(file, file.name || 'photo')
}

/** Photos that are pasted anywhere on the page. */
const usePaste = () =>
  useEffect(() => {
    /** @param {ClipboardEvent} event */
    const paste = ({ clipboardData }) => takeFile([...(clipboardData?.files ?? [])][0])
    addEventListener('paste', paste)
    return () => removeEventListener('paste', paste)
  }, [])

/** @param {{ children?: unknown }} props */
const DropZone = ({ children }) => {
  const [over, setOver] = useState(false)
  /** @type {(is: boolean) => (event: Event) => void} */
  const hold = (is) => (event) => {
    event.preventDefault()
    setOver(is)
  }
  /** @param {DragEvent} event */
  const drop = (event) => {
    hold(false)(event)
    takeFile(event.dataTransfer?.files[0])
  }
  return html`<div class=${over ? 'drop over' : 'drop'} onDragOver=${hold(true)} onDragLeave=${hold(false)} onDrop=${drop}>${children}</div>`
}

const Picker = () => {
  const [camera, setCamera] = useState(false)
  /** @type {(blob: Blob, name: string) => void} */
  const taken = (blob, name) => {
    setCamera(false)
    void takePhoto(blob, name)
  }
  /** @param {{ target: HTMLInputElement }} event */
  const choose = ({ target }) => {
    takeFile(target.files?.[0])
    target.value = ''
  }
  return html`
    <div class="picker">
      <p class="picker-text">Drop a photo here, or paste one.</p>
      <p class="actions">
        <label class="button primary">Choose a photo
          <input class="hidden" type="file" accept="image/*,.heic,.heif" aria-label="Choose a photo" onChange=${choose} />
        </label>
        <button onClick=${() => setCamera(true)}>Use the camera</button>
      </p>
    </div>
    ${camera && html`<${Camera} onPhoto=${taken} onClose=${() => setCamera(false)} />`}
  `
}

/** @param {FoundPhoto} props */
const Found = ({ found, face, shown, name }) => {
  const { faces } = found
  const chosen = faces[face]
  if (!chosen) return null
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = chosen.bbox
  return html`
    <div class="found">
      <${Crop} shown=${shown} found=${found} face=${face} />
      <dl class="facts">
        <dt>Faces</dt><dd>${faces.length}</dd>
        <dt>Sure to</dt><dd>${Math.round(chosen.score * 100)} %</dd>
        <dt>Face</dt><dd>${Math.round(x2 - x1)} × ${Math.round(y2 - y1)} px</dd>
        <dt>Photo</dt><dd>${found.width} × ${found.height} px</dd>
        <dt>File</dt><dd class="break">${name}</dd>
      </dl>
    </div>
    ${faces.length > 1 && html`<${FaceChoice} faces=${faces} face=${face} onChoose=${chooseFace} />`}
  `
}

const Shown = () => {
  const { state, shown, name, found, face } = photo.value
  const [unshowable, setUnshowable] = useState(/** @type {string | undefined} */ (''))
  return html`
    <div class="photo" aria-busy=${state === 'looking'}>
      ${
        unshowable === shown
          ? html`<p class="photo-blank">${state === 'refused' ? name : 'This browser cannot show this kind of photo; the API can read it.'}</p>`
          : html`<img src=${shown} alt=${`The photo ${name}`} onError=${() => setUnshowable(shown)} />`
      }
      ${found && unshowable !== shown && html`<${FaceOverlay} found=${found} face=${face} />`}
      ${state === 'looking' && html`<p class="looking"><span class="pulse" aria-hidden="true"></span>Looking for a face</p>`}
    </div>
  `
}

/** The first step: a photo, and what was found in it. */
export const Photo = () => {
  usePaste()
  const { state, problem } = photo.value
  return html`
    <section class="card" aria-labelledby="photo-title">
      <div class="card-head">
        <h2 id="photo-title">Photo</h2>
        ${state !== 'none' && html`<button class="quiet" onClick=${removePhoto}>Take another</button>`}
      </div>
      <${DropZone}>
        ${state === 'none' ? html`<${Picker} />` : html`<${Shown} />`}
      <//>
      ${problem && html`<${Note} title=${problem.title} mend=${problem.mend} />`}
      ${state === 'found' && html`<${Found} ...${photo.value} />`}
      ${state === 'none' && html`<${Samples} onChoose=${takeSample} />`}
    </section>
  `
}
