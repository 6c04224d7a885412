/** The merchant API: one method per operation, by the names of its description. */

import { SuanpanError } from './errors.js';
import { Listing } from './listing.js';
import { Transport, pause } from './transport.js';
import type { Call, CallOptions, TransportOptions } from './transport.js';
import type {
  Activation,
  Cashier,
  ListQuery,
  NewActivation,
  NewLeg,
  NewPayment,
  NewRefund,
  NewShift,
  NewSignIn,
  NewTopUp,
  NewTopUpReturn,
  NewVoid,
  NewWallet,
  Notification,
  Page,
  Payment,
  PaymentsQuery,
  PublicKeys,
  Receipt,
  Refund,
  RefundsQuery,
  Shift,
  ShiftCount,
  SignedIn,
  SignedOut,
  Wallet,
} from './types.js';

/** Waits between two looks at an undecided payment, in ms; the last one is repeated. */
const LOOKS_MS = [500, 800, 1_200, 2_000, 3_000, 5_000] as const;
const DECIDED_TIMEOUT_MS = 120_000;

export interface WaitOptions extends CallOptions {
  /** How long to look; 120 s unless given. */
  untilMs?: number;
  /** Hears of each look. */
  onLook?: (payment: Payment) => void;
}

/** What an answer must say to be the answer to this question. */
type Expected = Record<string, string | undefined>;

export class Suanpan {
  readonly #transport: Transport;

  constructor(options: TransportOptions) {
    this.#transport = new Transport(options);
  }

  /**
   * Takes a payment. `paying` is no error: ask again, wait for the notification, or `waitUntilDecided`. The
   * number is the idempotency key for ever, so this is sent again by itself when the line breaks.
   */
  createPayment(payment: NewPayment, options?: CallOptions): Promise<Payment> {
    const expected = { merchant_order_no: payment.merchant_order_no };
    return this.#post('/v1/payments', { body: payment, expected, options });
  }

  getPayment(id: string, options?: CallOptions): Promise<Payment> {
    return this.#get(`/v1/payments/${part(id)}`, { expected: { id }, options });
  }

  listPayments(query: PaymentsQuery = {}, options?: CallOptions): Listing<Payment> {
    return this.#list('/v1/payments', query, options);
  }

  /** Ends a payment that is not paid; what its legs have paid goes back. */
  closePayment(id: string, options?: CallOptions): Promise<Payment> {
    return this.#post(`/v1/payments/${part(id)}/close`, { expected: { id }, options });
  }

  getReceipt(id: string, query: { width_mm?: 58 | 80 } = {}, options?: CallOptions): Promise<Receipt> {
    return this.#get(`/v1/payments/${part(id)}/receipt${queryText(query)}`, { options });
  }

  /** Adds a part to a combined payment. `leg_no` is the part's idempotency key. */
  addLeg(id: string, leg: NewLeg, options?: CallOptions): Promise<Payment> {
    return this.#post(`/v1/payments/${part(id)}/legs`, { body: leg, expected: { id }, options });
  }

  closeLeg(id: string, legNo: number, options?: CallOptions): Promise<Payment> {
    return this.#post(`/v1/payments/${part(id)}/legs/${part(String(legNo))}/close`, { expected: { id }, options });
  }

  createRefund(refund: NewRefund, options?: CallOptions): Promise<Refund> {
    const expected = { merchant_refund_no: refund.merchant_refund_no };
    return this.#post('/v1/refunds', { body: refund, expected, options });
  }

  getRefund(id: string, options?: CallOptions): Promise<Refund> {
    return this.#get(`/v1/refunds/${part(id)}`, { expected: { id }, options });
  }

  listRefunds(query: RefundsQuery = {}, options?: CallOptions): Listing<Refund> {
    return this.#list('/v1/refunds', query, options);
  }

  /** Tries a failed refund again. It has no number of its own, so a lost answer is the caller's to look into. */
  retryRefund(id: string, options?: CallOptions): Promise<Refund> {
    return this.#once(`/v1/refunds/${part(id)}/retry`, { expected: { id }, options });
  }

  createVoid(voided: NewVoid, options?: CallOptions): Promise<Refund> {
    const expected = { merchant_refund_no: voided.merchant_refund_no };
    return this.#post('/v1/voids', { body: voided, expected, options });
  }

  issueWallet(wallet: NewWallet, options?: CallOptions): Promise<Wallet> {
    return this.#post('/v1/wallets', { body: wallet, expected: { wallet_no: wallet.wallet_no }, options });
  }

  getWallet(id: string, options?: CallOptions): Promise<Wallet> {
    return this.#get(`/v1/wallets/${part(id)}`, { expected: { id }, options });
  }

  listWallets(query: ListQuery = {}, options?: CallOptions): Listing<Wallet> {
    return this.#list('/v1/wallets', query, options);
  }

  activateWallet(id: string, options?: CallOptions): Promise<Wallet> {
    return this.#once(`/v1/wallets/${part(id)}/activate`, { expected: { id }, options });
  }

  closeWallet(id: string, options?: CallOptions): Promise<Wallet> {
    return this.#once(`/v1/wallets/${part(id)}/close`, { expected: { id }, options });
  }

  topUpWallet(id: string, topUp: NewTopUp, options?: CallOptions): Promise<Payment> {
    const expected = { merchant_order_no: topUp.payment.merchant_order_no };
    return this.#post(`/v1/wallets/${part(id)}/top-ups`, { body: topUp, expected, options });
  }

  returnTopUp(id: string, back: NewTopUpReturn, options?: CallOptions): Promise<Refund> {
    const expected = { merchant_refund_no: back.merchant_refund_no };
    return this.#post(`/v1/wallets/${part(id)}/top-up-returns`, { body: back, expected, options });
  }

