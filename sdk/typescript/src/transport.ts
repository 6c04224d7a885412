/**
 * One request, signed, sent, verified, and sent again where that is safe. A repeat has the same body's
 * bytes under a fresh nonce and time, so that the platform sees the same number with the same content.
 */

import { randomBytes } from 'node:crypto';

import { SuanpanError } from './errors.js';
import { authorization, isInWindow, readSignature } from './signing.js';
import type { Credentials } from './signing.js';
import type { ErrorCode } from './types.js';

export interface TransportOptions {
  /** Where the platform is: `https://pay.example.com`. */
  url: string;
  credentials: Credentials;
  /** For each try; 20 s unless given. */
  timeoutMs?: number;
  /** Tries after the first one; 3 unless given. */
  retriesMax?: number;
  fetch?: typeof fetch;
  /** The clock, in ms. */
  now?: () => number;
}

/** What one call may have of its own. */
export interface CallOptions {
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Who is signed in at this till: the `token` of `signIn`. */
  staffToken?: string;
}

export interface Call {
  method: 'GET' | 'POST';
  /** Path and query. */
  target: string;
  body?: object;
  /** Whether the same request twice is the same as once: it reads, or it has a number. */
  repeatable: boolean;
  /** Asked for and answered without a signature. */
  open?: boolean;
}

const TIMEOUT_MS = 20_000;
const RETRIES_MAX = 3;
/** Waits before the tries; the last one is repeated. Up to a half of each is added by chance. */
const WAITS_MS = [250, 1_000, 2_500] as const;
/** Who is told to wait longer hears of it instead. */
const RETRY_AFTER_MAX_S = 10;
/** The platform signs no answer that is longer. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
const NOTHING = new Uint8Array();

export class Transport {
  readonly #origin: string;
  readonly #credentials: Credentials;
  readonly #timeoutMs: number;
  readonly #retriesMax: number;
  readonly #fetch: typeof fetch;
  readonly #now: () => number;

  constructor(options: TransportOptions) {
    this.#origin = origin(options.url);
    this.#credentials = options.credentials;
    this.#timeoutMs = bounded('timeoutMs', options.timeoutMs ?? TIMEOUT_MS, 1, 600_000);
    this.#retriesMax = bounded('retriesMax', options.retriesMax ?? RETRIES_MAX, 0, 10);
    this.#fetch = options.fetch ?? fetch;
    this.#now = options.now ?? Date.now;
  }

  async send(call: Call, options: CallOptions = {}): Promise<unknown> {
    // Made once: a repeat must be the same content to the last byte.
    const body = call.body === undefined ? NOTHING : Buffer.from(JSON.stringify(call.body));
    for (let tries = 0; ; tries += 1) {
      const tried = await this.#once(call, body, options);
      if (!(tried instanceof Failed)) return tried.told;
      const waitMs = tries < this.#retriesMax ? tried.waitMs(call.repeatable, tries) : null;
      if (waitMs === null) throw tried.error;
      await pause(waitMs, options.signal);
    }
  }

  async #once(call: Call, body: Uint8Array, options: CallOptions): Promise<Failed | { told: unknown }> {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? this.#timeoutMs);
    const signal = options.signal ? AbortSignal.any([timeout, options.signal]) : timeout;
    let answer: Response;
    let said: Buffer;
    try {
      answer = await this.#fetch(this.#origin + call.target, {
        method: call.method,
        headers: await this.#headers(call, body, options),
        ...(body.length > 0 ? { body: new Uint8Array(body) } : {}),
        // A signed request goes where it was signed for, and nowhere else.
        redirect: 'error',
        signal,
      });
      said = await readAll(answer);
    } catch (cause) {
      if (cause instanceof SuanpanError) return new Failed(cause);
      return new Failed(lineError(cause, timeout, options.signal));
    }
    return this.#judge(call, answer, said);
  }

  async #headers(call: Call, body: Uint8Array, options: CallOptions): Promise<Record<string, string>> {
    const timestamp = String(Math.floor(this.#now() / 1_000));
    const nonce = randomBytes(16).toString('hex');
    const { method, target } = call;
    const signed = call.open
      ? {}
      : { authorization: await authorization(this.#credentials, { method, target, body }, { timestamp, nonce }) };
    return {
      accept: 'application/json',
      ...signed,
      ...(body.length > 0 ? { 'content-type': 'application/json' } : {}),
      ...(options.staffToken ? { 'suanpan-staff': options.staffToken } : {}),
    };
  }

  /** What an answer is worth. A success is believed only with the platform's signature. */
  async #judge(call: Call, answer: Response, said: Buffer): Promise<Failed | { told: unknown }> {
    const requestId = answer.headers.get('request-id');
    const parts = { status: answer.status, requestId };
    let verified: boolean;
    try {
      verified = await this.#isOurs(answer, said);
    } catch (error) {
      // A pinned key that is missing is the caller's matter: to ask again changes nothing.
      if (error instanceof SuanpanError) return new Failed(error);
      throw error;
    }
    const told = parse(said);
    if (answer.ok) {
      if (!verified && !call.open) {
        const message = 'the answer is not signed by the platform; its outcome is not known';
        return new Failed(new SuanpanError({ ...parts, code: 'answer_unverified', message }));
      }
      if (!isObject(told)) {
        return new Failed(new SuanpanError({ ...parts, code: 'answer_malformed', message: 'no JSON object' }));
      }
      return { told };
    }
    return new Failed(refusal(answer, told, { ...parts, verified }), retryAfter(answer));
  }

  async #isOurs(answer: Response, said: Buffer): Promise<boolean> {
    const message = readSignature((name) => answer.headers.get(name), said);
    if (!message || !isInWindow(message, this.#now())) return false;
    return this.#credentials.verify(message);
  }
}

