/**
 * Sends a refund or a void so that it happens once. The number is made and written down before the
 * request leaves; until the platform has answered, the same payment's return goes under that number.
 */
import { newStem } from './numbers.js';

const TRIES_MAX = 8;
const PAUSE_MS = [500, 1000, 2000, 4000, 8000];

/**
 * @param {import('./till.js').App} app
 * @param {import('./sale.js').Payment} payment
 * @param {{ kind: 'refund' | 'void', amount_fen: number, leg_id: string | null }} one
 * @param {(number: string) => any} bodyOf
 * @param {string} [token] A supervisor's, for this act.
 * @returns {Promise<any>}
 */
export async function giveBack(app, payment, one, bodyOf, token) {
  const kept = app.store.returnOf(payment.id);
  const number = kept?.number ?? `R-${newStem(app.cashier().terminal.id, app.now(), app.random)}`;
  app.store.keepReturn(payment.id, { number, ...one });
  const body = bodyOf(number);
  const path = one.kind === 'void' ? '/v1/voids' : '/v1/refunds';
  const said = app.hold(app.t('refund_doing'));
  try {
    for (let tries = 0; ; tries += 1) {
      const result = await app.api.call('POST', path, body, token ? { staff: token } : {});
      if (result.ok || result.kind === 'refused') return await settled(app, payment, number, result);
      if (tries + 1 >= TRIES_MAX) return result;
      if (result.kind === 'unknown') said.words(app.t('refund_unknown'));
      await new Promise((resolve) => {
        setTimeout(resolve, PAUSE_MS[Math.min(tries, PAUSE_MS.length - 1)]);
      });
    }
  } finally {
    said.end();
  }
}

/**
 * An answer ends the number's life, except where an earlier try holds it with other content.
 *
 * @param {import('./till.js').App} app
 * @param {import('./sale.js').Payment} payment
 * @param {string} number
 * @param {any} result
 */
async function settled(app, payment, number, result) {
  // Who asked was refused, which says nothing of an earlier try: the same number serves again.
  if (!result.ok && (result.status === 401 || result.code === 'staff_right_missing')) return result;
  if (result.ok || result.code !== 'refund_no_used') {
    app.store.keepReturn(payment.id, null);
    return result;
  }
  const found = await app.api.call('GET', `/v1/refunds?merchant_refund_no=${encodeURIComponent(number)}`);
  if (!found.ok || !found.data.items[0]) return result;
  app.store.keepReturn(payment.id, null);
  app.toast(app.t('refund_earlier'), 'plain');
  return { ok: true, data: found.data.items[0] };
}
