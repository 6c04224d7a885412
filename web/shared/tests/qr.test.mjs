/**
 * The QR encoder: its structure here, and its readability by an independent decoder, `zbarimg`
 * (Debian's `zbar-tools`), where that is installed.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { load } from './flat.mjs';

const { encodeQr } = await load('qr.js');
const decoder = spawnSync('zbarimg', ['--version']).error ? 'zbarimg is not installed' : false;

/** Bytes that each version holds at each level: ISO/IEC 18004, table 7. */
const BYTES = {
  L: [17, 32, 53, 78, 106, 134, 154, 192, 230, 271],
  M: [14, 26, 42, 62, 84, 106, 122, 152, 180, 213],
};

function pgm(qr, scale = 4, quiet = 4) {
  const side = (qr.size + 2 * quiet) * scale;
  const pixels = Buffer.alloc(side * side, 255);
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      if (qr.dark(Math.floor(y / scale) - quiet, Math.floor(x / scale) - quiet)) pixels[y * side + x] = 0;
    }
  }
  return Buffer.concat([Buffer.from(`P5\n${side} ${side}\n255\n`), pixels]);
}

test('each version holds what the standard says, and not a byte more', () => {
  for (const level of ['L', 'M']) {
    BYTES[level].forEach((bytes, at) => {
      assert.equal(encodeQr('a'.repeat(bytes), level).version, at + 1, `${level} ${bytes}`);
      assert.equal(encodeQr('a'.repeat(bytes), level).size, 21 + 4 * at);
      if (at < 9) assert.equal(encodeQr('a'.repeat(bytes + 1), level).version, at + 2);
      else assert.throws(() => encodeQr('a'.repeat(bytes + 1), level), /too long/);
    });
  }
});

test('the finders stand in three corners and the timing between them', () => {
  const qr = encodeQr('http://127.0.0.1:8080/o/token');
  const line = (row, from) => Array.from({ length: 7 }, (_, at) => Number(qr.dark(row, from + at))).join('');
  for (const [row, column] of [
    [0, 0],
    [0, qr.size - 7],
    [qr.size - 7, 0],
  ]) {
    assert.equal(line(row, column), '1111111');
    assert.equal(line(row + 3, column), '1011101');
  }
  for (let at = 8; at < qr.size - 8; at += 1) assert.equal(qr.dark(6, at), at % 2 === 0);
});

test('an independent decoder reads every version at both levels', { skip: decoder }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'qr-'));
  try {
    for (const level of ['L', 'M']) {
      for (const bytes of [1, ...BYTES[level]]) {
        const text = `http://127.0.0.1:8080/o/${'aZ09-_'.repeat(50)}`.slice(0, bytes);
        const file = join(folder, `${level}${bytes}.pgm`);
        writeFileSync(file, pgm(encodeQr(text, level)));
        const read = execFileSync('zbarimg', ['--quiet', '--raw', file], {
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        assert.equal(read.toString('utf8').trimEnd(), text, `${level} ${bytes}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
