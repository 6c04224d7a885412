/**
 * The payers' page: an amount is entered at a plate, or an order is there already; the app that the page
 * is open in is asked to pay; the server says what became of it. A second tap, a reload, the back button
 * and a lost answer all lead to the same order and the same leg.
 */

import { invokeApp } from './cashier-bridges.js';
import { Refused, call, newKey, pause } from './cashier-client.js';
import { WORDS } from './cashier-words.js';
import { readableAccent } from './contrast.js';
import { fill, h } from './dom.js';
import { makeWords } from './language.js';
import { formatMoney, parseYuan, percentNearest } from './money.js';

/** Waits between two looks at an open payment, in ms; the last one is repeated. */
const LOOK_STEPS_MS = [800, 1_000, 1_500, 2_000, 3_000, 5_000];
/** After so many looks the page says that it goes on looking, and offers to try again. */
const LOOKS_MAX = 120;
/** Between two looks while nothing is waited for. */
const WATCH_MS = 2_000;
/** How long a payment counts as made just now, for the one who scans the same plate again. */
const JUST_NOW_MS = 10 * 60_000;
/** How long the payer reads that it is paid, before the shop's own page comes. */
const BACK_AFTER_MS = 2_500;
const DIGITS_MAX = 10;

const data = JSON.parse(document.getElementById('data')?.textContent || '{}');
const settings = data.settings;
const app = settings.app;
const page = /** @type {HTMLElement} */ (document.getElementById('page'));
const words = makeWords(WORDS, kept('localStorage'));
const { t } = words;
const session = kept('sessionStorage');

/** What the page knows; everything shown follows from it. */
const now = {
  /** @type {string | null} The order's code. */
  code: data.kind === 'order' ? data.code : null,
  order: data.order ?? null,
  checkout: data.checkout ?? {},
  /** @type {number | null} The leg that this page made. */
  leg: null,
  amount: '',
  /** @type {number | null} The chosen percent. */
  tip: null,
  remark: '',
  /** @type {string} The key of the words of a notice. */
  notice: '',
  /** @type {Record<string, string | number>} */
  noticeValues: {},
  busy: false,
};

document.documentElement.style.setProperty('--accent', readableAccent(data.accent, '#1459c9'));
if (!hasChosenLanguage()) words.setLanguage(data.lang);
words.onChange(draw);

/** Starts where the payer left off. */
function begin() {
  if (now.code) {
    now.leg = Number(recall(`leg:${now.code}`)) || null;
    draw();
    if (now.order.state === 'closing' || (now.order.state === 'open' && hasOpenLeg())) void comeBack();
    return;
  }
  const last = lastPurchase();
  if (last?.code) void resume(last);
  draw();
}

/**
 * The payer is here again while something is under way. What the channel still holds open can be paid
 * by the same leg; what nobody knows yet is waited for.
 */
async function comeBack() {
  await look();
  draw();
  if (now.order.state === 'open' && now.order.mine?.state !== 'unknown') void followQuietly();
  else void follow(true);
}

/** A purchase at this plate that the page knows of: shown before a new one is begun. */
async function resume(/** @type {any} */ last) {
  try {
    const told = await call('GET', `/c/o/${last.code}?leg=${last.leg ?? ''}`);
    if (told.order.state === 'paid' && Date.now() - Date.parse(told.order.paid_at) < JUST_NOW_MS) {
      // The next purchase is another one, also when it is the same.
      forget();
      say('just_paid', { amount: formatMoney(told.order.amount_fen), time: clock(told.order.paid_at) });
    } else if (told.order.state === 'open' && told.order.mine && told.order.mine.state !== 'failed') {
      adopt(last.code, told);
      await comeBack();
      return;
    } else {
      forget();
    }
    draw();
  } catch {
    // The plate's own page is enough.
  }
}

/** @param {string} code @param {any} told */
function adopt(code, told) {
  now.code = code;
  now.order = told.order;
  now.checkout = told.checkout ?? now.checkout;
  if (told.order.mine) now.leg = told.order.mine.no;
  if (now.leg) remember(`leg:${code}`, String(now.leg));
}

