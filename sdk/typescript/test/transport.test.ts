/** A server that misbehaves as told, and what the client makes of it. */

import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, beforeEach, test } from 'node:test';

import { Suanpan, SuanpanError, hmacKey } from '@suanpan/sdk/node';

const SECRET = 'the secret of this test';
const KEY = 'key_test';

interface Seen {
  method: string;
  target: string;
  authorization: string;
  staff: string | undefined;
  body: string;
}
type Misdeed = (response: ServerResponse, seen: Seen) => void;

let script: Misdeed[] = [];
let seen: Seen[] = [];

const server: Server = createServer((request: IncomingMessage, response: ServerResponse) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { authorization = '', 'suanpan-staff': staff } = request.headers;
    const body = Buffer.concat(chunks).toString();
    const one = { method: request.method ?? '', target: request.url ?? '', authorization, staff: staff as string | undefined, body };
    seen.push(one);
    const misdeed = script.length > 1 ? script.shift() : script[0];
    misdeed?.(response, one);
  });
});
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  seen = [];
});

const PAYMENT = { id: 'pay_1', merchant_order_no: 'A-1', state: 'paid' };
const NEW = { merchant_order_no: 'A-1', amount: { total: 2800, currency: 'CNY' }, description: 'coffee', cash: {} };

interface Answered {
  status?: number;
  headers?: Record<string, string>;
  /** What is signed, if not what is sent. */
  signed?: string;
  secret?: string;
  ageS?: number;
  unsigned?: boolean;
}

function answer(told: unknown, how: Answered = {}): Misdeed {
  return (response) => {
    const body = typeof told === 'string' ? told : JSON.stringify(told);
    const timestamp = String(Math.floor(Date.now() / 1000) - (how.ageS ?? 0));
    const nonce = randomBytes(8).toString('hex');
    const text = `${timestamp}\n${nonce}\n${how.signed ?? body}\n`;
    const signature = createHmac('sha256', how.secret ?? SECRET).update(text).digest('base64');
    const headers = {
      'suanpan-timestamp': timestamp,
      'suanpan-nonce': nonce,
      'suanpan-key-id': KEY,
      'suanpan-signature-type': 'SUANPAN-HMAC-SHA256',
      'suanpan-signature': signature,
    };
    response.writeHead(how.status ?? 200, { 'request-id': 'req_1', ...(how.unsigned ? {} : headers), ...how.headers });
    response.end(body);
  };
}
const refusal = (status: number, code: string, how: Answered = {}) =>
  answer({ code, message: 'no', request_id: 'req_7', details: 'amount' }, { ...how, status });
const hangUp: Misdeed = (response) => response.socket?.destroy();
const silence: Misdeed = () => undefined;
const gateway = (status: number): Misdeed => answer('<html>', { status, unsigned: true });

function client(more: object = {}): Suanpan {
  return new Suanpan({ url, credentials: hmacKey(KEY, SECRET), timeoutMs: 2_000, ...more });
}

async function failed(run: Promise<unknown>): Promise<SuanpanError> {
  try {
    await run;
  } catch (error) {
    if (error instanceof SuanpanError) return error;
    throw error;
  }
  return assert.fail('it succeeded');
}

const part = (one: Seen | undefined, name: string) => new RegExp(`${name}="([^"]+)"`).exec(one?.authorization ?? '')?.[1];

test('a request with a number is sent again: the same bytes, signed afresh', async () => {
  for (const [what, misdeed] of [
    ['hang up', hangUp],
    ['502', gateway(502)],
    ['503', refusal(503, 'overloaded', { headers: { 'retry-after': '0' } })],
    ['504', gateway(504)],
    ['429', refusal(429, 'rate_limited', { unsigned: true, headers: { 'retry-after': '0' } })],
  ] as const) {
    seen = [];
    script = [misdeed, answer(PAYMENT)];
    const payment = await client().createPayment(NEW);
    assert.equal(payment.state, 'paid', what);
    assert.equal(seen.length, 2, what);
    assert.equal(seen[0]?.body, seen[1]?.body, what);
    assert.notEqual(part(seen[0], 'nonce'), part(seen[1], 'nonce'), what);
    assert.notEqual(part(seen[0], 'signature'), part(seen[1], 'signature'), what);
  }
});

test('silence is ended and asked again, within bounds', async () => {
  script = [silence, answer(PAYMENT)];
  assert.equal((await client({ timeoutMs: 150 }).createPayment(NEW)).state, 'paid');
  script = [silence];
  seen = [];
  const error = await failed(client({ timeoutMs: 100, retriesMax: 1 }).createPayment(NEW));
  assert.deepEqual([error.code, error.outcomeUnknown, seen.length], ['timeout', true, 2]);
});

test('the platform\'s wish to wait is granted, unless it is long', async () => {
  script = [refusal(429, 'rate_limited', { headers: { 'retry-after': '1' } }), answer(PAYMENT)];
  const begun = Date.now();
  await client().createPayment(NEW);
  assert.ok(Date.now() - begun >= 990);
  script = [refusal(429, 'rate_limited', { headers: { 'retry-after': '3600' } })];
  seen = [];
  assert.equal((await failed(client().createPayment(NEW))).code, 'rate_limited');
  assert.equal(seen.length, 1);
});