  /** Opens the drawer's shift. The platform answers a repeat with the shift that is open. */
  openShift(shift: NewShift, options?: CallOptions): Promise<Shift> {
    return this.#post('/v1/shifts', { body: shift, options });
  }

  getShift(id: string, options?: CallOptions): Promise<Shift> {
    return this.#get(`/v1/shifts/${part(id)}`, { expected: { id }, options });
  }

  listShifts(query: ListQuery = {}, options?: CallOptions): Listing<Shift> {
    return this.#list('/v1/shifts', query, options);
  }

  closeShift(id: string, count: ShiftCount, options?: CallOptions): Promise<Shift> {
    return this.#post(`/v1/shifts/${part(id)}/close`, { body: count, expected: { id }, options });
  }

  /** What the terminal of this key may do. */
  getCashier(options?: CallOptions): Promise<Cashier> {
    return this.#get('/v1/cashier', { options });
  }

  /** The answer's `token` is the `staffToken` of later calls. Wrong PINs are counted: never sent twice. */
  signIn(who: NewSignIn, options?: CallOptions): Promise<SignedIn> {
    return this.#once('/v1/staff/sign-in', { body: who, options });
  }

  signOut(options?: CallOptions): Promise<SignedOut> {
    return this.#once('/v1/staff/sign-out', { options });
  }

  getNotification(id: string, options?: CallOptions): Promise<Notification> {
    return this.#get(`/v1/notifications/${part(id)}`, { expected: { id }, options });
  }

  listNotifications(query: ListQuery = {}, options?: CallOptions): Listing<Notification> {
    return this.#list('/v1/notifications', query, options);
  }

  resendNotification(id: string, options?: CallOptions): Promise<Notification> {
    return this.#once(`/v1/notifications/${part(id)}/resend`, { expected: { id }, options });
  }

  /** Not signed: `PlatformKeys.fetch` compares them with pins. */
  listPlatformKeys(options?: CallOptions): Promise<PublicKeys> {
    return this.#send({ method: 'GET', target: '/platform-keys', repeatable: true, open: true }, { options });
  }

  /** Gives a terminal its key. Not signed; the same code with the same key has the same answer. */
  activateTerminal(activation: NewActivation, options?: CallOptions): Promise<Activation> {
    const call: Call = { method: 'POST', target: '/activations', body: activation, repeatable: true, open: true };
    return this.#send(call, { options });
  }

  /**
   * Looks at a payment until it is `paid`, `failed` or `closed`, or the time is over: then it is told as it
   * was seen last, so look at its `state`. A line that is down is no news.
   */
  async waitUntilDecided(payment: Payment | string, options: WaitOptions = {}): Promise<Payment> {
    const id = typeof payment === 'string' ? payment : payment.id;
    const until = performance.now() + (options.untilMs ?? DECIDED_TIMEOUT_MS);
    let seen = typeof payment === 'string' ? await this.getPayment(id, options) : payment;
    for (let looks = 0; isUndecided(seen); looks += 1) {
      const left = until - performance.now();
      if (left <= 0) break;
      await pause(Math.min(left, LOOKS_MS[Math.min(looks, LOOKS_MS.length - 1)] ?? 0), options.signal);
      seen = (await this.#look(id, options)) ?? seen;
      options.onLook?.(seen);
    }
    return seen;
  }

  async #look(id: string, options: WaitOptions): Promise<Payment | null> {
    try {
      return await this.getPayment(id, options);
    } catch (error) {
      const passing = error instanceof SuanpanError && (error.outcomeUnknown || error.status === 429);
      if (passing && error.code !== 'aborted') return null;
      throw error;
    }
  }

  #list<T>(path: string, query: ListQuery, options: CallOptions | undefined): Listing<T> {
    return new Listing<T>(query.cursor, (cursor) => {
      const asked = queryText({ ...query, ...(cursor === undefined ? {} : { cursor }) });
      return this.#get<Page<T>>(path + asked, { options });
    });
  }

  #get<T>(target: string, more: More): Promise<T> {
    return this.#send({ method: 'GET', target, repeatable: true }, more);
  }

  /** A request that has a number, or whose repeat changes nothing. */
  #post<T>(target: string, more: More): Promise<T> {
    return this.#send({ method: 'POST', target, repeatable: true }, more);
  }

  /** A request that is not sent again by itself. */
  #once<T>(target: string, more: More): Promise<T> {
    return this.#send({ method: 'POST', target, repeatable: false }, more);
  }

  async #send<T>(call: Call, more: More): Promise<T> {
    const told = await this.#transport.send(more.body ? { ...call, body: more.body } : call, more.options);
    // An answer is signed, but does not name its question: what it is about must fit.
    for (const [name, wanted] of Object.entries(more.expected ?? {})) {
      if ((told as Record<string, unknown>)[name] !== wanted) {
        const message = `the answer is about another ${name}; the outcome is not known`;
        throw new SuanpanError({ code: 'answer_mismatch', message });
      }
    }
    return told as T;
  }
}

interface More {
  body?: object;
  expected?: Expected;
  options?: CallOptions | undefined;
}

/** Whether nobody knows yet how a payment ends. */
export function isUndecided(payment: Pick<Payment, 'state'>): boolean {
  return payment.state === 'paying' || payment.state === 'closing';
}

/** A number as part of a path: nothing in it leads elsewhere. */
function part(text: string): string {
  if (!/^[\w-]{1,64}$/.test(text)) throw new TypeError('this is no number of the platform\'s');
  return text;
}

function queryText(query: object): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return text ? `?${text}` : '';
}
