/** The guest's page, his order's page and the kitchen's, by the path. */

import { isPhone, openCashier } from '/sdk/cashier.js';
import { formatYuan } from '/sdk/money.js';
import { ask, byId, h, pause, purchaseKey } from '/shop.js';

const LOOK_MS = 1_500;
const page = byId('page');
const query = new URLSearchParams(location.search);
const table = query.get('table') ?? '5';

if (location.pathname === '/kitchen') void kitchen();
else if (location.pathname === '/order') void order(query.get('no') ?? '');
else void menu();

async function menu() {
  byId('place').textContent = `${table} 号桌 · Table ${table}`;
  const dishes = await ask('/api/menu');
  /** @type {Record<string, number>} */
  const counts = {};
  const sum = h('span', { class: 'price big' });
  const send = h('button', { class: 'wide', id: 'send', onclick: () => void buy() }, '下单并付款 · Order and pay');
  const change = (/** @type {any} */ dish, /** @type {number} */ by, /** @type {HTMLElement} */ shown) => {
    counts[dish.id] = Math.max(0, Math.min(20, (counts[dish.id] ?? 0) + by));
    shown.textContent = String(counts[dish.id]);
    total();
  };
  const total = () => {
    const fen = dishes.reduce((/** @type {number} */ all, /** @type {any} */ dish) => all + dish.fen * (counts[dish.id] ?? 0), 0);
    sum.textContent = `¥${formatYuan(fen)}`;
    send.disabled = fen === 0;
  };
  const buy = async () => {
    send.disabled = true;
    const items = Object.entries(counts).map(([id, count]) => ({ id, count }));
    // Another cart is another order: the number belongs to what is in it.
    const key = purchaseKey(`${table}:${JSON.stringify(items)}`);
    try {
      const made = await ask('/api/orders', { key, table, items });
      sessionStorage.removeItem(`${table}:${JSON.stringify(items)}`);
      pay(made);
    } catch (error) {
      say(error);
      send.disabled = false;
    }
  };
  page.replaceChildren(
    h('section', { class: 'card' }, dishes.map((/** @type {any} */ dish) => {
      const shown = h('output', {}, '0');
      return h('div', { class: 'row' },
        h('span', {}, dish.zh, ' ', h('span', { class: 'soft' }, dish.en), h('br'), h('span', { class: 'price soft' }, `¥${formatYuan(dish.fen)}`)),
        h('span', { class: 'count' },
          h('button', { class: 'step quiet', 'aria-label': `减 ${dish.zh}`, onclick: () => change(dish, -1, shown) }, '−'),
          shown,
          h('button', { class: 'step', 'aria-label': `加 ${dish.zh}`, onclick: () => change(dish, 1, shown) }, '+')));
    })),
    h('section', { class: 'card' }, h('div', { class: 'row' }, '合计 · Total', sum), send),
  );
  total();
}

/** A phone goes to the cashier and comes back by itself; elsewhere the cashier shows a code for a phone. */
function pay(/** @type {any} */ made) {
  if (!made.cashier_url) return location.assign(`/order?no=${made.no}`);
  const mode = isPhone() ? 'redirect' : 'window';
  openCashier(made.cashier_url, { mode });
  if (mode === 'window') location.assign(`/order?no=${made.no}`);
}

/** The order's page asks the shop's own server, which knows from the platform. */
async function order(/** @type {string} */ no) {
  for (;;) {
    const told = await ask(`/api/orders/${encodeURIComponent(no)}`).catch((/** @type {Error} */ error) => void say(error));
    if (told) {
      byId('place').textContent = `${told.table} 号桌 · Table ${told.table}`;
      page.replaceChildren(head(told), lines(told), ...(told.state === 'paying' ? [ways(told)] : []));
      if (told.state !== 'paying' && told.state !== 'closing') return;
    }
    await pause(LOOK_MS);
  }
}

function head(/** @type {any} */ told) {
  if (told.ticket) return h('section', { class: 'card' }, h('h2', { class: 'done', id: 'ticket' }, `已付款 · Paid — 小票 ${told.ticket}`), '厨房已收到。The kitchen has it.');
  if (told.state === 'paying') return h('section', { class: 'card' }, h('h2', {}, '等待付款 · Waiting for payment'));
  return h('section', { class: 'card' }, h('h2', {}, '未付款 · Not paid'), h('a', { class: 'button', href: `/?table=${told.table}` }, '重新点单 · Order again'));
}

function lines(/** @type {any} */ told) {
  return h('section', { class: 'card' },
    told.lines.map((/** @type {any} */ line) => h('div', { class: 'row' }, h('span', {}, `${line.zh} × ${line.count}`), h('span', { class: 'price' }, `¥${formatYuan(line.fen * line.count)}`))),
    h('div', { class: 'row' }, '合计 · Total', h('span', { class: 'price' }, `¥${formatYuan(told.total_fen)}`)));
}

function ways(/** @type {any} */ told) {
  return h('section', { class: 'card' }, h('a', { class: 'button wide', href: told.cashier_url, target: isPhone() ? null : '_blank' }, '去付款 · Pay'));
}

async function kitchen() {
  byId('place').textContent = '厨房 · Kitchen';
  for (;;) {
    const all = await ask('/api/kitchen').catch((/** @type {Error} */ error) => void say(error));
    if (all) {
      page.replaceChildren(...(all.length ? all.map(ticket) : [h('p', { class: 'soft' }, '还没有订单 · No orders yet')]));
    }
    await pause(LOOK_MS);
  }
}

function ticket(/** @type {any} */ told) {
  const paid = told.ticket !== null;
  const cash = () => void ask(`/api/orders/${told.no}/cash`, {}).catch(say);
  return h('section', { class: paid ? 'card ticket' : 'card ticket waiting' },
    h('h2', {}, paid ? `小票 ${told.ticket} · ${told.table} 号桌` : `${told.table} 号桌 · ${told.state === 'paying' ? '未付款 unpaid' : '已取消 ended'}`),
    told.lines.map((/** @type {any} */ line) => h('div', { class: 'row' }, h('span', {}, line.zh, ' ', h('span', { class: 'soft' }, line.en)), h('strong', {}, `× ${line.count}`))),
    told.state === 'paying' ? h('button', { class: 'quiet', onclick: cash }, `柜台收现金 · Take ¥${formatYuan(told.total_fen)} in cash`) : null);
}

function say(/** @type {any} */ error) {
  byId('said').textContent = error.message;
}
