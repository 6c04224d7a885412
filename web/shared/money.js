/**
 * Money as whole fen. A float never holds an amount: text is read and written digit by digit.
 */

/** The most that the platform takes in one payment, in fen. */
export const FEN_MAX = 100_000_000_000;

/**
 * `123450` as `1,234.50`.
 *
 * @param {number} fen Whole; may be below zero.
 * @returns {string}
 */
export function formatYuan(fen) {
  const digits = String(Math.abs(fen)).padStart(3, '0');
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${fen < 0 ? '-' : ''}${whole}.${digits.slice(-2)}`;
}

/**
 * `123450` as `¥1,234.50`.
 *
 * @param {number} fen
 * @returns {string}
 */
export function formatMoney(fen) {
  return fen < 0 ? `-¥${formatYuan(-fen)}` : `¥${formatYuan(fen)}`;
}

/**
 * `2800` as `28`, `2850` as `28.50`: how an amount is said or put on a small button.
 *
 * @param {number} fen
 * @returns {string}
 */
export function shortYuan(fen) {
  const text = formatYuan(fen).replace(/,/g, '');
  return text.endsWith('.00') ? text.slice(0, -3) : text;
}

/**
 * Reads `12`, `12.`, `12.3`, `.5` and `1,234.50`.
 *
 * @param {string} text
 * @returns {number | null} Fen, or null when it is no amount.
 */
export function parseYuan(text) {
  const plain = text.trim().replace(/[,，]/g, '').replace('。', '.');
  const parts = /^(\d{0,10})(?:\.(\d{0,2}))?$/.exec(plain);
  if (!parts || !/\d/.test(plain)) return null;
  const fen = Number(parts[1] || '0') * 100 + Number((parts[2] || '').padEnd(2, '0'));
  return fen <= FEN_MAX ? fen : null;
}

/**
 * A percentage of an amount, to the nearest fen, halves up.
 *
 * @param {number} fen
 * @param {number} percent Whole.
 * @returns {number}
 */
export function percentNearest(fen, percent) {
  return Math.floor((fen * percent + 50) / 100);
}
