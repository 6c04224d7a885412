/**
 * One sale, from the confirmed amount to the receipt, as data and pure steps.
 *
 * What keeps money safe: the order number is made once and leg numbers follow from the payment; a
 * request is part of the sale, and the sale is written down before the request leaves. After silence,
 * a reload or a crash the same request is said again, and the platform gives the same answer. A
 * payer's code is never part of the sale: when it is gone, the payment is looked up by its number
 * instead, and a new code goes under the same number, so that both can never be taken.
 *
 * @typedef {import('./tenders.js').Way} Way
 * @typedef {{ total: number, currency: string }} Amount
 * @typedef {{ id: string, leg_no: number, tender: string, state: 'paying' | 'paid' | 'failed' | 'closed', amount: Amount,
 *   refunded: number, refunding: number, wallet_id?: string, reference?: string, campaign_id?: string, paid_at?: string,
 *   channel_trade_no?: string, failure_code?: string, failure_message?: string }} Leg
 * @typedef {{ id: string, merchant_order_no: string, state: 'paying' | 'paid' | 'failed' | 'closing' | 'closed', amount: Amount,
 *   refunded: number, refunding: number, description: string, created_at: string, expires_at: string, rest?: number,
 *   legs?: Leg[], channel?: string, attach?: string, terminal_id?: string, paid_at?: string, channel_trade_no?: string,
 *   failure_code?: string, failure_message?: string, cashier_url?: string, wallet_id?: string }} Payment
 * @typedef {{ way: Way, amount_fen: number, means: Record<string, unknown>, received_fen?: number }} Part
 * @typedef {{ kind: 'open' | 'leg' | 'close' | 'close_leg' | 'look', body: any, leg_no: number, part: Part | null,
 *   unanswered: number }} Request
 * @typedef {{ code: string, message: string }} Refusal
 * @typedef {{ version: 1, order_stem: string, attempt: number, amount_fen: number, tip_fen: number, description: string,
 *   attach: string, payment: Payment | null, request: Request | null, refusal: Refusal | null, stale: boolean,
 *   giving_up: boolean, cash: Record<string, { received_fen: number, change_fen: number }> }} Sale
 * @typedef {{ kind: 'pay', part: Part } | { kind: 'show_qr' } | { kind: 'end_leg', leg_no: number } | { kind: 'give_up' }
 *   | { kind: 'answered', payment: Payment } | { kind: 'refused', code: string, message: string }
 *   | { kind: 'silent' } | { kind: 'missing' } | { kind: 'seen' }} Event
 * @typedef {'tender' | 'sending' | 'waiting' | 'closing' | 'paid' | 'closed'} Phase
 * @typedef {{ method: string, path: string, body: any }} Call
 */

const CURRENCY = 'CNY';

/** Refusals that say: the payment is not as this till believes. Look before anything else is done. */
const STALE_CODES = [
  'order_no_used',
  'leg_no_used',
  'amount_above_rest',
  'order_not_open',
  'order_paid',
  'leg_not_found',
  'order_not_combined',
  'too_many_legs',
  'order_being_paid',
];

/**
 * @param {{ order_stem: string, amount_fen: number, tip_fen: number, description: string, attach: string }} given
 * @returns {Sale}
 */
export function beginSale(given) {
  return {
    version: 1,
    attempt: 1,
    payment: null,
    request: null,
    refusal: null,
    stale: false,
    giving_up: false,
    cash: {},
    ...given,
  };
}

/** @param {Sale} sale */
export function totalFen(sale) {
  return sale.amount_fen + sale.tip_fen;
}

/**
 * The order number. A number that ended without money is burnt; only then a new one is made.
 *
 * @param {Sale} sale
 */
export function orderNo(sale) {
  return sale.attempt === 1 ? sale.order_stem : `${sale.order_stem}-${sale.attempt}`;
}

/**
 * What no part has paid or is paying.
 *
 * @param {Sale} sale
 */
