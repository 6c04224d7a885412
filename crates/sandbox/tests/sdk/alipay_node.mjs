// A stranger's client against the sandbox: the official npm `alipay-sdk` with answers verified.
//
// Usage: node alipay_node.mjs coordinates.json. Prints one line per check; exits non-zero on a failure.

import { generateKeyPairSync, randomInt, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { AlipaySdk } from 'alipay-sdk';

const SUBJECT = '早餐 + 咖啡 & 50% = /best/';
const failures = [];
const kept = [];

function check(name, holds, seen) {
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${name}${holds ? '' : `: ${JSON.stringify(seen)}`}`);
  if (!holds) failures.push(name);
}

const number = () => `N${randomUUID().replaceAll('-', '').slice(0, 20)}`;
const payerCode = (ending) => `28${String(randomInt(2 ** 46)).padStart(14, '0')}${ending}`;

async function until(seconds, probe) {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    const found = await probe();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return undefined;
}

const noticesOf = async (orderNo, atLeast = 1) =>
  (await until(3, () => {
    const found = kept.filter((notice) => notice.out_trade_no === orderNo);
    return found.length >= atLeast ? found : undefined;
  })) ?? [];

function listen() {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      kept.push(Object.fromEntries(new URLSearchParams(body)));
      response.end('success');
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

async function control(baseUrl, path, body) {
  const answer = await fetch(baseUrl + path, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
}

const caller = (sdk, notifyUrl) => (method, bizContent) =>
  sdk.exec(
    `alipay.trade.${method}`,
    { ...(notifyUrl && { notifyUrl }), bizContent },
    { validateSign: true },
  );

const payment = (orderNo, ending, amount = '88.88') => ({
  out_trade_no: orderNo,
  scene: 'bar_code',
  auth_code: payerCode(ending),
  subject: SUBJECT,
  total_amount: amount,
  product_code: 'FACE_TO_FACE_PAYMENT',
});

async function paying(mode, call) {
  let orderNo = number();
  const paid = await call('pay', payment(orderNo, '00'));
  check(`${mode} pay`, paid.code === '10000' && paid.totalAmount === '88.88', paid);
  const again = await call('pay', payment(orderNo, '00'));
  check(`${mode} pay again`, again.subCode === 'ACQ.TRADE_HAS_SUCCESS', again);
  const other = await call('pay', payment(orderNo, '00', '1.00'));
  check(`${mode} pay other data`, other.subCode === 'ACQ.CONTEXT_INCONSISTENT', other);

  orderNo = number();
  const asked = await call('pay', payment(orderNo, '90'));
  check(`${mode} pay with password`, asked.code === '10003', asked);
  const query = () => call('query', { out_trade_no: orderNo });
  const waiting = await query();
  check(`${mode} query waiting`, waiting.tradeStatus === 'WAIT_BUYER_PAY', waiting);
  const isPaid = async () => (await query()).tradeStatus === 'TRADE_SUCCESS';
  check(`${mode} query after password`, await until(8, isPaid));

  const poor = await call('pay', payment(number(), '92'));
  check(`${mode} balance not enough`, poor.subCode === 'ACQ.BUYER_BALANCE_NOT_ENOUGH', poor);
}

async function scanning(mode, sdk, call, baseUrl) {
  const orderNo = number();
  const order = { out_trade_no: orderNo, subject: SUBJECT, total_amount: '12.00' };
  const code = await call('precreate', order);
  check(`${mode} precreate`, code.qrCode.startsWith('https://qr.alipay.com/bax'), code);
  const none = await call('query', { out_trade_no: orderNo });
  check(`${mode} query unscanned`, none.subCode === 'ACQ.TRADE_NOT_EXIST', none);
  await control(baseUrl, '/sandbox/pay', { channel: 'alipay', order_no: orderNo });
  const found = await call('query', { out_trade_no: orderNo });
  check(`${mode} query scanned`, found.tradeStatus === 'TRADE_SUCCESS', found);
  const [notice] = await noticesOf(orderNo);
  check(`${mode} notice verified`, sdk.checkNotifySignV2(notice), notice);
  const tampered = { ...notice, total_amount: '0.01' };
  check(`${mode} notice tampered is refused`, !sdk.checkNotifySignV2(tampered));
}

async function refunding(mode, call) {
  const orderNo = number();
  const refund = (amount, requestNo) =>
    call('refund', { out_trade_no: orderNo, refund_amount: amount, out_request_no: requestNo });
  const query = (requestNo) =>
    call('fastpay.refund.query', { out_trade_no: orderNo, out_request_no: requestNo });
  await call('pay', payment(orderNo, '00'));
  const part = await refund('30.00', 'R1');
  check(`${mode} partial refund`, part.fundChange === 'Y' && part.refundFee === '30.00', part);
  const again = await refund('30.00', 'R1');
  check(`${mode} repeated refund`, again.code === '10000' && again.fundChange === 'N', again);
  const more = await refund('58.89', 'R2');
  check(`${mode} refund of more`, more.subCode === 'ACQ.REFUND_AMT_NOT_EQUAL_TOTAL', more);
  const known = await query('R1');
  check(`${mode} refund query`, known.refundStatus === 'REFUND_SUCCESS', known);
  const none = await query('R2');
  check(`${mode} refund query, none`, none.code === '10000' && !none.refundStatus, none);
  const rest = await refund('58.88', 'R3');
  check(`${mode} refund of the rest`, rest.refundFee === '88.88', rest);
  const states = (await noticesOf(orderNo, 2)).map((notice) => notice.trade_status);
  check(`${mode} notices of refunds`, states.join() === 'TRADE_SUCCESS,TRADE_CLOSED', states);
}

async function undoing(mode, call) {
  const orderNo = number();
  await call('pay', payment(orderNo, '00'));
  const undone = await call('cancel', { out_trade_no: orderNo });
  check(`${mode} cancel paid`, undone.action === 'refund' && undone.retryFlag === 'N', undone);
  const unknown = await call('cancel', { out_trade_no: number() });
  check(`${mode} cancel unknown`, unknown.code === '10000' && unknown.retryFlag === 'N', unknown);
}

async function distrusting(account, gateway, baseUrl) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const stranger = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const call = caller(keyClient({ ...account, app_private_key_pem: stranger }, gateway));
  const refused = await call('query', { out_trade_no: 'X1' });
  check('wrong key refused', refused.subCode === 'isv.invalid-signature', refused);

  const fault = { call: 'alipay.trade.query', fault: { kind: 'wrong_signature' } };
  await control(baseUrl, '/sandbox/faults', fault);
  const asked = caller(keyClient(account, gateway))('query', { out_trade_no: 'X1' });
  const noticed = await asked.then(() => false, (error) => error.message.includes('验签失败'));
  check('wrong answer signature is noticed', noticed);
}

const keyClient = (account, gateway) =>
  new AlipaySdk({
    appId: account.app_id,
    privateKey: account.app_private_key_pem,
    alipayPublicKey: account.alipay_public_key_pem,
    keyType: 'PKCS8',
    gateway,
  });

const certificateClient = (account, gateway) =>
  new AlipaySdk({
    appId: account.app_id,
    privateKey: account.app_private_key_pem,
    appCertContent: account.app_cert_pem,
    alipayPublicCertContent: account.alipay_cert_pem,
    alipayRootCertContent: account.alipay_root_cert_pem,
    keyType: 'PKCS8',
    gateway,
  });

const { alipay, base_url: baseUrl } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const server = await listen();
const notifyUrl = `http://127.0.0.1:${server.address().port}/notice`;
for (const [mode, sdk] of [
  ['keys', keyClient(alipay.keys, alipay.gateway)],
  ['certificates', certificateClient(alipay.certificates, alipay.gateway)],
]) {
  const call = caller(sdk, notifyUrl);
  await paying(mode, call);
  await scanning(mode, sdk, call, baseUrl);
  await refunding(mode, call);
  await undoing(mode, call);
}
await distrusting(alipay.keys, alipay.gateway, baseUrl);
console.log(`${failures.length} failed`);
process.exit(failures.length ? 1 : 0);
