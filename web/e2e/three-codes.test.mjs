/**
 * Three codes in one: a plate under UnionPay's address and one under ours, scanned by every app. Inside the
 * apps of UnionPay's circle UnionPay asks us for the order, and the payer pays without our page.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { content, judge, until } from './judge.mjs';
import { Stage } from './stage.mjs';

let stage;
const shop = {};

before(async () => {
  stage = await Stage.start((s) => {
    const { merchant } = s.merchant('老王面馆');
    const plate = (name) => {
      const { terminal } = s.admin('create-terminal', merchant, 'qr_plate', name);
      return s.admin('create-plate', terminal);
    };
    shop.standard = plate('标准码店');
    shop.own = plate('非标码店');
    shop.revoked = plate('旧牌');
    s.admin('revoke-plate', shop.revoked.plate);
    const key = s.admin('issue-key', merchant);
    s.key = { id: key.key_id, secret: key.secret };
  });
  const issued = await stage.control('unionpay/codes', { page: shop.standard.page });
  await stage.kill();
  shop.standard = stage.admin('set-plate-scheme', shop.standard.plate, '--unionpay-address', issued.address);
  await stage.serve();
});

after(() => stage?.end());

const at = (page, name) => page.locator(`[data-test=${name}]`);

/** What the app's scanner makes of a code. */
async function scan(app, address) {
  const page = await stage.device();
  const made = await stage.control('scan', { app, text: address });
  await page.goto(made.url ?? stage.phones[app] + made.path);
  return page;
}

async function charged(run) {
  const from = (await stage.books()).length;
  await run();
  return (await stage.books()).slice(from).map((line) => [line.channel, line.amount_fen]);
}

async function isPaid(fen) {
  await until('the payment', async () => {
    const { items } = await stage.get('/v1/payments?limit=1');
    return items[0].state === 'paid' && items[0].amount.total === fen;
  });
}

for (const scheme of ['standard', 'own']) {
  for (const app of ['unionpay', 'bank']) {
    test(`${app} scans a ${scheme} plate: UnionPay asks us, the payer says how much and pays once`, async () => {
      const page = await scan(app, shop[scheme].address);
      const fen = scheme === 'standard' ? 1350 : 1360;
      const lines = await charged(async () => {
        await at(page, 'cashier-key-1').waitFor();
        assert.match(await at(page, 'cashier-merchant').textContent(), scheme === 'standard' ? /^标准码店/ : /^非标码店/);
        for (const key of String(fen / 100)) await at(page, `cashier-key-${key === '.' ? 'dot' : key}`).click();
        await at(page, 'cashier-next').click();
        await at(page, 'cashier-pay').dblclick();
        await isPaid(fen);
      });
      assert.deepEqual(lines, [['unionpay', fen]]);
      content(page);
    });
  }

  for (const app of ['wechat', 'alipay']) {
    test(`${app} scans a ${scheme} plate and pays on our page`, async () => {
      const page = await scan(app, shop[scheme].address);
      const lines = await charged(async () => {
        await page.locator('#amount').waitFor();
        await page.click('#key-9');
        await page.locator('.pay').click();
        await page.locator('[data-sandbox=pay]').click();
        await page.locator('[data-test=paid]').waitFor();
      });
      assert.deepEqual(lines, [[app, 900]]);
    });
  }
}

test('an order’s own code in a UnionPay app: the amount is ours to say', async () => {
  const order = { merchant_order_no: 'd-1', amount: { total: 4600, currency: 'CNY' }, description: '面', legs: [] };
  const made = await stage.post('/v1/payments', order);
  const page = await scan('unionpay', made.cashier_url);
  const lines = await charged(async () => {
    assert.match(await at(page, 'cashier-amount').textContent(), /46\.00/);
    await at(page, 'cashier-pay').click();
    await isPaid(4600);
  });
  assert.deepEqual(lines, [['unionpay', 4600]]);
  const again = await scan('bank', made.cashier_url);
  await at(again, 'cashier-refusal').waitFor();
  assert.equal(await at(again, 'cashier-code').textContent(), '02');
  await judge(again, 'unionpay-refusal');
});

test('what we refuse is told by UnionPay, with its code', async () => {
  const revoked = await scan('unionpay', shop.revoked.page);
  assert.match(await at(revoked, 'cashier-code').textContent(), /02/);
  const foreign = await scan('unionpay', `${shop.own.page.slice(0, -1)}g`);
  assert.match(await at(foreign, 'cashier-code').textContent(), /34/);
  const order = { merchant_order_no: 'd-2', amount: { total: 800, currency: 'CNY' }, description: '面', legs: [] };
  const made = await stage.post('/v1/payments', order);
  const wechat = await stage.device();
  await wechat.goto(stage.phones.wechat + made.cashier_url.slice(stage.api.length));
  await wechat.locator('.pay').click();
  await wechat.locator('[data-sandbox=cancel]').click();
  const other = await scan('unionpay', made.cashier_url);
  assert.match(await at(other, 'cashier-code').textContent(), /05/);
});

test('a question that UnionPay did not sign is not answered', async () => {
  await stage.fault({ channel: 'unionpay', call: 'order-query', fault: { kind: 'wrong_signature' }, times: 1 });
  const page = await scan('unionpay', shop.own.address);
  await at(page, 'cashier-refusal').waitFor();
  await stage.noFaults();
  const forged = new URLSearchParams({ version: '5.1.0', reqType: '0120000903', qrCode: shop.own.page, queryNo: '1', signature: 'AA==' });
  const answer = await fetch(`${stage.api}/unionpay/orders`, { method: 'POST', body: forged });
  assert.equal(answer.status, 404);
});

test('an app that does not know our address says so, and UnionPay when it is not registered', async () => {
  const host = stage.api.slice(7);
  await stage.control('phones/allows', { app: 'bank', allows: [] });
  const refused = await stage.control('scan', { app: 'bank', text: shop.own.address });
  assert.match(JSON.stringify(refused), /非银联二维码/);
  await stage.control('phones/allows', { app: 'bank', allows: [host] });
  await stage.control('unionpay/domains', { host, mode: 'unregistered' });
  const unknown = await stage.control('scan', { app: 'bank', text: shop.own.address });
  assert.match(JSON.stringify(unknown), /未登记的收款码/);
  await stage.control('unionpay/domains', { host, mode: 'page' });
  const opened = await stage.device();
  const made = await stage.control('scan', { app: 'bank', text: shop.own.address });
  await opened.goto(made.url ?? stage.phones.bank + made.path);
  await opened.locator('#amount').waitFor();
  await stage.control('unionpay/domains', { host, mode: 'query' });
});
