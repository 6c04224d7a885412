/**
 * `@suanpan/sdk/cashier`: the payers' page within a shop's own. Whatever it says is a hint for the eyes: the
 * shop's server asks the platform, or is notified, and only then is something paid.
 *
 * Works under a Content-Security-Policy without inline styles and scripts. For the mode `frame` the shop's
 * policy must allow the cashier's origin in `frame-src`, and its own where a `return_url` leads back to it.
 */

export { printReceipt, showReceipt } from './receipts.js';
export type { PrintedReceipt } from './receipts.js';

/**
 * `redirect`: this page goes there. `frame`: over this page, or in `container`; the platform lets only those
 * origins do it that are settled for the merchant (`embed_origins`). `window`: in a window beside it.
 */
export type CashierMode = 'redirect' | 'frame' | 'window';

/** What the cashier's page said. A hint: the server decides. */
export interface CashierHint {
  /** `paid` is all that it says today. */
  event: string;
  amountFen: number | null;
}

/** `closed`: by the payer or by the shop. `returned`: the cashier went to the shop's `return_url`. */
export type CloseReason = 'closed' | 'returned';

export interface CashierOptions {
  /** `redirect` on phones and `frame` elsewhere, unless given. */
  mode?: CashierMode;
  /** Where the frame goes; over the page unless given. */
  container?: Element;
  /** How the frame is called for those who do not see it. */
  title?: string;
  /** The words of the overlay. */
  words?: { close: string; newWindow: string };
  onResult?: (hint: CashierHint) => void;
  onClose?: (reason: CloseReason) => void;
}

export interface OpenCashier {
  readonly mode: CashierMode;
  close(): void;
}

const SOURCE = 'suanpan-cashier';
const WINDOW_LOOK_MS = 400;
const WINDOW_FEATURES = 'popup,width=420,height=760';
const PHONE_WIDTH_MAX = '(max-width: 640px) and (pointer: coarse)';
const WORDS = {
  zh: { title: '收银台', close: '关闭收银台', newWindow: '在新窗口中打开' },
  en: { title: 'Cashier', close: 'Close the cashier', newWindow: 'Open in a new window' },
} as const;

/**
 * Opens a payment's `cashier_url`. Call it from a click: browsers block other windows.
 *
 * @throws TypeError when the address is not one of http or https.
 */
export function openCashier(cashierUrl: string, options: CashierOptions = {}): OpenCashier {
  const url = new URL(cashierUrl, window.location.href);
  // An address like javascript: would run in this page.
  if (!['http:', 'https:'].includes(url.protocol)) throw new TypeError('the cashier has an http or https address');
  const mode = options.mode ?? (isPhone() ? 'redirect' : 'frame');
  switch (mode) {
    case 'redirect':
      return redirect(url);
    case 'window':
      return inWindow(url, options);
    case 'frame':
      return options.container ? inContainer(url, options, options.container) : inOverlay(url, options);
  }
}

/** Whether this is a phone's browser, or an app's. */
export function isPhone(): boolean {
  return /Mobi|Android|iPhone/.test(navigator.userAgent) || window.matchMedia(PHONE_WIDTH_MAX).matches;
}

function redirect(url: URL): OpenCashier {
  window.location.assign(url);
  return { mode: 'redirect', close: () => undefined };
}

/** The cashier's page tells its hints to a frame's parent only: in a window, `onClose` is when to ask. */
function inWindow(url: URL, options: CashierOptions): OpenCashier {
  const opened = window.open(url, 'suanpan-cashier', WINDOW_FEATURES);
  // A blocked window must not be the end of a purchase.
  if (!opened) return redirect(url);
  const ears = listen(url, () => opened, options);
  const end = once(() => {
    ears();
    clearInterval(timer);
    options.onClose?.('closed');
  });
  const timer = setInterval(() => opened.closed && end(), WINDOW_LOOK_MS);
  return {
    mode: 'window',
    close() {
      opened.close();
      end();
    },
  };
}

function inContainer(url: URL, options: CashierOptions, container: Element): OpenCashier {
  const frame = makeFrame(url, options);
  const ears = listen(url, () => frame.contentWindow, options);
  const end = once((reason: CloseReason) => {
    ears();
    frame.remove();
    options.onClose?.(reason);
  });
  whenBack(frame, () => end('returned'));
  Object.assign(frame.style, { width: '100%', height: '100%', minHeight: '560px' });
  container.append(frame);
  return { mode: 'frame', close: () => end('closed') };
}

