/** Every operation of the description has its method, and asks what the description says. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Suanpan, SuanpanError, hmacKey } from '@suanpan/sdk/node';
import type { operations } from '@suanpan/sdk/node';

/** Compiles only while no operation lacks a method. */
const COMPLETE: keyof operations extends keyof Suanpan ? true : false = true;

interface Described {
  operationId?: string;
  parameters?: { name: string; in: string }[];
  requestBody?: unknown;
}
const description = JSON.parse(readFileSync(new URL('../../../openapi/suanpan.json', import.meta.url), 'utf8')) as {
  paths: Record<string, Record<string, Described>>;
};

test('methods ask what the description says', async () => {
  assert.ok(COMPLETE);
  let count = 0;
  for (const [path, methods] of Object.entries(description.paths)) {
    for (const [method, { operationId, parameters = [], requestBody }] of Object.entries(methods)) {
      if (!operationId) continue;
      count += 1;
      const sent: { method: string; path: string; body: boolean; signed: boolean }[] = [];
      const listening: typeof fetch = (target, init) => {
        const signed = 'authorization' in (init?.headers as Record<string, string>);
        sent.push({ method: init?.method ?? '', path: new URL(String(target)).pathname, body: Boolean(init?.body), signed });
        return Promise.reject(new TypeError('the test has no platform'));
      };
      const credentials = hmacKey('key_1', 'secret');
      const suanpan = new Suanpan({ url: 'http://127.0.0.1:1', credentials, fetch: listening, retriesMax: 0 });
      const named = parameters.filter((one) => one.in === 'path').map((one) => (one.name === 'leg_no' ? 7 : 'x_1'));
      const given = [...named, ...(requestBody ? [{ payment: {} }] : [])];
      const run = (suanpan as unknown as Record<string, (...given: unknown[]) => PromiseLike<unknown>>)[operationId];
      assert.ok(run, `${operationId} has no method`);
      await assert.rejects(async () => run.apply(suanpan, given), SuanpanError, operationId);
      const wanted = path.replace('{leg_no}', '7').replace(/\{\w+\}/g, 'x_1');
      const expected = { method: method.toUpperCase(), path: wanted, body: requestBody !== undefined, signed: path.startsWith('/v1/') };
      assert.deepEqual(sent, [expected], operationId);
    }
  }
  assert.ok(count >= 31, String(count));
});
