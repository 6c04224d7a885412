/**
 * The sale as a table of what happens and what becomes of it. The point of most cases: nothing is
 * charged twice, and no number is left behind while money may have moved under it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { till } from './load.mjs';

const { beginSale, step, nextCall, phaseOf, restFen, paidFen, changeFen, orderNo, isUnknown, goesBack } =
  await till('sale.js');

const CODE = '281234567890123400';
const begin = (amount_fen = 10000, tip_fen = 0) =>
  beginSale({ order_stem: 'A-1', amount_fen, tip_fen, description: 'shop', attach: '' });
const scan = (amount_fen) => ({ way: 'scan', amount_fen, means: {} });
const cash = (amount_fen, received_fen = amount_fen) => ({
  way: 'cash',
  amount_fen,
  means: { cash: {} },
  received_fen,
});
const amount = (total) => ({ total, currency: 'CNY' });
const leg = (leg_no, tender, state, total) => ({
  id: `leg_${leg_no}`,
  leg_no,
  tender,
  state,
  amount: amount(total),
  refunded: 0,
  refunding: 0,
});
const single = (state, total = 10000, more = {}) => ({
  id: 'pay_1',
  merchant_order_no: 'A-1',
  state,
  amount: amount(total),
  refunded: 0,
  refunding: 0,
  channel: 'alipay',
  ...more,
});

function combined(state, legs, total = 10000) {
  const taken = legs
    .filter((one) => ['paid', 'paying'].includes(one.state))
    .reduce((sum, one) => sum + one.amount.total, 0);
  return { ...single(state, total), channel: undefined, legs, rest: total - taken };
}

/** Plays events one after the other. */
const play = (sale, ...events) => events.reduce(step, sale);
const answered = (payment) => ({ kind: 'answered', payment });

test('one tender for all is one payment, and less opens an order of legs', () => {
  const all = nextCall(play(begin(), { kind: 'pay', part: scan(10000) }), CODE);
  assert.deepEqual(all, {
    method: 'POST',
    path: '/v1/payments',
    body: { merchant_order_no: 'A-1', amount: amount(10000), description: 'shop', payer_code: CODE },
  });
  const part = nextCall(play(begin(), { kind: 'pay', part: scan(5000) }), CODE);
  assert.deepEqual(part.body.legs, [{ leg_no: 1, amount: amount(5000), payer_code: CODE }]);
  const qr = nextCall(play(begin(), { kind: 'show_qr' }), null);
  assert.deepEqual(qr.body.legs, []);
  const tip = nextCall(play(begin(10000, 500), { kind: 'pay', part: cash(10500) }), null);
  assert.equal(tip.body.amount.total, 10500);
});

test('a part is never above the rest, and never beside a request that is open', () => {
  const sale = begin();
  assert.equal(play(sale, { kind: 'pay', part: scan(10001) }), sale);
  assert.equal(play(sale, { kind: 'pay', part: scan(0) }), sale);
  const sending = play(sale, { kind: 'pay', part: scan(10000) });
  assert.equal(play(sending, { kind: 'pay', part: cash(10000) }), sending);
  assert.deepEqual(play(sending, { kind: 'give_up' }), sending);
  assert.equal(play(sending, { kind: 'show_qr' }), sending);
});

test('five tenders for one order, each with the next number', () => {
  const legs = [
    leg(1, 'alipay', 'paid', 5000),
    leg(2, 'wechat', 'paid', 3000),
    leg(3, 'wallet', 'paid', 1000),
    leg(4, 'cash', 'paid', 500),
    leg(5, 'merchant_coupon', 'paid', 500),
  ];
  let sale = begin();
  legs.forEach((one, at) => {
    sale = play(sale, {
      kind: 'pay',
      part:
        one.tender === 'cash'
          ? cash(500, 1000)
          : { way: 'wallet', amount_fen: one.amount.total, means: { wallet: { wallet_id: 'w' } } },
    });
    const call = nextCall(sale, null);
    assert.equal(call.path, at === 0 ? '/v1/payments' : '/v1/payments/pay_1/legs');
    assert.equal((at === 0 ? call.body.legs[0] : call.body).leg_no, at + 1);
    sale = play(sale, answered(combined(at === 4 ? 'paid' : 'paying', legs.slice(0, at + 1))));
    assert.equal(
      restFen(sale),
      at === 4 ? 0 : 10000 - legs.slice(0, at + 1).reduce((sum, some) => sum + some.amount.total, 0),
    );
  });
  assert.equal(phaseOf(sale), 'paid');
  assert.equal(paidFen(sale), 10000);
  assert.equal(changeFen(sale), 500);
});

