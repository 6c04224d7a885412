/**
 * One payment: what became of it, its receipt, its refund 退款 and its void 撤销.
 */
import { fill, h } from './dom.js';
import { formatMoney, formatYuan, parseYuan } from './money.js';
import { action } from './shortcuts.js';
import { keepFocus, openDialog } from './layers.js';
import { partsOf } from './sale.js';
import { choicesOf, isVoidable, refundableFen, refundBody, refuseRefund } from './refund.js';
import { downloadEscpos, printReceipt } from './receipt.js';
import { shownState } from './view-orders.js';
import { withRight } from './view-staff.js';
import { readAttach } from './attach.js';
import { giveBack } from './give-back.js';

const POLL_MS = 3000;
const REFUNDS_LISTED = 100;

/** @typedef {import('./sale.js').Payment} Payment */

/**
 * @param {import('./till.js').App} app
 * @param {{ id: string }} given
 */
export function orderView(app, { id }) {
  const { t } = app;
  const root = h(
    'section',
    { class: 'page order', 'data-test': 'order' },
    h('p', { class: 'quiet', role: 'status' }, t('loading')),
  );
  /** @type {Payment | null} */
  let payment = null;
  /** @type {any[]} */
  let refunds = [];
  let isOver = false;
  const timer = setInterval(() => {
    if (moves()) void load();
  }, POLL_MS);

  const moves = () =>
    payment !== null && (['paying', 'closing'].includes(payment.state) || payment.refunding > 0);

  async function load() {
    const [one, list] = await Promise.all([
      app.api.call('GET', `/v1/payments/${id}`),
      app.api.call('GET', `/v1/refunds?limit=${REFUNDS_LISTED}`),
    ]);
    if (isOver) return;
    if (list.ok) refunds = list.data.items.filter((/** @type {any} */ refund) => refund.payment_id === id);
    if (one.ok) payment = one.data;
    // The number of a return that was sent before a crash did arrive: the next one gets its own.
    const sent = app.store.returnOf(id);
    if (sent && refunds.some((refund) => refund.merchant_refund_no === sent.number))
      app.store.keepReturn(id, null);
    draw(one.ok ? '' : app.explain(one));
  }

  function facts() {
    const now = /** @type {Payment} */ (payment);
    const { tip_fen, remark } = readAttach(now.attach);
    const fact = (/** @type {string} */ name, /** @type {string | undefined | false} */ value) =>
      value && h('div', {}, h('dt', {}, t(name)), h('dd', {}, value));
    return h(
      'dl',
      { class: 'facts' },
      fact('order_no', now.merchant_order_no),
      fact('order_id', now.id),
      fact('order_time', app.time(now.created_at)),
      fact('order_paid_at', now.paid_at && app.time(now.paid_at)),
      fact('order_trade_no', now.channel_trade_no),
      fact('tip', tip_fen > 0 && formatMoney(tip_fen)),
      fact('remark', remark),
      fact('order_refunded', now.refunded > 0 && formatMoney(now.refunded)),
      fact('order_refunding', now.refunding > 0 && formatMoney(now.refunding)),
      fact('order_left', now.state === 'paid' && formatMoney(refundableFen(now))),
    );
  }

  function parts() {
    const now = /** @type {Payment} */ (payment);
    return h(
      'section',
      {},
      h('h2', {}, t('parts')),
      h(
        'ol',
        { class: 'parts' },
        partsOf(now).map((part) =>
          h(
            'li',
            { class: `part ${part.state}`, 'data-test': `order-part-${part.leg_no}` },
            h('span', { class: 'part-name' }, t(part.tender)),
            h('span', { class: `state ${part.state}` }, t(`state_${part.state}`)),
            h(
              'span',
              { class: 'part-amount' },
              formatMoney(part.amount_fen),
              part.refunded > 0 && h('small', {}, `${t('order_refunded')} ${formatMoney(part.refunded)}`),
            ),
          ),
        ),
      ),
    );
  }

  function refundList() {
    if (refunds.length === 0) return null;
    return h(
      'section',
      {},
      h('h2', {}, t('order_refunds')),
      h(
        'ol',
        { class: 'parts', 'data-test': 'refunds' },
        refunds.map((refund) =>
          h(
            'li',
            { class: 'part', 'data-state': refund.state },
            h('span', { class: 'part-name' }, `${t(`kind_${refund.kind}`)} ${refund.merchant_refund_no}`),
            h('span', { class: `state ${refund.state}` }, t(`rstate_${refund.state}`)),
            h(
              'span',
              { class: 'part-amount' },
              formatMoney(refund.amount.total),
              refund.failure_message && h('small', {}, refund.failure_message),
            ),
          ),
        ),
      ),
    );
  }

  /** @param {string} problem */
  function draw(problem) {
    const back = action(t('back'), { key: 'Escape', test: 'order-back', click: () => app.go('orders') });
    const again = action(t('refresh'), { key: 'F4', test: 'order-refresh', click: () => void load() });
    if (!payment) {
      fill(
        root,
        h('p', { class: 'form-state error', role: 'alert' }, problem),
        h('div', { class: 'page-actions' }, back, again),
      );
      return;
    }
    const now = payment;
    keepFocus(root, () =>
      fill(
        root,
        h(
          'div',
          { class: 'page-head' },
          h('h1', { tabindex: '-1', 'data-focus': true }, t('order_title')),
          h(
            'span',
            {
              class: `state big ${shownState(now)}`,
              'data-test': 'order-state',
              'data-state': shownState(now),
            },
            t(`state_${shownState(now)}`),
          ),
        ),
        h('p', { class: 'huge', 'data-test': 'order-amount' }, formatMoney(now.amount.total)),
        problem && h('p', { class: 'form-state error', role: 'alert' }, problem),
        h(
          'div',
          { class: 'page-actions' },
          back,
          now.state === 'paid' &&
            action(t('refund'), {
              key: 'F1',
              test: 'refund',
              kind: 'danger-plain',
              disabled: refundableFen(now) === 0,
              click: () => refund(now),
            }),
          now.state === 'paid' &&
            action(t('void'), {
              key: 'F2',
              test: 'void',
              kind: 'danger-plain',
              disabled: !isVoidable(now),
              click: () => voidAll(now),
            }),
          now.state === 'paying' &&
            action(t('order_close'), {
              key: 'F2',
              test: 'order-close',
              kind: 'danger-plain',
              click: () => void close(now),
            }),
          now.state === 'paid' &&
            action(t('print'), {
              key: 'F6',
              test: 'reprint',
              click: () => void printReceipt(app, now, true),
            }),
          now.state === 'paid' &&
            action(t('order_bin'), { key: 'F7', test: 'escpos', click: () => void downloadEscpos(app, now) }),
          again,
        ),
        facts(),
        parts(),
        refundList(),
      ),
    );
    if (document.activeElement === document.body)
      /** @type {HTMLElement | null} */ (root.querySelector('[data-focus]'))?.focus();
  }

  /** @param {Payment} now */
  async function close(now) {
    const result = await app.api.call('POST', `/v1/payments/${now.id}/close`);
    if (!result.ok) app.toast(app.explain(result), 'error');
    await load();
  }

  /** @param {Payment} now */
  function refund(now) {
    const choices = choicesOf(now);
    let choice = choices[0];
    const amount = h('input', {
      id: 'refund-amount',
      'data-test': 'refund-amount',
      'data-focus': true,
      inputmode: 'decimal',
      autocomplete: 'off',
      class: 'big',
      value: formatYuan(choice.left_fen).replace(/,/g, ''),
      on: { input: () => update() },
    });
    const reason = h('input', {
      id: 'refund-reason',
      'data-test': 'refund-reason',
      'data-scan': 'any',
      autocomplete: 'off',
      maxlength: 26,
    });
    const state = h('p', { class: 'form-state', role: 'alert', 'data-test': 'refund-problem' });
    const go = action('', { key: 'Enter', test: 'refund-go', kind: 'danger', click: () => void send() });
    const pick = (/** @type {import('./refund.js').Choice} */ one) => {
      choice = one;
      amount.value = formatYuan(one.left_fen).replace(/,/g, '');
      update();
    };
    const radios =
      choices.length > 1 &&
      h(
        'fieldset',
        { class: 'radios' },
        h('legend', {}, t('refund_which')),
        choices.map((one, at) =>
          h(
            'label',
            { class: 'radio' },
            h('input', {
              type: 'radio',
              name: 'refund-choice',
              'data-test': `refund-choice-${one.leg_no}`,
              checked: at === 0,
              on: { change: () => pick(one) },
            }),
            h('span', {}, one.leg_id ? t(one.tender) : t('refund_all')),
            h('b', {}, formatMoney(one.left_fen)),
          ),
        ),
      );

    /** @returns {string} */
    function problem() {
      const wrong = refuseRefund(now, choice, parseYuan(amount.value));
      if (wrong === 'above_refundable') return t('refund_above', { amount: formatMoney(choice.left_fen) });
      if (wrong === 'all_or_part') return t('refund_all_or_part');
      return wrong ? t('refund_missing') : '';
    }
    function update() {
      const fen = parseYuan(amount.value);
      fill(
        /** @type {Element} */ (go.querySelector('.words')),
        t('refund_go', { amount: formatMoney(fen ?? 0) }),
      );
      const wrong = problem();
      state.className = `form-state ${wrong ? 'error' : ''}`;
      fill(state, wrong);
    }
    async function send() {
      const fen = parseYuan(amount.value);
      if (problem() || fen === null) {
        update();
        amount.focus();
        return;
      }
      close();
      await askFor('refund', now, { kind: 'refund', amount_fen: fen, leg_id: choice.leg_id }, (number) =>
        refundBody(now, choice, fen, number, reason.value.trim()),
      );
    }
    const { close } = openDialog({
      title: t('refund_title'),
      test: 'refund-dialog',
      body: [
        radios,
        h('div', { class: 'field' }, h('label', { for: 'refund-amount' }, t('refund_amount')), amount),
        h('div', { class: 'field' }, h('label', { for: 'refund-reason' }, t('refund_reason')), reason),
        state,
      ],
      actions: [action(t('back'), { key: 'Escape', test: 'refund-back', click: () => close() }), go],
    });
    update();
  }

  /** @param {Payment} now */
  function voidAll(now) {
    const { close } = openDialog({
      title: t('void_title'),
      test: 'void-dialog',
      body: [h('p', { class: 'question' }, t('void_text', { amount: formatMoney(now.amount.total) }))],
      actions: [
        action(t('back'), { key: 'Escape', test: 'void-back', click: () => close() }),
        action(t('void_go', { amount: formatMoney(now.amount.total) }), {
          key: 'Enter',
          test: 'void-go',
          kind: 'danger',
          click() {
            close();
            void askFor(
              'void',
              now,
              { kind: 'void', amount_fen: now.amount.total, leg_id: null },
              (number) => ({ merchant_refund_no: number, payment_id: now.id }),
            );
          },
        }),
      ],
    });
  }

  /**
   * @param {'refund' | 'void'} right
   * @param {Payment} now
   * @param {{ kind: 'refund' | 'void', amount_fen: number, leg_id: string | null }} one
   * @param {(number: string) => any} body
   */
  async function askFor(right, now, one, body) {
    const result = await withRight(app, right, (token) => giveBack(app, now, one, body, token));
    if (result === null) return;
    if (result.ok) tellRefund(result.data, now);
    else app.toast(app.explain(result), 'error');
    await load();
  }

  /** @param {any} refund @param {Payment} now */
  function tellRefund(refund, now) {
    const amount = formatMoney(refund.amount.total);
    const kind = refund.state === 'failed' ? 'error' : refund.state === 'succeeded' ? 'good' : 'plain';
    app.toast(
      t(`refund_${refund.state}`, { amount }) + (refund.failure_message ? `: ${refund.failure_message}` : ''),
      kind,
    );
    const byHand = cashOf(refund, now);
    if (byHand > 0 && refund.state !== 'failed')
      app.toast(t('hand_back_cash', { amount: formatMoney(byHand) }), 'good');
  }

  void load();
  return {
    root,
    close: () => {
      isOver = true;
      clearInterval(timer);
    },
  };
}

/**
 * What of a refund the cashier hands back himself.
 *
 * @param {any} refund
 * @param {Payment} payment
 * @returns {number} Fen.
 */
function cashOf(refund, payment) {
  if (refund.parts)
    return refund.parts
      .filter((/** @type {any} */ part) => part.tender === 'cash')
      .reduce((/** @type {number} */ sum, /** @type {any} */ part) => sum + part.amount.total, 0);
  const paidBy = refund.leg_id
    ? payment.legs?.find((leg) => leg.id === refund.leg_id)?.tender
    : (payment.channel ?? payment.legs?.[0]?.tender);
  return paidBy === 'cash' ? refund.amount.total : 0;
}
