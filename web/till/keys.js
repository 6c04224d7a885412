/**
 * The terminal's key: made here, never exported, kept in the browser's own database.
 *
 * @typedef {{ private_key: CryptoKey, public_pem: string, key_id: string | null, about: any }} Kept
 */

const DATABASE = 'suanpan-till';
const STORE = 'keys';
/** The key in use, and the one that waits for its activation: the first is kept until the second is taken. */
const NAME = 'terminal';
const PENDING = 'pending';
const ALGORITHM = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
export const SCHEME = 'SUANPAN-RSA-SHA256';

/** Browsers do cryptography only on pages that came safely: by https, or from the device itself. */
export function canKeepKeys() {
  return typeof crypto !== 'undefined' && Boolean(crypto.subtle) && typeof indexedDB !== 'undefined';
}

/** @returns {Promise<Kept | null>} */
export async function readKey() {
  return (await inStore('readonly', (store) => store.get(NAME))) ?? null;
}

/**
 * The key that waits for its activation, or a new one. It is kept before it is shown to anybody, so
 * that a lost answer can be asked for again with the same key.
 *
 * @returns {Promise<Kept>}
 */
export async function pendingKey() {
  const kept = await inStore('readonly', (store) => store.get(PENDING));
  if (kept) return kept;
  const pair = await crypto.subtle.generateKey(
    { ...ALGORITHM, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
    false,
    ['sign', 'verify'],
  );
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey));
  const made = { private_key: pair.privateKey, public_pem: pemOf(spki), key_id: null, about: null };
  await inStore('readwrite', (store) => store.put(made, PENDING));
  return made;
}

/**
 * @param {Kept} kept
 * @param {string} keyId
 * @param {any} about Terminal, store and merchant, as the activation named them.
 */
export async function keepActivated(kept, keyId, about) {
  await inStore('readwrite', (store) => {
    store.delete(PENDING);
    return store.put({ ...kept, key_id: keyId, about }, NAME);
  });
}

/**
 * @param {CryptoKey} key
 * @param {string} text
 * @returns {Promise<string>} Base64.
 */
export async function signText(key, text) {
  const signature = await crypto.subtle.sign(ALGORITHM.name, key, new TextEncoder().encode(text));
  return base64Of(new Uint8Array(signature));
}

/** @param {Uint8Array} bytes */
function base64Of(bytes) {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** @param {Uint8Array} spki */
function pemOf(spki) {
  const lines = base64Of(spki).match(/.{1,64}/g) ?? [];
  return `-----BEGIN PUBLIC KEY-----\n${lines.join('\n')}\n-----END PUBLIC KEY-----\n`;
}

/**
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest} act
 * @returns {Promise<any>}
 */
async function inStore(mode, act) {
  const database = await new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}
