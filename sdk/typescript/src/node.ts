/** `@suanpan/sdk/node`: the merchant API for servers and tills that run on Node. */

export { Suanpan, isUndecided } from './client.js';
export type { WaitOptions } from './client.js';
export { SuanpanError } from './errors.js';
export type { ClientCode } from './errors.js';
export { Listing } from './listing.js';
export { FEN_MAX, cny, formatYuan, parseYuan } from './money.js';
export { readRawBody, verifyNotification } from './notifications.js';
export type { VerifyOptions } from './notifications.js';
export {
  PlatformKeys,
  WINDOW_S,
  authorization,
  fingerprint,
  hmacKey,
  messageText,
  ownSigner,
  requestText,
  rsaKey,
} from './signing.js';
export type { Credentials, PlatformKeyOptions, Scheme, SignedMessage, VerifySm2 } from './signing.js';
export type { CallOptions, TransportOptions } from './transport.js';
export type * from './types.js';
