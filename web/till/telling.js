/**
 * Telling the cashier: words that go by themselves, and words that stay until an act has ended.
 */
import { fill, h } from './dom.js';

const TOAST_MS = 5000;
const TOASTS_MAX = 2;

/**
 * @param {string} text
 * @param {'plain' | 'good' | 'error'} [kind]
 */
export function toast(text, kind = 'plain') {
  const place = /** @type {HTMLElement} */ (document.getElementById('toasts'));
  const one = h(
    'div',
    { class: `toast ${kind}`, role: kind === 'error' ? 'alert' : 'status', 'data-test': 'toast' },
    text,
  );
  // The same words twice say no more than once.
  for (const other of [...place.children]) if (other.textContent === text) other.remove();
  place.append(one);
  while (place.children.length > TOASTS_MAX) place.firstElementChild?.remove();
  // Above an open dialog only what is in the top layer can be seen.
  if (typeof place.showPopover === 'function') {
    place.popover = 'manual';
    if (place.matches(':popover-open')) place.hidePopover();
    place.showPopover();
  }
  setTimeout(() => {
    one.remove();
    if (!place.children.length && place.popover && place.matches(':popover-open')) place.hidePopover();
  }, TOAST_MS);
}

/** Words that stay until an act has ended. @param {string} text */
export function hold(text) {
  const dialog = /** @type {HTMLDialogElement} */ (
    h(
      'dialog',
      { class: 'dialog hold', 'data-test': 'hold', 'aria-label': text },
      h('div', { class: 'spinner', 'aria-hidden': 'true' }),
      h('p', { role: 'status', tabindex: '-1', 'data-focus': true }, text),
    )
  );
  dialog.addEventListener('cancel', (event) => event.preventDefault());
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  document.body.append(dialog);
  dialog.showModal();
  return {
    /** @param {string} next */
    words: (next) => fill(/** @type {Element} */ (dialog.querySelector('p')), next),
    end() {
      dialog.close();
      dialog.remove();
      if (before?.isConnected) before.focus();
    },
  };
}
