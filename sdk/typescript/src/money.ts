/**
 * Amounts are whole fen. Yuan exist only as text that people write and read: no floating-point number
 * ever holds one.
 */

/** The most that the platform takes in one payment. */
export const FEN_MAX = 100_000_000_000;

export interface Amount {
  /** Whole fen. */
  total: number;
  currency: string;
}

/**
 * Reads what a person entered: `28`, `28.5`, `28.50`, `¥1,028.50`.
 *
 * @throws RangeError when it is none, has parts of a fen, or is beyond {@link FEN_MAX}.
 */
export function parseYuan(text: string): number {
  const plain = text.trim().replace(/^[¥￥]\s*/, '');
  const found = /^(\d{1,12}|\d{1,3}(?:,\d{3}){1,3})(?:\.(\d{1,2}))?$/.exec(plain);
  if (!found) throw new RangeError('an amount in yuan is wanted, with at most two digits after the point');
  const whole = (found[1] ?? '').replaceAll(',', '');
  const fen = Number(whole + (found[2] ?? '').padEnd(2, '0'));
  if (fen > FEN_MAX) throw new RangeError('the amount is beyond what can be paid');
  return fen;
}

/** Writes fen as yuan with two digits: 2850 is `28.50`. */
export function formatYuan(fen: number): string {
  if (!Number.isSafeInteger(fen)) throw new RangeError('an amount is a whole number of fen');
  const digits = String(Math.abs(fen)).padStart(3, '0');
  return `${fen < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** An amount as the API takes it. */
export function cny(fen: number): Amount {
  if (!Number.isSafeInteger(fen) || fen < 1 || fen > FEN_MAX) {
    throw new RangeError('an amount is a whole number of fen, from 1 up to 100000000000');
  }
  return { total: fen, currency: 'CNY' };
}
