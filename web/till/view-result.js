/**
 * How a sale ended: paid, or given up with what goes back.
 */
import { h } from './dom.js';
import { formatMoney } from './money.js';
import { action } from './shortcuts.js';
import { changeFen, goesBack, partsOf, totalFen } from './sale.js';
import { printReceipt } from './receipt.js';

/** @typedef {import('./sale.js').Sale} Sale */

/**
 * @param {import('./till.js').App} app
 * @param {Sale} sale
 * @param {() => void} next
 */
export function paidView(app, sale, next) {
  const { t } = app;
  const payment = /** @type {import('./sale.js').Payment} */ (sale.payment);
  const hasCash = Object.keys(sale.cash).length > 0;
  const parts = partsOf(payment).filter((part) => part.state === 'paid');
  return h(
    'section',
    { class: 'result good', 'data-test': 'result-paid' },
    h('div', { class: 'mark', 'aria-hidden': 'true' }, '✓'),
    h(
      'div',
      { role: 'status' },
      h('h1', {}, t('paid_title')),
      h('p', { class: 'huge', 'data-test': 'paid-amount' }, formatMoney(totalFen(sale))),
      sale.tip_fen > 0 && h('p', { class: 'quiet' }, t('with_tip', { tip: formatMoney(sale.tip_fen) })),
      hasCash &&
        h(
          'p',
          { class: 'change-due', 'data-test': 'change-due' },
          `${t('change_due')} `,
          h('b', {}, formatMoney(changeFen(sale))),
        ),
    ),
    h(
      'ul',
      { class: 'result-parts', 'data-test': 'result-parts' },
      parts.map((part) =>
        h('li', {}, h('span', {}, t(part.tender)), h('span', {}, formatMoney(part.amount_fen))),
      ),
    ),
    h('p', { class: 'quiet' }, `${t('order_no')} ${payment.merchant_order_no}`),
    h(
      'div',
      { class: 'result-actions' },
      action(t('print'), {
        key: 'Alt+P',
        test: 'print',
        click: () => void printReceipt(app, payment, false),
      }),
      action(t('next_sale'), { key: 'Enter', test: 'next-sale', kind: 'primary', click: next }),
    ),
  );
}

/**
 * @param {import('./till.js').App} app
 * @param {Sale} sale
 * @param {() => void} next
 */
export function closedView(app, sale, next) {
  const { t } = app;
  const back = sale.payment ? goesBack(sale.payment) : [];
  return h(
    'section',
    { class: 'result', 'data-test': 'result-closed' },
    h('div', { class: 'mark grey', 'aria-hidden': 'true' }, '↩'),
    h(
      'div',
      { role: 'status' },
      h('h1', {}, t('closed_title')),
      h('p', {}, t(back.length ? 'closed_back' : 'closed_none')),
    ),
    back.length > 0 &&
      h(
        'ul',
        { class: 'result-parts', 'data-test': 'goes-back' },
        back.map((part) =>
          h(
            'li',
            { class: part.tender === 'cash' ? 'by-hand' : '' },
            h(
              'span',
              {},
              t(part.tender),
              h('small', {}, t(part.tender === 'cash' ? 'hand_back' : 'goes_own_way')),
            ),
            h('span', {}, formatMoney(part.amount_fen)),
          ),
        ),
      ),
    h(
      'div',
      { class: 'result-actions' },
      action(t('next_sale'), { key: 'Enter', test: 'next-sale', kind: 'primary', click: next }),
    ),
  );
}