/** Asks the server for what the app needs, and the app to pay it. */
async function pay(/** @type {string | null} */ channel, instead = false) {
  if (now.busy) return;
  now.busy = true;
  now.notice = '';
  draw();
  try {
    const told = now.code
      ? await call('POST', `/c/o/${now.code}/pay`, { channel, instead })
      : await call('POST', `/c/q/${data.code}/pay`, purchase(channel));
    adopt(told.code, told);
    keepOrder(told.code);
    await act();
  } catch (problem) {
    explain(problem);
  } finally {
    now.busy = false;
    draw();
  }
}

/** A purchase keeps its key until its content changes or it is done. */
function purchase(/** @type {string | null} */ channel) {
  const fen = parseYuan(now.amount) ?? 0;
  const tip = tipFen();
  const content = `${fen}:${tip}:${now.remark}`;
  const last = lastPurchase();
  const key = last && last.content === content && !last.done ? last.key : newKey();
  remember(`plate:${data.code}`, JSON.stringify({ key, content }));
  return { amount_fen: fen, tip_fen: tip, remark: now.remark || null, key, channel };
}

/** The address becomes the order's, so that a reload shows the order and not an empty plate. */
function keepOrder(/** @type {string} */ code) {
  const last = lastPurchase();
  if (data.kind === 'plate' && last) {
    remember(`plate:${data.code}`, JSON.stringify({ ...last, code, leg: now.leg }));
    window.history.replaceState(null, '', `/o/${code}`);
  }
}

/** Does what the leg's state asks for. */
async function act() {
  const mine = now.order.mine;
  if (now.order.state !== 'open' || !mine) return;
  if (mine.state !== 'ready' || !mine.invoke) {
    await follow(false);
    return;
  }
  const said = await invokeApp(mine.invoke, app);
  if (said === 'left') {
    say('open_app');
  } else if (said === 'ok') {
    await follow(true);
  } else {
    // What the app says is for the eyes; the server is asked once all the same.
    await look();
    if (now.order.state === 'open' && now.order.mine?.state !== 'paid') {
      say(said === 'cancelled' ? 'cancelled' : 'failed');
      if (said === 'cancelled') tellOpener('cancelled');
      void followQuietly();
    }
  }
}

let following = false;

/** Looks until the payment is decided. */
async function follow(/** @type {boolean} */ ask) {
  if (following) return;
  following = true;
  try {
    for (let looks = 0; looks < LOOKS_MAX && isUndecided(); looks += 1) {
      draw();
      await pause(LOOK_STEPS_MS[Math.min(looks, LOOK_STEPS_MS.length - 1)]);
      // The channel itself is asked now and then; our own record in between.
      await look(ask && looks % 3 === 0);
    }
    if (now.order.mine?.state === 'failed') say('failed');
  } finally {
    following = false;
    draw();
  }
}

/** One look at the order. A line that is down is no news. */
async function look(ask = true) {
  const path = `/c/o/${now.code}`;
  const query = now.leg ? `?leg=${now.leg}` : '';
  const before = now.order.state;
  try {
    const told = ask
      ? await call('POST', `${path}/look${query}`).catch(() => call('GET', path + query))
      : await call('GET', path + query);
    adopt(/** @type {string} */ (now.code), told);
    if (now.order.state !== before && now.order.state === 'paid') done();
    if (now.order.state !== before && now.order.state === 'closed') tellOpener('closed');
  } catch {
    // The next look tells.
  }
}

function isUndecided() {
  if (now.order.state === 'closing') return true;
  if (now.order.state !== 'open') return false;
  const mine = now.order.mine;
  return mine ? mine.state === 'ready' || mine.state === 'unknown' : hasOpenLeg();
}

function hasOpenLeg() {
  return now.order.legs.some((/** @type {any} */ leg) => !leg.paid);
}

function done() {
  const last = lastPurchase();
  if (last) remember(`plate:${data.code}`, JSON.stringify({ ...last, done: true }));
  tellOpener('paid');
}

/**
 * Whoever has the page within his own, or opened it, hears how it stands: a hint, for the server decides.
 * Only those pages hear it that the merchant named.
 */
