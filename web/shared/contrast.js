/**
 * A merchant chooses his own accent colour. Text on it must stay readable, so it is darkened until
 * white on it reaches the ratio that WCAG 2 asks of normal text.
 */

/** WCAG 2.1, success criterion 1.4.3. */
export const RATIO_MIN = 4.5;

/**
 * @param {string} color `#rrggbb`
 * @returns {[number, number, number] | null}
 */
export function parseColor(color) {
  const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color);
  if (!found) return null;
  return [parseInt(found[1], 16), parseInt(found[2], 16), parseInt(found[3], 16)];
}

/**
 * @param {readonly number[]} rgb
 * @returns {number} Relative luminance, 0 to 1.
 */
function luminance(rgb) {
  const [r, g, b] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/**
 * The ratio of a colour against white.
 *
 * @param {readonly number[]} rgb
 * @returns {number}
 */
export function ratioToWhite(rgb) {
  return 1.05 / (luminance(rgb) + 0.05);
}

/**
 * The colour itself, or the nearest darker one on which white can be read.
 *
 * @param {string} color
 * @param {string} otherwise What to take when the colour cannot be read.
 * @returns {string} `#rrggbb`
 */
export function readableAccent(color, otherwise) {
  let rgb = parseColor(color);
  if (!rgb) return otherwise;
  for (let step = 0; step < 64 && ratioToWhite(rgb) < RATIO_MIN; step += 1) {
    rgb = /** @type {[number, number, number]} */ (rgb.map((part) => Math.floor(part * 0.96)));
  }
  return `#${rgb.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
