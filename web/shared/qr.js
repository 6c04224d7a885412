/**
 * QR codes by ISO/IEC 18004: byte mode, levels L and M, versions 1 to 10. That is 213 bytes at
 * level M, more than any address of a cashier page has. Addresses are ASCII; for other text readers
 * guess the character set, as there is no ECI header.
 *
 * `encodeQr` is pure and gives the modules; `qrSvg` draws them.
 */
import { svg } from './dom.js';

/** @typedef {'L' | 'M'} Level */
/** @typedef {{ size: number, version: number, mask: number, dark: (row: number, column: number) => boolean }} Qr */

/** Table 9: codewords of error correction per block, and the number of blocks, of versions 1 to 10. */
const CORRECTION = {
  L: { perBlock: [7, 10, 15, 20, 26, 18, 20, 24, 30, 18], blocks: [1, 1, 1, 1, 1, 2, 2, 2, 2, 4] },
  M: { perBlock: [10, 16, 26, 18, 24, 16, 18, 22, 22, 26], blocks: [1, 1, 1, 2, 2, 4, 4, 4, 5, 5] },
};
/** Table 1: all codewords of versions 1 to 10. */
const CODEWORDS = [26, 44, 70, 100, 134, 172, 196, 242, 292, 346];
/** Annex E: centres of the alignment patterns. */
const ALIGNMENT = [
  [],
  [6, 18],
  [6, 22],
  [6, 26],
  [6, 30],
  [6, 34],
  [6, 22, 38],
  [6, 24, 42],
  [6, 26, 46],
  [6, 28, 50],
];
const VERSION_MAX = 10;
/** Table 12: the level's two bits in the format information. */
const LEVEL_BITS = { L: 0b01, M: 0b00 };
/** Light modules around the symbol, clause 6.3.8. */
const QUIET_ZONE = 4;

/** Table 10: which modules a mask turns over. */
const MASKS = [
  (/** @type {number} */ i, /** @type {number} */ j) => (i + j) % 2 === 0,
  (/** @type {number} */ i) => i % 2 === 0,
  (/** @type {number} */ _i, /** @type {number} */ j) => j % 3 === 0,
  (/** @type {number} */ i, /** @type {number} */ j) => (i + j) % 3 === 0,
  (/** @type {number} */ i, /** @type {number} */ j) => (Math.floor(i / 2) + Math.floor(j / 3)) % 2 === 0,
  (/** @type {number} */ i, /** @type {number} */ j) => ((i * j) % 2) + ((i * j) % 3) === 0,
  (/** @type {number} */ i, /** @type {number} */ j) => (((i * j) % 2) + ((i * j) % 3)) % 2 === 0,
  (/** @type {number} */ i, /** @type {number} */ j) => (((i + j) % 2) + ((i * j) % 3)) % 2 === 0,
];

/**
 * @param {string} text
 * @param {Level} [level]
 * @returns {Qr}
 * @throws When the text is too long for version 10.
 */
export function encodeQr(text, level = 'M') {
  const bytes = new TextEncoder().encode(text);
  const version = versionFor(bytes.length, level);
  const codewords = interleave(dataCodewords(bytes, version, level), version, level);
  const plain = drawFunctionPatterns(version);
  placeData(plain, codewords);
  let best = { penalty: Infinity, mask: 0, modules: plain.modules };
  for (let mask = 0; mask < MASKS.length; mask += 1) {
    const modules = masked(plain, mask);
    drawFormat(modules, level, mask);
    const penalty = penaltyOf(modules);
    if (penalty < best.penalty) best = { penalty, mask, modules };
  }
  const { modules, mask } = best;
  return { size: modules.length, version, mask, dark: (row, column) => modules[row]?.[column] === 1 };
}

/**
 * The code as an SVG image with its quiet zone.
 *
 * @param {Qr} qr
 * @param {string} label What a screen reader says.
 * @returns {SVGElement}
 */
export function qrSvg(qr, label) {
  const side = qr.size + 2 * QUIET_ZONE;
  let path = '';
  for (let row = 0; row < qr.size; row += 1) {
    for (let column = 0; column < qr.size; column += 1) {
      if (qr.dark(row, column)) path += `M${column + QUIET_ZONE} ${row + QUIET_ZONE}h1v1h-1z`;
    }
  }
  return svg(
    'svg',
    {
      viewBox: `0 0 ${side} ${side}`,
      role: 'img',
      'aria-label': label,
      'shape-rendering': 'crispEdges',
      class: 'qr-code',
    },
    svg('rect', { width: side, height: side, fill: '#ffffff' }),
    svg('path', { d: path, fill: '#000000' }),
  );
}

/**
 * @param {number} version
 * @param {Level} level
 */
function dataCapacity(version, level) {
  const { perBlock, blocks } = CORRECTION[level];
  return CODEWORDS[version - 1] - perBlock[version - 1] * blocks[version - 1];
}