test('silence keeps the request, and the same is said again', () => {
  const sent = play(begin(), { kind: 'pay', part: scan(10000) });
  const first = nextCall(sent, CODE);
  const silent = play(sent, { kind: 'silent' }, { kind: 'silent' });
  assert.ok(isUnknown(silent));
  assert.deepEqual(nextCall(silent, CODE), first);
});

test("a payer's code is in no part of what is written down", () => {
  for (const part of [scan(10000), scan(4000)]) {
    const sale = play(begin(), { kind: 'pay', part });
    assert.ok(JSON.stringify(nextCall(sale, CODE)).includes(CODE));
    assert.ok(!JSON.stringify(sale).includes(CODE));
  }
});

test('without its code a request is looked for, and the number stays', () => {
  const sent = JSON.parse(JSON.stringify(play(begin(), { kind: 'pay', part: scan(10000) })));
  assert.deepEqual(nextCall(sent, null), {
    method: 'GET',
    path: '/v1/payments?merchant_order_no=A-1',
    body: null,
  });
  const missing = play(sent, { kind: 'missing' });
  assert.equal(missing.refusal.code, 'not_arrived');
  assert.equal(phaseOf(missing), 'tender');
  assert.equal(
    nextCall(play(missing, { kind: 'pay', part: cash(10000) }), null).body.merchant_order_no,
    'A-1',
  );
  assert.equal(phaseOf(play(sent, answered(single('paid')))), 'paid');
});

test('without its code a leg is looked for in its payment', () => {
  const open = play(
    begin(),
    { kind: 'pay', part: cash(4000) },
    answered(combined('paying', [leg(1, 'cash', 'paid', 4000)])),
  );
  const sent = play(open, { kind: 'pay', part: scan(6000) });
  assert.deepEqual(nextCall(sent, null), { method: 'GET', path: '/v1/payments/pay_1', body: null });
  const lost = play(sent, answered(combined('paying', [leg(1, 'cash', 'paid', 4000)])));
  assert.equal(lost.refusal.code, 'not_arrived');
  assert.equal(nextCall(play(lost, { kind: 'pay', part: cash(6000) }), null).body.leg_no, 2);
  const there = play(
    sent,
    answered(combined('paid', [leg(1, 'cash', 'paid', 4000), leg(2, 'alipay', 'paid', 6000)])),
  );
  assert.equal(phaseOf(there), 'paid');
  assert.equal(there.refusal, null);
});

test('an earlier try that did arrive counts', () => {
  const again = play(
    begin(),
    { kind: 'pay', part: cash(10000) },
    { kind: 'refused', code: 'order_no_used', message: '' },
  );
  assert.deepEqual(nextCall(again, null), {
    method: 'GET',
    path: '/v1/payments?merchant_order_no=A-1',
    body: null,
  });
  assert.equal(phaseOf(play(again, answered(single('paying')))), 'waiting');
});

test('only a number that ended without money is followed by a new one', () => {
  const sent = play(begin(), { kind: 'pay', part: scan(10000) });
  const cases = [
    [answered(single('failed', 10000, { failure_code: 'X', failure_message: 'no' })), 'A-1-2', 'X'],
    [answered(single('closed')), 'A-1-2', 'payment_closed'],
    [{ kind: 'refused', code: 'payer_code_unknown', message: '' }, 'A-1', 'payer_code_unknown'],
    [{ kind: 'refused', code: 'no_route', message: '' }, 'A-1', 'no_route'],
  ];
  for (const [event, number, code] of cases) {
    const sale = play(sent, event);
    assert.equal(orderNo(sale), number);
    assert.equal(sale.refusal.code, code);
    assert.equal(phaseOf(sale), 'tender');
    assert.equal(restFen(sale), 10000);
  }
});

test('a refused leg leaves the order open', () => {
  const sale = play(
    begin(),
    { kind: 'pay', part: scan(4000) },
    answered(combined('paying', [{ ...leg(1, 'alipay', 'failed', 4000), failure_code: 'NO' }])),
  );
  assert.equal(phaseOf(sale), 'tender');
  assert.equal(sale.refusal.code, 'NO');
  assert.equal(restFen(sale), 10000);
  assert.equal(nextCall(play(sale, { kind: 'pay', part: scan(4000) }), CODE).body.leg_no, 2);
  // The next poll does not complain again.
  assert.equal(play(sale, { kind: 'seen' }, answered(sale.payment)).refusal, null);
});