function tellOpener(/** @type {'paid' | 'closed' | 'cancelled'} */ event) {
  const others = [window.parent, window.opener].filter((other) => other && other !== window);
  const around = /** @type {any} */ (window.location).ancestorOrigins?.[0];
  const origins = settings.embed_origins.filter((/** @type {string} */ origin) => !around || origin === around);
  const message = { source: 'suanpan-cashier', event, amount_fen: now.order?.amount_fen };
  for (const other of others) {
    for (const origin of origins) other.postMessage(message, origin);
  }
}

/** @param {unknown} problem */
function explain(problem) {
  if (!(problem instanceof Refused)) {
    say('network');
  } else if (problem.code === 'order_being_paid') {
    say('being_paid');
  } else if (problem.code === 'order_not_open') {
    void look().then(draw);
  } else if (problem.code === 'payer_unknown') {
    window.location.reload();
  } else if (problem.code === 'rate_limited' || problem.code === 'overloaded') {
    say('busy');
  } else {
    say('error', { code: problem.code });
  }
}

/** @param {string} key @param {Record<string, string | number>} [values] */
function say(key, values = {}) {
  now.notice = key;
  now.noticeValues = values;
}

// What is shown.

function draw() {
  document.documentElement.lang = words.language() === 'zh' ? 'zh-CN' : 'en';
  const language = /** @type {HTMLButtonElement} */ (document.getElementById('language'));
  language.hidden = false;
  language.textContent = t('other_language');
  language.onclick = () => words.setLanguage(words.language() === 'zh' ? 'en' : 'zh');
  const focused = document.activeElement?.id;
  fill(page, ...view());
  const back = focused ? document.getElementById(focused) : null;
  back?.focus();
  const state = stateName();
  if (page.dataset.state !== state) announce();
  page.dataset.state = state;
}

/** Who does not see the page hears what it has become. */
function announce() {
  const said = /** @type {HTMLElement} */ (document.getElementById('said'));
  said.textContent = page.querySelector('h2, .notice')?.textContent ?? '';
}

function stateName() {
  if (now.busy) return 'busy';
  if (!now.order) return 'plate';
  return now.order.state === 'open' && isUndecided() && following ? 'waiting' : now.order.state;
}

function view() {
  if (!now.order) return plateView();
  switch (now.order.state) {
    case 'paid':
      return paidView();
    case 'closed':
      return endedView('closed');
    case 'closing':
      return endedView('closing');
    default:
      return following ? waitingView() : orderView();
  }
}

function plateView() {
  const cannot = cannotPayHere();
  if (cannot) return cannot;
  const last = now.notice === 'just_paid';
  const fen = parseYuan(now.amount) ?? 0;
  const tip = tipFen();
  return [
    notice(last ? '' : 'bad'),
    h(
      'section',
      { class: 'card' },
      h('label', { class: 'label', for: 'amount' }, t('amount')),
      h('div', { class: 'entry' }, h('span', { 'aria-hidden': 'true' }, '¥'), amountInput()),
    ),
    settings.quick_amounts_fen.length ? quickAmounts() : null,
    settings.tips.length ? tips(fen) : null,
    settings.remark ? remarkInput() : null,
    tip ? h('p', { class: 'sum' }, h('span', {}, t('sum')), h('span', {}, formatMoney(fen + tip))) : null,
    dock(keypad(), ...payButtons(fen + tip, fen === 0)),
  ];
}

function orderView() {
  const cannot = cannotPayHere();
  const order = now.order;
  if (Date.parse(order.expires_at) < Date.now()) return endedView('expired');
  const other = order.rest_fen === 0 && !order.mine;
  const rest = order.mine && order.rest_fen === 0 ? order.mine.amount_fen : order.rest_fen;
  return [
    notice('bad'),
    h(
      'section',
      { class: 'card' },
      h('p', { class: 'label' }, t('amount_to_pay')),
      h('p', { class: 'amount', 'data-test': 'rest' }, formatMoney(rest || order.amount_fen)),
      order.description ? h('p', { class: 'label' }, order.description) : null,
      now.checkout.tip_fen
        ? h('p', { class: 'label' }, t('includes_tip', { amount: formatMoney(now.checkout.tip_fen) }))
        : null,
    ),
    legs(),
    h('p', { class: 'hint' }, t('expires', { time: clock(order.expires_at) })),
    dock(...(cannot ?? (other || now.notice === 'being_paid' ? insteadButtons() : payButtons(rest, false)))),
  ];
}

