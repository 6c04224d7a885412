/**
 * A scan gun types what it reads, as a keyboard does, but faster than any hand. Sixteen to
 * twenty-four digits in one burst that Enter ends are a payer's code 付款码.
 *
 * The digits are kept only while the burst lasts; they are handed over once and never logged.
 */

/** The longest pause within a burst. A hand needs about twice as long. */
export const GAP_MS_MAX = 50;
/** Guns send their Enter a little later. */
const ENTER_GAP_MS_MAX = 150;
/** From this digit on it is no hand: what was typed so far is taken back, the rest is kept off the page. */
export const BURST_MIN = 6;
/** Alipay's codes have 16 to 24 digits, WeChat's 18, UnionPay's 19. */
const CODE = /^\d{16,24}$/;

/**
 * - `pass`: an ordinary key;
 * - `start`: an ordinary digit, and perhaps the first of a burst: remember what is on the page;
 * - `take_back`: it is a burst: put back what was remembered, and keep this digit off the page;
 * - `swallow`: keep this digit off the page;
 * - `code`: a payer's code;
 * - `other`: something else was scanned, a product's bar code perhaps.
 *
 * @typedef {{ act: 'pass' | 'start' | 'take_back' | 'swallow' | 'other' } | { act: 'code', code: string }} Act
 */

export function makeWedge() {
  let digits = '';
  let last = -Infinity;

  function end() {
    const burst = digits;
    digits = '';
    return burst;
  }

  return {
    /**
     * @param {string} key As `KeyboardEvent.key` has it.
     * @param {number} atMs
     * @param {boolean} repeated The key is held down: a hand does that.
     * @returns {Act}
     */
    key(key, atMs, repeated) {
      const gap = atMs - last;
      last = atMs;
      if (repeated) {
        digits = '';
        return { act: 'pass' };
      }
      if (/^\d$/.test(key)) {
        if (gap > GAP_MS_MAX || digits === '') {
          digits = key;
          return { act: 'start' };
        }
        digits += key;
        if (digits.length < BURST_MIN) return { act: 'pass' };
        return { act: digits.length === BURST_MIN ? 'take_back' : 'swallow' };
      }
      if (key !== 'Enter') {
        digits = '';
        return { act: 'pass' };
      }
      const burst = end();
      if (burst.length < BURST_MIN || gap > ENTER_GAP_MS_MAX) return { act: 'pass' };
      return CODE.test(burst) ? { act: 'code', code: burst } : { act: 'other' };
    },
    /**
     * A burst that no Enter ended is over.
     *
     * @returns {boolean} Whether there was one.
     */
    lapse() {
      return end().length >= BURST_MIN;
    },
  };
}