/** A try that brought no answer to believe. */
class Failed {
  constructor(
    readonly error: SuanpanError,
    readonly retryAfterS: number | null = null,
  ) {}

  /** How long to wait before the next try, or null when there is to be none. */
  waitMs(repeatable: boolean, tries: number): number | null {
    const { code, status } = this.error;
    // Too many requests, by the platform's or a gateway's word: this one was not begun. A locked
    // number is a 429, too, and stays locked for a while.
    const refusedUnread = status === 429 && code !== 'staff_locked';
    const passing = code === 'network' || code === 'timeout' || [502, 503, 504].includes(status);
    if (!refusedUnread && !(repeatable && passing)) return null;
    if (this.retryAfterS !== null && this.retryAfterS > RETRY_AFTER_MAX_S) return null;
    const usual = WAITS_MS[Math.min(tries, WAITS_MS.length - 1)] ?? 0;
    const spread = usual + Math.floor(Math.random() * (usual / 2));
    return Math.max(spread, (this.retryAfterS ?? 0) * 1_000);
  }
}

function refusal(
  answer: Response,
  told: unknown,
  parts: { status: number; requestId: string | null; verified: boolean },
): SuanpanError {
  const text = (name: string): string | null => {
    const value = isObject(told) ? told[name] : null;
    return typeof value === 'string' ? value : null;
  };
  const code = text('code') as ErrorCode | null;
  if (code === null) {
    const message = `HTTP ${answer.status} without an error code: not the platform's own answer`;
    return new SuanpanError({ ...parts, code: 'gateway', message });
  }
  const requestId = text('request_id') ?? parts.requestId;
  return new SuanpanError({ ...parts, code, message: text('message') ?? code, requestId, details: text('details') });
}

/** Seconds, or a date; null where neither stands there. */
function retryAfter(answer: Response): number | null {
  const text = answer.headers.get('retry-after');
  if (text === null) return null;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - Date.now()) / 1_000));
}

async function readAll(answer: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = answer.body?.getReader();
  for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
    const chunk = read.value;
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) {
      void reader?.cancel();
      throw new SuanpanError({ code: 'answer_malformed', message: 'the answer is too long', status: answer.status });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function lineError(cause: unknown, timeout: AbortSignal, callers: AbortSignal | undefined): SuanpanError {
  if (callers?.aborted) return new SuanpanError({ code: 'aborted', message: 'the caller gave up', cause });
  if (timeout.aborted) return new SuanpanError({ code: 'timeout', message: 'no answer in time', cause });
  return new SuanpanError({ code: 'network', message: 'the platform could not be reached, or the line broke', cause });
}

/** Waits, but not longer than the caller does. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done, failed) => {
    const give = () => {
      clearTimeout(timer);
      failed(new SuanpanError({ code: 'aborted', message: 'the caller gave up', cause: signal?.reason }));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', give);
      done();
    }, ms);
    if (signal?.aborted) give();
    else signal?.addEventListener('abort', give, { once: true });
  });
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Paths are signed as the platform sees them, so it stands at the root of its host. */
function origin(text: string): string {
  const url = new URL(text);
  if (!['http:', 'https:'].includes(url.protocol) || url.pathname !== '/' || url.search || url.hash || url.username) {
    throw new TypeError('the url of the platform is a scheme, a host and a port, and nothing else');
  }
  return url.origin;
}

function bounded(name: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} is a whole number from ${least} to ${most}`);
  }
  return value;
}
