/** What every page is held against: accessibility, width, complaints of the browser. */

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = process.env.SUANPAN_SHOTS;

/** No serious finding, nothing wider than the screen. */
export async function judge(page, name) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const serious = violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
  const told = serious.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
  assert.deepEqual(told, [], `${name}: axe`);
  const [inner, scroll] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
  assert.ok(scroll <= inner, `${name}: ${scroll} wide on a screen of ${inner}`);
  await shoot(page, name);
}

/** A picture for people to look at, where they want one. */
export async function shoot(page, name) {
  if (!SHOTS) return;
  mkdirSync(SHOTS, { recursive: true });
  const { width } = page.viewportSize();
  await page.screenshot({ path: join(SHOTS, `${name}-${width}.png`) });
}

/** The browser complained of nothing: no script error, nothing that the page's policy forbids. */
export function content(page) {
  assert.deepEqual(page.complaints, []);
}

/** Asks until it holds. */
export async function until(what, holds, looks = 100) {
  for (let look = 0; look < looks; look += 1) {
    if (await holds()) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail(`${what} does not come to be`);
}