function waitingView() {
  return [
    h('p', { class: 'mark wait', 'aria-hidden': 'true' }, '…'),
    h('h2', { class: 'title' }, t('waiting')),
    h('p', { class: 'amount big' }, formatMoney(now.order.mine?.amount_fen ?? now.order.amount_fen)),
    h('p', { class: 'hint' }, t('waiting_hint')),
    dock(
      now.order.mine?.state === 'ready'
        ? h('button', { class: 'quiet', id: 'again', type: 'button', on: { click: reopen } }, t('try_again'))
        : null,
    ),
  ];
}

/** The same leg again: the app shows the same payment, which is made once. */
function reopen() {
  if (now.order.mine?.invoke) void act();
  else void pay(null);
}

function paidView() {
  const back = now.checkout.return_url;
  if (back) goBackSoon(back);
  return [
    h('p', { class: 'mark', 'aria-hidden': 'true' }, '✓'),
    h('h2', { class: 'title', 'data-test': 'paid' }, t('paid')),
    h('p', { class: 'amount big' }, formatMoney(now.order.amount_fen)),
    h('p', { class: 'hint' }, t('paid_at', { time: clock(now.order.paid_at), name: data.name })),
    now.checkout.tip_fen
      ? h('p', { class: 'hint' }, t('includes_tip', { amount: formatMoney(now.checkout.tip_fen) }))
      : null,
    now.order.legs.length > 1 ? legs() : null,
    dock(back ? h('a', { class: 'pay', href: back }, t('back_to_shop')) : null, moreButton()),
  ];
}

/** What a thumb reaches: it stays at the foot of the screen. */
function dock(/** @type {any[]} */ ...children) {
  return h('div', { class: 'dock' }, children);
}

function moreButton() {
  if (data.kind !== 'plate') return null;
  return h('button', { class: 'quiet', id: 'more', type: 'button', on: { click: startOver } }, t('pay_again'));
}

let goingBack = false;

function goBackSoon(/** @type {string} */ link) {
  if (!goingBack) setTimeout(() => window.location.assign(link), BACK_AFTER_MS);
  goingBack = true;
}

function endedView(/** @type {'closed' | 'closing' | 'expired'} */ what) {
  return [
    h('p', { class: 'mark bad', 'aria-hidden': 'true' }, '×'),
    h('h2', { class: 'title', 'data-test': what }, t(what)),
    h('p', { class: 'amount big' }, formatMoney(now.order.amount_fen)),
    h('p', { class: 'hint' }, t('closed_hint')),
    dock(moreButton()),
  ];
}

/** A new purchase, on purpose. */
function startOver() {
  forget();
  window.history.replaceState(null, '', `/q/${data.code}`);
  Object.assign(now, { code: null, order: null, leg: null, amount: '', tip: null, remark: '', notice: '' });
  draw();
}

/** What stands in the way of paying in this app, or null. */
function cannotPayHere() {
  const channels = settings.channels;
  if (!channels.length) return [h('p', { class: 'notice' }, t('nothing_open'))];
  if (app === 'desktop') return qrView(channels);
  if (app === 'phone') {
    return channels.some((/** @type {any} */ c) => c.by_browser) ? null : qrView(channels);
  }
  const own = channels.find((/** @type {any} */ c) => c.channel === app && c.in_app);
  if (!own) {
    const others = list(channels.map((/** @type {any} */ c) => t(c.channel)));
    return [h('p', { class: 'notice', 'data-test': 'not-here' }, t('not_here', { channel: t(app), others }))];
  }
  if (!data.known) {
    return [
      h('p', { class: 'notice', 'data-test': 'not-named' }, t('not_named', { channel: t(app) })),
      h('a', { class: 'pay', href: window.location.pathname }, t('try_again')),
    ];
  }
  return null;
}

