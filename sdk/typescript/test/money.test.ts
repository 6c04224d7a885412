import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FEN_MAX, cny, formatYuan, parseYuan } from '@suanpan/sdk/money';

test('yuan are read without floating point', () => {
  const cases: [string, number | null][] = [
    ['28', 2800],
    ['28.5', 2850],
    ['28.50', 2850],
    ['0.07', 7],
    ['1.15', 115],
    ['8.29', 829],
    [' ¥1,028.50 ', 102850],
    ['￥3', 300],
    ['1000000000', FEN_MAX],
    ['1000000000.01', null],
    ['28.505', null],
    ['', null],
    ['.5', null],
    ['28.', null],
    ['-1', null],
    ['1e3', null],
    ['0x10', null],
    ['1,00', null],
    ['٣', null],
    ['9'.repeat(30), null],
  ];
  for (const [text, fen] of cases) {
    if (fen === null) assert.throws(() => parseYuan(text), RangeError, text);
    else assert.equal(parseYuan(text), fen, text);
  }
});

test('what is written is read back', () => {
  for (const fen of [0, 1, 9, 10, 99, 100, 101, 2850, 123456789, FEN_MAX]) assert.equal(parseYuan(formatYuan(fen)), fen);
  assert.equal(formatYuan(-2850), '-28.50');
  for (const fen of [0.5, NaN, Infinity]) assert.throws(() => formatYuan(fen), RangeError);
});

test('an amount is whole fen, and not nothing', () => {
  assert.deepEqual(cny(2850), { total: 2850, currency: 'CNY' });
  for (const fen of [0, -1, 1.5, FEN_MAX + 1, NaN]) assert.throws(() => cny(fen), RangeError);
});