test("a payer's own leg on his phone takes a number, and is not taken for ours", () => {
  const sale = play(
    begin(),
    { kind: 'show_qr' },
    answered(combined('paying', [leg(1, 'wechat', 'failed', 10000)])),
  );
  const sent = play(sale, { kind: 'pay', part: scan(4000) });
  assert.equal(nextCall(sent, CODE).body.leg_no, 2);
  const theirs = play(
    sent,
    answered(combined('paying', [leg(1, 'wechat', 'failed', 10000), leg(2, 'wechat', 'paying', 10000)])),
  );
  assert.equal(theirs.refusal.code, 'not_arrived');
});

test('what is paying is asked for, and what waits for the cashier is not', () => {
  const waiting = play(begin(), { kind: 'pay', part: scan(10000) }, answered(single('paying')));
  assert.equal(phaseOf(waiting), 'waiting');
  assert.equal(nextCall(waiting, null).path, '/v1/payments/pay_1');
  assert.equal(nextCall(begin(), null), null);
  assert.equal(nextCall(play(waiting, answered(single('paid'))), null), null);
});

test('a stale belief is put right before anything else is taken', () => {
  const open = play(
    begin(),
    { kind: 'pay', part: cash(4000) },
    answered(combined('paying', [leg(1, 'cash', 'paid', 4000)])),
  );
  for (const code of ['leg_no_used', 'amount_above_rest', 'order_not_open', 'order_paid']) {
    const stale = play(open, { kind: 'pay', part: cash(6000) }, { kind: 'refused', code, message: '' });
    assert.equal(nextCall(stale, null).method, 'GET');
    assert.equal(play(stale, { kind: 'pay', part: cash(6000) }), stale);
    assert.equal(
      phaseOf(
        play(stale, answered(combined('paid', [leg(1, 'cash', 'paid', 4000), leg(2, 'cash', 'paid', 6000)]))),
      ),
      'paid',
    );
  }
});

test('giving up closes the order and says what goes back', () => {
  const open = play(
    begin(),
    { kind: 'pay', part: cash(4000) },
    answered(combined('paying', [leg(1, 'cash', 'paid', 4000)])),
  );
  const asked = play(open, { kind: 'give_up' });
  assert.equal(phaseOf(asked), 'closing');
  assert.deepEqual(nextCall(asked, null), { method: 'POST', path: '/v1/payments/pay_1/close', body: null });
  const closing = play(asked, answered(combined('closing', [leg(1, 'cash', 'paid', 4000)])));
  assert.equal(phaseOf(closing), 'closing');
  const closed = play(
    closing,
    answered(combined('closed', [{ ...leg(1, 'cash', 'paid', 4000), refunded: 4000 }])),
  );
  assert.equal(phaseOf(closed), 'closed');
  assert.deepEqual(
    goesBack(closed.payment).map((part) => [part.tender, part.amount_fen]),
    [['cash', 4000]],
  );
  // Too late: it was paid in the meantime.
  assert.equal(
    phaseOf(
      play(
        asked,
        { kind: 'refused', code: 'order_paid', message: '' },
        answered(combined('paid', [leg(1, 'cash', 'paid', 10000)])),
      ),
    ),
    'paid',
  );
});

test('a payment that hangs is ended, and the sale goes on under a new number', () => {
  const waiting = play(begin(), { kind: 'pay', part: scan(10000) }, answered(single('paying')));
  const ending = play(waiting, { kind: 'end_leg', leg_no: 0 });
  assert.equal(nextCall(ending, null).path, '/v1/payments/pay_1/close');
  assert.equal(orderNo(play(ending, answered(single('closed')))), 'A-1-2');
  assert.equal(phaseOf(play(ending, answered(single('paid')))), 'paid');
  const legs = play(
    begin(),
    { kind: 'pay', part: scan(4000) },
    answered(combined('paying', [leg(1, 'alipay', 'paying', 4000)])),
  );
  assert.equal(
    nextCall(play(legs, { kind: 'end_leg', leg_no: 1 }), null).path,
    '/v1/payments/pay_1/legs/1/close',
  );
});

test('each event twice is as good as once', () => {
  const paid = answered(combined('paid', [leg(1, 'cash', 'paid', 10000)]));
  const events = [
    { kind: 'show_qr' },
    answered(combined('paying', [])),
    { kind: 'pay', part: cash(10000, 20000) },
    paid,
  ];
  const once = play(begin(), ...events);
  const twice = play(begin(), ...events.flatMap((event) => [event, event]));
  assert.deepEqual(twice, once);
  assert.equal(changeFen(once), 10000);
});