function qrView(/** @type {any[]} */ channels) {
  const shown = h('div', {});
  void import('./qr.js').then(({ encodeQr, qrSvg }) => {
    const picture = qrSvg(encodeQr(data.address, 'M'), t('scan_with_phone'));
    picture.setAttribute('class', 'qr');
    shown.replaceChildren(picture);
  });
  if (now.order) void followQuietly();
  return [
    h(
      'section',
      { class: 'card' },
      h('h2', { class: 'title' }, t('scan_with_phone')),
      shown,
      h('p', { class: 'hint' }, t('scan_with', { channels: list(channels.map((c) => t(c.channel))) })),
    ),
  ];
}

let watching = false;

/** Whatever is shown goes on: what another phone does to the order is seen here, too. */
async function followQuietly() {
  if (watching) return;
  watching = true;
  while (now.order?.state === 'open' || now.order?.state === 'closing') {
    await pause(WATCH_MS);
    if (following || !now.order) continue;
    const before = now.order.state;
    await look(false);
    if (now.order.state !== before) draw();
  }
  watching = false;
}

function notice(/** @type {string} */ kind) {
  if (!now.notice) return null;
  return h(
    'p',
    { class: `notice ${now.notice === 'cancelled' ? '' : kind}`, role: 'status', 'data-test': `notice-${now.notice}` },
    t(now.notice, now.noticeValues),
  );
}

function amountInput() {
  return h('input', {
    id: 'amount',
    value: now.amount,
    inputmode: 'none',
    autocomplete: 'off',
    placeholder: '0.00',
    'aria-describedby': 'amount-hint',
    on: {
      input: (event) => {
        setAmount(event.target.value);
      },
      keydown: (event) => {
        if (event.key === 'Enter') /** @type {any} */ (document.querySelector('.pay'))?.click();
      },
    },
  });
}

/** Only what can be an amount is taken. */
function setAmount(/** @type {string} */ text) {
  const fits = text.length <= DIGITS_MAX && /^\d*(\.\d{0,2})?$/.test(text);
  if (fits && (parseYuan(text) ?? 0) <= settings.amount_fen_max) {
    now.amount = text.replace(/^0+(?=\d)/, '');
    now.notice = '';
  } else if (fits) {
    say('amount_above', { amount: formatMoney(settings.amount_fen_max) });
  }
  draw();
}

function keypad() {
  const keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '.', '0', '⌫'];
  return h(
    'div',
    { class: 'pad', role: 'group', 'aria-label': t('amount') },
    keys.map((key) =>
      h(
        'button',
        {
          type: 'button',
          id: `key-${key === '.' ? 'dot' : key === '⌫' ? 'delete' : key}`,
          'aria-label': key === '⌫' ? t('delete') : null,
          on: { click: () => setAmount(key === '⌫' ? now.amount.slice(0, -1) : now.amount + key) },
        },
        key,
      ),
    ),
  );
}

function quickAmounts() {
  return h(
    'div',
    { class: 'chips' },
    settings.quick_amounts_fen.map((/** @type {number} */ fen) =>
      h(
        'button',
        { class: 'chip', type: 'button', on: { click: () => setAmount(formatMoney(fen).replace(/[¥,]/g, '').replace(/\.00$/, '')) } },
        formatMoney(fen),
      ),
    ),
  );
}

function tips(/** @type {number} */ fen) {
  const choices = [null, ...settings.tips];
  return h(
    'fieldset',
    { class: 'chips' },
    h('legend', {}, t('tip')),
    choices.map((percent) =>
      h(
        'button',
        {
          class: 'chip',
          type: 'button',
          id: `tip-${percent ?? 'none'}`,
          'aria-pressed': String(now.tip === percent),
          on: {
            click: () => {
              now.tip = percent;
              draw();
            },
          },
        },
        percent === null ? t('no_tip') : `${percent}%${fen ? ` ${formatMoney(percentNearest(fen, percent))}` : ''}`,
      ),
    ),
  );
}

function tipFen() {
  return now.tip ? percentNearest(parseYuan(now.amount) ?? 0, now.tip) : 0;
}

function remarkInput() {
  return h('input', {
    class: 'remark',
    id: 'remark',
    value: now.remark,
    maxlength: 40,
    placeholder: t('remark'),
    'aria-label': t('remark'),
    on: {
      input: (event) => {
        now.remark = event.target.value;
      },
    },
  });
}

