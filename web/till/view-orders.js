/**
 * The latest payments of this terminal, and one of them by its number.
 */
import { fill, h } from './dom.js';
import { formatMoney } from './money.js';
import { action } from './shortcuts.js';
import { focusDefault } from './layers.js';

const PAGE = 20;

/** @typedef {import('./sale.js').Payment} Payment */

/**
 * A payment's state as the cashier reads it.
 *
 * @param {Payment} payment
 * @returns {string}
 */
export function shownState(payment) {
  if (payment.state !== 'paid') return payment.state;
  const back = payment.refunded + payment.refunding;
  if (back === 0) return 'paid';
  if (payment.refunding > 0) return 'returning';
  return back >= payment.amount.total ? 'refunded' : 'part_refunded';
}

/** @param {Payment} payment */
export function tenderOf(payment) {
  if (!payment.legs) return payment.channel ?? 'unknown';
  const paid = payment.legs.filter((leg) => leg.state === 'paid' || leg.state === 'paying');
  return paid.length === 1 ? paid[0].tender : 'combined';
}

/** @param {import('./till.js').App} app */
export function ordersView(app) {
  const { t } = app;
  /** @type {Payment[]} */
  let items = [];
  /** @type {string | null} */
  let cursor = null;
  let isOver = false;
  const list = h('ul', { class: 'rows', 'data-test': 'orders-list' });
  const state = h('p', { class: 'quiet', role: 'status', 'data-test': 'orders-state' }, t('loading'));
  const field = h('input', {
    id: 'order-search',
    'data-test': 'order-search',
    'data-scan': 'any',
    'data-key-focus': 'F3',
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: 64,
  });
  const more = action(t('more'), { key: 'F6', test: 'orders-more', click: () => void load(true) });
  more.hidden = true;

  /** A terminal's own key lists its own payments; a merchant's list is narrowed here. @param {Payment} payment */
  const isOurs = (payment) => !payment.terminal_id || payment.terminal_id === app.cashier().terminal.id;

  /** @param {boolean} isNext */
  async function load(isNext) {
    fill(state, t('loading'));
    const after = isNext && cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
    const result = await app.api.call('GET', `/v1/payments?limit=${PAGE}${after}`);
    if (isOver) return;
    if (!result.ok) {
      fill(state, app.explain(result));
      return;
    }
    const from = isNext ? items.length : 0;
    items = [...(isNext ? items : []), ...result.data.items.filter(isOurs)];
    cursor = result.data.next_cursor ?? null;
    draw(from);
  }

  async function search() {
    const number = field.value.trim();
    if (!number) {
      void load(false);
      return;
    }
    fill(state, t('loading'));
    const isId = /^pay_\w+$/.test(number);
    const path = isId
      ? `/v1/payments/${number}`
      : `/v1/payments?merchant_order_no=${encodeURIComponent(number)}`;
    const result = await app.api.call('GET', path);
    if (isOver) return;
    const found = result.ok ? (isId ? [result.data] : result.data.items) : [];
    if (found.length === 1) {
      app.go('order', { id: found[0].id });
      return;
    }
    items = found;
    cursor = null;
    draw(0);
    fill(state, result.ok || result.code === 'payment_not_found' ? t('none_found') : app.explain(result));
    field.focus();
    field.select();
  }

  /** @param {number} focusAt */
  function draw(focusAt) {
    fill(state, items.length ? '' : t('none_yet'));
    more.hidden = cursor === null;
    fill(
      list,
      items.map((payment) =>
        h(
          'li',
          {},
          h(
            'button',
            {
              type: 'button',
              class: 'row',
              'data-test': 'order-row',
              'data-id': payment.id,
              on: { click: () => app.go('order', { id: payment.id }) },
            },
            h('span', { class: 'row-time' }, app.time(payment.created_at)),
            h('span', { class: 'row-no' }, payment.merchant_order_no),
            h('span', { class: 'row-tender' }, t(tenderOf(payment))),
            h('span', { class: `state ${shownState(payment)}` }, t(`state_${shownState(payment)}`)),
            h('span', { class: 'row-amount' }, formatMoney(payment.amount.total)),
          ),
        ),
      ),
    );
    const active = document.activeElement;
    if (active === null || active === document.body || active === more || root.contains(active))
      focusRow(focusAt);
  }

  /** @param {number} at */
  function focusRow(at) {
    const rows = /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll('button.row'));
    (rows[at] ?? rows[rows.length - 1] ?? field).focus();
  }

  const aside = app.store.aside();
  const root = h(
    'section',
    { class: 'page', 'data-test': 'orders' },
    h(
      'div',
      { class: 'page-head' },
      h('h1', {}, t('orders_title')),
      action(t('refresh'), { key: 'F4', test: 'orders-refresh', click: () => void load(false) }),
    ),
    h(
      'div',
      { class: 'search', role: 'search' },
      h('label', { for: 'order-search' }, t('search'), h('kbd', { 'aria-hidden': 'true' }, 'F3')),
      field,
      h(
        'button',
        {
          type: 'button',
          class: 'button plain',
          'data-test': 'order-search-go',
          on: { click: () => void search() },
        },
        h('span', { class: 'words' }, t('search_go')),
        h('kbd', { 'aria-hidden': 'true' }, '⏎'),
      ),
    ),
    aside.length > 0 && asideList(app, aside),
    h(
      'div',
      { class: 'rows-head', 'aria-hidden': 'true' },
      ['time', 'no', 'tender', 'state', 'amount'].map((name) =>
        h('span', { class: `row-${name}` }, t(`col_${name}`)),
      ),
    ),
    list,
    state,
    more,
  );
  field.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Enter' && !event.isComposing) {
      event.preventDefault();
      void search();
    }
  });
  root.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const rows = [...list.querySelectorAll('button.row')];
    const at =
      rows.indexOf(/** @type {any} */ (document.activeElement)) + (event.key === 'ArrowDown' ? 1 : -1);
    if (at < 0) field.focus();
    else focusRow(Math.min(at, rows.length - 1));
    event.preventDefault();
  });
  void load(false).then(() => {
    if (document.activeElement === document.body) focusDefault(root);
  });
  return {
    root,
    close: () => {
      isOver = true;
    },
  };
}

/**
 * @param {import('./till.js').App} app
 * @param {import('./store.js').Aside[]} aside
 */
function asideList(app, aside) {
  const { t } = app;
  const name = (/** @type {string} */ state) =>
    state === 'paid'
      ? 'aside_state_paid'
      : ['unknown', 'paying', 'closing'].includes(state)
        ? 'aside_state_open'
        : 'aside_state_ended';
  return h(
    'section',
    { class: 'aside-list', 'aria-label': t('aside_title'), 'data-test': 'aside-list' },
    h('h2', {}, t('aside_title')),
    h(
      'ul',
      {},
      aside.map((one) =>
        h(
          'li',
          { 'data-state': one.state },
          h('span', {}, one.order_no),
          h('b', {}, formatMoney(one.amount_fen)),
          h('span', { class: `state ${one.state}` }, t(name(one.state))),
          one.payment_id &&
            h(
              'button',
              {
                type: 'button',
                class: 'button small',
                on: { click: () => app.go('order', { id: /** @type {string} */ (one.payment_id) }) },
              },
              t('aside_open'),
            ),
        ),
      ),
    ),
    action(t('aside_clear'), {
      key: 'F8',
      test: 'aside-clear',
      kind: 'small',
      click: () => {
        app.store.keepAside(app.store.aside().filter((one) => name(one.state) === 'aside_state_open'));
        app.asideChanged();
        app.go('orders');
      },
    }),
  );
}
