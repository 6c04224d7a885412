/**
 * What this device remembers: the sale in progress, sales set aside, numbers of refunds that were
 * sent, and the cashier's preferences. Never a payer's code, a PIN or a key.
 *
 * @typedef {import('./sale.js').Sale} Sale
 * @typedef {{ order_no: string, payment_id: string | null, amount_fen: number, since: string, state: string }} Aside
 * @typedef {{ number: string, kind: 'refund' | 'void', amount_fen: number, leg_id: string | null }} Return
 * @typedef {{ voice: boolean, auto_receipt: boolean, campaign_id: string, opened_by: string }} Preferences
 */

const PREFIX = 'suanpan.till.';
/** Facts of so many sales are kept for receipts that are printed again. */
const CASH_FACTS_MAX = 200;
const ASIDE_MAX = 20;
/** A sale in one of these states may still come to be paid. */
export const OPEN_STATES = ['unknown', 'paying', 'closing'];
/** @type {Preferences} */
const PREFERENCES = { voice: true, auto_receipt: false, campaign_id: '', opened_by: '' };

/** @param {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>} storage */
export function makeStore(storage) {
  /** @param {string} name @param {any} otherwise */
  function read(name, otherwise) {
    try {
      return JSON.parse(storage.getItem(PREFIX + name) ?? 'null') ?? otherwise;
    } catch {
      return otherwise;
    }
  }

  /** @param {string} name @param {any} value */
  function write(name, value) {
    if (value === null) storage.removeItem(PREFIX + name);
    else storage.setItem(PREFIX + name, JSON.stringify(value));
  }

  return {
    /** @returns {Sale | null} */
    sale() {
      const sale = read('sale', null);
      return sale?.version === 1 ? sale : null;
    },
    /** @param {Sale | null} sale Written before a request leaves: a failure to write must stop it. */
    keepSale: (sale) => write('sale', sale),
    /** Which sale's result was said aloud and printed last: once is enough, even over a reload. @returns {string} */
    told: () => read('told', ''),
    /** @param {string} order_stem */
    keepTold: (order_stem) => write('told', order_stem),
    /** @returns {Aside[]} */
    aside: () => read('aside', []),
    /** Those that have ended make room; what may still be paid is never forgotten. @param {Aside[]} list */
    keepAside(list) {
      const ended = list.filter((one) => !OPEN_STATES.includes(one.state));
      const dropped = new Set(ended.slice(0, Math.max(0, list.length - ASIDE_MAX)));
      const kept = list.filter((one) => !dropped.has(one));
      write('aside', kept.length ? kept : null);
    },
    /** @param {string} paymentId @returns {Return | null} */
    returnOf: (paymentId) => read('returns', {})[paymentId] ?? null,
    /** @param {string} paymentId @param {Return | null} one */
    keepReturn(paymentId, one) {
      const { [paymentId]: _old, ...others } = read('returns', {});
      write('returns', one ? { ...others, [paymentId]: one } : others);
    },
    /** @param {string} paymentId @returns {{ received_fen: number, change_fen: number } | null} */
    cashOf: (paymentId) =>
      read('cash', []).find((/** @type {any} */ fact) => fact.payment_id === paymentId) ?? null,
    /** @param {string} payment_id @param {{ received_fen: number, change_fen: number }} fact */
    keepCash(payment_id, fact) {
      const others = read('cash', []).filter((/** @type {any} */ one) => one.payment_id !== payment_id);
      write('cash', [...others, { payment_id, ...fact }].slice(-CASH_FACTS_MAX));
    },
    /** @returns {Preferences} */
    preferences: () => ({ ...PREFERENCES, ...read('preferences', {}) }),
    /** @param {Partial<Preferences>} some */
    keepPreferences(some) {
      write('preferences', { ...PREFERENCES, ...read('preferences', {}), ...some });
    },
  };
}