/** A modal dialogue: the browser keeps the focus within it, closes it on Escape, and gives the focus back. */
function inOverlay(url: URL, options: CashierOptions): OpenCashier {
  const dialog = document.createElement('dialog');
  const frame = makeFrame(url, options);
  const ears = listen(url, () => frame.contentWindow, options);
  const before = document.activeElement;
  const end = once((reason: CloseReason) => {
    ears();
    dialog.close();
    dialog.remove();
    if (before instanceof HTMLElement) before.focus();
    options.onClose?.(reason);
  });
  whenBack(frame, () => end('returned'));
  dialog.className = 'suanpan-cashier';
  dialog.setAttribute('aria-label', frame.title);
  dialog.append(overlayHead(url, options, () => end('closed')), frame);
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault();
    end('closed');
  });
  dialog.addEventListener('keydown', keepFocus(dialog));
  style(dialog, frame);
  document.body.append(dialog);
  dialog.showModal();
  return { mode: 'frame', close: () => end('closed') };
}

function overlayHead(url: URL, options: CashierOptions, close: () => void): HTMLElement {
  const words = { ...WORDS[language()], ...options.words };
  const head = document.createElement('div');
  const link = document.createElement('a');
  // Where the platform does not let this origin frame it, the frame stays empty: this way is always open.
  link.href = url.href;
  link.target = '_blank';
  link.rel = 'noopener';
  link.textContent = words.newWindow;
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = '×';
  button.autofocus = true;
  button.setAttribute('aria-label', words.close);
  button.addEventListener('click', close);
  Object.assign(head.style, { display: 'flex', alignItems: 'center', justifyContent: 'space-between' });
  Object.assign(link.style, { padding: '0 16px', color: '#1459c9', font: '14px/44px system-ui, sans-serif' });
  Object.assign(button.style, {
    width: '44px',
    height: '44px',
    border: '0',
    background: 'none',
    color: '#333',
    font: '24px/1 system-ui, sans-serif',
    cursor: 'pointer',
  });
  head.append(link, button);
  return head;
}

/** Backwards from the first thing in the dialogue the focus goes into the frame, not to the browser's own buttons. */
function keepFocus(dialog: HTMLElement): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.key !== 'Tab' || !event.shiftKey) return;
    const first = dialog.querySelector<HTMLElement>('a, button');
    if (document.activeElement !== first) return;
    event.preventDefault();
    dialog.querySelector('iframe')?.focus();
  };
}

/** Set one by one, which every policy allows: a style element is not allowed everywhere. */
function style(dialog: HTMLElement, frame: HTMLElement): void {
  Object.assign(dialog.style, {
    boxSizing: 'border-box',
    width: 'min(440px, 100vw)',
    maxWidth: '100vw',
    height: 'min(780px, 100dvh)',
    maxHeight: '100dvh',
    margin: 'auto',
    padding: '0',
    border: '0',
    borderRadius: window.innerWidth > 480 ? '16px' : '0',
    overflow: 'hidden',
    background: '#fff',
    boxShadow: '0 12px 48px rgba(0, 0, 0, .3)',
  });
  Object.assign(frame.style, { display: 'block', width: '100%', height: 'calc(100% - 44px)' });
}

function makeFrame(url: URL, options: CashierOptions): HTMLIFrameElement {
  const frame = document.createElement('iframe');
  frame.src = url.href;
  frame.title = options.title ?? WORDS[language()].title;
  frame.referrerPolicy = 'no-referrer';
  frame.style.border = '0';
  return frame;
}

/** The shop's own page does not belong into a frame of itself: when the cashier goes there, it is over. */
function whenBack(frame: HTMLIFrameElement, end: () => void): void {
  frame.addEventListener('load', () => {
    try {
      const href = frame.contentWindow?.location.href;
      if (href && href !== 'about:blank' && new URL(href).origin === window.location.origin) end();
    } catch {
      // Another origin: the cashier, or a channel's page.
    }
  });
}

/** Hears the cashier and nobody else: the message must come from its window and from its origin. */
function listen(url: URL, source: () => Window | null, options: CashierOptions): () => void {
  const hear = (event: MessageEvent<unknown>) => {
    if (event.origin !== url.origin || event.source === null || event.source !== source()) return;
    const hint = readHint(event.data);
    if (hint) options.onResult?.(hint);
  };
  window.addEventListener('message', hear);
  return () => window.removeEventListener('message', hear);
}

function readHint(data: unknown): CashierHint | null {
  if (typeof data !== 'object' || data === null) return null;
  const told = data as { source?: unknown; event?: unknown; amount_fen?: unknown };
  if (told.source !== SOURCE || typeof told.event !== 'string') return null;
  const amountFen = Number.isSafeInteger(told.amount_fen) ? (told.amount_fen as number) : null;
  return { event: told.event, amountFen };
}

function language(): 'zh' | 'en' {
  return (document.documentElement.lang || navigator.language).startsWith('zh') ? 'zh' : 'en';
}

/** Closing twice is closing once. */
function once<A extends unknown[]>(run: (...given: A) => void): (...given: A) => void {
  let done = false;
  return (...given) => {
    if (done) return;
    done = true;
    run(...given);
  };
}
