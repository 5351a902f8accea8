import htm from '../vendor/htm.js'
import { h } from '../vendor/preact.js'

/** Elements, written as HTML in a template literal. */
export const html = htm.bind(h)
