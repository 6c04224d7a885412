/**
 * What of a payment can go back, and how it is asked for. The platform decides; this keeps the
 * cashier from asking for what cannot be.
 *
 * @typedef {import('./sale.js').Payment} Payment
 * @typedef {{ leg_id: string | null, leg_no: number, tender: string, left_fen: number }} Choice
 */
import { partsOf } from './sale.js';

/** @param {Payment} payment */
export function refundableFen(payment) {
  if (payment.state !== 'paid') return 0;
  return Math.max(0, payment.amount.total - payment.refunded - payment.refunding);
}

/** @param {Payment} payment A void is of the whole payment only. */
export function isVoidable(payment) {
  return payment.state === 'paid' && payment.refunded + payment.refunding === 0;
}

/**
 * The ways to refund: everything that is left, or one part.
 *
 * @param {Payment} payment
 * @returns {Choice[]} The first is everything that is left; empty when nothing is.
 */
export function choicesOf(payment) {
  const left = refundableFen(payment);
  if (left === 0) return [];
  const all = { leg_id: null, leg_no: 0, tender: 'all', left_fen: left };
  if (!payment.legs) return [all];
  const parts = partsOf(payment)
    .filter((part) => part.state === 'paid')
    .map((part) => ({
      leg_id: part.id,
      leg_no: part.leg_no,
      tender: part.tender,
      left_fen: part.amount_fen - part.refunded - part.refunding,
    }))
    .filter((choice) => choice.left_fen > 0);
  // One part holds it all: it is named, so that less than all can go back as well.
  return parts.length === 1 && parts[0].left_fen === left ? parts : [all, ...parts];
}

/**
 * @param {Payment} payment
 * @param {Choice} choice
 * @param {number | null} fen
 * @returns {null | 'amount_missing' | 'above_refundable' | 'all_or_part'} Null when it may be asked for.
 */
export function refuseRefund(payment, choice, fen) {
  if (fen === null || fen <= 0) return 'amount_missing';
  if (fen > choice.left_fen) return 'above_refundable';
  return payment.legs && choice.leg_id === null && fen !== choice.left_fen ? 'all_or_part' : null;
}

/**
 * @param {Payment} payment
 * @param {Choice} choice
 * @param {number} fen
 * @param {string} number
 * @param {string} reason
 */
export function refundBody(payment, choice, fen, number, reason) {
  return {
    merchant_refund_no: number,
    payment_id: payment.id,
    amount: { total: fen, currency: payment.amount.currency },
    ...(choice.leg_id ? { leg_id: choice.leg_id } : {}),
    ...(reason ? { reason } : {}),
  };
}
