/**
 * The cash drawer: notes and coins to a sum, and the totals of a shift 班次.
 *
 * @typedef {{ tender: string, count: number, taken_fen: number, returned_fen: number }} TenderTotal
 */
import { partsOf } from './sale.js';

/** Notes and coins, in fen, the largest first. */
export const DENOMINATIONS_FEN = [10000, 5000, 2000, 1000, 500, 100, 50, 10];

/**
 * @param {readonly number[]} counts How many of each, in the same order.
 * @returns {number} Fen.
 */
export function countedFen(counts) {
  return DENOMINATIONS_FEN.reduce((sum, fen, at) => sum + fen * (counts[at] ?? 0), 0);
}

/**
 * Sums that a payer is likely to hand over for an amount: itself, and the next round ones.
 *
 * @param {number} fen
 * @returns {number[]}
 */
export function likelyReceived(fen) {
  const sums = new Set([fen]);
  for (const note of [100, 500, 1000, 2000, 5000, 10000]) sums.add(Math.ceil(fen / note) * note);
  return [...sums].sort((a, b) => a - b).slice(0, 5);
}

/**
 * @param {import('./sale.js').Payment[]} payments
 * @param {string} since RFC 3339.
 * @param {string | null} until
 * @returns {TenderTotal[]} By tender, in the order of appearance.
 */
export function totalsByTender(payments, since, until) {
  /** @type {Map<string, TenderTotal>} */
  const totals = new Map();
  const [from, to] = [Date.parse(since), until ? Date.parse(until) : Infinity];
  for (const payment of payments) {
    const at = Date.parse(payment.paid_at ?? payment.created_at);
    if (payment.state !== 'paid' || at < from || at > to) continue;
    for (const part of partsOf(payment)) {
      if (part.state !== 'paid') continue;
      const total = totals.get(part.tender) ?? {
        tender: part.tender,
        count: 0,
        taken_fen: 0,
        returned_fen: 0,
      };
      totals.set(part.tender, {
        ...total,
        count: total.count + 1,
        taken_fen: total.taken_fen + part.amount_fen,
        returned_fen: total.returned_fen + part.refunded,
      });
    }
  }
  return [...totals.values()];
}