/** @param {number} version Table 3: bits that hold the number of bytes. */
function countBits(version) {
  return version < 10 ? 8 : 16;
}

/**
 * @param {number} length
 * @param {Level} level
 */
function versionFor(length, level) {
  for (let version = 1; version <= VERSION_MAX; version += 1) {
    const bits = 4 + countBits(version) + 8 * length;
    if (bits <= 8 * dataCapacity(version, level)) return version;
  }
  throw new Error('the text is too long for a QR code of version 10');
}

/**
 * Clause 7.4: mode, count, bytes, terminator and padding.
 *
 * @param {Uint8Array} bytes
 * @param {number} version
 * @param {Level} level
 */
function dataCodewords(bytes, version, level) {
  const capacity = dataCapacity(version, level);
  /** @type {number[]} */
  const bits = [];
  const push = (/** @type {number} */ value, /** @type {number} */ count) => {
    for (let at = count - 1; at >= 0; at -= 1) bits.push((value >> at) & 1);
  };
  push(0b0100, 4);
  push(bytes.length, countBits(version));
  for (const byte of bytes) push(byte, 8);
  push(0, Math.min(4, 8 * capacity - bits.length));
  push(0, (8 - (bits.length % 8)) % 8);
  const words = [];
  for (let at = 0; at < bits.length; at += 8) words.push(parseInt(bits.slice(at, at + 8).join(''), 2));
  for (let pad = 0xec; words.length < capacity; pad ^= 0xec ^ 0x11) words.push(pad);
  return words;
}

/**
 * Clause 7.6: blocks, their error correction, and the order in which they stand.
 *
 * @param {number[]} data
 * @param {number} version
 * @param {Level} level
 */
function interleave(data, version, level) {
  const count = CORRECTION[level].blocks[version - 1];
  const correctionLength = CORRECTION[level].perBlock[version - 1];
  const shortLength = Math.floor(data.length / count);
  const shortBlocks = count - (data.length % count);
  const generator = generatorOf(correctionLength);
  const blocks = [];
  for (let block = 0, at = 0; block < count; block += 1) {
    const length = shortLength + (block < shortBlocks ? 0 : 1);
    const words = data.slice(at, at + length);
    blocks.push({ words, correction: remainder(words, generator) });
    at += length;
  }
  const result = [];
  for (let at = 0; at <= shortLength; at += 1) {
    for (const { words } of blocks) if (at < words.length) result.push(words[at]);
  }
  for (let at = 0; at < correctionLength; at += 1) {
    for (const { correction } of blocks) result.push(correction[at]);
  }
  return result;
}

/**
 * Multiplies in GF(256) by the polynomial 0x11d, clause 7.5.2.
 *
 * @param {number} a
 * @param {number} b
 */
function times(a, b) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((b >> bit) & 1) * a;
  }
  return product;
}

/** @param {number} degree */
function generatorOf(degree) {
  const result = new Array(degree).fill(0);
  result[degree - 1] = 1;
  let root = 1;
  for (let step = 0; step < degree; step += 1) {
    for (let at = 0; at < degree; at += 1) {
      result[at] = times(result[at], root) ^ (at + 1 < degree ? result[at + 1] : 0);
    }
    root = times(root, 2);
  }
  return result;
}

/**
 * @param {number[]} words
 * @param {number[]} generator
 */
function remainder(words, generator) {
  const result = new Array(generator.length).fill(0);
  for (const word of words) {
    const factor = word ^ result.shift();
    result.push(0);
    generator.forEach((coefficient, at) => {
      result[at] ^= times(coefficient, factor);
    });
  }
  return result;
}

/** @typedef {{ modules: number[][], fixed: boolean[][] }} Grid */

/**
 * Clause 6.3: finders, timing, alignment, version; the places of the format are kept free.
 *
 * @param {number} version
 * @returns {Grid}
 */
function drawFunctionPatterns(version) {
  const size = 17 + 4 * version;
  const modules = Array.from({ length: size }, () => new Array(size).fill(0));
  const fixed = Array.from({ length: size }, () => new Array(size).fill(false));
  const set = (/** @type {number} */ row, /** @type {number} */ column, /** @type {boolean} */ dark) => {
    if (row < 0 || column < 0 || row >= size || column >= size) return;
    modules[row][column] = dark ? 1 : 0;
    fixed[row][column] = true;
  };
  for (let at = 0; at < size; at += 1) {
    set(6, at, at % 2 === 0);
    set(at, 6, at % 2 === 0);
  }
  for (const [row, column] of [
    [3, 3],
    [3, size - 4],
    [size - 4, 3],
  ]) {
    square(4, (down, right, ring) => set(row + down, column + right, ring !== 2 && ring !== 4));
  }
  const centres = ALIGNMENT[version - 1];
  const last = centres.length - 1;
  centres.forEach((row, a) =>
    centres.forEach((column, b) => {
      const onFinder = (a === 0 && b === 0) || (a === 0 && b === last) || (a === last && b === 0);
      if (!onFinder) square(2, (down, right, ring) => set(row + down, column + right, ring !== 1));
    }),
  );
  for (let at = 0; at < 9; at += 1) {
    for (const [row, column] of [
      [8, at],
      [at, 8],
    ])
      if (!fixed[row][column]) set(row, column, false);
    if (at < 8) {
      set(8, size - 1 - at, false);
      set(size - 1 - at, 8, false);
    }
  }
  set(size - 8, 8, true);
  if (version >= 7) drawVersion(version, size, set);
  return { modules, fixed };
}

