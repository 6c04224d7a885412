/** The payers' page on their phones: every app, every kind of code, and what goes wrong on the way. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { content, judge, shoot, until } from './judge.mjs';
import { AGENTS, Stage } from './stage.mjs';

/** The wallets' phones, and what a payer's own browser chooses. */
const APPS = ['wechat', 'alipay', 'unionpay', 'bank'];
const COMPRESSED_BYTES_MAX = 50 * 1024;
/** Lighthouse's slow 3G. */
const SLOW_3G = { latency: 400, bytesPerSecond: 400_000 / 8 };
const FIRST_PAINT_MS_MAX = 1_500;

let stage;
const shop = {};

before(async () => {
  stage = await Stage.start((s) => {
    const { merchant } = s.merchant('老王面馆');
    shop.merchant = merchant;
    const settings = { tips: [5, 10], quick_amounts_fen: [1000, 2000], accent: '#d4380d' };
    s.admin('set-cashier', s.file('cashier.json', settings), '--merchant', merchant);
    const make = (name) => s.admin('create-terminal', merchant, 'qr_plate', name).terminal;
    shop.plate = s.admin('create-plate', make('南京西路店')).page.slice(s.api.length);
    shop.script = s.admin('create-plate', make('<img src=x onerror=alert(1)>店')).page.slice(s.api.length);
    const gone = s.admin('create-plate', make('旧牌'));
    s.admin('revoke-plate', gone.plate);
    shop.revoked = gone.page.slice(s.api.length);
    const closed = s.merchant('关门的店').merchant;
    shop.closed = s.admin('create-plate', s.admin('create-terminal', closed, 'qr_plate', '关门').terminal).page.slice(s.api.length);
    s.admin('suspend-merchant', closed);
    const narrow = s.admin('create-terminal', merchant, 'table_code', '3 号桌').terminal;
    s.admin('set-cashier', s.file('narrow.json', { tenders: { table_code: ['alipay'] } }), '--merchant', merchant);
    s.admin('set-cashier', s.file('both.json', { ...settings, tenders: { table_code: ['alipay'] } }), '--merchant', merchant);
    shop.table = s.admin('create-plate', narrow).page.slice(s.api.length);
    const key = s.admin('issue-key', merchant);
    s.key = { id: key.key_id, secret: key.secret };
  });
});

after(() => stage?.end());

/** What the channels hold of a run of the test. */
async function charged(run) {
  const from = (await stage.books()).length;
  await run();
  return (await stage.books()).slice(from);
}

/** Confirms in the app: in its sheet over the page, or on its own page. */
async function confirm(page, app, what = 'pay') {
  if (app === 'wechat' || app === 'alipay') {
    await page.locator(`[data-sandbox=${what}]`).click();
  } else {
    await page.locator(what === 'pay' ? '#pay' : '#cancel').click();
  }
}

async function enter(page, amount) {
  await page.locator('#amount').waitFor();
  for (const key of amount) await page.click(key === '.' ? '#key-dot' : `#key-${key}`);
}

for (const app of APPS) {
  test(`${app}: a plate is paid to the end`, async () => {
    const page = await stage.device();
    const lines = await charged(async () => {
      await page.goto(stage.phones[app] + shop.plate);
      await enter(page, '28.5');
      await page.click('#tip-10');
      await judge(page, `plate-${app}`);
      await page.locator('.pay').click();
      await confirm(page, app);
      await page.locator('[data-test=paid]').waitFor();
      await judge(page, `paid-${app}`);
      content(page);
    });
    assert.deepEqual(lines.map((line) => line.amount_fen), [3135]);
    // Whoever reloads sees the same payment, and whoever goes back is not charged again.
    await page.reload();
    await page.locator('[data-test=paid]').waitFor();
  });

  test(`${app}: an order's own code is paid to the end`, async () => {
    const made = await stage.post('/v1/payments', order(`dynamic-${app}`, 4600));
    const page = await stage.device();
    const lines = await charged(async () => {
      await page.goto(stage.phones[app] + made.cashier_url.slice(stage.api.length));
      await page.locator('[data-test=rest]').waitFor();
      await judge(page, `order-${app}`);
      await page.locator('.pay').click();
      await confirm(page, app);
      await page.locator('[data-test=paid]').waitFor();
    });
    assert.deepEqual(lines.map((line) => line.amount_fen), [4600]);
    assert.equal((await stage.get(`/v1/payments/${made.id}`)).state, 'paid');
  });

  test(`${app}: cancelled, and paid after all, once`, async () => {
    const page = await stage.device();
    const lines = await charged(async () => {
      await page.goto(stage.phones[app] + shop.plate);
      await enter(page, '7');
      await page.locator('.pay').click();
      await confirm(page, app, 'cancel');
      await page.locator('.pay:not([disabled])').waitFor();
      await page.locator('.pay').click();
      await confirm(page, app);
      await page.locator('[data-test=paid]').waitFor();
    });
    assert.deepEqual(lines.map((line) => line.amount_fen), [700]);
  });
}

