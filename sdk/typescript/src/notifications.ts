/** What the platform posts to a merchant's server, and how the server knows that it is the platform. */

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

import { SuanpanError } from './errors.js';
import type { ClientCode } from './errors.js';
import { isInWindow, readSignature } from './signing.js';
import type { PlatformKeys } from './signing.js';
import type { Event } from './types.js';

/** Longer than any notification. */
const BODY_BYTES_MAX = 256 * 1024;

export interface VerifyOptions {
  /** The clock, in ms. */
  now?: () => number;
}

/**
 * Reads a notification that the platform signed within the last five minutes. `rawBody` is the body's bytes
 * as they came: JSON that was parsed and written again has other ones.
 *
 * The same event may come twice, and a copy may be played again within the five minutes: its `id` is the
 * same, so remember which ones were handled.
 *
 * @throws SuanpanError `notification_unsigned`, `notification_outdated`, `platform_key_unknown`,
 *   `notification_forged`, `notification_malformed`; answer all of them with 4xx.
 */
export function verifyNotification(
  headers: IncomingHttpHeaders | Headers,
  rawBody: Uint8Array | string,
  keys: PlatformKeys,
  options: VerifyOptions = {},
): Event {
  const body = typeof rawBody === 'string' ? Buffer.from(rawBody) : rawBody;
  const message = readSignature((name) => headerOf(headers, name), body);
  if (!message) throw refused('notification_unsigned', 'the parts of a signature are missing');
  if (!isInWindow(message, (options.now ?? Date.now)())) {
    throw refused('notification_outdated', 'it was signed more than five minutes from now');
  }
  // Only public values are compared, by the platform's public key: there is no time to measure.
  if (!keys.verify(message)) throw refused('notification_forged', 'the signature does not fit');
  const event = parse(body);
  if (!isEvent(event)) throw refused('notification_malformed', 'this is no event');
  return event;
}

/** The body of a request as it came, for {@link verifyNotification}. */
export async function readRawBody(request: IncomingMessage, bytesMax = BODY_BYTES_MAX): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw refused('notification_malformed', 'the body is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function headerOf(headers: IncomingHttpHeaders | Headers, name: string): string | null {
  if (headers instanceof Headers) return headers.get(name);
  const value = headers[name];
  // Twice the same header: which of them was signed is not ours to guess.
  return typeof value === 'string' ? value : null;
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return null;
  }
}

function isEvent(value: unknown): value is Event {
  const event = value as Partial<Event> | null;
  const texts = [event?.id, event?.event, event?.payment?.id, event?.payment?.state];
  return texts.every((text) => typeof text === 'string');
}

function refused(code: ClientCode, message: string): SuanpanError {
  return new SuanpanError({ code, message });
}
