/** The till by keyboard: activation, a combined sale of a hundred yuan, a refund by right, a shift's count. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { content, judge, until } from './judge.mjs';
import { Stage } from './stage.mjs';

/** A hand's pace. */
const HAND = { delay: 70 };

let stage;
let page;
const shop = {};

before(async () => {
  stage = await Stage.start((s) => {
    const { merchant } = s.merchant('老王面馆');
    const { store } = s.admin('create-store', merchant, '南京西路店');
    const till = s.admin('create-terminal', merchant, 'counter_register', '收银台 1', '--store', store, '--activation');
    Object.assign(shop, { merchant, till: till.terminal, code: till.activation_code });
    shop.pin = s.admin('set-staff', merchant, '01', '王芳', '--right', 'refund', '--right', 'void', '--right', 'shift').pin;
    shop.trainee = s.admin('set-staff', merchant, '02', '李明').pin;
    const settings = {
      tenders: { counter_register: ['alipay', 'wechat', 'unionpay', 'cash', 'wallet', 'merchant_coupon', 'bank_card'] },
      tips: [5, 10],
      receipt_footer: '谢谢惠顾',
    };
    s.admin('set-cashier', s.file('cashier.json', settings), '--merchant', merchant);
    const key = s.admin('issue-key', merchant);
    s.key = { id: key.key_id, secret: key.secret };
  });
  const amount = { total: 5000, currency: 'CNY' };
  const issued = await stage.post('/v1/wallets', { wallet_no: 'card-1', kind: 'card' });
  shop.wallet = issued.id;
  await stage.post(`/v1/wallets/${shop.wallet}/activate`, {});
  const payment = { merchant_order_no: 'top-1', amount, description: '充值', payer_code: '281234567890123400' };
  await stage.post(`/v1/wallets/${shop.wallet}/top-ups`, { payment });
  page = await stage.device({ width: 1440, height: 900 });
});

after(() => stage?.end());

const at = (name) => page.locator(`[data-test="${name}"]`);

/** A scan gun: all its keys and Enter in one go, faster than any hand, however busy the machine is. */
async function gun(digits) {
  const line = await page.context().newCDPSession(page);
  const key = (name, code, text, number) => [
    line.send('Input.dispatchKeyEvent', { type: 'keyDown', key: name, code, text, windowsVirtualKeyCode: number }),
    line.send('Input.dispatchKeyEvent', { type: 'keyUp', key: name, code, windowsVirtualKeyCode: number }),
  ];
  const digit = (text) => key(text, `Digit${text}`, text, text.charCodeAt(0));
  await Promise.all([...[...digits].flatMap(digit), ...key('Enter', 'Enter', '\r', 13)]);
  await line.detach();
}

async function shown(name) {
  await at(name).first().waitFor();
}

/** A part of the sum is typed, and then the key that the tender's button shows. */
async function tender(name, yuan) {
  await page.keyboard.type(yuan, HAND);
  const key = await at(`tender-${name}`).locator('kbd').textContent();
  await page.keyboard.press(key.trim());
  await shown(`dialog-${name}`);
  assert.equal(await at('part-amount').inputValue(), `${yuan}.00`);
}

async function signIn(number, pin) {
  await shown('staff-no');
  await at('staff-no').pressSequentially(number, HAND);
  await page.keyboard.press('Enter');
  await at('staff-pin').pressSequentially(pin, HAND);
  await page.keyboard.press('Enter');
}

test('a till is activated by its code, and somebody signs in', async () => {
  await page.goto(`${stage.api}/till`);
  await shown('activation-code');
  await judge(page, 'till-activation');
  await at('activation-code').pressSequentially(shop.code.toLowerCase(), HAND);
  await page.keyboard.press('Enter');
  await shown('staff-no');
  await judge(page, 'till-sign-in');
  await signIn('01', shop.pin);
  await shown('amount');
  await judge(page, 'till-sale');
  content(page);
});

test('a shift is opened with what lies in the drawer', async () => {
  await page.keyboard.press('Alt+3');
  await shown('float');
  await at('float').fill('');
  await at('float').pressSequentially('200', HAND);
  await page.keyboard.press('Enter');
  await shown('shift-close');
  await judge(page, 'till-shift');
  await page.keyboard.press('Alt+1');
});

test('a hundred yuan by five tenders, by keyboard alone', async () => {
  await shown('amount');
  await page.keyboard.type('100', HAND);
  await page.keyboard.press('Enter');
  await shown('tender-scan');
  await judge(page, 'till-tenders');
  await tender('merchant_coupon', '5');
  await page.keyboard.type('C-5', HAND);
  await page.keyboard.press('Enter');
  await rest('95');
  await tender('cash', '5');
  await page.keyboard.type('10', HAND);
  assert.match(await at('change').textContent(), /5\.00/);
  await judge(page, 'till-cash');
  await page.keyboard.press('Enter');
  await rest('90');
  await tender('wallet', '10');
  await page.keyboard.type(shop.wallet, HAND);
  await page.keyboard.press('Enter');
  await shown('wallet-balance');
  await page.keyboard.press('Enter');
  await rest('80');
  await tender('scan', '50');
  await gun('281234567890123401');
  await rest('30');
  await judge(page, 'till-combined');
  // The last part is everything that is left: the gun alone is enough.
  await gun('131234567890123401');
  await shown('result-paid');
  await judge(page, 'till-paid');
  const { items } = await stage.get('/v1/payments?limit=1');
  assert.equal(items[0].state, 'paid');
  assert.equal(items[0].amount.total, 10000);
  assert.equal(items[0].legs.filter((leg) => leg.state === 'paid').length, 5);
  shop.order = items[0];
  content(page);
});

