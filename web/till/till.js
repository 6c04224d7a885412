/**
 * The till page: puts the parts together and shows one view at a time. What is decided about money
 * is in `sale.js`.
 *
 * @typedef {{ terminal: { id: string, name: string, kind: string }, store: { id: string, name: string }, merchant: { id: string, name: string },
 *   settings: { tenders: string[], amount_fen_max: number, quick_amounts_fen: number[], tips: { on: boolean, percents: number[] }, remark: boolean,
 *   accent: string, logo_url: string | null, receipt: { width_mm: number, footer: string | null }, voice: boolean }, staff_needed: boolean }} Cashier
 * @typedef {{ root: HTMLElement, close?: () => void, changed?: () => void, draw?: () => void, code?: (code: string) => void,
 *   pad?: { get: () => string, set: (text: string) => void, key: (key: string) => void } }} View
 * @typedef {typeof app} App
 */
import { fill, h } from './dom.js';
import { makeWords } from './language.js';
import { formatMoney, shortYuan } from './money.js';
import { readableAccent } from './contrast.js';
import { makeApi } from './api.js';
import { canKeepKeys, readKey, signText } from './keys.js';
import { makeDesk, isOpen, watchAside } from './desk.js';
import { makeSession } from './staff.js';
import { makeStore } from './store.js';
import { hear } from './hearing.js';
import { hold, toast } from './telling.js';
import { newNonce, newStem } from './numbers.js';
import { isPayerCode, walletOf } from './payer-code.js';
import { explain } from './error-words.js';
import { TABLES } from './strings.js';
import { say } from './voice.js';
import { action } from './shortcuts.js';
import { closeDialogs, focusDefault, topDialog } from './layers.js';
import { printReceipt } from './receipt.js';
import { totalFen } from './sale.js';
import { activationView } from './view-activation.js';
import { signInView } from './view-staff.js';
import { saleView } from './view-sale.js';
import { ordersView, tenderOf } from './view-orders.js';
import { orderView } from './view-order.js';
import { shiftView } from './view-shift.js';
import { settingsView } from './view-settings.js';

const ACCENT = '#0b57d0';
const RELOAD_SETTINGS_MS = 5 * 60_000;
const RETRY_MS = 3000;
const TRIES_MAX = 8;
const NAV = /** @type {const} */ (['sale', 'orders', 'shift', 'settings']);

const words = makeWords(TABLES, window.localStorage);
const { t } = words;
/** @param {Uint8Array} bytes @returns {Uint8Array} */
function random(bytes) {
  crypto.getRandomValues(/** @type {Uint8Array<ArrayBuffer>} */ (bytes));
  return bytes;
}
const now = () => new Date();

/** @type {import('./keys.js').Kept | null} */
let key = null;
/** @type {Cashier | null} */
let cashier = null;
/** @type {View | null} */
let view = null;
let viewName = '';
/** @type {any} */
let viewGiven = {};
let isOffline = false;
/** @type {any} */
let wrongClock = null;
/** @type {WeakMap<Element, (code: string) => void>} */
const codeTakers = new WeakMap();
/** @type {Set<() => boolean>} */
const whileOpen = new Set();

const store = makeStore(window.localStorage);
/** @type {ReturnType<typeof makeSession>} */
let session;
const api = makeApi({
  fetch: (...given) => fetch(...given),
  now_ms: () => Date.now(),
  nonce: () => newNonce(random),
  signer() {
    const kept = key;
    return kept?.key_id ? { key_id: kept.key_id, sign: (text) => signText(kept.private_key, text) } : null;
  },
  staff_token: () => session.token(),
});
session = makeSession({ call: api.call, storage: window.sessionStorage, now_ms: () => Date.now() });
const desk = makeDesk({ api, store, now, newStem: () => newStem(cashier?.terminal.id ?? '', now(), random) });

