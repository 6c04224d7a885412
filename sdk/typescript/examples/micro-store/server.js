/**
 * 微店: one product, a link to it, and the payer's own browser. The shop sends him to the cashier; he comes back
 * to the order's page, which asks this server. Stock is set aside while he pays, and comes back if he does not.
 */

import { cny, isUndecided, readRawBody, verifyNotification } from '@suanpan/sdk/node';

import { Refused, platform, port, serve } from '../shared/server.js';

const PRODUCT = { zh: '龙井新茶 50 克', en: 'Longjing tea, 50 g', fen: 6800 };
const PIECES_MAX = 3;
const ASK_EVERY_MS = 1_000;

/** @typedef {{ no: string, pieces: number, payment: import('@suanpan/sdk/node').Payment, askedAt: number }} Order */

/** @type {Map<string, Order>} A shop keeps them in its database. */
const orders = new Map();
const handled = new Set();
let stock = 12;

const { suanpan, keys } = platform();

/** @param {Order} order @param {Order['payment']} payment */
function learn(order, payment) {
  const wasOpen = isUndecided(order.payment);
  order.payment = payment;
  const isLost = payment.state === 'failed' || payment.state === 'closed';
  // Once, whoever told it and however often.
  if (wasOpen && isLost) stock += order.pieces;
}

/** @param {string | undefined} no */
async function look(no) {
  const order = orders.get(no ?? '');
  if (!order) throw new Refused(404, 'there is no such order');
  if (isUndecided(order.payment) && Date.now() - order.askedAt > ASK_EVERY_MS) {
    order.askedAt = Date.now();
    learn(order, await suanpan.getPayment(order.payment.id));
  }
  return order;
}

/** @param {Order} order */
function shown({ no, pieces, payment }) {
  const { state, amount, paid_at = null, cashier_url = null } = payment;
  return { no, pieces, product: PRODUCT, total_fen: amount.total, state, paid_at, cashier_url };
}

const here = await serve({
  folder: new URL('.', import.meta.url),
  port: port(4102),
  pages: { '/order': 'index.html' },
  routes: {
    'GET /api/product': () => ({ ...PRODUCT, stock, pieces_max: Math.min(PIECES_MAX, stock) }),
    async 'POST /api/orders'({ body }) {
      const { key, pieces } = body ?? {};
      if (!/^[0-9a-f]{24}$/.test(key) || !Number.isInteger(pieces) || pieces < 1 || pieces > PIECES_MAX) {
        throw new Refused(400, 'no order');
      }
      const no = `M-${key}`;
      const known = orders.get(no);
      if (known) return shown(known);
      if (pieces > stock) throw new Refused(409, '已售罄 · Sold out');
      stock -= pieces;
      try {
        const payment = await suanpan.createPayment({
          merchant_order_no: no,
          amount: cny(PRODUCT.fen * pieces),
          description: PRODUCT.zh,
          legs: [],
          cashier: { return_url: `${here}/order?no=${no}` },
          notify_url: `${here}/notify`,
        });
        // Two taps at the same time are one order to the platform, and one to us.
        const twin = orders.get(no);
        if (twin) stock += pieces;
        else orders.set(no, { no, pieces, payment, askedAt: 0 });
        return shown(/** @type {Order} */ (orders.get(no)));
      } catch (error) {
        stock += pieces;
        throw error;
      }
    },
    'GET /api/orders/:no': async ({ params: [no] }) => shown(await look(no)),
    async 'POST /notify'(_asked, request) {
      const event = verifyNotification(request.headers, await readRawBody(request), await keys);
      const order = orders.get(event.payment.merchant_order_no);
      // Events may overtake each other: what is decided stays decided.
      if (order && !handled.has(event.id) && isUndecided(order.payment)) learn(order, event.payment);
      handled.add(event.id);
    },
  },
});
console.log(`micro store: ${here}/`);
