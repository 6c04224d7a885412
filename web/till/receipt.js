/**
 * Receipts and shift slips: on paper by the browser, or as ESC/POS bytes for a printer that the
 * device has built in.
 */
import { fill, h } from './dom.js';
import { formatMoney } from './money.js';
import { partsOf } from './sale.js';
import { readAttach } from './attach.js';

/** A roll has no pages: the page is as long as the slip, and a little more for the knife. */
const FEED_MM = 8;
const MM_PER_PX = 25.4 / 96;

/** @typedef {import('./till.js').App} App */
/** @typedef {import('./sale.js').Payment} Payment */
/** @typedef {[string, string] | null} Row */

/** What a device's own shell may offer: a printer that takes ESC/POS bytes. @returns {{ print: (base64: string) => any } | null} */
export function devicePrinter() {
  const device = /** @type {any} */ (globalThis).SuanpanDevice;
  return device && typeof device.print === 'function' ? device : null;
}

/**
 * @param {App} app
 * @param {Payment} payment
 * @param {boolean} isCopy
 */
export async function printReceipt(app, payment, isCopy) {
  const device = devicePrinter();
  if (!device) {
    printNode(receiptNode(app, payment, isCopy), width(app));
    return;
  }
  const result = await readEscpos(app, payment.id);
  if (!result.ok) {
    app.toast(app.explain(result), 'error');
    return;
  }
  try {
    await device.print(result.data.escpos_base64);
    app.toast(app.t('print_done'), 'good');
  } catch {
    app.toast(app.t('print_failed'), 'error');
  }
}

/**
 * The ESC/POS bytes as a file, for a printer that another program serves.
 *
 * @param {App} app
 * @param {Payment} payment
 */
export async function downloadEscpos(app, payment) {
  const result = await readEscpos(app, payment.id);
  if (!result.ok) {
    app.toast(app.explain(result), 'error');
    return;
  }
  const bytes = Uint8Array.from(atob(result.data.escpos_base64), (character) => character.charCodeAt(0));
  const address = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
  h('a', { href: address, download: `${payment.merchant_order_no}.bin` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** @param {App} app @param {string} id */
function readEscpos(app, id) {
  return app.api.call('GET', `/v1/payments/${id}/receipt?width_mm=${width(app)}`);
}

/** @param {App} app @returns {number} */
function width(app) {
  return app.cashier().settings.receipt.width_mm === 80 ? 80 : 58;
}

/**
 * @param {App} app
 * @param {Payment} payment
 * @param {boolean} isCopy
 */
function receiptNode(app, payment, isCopy) {
  const { t } = app;
  const cash = app.store.cashOf(payment.id);
  const { tip_fen, remark } = readAttach(payment.attach);
  const parts = partsOf(payment).filter((part) => part.state === 'paid');
  return slip(
    app,
    t('rc_title') + (isCopy ? ` (${t('rc_copy')})` : ''),
    [
      ['rc_no', payment.merchant_order_no],
      ['rc_time', app.time(payment.paid_at ?? payment.created_at, true)],
      ['rc_terminal', app.cashier().terminal.name],
      app.session.staff() ? ['rc_staff', app.session.staff()?.name ?? ''] : null,
    ],
    [...parts.map((part) => /** @type {[string, string]} */ ([part.tender, formatMoney(part.amount_fen)]))],
    ['rc_total', formatMoney(payment.amount.total)],
    [
      tip_fen ? ['rc_tip', formatMoney(tip_fen)] : null,
      cash ? ['rc_received', formatMoney(cash.received_fen)] : null,
      cash ? ['rc_change', formatMoney(cash.change_fen)] : null,
      payment.refunded ? ['rc_refunded', formatMoney(payment.refunded)] : null,
      remark ? ['rc_remark', remark] : null,
    ],
  );
}

/**
 * The slip of a shift.
 *
 * @param {App} app
 * @param {any} shift
 * @param {import('./drawer.js').TenderTotal[]} totals
 */
export function printShift(app, shift, totals) {
  const { t } = app;
  const isClosed = Boolean(shift.closed_at);
  printNode(
    slip(
      app,
      t('shift_slip'),
      [
        ['rc_terminal', app.cashier().terminal.name],
        ['shift_by', isClosed ? shift.closed_by : shift.opened_by],
        ['shift_since', app.time(shift.opened_at, true)],
        isClosed ? ['shift_closed_at', app.time(shift.closed_at, true)] : null,
      ],
      totals.map((total) => [`${t(total.tender)} ×${total.count}`, formatMoney(total.taken_fen)]),
      ['shift_expected', formatMoney(shift.expected_fen)],
      [
        ['shift_float', formatMoney(shift.float_fen)],
        ['shift_taken', formatMoney(shift.taken_fen)],
        ['shift_returned', formatMoney(shift.returned_fen)],
        isClosed ? ['shift_counted', formatMoney(shift.counted_fen)] : null,
        isClosed ? ['shift_difference', formatMoney(shift.difference_fen)] : null,
      ],
    ),
    width(app),
  );
}

/**
 * @param {App} app
 * @param {string} title
 * @param {Row[]} head
 * @param {Row[]} lines
 * @param {[string, string]} total
 * @param {Row[]} tail
 */
function slip(app, title, head, lines, total, tail) {
  const row = (/** @type {Row} */ one) =>
    one && h('div', { class: 'slip-row' }, h('span', {}, app.t(one[0])), h('span', {}, one[1]));
  const { merchant, store, settings } = app.cashier();
  return h(
    'div',
    { class: 'slip' },
    h('p', { class: 'slip-name' }, merchant.name),
    store.name !== merchant.name && h('p', { class: 'slip-store' }, store.name),
    h('p', { class: 'slip-title' }, title),
    head.map(row),
    h('hr'),
    lines.map(row),
    h('hr'),
    h('div', { class: 'slip-row slip-total' }, h('span', {}, app.t(total[0])), h('span', {}, total[1])),
    tail.map(row),
    h('p', { class: 'slip-footer' }, settings.receipt.footer ?? ''),
  );
}

/** The page's size is set through the style sheet's object: the policy knows no inline styles. @type {CSSStyleSheet | null} */
let pageSheet = null;

/**
 * @param {HTMLElement} node
 * @param {number} widthMm
 */
function printNode(node, widthMm) {
  const place = /** @type {HTMLElement} */ (document.getElementById('print'));
  place.className = `print paper-${widthMm}`;
  fill(place, node);
  const heightMm = Math.ceil(node.getBoundingClientRect().height * MM_PER_PX) + FEED_MM;
  if (!pageSheet) {
    pageSheet = new CSSStyleSheet();
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, pageSheet];
  }
  pageSheet.replaceSync(`@page { size: ${widthMm}mm ${heightMm}mm; margin: 0; }`);
  window.print();
}