/** What views may use. */
const app = {
  t,
  words,
  api,
  desk,
  store,
  session,
  now,
  random,
  /** @returns {Cashier} */
  cashier() {
    if (!cashier) throw new Error('the settings are not loaded');
    return cashier;
  },
  keyId: () => key?.key_id ?? '',
  /** @param {{ code: string, message?: string, details?: string, request_id?: string }} error */
  explain: (error) => explain(error, words.language()),
  /** @param {string} rfc3339 @param {boolean} [withYear] */
  time(rfc3339, withYear = false) {
    const at = new Date(rfc3339);
    const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
    return `${withYear ? `${at.getFullYear()}-` : ''}${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  },
  toast,
  hold,
  go,
  switchLanguage,
  patiently,
  refusesCode,
  /** A dialog that takes payer's codes. @param {Element} dialog @param {(code: string) => void} take */
  takesCode: (dialog, take) => {
    codeTakers.set(dialog, take);
  },
  /** Called with news until it answers false. @param {() => boolean} update */
  whileOpen: (update) => {
    whileOpen.add(update);
  },
  asideChanged: drawHead,
};

// Telling.

/** Says and prints that a sale is paid, once, on whatever page the cashier is. */
function tellPaid() {
  const sale = desk.sale();
  if (!cashier || !sale?.payment || desk.phase() !== 'paid' || store.told() === sale.order_stem) return;
  store.keepTold(sale.order_stem);
  if (cashier.settings.voice && store.preferences().voice) {
    say(
      t('voice_paid', { tender: t(tenderOf(sale.payment)), amount: shortYuan(totalFen(sale)) }),
      words.language(),
    );
  }
  if (store.preferences().auto_receipt) void printReceipt(app, sale.payment, false);
  if (viewName !== 'sale') toast(t('told_paid', { amount: formatMoney(totalFen(sale)) }), 'good');
}

/** For acts whose repeat is safe: the same until somebody answers. @param {string} method @param {string} path @param {any} body @param {string} [token] */
async function patiently(method, path, body, token) {
  const said = hold(t('sending'));
  try {
    for (let tries = 1; ; tries += 1) {
      const result = await api.call(method, path, body, token ? { staff: token } : {});
      if (result.ok || result.kind === 'refused' || tries >= TRIES_MAX) return result;
      if (result.kind === 'unknown') said.words(t('not_known_text'));
      await new Promise((resolve) => {
        setTimeout(resolve, Math.min(500 * 2 ** tries, 8000));
      });
    }
  } finally {
    said.end();
  }
}

/** Says why a payer's code cannot be taken here. @param {string} code */
function refusesCode(code) {
  const wallet = walletOf(code);
  if (!isPayerCode(code)) toast(t('scan_bad'), 'error');
  else if (wallet && !app.cashier().settings.tenders.includes(wallet))
    toast(t('wallet_off', { name: t(wallet) }), 'error');
  else return false;
  return true;
}

function drawBanner() {
  const place = /** @type {HTMLElement} */ (document.getElementById('banner'));
  const retry = () =>
    action(t('retry'), {
      key: 'Alt+R',
      test: 'retry',
      kind: 'small',
      click: () => {
        wrongClock = null;
        drawBanner();
        desk.wake();
        if (!cashier) void start();
      },
    });
  if (wrongClock) {
    const shown = (/** @type {Date} */ at) =>
      at.toLocaleString(words.language() === 'zh' ? 'zh-CN' : 'en-GB');
    const server = wrongClock.server_time ? shown(new Date(wrongClock.server_time)) : '?';
    fill(place, h('p', {}, t('banner_clock', { device: shown(now()), server })), retry());
  } else if (isOffline) fill(place, h('p', {}, t('banner_offline')), retry());
  else fill(place);
}

function drawHead() {
  document.documentElement.lang = words.language() === 'zh' ? 'zh-CN' : 'en';
  document.title = t('title');
  /** @type {HTMLElement} */ (document.getElementById('skip')).textContent = t('skip');
  const place = /** @type {HTMLElement} */ (document.getElementById('head'));
  const isIn = cashier !== null && isSomebody();
  const staff = session.staff();
  const waiting = store.aside().filter(isOpen).length;
  const held =
    document.activeElement && place.contains(document.activeElement)
      ? /** @type {HTMLElement} */ (document.activeElement).dataset.test
      : null;
  fill(
    place,
    h(
      'div',
      { class: 'brand' },
      cashier?.settings.logo_url
        ? h('img', { src: cashier.settings.logo_url, alt: '', class: 'logo' })
        : h('span', { class: 'logo-mark', 'aria-hidden': 'true' }, '算'),
      h(
        'div',
        {},
        h('b', {}, cashier?.store.name ?? t('title')),
        cashier && h('span', {}, cashier.terminal.name),
      ),
    ),
    isIn &&
      h(
        'nav',
        { class: 'nav', 'aria-label': t('nav_label') },
        NAV.map((name, at) => {
          const button = action(t(`nav_${name}`), {
            key: `Alt+${at + 1}`,
            test: `nav-${name}`,
            kind: 'nav-item',
            click: () => go(name),
          });
          if (name === viewName || (name === 'orders' && viewName === 'order'))
            button.setAttribute('aria-current', 'page');
          return button;
        }),
      ),
    h(
      'div',
      { class: 'head-right' },
      waiting > 0 &&
        isIn &&
        h(
          'button',
          { type: 'button', class: 'chip', 'data-test': 'aside-chip', on: { click: () => go('orders') } },
          t('aside_chip', { n: waiting }),
        ),
      h(
        'span',
        { class: `dot ${isOffline ? 'off' : ''}`, 'data-test': 'online', 'data-online': String(!isOffline) },
        t(isOffline ? 'offline' : 'online'),
      ),
      staff && h('span', { class: 'staff', 'data-test': 'staff' }, `${staff.staff_no} ${staff.name}`),
      isIn &&
        !staff &&
        cashier?.staff_needed &&
        action(t('sign_in'), {
          key: 'Alt+Q',
          test: 'sign-in-open',
          kind: 'small',
          click: () => {
            session.ask();
            signInOr();
          },
        }),
      staff &&
        action(t('sign_out'), { key: 'Alt+Q', test: 'sign-out', kind: 'small', click: () => void signOut() }),
      action(t('other_language'), { key: 'Alt+L', test: 'language', kind: 'small', click: switchLanguage }),
    ),
  );
  if (held)
    /** @type {HTMLElement | null} */ (place.querySelector(`[data-test="${CSS.escape(held)}"]`))?.focus();
}

// Going.

/** @param {View} next @param {string} name @param {any} given */
function show(next, name, given) {
  view?.close?.();
  closeDialogs();
  view = next;
  viewName = name;
  viewGiven = given;
  const main = /** @type {HTMLElement} */ (document.getElementById('view'));
  fill(main, next.root);
  drawHead();
  focusDefault(next.root);
  if (document.activeElement === document.body) main.focus();
  window.scrollTo(0, 0);
}

/**
 * @param {string} name
 * @param {any} [given]
 */
function go(name, given = {}) {
  if (!isSomebody()) return signInOr();
  switch (name) {
    case 'orders':
      return show(ordersView(app), name, given);
    case 'order':
      return show(orderView(app, given), name, given);
    case 'shift':
      return show(shiftView(app), name, given);
    case 'settings':
      return show(settingsView(app), name, given);
    default:
      return show(saleView(app), 'sale', given);
  }
}

/** Whether it is settled who is at the till. */
function isSomebody() {
  return cashier !== null && (!cashier.staff_needed || session.isSettled());
}

function signInOr() {
  if (cashier && !isSomebody())
    show(
      signInView(app, () => {
        desk.wake();
        go('sale');
      }),
      'sign-in',
      {},
    );
  else go('sale');
}

async function signOut() {
  session.ask();
  await session.signOut();
  signInOr();
}

/** @param {boolean} revoked */
function activate(revoked) {
  cashier = null;
  show(activationView(app, { revoked, done: () => void start() }), 'activation', { revoked });
}

function switchLanguage() {
  words.setLanguage(words.language() === 'zh' ? 'en' : 'zh');
}

words.onChange(() => {
  drawBanner();
  closeDialogs();
  if (view?.draw) {
    view.draw();
    drawHead();
  } else if (viewName === 'activation') activate(viewGiven.revoked);
  else if (cashier) viewName === 'sign-in' ? signInOr() : go(viewName, viewGiven);
  else drawHead();
});

// Beginning.

async function start() {
  try {
    key = canKeepKeys() ? await readKey() : null;
  } catch {
    key = null;
  }
  if (!key?.key_id) {
    activate(false);
    return;
  }
  show({ root: h('p', { class: 'loading', role: 'status' }, t('loading')) }, 'loading', {});
  for (;;) {
    const result = await api.call('GET', '/v1/cashier');
    if (result.ok) {
      take(result.data);
      desk.resume();
      signInOr();
      return;
    }
    if (viewName === 'activation') return;
    if (
      result.kind === 'refused' &&
      !['timestamp_out_of_window', 'signature_invalid'].includes(result.code)
    ) {
      show(
        {
          root: h(
            'section',
            { class: 'form-page' },
            h(
              'div',
              { class: 'form-card', role: 'alert' },
              h('h1', {}, t('title')),
              h('p', { class: 'form-state error' }, app.explain(result)),
              action(t('retry'), {
                key: 'Enter',
                test: 'start-retry',
                kind: 'primary',
                click: () => void start(),
              }),
            ),
          ),
        },
        'failed',
        {},
      );
      return;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, result.code === 'signature_invalid' ? 300 : RETRY_MS);
    });
  }
}

/** @param {Cashier} settings */
function take(settings) {
  cashier = settings;
  document.documentElement.style.setProperty('--accent', readableAccent(settings.settings.accent, ACCENT));
}

setInterval(async () => {
  if (!cashier || desk.sale() || topDialog()) return;
  const result = await api.call('GET', '/v1/cashier');
  if (result.ok && JSON.stringify(result.data) !== JSON.stringify(cashier)) {
    take(result.data);
    view?.draw?.();
    drawHead();
  }
}, RELOAD_SETTINGS_MS);

api.on.network = (isThere) => {
  if (isOffline === !isThere) return;
  isOffline = !isThere;
  drawBanner();
  drawHead();
};
api.on.clock = (failure) => {
  wrongClock = failure;
  drawBanner();
};
api.on.signed_out = () => {
  if (viewName === 'sign-in') return;
  session.forget();
  session.ask();
  toast(explain({ code: 'staff_signed_out' }, words.language()), 'error');
  signInOr();
};
api.on.revoked = () => {
  if (viewName === 'activation') return;
  key = null;
  session.forget();
  activate(true);
};
const askAside = watchAside({
  api,
  store,
  changed: drawHead,
  told(one) {
    const about = { no: one.order_no, amount: formatMoney(one.amount_fen) };
    toast(
      t(one.state === 'paid' ? 'aside_told_paid' : 'aside_told_unpaid', about),
      one.state === 'paid' ? 'good' : 'plain',
    );
  },
});
window.addEventListener('online', () => {
  desk.wake();
  void askAside();
});
desk.onChange(() => {
  view?.changed?.();
  tellPaid();
  for (const update of whileOpen) if (!update()) whileOpen.delete(update);
});

hear({ view: () => view, takerOf: (dialog) => codeTakers.get(dialog) ?? null, t, toast });

// A focus that falls out of the page comes back.
document.addEventListener('focusout', () => {
  setTimeout(() => {
    if (document.activeElement === document.body && !document.querySelector('dialog[open]') && view)
      focusDefault(view.root);
  }, 0);
});

/** Two tills on one device would share one sale in progress. */
async function begin() {
  drawHead();
  if (!navigator.locks) return start();
  return navigator.locks.request('suanpan-till', { ifAvailable: true }, async (lock) => {
    if (!lock) {
      show(
        {
          root: h(
            'section',
            { class: 'form-page' },
            h(
              'div',
              { class: 'form-card', role: 'alert' },
              h('h1', {}, t('title')),
              h('p', {}, t('banner_two_tabs')),
            ),
          ),
        },
        'second',
        {},
      );
      return undefined;
    }
    await start();
    // Held as long as the page lives.
    return new Promise(() => {});
  });
}

void begin();
