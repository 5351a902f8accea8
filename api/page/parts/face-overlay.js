import { html } from '../helpers/html.js'

/**
 * @import { PhotoFaces } from '../types.ts'
 *
 * @type {(index: number, face: { score: number } | undefined) => string}
 */
const faceName = (index, face) => `Face ${index + 1}, ${Math.round((face?.score ?? 0) * 100)} % sure`

/**
 * Boxes and landmarks over a photo, in its pixels.
 *
 * @param {{ found: PhotoFaces, face: number }} props
 */
export const FaceOverlay = ({ found: { width, height, faces }, face }) => {
  const unit = Math.max(width, height) / 100
  return html`
    <svg class="overlay" viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${`${faceName(face, faces[face])}: box and landmarks`}>
      ${faces.map(
        ({ bbox: [x1 = 0, y1 = 0, x2 = 0, y2 = 0] }, index) => html`
        <rect class=${index === face ? 'box' : 'box other'} x=${x1} y=${y1} width=${x2 - x1} height=${y2 - y1}
          rx=${unit} stroke-width=${unit * 0.7} />
      `,
      )}
      ${(faces[face]?.kps ?? []).map(([x, y]) => html`<circle class="landmark" cx=${x} cy=${y} r=${unit} stroke-width=${unit * 0.3} />`)}
    </svg>
  `
}

/**
 * Which of several faces is taken.
 *
 * @param {{ faces: PhotoFaces['faces'], face: number, onChoose: (index: number) => void }} props
 */
export const FaceChoice = ({ faces, face, onChoose }) => html`
  <fieldset class="choice">
    <legend>Whose pictures?</legend>
    ${faces.map(
      (one, index) => html`
      <label><input type="radio" name="face" checked=${index === face} onChange=${() => onChoose(index)} />${faceName(index, one)}</label>
    `,
    )}
  </fieldset>
`
