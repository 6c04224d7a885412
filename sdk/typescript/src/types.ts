/** The shapes of the API, by the names that the description gives them. */

import type { components, operations } from './generated/openapi.js';

export type { components, operations, paths } from './generated/openapi.js';

type Schemas = components['schemas'];

export type Activation = Schemas['Activation'];
export type ApiError = Schemas['Error'];
export type Cashier = Schemas['Cashier'];
export type Event = Schemas['Event'];
export type NewActivation = Schemas['NewActivation'];
export type NewLeg = Schemas['NewLeg'];
export type NewPayment = Schemas['NewPayment'];
export type NewRefund = Schemas['NewRefund'];
export type NewShift = Schemas['NewShift'];
export type NewSignIn = Schemas['NewSignIn'];
export type NewTopUp = Schemas['NewTopUp'];
export type NewTopUpReturn = Schemas['NewTopUpReturn'];
export type NewVoid = Schemas['NewVoid'];
export type NewWallet = Schemas['NewWallet'];
export type Notification = Schemas['Notification'];
export type Payment = Schemas['Payment'];
export type PublicKey = Schemas['PublicKey'];
export type PublicKeys = Schemas['PublicKeys'];
export type Refund = Schemas['Refund'];
export type Shift = Schemas['Shift'];
export type ShiftCount = Schemas['ShiftCount'];
export type SignedIn = Schemas['SignedIn'];
export type SignedOut = Schemas['SignedOut'];
export type Wallet = Schemas['Wallet'];

/** One part of a combined payment. */
export type Leg = NonNullable<Payment['legs']>[number];
/** The stable codes of refusals: docs/error-codes.md says what to do about each. */
export type ErrorCode = ApiError['code'];

export type PaymentsQuery = NonNullable<operations['listPayments']['parameters']['query']>;
export type RefundsQuery = NonNullable<operations['listRefunds']['parameters']['query']>;
export type ListQuery = NonNullable<operations['listShifts']['parameters']['query']>;

/** A page of a list, the newest first. */
export interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

/**
 * What a till prints. Written by hand: the description has one name, `Receipt`, for this and for a
 * till's settings of paper, and shows the latter.
 */
export interface Receipt {
  /** 58 or 80. */
  width_mm: number;
  /** The text, a line each, filled to the paper's width. */
  lines: string[];
  /** The same for a printer that speaks ESC/POS, in GBK. */
  escpos_base64: string;
}
