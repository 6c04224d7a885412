/**
 * One tender, in a dialog of its own: what it needs to know, and a key to take it.
 */
import { fill, h } from './dom.js';
import { formatMoney, formatYuan, parseYuan, shortYuan } from './money.js';
import { action } from './shortcuts.js';
import { openDialog, topDialog } from './layers.js';
import { likelyReceived } from './drawer.js';
import { looksLikeCard, meansOf } from './tenders.js';
import { phaseOf, restFen } from './sale.js';
import { encodeQr, qrSvg } from './qr.js';

/** @typedef {import('./till.js').App} App */

/** Whether this till's key may look at cards; known after the first try. */
let isBalanceOpen = true;

/**
 * @param {App} app
 * @param {import('./tenders.js').Way} way
 * @param {number} fen What is offered as the part's amount.
 * @param {boolean} isPart The cashier has typed a part's amount already.
 */
export function openTender(app, way, fen, isPart) {
  switch (way) {
    case 'scan':
      return openScan(app, fen);
    case 'qr':
      return openQr(app);
    case 'cash':
      return openCash(app, fen);
    case 'wallet':
      return openWallet(app, fen);
    case 'bank_card':
      return openBankCard(app, fen);
    case 'merchant_coupon':
      return openCoupon(app, fen, isPart);
    case 'platform_coupon':
      return openPlatformCoupon(app, fen, isPart);
    default:
      throw new Error(`no such way: ${way}`);
  }
}

/**
 * The amount of the part, at most what is left.
 *
 * @param {App} app
 * @param {number} fen
 * @param {boolean} isFirst Whether the cashier begins here.
 */
function amountField(app, fen, isFirst) {
  const input = h('input', {
    id: 'part-amount',
    'data-test': 'part-amount',
    'data-focus': isFirst,
    inputmode: 'decimal',
    autocomplete: 'off',
    class: 'big',
    value: formatYuan(fen).replace(/,/g, ''),
  });
  return {
    input,
    node: h('div', { class: 'field' }, h('label', { for: 'part-amount' }, app.t('part_amount')), input),
    /** @returns {number | null} Null when it was said what is wrong. */
    read() {
      const sale = app.desk.sale();
      const max = sale ? restFen(sale) : 0;
      const value = parseYuan(input.value);
      if (value !== null && value > 0 && value <= max) return value;
      app.toast(value ? app.t('part_above', { amount: formatMoney(max) }) : app.t('part_missing'), 'error');
      input.focus();
      input.select();
      return null;
    },
  };
}

/**
 * @param {App} app
 * @param {string} label
 * @param {string} test
 * @param {{ hint?: string, focus?: boolean, value?: string, inputmode?: string, list?: string, scan?: string }} [more]
 */
function textField(app, label, test, more = {}) {
  const input = h('input', {
    id: test,
    'data-test': test,
    'data-focus': more.focus,
    'data-scan': more.scan ?? 'any',
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    inputmode: more.inputmode ?? null,
    value: more.value ?? '',
    maxlength: 64,
    'aria-describedby': more.hint ? `${test}-hint` : null,
  });
  return {
    input,
    node: h(
      'div',
      { class: 'field' },
      h('label', { for: test }, label),
      input,
      more.hint && h('p', { class: 'hint', id: `${test}-hint` }, more.hint),
    ),
  };
}

/**
 * @param {App} app
 * @param {string} way
 * @param {string} title
 * @param {any[]} body
 * @param {string} go
 * @param {(close: () => void) => void} take
 */
function tenderDialog(app, way, title, body, go, take) {
  const sale = app.desk.sale();
  const rest = sale
    ? h('p', { class: 'dialog-rest' }, `${app.t('rest')} `, h('b', {}, formatMoney(restFen(sale))))
    : null;
  const made = openDialog({
    title,
    test: `dialog-${way}`,
    body: [rest, ...body],
    actions: [
      action(app.t('back'), { key: 'Escape', test: 'tender-back', click: () => made.close() }),
      action(go, { key: 'Enter', test: 'tender-go', kind: 'primary', click: () => take(made.close) }),
    ],
  });
  return made;
}

/** @param {App} app @param {number} fen */
function openScan(app, fen) {
  const { t } = app;
  const amount = amountField(app, fen, false);
  const code = textField(app, t('scan_field'), 'payer-code', {
    focus: true,
    inputmode: 'numeric',
    scan: 'code',
  });
  const pay = (/** @type {string} */ text) => {
    const value = amount.read();
    if (value === null || app.refusesCode(text)) return;
    code.input.value = '';
    close();
    app.desk.pay({ way: 'scan', amount_fen: value, means: {} }, text);
  };
  const { dialog, close } = tenderDialog(
    app,
    'scan',
    t('scan_title'),
    [h('p', { class: 'scan-wait', role: 'status' }, t('scan_wait')), code.node, amount.node],
    t('scan_go'),
    () => pay(code.input.value.trim()),
  );
  app.takesCode(dialog, pay);
}