test('what has no number is not sent again by itself', async () => {
  const once: [string, (suanpan: Suanpan) => Promise<unknown>][] = [
    ['retryRefund', (suanpan) => suanpan.retryRefund('ref_1')],
    ['signIn', (suanpan) => suanpan.signIn({ staff_no: '01', pin: '123456' })],
    ['resendNotification', (suanpan) => suanpan.resendNotification('ntf_1')],
  ];
  for (const [what, run] of once) {
    for (const misdeed of [hangUp, gateway(503)]) {
      seen = [];
      script = [misdeed];
      assert.equal((await failed(run(client()))).outcomeUnknown, true, what);
      assert.equal(seen.length, 1, what);
    }
  }
});

test('a locked number is not knocked at', async () => {
  script = [refusal(429, 'staff_locked')];
  assert.equal((await failed(client().signIn({ staff_no: '01', pin: '1' }))).code, 'staff_locked');
  assert.equal(seen.length, 1);
});

test('a refusal is told as it is, and not asked again', async () => {
  script = [refusal(409, 'order_no_used')];
  const error = await failed(client().createPayment(NEW));
  assert.equal(seen.length, 1);
  assert.deepEqual(
    [error.code, error.status, error.requestId, error.details, error.verified, error.outcomeUnknown],
    ['order_no_used', 409, 'req_7', 'amount', true, false],
  );
  script = [refusal(401, 'signature_invalid', { unsigned: true })];
  assert.equal((await failed(client().createPayment(NEW))).verified, false);
});

test('tries have an end', async () => {
  script = [hangUp];
  const error = await failed(client({ retriesMax: 2 }).createPayment(NEW));
  assert.deepEqual([error.code, error.outcomeUnknown, seen.length], ['network', true, 3]);
});

test('a success is believed with its signature only', async () => {
  const cases: [string, Misdeed, string][] = [
    ['no signature', answer(PAYMENT, { unsigned: true }), 'answer_unverified'],
    ['another secret', answer(PAYMENT, { secret: 'x' }), 'answer_unverified'],
    ['another body', answer(PAYMENT, { signed: JSON.stringify({ ...PAYMENT, state: 'paying' }) }), 'answer_unverified'],
    ['an old answer', answer(PAYMENT, { ageS: 301 }), 'answer_unverified'],
    ['from the future', answer(PAYMENT, { ageS: -310 }), 'answer_unverified'],
    ['no JSON', answer('paid'), 'answer_malformed'],
    ['no object', answer('[]'), 'answer_malformed'],
    ['too long', answer(' '.repeat(4 * 1024 * 1024 + 1)), 'answer_malformed'],
    ['an answer about another order', answer({ ...PAYMENT, merchant_order_no: 'A-2' }), 'answer_mismatch'],
    ['an answer elsewhere', answer('', { status: 307, headers: { location: `${url}/elsewhere` } }), 'network'],
  ];
  for (const [what, misdeed, code] of cases) {
    script = [misdeed];
    const error = await failed(client({ retriesMax: 0 }).createPayment(NEW));
    assert.deepEqual([error.code, error.outcomeUnknown], [code, true], what);
  }
});

test('the caller may give up', async () => {
  script = [silence];
  const signal = AbortSignal.timeout(50);
  assert.equal((await failed(client().createPayment(NEW, { signal }))).code, 'aborted');
  script = [gateway(503)];
  assert.equal((await failed(client().createPayment(NEW, { signal: AbortSignal.timeout(100) }))).code, 'aborted');
});

test('an undecided payment is looked at until it is decided, though the line breaks', async () => {
  script = [answer({ ...PAYMENT, state: 'paying' }), gateway(502), answer({ ...PAYMENT, state: 'closing' }), answer(PAYMENT)];
  const states: string[] = [];
  const suanpan = client({ retriesMax: 0 });
  const payment = await suanpan.waitUntilDecided('pay_1', { onLook: (one) => states.push(one.state) });
  assert.equal(payment.state, 'paid');
  assert.deepEqual(states, ['paying', 'closing', 'paid']);
  script = [answer({ ...PAYMENT, state: 'paying' })];
  assert.equal((await suanpan.waitUntilDecided('pay_1', { untilMs: 30 })).state, 'paying');
  script = [refusal(404, 'payment_not_found')];
  assert.equal((await failed(suanpan.waitUntilDecided('pay_1'))).code, 'payment_not_found');
});

test('a list is one page, or all of them', async () => {
  const page = (names: string[], next: string | null) => answer({ items: names.map((id) => ({ id })), next_cursor: next });
  const ids: string[] = [];
  script = [page(['a', 'b'], 'c&1'), page(['c'], null)];
  for await (const payment of client().listPayments({ limit: 2 })) ids.push(payment.id);
  assert.deepEqual(ids, ['a', 'b', 'c']);
  assert.deepEqual(seen.map((one) => one.target), ['/v1/payments?limit=2', '/v1/payments?limit=2&cursor=c%261']);
  script = [page(['a'], 'b')];
  const first = await client().listPayments();
  assert.deepEqual([first.items.length, first.next_cursor], [1, 'b']);
});

test('a number leads nowhere but to its payment', () => {
  for (const id of ['../refunds', 'a/b', 'a?b', '', 'x'.repeat(65)]) {
    assert.throws(() => void client().getPayment(id), TypeError, id);
  }
  for (const bad of ['ftp://a', 'http://a/b', 'http://u@a', 'http://a?b']) {
    assert.throws(() => client({ url: bad }), TypeError, bad);
  }
});

test('who is signed in is named', async () => {
  script = [answer({ merchant_refund_no: 'R-1' })];
  await client().createVoid({ merchant_refund_no: 'R-1', merchant_order_no: 'A-1' }, { staffToken: 'tok' });
  assert.equal(seen[0]?.staff, 'tok');
});
