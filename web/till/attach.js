/**
 * What the till adds to a payment in `attach`: the tip that is within the amount, and the remark.
 * The platform gives it back as it was and prints it on receipts, so it is made for people to read.
 */
import { formatYuan, parseYuan } from './money.js';

/** The API's bound, in bytes of UTF-8. */
const ATTACH_BYTES_MAX = 127;
const DESCRIPTION_BYTES_MAX = 127;

/** @param {string} text */
function bytes(text) {
  return new TextEncoder().encode(text).length;
}

/**
 * @param {number} tip_fen
 * @param {string} remark
 * @returns {string} Empty when there is nothing to say.
 */
export function writeAttach(tip_fen, remark) {
  return [tip_fen ? `小费 ${formatYuan(tip_fen)}` : '', remark].filter(Boolean).join(' · ');
}

/** @param {string} remark @param {number} tip_fen */
export function remarkFits(remark, tip_fen) {
  return bytes(writeAttach(tip_fen, remark)) <= ATTACH_BYTES_MAX;
}

/**
 * @param {string | undefined} attach
 * @returns {{ tip_fen: number, remark: string }}
 */
export function readAttach(attach) {
  const found = /^小费 ([\d,]+\.\d\d)(?: · (.*))?$/s.exec(attach ?? '');
  if (!found) return { tip_fen: 0, remark: attach ?? '' };
  return { tip_fen: parseYuan(found[1]) ?? 0, remark: found[2] ?? '' };
}

/**
 * What the payer reads, cut to the API's bound between characters.
 *
 * @param {string} text
 */
export function cutDescription(text) {
  const characters = [...text];
  while (bytes(characters.join('')) > DESCRIPTION_BYTES_MAX) characters.pop();
  return characters.join('') || '-';
}