for (const channel of ['alipay', 'wechat']) {
  test(`a phone's own browser pays by ${channel}`, async () => {
    const page = await stage.device();
    const lines = await charged(async () => {
      await page.goto(stage.phones.browser + shop.plate);
      await enter(page, '12');
      await judge(page, 'plate-browser');
      await page.locator(`#pay-${channel}`).click();
      await page.locator('#pay').click();
      await page.locator('[data-test=paid]').waitFor();
    });
    assert.deepEqual(lines.map((line) => [line.channel, line.amount_fen]), [[channel, 1200]]);
  });
}

test('a desktop shows a code to scan, and follows what the phone does', async () => {
  const made = await stage.post('/v1/payments', order('desktop', 1000));
  const path = made.cashier_url.slice(stage.api.length);
  const desktop = await stage.device({ width: 1440, height: 900 });
  await desktop.goto(stage.api + path);
  await desktop.locator('svg.qr').waitFor();
  await judge(desktop, 'desktop');
  const phone = await stage.device();
  await phone.goto(stage.phones.wechat + path);
  await phone.locator('.pay').click();
  await confirm(phone, 'wechat');
  await desktop.locator('[data-test=paid]').waitFor();
  content(desktop);
});

test('two taps, a reload and the back button charge once', async () => {
  const page = await stage.device();
  const lines = await charged(async () => {
    await page.goto(stage.phones.wechat + shop.plate);
    await enter(page, '5');
    await page.locator('.pay').dblclick();
    await page.locator('[data-sandbox=pay]').waitFor();
    await page.reload();
    await page.locator('[data-test=rest]').waitFor();
    await page.goBack().catch(() => null);
    await page.goto(stage.phones.wechat + shop.plate);
    // The purchase that is under way is found again.
    await page.locator('[data-test=rest]').waitFor();
    await page.locator('.pay').click();
    await page.locator('[data-sandbox=pay]').dblclick();
    await page.locator('[data-test=paid]').waitFor();
  });
  assert.deepEqual(lines.map((line) => line.amount_fen), [500]);
});

test('an answer that is lost on the way is asked for again, and charged once', async () => {
  const page = await stage.device();
  let lost = 0;
  await page.route('**/c/q/*/pay', async (route) => {
    if (lost < 2) {
      lost += 1;
      await route.fetch();
      await route.abort('connectionreset');
    } else {
      await route.continue();
    }
  });
  const lines = await charged(async () => {
    await page.goto(stage.phones.alipay + shop.plate);
    await enter(page, '9');
    await page.locator('.pay').click();
    await page.locator('[data-sandbox=pay]').click();
    await page.locator('[data-test=paid]').waitFor();
  });
  assert.equal(lost, 2);
  assert.deepEqual(lines.map((line) => line.amount_fen), [900]);
});

test('the line is down: the page says so, and the next tap goes on', async () => {
  const page = await stage.device();
  await page.goto(stage.phones.wechat + shop.plate);
  await enter(page, '3');
  await page.context().setOffline(true);
  await page.locator('.pay').click();
  await page.locator('[data-test=notice-network]').waitFor();
  await page.context().setOffline(false);
  const lines = await charged(async () => {
    await page.locator('.pay').click();
    await page.locator('[data-sandbox=pay]').click();
    await page.locator('[data-test=paid]').waitFor();
  });
  assert.equal(lines.length, 1);
});

test('the channel’s notice is lost: the payer who comes back makes us ask', async () => {
  await stage.fault({ channel: 'wechat', call: 'pay', fault: { kind: 'no_notice' }, times: 1 });
  const page = await stage.device();
  await page.goto(stage.phones.wechat + shop.plate);
  await enter(page, '6');
  await page.locator('.pay').click();
  await page.locator('[data-sandbox=pay]').click();
  await page.locator('[data-test=paid]').waitFor();
  await stage.noFaults();
});

test('the server dies while the payer pays, and knows when it is back', async () => {
  const page = await stage.device();
  await page.goto(stage.phones.wechat + shop.plate);
  await enter(page, '8');
  await page.locator('.pay').click();
  await page.locator('[data-sandbox=pay]').waitFor();
  await stage.kill();
  const lines = await charged(async () => {
    await page.locator('[data-sandbox=pay]').click();
    await until('the charge', async () => (await stage.books()).some((line) => line.amount_fen === 800));
    await stage.serve();
    await page.locator('[data-test=paid]').waitFor({ timeout: 40_000 });
  });
  assert.equal(lines.filter((line) => line.amount_fen === 800).length, 1);
});

