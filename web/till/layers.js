/**
 * Dialogs, and a focus that is never lost: a closed dialog gives it back, a view that is drawn anew
 * keeps it where it was.
 */
import { h } from './dom.js';
import { action } from './shortcuts.js';

/** @type {HTMLDialogElement[]} */
const open = [];
/** @type {WeakMap<HTMLDialogElement, () => void>} */
const ends = new WeakMap();

/** @returns {HTMLDialogElement | null} */
export function topDialog() {
  return open[open.length - 1] ?? null;
}

export function closeDialogs() {
  for (const dialog of [...open].reverse()) ends.get(dialog)?.();
}

/**
 * @param {{ title: string, test: string, body: any[], actions: HTMLElement[], wide?: boolean, closed?: () => void }} given
 * @returns {{ dialog: HTMLDialogElement, close: () => void }}
 */
export function openDialog({ title, test, body, actions, wide = false, closed }) {
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  const titleId = `title-${test}`;
  /** @type {HTMLDialogElement} */
  const dialog = h(
    'dialog',
    { class: wide ? 'dialog wide' : 'dialog', 'data-test': test, 'aria-labelledby': titleId },
    h('h2', { id: titleId }, title),
    h('div', { class: 'dialog-body' }, body),
    h('div', { class: 'dialog-actions' }, actions),
  );
  dialog.addEventListener('cancel', (event) => event.preventDefault());
  // At once, not when the browser tells of it: the next key must find the layer below.
  const end = () => {
    if (!open.includes(dialog)) return;
    open.splice(open.indexOf(dialog), 1);
    dialog.close();
    dialog.remove();
    closed?.();
    if (topDialog()) focusDefault(/** @type {HTMLDialogElement} */ (topDialog()));
    else if (before?.isConnected) before.focus();
    else focusDefault(document);
  };
  ends.set(dialog, end);
  document.body.append(dialog);
  open.push(dialog);
  dialog.showModal();
  focusDefault(dialog);
  return { dialog, close: end };
}

/**
 * A question with one consequence.
 *
 * @param {{ title: string, text: string, yes: string, no: string, kind?: string, test: string }} given
 * @returns {Promise<boolean>}
 */
export function confirm({ title, text, yes, no, kind = 'primary', test }) {
  return new Promise((resolve) => {
    let answer = false;
    const { close } = openDialog({
      title,
      test,
      closed: () => resolve(answer),
      body: [h('p', { class: 'question' }, text)],
      actions: [
        action(no, { key: 'Escape', test: `${test}-no`, click: () => close() }),
        action(yes, {
          key: 'Enter',
          test: `${test}-yes`,
          kind,
          click: () => {
            answer = true;
            close();
          },
        }),
      ],
    });
  });
}

/** @param {ParentNode} layer Puts the focus where this layer wants it first. */
export function focusDefault(layer) {
  const wanted =
    layer.querySelector('[data-focus]') ??
    layer.querySelector('button[data-key="Enter"]:not([disabled])') ??
    layer.querySelector('input, button:not([disabled]), [tabindex="0"]');
  /** @type {HTMLElement | null} */ (wanted)?.focus();
  if (wanted instanceof HTMLInputElement && wanted.value && !wanted.readOnly) wanted.select();
}

/**
 * Draws, and puts the focus back onto what bears the same name afterwards.
 *
 * @param {HTMLElement} root
 * @param {() => void} draw
 */
export function keepFocus(root, draw) {
  const active = /** @type {HTMLElement | null} */ (document.activeElement);
  const name = active && root.contains(active) ? active.dataset.test : undefined;
  const isInside = Boolean(active && root.contains(active));
  draw();
  if (!isInside || topDialog()) return;
  const same = name
    ? /** @type {HTMLElement | null} */ (
        root.querySelector(`[data-test="${CSS.escape(name)}"]:not([disabled])`)
      )
    : null;
  if (same) same.focus();
  else focusDefault(root);
}
