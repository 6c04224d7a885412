/**
 * 柜台收银: an amount, then whatever the payer has: a code on his phone, cash with change, or some of each. Every
 * sale is a combined payment to which parts are added until nothing is left. This server holds the key and
 * nothing else: the sale is at the platform, so a browser that is closed in the middle loses nothing.
 */

import { cny, parseYuan } from '@suanpan/sdk/node';

import { Refused, platform, port, serve } from '../shared/server.js';

const { suanpan } = platform();

/** @param {unknown} text */
function yuan(text) {
  try {
    return parseYuan(String(text));
  } catch (error) {
    throw new Refused(400, /** @type {Error} */ (error).message);
  }
}

/** @param {import('@suanpan/sdk/node').Payment} payment */
function shown(payment) {
  const { id, state, amount, rest = 0, legs = [], cashier_url = null } = payment;
  const parts = legs.map((leg) => ({ leg_no: leg.leg_no, tender: leg.tender, state: leg.state, fen: leg.amount.total, why: leg.failure_message ?? null }));
  return { id, state, total_fen: amount.total, rest_fen: rest, parts, cashier_url };
}

/** What one part pays: what was asked for, but never more than is left. @param {number} rest @param {unknown} amount */
function share(rest, amount) {
  const fen = amount === undefined || amount === '' ? rest : yuan(amount);
  if (fen < 1 || fen > rest) throw new Refused(400, 'the part is more than what is left, or nothing');
  return fen;
}

const here = await serve({
  folder: new URL('.', import.meta.url),
  port: port(4103),
  routes: {
    async 'POST /api/sales'({ body }) {
      if (!/^[0-9a-f]{24}$/.test(body?.key)) throw new Refused(400, 'no sale');
      const fen = yuan(body.amount);
      const payment = { merchant_order_no: `R-${body.key}`, amount: cny(fen), description: '柜台收款', legs: [] };
      return shown(await suanpan.createPayment(payment));
    },
    'GET /api/sales/:id': async ({ params: [id = ''] }) => shown(await suanpan.getPayment(id)),
    /** The page numbers the parts, so that a part that is sent twice is one part. */
    async 'POST /api/sales/:id/parts'({ params: [id = ''], body }) {
      const { leg_no, payer_code, cash, amount } = body ?? {};
      const payment = await suanpan.getPayment(id);
      const known = payment.legs?.find((leg) => leg.leg_no === leg_no);
      const rest = known ? known.amount.total : (payment.rest ?? 0);
      if (cash !== undefined) {
        const given = yuan(cash);
        const fen = known ? rest : Math.min(given, share(rest, amount));
        const after = await suanpan.addLeg(id, { leg_no, amount: cny(fen), cash: {} });
        return { ...shown(after), change_fen: given - fen };
      }
      const fen = known ? rest : share(rest, amount);
      return shown(await suanpan.addLeg(id, { leg_no, amount: cny(fen), payer_code: String(payer_code) }));
    },
    'POST /api/sales/:id/parts/:no/close': async ({ params: [id = '', no] }) => shown(await suanpan.closeLeg(id, Number(no))),
    'POST /api/sales/:id/close': async ({ params: [id = ''] }) => shown(await suanpan.closePayment(id)),
    'GET /api/sales/:id/receipt': async ({ params: [id = ''] }) => suanpan.getReceipt(id),
  },
});
console.log(`counter register: ${here}/`);