/** @param {App} app @param {number} fen */
function openCash(app, fen) {
  const { t } = app;
  const amount = amountField(app, fen, false);
  const received = h('input', {
    id: 'received',
    'data-test': 'received',
    'data-focus': true,
    inputmode: 'decimal',
    autocomplete: 'off',
    class: 'big',
    'aria-describedby': 'received-hint',
  });
  const change = h('output', { class: 'change', 'data-test': 'change', for: 'received part-amount' });
  const choices = h('div', { class: 'choices' });
  const given = () =>
    received.value.trim() === '' ? parseYuan(amount.input.value) : parseYuan(received.value);
  function update() {
    const [part, sum] = [parseYuan(amount.input.value) ?? 0, given() ?? 0];
    const isShort = sum < part;
    change.className = `change ${isShort ? 'short' : ''}`;
    fill(
      change,
      h('span', {}, isShort ? t('short_by', { amount: formatMoney(part - sum) }) : t('change')),
      !isShort && h('b', {}, formatMoney(sum - part)),
    );
  }
  function offer() {
    fill(
      choices,
      likelyReceived(parseYuan(amount.input.value) ?? 0).map((sum, at) =>
        action(at === 0 ? t('exact') : shortYuan(sum), {
          key: `F${at + 1}`,
          test: `received-${at}`,
          kind: 'choice stay',
          click: () => {
            received.value = shortYuan(sum);
            update();
            received.focus();
          },
        }),
      ),
    );
  }
  received.addEventListener('input', update);
  amount.input.addEventListener('input', () => {
    offer();
    update();
  });
  offer();
  update();
  tenderDialog(
    app,
    'cash',
    t('cash_title'),
    [
      amount.node,
      h(
        'div',
        { class: 'field' },
        h('label', { for: 'received' }, t('received')),
        received,
        h('p', { class: 'hint', id: 'received-hint' }, t('received_hint')),
      ),
      choices,
      change,
    ],
    t('cash_go'),
    (close) => {
      const value = amount.read();
      const sum = given();
      if (value === null) return;
      if (sum === null || sum < value) {
        app.toast(t('short_by', { amount: formatMoney(value - (sum ?? 0)) }), 'error');
        received.focus();
        return;
      }
      close();
      app.desk.pay({ way: 'cash', amount_fen: value, means: meansOf('cash', {}), received_fen: sum }, null);
    },
  );
}

/** @param {App} app @param {number} fen */
function openWallet(app, fen) {
  const { t } = app;
  const amount = amountField(app, fen, false);
  const card = textField(app, t('wallet_id'), 'wallet-id', { focus: true, hint: t('wallet_hint') });
  const balance = h('p', { class: 'balance', role: 'status', 'data-test': 'wallet-balance' });
  let looked = '';

  /** The balance is a help only: when it cannot be had, the charge decides. @param {string} id */
  async function look(id) {
    looked = id;
    amount.input.focus();
    amount.input.select();
    if (!isBalanceOpen) return;
    const offered = amount.input.value;
    const result = await app.api.call('GET', `/v1/wallets/${encodeURIComponent(id)}`);
    if (!dialog.isConnected) return;
    if (result.ok) {
      const left = result.data.principal + result.data.gift;
      balance.textContent = t('wallet_balance', { amount: formatMoney(left) });
      // What the cashier has typed meanwhile is left alone.
      if (amount.input.value === offered && left > 0 && left < (parseYuan(offered) ?? 0)) {
        amount.input.value = formatYuan(left).replace(/,/g, '');
        amount.input.select();
      }
    } else {
      // A till's key may not be let to look at cards.
      isBalanceOpen = isBalanceOpen && result.code !== 'key_not_allowed';
      balance.textContent = ['wallet_not_found', 'offline'].includes(result.code) ? app.explain(result) : '';
    }
  }

  const { dialog } = tenderDialog(
    app,
    'wallet',
    t('wallet_title'),
    [card.node, balance, amount.node],
    t('wallet_go'),
    (close) => {
      const wallet_id = card.input.value.trim();
      if (!wallet_id) {
        app.toast(t('wallet_fill'), 'error');
        card.input.focus();
        return;
      }
      // The first Enter is the card reader's: it shows the balance. The second one charges.
      if (looked !== wallet_id) {
        void look(wallet_id);
        return;
      }
      const value = amount.read();
      if (value === null) return;
      close();
      app.desk.pay({ way: 'wallet', amount_fen: value, means: meansOf('wallet', { wallet_id }) }, null);
    },
  );
}

