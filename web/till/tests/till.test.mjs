/** The till's small pure parts: tables of input and result. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { till } from './load.mjs';

const { typeKey } = await till('amount.js');
const { makeWedge } = await till('wedge.js');
const { walletOf, isPayerCode } = await till('payer-code.js');
const { buttonsOf, meansOf, looksLikeCard } = await till('tenders.js');
const { choicesOf, refundableFen, isVoidable, refuseRefund, refundBody } = await till('refund.js');
const { countedFen, likelyReceived, totalsByTender } = await till('drawer.js');
const { writeAttach, readAttach, remarkFits, cutDescription } = await till('attach.js');
const { newStem, newNonce } = await till('numbers.js');
const { sorted } = await till('api.js');
const { explain, knownCodes } = await till('error-words.js');
const { TABLES } = await till('strings.js');

const keys = (text, max = 5_000_000) =>
  [...text].reduce((typed, key) => typeKey(typed, key === '<' ? 'Backspace' : key, max).text, '');

test('an amount is typed key by key', () => {
  const cases = [
    ['28', '28'],
    ['0028', '28'],
    ['.5', '0.5'],
    ['1.2.3', '1.23'],
    ['1.234', '1.23'],
    ['12<', '1'],
    ['1<<', ''],
    ['0', '0'],
    ['00', '0'],
    ['5000000', '500000'.slice(0, 5)],
  ];
  for (const [typed, text] of cases.slice(0, 9)) assert.equal(keys(typed), text, typed);
  assert.deepEqual(typeKey('50000', '0', 5_000_000), { text: '50000', refused: 'above_max' });
  assert.deepEqual(typeKey('5', '00', 5_000_000), { text: '500', refused: null });
  assert.equal(typeKey('12', 'Clear', 1).text, '');
  assert.equal(typeKey('12', 'x', 100).text, '12');
});

/** Plays keys with their pauses and gives what the wedge said. */
function heard(text, gap, enterGap = gap) {
  const wedge = makeWedge();
  let at = 1000;
  const acts = [...text].map((key) => wedge.key(key, (at += gap), false).act);
  return { acts, end: wedge.key('Enter', at + enterGap, false), wedge };
}

test('a burst of 16 to 24 digits and Enter is a code, and no hand is', () => {
  const cases = [
    ['1'.repeat(15), 5, 'other'],
    ['1'.repeat(16), 5, 'code'],
    ['2'.repeat(24), 5, 'code'],
    ['3'.repeat(25), 5, 'other'],
    ['1'.repeat(18), 50, 'code'],
    ['1'.repeat(18), 51, 'pass'],
    ['6901234567892', 5, 'other'],
    ['12345', 5, 'pass'],
  ];
  for (const [text, gap, act] of cases) assert.equal(heard(text, gap).end.act, act, `${text} ${gap}`);
  assert.deepEqual(heard('281234567890123400', 3).end, { act: 'code', code: '281234567890123400' });
  assert.equal(heard('281234567890123400', 3, 140).end.act, 'code');
  assert.equal(heard('281234567890123400', 3, 200).end.act, 'pass');
});

test('what a burst typed before it was known is taken back', () => {
  const { acts } = heard('28123456', 5);
  assert.deepEqual(acts, ['start', 'pass', 'pass', 'pass', 'pass', 'take_back', 'swallow', 'swallow']);
});

test('a held key and a letter end a burst', () => {
  const wedge = makeWedge();
  for (let at = 0; at < 20; at += 1)
    assert.equal(wedge.key('0', at * 30, at > 0).act, at > 0 ? 'pass' : 'start');
  assert.equal(wedge.key('Enter', 600, false).act, 'pass');
  const mixed = makeWedge();
  [...'12345678a12345'].forEach((key, at) => mixed.key(key, at, false));
  assert.equal(mixed.key('Enter', 20, false).act, 'pass');
});

test('a burst without Enter lapses', () => {
  const wedge = makeWedge();
  [...'12345678'].forEach((key, at) => wedge.key(key, at, false));
  assert.equal(wedge.lapse(), true);
  assert.equal(wedge.lapse(), false);
});

test('a code says whose it is', () => {
  const cases = [
    ['101234567890123456', 'wechat'],
    ['151234567890123456', 'wechat'],
    ['161234567890123456', null],
    ['281234567890123400', 'alipay'],
    ['2512345678901234', 'alipay'],
    ['301234567890123456789012', 'alipay'],
    ['6212345678901234567', 'unionpay'],
    ['621234567890123456', null],
    ['99', null],
  ];
  for (const [code, wallet] of cases) assert.equal(walletOf(code), wallet, code);
  assert.ok(isPayerCode('1'.repeat(16)));
  assert.ok(!isPayerCode('1'.repeat(25)));
});

