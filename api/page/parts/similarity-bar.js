import { html } from '../helpers/html.js'
import { formatCosine, place, strangers, verdict } from '../helpers/similarity.js'

const width = 200
/** @type {(cosine: number) => number} */
const at = (cosine) => place(cosine) * width

/**
 * A value against strangers' usual ones (the shaded part, with a tick at their mean) and the person's threshold.
 *
 * @param {{ value: number | null, threshold?: number | undefined }} props
 */
export const SimilarityBar = ({ value, threshold }) => {
  const words = verdict(value, threshold)
  const label = `Similarity ${value === null ? 'unknown' : formatCosine(value)}. ${words}.`
  return html`
    <div class="similarity">
      <p class="similarity-text"><strong>${value === null ? '–' : formatCosine(value)}</strong><span>${words}</span></p>
      <svg viewBox=${`0 0 ${width} 16`} preserveAspectRatio="none" role="img" aria-label=${label}>
        <rect class="bar-track" y="4" width=${width} height="8" rx="4" />
        <rect class="bar-strangers" y="4" width=${at(strangers.highest)} height="8" rx="4" />
        ${value !== null && html`<rect class="bar-value" y="6" width=${Math.max(at(value), 2)} height="4" rx="2" />`}
        <rect class="bar-typical" x=${at(strangers.typical)} y="2" width="1.5" height="12" />
        ${threshold !== undefined && html`<rect class="bar-threshold" x=${at(threshold) - 1} y="0" width="2.5" height="16" />`}
      </svg>
    </div>
  `
}

/**
 * What the parts of the bars mean.
 *
 * @param {{ threshold?: number | undefined }} props
 */
export const SimilarityLegend = ({ threshold }) => html`
  <p class="legend">
    <span><i class="swatch swatch-value"></i>this picture</span>
    <span><i class="swatch swatch-strangers"></i>strangers: up to ${strangers.highest}, ${strangers.typical} on average</span>
    ${threshold !== undefined && html`<span><i class="swatch swatch-threshold"></i>your threshold, ${formatCosine(threshold)}</span>`}
  </p>
`