export function restFen(sale) {
  if (!sale.payment) return totalFen(sale);
  if (sale.payment.state !== 'paying') return 0;
  return sale.payment.legs ? (sale.payment.rest ?? 0) : 0;
}

/** @param {Sale} sale */
export function paidFen(sale) {
  if (!sale.payment) return 0;
  if (!sale.payment.legs) return sale.payment.state === 'paid' ? sale.payment.amount.total : 0;
  return sale.payment.legs
    .filter((leg) => leg.state === 'paid')
    .reduce((sum, leg) => sum + leg.amount.total, 0);
}

/**
 * @param {Sale} sale
 * @returns {Phase}
 */
export function phaseOf(sale) {
  if (sale.request) return sale.request.kind === 'close' ? 'closing' : 'sending';
  switch (sale.payment?.state) {
    case undefined:
      return 'tender';
    case 'paid':
      return 'paid';
    case 'closing':
      return 'closing';
    case 'closed':
    case 'failed':
      return 'closed';
    case 'paying':
      return restFen(sale) > 0 ? 'tender' : 'waiting';
    default:
      throw new Error('a payment is in no known state');
  }
}

/**
 * Whether it is open if money moved: then nobody may be charged again.
 *
 * @param {Sale} sale
 */
export function isUnknown(sale) {
  return sale.request !== null && sale.request.unanswered > 0;
}

/**
 * What this till must say next, or null when it waits for the cashier.
 *
 * @param {Sale} sale
 * @param {string | null} code The payer's code of the request, while it is known.
 * @returns {Call | null}
 */
export function nextCall(sale, code) {
  const { request, payment } = sale;
  if (request) return callOf(sale, request, code);
  const moves = payment && (payment.state === 'closing' || payment.state === 'paying');
  return payment && (sale.stale || moves) ? get(payment.id) : null;
}

/**
 * @param {Sale} sale
 * @param {Request} request
 * @param {string | null} code
 * @returns {Call}
 */
function callOf(sale, request, code) {
  const id = sale.payment?.id ?? '';
  const codeIsGone = request.part?.way === 'scan' && code === null;
  const find = {
    method: 'GET',
    path: `/v1/payments?merchant_order_no=${encodeURIComponent(orderNo(sale))}`,
    body: null,
  };
  switch (request.kind) {
    case 'look':
      return find;
    case 'open':
      return codeIsGone ? find : { method: 'POST', path: '/v1/payments', body: withCode(request, code) };
    case 'leg':
      return codeIsGone
        ? get(id)
        : { method: 'POST', path: `/v1/payments/${id}/legs`, body: withCode(request, code) };
    case 'close':
      return { method: 'POST', path: `/v1/payments/${id}/close`, body: null };
    case 'close_leg':
      return { method: 'POST', path: `/v1/payments/${id}/legs/${request.leg_no}/close`, body: null };
    default:
      throw new Error('a request is of no known kind');
  }
}

/** @param {string} id @returns {Call} */
function get(id) {
  return { method: 'GET', path: `/v1/payments/${id}`, body: null };
}

/**
 * @param {Request} request
 * @param {string | null} code
 */
function withCode(request, code) {
  if (request.part?.way !== 'scan') return request.body;
  if (!request.body.legs) return { ...request.body, payer_code: code };
  return { ...request.body, legs: [{ ...request.body.legs[0], payer_code: code }] };
}

/**
 * One step. What makes no sense in the sale's state changes nothing.
 *
 * @param {Sale} sale
 * @param {Event} event
 * @returns {Sale}
 */
