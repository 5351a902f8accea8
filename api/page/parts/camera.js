import { html } from '../helpers/html.js'
import { useEffect, useRef, useState } from '../vendor/hooks.js'
import { Dialog } from './dialog.js'
import { Note } from './note.js'

const jpegQuality = 0.92

/** @type {Record<string, [title: string, mend: string] | undefined>} */
const reasons = {
  NotAllowedError: ['The camera is blocked', 'Allow it for this page in the browser, or choose a photo.'],
  NotFoundError: ['No camera was found', 'Choose a photo instead.'],
}
/** @type {[title: string, mend: string]} */
const insecure = [
  'The browser does not allow the camera on this page',
  'Cameras only work on https:// pages and on localhost.',
]

/**
 * A photo from the camera.
 *
 * @param {{ onPhoto: (blob: Blob, name: string) => void, onClose: () => void }} props
 */
export const Camera = ({ onPhoto, onClose }) => {
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null))
  const [problem, setProblem] = useState(/** @type {[title: string, mend: string] | undefined} */ (undefined))
  const [ready, setReady] = useState(false)
  useEffect(() => {
    /** @type {MediaStream | undefined} */
    let stream
    let closed = false
    const open = async () => {
      if (!navigator.mediaDevices) return setProblem(insecure)
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'user' } })
      if (closed || !video.current) return stop()
      video.current.srcObject = stream
    }
    const stop = () => {
      for (const track of stream?.getTracks() ?? []) track.stop()
    }
    open().catch(({ name, message }) => setProblem(reasons[name] ?? [message, 'Choose a photo instead.']))
    return () => {
      closed = true
      stop()
    }
  }, [])
  const take = () => {
    if (!video.current) return
    const { videoWidth: width, videoHeight: height } = video.current
    const canvas = Object.assign(document.createElement('canvas'), { width, height })
    canvas.getContext('2d')?.drawImage(video.current, 0, 0)
    canvas.toBlob((blob) => blob && onPhoto(blob, 'camera.jpg'), 'image/jpeg', jpegQuality)
  }
  return html`
    <${Dialog} title="Take a photo" onClose=${onClose}>
      ${
        problem
          ? html`<${Note} title=${problem[0]} mend=${problem[1]} />`
          : html`<video ref=${video} class="viewfinder" autoplay muted playsinline onPlaying=${() => setReady(true)} aria-label="What the camera sees"></video>`
      }
      <p class="actions">
        ${!problem && html`<button class="primary" disabled=${!ready} onClick=${take}>Take it</button>`}
        <button onClick=${onClose}>Close</button>
      </p>
    <//>
  `
}
