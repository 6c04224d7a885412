/**
 * The amount as a cashier types it: text that is always a valid beginning of an amount.
 */
import { parseYuan } from './money.js';

/** @typedef {{ text: string, refused: null | 'above_max' }} Typed */

/**
 * One key of the keypad. What would leave an impossible amount changes nothing.
 *
 * @param {string} text
 * @param {string} key `0` to `9`, `00`, `.`, `Backspace` or `Clear`.
 * @param {number} fenMax
 * @returns {Typed}
 */
export function typeKey(text, key, fenMax) {
  if (key === 'Clear') return { text: '', refused: null };
  if (key === 'Backspace') return { text: text.slice(0, -1), refused: null };
  if (key === '.') return { text: text.includes('.') ? text : `${text || '0'}.`, refused: null };
  if (!/^\d{1,2}$/.test(key)) return { text, refused: null };
  let next = text;
  for (const digit of key) next = typeDigit(next, digit);
  const fen = parseYuan(next);
  if (fen !== null && fen > fenMax) return { text, refused: 'above_max' };
  return { text: next, refused: null };
}

/**
 * @param {string} text
 * @param {string} digit
 */
function typeDigit(text, digit) {
  if (text === '0' || text === '') return digit;
  const point = text.indexOf('.');
  return point >= 0 && text.length - point > 2 ? text : text + digit;
}

/**
 * @param {string} text
 * @returns {number} Fen; 0 while nothing is typed.
 */
export function typedFen(text) {
  return parseYuan(text) ?? 0;
}