export function step(sale, event) {
  switch (event.kind) {
    case 'pay':
      return mayPay(sale, event.part)
        ? { ...sale, refusal: null, request: requestFor(sale, event.part) }
        : sale;
    case 'show_qr':
      return sale.payment || sale.request
        ? sale
        : { ...sale, refusal: null, request: opening(sale, [], null) };
    case 'end_leg':
      return asked(sale, sale.payment?.legs ? 'close_leg' : 'close', event.leg_no);
    case 'give_up':
      return gaveUp(asked(sale, 'close', 0));
    case 'answered':
      return answered(sale, event.payment);
    case 'refused':
      return refused(sale, event);
    case 'silent':
      return sale.request
        ? { ...sale, request: { ...sale.request, unanswered: sale.request.unanswered + 1 } }
        : sale;
    case 'missing':
      return { ...sale, request: null, stale: false, refusal: { code: 'not_arrived', message: '' } };
    case 'seen':
      return { ...sale, refusal: null };
    default:
      throw new Error('an event is of no known kind');
  }
}

/**
 * @param {Sale} sale
 * @param {Part} part
 */
function mayPay(sale, part) {
  return !sale.request && !sale.stale && part.amount_fen > 0 && part.amount_fen <= restFen(sale);
}

/**
 * A part that covers everything is one payment; anything less opens an order of legs.
 *
 * @param {Sale} sale
 * @param {Part} part
 * @returns {Request}
 */
function requestFor(sale, part) {
  const leg_no = nextLegNo(sale);
  const amount = { total: part.amount_fen, currency: CURRENCY };
  if (sale.payment) {
    return { kind: 'leg', body: { leg_no, amount, ...part.means }, leg_no, part, unanswered: 0 };
  }
  if (part.amount_fen === totalFen(sale)) {
    return { kind: 'open', body: { ...orderBody(sale), ...part.means }, leg_no: 0, part, unanswered: 0 };
  }
  return opening(sale, [{ leg_no, amount, ...part.means }], part);
}

/**
 * @param {Sale} sale
 * @param {object[]} legs
 * @param {Part | null} part
 * @returns {Request}
 */
function opening(sale, legs, part) {
  return { kind: 'open', body: { ...orderBody(sale), legs }, leg_no: 1, part, unanswered: 0 };
}

/** @param {Sale} sale */
function orderBody(sale) {
  const body = {
    merchant_order_no: orderNo(sale),
    amount: { total: totalFen(sale), currency: CURRENCY },
    description: sale.description,
  };
  return sale.attach ? { ...body, attach: sale.attach } : body;
}

/**
 * Payers who pay at the order's page take numbers from the same row: the next one follows all that
 * are known, and a race is told by `leg_no_used`.
 *
 * @param {Sale} sale
 */
function nextLegNo(sale) {
  return Math.max(0, ...(sale.payment?.legs ?? []).map((leg) => leg.leg_no)) + 1;
}

/**
 * @param {Sale} sale
 * @param {'close' | 'close_leg'} kind
 * @param {number} leg_no
 * @returns {Sale}
 */
function asked(sale, kind, leg_no) {
  if (sale.request || sale.payment?.state !== 'paying') return sale;
  return { ...sale, refusal: null, request: { kind, body: null, leg_no, part: null, unanswered: 0 } };
}

/** @param {Sale} sale @returns {Sale} */
function gaveUp(sale) {
  return { ...sale, giving_up: sale.giving_up || sale.request?.kind === 'close' };
}

/**
 * @param {Sale} sale
 * @param {Payment} payment
 * @returns {Sale}
 */
