/**
 * Runs the sale: writes it down, says what it wants said, hears the answer, and asks again with
 * growing pauses while something is open. The rules are in `sale.js`; here are only time and network.
 *
 * @typedef {import('./sale.js').Sale} Sale
 * @typedef {import('./sale.js').Event} Event
 * @typedef {import('./store.js').Aside} Aside
 */
import { OPEN_STATES } from './store.js';
import { beginSale, nextCall, orderNo, phaseOf, step, totalFen, changeFen } from './sale.js';

/** Pauses between questions, in milliseconds; the last one repeats. */
const POLL_MS = [600, 1000, 1500, 2000, 3000, 5000];
const RETRY_MS = [500, 1000, 2000, 4000, 8000, 15_000];
/** A sign-in or a clock must be put right by somebody: no need to ask often. */
const BLOCKED_MS = 15_000;
/** A key that is not taken is tried a few times more before the till says so. */
const DOUBTED_MS = 1000;
const ASIDE_MS = 15_000;
/** A request that has not come by then never comes: three times its own timeout. */
const ARRIVES_WITHIN_MS = 60_000;
const BLOCKED_CODES = [
  'signature_invalid',
  'timestamp_out_of_window',
  'staff_signed_out',
  'authorization_malformed',
  'not_activated',
];

/**
 * @param {{ api: { call: (method: string, path: string, body?: any) => Promise<any> }, store: ReturnType<typeof import('./store.js').makeStore>,
 *   now: () => Date, newStem: () => string }} given
 */