test('two payers at one order: the second is told, and may pay instead', async () => {
  const made = await stage.post('/v1/payments', order('shared', 2000));
  const path = made.cashier_url.slice(stage.api.length);
  const one = await stage.device();
  const two = await stage.device();
  await one.goto(`${stage.phones.wechat}${path}`);
  await one.locator('.pay').click();
  await one.locator('[data-sandbox=cancel]').click();
  await two.goto(`${stage.phones.alipay}${path}`);
  await two.locator('[data-test=being-paid]').waitFor();
  await judge(two, 'being-paid');
  const lines = await charged(async () => {
    await two.locator('#instead-alipay').click();
    await two.locator('[data-sandbox=pay]').click();
    await two.locator('[data-test=paid]').waitFor();
    await one.locator('[data-test=paid]').waitFor();
  });
  assert.deepEqual(lines.map((line) => [line.channel, line.amount_fen]), [['alipay', 2000]]);
});

test('codes that take nothing lead to a safe page that says why', async () => {
  for (const [path, code] of [
    [shop.revoked, 'plate_revoked'],
    [shop.closed, 'merchant_suspended'],
    [`${shop.plate.slice(0, -1)}g`, 'code_invalid'],
    ['/o/<script>alert(1)', 'code_invalid'],
    ['/c/back?state=1&code=2', 'sign_in_state_wrong'],
  ]) {
    const page = await stage.device({ agent: AGENTS.wechat });
    await page.goto(stage.api + path);
    assert.equal(await page.locator('.code').textContent(), code, path);
    await judge(page, `refused-${code}`);
  }
});

test('an app whose channel is not open here is told which ones are', async () => {
  const page = await stage.device();
  await page.goto(stage.phones.wechat + shop.table);
  await page.locator('[data-test=not-here]').waitFor();
  assert.match(await page.locator('[data-test=not-here]').textContent(), /支付宝/);
  await judge(page, 'not-here');
});

test('a payer who does not allow it is told, and may try again', async () => {
  await stage.fault({ channel: 'unionpay', call: 'api/userAuth', fault: { kind: 'payer_refuses' }, times: 1 });
  const page = await stage.device();
  await page.goto(stage.phones.unionpay + shop.plate);
  await page.locator('[data-test=not-named]').waitFor();
  await judge(page, 'not-named');
  await page.locator('.pay').click();
  await page.locator('#amount').waitFor();
});

test('a name in markup is a name', async () => {
  const page = await stage.device();
  await page.goto(stage.phones.wechat + shop.script);
  await enter(page, '1');
  assert.equal(await page.locator('#name').textContent(), '<img src=x onerror=alert(1)>店');
  assert.equal(await page.locator('img').count(), 0);
  content(page);
});

test('the narrowest phone, in English, by keyboard and by screen reader', async () => {
  const page = await stage.device({ agent: AGENTS.phone, width: 320, height: 568, locale: 'en-US' });
  await page.goto(stage.api + shop.plate);
  await page.locator('#amount').waitFor();
  assert.equal(await page.getAttribute('html', 'lang'), 'en');
  await page.keyboard.type('12.34');
  assert.equal(await page.inputValue('#amount'), '12.34');
  await judge(page, 'plate-english');
  await page.keyboard.press('Backspace');
  assert.equal(await page.inputValue('#amount'), '12.3');
  await page.getByRole('button', { name: '中文' }).click();
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
  await judge(page, 'plate-chinese');
});

test('the first load is light, and is seen soon on a slow line', async () => {
  const page = await stage.device({ agent: AGENTS.phone });
  const line = await page.context().newCDPSession(page);
  await line.send('Network.enable');
  await line.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: SLOW_3G.latency,
    downloadThroughput: SLOW_3G.bytesPerSecond,
    uploadThroughput: SLOW_3G.bytesPerSecond,
  });
  let bytes = 0;
  line.on('Network.loadingFinished', (event) => {
    bytes += event.encodedDataLength;
  });
  await page.goto(stage.api + shop.plate);
  await page.locator('#amount').waitFor();
  await page.waitForLoadState('networkidle');
  const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime);
  console.log(`first load ${bytes} bytes, first paint ${Math.round(paint)} ms`);
  assert.ok(bytes <= COMPRESSED_BYTES_MAX, `${bytes} bytes`);
  assert.ok(paint <= FIRST_PAINT_MS_MAX, `${paint} ms`);
  await shoot(page, 'slow');
});

function order(no, fen) {
  return {
    merchant_order_no: no,
    amount: { total: fen, currency: 'CNY' },
    description: '两碗牛肉面',
    legs: [],
  };
}