function answered(sale, payment) {
  // What is about another order says nothing of this one.
  if (payment.merchant_order_no !== orderNo(sale)) return sale;
  // A payment by one means that was refused is over, without money: the next try is a new order.
  if (payment.state === 'failed' && !payment.legs) {
    const refusal = {
      code: payment.failure_code ?? 'payment_failed',
      message: payment.failure_message ?? '',
    };
    return { ...sale, payment: null, request: null, stale: false, attempt: sale.attempt + 1, refusal };
  }
  // The same for one that was ended before it was paid, unless the cashier gave the sale up.
  if (payment.state === 'closed' && !payment.legs && !sale.giving_up) {
    return {
      ...sale,
      payment: null,
      request: null,
      stale: false,
      attempt: sale.attempt + 1,
      refusal: { code: 'payment_closed', message: '' },
    };
  }
  const failed = newlyFailed(sale, payment);
  const refusal = failed
    ? { code: failed.failure_code ?? 'payment_failed', message: failed.failure_message ?? '' }
    : sale.refusal;
  const { request } = sale;
  const isAnswerOfLeg =
    request?.kind !== 'leg' ||
    Boolean(
      payment.legs?.some(
        (leg) => leg.leg_no === request.leg_no && leg.amount.total === request.part?.amount_fen,
      ),
    );
  const cash = isAnswerOfLeg ? cashOf(sale, payment) : sale.cash;
  // The code was gone and the look-up does not know the leg: it never arrived.
  const lost = isAnswerOfLeg ? refusal : { code: 'not_arrived', message: '' };
  return { ...sale, payment, request: null, stale: false, cash, refusal: lost };
}

/**
 * @param {Sale} sale
 * @param {Payment} payment
 */
function newlyFailed(sale, payment) {
  const before = new Map((sale.payment?.legs ?? []).map((leg) => [leg.leg_no, leg.state]));
  return (payment.legs ?? []).find((leg) => leg.state === 'failed' && before.get(leg.leg_no) !== 'failed');
}

/**
 * What the payer handed over in notes: the platform needs only what was kept.
 *
 * @param {Sale} sale
 * @param {Payment} payment
 */
function cashOf(sale, payment) {
  const part = sale.request?.part;
  if (!sale.request || part?.way !== 'cash' || part.received_fen === undefined) return sale.cash;
  const key = payment.legs ? String(sale.request.leg_no) : 'all';
  return {
    ...sale.cash,
    [key]: { received_fen: part.received_fen, change_fen: part.received_fen - part.amount_fen },
  };
}

/**
 * @param {Sale} sale
 * @param {{ code: string, message: string }} refusal
 * @returns {Sale}
 */
function refused(sale, { code, message }) {
  const { request } = sale;
  const said = { code, message };
  if (!request) return { ...sale, stale: false, refusal: said };
  const giving_up = request.kind === 'close' ? false : sale.giving_up;
  if (code === 'order_no_used') {
    // An earlier try of this sale did arrive, with other content: that one counts.
    return {
      ...sale,
      refusal: { code: 'earlier_try_counts', message },
      request: { ...request, kind: 'look', unanswered: 0 },
    };
  }
  const stale = sale.payment !== null && STALE_CODES.includes(code);
  return { ...sale, giving_up, request: null, refusal: said, stale };
}

/**
 * The change of all cash parts.
 *
 * @param {Sale} sale
 */
export function changeFen(sale) {
  return Object.values(sale.cash).reduce((sum, one) => sum + one.change_fen, 0);
}

/**
 * By what a payment was paid: its parts, or itself.
 *
 * @param {Payment} payment
 * @returns {{ leg_no: number, id: string | null, tender: string, state: string, amount_fen: number, refunded: number, refunding: number }[]}
 */
export function partsOf(payment) {
  if (payment.legs) {
    return payment.legs.map((leg) => ({
      leg_no: leg.leg_no,
      id: leg.id,
      tender: leg.tender,
      state: leg.state,
      amount_fen: leg.amount.total,
      refunded: leg.refunded,
      refunding: leg.refunding,
    }));
  }
  return [
    {
      leg_no: 0,
      id: null,
      tender: payment.channel ?? 'unknown',
      state: payment.state,
      amount_fen: payment.amount.total,
      refunded: payment.refunded,
      refunding: payment.refunding,
    },
  ];
}

/**
 * What goes back to the payer of an order that was given up: by hand or by its own way.
 *
 * @param {Payment} payment
 */
export function goesBack(payment) {
  return partsOf(payment).filter((part) => part.state === 'paid' || part.refunded + part.refunding > 0);
}
