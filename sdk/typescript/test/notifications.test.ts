/** A notification is believed when the platform signed these bytes within the last five minutes. */

import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';

import { PlatformKeys, SuanpanError, verifyNotification } from '@suanpan/sdk/node';

const NOW_S = 1_763_690_400;
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const public_key = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const sm2 = generateKeyPairSync('ec', { namedCurve: 'SM2' }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
const items = [
  { key_id: 'pk_1', scheme: 'SUANPAN-RSA-SHA256', public_key },
  { key_id: 'pk_sm2', scheme: 'SUANPAN-SM2-SM3', public_key: sm2 },
];
const keys = new PlatformKeys(items, { pins: 'unpinned' });
const EVENT = { id: 'ntf_1', event: 'payment.paid', created_at: '2026-11-21T12:00:00+08:00', payment: { id: 'pay_1', state: 'paid', description: '咖啡' } };
const BODY = JSON.stringify(EVENT);

function headers(body = BODY, more: { at?: number; nonce?: string; key?: typeof pair } = {}): Record<string, string> {
  const [timestamp, nonce] = [String(more.at ?? NOW_S), more.nonce ?? 'job_1'];
  const text = Buffer.from(`${timestamp}\n${nonce}\n${body}\n`);
  return {
    'suanpan-timestamp': timestamp,
    'suanpan-nonce': nonce,
    'suanpan-key-id': 'pk_1',
    'suanpan-signature-type': 'SUANPAN-RSA-SHA256',
    'suanpan-signature': sign('sha256', text, (more.key ?? pair).privateKey).toString('base64'),
  };
}

function check(given: Record<string, string | undefined>, body: string | Buffer, expected: string | null, what: string): void {
  const now = () => NOW_S * 1_000;
  if (expected === null) {
    assert.deepEqual(verifyNotification(given, body, keys, { now }), EVENT, what);
    const web = new Headers(Object.entries(given).map(([name, value]) => [name, value ?? ''] as [string, string]));
    assert.equal(verifyNotification(web, body, keys, { now }).id, 'ntf_1', what);
  } else {
    const fits = (error: unknown) => error instanceof SuanpanError && error.code === expected;
    assert.throws(() => verifyNotification(given, body, keys, { now }), fits, what);
  }
}

test('a notification of now is read', () => {
  check(headers(), BODY, null, 'as it came');
  check(headers(), Buffer.from(BODY), null, 'as bytes');
  for (const at of [NOW_S - 300, NOW_S + 300]) check(headers(BODY, { at }), BODY, null, `at ${at}`);
});

test('a copy that is played again later is refused', () => {
  for (const at of [NOW_S - 301, NOW_S + 301, 0]) check(headers(BODY, { at }), BODY, 'notification_outdated', `at ${at}`);
  check({ ...headers(BODY, { at: NOW_S - 301 }), 'suanpan-timestamp': String(NOW_S) }, BODY, 'notification_forged', 'with a new time');
});

test('whatever was changed is seen', () => {
  const good = headers();
  check(good, BODY.replace('paid"', 'paiD"'), 'notification_forged', 'body');
  check(good, `${BODY} `, 'notification_forged', 'a blank more');
  check(good, JSON.stringify(JSON.parse(BODY), null, 1), 'notification_forged', 'written anew');
  check({ ...good, 'suanpan-nonce': 'job_2' }, BODY, 'notification_forged', 'nonce');
  check(headers(BODY, { key: stranger }), BODY, 'notification_forged', 'a stranger\'s key');
  check({ ...good, 'suanpan-signature-type': 'SUANPAN-HMAC-SHA256' }, BODY, 'notification_forged', 'scheme');
  check({ ...good, 'suanpan-key-id': 'pk_2' }, BODY, 'platform_key_unknown', 'key');
  check({ ...good, 'suanpan-key-id': 'pk_sm2', 'suanpan-signature-type': 'SUANPAN-SM2-SM3' }, BODY, 'sm2_unsupported', 'SM2 without a library');
  check({ ...good, 'suanpan-signature': 'AAAA' }, BODY, 'notification_forged', 'a short signature');
});

test('without its parts it is nothing', () => {
  for (const name of Object.keys(headers())) check({ ...headers(), [name]: undefined }, BODY, 'notification_unsigned', name);
  check({ ...headers(), 'suanpan-signature': '§' }, BODY, 'notification_unsigned', 'no base64');
  check({ ...headers(), 'suanpan-timestamp': '1e9' }, BODY, 'notification_unsigned', 'no time');
  for (const body of ['', '[]', 'null', '{"id":"ntf_1"}']) check(headers(body), body, 'notification_malformed', body);
});
