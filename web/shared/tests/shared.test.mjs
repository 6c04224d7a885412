/** Money, words and contrast: tables of input and result. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './flat.mjs';

const { formatYuan, formatMoney, shortYuan, parseYuan, percentNearest } = await load('money.js');
const { makeWords } = await load('language.js');
const { readableAccent, ratioToWhite, parseColor, RATIO_MIN } = await load('contrast.js');

test('fen are written as yuan', () => {
  const cases = [
    [0, '0.00'],
    [1, '0.01'],
    [10, '0.10'],
    [100, '1.00'],
    [123456, '1,234.56'],
    [100000000000, '1,000,000,000.00'],
    [-5, '-0.05'],
  ];
  for (const [fen, text] of cases) assert.equal(formatYuan(fen), text);
  assert.equal(formatMoney(2800), '¥28.00');
  assert.equal(formatMoney(-2800), '-¥28.00');
  assert.equal(shortYuan(2800), '28');
  assert.equal(shortYuan(123450), '1234.50');
});

test('yuan are read as fen, digit by digit', () => {
  const cases = [
    ['1', 100],
    ['1.', 100],
    ['1.2', 120],
    ['1.23', 123],
    ['.5', 50],
    ['0', 0],
    ['1,234.50', 123450],
    [' 28。5 ', 2850],
    ['0.29', 29],
    ['', null],
    ['.', null],
    ['1.234', null],
    ['-1', null],
    ['1e3', null],
    ['1.2.3', null],
    ['1000000000.01', null],
    ['¥1', null],
  ];
  for (const [text, fen] of cases) assert.equal(parseYuan(text), fen, text);
});

test('every amount is read as it was written', () => {
  for (let fen = 0; fen < 200000; fen += 37) assert.equal(parseYuan(formatYuan(fen)), fen);
});

test('a percentage is the nearest fen', () => {
  const cases = [
    [1000, 10, 100],
    [99, 5, 5],
    [10, 5, 1],
    [9, 5, 0],
    [12345, 15, 1852],
  ];
  for (const [fen, percent, result] of cases) assert.equal(percentNearest(fen, percent), result);
});

test('words are of the chosen language, which is kept', () => {
  const kept = new Map();
  const storage = {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => kept.set(name, value),
  };
  const tables = { zh: { hi: '你好 {name}', only: '仅' }, en: { hi: 'hello {name}' } };
  const words = makeWords(tables, storage);
  assert.equal(words.t('hi', { name: 'A' }), '你好 A');
  words.setLanguage('en');
  assert.equal(words.t('hi', { name: 'A' }), 'hello A');
  assert.equal(words.t('hi'), 'hello {name}');
  assert.equal(words.t('only'), '仅');
  assert.equal(words.t('nothing'), 'nothing');
  assert.equal(makeWords(tables, storage).language(), 'en');
});

test('an accent is darkened until white can be read on it', () => {
  for (const color of ['#1677ff', '#ffff00', '#07c160', '#ffffff', '#ff6a00', '#000000']) {
    const result = readableAccent(color, '#0b57d0');
    assert.ok(ratioToWhite(parseColor(result)) >= RATIO_MIN, `${color} ${result}`);
  }
  assert.equal(readableAccent('#000000', '#0b57d0'), '#000000');
  assert.equal(readableAccent('url(x)', '#0b57d0'), '#0b57d0');
});
