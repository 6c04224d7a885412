/**
 * Who signs, and how. One text is signed of a request, another of what the platform says; the three
 * schemes differ in the key alone.
 */

import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  sign as signWith,
  timingSafeEqual,
  verify as verifyWith,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { SuanpanError } from './errors.js';
import type { PublicKey, PublicKeys } from './types.js';

export type Scheme = 'SUANPAN-HMAC-SHA256' | 'SUANPAN-RSA-SHA256' | 'SUANPAN-SM2-SM3';

/** How far a message's time may be from ours, either way. */
export const WINDOW_S = 300;
const FETCH_TIMEOUT_MS = 20_000;
const RSA_BITS_MIN = 2_048;

/** What the platform said, with the parts of its signature. Nothing of it is proven yet. */
export interface SignedMessage {
  scheme: string;
  keyId: string;
  timestamp: string;
  nonce: string;
  signature: Buffer;
  body: Uint8Array;
}

/** A key by which requests are signed and answers verified. */
export interface Credentials {
  readonly scheme: Scheme;
  readonly keyId: string;
  sign(text: Buffer): Buffer | Promise<Buffer>;
  /** Whether the platform made this signature over {@link messageText}. */
  verify(message: SignedMessage): boolean | Promise<boolean>;
}

/** `METHOD\nPATH?QUERY\nTIMESTAMP\nNONCE\nBODY\n` */
export function requestText(
  method: string,
  target: string,
  stamp: { timestamp: string; nonce: string },
  body: Uint8Array,
): Buffer {
  const head = `${method}\n${target}\n${stamp.timestamp}\n${stamp.nonce}\n`;
  return Buffer.concat([Buffer.from(head), body, Buffer.from('\n')]);
}

/** `TIMESTAMP\nNONCE\nBODY\n` */
export function messageText(message: Pick<SignedMessage, 'timestamp' | 'nonce' | 'body'>): Buffer {
  const head = `${message.timestamp}\n${message.nonce}\n`;
  return Buffer.concat([Buffer.from(head), message.body, Buffer.from('\n')]);
}

/** The value of the `Authorization` header. */
export async function authorization(
  credentials: Credentials,
  request: { method: string; target: string; body: Uint8Array },
  stamp: { timestamp: string; nonce: string },
): Promise<string> {
  const text = requestText(request.method, request.target, stamp, request.body);
  const signature = (await credentials.sign(text)).toString('base64');
  return (
    `${credentials.scheme} key_id="${credentials.keyId}",nonce="${stamp.nonce}",` +
    `timestamp="${stamp.timestamp}",signature="${signature}"`
  );
}

/** Reads the parts of a signature; null when one is missing, or the signature is no base64. */
export function readSignature(header: (name: string) => string | null, body: Uint8Array): SignedMessage | null {
  const [scheme, keyId] = [header('suanpan-signature-type'), header('suanpan-key-id')];
  const [timestamp, nonce] = [header('suanpan-timestamp'), header('suanpan-nonce')];
  const signature = header('suanpan-signature');
  if (!scheme || !keyId || !timestamp || !nonce || !signature) return null;
  if (!/^\d{1,12}$/.test(timestamp) || !/^[A-Za-z0-9+/]+={0,2}$/.test(signature)) return null;
  return { scheme, keyId, timestamp, nonce, signature: Buffer.from(signature, 'base64'), body };
}

/** Whether a message is of now, give or take {@link WINDOW_S}. */
export function isInWindow(message: Pick<SignedMessage, 'timestamp'>, nowMs: number): boolean {
  return Math.abs(Math.floor(nowMs / 1_000) - Number(message.timestamp)) <= WINDOW_S;
}

/** The shared secret that `suanpan admin issue-key` showed. */
export function hmacKey(keyId: string, secret: string): Credentials {
  const mac = (text: Buffer) => createHmac('sha256', secret).update(text).digest();
  return {
    scheme: 'SUANPAN-HMAC-SHA256',
    keyId: checkedKeyId(keyId),
    sign: mac,
    verify(message) {
      if (message.scheme !== 'SUANPAN-HMAC-SHA256' || message.keyId !== keyId) return false;
      const ours = mac(messageText(message));
      return ours.length === message.signature.length && timingSafeEqual(ours, message.signature);
    },
  };
}

/** An RSA key of the caller's own, PEM; answers are verified with the platform's pinned keys. */
export function rsaKey(keyId: string, privateKeyPem: string, platform: PlatformKeys): Credentials {
  const key = createPrivateKey(privateKeyPem);
  if (key.asymmetricKeyType !== 'rsa') throw key.asymmetricKeyType === undefined ? sm2Unsupported() : notRsa();
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < RSA_BITS_MIN) throw notRsa();
  return {
    scheme: 'SUANPAN-RSA-SHA256',
    keyId: checkedKeyId(keyId),
    sign: (text) => signWith('sha256', text, key),
    verify: (message) => message.scheme === 'SUANPAN-RSA-SHA256' && platform.verify(message),
  };
}

