/** A platform and shops as processes of their own, on free ports, ended by their process ids. */

import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The server's binary. Where it is named it must work; without it the tests that want it are skipped. */
export const BINARY = process.env['SUANPAN_BINARY'];
export const SKIP = BINARY ? false : 'SUANPAN_BINARY names no server';

const UP_MS_MAX = 60_000;
const LOOK_MS = 50;
const ROOT = new URL('..', import.meta.url);
const PHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';

export interface Demo {
  url: string;
  sandbox: string;
  key: string;
  secret: string;
}

export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'suanpan-sdk-'));
  readonly #processes: ChildProcess[] = [];

  /** The demo of `make run`, on ports that are free. */
  async demo(): Promise<Demo> {
    const args = ['demo', '--port', '0', '--sandbox-port', '0', '--pos-port', '0', '--data-dir', join(this.folder, 'demo')];
    const said = await this.run(BINARY ?? '', args, {}, /^secret\s+\S+$/m);
    const word = (pattern: RegExp) => {
      const found = pattern.exec(said)?.[1];
      if (!found) throw new Error(`the demo does not say ${pattern}:\n${said}`);
      return found;
    };
    return {
      url: word(/^API\s+(\S+)\/v1$/m),
      sandbox: word(/^sandbox\s+(\S+)\/sandbox\/books$/m),
      key: word(/^key id\s+(\S+)$/m),
      secret: word(/^secret\s+(\S+)$/m),
    };
  }

  /** A server without channels, set up by an operator's commands before it serves. */
  async serve(setUp: (admin: (...args: string[]) => Record<string, string>) => void): Promise<string> {
    const port = await freePort();
    const [data, url] = [join(this.folder, 'data'), `http://127.0.0.1:${port}`];
    setUp((...args) => {
      const said = execFileSync(BINARY ?? '', ['admin', '--data-dir', data, '--public-url', url, ...args]);
      return JSON.parse(said.toString()) as Record<string, string>;
    });
    await this.run(BINARY ?? '', ['serve', '--data-dir', data, '--public-url', url, '--listen', `127.0.0.1:${port}`], {}, null);
    await until(async () => (await fetch(`${url}/readyz`).catch(() => null))?.ok ?? false);
    return url;
  }

  /** One of the example shops; where it stands. */
  async example(name: string, demo: Demo): Promise<string> {
    const env = { SUANPAN_URL: demo.url, KEY: demo.key, SECRET: demo.secret, PORT: '0' };
    const program = new URL(`examples/${name}/server.js`, ROOT).pathname;
    const said = await this.run(process.execPath, [program], env, /http:\S+/);
    return new URL(/http:\S+/.exec(said)?.[0] ?? '').origin;
  }

  /** Starts a program and waits until it says what is waited for; all that it said until then. */
  async run(program: string, args: string[], env: Record<string, string>, wanted: RegExp | null): Promise<string> {
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#processes.push(child);
    let [said, complained] = ['', ''];
    let failure: Error | null = null;
    child.on('error', (error) => (failure = error));
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (complained = (complained + chunk.toString()).slice(-4_000)));
    await until(() => {
      if (failure) throw failure;
      if (child.exitCode !== null) throw new Error(`${program} ended:\n${said}${complained}`);
      return wanted === null || wanted.test(said);
    });
    return said;
  }

  async end(): Promise<void> {
    for (const child of this.#processes) {
      if (child.exitCode !== null || child.pid === undefined) continue;
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A payer's phone opens the cashier in its browser, chooses Alipay, and pays at the sandbox. */
export async function payByPhone(demo: Demo, cashierUrl: string): Promise<void> {
  const { origin, pathname } = new URL(cashierUrl);
  const page = await fetch(cashierUrl, { headers: { 'user-agent': PHONE } });
  if (!page.ok) throw new Error(`the cashier's page answers ${page.status}`);
  const headers = { 'user-agent': PHONE, 'content-type': 'application/json' };
  const body = JSON.stringify({ channel: 'alipay', instead: false });
  const answer = await fetch(`${origin}/c${pathname}/pay`, { method: 'POST', headers, body });
  const told = (await answer.json()) as { order: { mine: { invoke: { link: string } } } };
  const link = new URL(told.order.mine.invoke.link);
  await fetch(link, { headers: { 'user-agent': PHONE } });
  const order_no = (JSON.parse(link.searchParams.get('biz_content') ?? '{}') as { out_trade_no: string }).out_trade_no;
  const paid = await fetch(`${demo.sandbox}/sandbox/pay`, { method: 'POST', body: JSON.stringify({ channel: 'alipay', order_no }) });
  if (!paid.ok) throw new Error(`the sandbox answers ${paid.status}: ${await paid.text()}`);
}

export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + UP_MS_MAX;
  while (Date.now() < end) {
    if (await isSo()) return;
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
  throw new Error('it does not come to that in time');
}

export async function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const listener = createServer();
    listener.once('error', failed);
    listener.listen(0, '127.0.0.1', () => {
      const { port } = listener.address() as AddressInfo;
      listener.close(() => done(port));
    });
  });
}
