/** The signatures are those that openssl makes, and that the README's example makes. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { PlatformKeys, SuanpanError, authorization, fingerprint, hmacKey, messageText, requestText, rsaKey } from '@suanpan/sdk/node';

const folder = mkdtempSync(join(tmpdir(), 'suanpan-sdk-signing-'));
after(() => rmSync(folder, { recursive: true }));

const BODY = Buffer.from('{"merchant_order_no":"A-1","description":"咖啡"}');
const STAMP = { timestamp: '1763690400', nonce: '3f0c9a7e5b1d4c2688aa7b6c5d4e3f21' };
const REQUEST = { method: 'POST', target: '/v1/payments?a=1', body: BODY };

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function signatureIn(header: string): Buffer {
  return Buffer.from(/signature="([^"]+)"/.exec(header)?.[1] ?? '', 'base64');
}

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const privatePem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const platformItem = { key_id: 'pk_1', scheme: 'SUANPAN-RSA-SHA256', public_key: publicPem };
const platform = new PlatformKeys([platformItem], { pins: [fingerprint(publicPem)] });

test('five lines are signed, and the last one ends, too', () => {
  const text = requestText('GET', '/v1/payments/pay_1', STAMP, Buffer.alloc(0)).toString();
  assert.equal(text, 'GET\n/v1/payments/pay_1\n1763690400\n3f0c9a7e5b1d4c2688aa7b6c5d4e3f21\n\n');
  assert.equal(messageText({ ...STAMP, body: Buffer.from('{}') }).toString(), `${STAMP.timestamp}\n${STAMP.nonce}\n{}\n`);
});

test('HMAC: the same as openssl', async () => {
  const secret = 'sixteen or more characters';
  const text = file('text', requestText(REQUEST.method, REQUEST.target, STAMP, BODY));
  const theirs = execFileSync('openssl', ['dgst', '-sha256', '-hmac', secret, '-binary', text]);
  const header = await authorization(hmacKey('key_1', secret), REQUEST, STAMP);
  assert.deepEqual(signatureIn(header), theirs);
  assert.ok(header.startsWith('SUANPAN-HMAC-SHA256 key_id="key_1",nonce="3f0c'));
});

test('HMAC: the same as the example in the README', async () => {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  const line = readme.split('\n').find((text) => text.startsWith('SIG=$(printf '));
  assert.ok(line, 'the README shows how to sign');
  const values = { SECRET: 'another secret', TS: STAMP.timestamp, NONCE: STAMP.nonce, BODY: BODY.toString() };
  const theirs = execFileSync('bash', ['-c', `${line}; printf %s "$SIG"`], { env: { ...process.env, ...values } }).toString();
  const header = await authorization(hmacKey('key_1', values.SECRET), { ...REQUEST, target: '/v1/payments' }, STAMP);
  assert.equal(signatureIn(header).toString('base64'), theirs);
});

test('RSA: openssl accepts ours, and makes the same', async () => {
  const text = file('text', requestText(REQUEST.method, REQUEST.target, STAMP, BODY));
  const [key, pub] = [file('private.pem', privatePem), file('public.pem', publicPem)];
  const ours = signatureIn(await authorization(rsaKey('key_2', privatePem, platform), REQUEST, STAMP));
  execFileSync('openssl', ['dgst', '-sha256', '-verify', pub, '-signature', file('signature', ours), text]);
  assert.deepEqual(ours, execFileSync('openssl', ['dgst', '-sha256', '-sign', key, text]));
});

test('an answer that is not ours is refused', async () => {
  const [good, other] = [hmacKey('key_1', 'secret'), hmacKey('key_1', 'secreT')];
  const body = Buffer.from('{"state":"paid"}');
  const signature = await good.sign(messageText({ ...STAMP, body }));
  const message = { scheme: 'SUANPAN-HMAC-SHA256', keyId: 'key_1', ...STAMP, signature, body };
  const cases: [string, typeof message, boolean][] = [
    ['as it was', message, true],
    ['another body', { ...message, body: Buffer.from('{"state":"paiD"}') }, false],
    ['another time', { ...message, timestamp: '1763690401' }, false],
    ['another nonce', { ...message, nonce: 'x'.repeat(32) }, false],
    ['another key', { ...message, keyId: 'key_2' }, false],
    ['another scheme', { ...message, scheme: 'SUANPAN-RSA-SHA256' }, false],
    ['a shorter signature', { ...message, signature: signature.subarray(1) }, false],
    ['no signature', { ...message, signature: Buffer.alloc(0) }, false],
  ];
  for (const [what, changed, expected] of cases) assert.equal(await good.verify(changed), expected, what);
  assert.equal(await other.verify(message), false);
});

test('only pinned keys are trusted', () => {
  const message = { scheme: 'SUANPAN-RSA-SHA256', keyId: 'pk_2', ...STAMP, signature: Buffer.alloc(256), body: BODY };
  const unknown = (error: unknown) => error instanceof SuanpanError && error.code === 'platform_key_unknown';
  assert.throws(() => platform.verify(message), unknown, 'a key that is not there');
  assert.throws(() => new PlatformKeys([platformItem], { pins: ['SHA256:other'] }), unknown, 'none is pinned');
  assert.equal(platform.verify({ ...message, keyId: 'pk_1' }), false, 'a signature that does not fit');
  const der = execFileSync('openssl', ['pkey', '-pubin', '-in', file('public.pem', publicPem), '-outform', 'DER']);
  const digest = execFileSync('openssl', ['dgst', '-sha256', '-binary', file('public.der', der)]).toString('base64');
  assert.equal(fingerprint(publicPem), `SHA256:${digest}`, 'as the README makes it');
});

test('an SM2 key is told where to go, a small RSA key is refused', () => {
  const sm2 = generateKeyPairSync('ec', { namedCurve: 'SM2' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  assert.throws(() => rsaKey('key_3', sm2, platform), (error) => error instanceof SuanpanError && error.code === 'sm2_unsupported');
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  assert.throws(() => rsaKey('key_3', small, platform), TypeError);
  assert.throws(() => hmacKey('key"', 'secret'), TypeError);
});
