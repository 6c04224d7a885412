/**
 * Numbers that this till makes: of orders, refunds and voids, and nonces. They are made once and
 * kept; the chance in them keeps two tills of one merchant apart.
 */

/** No letters that are mistaken for digits. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
const CHANCE_LENGTH = 6;

/**
 * @param {(bytes: Uint8Array) => Uint8Array} random
 */
function chance(random) {
  return [...random(new Uint8Array(CHANCE_LENGTH))].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

/**
 * The terminal's last characters, the time and chance: `6FX3-261120153012-K7QM2P`.
 *
 * @param {string} terminalId
 * @param {Date} now
 * @param {(bytes: Uint8Array) => Uint8Array} random
 */
export function newStem(terminalId, now, random) {
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  const day = `${two(now.getFullYear() % 100)}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const time = `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  const terminal = terminalId.replace(/\W|_/g, '').slice(-4).toUpperCase() || 'TILL';
  return `${terminal}-${day}${time}-${chance(random)}`;
}

/**
 * @param {(bytes: Uint8Array) => Uint8Array} random
 * @returns {string} 32 hexadecimal digits.
 */
export function newNonce(random) {
  return [...random(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
