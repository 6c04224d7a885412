/**
 * 扫码点单: a guest scans the code on his table, orders, pays by whatever app he has, and the kitchen gets its
 * ticket when the platform says that it is paid. What the page says counts for nothing: not its prices, and
 * not that somebody paid.
 */

import { formatYuan, isUndecided, cny, readRawBody, verifyNotification } from '@suanpan/sdk/node';

import { Refused, platform, port, serve } from '../shared/server.js';

const MENU = [
  { id: 'noodles', zh: '葱油拌面', en: 'Scallion noodles', fen: 1800 },
  { id: 'dumplings', zh: '鲜肉小笼', en: 'Soup dumplings', fen: 2600 },
  { id: 'greens', zh: '清炒时蔬', en: 'Greens of the day', fen: 1600 },
  { id: 'soymilk', zh: '现磨豆浆', en: 'Soy milk', fen: 600 },
];
const PORTIONS_MAX = 20;
/** The platform is asked about one order at most so often; a notification needs no asking. */
const ASK_EVERY_MS = 1_000;

/**
 * @typedef {{ no: string, table: string, lines: { zh: string, en: string, count: number, fen: number }[], total: number,
 *   payment: import('@suanpan/sdk/node').Payment, ticket: number | null, askedAt: number }} Order
 */

/** @type {Map<string, Order>} A shop keeps them in its database. */
const orders = new Map();
/** Events that were handled: the same one may come again. */
const handled = new Set();
let tickets = 0;

const { suanpan, keys } = platform();

/** @param {any} body @returns {Pick<Order, 'no' | 'table' | 'lines' | 'total'>} */
function read(body) {
  const { key, table, items } = body ?? {};
  if (!/^[0-9a-f]{24}$/.test(key) || !/^[0-9]{1,3}$/.test(table) || !Array.isArray(items)) throw new Refused(400, 'no order');
  const lines = MENU.flatMap(({ id, ...dish }) => {
    const count = items.find((item) => item?.id === id)?.count ?? 0;
    if (!Number.isInteger(count) || count < 0 || count > PORTIONS_MAX) throw new Refused(400, 'too many portions');
    return count ? [{ ...dish, count }] : [];
  });
  const total = lines.reduce((sum, line) => sum + line.fen * line.count, 0);
  if (!total) throw new Refused(400, 'nothing was chosen');
  return { no: `T-${key}`, table, lines, total };
}

/** Whoever told, this is what follows; told twice, it follows once. @param {Order} order @param {Order['payment']} payment */
function learn(order, payment) {
  order.payment = payment;
  if (payment.state === 'paid' && order.ticket === null) {
    order.ticket = tickets += 1;
    console.log(`ticket ${order.ticket}: table ${order.table}, ¥${formatYuan(order.total)}`);
  }
}

/** @param {string | undefined} no */
function find(no) {
  const order = orders.get(no ?? '');
  if (!order) throw new Refused(404, 'there is no such order');
  return order;
}

/** @param {Order} order */
async function ask(order) {
  if (isUndecided(order.payment) && Date.now() - order.askedAt > ASK_EVERY_MS) {
    order.askedAt = Date.now();
    learn(order, await suanpan.getPayment(order.payment.id));
  }
}

/** @param {Order} order */
function shown({ no, table, lines, total, payment, ticket }) {
  return { no, table, lines, total_fen: total, state: payment.state, ticket, cashier_url: payment.cashier_url ?? null };
}

const here = await serve({
  folder: new URL('.', import.meta.url),
  port: port(4101),
  pages: { '/order': 'index.html', '/kitchen': 'index.html' },
  routes: {
    'GET /api/menu': () => MENU,
    async 'POST /api/orders'({ body }) {
      const order = read(body);
      // The key makes the number: a second tap is the same order. Other content under it is refused.
      const payment = await suanpan.createPayment({
        merchant_order_no: order.no,
        amount: cny(order.total),
        description: `${order.table} 号桌`,
        legs: [],
        cashier: { return_url: `${here}/order?no=${order.no}` },
        notify_url: `${here}/notify`,
        attach: order.lines.map((line) => `${line.zh}x${line.count}`).join(' ').slice(0, 40),
      });
      const kept = orders.get(order.no) ?? { ...order, payment, ticket: null, askedAt: 0 };
      orders.set(order.no, kept);
      learn(kept, payment);
      return shown(kept);
    },
    async 'GET /api/orders/:no'({ params: [no] }) {
      const order = find(no);
      await ask(order);
      return shown(order);
    },
    /** A guest without an app pays at the counter: what no leg has paid yet is taken in cash. */
    async 'POST /api/orders/:no/cash'({ params: [no] }) {
      const order = find(no);
      const payment = await suanpan.getPayment(order.payment.id);
      const leg_no = Math.max(0, ...(payment.legs ?? []).map((leg) => leg.leg_no)) + 1;
      if (!payment.rest) throw new Refused(409, 'nothing is left to pay');
      learn(order, await suanpan.addLeg(payment.id, { leg_no, amount: cny(payment.rest), cash: {} }));
      return shown(order);
    },
    'GET /api/kitchen': () =>
      [...orders.values()].map(shown).sort((a, b) => (b.ticket ?? Infinity) - (a.ticket ?? Infinity)),
    async 'POST /notify'(_asked, request) {
      const event = verifyNotification(request.headers, await readRawBody(request), await keys);
      const order = orders.get(event.payment.merchant_order_no);
      // Events may overtake each other: what is decided stays decided.
      if (order && !handled.has(event.id) && isUndecided(order.payment)) learn(order, event.payment);
      handled.add(event.id);
    },
  },
});
console.log(`table order: ${here}/?table=5   kitchen: ${here}/kitchen`);