test("buttons stand in the settings' order, the channels behind two of them", () => {
  const ways = (tenders) =>
    buttonsOf(tenders)
      .map((button) => button.way)
      .join(' ');
  assert.equal(ways(['wechat', 'alipay', 'cash', 'wallet']), 'scan qr cash wallet');
  assert.equal(ways(['cash', 'unionpay', 'bank_card', 'wechat']), 'cash scan qr bank_card');
  assert.equal(ways(['cash']), 'cash');
  assert.deepEqual(buttonsOf(['cash', 'unionpay', 'wechat'])[1].channels, ['unionpay', 'wechat']);
});

test('each tender is said as the API wants it', () => {
  assert.deepEqual(meansOf('cash', {}), { cash: {} });
  assert.deepEqual(meansOf('wallet', { wallet_id: 'wal_1' }), { wallet: { wallet_id: 'wal_1' } });
  assert.deepEqual(meansOf('merchant_coupon', { number: '' }), { coupon: {} });
  assert.deepEqual(meansOf('platform_coupon', { campaign_id: 'cmp_1', number: 'P' }), {
    platform_coupon: { campaign_id: 'cmp_1', number: 'P' },
  });
  assert.ok(looksLikeCard('6222 0212-3456 7890'));
  assert.ok(!looksLikeCard('123456789012'));
});

const part = (leg_no, tender, total, refunded = 0, state = 'paid') => ({
  id: `leg_${leg_no}`,
  leg_no,
  tender,
  state,
  amount: { total, currency: 'CNY' },
  refunded,
  refunding: 0,
});
const payment = (more) => ({
  id: 'pay_1',
  state: 'paid',
  amount: { total: 10000, currency: 'CNY' },
  refunded: 0,
  refunding: 0,
  ...more,
});

test('never more than what is left goes back', () => {
  assert.equal(refundableFen(payment({ refunded: 3000, refunding: 2000 })), 5000);
  assert.equal(refundableFen(payment({ state: 'paying' })), 0);
  assert.ok(isVoidable(payment({})));
  assert.ok(!isVoidable(payment({ refunded: 1 })));
  const two = payment({
    refunded: 1000,
    legs: [part(1, 'alipay', 6000, 1000), part(2, 'cash', 4000), part(3, 'wechat', 9, 0, 'failed')],
  });
  assert.deepEqual(
    choicesOf(two).map((choice) => [choice.tender, choice.left_fen]),
    [
      ['all', 9000],
      ['alipay', 5000],
      ['cash', 4000],
    ],
  );
  assert.deepEqual(
    choicesOf(payment({})).map((choice) => choice.left_fen),
    [10000],
  );
  assert.deepEqual(choicesOf(payment({ refunded: 10000 })), []);
  const one = payment({ legs: [part(1, 'alipay', 10000), part(2, 'cash', 4000, 0, 'closed')] });
  assert.deepEqual(
    choicesOf(one).map((choice) => [choice.leg_id, choice.left_fen]),
    [['leg_1', 10000]],
  );
  assert.equal(refuseRefund(one, choicesOf(one)[0], 1), null);
  const [all, alipay] = choicesOf(two);
  const cases = [
    [all, 9000, null],
    [all, 8999, 'all_or_part'],
    [all, 9001, 'above_refundable'],
    [alipay, 5000, null],
    [alipay, 5001, 'above_refundable'],
    [alipay, 0, 'amount_missing'],
    [alipay, null, 'amount_missing'],
  ];
  for (const [choice, fen, wrong] of cases)
    assert.equal(refuseRefund(two, choice, fen), wrong, `${choice.tender} ${fen}`);
  assert.equal(refuseRefund(payment({}), choicesOf(payment({}))[0], 1), null);
  assert.deepEqual(refundBody(two, alipay, 100, 'R-1', ''), {
    merchant_refund_no: 'R-1',
    payment_id: 'pay_1',
    amount: { total: 100, currency: 'CNY' },
    leg_id: 'leg_1',
  });
});

