/**
 * The tenders 付款方式 of a till: which buttons it has, and how each is said in a request.
 */

/** How a tender is taken; also the button's name. @typedef {'scan' | 'qr' | 'cash' | 'wallet' | 'bank_card' | 'merchant_coupon' | 'platform_coupon'} Way */
/** @typedef {{ way: Way, channels: string[] }} Button */

const OWN_WAYS = ['cash', 'wallet', 'bank_card', 'merchant_coupon', 'platform_coupon'];
/** F1 to F9. */
export const BUTTONS_MAX = 9;

/**
 * The buttons in the settings' order. All channels stand behind two buttons, in the place of the
 * first: the payer's code says itself whose it is, and the page behind the QR serves any app.
 *
 * @param {string[]} tenders As the settings name them.
 * @returns {Button[]}
 */
export function buttonsOf(tenders) {
  const channels = tenders.filter((tender) => !OWN_WAYS.includes(tender));
  /** @type {Button[]} */
  const buttons = [];
  for (const tender of tenders) {
    if (OWN_WAYS.includes(tender)) buttons.push({ way: /** @type {Way} */ (tender), channels: [] });
    else if (tender === channels[0]) buttons.push({ way: 'scan', channels }, { way: 'qr', channels });
  }
  return buttons.slice(0, BUTTONS_MAX);
}

/**
 * The means of a payment or a leg, as the API wants it. The payer's code is added when it is sent.
 *
 * @param {Way} way
 * @param {{ wallet_id?: string, reference?: string, number?: string, campaign_id?: string }} fields
 * @returns {Record<string, unknown>}
 */
export function meansOf(way, fields) {
  const number = fields.number ? { number: fields.number } : {};
  switch (way) {
    case 'cash':
      return { cash: {} };
    case 'wallet':
      return { wallet: { wallet_id: fields.wallet_id } };
    case 'bank_card':
      return { bank_card: { reference: fields.reference } };
    case 'merchant_coupon':
      return { coupon: number };
    case 'platform_coupon':
      return { platform_coupon: { campaign_id: fields.campaign_id, ...number } };
    case 'scan':
    case 'qr':
      return {};
    default:
      throw new Error(`no such way: ${way}`);
  }
}

/**
 * A slip's reference is never a card's number: the platform refuses 13 digits in a row, and here
 * they are not even sent.
 *
 * @param {string} reference
 */
export function looksLikeCard(reference) {
  return /\d{13}/.test(reference.replace(/[\s-]/g, ''));
}
