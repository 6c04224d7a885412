/**
 * Every action has a key, and the key is written on its button: `data-key` of the button is the
 * only list there is. A key clicks the button of the topmost layer that bears it.
 */
import { h } from './dom.js';

/** How keys are written on buttons. */
const SHOWN = /** @type {Record<string, string>} */ ({
  Enter: '⏎',
  Escape: 'Esc',
  Backspace: '⌫',
  Delete: 'Del',
});

/**
 * @param {KeyboardEvent} event
 * @returns {string} `F1`, `Shift+F1`, `Alt+1`, `Alt+R`, `Enter`.
 */
export function keyName(event) {
  // With Alt held, some keyboards give other characters: the place on the keyboard counts.
  const place = /^(?:Digit|Key)([0-9A-Z])$/.exec(event.code);
  const name = event.altKey && place ? place[1] : event.key;
  return `${event.ctrlKey ? 'Ctrl+' : ''}${event.altKey ? 'Alt+' : ''}${event.shiftKey && name.length > 1 ? 'Shift+' : ''}${name}`;
}

/**
 * A button with its key.
 *
 * @param {string} words
 * @param {{ key?: string, test: string, click: () => void, kind?: string, disabled?: boolean, small?: string, label?: string }} given
 * @returns {HTMLButtonElement}
 */
export function action(words, { key, test, click, kind = 'plain', disabled = false, small, label }) {
  return h(
    'button',
    {
      type: 'button',
      class: `button ${kind}`,
      disabled,
      'data-test': test,
      'data-key': key ?? null,
      'aria-label': label ?? null,
      'aria-keyshortcuts': key && key !== 'Escape' && key !== 'Enter' ? key : null,
      on: {
        click,
        // A click does not take the focus away from where the cashier types.
        pointerdown: (/** @type {PointerEvent} */ event) => {
          if (kind.includes('stay')) event.preventDefault();
        },
      },
    },
    h('span', { class: 'words' }, words, small && h('small', {}, small)),
    key && h('kbd', { 'aria-hidden': 'true' }, shownKey(key)),
  );
}

/** @param {string} key */
export function shownKey(key) {
  return (SHOWN[key] ?? key).replace('Shift+', '⇧').replace('Alt+', 'Alt ').replace('Ctrl+', 'Ctrl ');
}

/**
 * @param {ParentNode} layer
 * @param {string} key
 * @returns {HTMLButtonElement | null} The button that the key would click.
 */
export function buttonOf(layer, key) {
  for (const button of layer.querySelectorAll('button[data-key]')) {
    const found = /** @type {HTMLButtonElement} */ (button);
    // On a small screen tenders are folded away; their keys work all the same.
    if (found.dataset.key === key && !found.hidden) return found;
  }
  return null;
}