/**
 * A key that signs elsewhere: in a hardware module, or SM2 by a library of the caller's. An SM2
 * signature is `r || s`, 64 bytes, with the usual user id `1234567812345678`.
 */
export function ownSigner(credentials: Credentials): Credentials {
  checkedKeyId(credentials.keyId);
  return credentials;
}

/** Says why there is no `sm2Key`. */
export function sm2Unsupported(): SuanpanError {
  return new SuanpanError({
    code: 'sm2_unsupported',
    message:
      'Node makes SM2 signatures with an empty user id only, and the platform wants the usual one; ' +
      'sign with a library of your own through ownSigner()',
  });
}

/** How the caller verifies SM2, where he has a library for it. */
export type VerifySm2 = (publicKeyPem: string, text: Buffer, signature: Buffer) => boolean;

export interface PlatformKeyOptions {
  /**
   * Fingerprints of the keys that are trusted, compared once by another way: `SHA256:` and the base64 of
   * the key's DER, as {@link fingerprint} makes it. `'unpinned'` trusts whoever answers: for a demo on
   * this machine.
   */
  pins: readonly string[] | 'unpinned';
  verifySm2?: VerifySm2;
}

/** The platform's public keys that the caller trusts. */
export class PlatformKeys {
  readonly #keys = new Map<string, { scheme: string; pem: string; rsa: KeyObject | null }>();
  readonly #verifySm2: VerifySm2 | undefined;

  /** Of keys that the caller keeps himself, or got from {@link PlatformKeys.fetch}. */
  constructor(items: readonly PublicKey[], options: PlatformKeyOptions) {
    this.#verifySm2 = options.verifySm2;
    for (const item of items) {
      if (options.pins !== 'unpinned' && !options.pins.includes(fingerprint(item.public_key))) continue;
      const rsa = item.scheme === 'SUANPAN-RSA-SHA256' ? createPublicKey(item.public_key) : null;
      this.#keys.set(item.key_id, { scheme: item.scheme, pem: item.public_key, rsa });
    }
    if (this.#keys.size === 0) throw unknownKey('none of the platform\'s keys is pinned');
  }

  /**
   * Asks for `/platform-keys` and keeps those that are pinned. That answer is not signed: the pins are all
   * the trust there is.
   */
  static async fetch(url: string, options: PlatformKeyOptions & { fetch?: typeof fetch }): Promise<PlatformKeys> {
    const ask = options.fetch ?? fetch;
    let told: unknown;
    try {
      const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS);
      const answer = await ask(new URL('/platform-keys', url), { redirect: 'error', signal });
      told = answer.ok ? await answer.json() : null;
    } catch (cause) {
      throw new SuanpanError({ code: 'network', message: 'the platform\'s keys cannot be fetched', cause });
    }
    if (!isPublicKeys(told)) {
      throw new SuanpanError({ code: 'answer_malformed', message: 'this is no list of keys' });
    }
    return new PlatformKeys(told.items, options);
  }

  /** The names of the keys that are trusted. */
  get keyIds(): string[] {
    return [...this.#keys.keys()];
  }

  /**
   * Whether the platform made this signature.
   *
   * @throws SuanpanError `platform_key_unknown` when the key is not pinned, as after a rotation.
   */
  verify(message: SignedMessage): boolean {
    const found = this.#keys.get(message.keyId);
    if (!found) throw unknownKey('the message names a platform key that is not pinned');
    if (found.scheme !== message.scheme) return false;
    const text = messageText(message);
    if (found.rsa) return found.rsa.asymmetricKeyType === 'rsa' && verifyWith('sha256', text, found.rsa, message.signature);
    if (found.scheme !== 'SUANPAN-SM2-SM3') return false;
    if (!this.#verifySm2) throw sm2Unsupported();
    return this.#verifySm2(found.pem, text, message.signature);
  }
}

/** The digest of a public key, to compare it by another way: `SHA256:` and the base64 of its DER's hash. */
export function fingerprint(publicKeyPem: string): string {
  // Of the text's own bytes, so that no key type needs to be understood.
  const der = Buffer.from(publicKeyPem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return `SHA256:${createHash('sha256').update(der).digest('base64')}`;
}

function unknownKey(message: string): SuanpanError {
  return new SuanpanError({ code: 'platform_key_unknown', message });
}

function notRsa(): TypeError {
  return new TypeError('an RSA private key of 2048 bits or more is wanted');
}

/** What could end the header's quotes is no key's name. */
function checkedKeyId(keyId: string): string {
  if (!/^[\w.*-]{1,64}$/.test(keyId)) throw new TypeError('this is no key id');
  return keyId;
}

function isPublicKeys(told: unknown): told is PublicKeys {
  if (typeof told !== 'object' || told === null || !('items' in told) || !Array.isArray(told.items)) return false;
  return told.items.every((item: Partial<PublicKey> | null) =>
    [item?.key_id, item?.scheme, item?.public_key].every((part) => typeof part === 'string'),
  );
}
