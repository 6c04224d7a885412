/** Printed plates: a foreign reader finds in each print exactly the address that its plate has. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { shoot } from './judge.mjs';
import { Stage } from './stage.mjs';

const PLATES = 9;

let stage;
let plates;
let merchant;

before(async () => {
  stage = await Stage.start((s) => {
    ({ merchant } = s.merchant('老王面馆'));
    plates = Array.from({ length: PLATES }, (_, n) => {
      const name = ['南京西路店', '<b>&"店"</b>', '一个名字很长很长很长很长很长很长很长很长的门店'][n % 3];
      const { terminal } = s.admin('create-terminal', merchant, 'qr_plate', name);
      // One in three stands under UnionPay's own address.
      const standard = n % 3 === 2 ? ['--unionpay-address', `https://qr.95516.com/00010000/0123456789${n}`] : [];
      return s.admin('create-plate', terminal, ...standard);
    });
    s.admin('revoke-plate', plates.pop().plate);
    print = (...args) => s.admin('print-plates', merchant, ...args);
    print(join(s.folder, 'plates.pdf'));
    print(join(s.folder, 'each.pdf'), '--sheet', 'one');
    print(join(s.folder, 'plate.svg'), '--plate', plates[0].plate);
    print(join(s.folder, 'plate.png'), '--plate', plates[0].plate);
  });
});

after(() => stage?.end());

let print;

/** What a reader of others finds in a picture. */
function read(picture) {
  const out = execFileSync('zbarimg', ['--quiet', '--raw', '-Sdisable', '-Sqrcode.enable', picture], { stdio: ['ignore', 'pipe', 'ignore'] });
  return out.toString().trim().split('\n').sort();
}

for (const [file, pages] of [['plates', 2], ['each', PLATES - 1]]) {
  test(`${file}.pdf: every code is read back`, () => {
    const base = join(stage.folder, `${file}-page`);
    execFileSync('pdftoppm', ['-r', '150', '-png', join(stage.folder, `${file}.pdf`), base]);
    const pictures = readdirSync(stage.folder).filter((name) => name.startsWith(`${file}-page`));
    assert.equal(pictures.length, pages);
    const found = pictures.flatMap((name) => read(join(stage.folder, name)));
    assert.deepEqual(found.sort(), plates.map((plate) => plate.address).sort());
  });
}

test('one plate as SVG and its code as PNG are read back', async () => {
  assert.deepEqual(read(join(stage.folder, 'plate.png')), [plates[0].address]);
  const page = await stage.device({ width: 700, height: 990 });
  const picture = readFileSync(join(stage.folder, 'plate.svg'));
  await page.goto(`data:image/svg+xml;base64,${picture.toString('base64')}`);
  const shot = join(stage.folder, 'svg.png');
  writeFileSync(shot, await page.screenshot());
  assert.deepEqual(read(shot), [plates[0].address]);
  await shoot(page, 'plate');
});