function payButtons(/** @type {number} */ fen, /** @type {boolean} */ wanting) {
  const amount = formatMoney(fen);
  const button = (/** @type {string | null} */ channel, /** @type {string} */ label) =>
    h(
      'button',
      {
        class: `pay ${channel ?? app}`,
        id: `pay-${channel ?? app}`,
        type: 'button',
        disabled: now.busy || wanting,
        on: { click: () => void pay(channel) },
      },
      now.busy ? t('making') : label,
    );
  if (wanting) return [button(app === 'phone' ? 'none' : null, t('amount_wanted'))];
  if (app !== 'phone') return [button(null, t('pay', { amount }))];
  const channels = settings.channels.filter((/** @type {any} */ c) => c.by_browser);
  return channels.map((/** @type {any} */ c) =>
    button(c.channel, t('pay_with', { channel: t(c.channel), amount })),
  );
}

function insteadButtons() {
  const channels = app === 'phone' ? settings.channels.filter((/** @type {any} */ c) => c.by_browser) : [null];
  return [
    now.notice === 'being_paid' ? null : h('p', { class: 'notice', 'data-test': 'being-paid' }, t('being_paid')),
    ...channels.map((/** @type {any} */ c) =>
      h(
        'button',
        {
          class: 'quiet',
          id: `instead-${c?.channel ?? app}`,
          type: 'button',
          disabled: now.busy,
          on: { click: () => void pay(c?.channel ?? null, true) },
        },
        c ? `${t('pay_instead')} · ${t(c.channel)}` : t('pay_instead'),
      ),
    ),
  ];
}

function legs() {
  if (!now.order.legs.length) return null;
  return h(
    'ul',
    { class: 'lines card' },
    now.order.legs.map((/** @type {any} */ leg) =>
      h(
        'li',
        { class: 'sum' },
        h('span', {}, `${t(leg.tender)} · ${t(leg.paid ? 'already' : 'under_way')}`),
        h('span', {}, formatMoney(leg.amount_fen)),
      ),
    ),
  );
}

// Small things.

/** @param {string[]} names */
function list(names) {
  return words.language() === 'zh' ? names.join('、') : names.join(', ');
}

/** @param {string} time RFC 3339 @returns {string} As clocks here show it. */
function clock(time) {
  return new Date(time).toLocaleTimeString('zh-CN', { hour: '2-digit', minute: '2-digit', timeZone: 'Asia/Shanghai' });
}

function hasChosenLanguage() {
  try {
    return Boolean(window.localStorage.getItem('suanpan.language'));
  } catch {
    return false;
  }
}

/** @param {'localStorage' | 'sessionStorage'} name A browser may forbid it. */
function kept(name) {
  try {
    return window[name];
  } catch {
    return null;
  }
}

/** @param {string} key @param {string} value */
function remember(key, value) {
  try {
    session?.setItem(`suanpan.${key}`, value);
  } catch {
    // A full or forbidden store: the server's own keys still hold within this page.
  }
}

/** @param {string} key */
function recall(key) {
  try {
    return session?.getItem(`suanpan.${key}`) ?? null;
  } catch {
    return null;
  }
}

function lastPurchase() {
  try {
    return JSON.parse(recall(`plate:${data.code}`) ?? 'null');
  } catch {
    return null;
  }
}

function forget() {
  try {
    session?.removeItem(`suanpan.plate:${data.code}`);
  } catch {
    // As in remember.
  }
}

document.addEventListener('keydown', (event) => {
  // A keyboard's digits are the amount's, wherever the focus is.
  const field = /** @type {HTMLInputElement | null} */ (document.getElementById('amount'));
  const elsewhere = !(event.target instanceof HTMLInputElement) && !event.ctrlKey && !event.metaKey;
  if (field && elsewhere && /^[\d.]$|^Backspace$/.test(event.key)) field.focus();
});
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && now.code && now.order?.state === 'open' && now.leg && !following) void comeBack();
});
window.addEventListener('pageshow', (event) => {
  // The browser's own copy of a page may be long out of date.
  if (event.persisted) window.location.reload();
});

begin();
