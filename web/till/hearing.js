/**
 * Hears the keyboard: the scan gun first, then the keys of buttons, then the keypad.
 *
 * @typedef {{ view: () => import('./till.js').View | null, takerOf: (dialog: Element) => ((code: string) => void) | null,
 *   t: (key: string) => string, toast: (text: string, kind?: 'plain' | 'good' | 'error') => void }} Ears
 */
import { makeWedge } from './wedge.js';
import { walletOf } from './payer-code.js';
import { buttonOf, keyName } from './shortcuts.js';
import { topDialog } from './layers.js';

/** A burst that is over for so long got no Enter. */
const WEDGE_LAPSE_MS = 200;
/** What browsers would do with these is of no use at a till. */
const OWN_KEYS = /^(Shift\+)?F([1-9]|10)$/;

/** @param {Ears} ears */
export function hear(ears) {
  hearGun(ears);
  window.addEventListener('keydown', (event) => {
    if (!event.defaultPrevented && !isComposing(event)) hearKey(ears, event);
  });
}

/** An input method writes its own characters; they are none of ours. @param {KeyboardEvent} event */
function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}

/** @param {EventTarget | null} target @returns {HTMLInputElement | null} A field that takes what is typed. */
function fieldOf(target) {
  return target instanceof HTMLInputElement && !target.readOnly ? target : null;
}

/** @param {Ears} ears */
function hearGun({ view, takerOf, t, toast }) {
  const wedge = makeWedge();
  /** What a burst would have changed: put back when it proves to be one. @type {(() => void) | null} */
  let takeBack = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let lapse;

  /** @param {KeyboardEvent} event */
  function heard(event) {
    const field = fieldOf(event.target);
    const isFree = field?.dataset.scan === 'any';
    const isPlain = !event.ctrlKey && !event.altKey && !event.metaKey;
    const result = wedge.key(isPlain ? event.key : 'Other', event.timeStamp, event.repeat);
    if (result.act === 'start') takeBack = remember(field);
    if (result.act === 'pass' || result.act === 'start') return;
    // In a field for numbers of all kinds, only what has the form of a wallet's code is one.
    if (isFree && (result.act !== 'code' || walletOf(result.code) === null)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    clearTimeout(lapse);
    if (result.act === 'take_back' || result.act === 'code') takeBack?.();
    if (result.act === 'code') gotCode(result.code);
    else if (result.act === 'other') toast(t('scan_other'), 'error');
    else lapse = setTimeout(lapsed, WEDGE_LAPSE_MS);
  }

  function lapsed() {
    if (wedge.lapse()) toast(t('scan_other'), 'error');
  }

  /** @param {HTMLInputElement | null} field @returns {() => void} */
  function remember(field) {
    const pad = view()?.pad;
    const before = field ? field.value : (pad?.get() ?? '');
    return () => {
      if (!field) {
        pad?.set(before);
        return;
      }
      field.value = before;
      field.dispatchEvent(new Event('input'));
    };
  }

  /** @param {string} code */
  function gotCode(code) {
    const dialog = topDialog();
    const take = dialog ? takerOf(dialog) : view()?.code;
    if (take) take(code);
    else toast(t(dialog ? 'code_elsewhere' : 'code_no_sale'), 'error');
  }

  window.addEventListener(
    'keydown',
    (event) => {
      if (!isComposing(event)) heard(event);
    },
    true,
  );
}

/** @param {Ears} ears @param {KeyboardEvent} event */
function hearKey({ view }, event) {
  if (document.querySelector('dialog.hold')) {
    event.preventDefault();
    return;
  }
  const name = keyName(event);
  const field = fieldOf(event.target);
  const dialog = topDialog();
  // A focused button is pressed by its own Enter.
  if (
    name === 'Enter' &&
    (event.target instanceof HTMLButtonElement || event.target instanceof HTMLAnchorElement)
  )
    return;
  if (field && ['Backspace', 'Delete'].includes(name)) return;
  if (!dialog && focusField(name)) {
    event.preventDefault();
    return;
  }
  const button = buttonOf(dialog ?? document, name);
  if (button || OWN_KEYS.test(name) || name === 'Escape') {
    event.preventDefault();
    if (button && !button.disabled) button.click();
    return;
  }
  const pad = view()?.pad;
  if (!dialog && !field && pad && /^([0-9.]|Decimal)$/.test(event.key)) {
    event.preventDefault();
    pad.key(event.key === 'Decimal' ? '.' : event.key);
  }
}

/** A field with a key of its own. @param {string} name */
function focusField(name) {
  const field = /** @type {HTMLInputElement | null} */ (
    document.querySelector(`[data-key-focus="${CSS.escape(name)}"]`)
  );
  field?.focus();
  field?.select();
  return field !== null;
}
