/** What can go wrong, as one class with a stable code. */

import type { ErrorCode } from './types.js';

/** Codes of this library's own, beside those of the API. */
export type ClientCode =
  /** The line broke, or nobody listens. */
  | 'network'
  /** No answer in time. */
  | 'timeout'
  /** The caller's own signal. */
  | 'aborted'
  /** An answer without a signature, or with one that does not fit. Nothing in it is to be believed. */
  | 'answer_unverified'
  /** An answer that cannot be read, or that is too long. */
  | 'answer_malformed'
  /** A signed answer to another question. */
  | 'answer_mismatch'
  /** The HTTP status of something between us and the platform. */
  | 'gateway'
  /** A platform key that the caller has not pinned. */
  | 'platform_key_unknown'
  /** See the README: Node has no SM2 signatures with the usual user id. */
  | 'sm2_unsupported'
  | 'notification_unsigned'
  | 'notification_outdated'
  | 'notification_forged'
  | 'notification_malformed';

export interface SuanpanErrorParts {
  code: ErrorCode | ClientCode;
  message: string;
  /** The HTTP status; 0 where there is no answer. */
  status?: number;
  requestId?: string | null;
  /** The field or place that it is about. */
  details?: string | null;
  /** Whether the platform signed this refusal. */
  verified?: boolean;
  cause?: unknown;
}

export class SuanpanError extends Error {
  readonly code: ErrorCode | ClientCode;
  readonly status: number;
  /** Names the request in the platform's log. */
  readonly requestId: string | null;
  readonly details: string | null;
  /** Whether the platform signed this refusal: who may stand in the way can write the other ones. */
  readonly verified: boolean;

  constructor(parts: SuanpanErrorParts) {
    super(`${parts.code}: ${parts.message}`, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = 'SuanpanError';
    this.code = parts.code;
    this.status = parts.status ?? 0;
    this.requestId = parts.requestId ?? null;
    this.details = parts.details ?? null;
    this.verified = parts.verified ?? false;
  }

  /**
   * Whether nobody here knows what became of the request. Money may have moved: ask again with the same
   * number, never with a new one.
   */
  get outcomeUnknown(): boolean {
    switch (this.code) {
      case 'network':
      case 'timeout':
      case 'aborted':
      case 'answer_unverified':
      case 'answer_malformed':
      case 'answer_mismatch':
        return true;
      default:
        return this.status >= 500 && this.code !== 'no_route';
    }
  }
}
