/**
 * Writes `src/generated/openapi.ts` from the API's description; with `--check` it only compares, and fails
 * when they differ.
 */

import { readFile, writeFile } from 'node:fs/promises';

import openapiTS, { astToString } from 'openapi-typescript';

const DESCRIPTION = new URL('../../../openapi/suanpan.json', import.meta.url);
const OUTPUT = new URL('../src/generated/openapi.ts', import.meta.url);
const HEAD = '/** Generated from openapi/suanpan.json by `npm run generate`: do not edit. */\n\n';

/**
 * The description says a field's own words as `allOf: [shape, { type: object, description }]`. Taken at its
 * word, the second part would be an object without properties, and nothing could be both.
 */
function joined(node) {
  if (Array.isArray(node)) return node.map(joined);
  if (typeof node !== 'object' || node === null) return node;
  const whole = Object.fromEntries(Object.entries(node).map(([name, value]) => [name, joined(value)]));
  const [shape, words, ...others] = whole.allOf ?? [];
  const isWordsOnly = words && Object.keys(words).sort().join() === 'description,type' && words.type === 'object';
  if (!shape || !isWordsOnly || others.length > 0) return whole;
  const { allOf: _parts, ...rest } = whole;
  return { ...shape, ...rest, description: words.description };
}

const description = joined(JSON.parse(await readFile(DESCRIPTION, 'utf8')));
const wanted = HEAD + astToString(await openapiTS(description, { emptyObjectsUnknown: true }));
if (process.argv.includes('--check')) {
  const found = await readFile(OUTPUT, 'utf8').catch(() => '');
  if (found !== wanted) {
    console.error('src/generated/openapi.ts is not what openapi/suanpan.json gives: npm run generate');
    process.exit(1);
  }
} else {
  await writeFile(OUTPUT, wanted);
}