/**
 * @param {number} reach
 * @param {(down: number, right: number, ring: number) => void} each
 */
function square(reach, each) {
  for (let down = -reach; down <= reach; down += 1) {
    for (let right = -reach; right <= reach; right += 1) {
      each(down, right, Math.max(Math.abs(down), Math.abs(right)));
    }
  }
}

/**
 * Annex D: 18 bits of the version, twice.
 *
 * @param {number} version
 * @param {number} size
 * @param {(row: number, column: number, dark: boolean) => void} set
 */
function drawVersion(version, size, set) {
  let rest = version;
  for (let step = 0; step < 12; step += 1) rest = (rest << 1) ^ ((rest >> 11) * 0x1f25);
  const bits = (version << 12) | rest;
  for (let at = 0; at < 18; at += 1) {
    const dark = ((bits >> at) & 1) === 1;
    const along = Math.floor(at / 3);
    const across = size - 11 + (at % 3);
    set(along, across, dark);
    set(across, along, dark);
  }
}

/**
 * Annex C: 15 bits of level and mask, twice.
 *
 * @param {number[][]} modules
 * @param {Level} level
 * @param {number} mask
 */
function drawFormat(modules, level, mask) {
  const size = modules.length;
  const data = (LEVEL_BITS[level] << 3) | mask;
  let rest = data;
  for (let step = 0; step < 10; step += 1) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
  const bits = ((data << 10) | rest) ^ 0x5412;
  const bit = (/** @type {number} */ at) => (bits >> at) & 1;
  for (let at = 0; at < 6; at += 1) modules[at][8] = bit(at);
  modules[7][8] = bit(6);
  modules[8][8] = bit(7);
  modules[8][7] = bit(8);
  for (let at = 9; at < 15; at += 1) modules[8][14 - at] = bit(at);
  for (let at = 0; at < 8; at += 1) modules[8][size - 1 - at] = bit(at);
  for (let at = 8; at < 15; at += 1) modules[size - 15 + at][8] = bit(at);
}

/**
 * Clause 7.7.3: two columns at a time, upwards and downwards in turn, from the right.
 *
 * @param {Grid} grid
 * @param {number[]} codewords
 */
function placeData({ modules, fixed }, codewords) {
  const size = modules.length;
  let at = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    const upwards = ((right + 1) & 2) === 0;
    for (let step = 0; step < size; step += 1) {
      const row = upwards ? size - 1 - step : step;
      for (const column of [right, right - 1]) {
        if (fixed[row][column] || at >= codewords.length * 8) continue;
        modules[row][column] = (codewords[at >> 3] >> (7 - (at & 7))) & 1;
        at += 1;
      }
    }
  }
}

/**
 * @param {Grid} grid
 * @param {number} mask
 */
function masked({ modules, fixed }, mask) {
  return modules.map((line, row) =>
    line.map((dark, column) => (!fixed[row][column] && MASKS[mask](row, column) ? dark ^ 1 : dark)),
  );
}

/**
 * Table 11: runs, blocks, patterns like a finder, and the share of dark modules.
 *
 * @param {number[][]} modules
 */
function penaltyOf(modules) {
  const size = modules.length;
  const columns = modules.map((_, column) => modules.map((line) => line[column]));
  let penalty = 0;
  for (const line of [...modules, ...columns]) {
    const text = line.join('');
    for (const run of text.match(/0{5,}|1{5,}/g) ?? []) penalty += run.length - 2;
    for (const pattern of ['00001011101', '10111010000']) {
      for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + 1)) penalty += 40;
    }
  }
  for (let row = 0; row + 1 < size; row += 1) {
    for (let column = 0; column + 1 < size; column += 1) {
      const sum =
        modules[row][column] +
        modules[row][column + 1] +
        modules[row + 1][column] +
        modules[row + 1][column + 1];
      if (sum === 0 || sum === 4) penalty += 3;
    }
  }
  const dark = modules.flat().filter((module) => module === 1).length;
  return penalty + 10 * Math.floor(Math.abs((dark * 20) / (size * size) - 10));
}
