import { html } from '../helpers/html.js'
import { useEffect, useRef } from '../vendor/hooks.js'

/**
 * A modal dialog, open as long as it is there. `onClose` hears of Escape; without it the dialog stays.
 *
 * @param {{ title: string, onClose?: () => void, children?: unknown }} props
 */
export const Dialog = ({ title, onClose, children }) => {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null))
  useEffect(() => {
    const before = document.activeElement
    dialog.current?.showModal()
    return () => before instanceof HTMLElement && before.focus()
  }, [])
  /** @param {Event} event */
  const cancel = (event) => {
    event.preventDefault()
    onClose?.()
  }
  return html`
    <dialog ref=${dialog} aria-labelledby="dialog-title" onCancel=${cancel}>
      <h2 id="dialog-title">${title}</h2>
      ${children}
    </dialog>
  `
}
