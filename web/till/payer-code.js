/**
 * Whose payer's code 付款码 it is, by its first digits. It only names the wallet on the page and
 * spares a useless request; the platform decides.
 */

/** @typedef {'wechat' | 'alipay' | 'unionpay'} Wallet */

const KINDS = /** @type {const} */ ([
  ['wechat', /^1[0-5]\d{16}$/],
  ['alipay', /^(2[5-9]|30)\d{14,22}$/],
  ['unionpay', /^62\d{17}$/],
]);

/**
 * @param {string} code
 * @returns {Wallet | null} Null when no known wallet makes such codes.
 */
export function walletOf(code) {
  const found = KINDS.find(([, form]) => form.test(code));
  return found ? found[0] : null;
}

/**
 * @param {string} code
 * @returns {boolean} Whether it has the form of some payer's code.
 */
export function isPayerCode(code) {
  return /^\d{16,24}$/.test(code);
}