export function makeDesk({ api, store, now, newStem }) {
  /** @type {Sale | null} */
  let sale = null;
  /** The payer's code lives here and nowhere else. @type {string | null} */
  let code = null;
  let driving = false;
  let pauses = 0;
  /** @type {(() => void) | null} */
  let wakeUp = null;
  /** @type {Set<() => void>} */
  const listeners = new Set();

  function tell() {
    for (const listener of listeners) listener();
  }

  /** @param {Sale | null} next */
  function keep(next) {
    store.keepSale(next);
    sale = next;
    tell();
  }

  /** @param {Event} event */
  function apply(event) {
    if (!sale) return;
    const before = sale;
    const next = step(before, event);
    // A code belongs to one request: with another request, or none, it is forgotten.
    if (!next.request) code = null;
    if (JSON.stringify(next) !== JSON.stringify(before)) keep(next);
    const cash = next.payment?.state === 'paid' && Object.values(next.cash);
    if (cash && cash.length && next.payment) {
      store.keepCash(next.payment.id, {
        received_fen: cash.reduce((sum, one) => sum + one.received_fen, 0),
        change_fen: changeFen(next),
      });
    }
  }

  /** @param {number} ms */
  function sleep(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      wakeUp = done;
      function done() {
        clearTimeout(timer);
        wakeUp = null;
        resolve(undefined);
      }
    });
  }

  /** Says what is to be said until the cashier's turn has come. */
  async function drive() {
    pauses = 0;
    wakeUp?.();
    if (driving) return;
    driving = true;
    try {
      for (let call = sale && nextCall(sale, code); sale && call; call = sale && nextCall(sale, code)) {
        const asked = sale.request;
        const isPoll = !asked && !sale.stale;
        if (isPoll) await sleep(POLL_MS[Math.min(pauses, POLL_MS.length - 1)]);
        // While it slept, the cashier may have asked for something else.
        if (!sale || sale.request !== asked || (isPoll && nextCall(sale, code)?.path !== call.path)) continue;
        const number = orderNo(sale);
        const result = await api.call(call.method, call.path, call.body);
        pauses += 1;
        if (!sale) return;
        // Another customer's sale has begun meanwhile: the answer is about the one before.
        if (orderNo(sale) !== number) continue;
        await hear(result, asked);
      }
    } finally {
      driving = false;
    }
  }

  /**
   * @param {any} result
   * @param {import('./sale.js').Request | null} asked What the question was for.
   */
  async function hear(result, asked) {
    // An answer to a poll that the cashier overtook says nothing about the new request.
    if (sale?.request !== asked) return;
    if (result.ok) {
      const found = result.data.items ? result.data.items[0] : result.data;
      apply(found ? { kind: 'answered', payment: found } : { kind: 'missing' });
      return;
    }
    if (result.code === 'signature_invalid') return sleep(DOUBTED_MS);
    if (BLOCKED_CODES.includes(result.code)) return sleep(BLOCKED_MS);
    if (result.kind === 'refused' && (asked || sale?.stale)) {
      apply({ kind: 'refused', code: result.code, message: result.message });
      return;
    }
    if (result.kind === 'unknown') apply({ kind: 'silent' });
    return sleep(RETRY_MS[Math.min(pauses, RETRY_MS.length - 1)]);
  }

  /** @param {Event} event */
  function act(event) {
    apply(event);
    void drive();
  }

  return {
    sale: () => sale,
    phase: () => (sale ? phaseOf(sale) : null),
    /** @param {() => void} listener */
    onChange(listener) {
      listeners.add(listener);
    },
    /** Takes up a sale that a reload or a crash interrupted. */
    resume() {
      sale = store.sale();
      tell();
      void drive();
    },
    /** @param {{ amount_fen: number, tip_fen: number, description: string, attach: string }} given */
    begin(given) {
      keep(beginSale({ order_stem: newStem(), ...given }));
    },
    /**
     * @param {import('./sale.js').Part} part
     * @param {string | null} payerCode
     */
    pay(part, payerCode) {
      if (!sale || sale.request) return;
      code = payerCode;
      act({ kind: 'pay', part });
    },
    showQr: () => act({ kind: 'show_qr' }),
    /** @param {number} leg_no */
    endLeg: (leg_no) => act({ kind: 'end_leg', leg_no }),
    giveUp() {
      // Nothing was ever sent: there is nothing to close.
      if (sale && !sale.payment && !sale.request) keep(null);
      else act({ kind: 'give_up' });
    },
    seen: () => act({ kind: 'seen' }),
    /** The sale is over, one way or the other. */
    finish() {
      code = null;
      keep(null);
      wakeUp?.();
    },
    /** The next customer does not wait for a payment that nobody knows yet. */
    setAside() {
      if (!sale) return;
      const one = {
        order_no: orderNo(sale),
        payment_id: sale.payment?.id ?? null,
        amount_fen: totalFen(sale),
        since: now().toISOString(),
        state: sale.payment?.state ?? 'unknown',
      };
      store.keepAside([...store.aside(), one]);
      this.finish();
    },
    wake: () => void drive(),
  };
}

/**
 * Asks after the sales that were set aside, until each has ended.
 *
 * @param {{ api: { call: (method: string, path: string) => Promise<any> }, store: ReturnType<typeof import('./store.js').makeStore>,
 *   told: (one: Aside) => void, changed: () => void }} given
 */
export function watchAside({ api, store, told, changed }) {
  let busy = false;
  async function look() {
    if (busy || !store.aside().some(isOpen)) return;
    busy = true;
    for (const one of store.aside().filter(isOpen)) {
      const path = one.payment_id
        ? `/v1/payments/${one.payment_id}`
        : `/v1/payments?merchant_order_no=${encodeURIComponent(one.order_no)}`;
      const result = await api.call('GET', path);
      if (!result.ok) continue;
      const found = result.data.items ? result.data.items[0] : result.data;
      // The request may still be on its way: only later does silence mean that it never came.
      const isYoung = Date.now() - Date.parse(one.since) < ARRIVES_WITHIN_MS;
      if (!found && isYoung) continue;
      const next = { ...one, payment_id: found?.id ?? null, state: found?.state ?? 'missing' };
      store.keepAside(store.aside().map((other) => (other.order_no === one.order_no ? next : other)));
      if (!isOpen(next)) told(next);
      changed();
    }
    busy = false;
  }
  setInterval(() => void look(), ASIDE_MS);
  return look;
}

/** @param {Aside} one */
export function isOpen(one) {
  return OPEN_STATES.includes(one.state);
}