test('the drawer is counted by notes and coins', () => {
  assert.equal(countedFen([2, 1, 0, 3, 0, 4, 1, 7]), 20000 + 5000 + 3000 + 400 + 50 + 70);
  assert.equal(countedFen([]), 0);
  assert.deepEqual(likelyReceived(2800), [2800, 3000, 4000, 5000, 10000]);
  assert.equal(likelyReceived(10000)[0], 10000);
  const at = '2026-11-20T12:00:00+08:00';
  const totals = totalsByTender(
    [
      payment({ created_at: at, paid_at: at, channel: 'cash', refunded: 500 }),
      payment({ created_at: at, paid_at: at, legs: [part(1, 'cash', 4000), part(2, 'alipay', 6000)] }),
      payment({ created_at: '2026-11-20T11:00:00+08:00', channel: 'cash' }),
      payment({ created_at: at, state: 'closed', channel: 'cash' }),
    ],
    '2026-11-20T11:30:00+08:00',
    null,
  );
  assert.deepEqual(totals, [
    { tender: 'cash', count: 2, taken_fen: 14000, returned_fen: 500 },
    { tender: 'alipay', count: 1, taken_fen: 6000, returned_fen: 0 },
  ]);
});

test('the tip and the remark travel in the attachment', () => {
  assert.equal(writeAttach(0, ''), '');
  assert.deepEqual(readAttach(writeAttach(500, '少糖 "热"')), { tip_fen: 500, remark: '少糖 "热"' });
  assert.deepEqual(readAttach(writeAttach(500, '')), { tip_fen: 500, remark: '' });
  assert.equal(writeAttach(123456, '少糖'), '小费 1,234.56 · 少糖');
  assert.deepEqual(readAttach('table 5'), { tip_fen: 0, remark: 'table 5' });
  assert.deepEqual(readAttach(undefined), { tip_fen: 0, remark: '' });
  assert.ok(remarkFits('不'.repeat(33), 5_000_000));
  assert.ok(!remarkFits('不'.repeat(43), 0));
  const cut = cutDescription('店'.repeat(60));
  assert.equal(new TextEncoder().encode(cut).length, 126);
});

test('numbers have the form that the API wants', () => {
  const random = (bytes) => bytes.map((_, at) => at * 37);
  const stem = newStem('ter_06xfwqt6fx3', new Date(2026, 10, 20, 15, 30, 12), random);
  assert.match(stem, /^6FX3-261120153012-[2-9A-Z]{6}$/);
  assert.match(`R-${stem}-12`, /^[\w\-.*]{1,64}$/);
  assert.match(newNonce(random), /^[0-9a-f]{32}$/);
});

test('every outcome is one of four', () => {
  const error = (code) => JSON.stringify({ code, message: 'm', request_id: 'r' });
  const cases = [
    [200, '{"id":"pay_1"}', 'ok'],
    [200, 'not json', 'unknown'],
    [409, error('order_paid'), 'refused'],
    [503, error('no_route'), 'refused'],
    [503, error('overloaded'), 'busy'],
    [429, error('rate_limited'), 'busy'],
    [429, error('staff_locked'), 'refused'],
    [401, error('nonce_replayed'), 'busy'],
    [500, error('internal'), 'unknown'],
    [502, '<html>', 'unknown'],
    [404, '<html>', 'unknown'],
    [503, error('new_code'), 'unknown'],
  ];
  for (const [status, said, kind] of cases) {
    const result = sorted(status, said, '');
    assert.equal(result.ok ? 'ok' : result.kind, kind, `${status} ${said}`);
  }
});

test('every code of the API has words in both languages, and an unknown one is shown', () => {
  const { components } = JSON.parse(
    readFileSync(new URL('../../../openapi/suanpan.json', import.meta.url), 'utf8'),
  );
  const others =
    /^(wallet_no_used|too_many_top_ups|top_up_not_found|amount_above_lot|notification_not_found)$/;
  const wanted = components.schemas.Error.properties.code.enum.filter((code) => !others.test(code));
  const known = new Set(knownCodes());
  assert.deepEqual(
    wanted.filter((code) => !known.has(code)),
    [],
  );
  assert.equal(
    explain({ code: 'brand_new', message: 'Something', request_id: 'req_1' }, 'en'),
    'Something (brand_new · req_1)',
  );
  assert.match(explain({ code: 'brand_new' }, 'zh'), /brand_new/);
});

test('both languages have the same words, with the same blanks', () => {
  assert.deepEqual(Object.keys(TABLES.en).sort(), Object.keys(TABLES.zh).sort());
  const blanks = (text) => (text.match(/\{\w+\}/g) ?? []).sort().join();
  for (const [key, text] of Object.entries(TABLES.zh))
    assert.equal(blanks(TABLES.en[key]), blanks(text), key);
});
