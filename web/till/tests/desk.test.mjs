/**
 * The desk with a platform that loses questions and answers: whatever is lost, one payment.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { till } from './load.mjs';

const { makeDesk } = await till('desk.js');
const { makeStore } = await till('store.js');

const CODE = '281234567890123400';

function memory() {
  const kept = new Map();
  return {
    kept,
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => kept.set(name, value),
    removeItem: (name) => kept.delete(name),
  };
}

/** A platform with one rule: an order number is taken once. */
function platform(script) {
  const payments = new Map();
  const calls = [];
  const silence = { ok: false, kind: 'unknown', code: 'offline', status: 0, message: '' };
  return {
    payments,
    calls,
    async call(method, path, body) {
      calls.push(`${method} ${path}`);
      const fate = script.shift() ?? 'heard';
      await null;
      if (fate === 'lost') return silence;
      let result;
      if (method === 'POST' && path === '/v1/payments') {
        const old = payments.get(body.merchant_order_no);
        const text = JSON.stringify(body);
        if (old && old.text !== text)
          result = { ok: false, kind: 'refused', code: 'order_no_used', status: 409, message: '' };
        else {
          const made = old ?? {
            text,
            payment: {
              id: `pay_${payments.size + 1}`,
              merchant_order_no: body.merchant_order_no,
              state: 'paid',
              amount: body.amount,
              channel: 'alipay',
              refunded: 0,
              refunding: 0,
            },
          };
          payments.set(body.merchant_order_no, made);
          result = { ok: true, data: made.payment };
        }
      } else {
        const number = new URLSearchParams(path.split('?')[1]).get('merchant_order_no');
        result = { ok: true, data: { items: payments.has(number) ? [payments.get(number).payment] : [] } };
      }
      return fate === 'unheard' ? silence : result;
    },
  };
}

function deskOf(storage, api) {
  return makeDesk({ api, store: makeStore(storage), now: () => new Date(0), newStem: () => 'A-1' });
}

function until(desk, wanted) {
  return new Promise((resolve) => {
    const look = () => {
      if (desk.phase() === wanted && !desk.sale()?.request) resolve(undefined);
    };
    desk.onChange(look);
    look();
  });
}

for (const script of [[], ['lost'], ['unheard'], ['unheard', 'lost', 'unheard']]) {
  test(`one payment when the network does: ${script.join(', ') || 'nothing wrong'}`, async () => {
    const [storage, api] = [memory(), platform([...script])];
    const desk = deskOf(storage, api);
    desk.begin({ amount_fen: 2800, tip_fen: 0, description: 'shop', attach: '' });
    desk.pay({ way: 'scan', amount_fen: 2800, means: {} }, CODE);
    await until(desk, 'paid');
    assert.equal(api.payments.size, 1);
    assert.ok(![...storage.kept.values()].some((text) => text.includes(CODE)));
  });
}

test('a crash after the request: the next start finds the payment', async () => {
  const [storage, api] = [memory(), platform([])];
  const first = deskOf(storage, {
    call: async (...asked) => {
      await api.call(...asked);
      return new Promise(() => {});
    },
  });
  first.begin({ amount_fen: 2800, tip_fen: 0, description: 'shop', attach: '' });
  first.pay({ way: 'scan', amount_fen: 2800, means: {} }, CODE);
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  const second = deskOf(storage, api);
  second.resume();
  await until(second, 'paid');
  assert.equal(api.payments.size, 1);
  assert.equal(api.calls.filter((call) => call.startsWith('POST')).length, 1);
});

test('a crash before the request: a new code goes under the same number', async () => {
  const [storage, api] = [memory(), platform([])];
  const first = deskOf(storage, { call: () => new Promise(() => {}) });
  first.begin({ amount_fen: 2800, tip_fen: 0, description: 'shop', attach: '' });
  first.pay({ way: 'scan', amount_fen: 2800, means: {} }, CODE);
  const second = deskOf(storage, api);
  second.resume();
  await until(second, 'tender');
  assert.equal(second.sale().refusal.code, 'not_arrived');
  second.pay({ way: 'cash', amount_fen: 2800, means: { cash: {} }, received_fen: 3000 }, null);
  await until(second, 'paid');
  assert.deepEqual([...api.payments.keys()], ['A-1']);
});

test('a request that cannot be written down does not leave', () => {
  const api = platform([]);
  const storage = {
    ...memory(),
    setItem() {
      throw new Error('full');
    },
  };
  const desk = deskOf(storage, api);
  assert.throws(() => desk.begin({ amount_fen: 2800, tip_fen: 0, description: 'shop', attach: '' }), /full/);
  assert.equal(api.calls.length, 0);
});

test('an answer about a sale that was set aside says nothing of the next one', async () => {
  let answer;
  const api = { call: () => new Promise((done) => (answer = done)) };
  const store = makeStore(memory());
  let stem = 0;
  const desk = makeDesk({ api, store, now: () => new Date(), newStem: () => `A-${(stem += 1)}` });
  desk.begin({ amount_fen: 9900, tip_fen: 0, description: 'a', attach: '' });
  desk.pay({ leg_no: 1, amount_fen: 9900, way: 'scan' }, CODE);
  while (!answer) await null;
  const late = answer;
  desk.setAside();
  desk.begin({ amount_fen: 100, tip_fen: 0, description: 'b', attach: '' });
  const paid = { id: 'pay_1', merchant_order_no: 'A-1', state: 'paid', amount: { total: 9900, currency: 'CNY' } };
  late({ ok: true, data: { ...paid, channel: 'alipay', refunded: 0, refunding: 0 } });
  await new Promise((done) => setTimeout(done, 20));
  assert.equal(desk.sale().payment, null);
  assert.notEqual(desk.phase(), 'paid');
});
