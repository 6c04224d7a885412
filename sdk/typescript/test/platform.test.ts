/** The client against the real server and its sandbox. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import {
  PlatformKeys,
  Suanpan,
  SuanpanError,
  cny,
  fingerprint,
  hmacKey,
  messageText,
  ownSigner,
  readRawBody,
  rsaKey,
  verifyNotification,
} from '@suanpan/sdk/node';
import type { Event } from '@suanpan/sdk/node';

import { SKIP, Stage, payByPhone, until } from './stage.js';
import type { Demo } from './stage.js';

const no = (name: string) => `${name}-${randomBytes(6).toString('hex')}`;
const payerCode = (ending: string) => `28${String(process.hrtime.bigint()).slice(-14).padStart(14, '0')}${ending}`;

async function code(run: PromiseLike<unknown>): Promise<string> {
  try {
    await run;
  } catch (error) {
    assert.ok(error instanceof SuanpanError, String(error));
    return error.code;
  }
  return 'no error';
}

describe('against the demo', { skip: SKIP }, () => {
  const stage = new Stage();
  let demo: Demo;
  let suanpan: Suanpan;
  before(async () => {
    demo = await stage.demo();
    suanpan = new Suanpan({ url: demo.url, credentials: hmacKey(demo.key, demo.secret) });
  });
  after(() => stage.end());

  test('a payment, its repeat, its refund and its receipt', async () => {
    const order = { merchant_order_no: no('A'), amount: cny(2800), description: '咖啡', payer_code: payerCode('00') };
    const payment = await suanpan.waitUntilDecided(await suanpan.createPayment(order));
    assert.equal(payment.state, 'paid');
    assert.equal((await suanpan.createPayment(order)).id, payment.id);
    assert.equal(await code(suanpan.createPayment({ ...order, description: '茶' })), 'order_no_used');
    const receipt = await suanpan.getReceipt(payment.id, { width_mm: 80 });
    assert.equal(receipt.width_mm, 80);
    assert.ok(receipt.lines.some((line) => line.includes('28.00')));
    const refund = await suanpan.createRefund({ merchant_refund_no: no('R'), payment_id: payment.id, amount: cny(800) });
    await until(async () => (await suanpan.getRefund(refund.id)).state === 'succeeded');
    assert.equal((await suanpan.listPayments({ merchant_order_no: order.merchant_order_no })).items[0]?.refunded, 800);
    assert.equal((await suanpan.listRefunds({ merchant_refund_no: refund.merchant_refund_no })).items[0]?.id, refund.id);
  });

  test('a payer without money, and a payer who takes his time', async () => {
    const make = (ending: string) =>
      suanpan.createPayment({ merchant_order_no: no('B'), amount: cny(100), description: 'tea', payer_code: payerCode(ending) });
    assert.equal((await suanpan.waitUntilDecided(await make('92'))).state, 'failed');
    const late = await make('90');
    assert.equal(late.state, 'paying');
    assert.equal((await suanpan.waitUntilDecided(late)).state, 'paid');
  });

  test('a combined payment, a leg twice, and a close', async () => {
    const open = await suanpan.createPayment({ merchant_order_no: no('C'), amount: cny(1000), description: 'supper', legs: [] });
    const leg = { leg_no: 1, amount: cny(300), cash: {} };
    assert.equal((await suanpan.addLeg(open.id, leg)).rest, 700);
    assert.equal((await suanpan.addLeg(open.id, leg)).rest, 700);
    assert.equal(await code(suanpan.addLeg(open.id, { ...leg, amount: cny(400) })), 'leg_no_used');
    await suanpan.addLeg(open.id, { leg_no: 2, amount: cny(200), qr: { channel: 'alipay' } });
    await suanpan.closeLeg(open.id, 2);
    await suanpan.closePayment(open.id);
    assert.equal((await suanpan.waitUntilDecided(open.id)).state, 'closed');
  });

  test('a void, a shift, a wallet, the till and the lists', async () => {
    const payment = await suanpan.createPayment({ merchant_order_no: no('D'), amount: cny(500), description: 'tea', cash: {} });
    const voided = await suanpan.createVoid({ merchant_refund_no: no('V'), payment_id: payment.id });
    assert.deepEqual([voided.kind, voided.amount.total], ['void', 500]);
    const shift = await suanpan.openShift({ opened_by: 'wang', float_fen: 20_000 });
    const again = await suanpan.openShift({ opened_by: 'wang', float_fen: 20_000 });
    assert.equal(again.id, shift.id, 'a repeat after a lost answer');
    assert.equal((await suanpan.closeShift(shift.id, { closed_by: 'wang', counted_fen: 19_900 })).difference_fen, -100);
    assert.equal((await suanpan.getShift(shift.id)).counted_fen, 19_900);
    const wallet = await suanpan.issueWallet({ wallet_no: no('W'), kind: 'card' });
    await suanpan.activateWallet(wallet.id);
    const payment_of = { merchant_order_no: no('T'), amount: cny(900), description: 'card', payer_code: payerCode('00') };
    const topUp = await suanpan.waitUntilDecided(await suanpan.topUpWallet(wallet.id, { payment: payment_of }));
    assert.equal((await suanpan.getWallet(wallet.id)).principal, 900);
    await suanpan.returnTopUp(wallet.id, { merchant_refund_no: no('U'), payment_id: topUp.id, amount: cny(900) });
    assert.equal((await suanpan.getCashier()).terminal.kind, 'counter_register');
    let count = 0;
    for await (const one of suanpan.listPayments({ limit: 2 })) count += one.id.startsWith('pay_') ? 1 : 0;
    assert.ok(count > 4);
    assert.ok((await suanpan.listShifts()).items.length >= 1);
    assert.ok((await suanpan.listWallets()).items.length >= 1);
  });

  test('a payer pays at the cashier, and the notification is verified', async () => {
    const keys = await PlatformKeys.fetch(demo.url, { pins: 'unpinned' });
    const events: Event[] = [];
    const shop = createServer((request, response) => {
      readRawBody(request)
        .then((body) => {
          events.push(verifyNotification(request.headers, body, keys));
          assert.throws(() => verifyNotification(request.headers, Buffer.concat([body, Buffer.from(' ')]), keys), SuanpanError);
          response.writeHead(204).end();
        })
        .catch(() => response.writeHead(401).end());
    });
    await new Promise<void>((done) => shop.listen(0, '127.0.0.1', done));
    try {
      const notify_url = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/notify`;
      const open = await suanpan.createPayment({ merchant_order_no: no('E'), amount: cny(1234), description: 'shop', legs: [], notify_url });
      await payByPhone(demo, open.cashier_url ?? '');
      assert.equal((await suanpan.waitUntilDecided(open)).state, 'paid');
      await until(() => events.length > 0);
      assert.deepEqual([events[0]?.event, events[0]?.payment.id], ['payment.paid', open.id]);
      const told = events[0]?.id ?? '';
      await until(async () => (await suanpan.getNotification(told)).state === 'delivered');
      await suanpan.resendNotification(told);
      await until(() => events.length > 1);
      assert.equal(events[1]?.id, told, 'the same event has the same id');
      assert.ok((await suanpan.listNotifications({ limit: 1 })).items.length === 1);
    } finally {
      shop.closeAllConnections();
      shop.close();
    }
  });

  test('the README\'s five lines pay', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const program = /```js\n(import \{ Suanpan[\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const env = { ...process.env, SUANPAN_URL: demo.url, KEY: demo.key, SECRET: demo.secret };
    const args = ['--input-type=module', '-e', program];
    const said = execFileSync(process.execPath, args, { env, cwd: new URL('..', import.meta.url) });
    assert.equal(said.toString().trim(), 'paid');
  });

  test('a wrong secret is refused', async () => {
    const other = new Suanpan({ url: demo.url, credentials: hmacKey(demo.key, 'not the secret') });
    assert.equal(await code(other.listPayments()), 'signature_invalid');
    const late = new Suanpan({ url: demo.url, credentials: hmacKey(demo.key, demo.secret), now: () => Date.now() - 600_000 });
    assert.equal(await code(late.listPayments()), 'timestamp_out_of_window');
    assert.equal(await code(suanpan.getPayment('pay_x')), 'payment_not_found');
  });
});

describe('with keys of one\'s own', { skip: SKIP }, () => {
  const stage = new Stage();
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const privatePem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const path = (name: string) => join(stage.folder, name);
  let [url, rsaId, sm2Id] = ['', '', ''];
  before(async () => {
    writeFileSync(path('rsa.pem'), pair.publicKey.export({ type: 'spki', format: 'pem' }));
    execFileSync('openssl', ['ecparam', '-name', 'SM2', '-genkey', '-noout', '-out', path('sm2-private.pem')]);
    execFileSync('openssl', ['pkey', '-in', path('sm2-private.pem'), '-pubout', '-out', path('sm2.pem')]);
    url = await stage.serve((admin) => {
      const { merchant = '' } = admin('create-merchant', '面馆');
      const rules = path('rules.json');
      writeFileSync(rules, JSON.stringify({ blackout: null, refund_same_day: true }));
      admin('set-rules', rules, '--merchant', merchant);
      rsaId = admin('issue-key', merchant, '--rsa', path('rsa.pem'))['key_id'] ?? '';
      sm2Id = admin('issue-key', merchant, '--sm2', path('sm2.pem'))['key_id'] ?? '';
    });
  });
  after(() => stage.end());
  const order = () => ({ merchant_order_no: no('K'), amount: cny(500), description: 'noodles', cash: {} });

  test('RSA: signed, and answered by the pinned platform key', async () => {
    const published = await new Suanpan({ url, credentials: hmacKey('none', 'none') }).listPlatformKeys();
    const pem = published.items.find((item) => item.scheme === 'SUANPAN-RSA-SHA256')?.public_key ?? '';
    const platform = await PlatformKeys.fetch(url, { pins: [fingerprint(pem)] });
    assert.equal(platform.keyIds.length, 1);
    const suanpan = new Suanpan({ url, credentials: rsaKey(rsaId, privatePem, platform) });
    assert.equal((await suanpan.createPayment(order())).state, 'paid');
    const strangers = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const fake = { key_id: platform.keyIds[0] ?? '', scheme: 'SUANPAN-RSA-SHA256', public_key: strangers };
    const misled = new PlatformKeys([fake], { pins: 'unpinned' });
    assert.equal(await code(new Suanpan({ url, credentials: rsaKey(rsaId, privatePem, misled) }).createPayment(order())), 'answer_unverified');
  });

  test('SM2 by an outside library: openssl, here', async () => {
    const usual = ['-rawin', '-digest', 'sm3', '-pkeyopt', 'distid:1234567812345678'];
    const openssl = (args: string[], text: Buffer) => {
      writeFileSync(path('text'), text);
      return execFileSync('openssl', ['pkeyutl', ...args, ...usual, '-in', path('text')], { stdio: ['ignore', 'pipe', 'ignore'] });
    };
    const verifySm2 = (pem: string, text: Buffer, signature: Buffer) => {
      writeFileSync(path('platform.pem'), pem);
      writeFileSync(path('signature'), toDer(signature));
      try {
        openssl(['-verify', '-pubin', '-inkey', path('platform.pem'), '-sigfile', path('signature')], text);
        return true;
      } catch {
        return false;
      }
    };
    const platform = await PlatformKeys.fetch(url, { pins: 'unpinned', verifySm2 });
    const credentials = ownSigner({
      scheme: 'SUANPAN-SM2-SM3',
      keyId: sm2Id,
      sign: (text) => fromDer(openssl(['-sign', '-inkey', path('sm2-private.pem')], text)),
      verify: (message) => platform.verify(message),
    });
    const suanpan = new Suanpan({ url, credentials });
    assert.equal((await suanpan.createPayment(order())).state, 'paid');
    const message = { keyId: platform.keyIds[1] ?? '', scheme: 'SUANPAN-SM2-SM3', timestamp: '1', nonce: 'n', body: Buffer.from('{}') };
    assert.ok(messageText(message).length > 0);
    assert.equal(platform.verify({ ...message, signature: Buffer.alloc(64, 1) }), false);
  });
});

/** `r || s` of an ASN.1 signature. */
function fromDer(der: Buffer): Buffer {
  const number = (at: number): Buffer => der.subarray(at + 2, at + 2 + (der[at + 1] ?? 0));
  const r = number(2);
  const s = number(4 + r.length);
  const whole = (part: Buffer) => Buffer.concat([Buffer.alloc(32), part]).subarray(-32);
  return Buffer.concat([whole(r), whole(s)]);
}

function toDer(raw: Buffer): Buffer {
  const number = (part: Buffer): Buffer => {
    const first = part.findIndex((byte) => byte !== 0);
    const least = part.subarray(first < 0 ? part.length - 1 : first);
    const value = (least[0] ?? 0) > 127 ? Buffer.concat([Buffer.from([0]), least]) : least;
    return Buffer.concat([Buffer.from([2, value.length]), value]);
  };
  const both = Buffer.concat([number(raw.subarray(0, 32)), number(raw.subarray(32, 64))]);
  return Buffer.concat([Buffer.from([48, both.length]), both]);
}