async function rest(yuan) {
  await until(`a rest of ${yuan}`, async () => {
    const text = await at('sum-rest').textContent().catch(() => '');
    return text.includes(`${yuan}.00`);
  });
}

test('an answer that is lost and a reload in the middle: the sale goes on, and is charged once', async () => {
  await page.keyboard.press('Enter');
  await shown('amount');
  let lost = 0;
  await page.route('**/v1/payments', async (route) => {
    if (route.request().method() !== 'POST' || lost > 0) return route.continue();
    lost += 1;
    await route.fetch();
    return route.abort('connectionreset');
  });
  const from = (await stage.books()).length;
  await page.keyboard.type('21', HAND);
  await page.keyboard.press('Enter');
  await shown('tender-scan');
  // 90: the payer is asked for the password, and confirms after some seconds.
  await gun('281234567890123490');
  await until('the request', () => lost === 1);
  await page.reload();
  await shown('result-paid');
  await page.unroute('**/v1/payments');
  const lines = (await stage.books()).slice(from).map((line) => line.amount_fen);
  assert.deepEqual(lines, [2100]);
  // The browser may have complained of the line that we cut.
  page.complaints.length = 0;
});

test('any wallet scans the till’s code, and the till sees that it is paid', async () => {
  await page.keyboard.press('Enter');
  await shown('amount');
  await page.keyboard.type('18', HAND);
  await page.keyboard.press('Enter');
  await shown('tender-qr');
  await at('tender-qr').click();
  await shown('qr');
  await judge(page, 'till-qr');
  const { items } = await stage.get('/v1/payments?limit=1');
  const phone = await stage.device();
  await phone.goto(stage.phones.wechat + items[0].cashier_url.slice(stage.api.length));
  await phone.locator('.pay').click();
  await phone.locator('[data-sandbox=pay]').click();
  await shown('result-paid');
  content(page);
});

test('a trainee may not refund, a supervisor lets it pass, and the part goes back', async () => {
  await page.keyboard.press('Enter');
  await shown('amount');
  await page.keyboard.press('Alt+q');
  await signIn('02', shop.trainee);
  await shown('amount');
  await page.keyboard.press('Alt+2');
  await shown('order-row');
  await judge(page, 'till-orders');
  await page.locator(`[data-test=order-row][data-id="${shop.order.id}"]`).click();
  await shown('refund');
  await judge(page, 'till-order');
  await at('refund').click();
  const cash = shop.order.legs.find((leg) => leg.channel === 'cash' || leg.tender === 'cash');
  await at(`refund-choice-${cash.leg_no}`).click();
  await at('refund-go').click();
  await shown('authorise-dialog');
  await judge(page, 'till-authorise');
  await page.locator('[data-test=authorise-dialog] [data-test=staff-no]').pressSequentially('01', HAND);
  await page.keyboard.press('Enter');
  await page.locator('[data-test=authorise-dialog] [data-test=staff-pin]').pressSequentially(shop.pin, HAND);
  await page.keyboard.press('Enter');
  await until('the refund', async () => (await stage.get(`/v1/payments/${shop.order.id}`)).refunded === 500);
});

test('a shift is closed with a difference', async () => {
  await page.keyboard.press('Alt+q');
  await signIn('01', shop.pin);
  await shown('amount');
  await page.keyboard.press('Alt+3');
  await shown('shift-close');
  await at('shift-close').click();
  await shown('counted');
  await at('counted').fill('');
  await at('counted').pressSequentially('199', HAND);
  await judge(page, 'till-count');
  await at('count-go').click();
  await shown('shift-closed');
  assert.match(await at('shift-difference').textContent(), /1\.00/);
  await judge(page, 'till-shift-closed');
  const { items } = await stage.get('/v1/shifts');
  assert.equal(items[0].difference_fen, -100);
});

test('a revoked till says so, and asks for a new code', async () => {
  await stage.kill();
  stage.admin('revoke-terminal', shop.till);
  await stage.serve();
  await page.reload();
  await shown('activation-code');
  await judge(page, 'till-revoked');
});

for (const [width, height] of [[390, 780], [1024, 768]]) {
  test(`the till at ${width} pixels`, async () => {
    const small = await stage.device({ width, height });
    await small.goto(`${stage.api}/till`);
    await small.locator('[data-test=activation-code]').waitFor();
    await judge(small, 'till-activation');
  });
}
