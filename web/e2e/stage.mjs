/**
 * A sandbox with payers' phones and a server, started as processes of the real binary; merchants are set up
 * by an operator's commands before it serves. Everything is on loopback and ends with the test.
 */

import { createHmac, randomBytes } from 'node:crypto';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const BINARY = process.env.SUANPAN_BINARY ?? 'suanpan';
const CHROMIUM = process.env.SUANPAN_CHROMIUM ?? '/usr/bin/chromium';
const UP_LOOKS_MAX = 400;
const UP_LOOK_MS = 50;

/** The user agents of the apps, as the simulator's phones have them. */
export const AGENTS = {
  wechat:
    'Mozilla/5.0 (Linux; Android 14; PJD110) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0 Mobile Safari/537.36 MMWEBID/1 MicroMessenger/8.0.50.2701(0x28003234) WeChat/arm64',
  alipay:
    'Mozilla/5.0 (Linux; U; Android 14; zh-CN) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36 AlipayDefined AliApp(AP/10.5.88.8000) AlipayClient/10.5.88.8000',
  unionpay:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 (UnionPay/1.0 CloudPay)',
  phone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
};

async function freePort() {
  return new Promise((done, failed) => {
    const listener = createServer();
    listener.on('error', failed);
    listener.listen(0, '127.0.0.1', () => {
      const { port } = listener.address();
      listener.close(() => done(port));
    });
  });
}

export class Stage {
  /** @param {(stage: Stage) => void} setUp What the operator does before the server starts. */
  static async start(setUp) {
    const stage = new Stage();
    stage.folder = mkdtempSync(join(tmpdir(), 'suanpan-e2e-'));
    stage.processes = [];
    stage.api = `http://127.0.0.1:${await freePort()}`;
    stage.sandbox = `http://127.0.0.1:${await freePort()}`;
    const parameters = join(stage.folder, 'parameters');
    stage.run(['sandbox', '--listen', stage.sandbox.slice(7), '--coordinates', join(stage.folder, 'sandbox.json')]
      .concat(['--parameters', parameters, '--shop', stage.api, '--phone-port', '0']));
    await stage.up(`${stage.sandbox}/sandbox/health`);
    stage.accounts = readdirSync(parameters).map((file) => {
      const [, channel, number] = /^(\w+)-(\w+)\.json$/.exec(file);
      const made = stage.admin('add-channel-account', channel, number, join(parameters, file));
      return made.channel_account;
    });
    const phones = await (await fetch(`${stage.sandbox}/sandbox/phones`)).json();
    stage.phones = Object.fromEntries(phones.phones.map((phone) => [phone.app, phone.url]));
    setUp(stage);
    await stage.serve();
    return stage;
  }

  async serve() {
    this.server = this.run(['serve', '--listen', this.api.slice(7), '--public-url', this.api, '--data-dir', this.data()]);
    await this.up(`${this.api}/readyz`);
  }

  /** The server goes away in the middle of everything. */
  async kill() {
    const ended = new Promise((done) => this.server.once('exit', done));
    this.server.kill('SIGKILL');
    await ended;
  }

  data() {
    return join(this.folder, 'data');
  }

  run(args) {
    const log = join(this.folder, `${args[0]}.log`);
    const child = spawn(BINARY, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, RUST_LOG: 'info' } });
    const lines = [];
    child.stderr.on('data', (chunk) => {
      lines.push(chunk);
      writeFileSync(log, Buffer.concat(lines));
    });
    this.processes.push(child);
    return child;
  }

  async up(url) {
    for (let looks = 0; looks < UP_LOOKS_MAX; looks += 1) {
      const answer = await fetch(url).catch(() => null);
      if (answer?.ok) return;
      await new Promise((done) => setTimeout(done, UP_LOOK_MS));
    }
    throw new Error(`${url} does not come up`);
  }

  admin(...args) {
    const out = execFileSync(BINARY, ['admin', '--data-dir', this.data(), '--public-url', this.api, ...args]);
    return JSON.parse(out.toString());
  }

  /** A merchant who is open everywhere, and takes payments at any hour. */
  merchant(name, { rules = { blackout: null, refund_same_day: true } } = {}) {
    const { merchant, store } = this.admin('create-merchant', name);
    for (const account of this.accounts) this.admin('open-channel', merchant, account);
    const file = this.file('rules.json', rules);
    this.admin('set-rules', file, '--merchant', merchant);
    return { merchant, store };
  }

  file(name, content) {
    const path = join(this.folder, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  }

  log(name = 'serve') {
    const path = join(this.folder, `${name}.log`);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** A request of the merchant's server. */
  async call(method, path, body = '') {
    const text = body ? JSON.stringify(body) : '';
    const [time, nonce] = [Math.floor(Date.now() / 1000), randomBytes(16).toString('hex')];
    const signed = `${method}\n${path}\n${time}\n${nonce}\n${text}\n`;
    const signature = createHmac('sha256', this.key.secret).update(signed).digest('base64');
    const answer = await fetch(this.api + path, {
      method,
      body: text || undefined,
      headers: {
        'content-type': 'application/json',
        authorization: `SUANPAN-HMAC-SHA256 key_id="${this.key.id}",nonce="${nonce}",timestamp="${time}",signature="${signature}"`,
      },
    });
    const told = await answer.json();
    if (!answer.ok) throw new Error(JSON.stringify(told));
    return told;
  }

  post(path, body) {
    return this.call('POST', path, body);
  }

  get(path) {
    return this.call('GET', path);
  }

  async books() {
    const { books } = await (await fetch(`${this.sandbox}/sandbox/books`)).json();
    return books;
  }

  async fault(rule) {
    const body = JSON.stringify(rule);
    const answer = await fetch(`${this.sandbox}/sandbox/faults`, { method: 'POST', body });
    if (!answer.ok) throw new Error(await answer.text());
  }

  /** A call of the sandbox's control API. */
  async control(path, body) {
    const answer = await fetch(`${this.sandbox}/sandbox/${path}`, { method: 'POST', body: JSON.stringify(body) });
    return answer.json();
  }

  async noFaults() {
    await fetch(`${this.sandbox}/sandbox/faults`, { method: 'DELETE' });
  }

  async end() {
    await this.browserProcess?.close();
    for (const child of this.processes) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  async browser() {
    this.browserProcess ??= await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']
        .concat(['--disable-component-update', '--disable-sync']),
    });
    return this.browserProcess;
  }

  /** A fresh phone or desktop; what its pages complain of is kept. */
  async device({ agent, width = 390, height = 780, locale = 'zh-CN' } = {}) {
    const browser = await this.browser();
    const context = await browser.newContext({ userAgent: agent, viewport: { width, height }, locale });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    page.complaints = [];
    page.on('console', (message) => message.type() === 'error' && page.complaints.push(message.text()));
    page.on('pageerror', (error) => page.complaints.push(String(error)));
    return page;
  }
}
