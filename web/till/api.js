/**
 * The signed client. It sorts every outcome into four, since what may be done next depends on
 * nothing else:
 *
 * - an answer;
 * - `refused`: a coded no, nothing was done;
 * - `busy`: nothing was done, and the same may be said again in a moment;
 * - `unknown`: silence or a failure; the same must be said again, or asked after.
 *
 * @typedef {{ ok: true, data: any }} Answer
 * @typedef {{ ok: false, kind: 'refused' | 'busy' | 'unknown', status: number, code: string, message: string,
 *   details: string, request_id: string, server_time: string }} Failure
 * @typedef {{ key_id: string, sign: (text: string) => Promise<string> }} Signer
 */
import { SCHEME } from './keys.js';

const TIMEOUT_MS = 20_000;
/** Codes that leave nothing behind and go away by themselves. */
const BUSY_CODES = ['rate_limited', 'overloaded', 'nonce_replayed'];
/** One wrong signature may be a proxy's doing. This many in a row mean that the key is not taken any more. */
export const WRONG_SIGNATURES_MAX = 3;

/**
 * @param {{ fetch: typeof fetch, now_ms: () => number, nonce: () => string, signer: () => Signer | null,
 *   staff_token: () => string | null }} given
 */
export function makeApi(given) {
  let wrongSignatures = 0;
  /** @type {Record<'revoked' | 'clock' | 'signed_out' | 'network', ((about: any) => void) | null>} */
  const on = { revoked: null, clock: null, signed_out: null, network: null };

  /**
   * @param {string} method
   * @param {string} path
   * @param {any} [body]
   * @param {{ staff?: string }} [as] Another person's token, for this request alone.
   * @returns {Promise<Answer | Failure>}
   */
  async function call(method, path, body = null, as = {}) {
    const signer = given.signer();
    if (!signer) return failure('refused', 0, { code: 'not_activated' });
    const text = body === null ? '' : JSON.stringify(body);
    const timestamp = String(Math.floor(given.now_ms() / 1000));
    const nonce = given.nonce();
    const signature = await signer.sign(`${method}\n${path}\n${timestamp}\n${nonce}\n${text}\n`);
    /** @type {Record<string, string>} */
    const headers = {
      Authorization: `${SCHEME} key_id="${signer.key_id}",nonce="${nonce}",timestamp="${timestamp}",signature="${signature}"`,
    };
    const staff = as.staff ?? given.staff_token();
    if (staff) headers['Suanpan-Staff'] = staff;
    const result = await send(method, path, text, headers);
    watch(result);
    return result;
  }

  /**
   * Without a signature: the activation.
   *
   * @param {string} path
   * @param {any} body
   */
  async function callUnsigned(path, body) {
    const result = await send('POST', path, JSON.stringify(body), {});
    on.network?.(result.ok || result.kind !== 'unknown');
    return result;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {string} text
   * @param {Record<string, string>} headers
   * @returns {Promise<Answer | Failure>}
   */
  async function send(method, path, text, headers) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
    try {
      const answer = await given.fetch(path, {
        method,
        signal: stop.signal,
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
        headers: text ? { ...headers, 'Content-Type': 'application/json' } : headers,
        body: text || undefined,
      });
      const said = await answer.text();
      return sorted(answer.status, said, answer.headers.get('date') ?? '');
    } catch {
      return failure('unknown', 0, { code: 'offline' });
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param {Answer | Failure} result */
  function watch(result) {
    on.network?.(result.ok || result.status !== 0);
    if (result.ok || (result.status !== 0 && result.code !== 'signature_invalid')) wrongSignatures = 0;
    if (result.ok) return;
    if (result.code === 'signature_invalid') {
      wrongSignatures += 1;
      if (wrongSignatures >= WRONG_SIGNATURES_MAX) on.revoked?.(result);
    }
    if (result.code === 'timestamp_out_of_window') on.clock?.(result);
    if (result.code === 'staff_signed_out') on.signed_out?.(result);
  }

  return { call, callUnsigned, on };
}

/**
 * @param {number} status
 * @param {string} said
 * @param {string} server_time
 * @returns {Answer | Failure}
 */
export function sorted(status, said, server_time) {
  const data = parsed(said);
  if (status >= 200 && status < 300) {
    return data === null ? failure('unknown', status, { code: 'answer_unreadable' }) : { ok: true, data };
  }
  const about = { ...data, server_time };
  if (BUSY_CODES.includes(data?.code)) return failure('busy', status, about);
  // The platform's own refusals say that nothing was done; `internal` and foreign proxies do not.
  const isRefusal = typeof data?.code === 'string' && (status < 500 || data.code === 'no_route');
  return failure(
    isRefusal ? 'refused' : 'unknown',
    status,
    isRefusal || data?.code ? about : { ...about, code: 'answer_unreadable' },
  );
}

/** @param {string} said @returns {any} */
function parsed(said) {
  try {
    const data = JSON.parse(said);
    return data !== null && typeof data === 'object' ? data : null;
  } catch {
    return null;
  }
}

/**
 * @param {'refused' | 'busy' | 'unknown'} kind
 * @param {number} status
 * @param {any} about
 * @returns {Failure}
 */
function failure(kind, status, about) {
  return {
    ok: false,
    kind,
    status,
    code: about.code ?? '',
    message: about.message ?? '',
    details: about.details ?? '',
    request_id: about.request_id ?? '',
    server_time: about.server_time ?? '',
  };
}
