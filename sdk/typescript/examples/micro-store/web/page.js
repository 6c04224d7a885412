/** The product's page, and the order's page that the payer comes back to. */

import { openCashier } from '/sdk/cashier.js';
import { formatYuan } from '/sdk/money.js';
import { ask, byId, h, pause, purchaseKey } from '/shop.js';

const LOOK_MS = 1_500;
const page = byId('page');
const no = new URLSearchParams(location.search).get('no');

if (location.pathname === '/order') void order(no ?? '');
else void product();

async function product() {
  const told = await ask('/api/product');
  let pieces = 1;
  const choose = (/** @type {number} */ count) => {
    pieces = count;
    draw();
  };
  const draw = () => {
    const choices = Array.from({ length: told.pieces_max }, (_, at) => at + 1);
    page.replaceChildren(
      h('section', { class: 'card' },
        h('div', { class: 'picture', 'aria-hidden': 'true' }, '茶'),
        h('h2', {}, told.zh, ' ', h('span', { class: 'soft' }, told.en)),
        h('p', { class: 'price big' }, `¥${formatYuan(told.fen * pieces)}`),
        h('div', { class: 'pieces', role: 'group', 'aria-label': '数量 · Pieces' },
          choices.map((count) => h('button', { 'aria-pressed': String(count === pieces), onclick: () => choose(count) }, String(count)))),
        h('p', { class: 'soft' }, `库存 ${told.stock} · ${told.stock} in stock`),
        h('button', { class: 'wide', id: 'buy', disabled: !told.pieces_max, onclick: () => void buy() }, '立即购买 · Buy now')));
  };
  const buy = async () => {
    byId('buy').disabled = true;
    const name = `pieces:${pieces}`;
    try {
      const made = await ask('/api/orders', { key: purchaseKey(name), pieces });
      sessionStorage.removeItem(name);
      if (made.cashier_url) openCashier(made.cashier_url, { mode: 'redirect' });
      else location.assign(`/order?no=${made.no}`);
    } catch (error) {
      byId('said').textContent = /** @type {Error} */ (error).message;
      byId('buy').disabled = false;
    }
  };
  draw();
}

/** That he came back proves nothing: the shop's server knows from the platform. */
async function order(/** @type {string} */ number) {
  for (;;) {
    const told = await ask(`/api/orders/${encodeURIComponent(number)}`).catch((/** @type {Error} */ error) => {
      byId('said').textContent = error.message;
      return null;
    });
    if (!told) return;
    page.replaceChildren(show(told));
    if (told.state !== 'paying' && told.state !== 'closing') return;
    await pause(LOOK_MS);
  }
}

function show(/** @type {any} */ told) {
  const sum = h('p', { class: 'price big' }, `¥${formatYuan(told.total_fen)}`);
  const what = h('p', { class: 'soft' }, `${told.product.zh} × ${told.pieces} · ${told.no}`);
  if (told.state === 'paid') {
    return h('section', { class: 'card' }, h('h2', { class: 'done', id: 'paid' }, '已付款，今天发货 · Paid, ships today'), sum, what);
  }
  if (told.state === 'paying') {
    return h('section', { class: 'card' }, h('h2', {}, '等待付款 · Waiting for payment'), sum, what,
      h('a', { class: 'button wide', href: told.cashier_url }, '继续付款 · Go on paying'));
  }
  return h('section', { class: 'card' }, h('h2', {}, '未付款，订单已取消 · Not paid, cancelled'), what,
    h('a', { class: 'button wide', href: '/' }, '返回商店 · Back to the shop'));
}
