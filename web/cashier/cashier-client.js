/**
 * What the page asks of the server. Every request may be sent again: a purchase has its own key, and an
 * order's payer has one leg.
 */

const TIMEOUT_MS = 20_000;
/** Waits before a request is sent again after the line broke. */
const AGAIN_MS = [400, 1_200, 3_000];

/** The line broke, and sending again did not help. */
export class Unreachable extends Error {}

/** The server said no. */
export class Refused extends Error {
  /** @param {string} code The stable code. @param {number} status */
  constructor(code, status) {
    super(code);
    this.code = code;
    this.status = status;
  }
}

/**
 * @param {'GET' | 'POST'} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<any>}
 */
export async function call(method, path, body) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await once(method, path, body);
    } catch (problem) {
      if (problem instanceof Refused && problem.status < 502) throw problem;
      if (tries >= AGAIN_MS.length) throw problem instanceof Refused ? problem : new Unreachable();
      await pause(AGAIN_MS[tries]);
    }
  }
}

/**
 * @param {'GET' | 'POST'} method
 * @param {string} path
 * @param {object} [body]
 */
async function once(method, path, body) {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), TIMEOUT_MS);
  try {
    const answer = await fetch(path, {
      method,
      headers: body ? { 'content-type': 'application/json' } : {},
      body: body ? JSON.stringify(body) : undefined,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: giveUp.signal,
    });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Refused(told.code || `http_${answer.status}`, answer.status);
    return told;
  } finally {
    clearTimeout(timer);
  }
}

/** @param {number} ms */
export function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

/** A purchase's own key: nobody guesses it, and it is made once. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
