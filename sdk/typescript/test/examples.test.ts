/** The example shops, started as the README says and driven as their pages would. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { Suanpan, cny, hmacKey } from '@suanpan/sdk/node';

import { SKIP, Stage, payByPhone, until } from './stage.js';
import type { Demo } from './stage.js';

interface Told {
  status: number;
  [name: string]: unknown;
}

async function ask(url: string, body?: object): Promise<any> {
  const answer = await fetch(url, {
    method: body ? 'POST' : 'GET',
    ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
  });
  const told = (await answer.json()) as Told;
  return Array.isArray(told) ? told : { ...told, status: answer.status };
}

/** The page and everything that it loads is there, with a policy that lets no other script in. */
async function looks(shop: string, path: string): Promise<void> {
  const page = await fetch(shop + path);
  assert.equal(page.status, 200, path);
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'; script-src 'self'/);
  const text = await page.text();
  for (const [, name] of text.matchAll(/(?:src|href)="(\/[^"]+)"/g)) assert.equal((await fetch(shop + name)).status, 200, name);
  for (const name of ['/sdk/cashier.js', '/sdk/receipts.js', '/sdk/money.js', '/shop.js']) {
    const script = await fetch(shop + name);
    assert.deepEqual([script.status, script.headers.get('content-type')], [200, 'text/javascript; charset=utf-8'], name);
  }
  assert.doesNotMatch(text, /<script>|style=|onclick=/);
  for (const name of ['/server.js', '/../server.js', '/web/page.js']) assert.equal((await fetch(shop + name)).status, 404, name);
}

const key = () => randomBytes(12).toString('hex');

describe('examples', { skip: SKIP }, () => {
  const stage = new Stage();
  let demo: Demo;
  let suanpan: Suanpan;
  before(async () => {
    demo = await stage.demo();
    suanpan = new Suanpan({ url: demo.url, credentials: hmacKey(demo.key, demo.secret) });
  });
  after(() => stage.end());

  test('table order: ordered, paid on a phone, and in the kitchen by notification', async () => {
    const shop = await stage.example('table-order', demo);
    for (const path of ['/?table=5', '/order', '/kitchen']) await looks(shop, path);
    const order = { key: key(), table: '5', items: [{ id: 'noodles', count: 2, fen: 1 }, { id: 'soymilk', count: 1 }] };
    const made = await ask(`${shop}/api/orders`, order);
    assert.deepEqual([made.total_fen, made.state, made.ticket], [4200, 'paying', null], 'the shop\'s own prices');
    assert.equal((await ask(`${shop}/api/orders`, order)).cashier_url, made.cashier_url, 'a second tap');
    await payByPhone(demo, made.cashier_url);
    await until(async () => (await ask(`${shop}/api/kitchen`))[0].ticket === 1);
    assert.equal((await ask(`${shop}/api/orders/${made.no}`)).state, 'paid');
    const cash = await ask(`${shop}/api/orders`, { ...order, key: key() });
    assert.equal((await ask(`${shop}/api/orders/${cash.no}/cash`, {})).ticket, 2);
    for (const bad of [{}, { ...order, key: key(), items: [{ id: 'noodles', count: -1 }] }, { ...order, key: key(), items: [] }]) {
      assert.equal((await ask(`${shop}/api/orders`, bad)).status, 400);
    }
  });

  test('a notification that nobody signed is refused', async () => {
    const shop = await stage.example('table-order', demo);
    const body = JSON.stringify({ id: 'ntf_1', event: 'payment.paid', payment: { id: 'pay_1', state: 'paid' } });
    assert.equal((await fetch(`${shop}/notify`, { method: 'POST', body })).status, 401);
    assert.equal((await fetch(`${shop}/api/orders`, { method: 'POST', body })).status, 415, 'a form of another site');
  });

  test('micro store: bought, paid on a phone, and back', async () => {
    const shop = await stage.example('micro-store', demo);
    for (const path of ['/', '/order']) await looks(shop, path);
    const made = await ask(`${shop}/api/orders`, { key: key(), pieces: 2 });
    assert.deepEqual([made.total_fen, made.state], [13_600, 'paying']);
    assert.equal((await ask(`${shop}/api/product`)).stock, 10);
    await payByPhone(demo, made.cashier_url);
    await until(async () => (await ask(`${shop}/api/orders/${made.no}`)).state === 'paid');
    const given_up = await ask(`${shop}/api/orders`, { key: key(), pieces: 3 });
    const { items } = await suanpan.listPayments({ merchant_order_no: given_up.no });
    await suanpan.closePayment(items[0]?.id ?? '');
    await until(async () => (await ask(`${shop}/api/orders/${given_up.no}`)).state === 'closed');
    await until(async () => (await ask(`${shop}/api/product`)).stock === 10);
  });

  test('counter register: a code, cash with change, a receipt', async () => {
    const shop = await stage.example('counter-register', demo);
    await looks(shop, '/');
    const made = await ask(`${shop}/api/sales`, { key: key(), amount: '28.50' });
    const parts = `${shop}/api/sales/${made.id}/parts`;
    assert.deepEqual([made.total_fen, made.rest_fen, made.state], [2850, 2850, 'paying']);
    const scanned = await ask(parts, { leg_no: 1, payer_code: `28${String(Date.now()).padStart(14, '0')}00`, amount: '20' });
    assert.equal(scanned.rest_fen, 850);
    assert.equal((await ask(parts, { leg_no: 2, cash: '10', amount: '9' })).status, 400, 'more than is left');
    await until(async () => (await ask(`${shop}/api/sales/${made.id}`)).parts[0].state === 'paid');
    const cash = await ask(parts, { leg_no: 2, cash: '10' });
    assert.deepEqual([cash.state, cash.change_fen, cash.rest_fen], ['paid', 150, 0]);
    assert.equal((await ask(parts, { leg_no: 2, cash: '10' })).change_fen, 150, 'the same part again');
    const receipt = await ask(`${shop}/api/sales/${made.id}/receipt`);
    assert.ok(receipt.lines.some((line: string) => line.includes('合计 ¥28.50')));
    const other = await ask(`${shop}/api/sales`, { key: key(), amount: '5' });
    await ask(`${shop}/api/sales/${other.id}/close`, {});
    assert.equal((await suanpan.waitUntilDecided(other.id)).state, 'closed');
    assert.equal((await ask(`${shop}/api/sales`, { key: key(), amount: '0.001' })).status, 400);
    assert.equal((await suanpan.getPayment(made.id)).amount.total, cny(2850).total);
  });
});