/** @param {App} app @param {number} fen */
function openBankCard(app, fen) {
  const { t } = app;
  const amount = amountField(app, fen, false);
  const field = textField(app, t('reference'), 'reference', { focus: true, hint: t('reference_hint') });
  tenderDialog(app, 'bank_card', t('bank_title'), [field.node, amount.node], t('bank_go'), (close) => {
    const reference = field.input.value.trim();
    const wrong = !reference ? 'reference_fill' : looksLikeCard(reference) ? 'reference_card' : null;
    if (wrong) {
      app.toast(t(wrong), 'error');
      field.input.focus();
      return;
    }
    const value = amount.read();
    if (value === null) return;
    close();
    app.desk.pay({ way: 'bank_card', amount_fen: value, means: meansOf('bank_card', { reference }) }, null);
  });
}

/** @param {App} app @param {number} fen @param {boolean} isPart */
function openCoupon(app, fen, isPart) {
  const { t } = app;
  const amount = amountField(app, fen, !isPart);
  const number = textField(app, t('coupon_number'), 'coupon-number', { focus: isPart });
  tenderDialog(
    app,
    'merchant_coupon',
    t('coupon_title'),
    [amount.node, number.node],
    t('coupon_go'),
    (close) => {
      const value = amount.read();
      if (value === null) return;
      close();
      app.desk.pay(
        {
          way: 'merchant_coupon',
          amount_fen: value,
          means: meansOf('merchant_coupon', { number: number.input.value.trim() }),
        },
        null,
      );
    },
  );
}

/** @param {App} app @param {number} fen @param {boolean} isPart */
function openPlatformCoupon(app, fen, isPart) {
  const { t } = app;
  const amount = amountField(app, fen, !isPart);
  const known = app.store.preferences().campaign_id;
  const campaign = textField(app, t('campaign'), 'campaign-id', { value: known, focus: isPart && !known });
  const number = textField(app, t('coupon_number'), 'coupon-number', { focus: isPart && Boolean(known) });
  tenderDialog(
    app,
    'platform_coupon',
    t('platform_title'),
    [amount.node, campaign.node, number.node],
    t('coupon_go'),
    (close) => {
      const campaign_id = campaign.input.value.trim();
      if (!campaign_id) {
        app.toast(t('campaign_fill'), 'error');
        campaign.input.focus();
        return;
      }
      const value = amount.read();
      if (value === null) return;
      app.store.keepPreferences({ campaign_id });
      close();
      app.desk.pay(
        {
          way: 'platform_coupon',
          amount_fen: value,
          means: meansOf('platform_coupon', { campaign_id, number: number.input.value.trim() }),
        },
        null,
      );
    },
  );
}

/** The order's page as a QR: any app pays the rest. @param {App} app */
function openQr(app) {
  const { t, desk } = app;
  const place = h('div', { class: 'qr-place', 'data-test': 'qr' });
  const sum = h('p', { class: 'big-amount', 'data-test': 'qr-amount' });
  const state = h('p', { class: 'qr-state', role: 'status' });
  let shown = '';
  desk.showQr();

  function update() {
    if (!dialog.isConnected) return false;
    const sale = desk.sale();
    const isOver =
      !sale || ['paid', 'closed', 'closing'].includes(phaseOf(sale)) || (!sale.payment && !sale.request);
    if (isOver) {
      close();
      return false;
    }
    const url = sale.payment?.cashier_url ?? '';
    const rest = formatMoney(restFen(sale));
    sum.textContent = sale.payment ? rest : '';
    if (!sale.payment) state.textContent = sale.request?.unanswered ? t('not_known_text') : t('qr_making');
    else if (!url) state.textContent = t('qr_none');
    else state.textContent = phaseOf(sale) === 'waiting' ? t('waiting') : t('qr_text');
    if (url && shown !== url) {
      shown = url;
      fill(place, qrSvg(encodeQr(url), t('qr_label', { amount: rest })));
    }
    return true;
  }

  const { dialog, close } = openDialog({
    title: t('qr_title'),
    test: 'dialog-qr',
    wide: true,
    body: [sum, place, state],
    actions: [action(t('qr_back'), { key: 'Escape', test: 'qr-back', click: () => close() })],
  });
  // A payer may show a code instead of scanning one.
  app.takesCode(dialog, (code) => {
    const sale = desk.sale();
    if (!sale || phaseOf(sale) !== 'tender' || app.refusesCode(code)) return;
    close();
    desk.pay({ way: 'scan', amount_fen: restFen(sale), means: {} }, code);
  });
  app.whileOpen(update);
  if (topDialog() === dialog) update();
}
