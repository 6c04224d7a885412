/**
 * What the three shops have in common: a small server on this machine, and the way to the platform. A real
 * shop has its own framework, its own database and HTTPS in their place.
 */

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

import { PlatformKeys, Suanpan, SuanpanError, hmacKey, readRawBody } from '@suanpan/sdk/node';

/**
 * @typedef {import('node:http').IncomingMessage} Request
 * @typedef {{ params: string[], query: URLSearchParams, body: any }} Asked What a handler is given.
 * @typedef {(asked: Asked, request: Request) => Promise<unknown> | unknown} Handler What it answers is sent as JSON.
 */

const BODY_BYTES_MAX = 16 * 1024;
const TYPES = { html: 'text/html', css: 'text/css', js: 'text/javascript' };

/** A refusal in the shop's own words. */
export class Refused extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Reads `SUANPAN_URL`, `KEY` and `SECRET`, as `make run` prints them. */
export function platform() {
  const { SUANPAN_URL: url = 'http://127.0.0.1:8080', KEY, SECRET, PLATFORM_KEY } = process.env;
  if (!KEY || !SECRET) {
    console.error('KEY and SECRET are wanted: `make run` prints them.');
    process.exit(2);
  }
  const suanpan = new Suanpan({ url, credentials: hmacKey(KEY, SECRET) });
  // A shop on the internet pins the platform's key. On this machine whoever answers is trusted.
  const pins = PLATFORM_KEY ? [PLATFORM_KEY] : /** @type {const} */ ('unpinned');
  const keys = PlatformKeys.fetch(url, { pins });
  keys.catch((error) => {
    console.error(`${url}: ${error.message}. Does the platform run?`);
    process.exit(1);
  });
  return { suanpan, keys };
}

/**
 * Serves the files of `web/` beside the shop, the SDK's browser part under `/sdk/`, and the routes:
 * `'GET /api/orders/:no'`.
 *
 * @param {{ folder: URL, port: number, routes: Record<string, Handler>, pages?: Record<string, string> }} shop
 * @returns {Promise<string>} Where it stands.
 */
export async function serve({ folder, port, routes, pages = {} }) {
  const table = Object.entries(routes).map(([name, handler]) => {
    const [method, path = ''] = name.split(' ');
    return { method, pattern: new RegExp(`^${path.replace(/:\w+/g, '([\\w-]{1,64})')}$`), handler };
  });
  const files = new Map([
    ...['cashier', 'receipts', 'money'].map((name) => [`/sdk/${name}.js`, new URL(`../../dist/${name}.js`, import.meta.url)]),
    ...['shop.js', 'shop.css'].map((name) => [`/${name}`, new URL(`./web/${name}`, import.meta.url)]),
    ...['page.js', 'page.css'].map((name) => [`/${name}`, new URL(`web/${name}`, folder)]),
    ...Object.entries({ '/': 'index.html', ...pages }).map(([path, name]) => [path, new URL(`web/${name}`, folder)]),
  ].map(([path, file]) => [String(path), /** @type {URL} */ (file)]));

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://shop');
    response.setHeader('cache-control', 'no-store');
    response.setHeader('x-content-type-options', 'nosniff');
    try {
      const file = request.method === 'GET' ? files.get(url.pathname) : undefined;
      if (file) {
        response.writeHead(200, pageHeaders(file)).end(await readFile(fileURLToPath(file)));
        return;
      }
      for (const { method, pattern, handler } of table) {
        const found = method === request.method ? pattern.exec(url.pathname) : null;
        if (!found) continue;
        const body = isNotice(url.pathname) || method === 'GET' ? null : await jsonBody(request);
        const told = await handler({ params: found.slice(1), query: url.searchParams, body }, request);
        response.writeHead(told === undefined ? 204 : 200, { 'content-type': 'application/json; charset=utf-8' });
        response.end(told === undefined ? undefined : JSON.stringify(told));
        return;
      }
      throw new Refused(404, 'not found');
    } catch (error) {
      const { status, told } = explain(error);
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(told));
    }
  });
  await new Promise((done, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => done(undefined));
  });
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return `http://127.0.0.1:${address.port}`;
}

/** The path under which notifications come: their body is read as it is, because it is signed. */
function isNotice(/** @type {string} */ path) {
  return path === '/notify';
}

/** @param {URL} file */
function pageHeaders(file) {
  const kind = /** @type {keyof typeof TYPES} */ (file.pathname.split('.').pop());
  return {
    'content-type': `${TYPES[kind]}; charset=utf-8`,
    'content-security-policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
  };
}

/**
 * A body that says it is JSON: pages of other sites cannot send one without asking first, and are refused then.
 *
 * @param {Request} request
 */
async function jsonBody(request) {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) throw new Refused(415, 'JSON is wanted');
  const bytes = await readRawBody(request, BODY_BYTES_MAX);
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new Refused(400, 'this is no JSON');
  }
}

/** @param {unknown} error */
function explain(error) {
  if (error instanceof Refused) return { status: error.status, told: { message: error.message } };
  if (error instanceof SuanpanError) {
    const status = error.code.startsWith('notification_') ? 401 : error.outcomeUnknown ? 502 : 409;
    return { status, told: { code: error.code, message: error.message, unknown: error.outcomeUnknown } };
  }
  console.error(error);
  return { status: 500, told: { message: 'the shop has a fault of its own' } };
}

/** The port that `PORT` names, or the example's usual one. */
export function port(/** @type {number} */ usual) {
  return Number(process.env['PORT'] ?? usual);
}
