/**
 * The register's page. A scanner types the payer's code and presses Enter. The address keeps the sale's number:
 * after a reload the sale goes on where it was.
 */

import { printReceipt, showReceipt } from '/sdk/cashier.js';
import { formatYuan } from '/sdk/money.js';
import { ask, byId, h, pause, purchaseKey } from '/shop.js';

const LOOK_MS = 1_000;
const TENDERS = /** @type {Record<string, string>} */ ({ alipay: '支付宝', wechat: '微信支付', unionpay: '云闪付', cash: '现金' });
const STATES = /** @type {Record<string, string>} */ ({ paying: '支付中', paid: '已付', failed: '失败', closed: '已关闭' });

/** @type {any} */
let sale = null;

byId('begin').addEventListener('submit', (/** @type {Event} */ event) => act(event, async () => {
  const amount = byId('amount').value;
  const made = await ask('/api/sales', { key: purchaseKey(`sale:${amount}`), amount });
  sessionStorage.removeItem(`sale:${amount}`);
  location.hash = made.id;
  take(made);
}));
byId('scan').addEventListener('submit', (/** @type {Event} */ event) => act(event, async () => {
  const payer_code = byId('code').value.replace(/\s/g, '');
  take(await add({ payer_code, amount: byId('part').value }));
  await follow();
}));
byId('cash').addEventListener('submit', (/** @type {Event} */ event) => act(event, async () => {
  const told = await add({ cash: byId('given').value, amount: byId('part').value });
  if (told.change_fen > 0) say(`找零 ¥${formatYuan(told.change_fen)} · Change`);
  take(told);
}));
byId('cancel').addEventListener('click', (/** @type {Event} */ event) => act(event, async () => {
  take(await ask(`/api/sales/${sale.id}/close`, {}));
}));
byId('next').addEventListener('click', () => {
  location.hash = '';
  location.reload();
});

if (location.hash.length > 1) {
  void act(null, async () => {
    take(await ask(`/api/sales/${location.hash.slice(1)}`));
    await follow();
  });
}

/** One thing at a time, and its refusal in words. */
async function act(/** @type {Event | null} */ event, /** @type {() => Promise<void>} */ run) {
  event?.preventDefault();
  say('');
  for (const button of document.querySelectorAll('button')) button.disabled = true;
  try {
    await run();
  } catch (error) {
    say(/** @type {Error} */ (error).message);
  } finally {
    for (const button of document.querySelectorAll('button')) button.disabled = false;
  }
}

/** The next part's number follows from the parts that are there: after a lost answer it is the same one. */
function add(/** @type {object} */ part) {
  const leg_no = Math.max(0, ...sale.parts.map((/** @type {any} */ known) => known.leg_no)) + 1;
  return ask(`/api/sales/${sale.id}/parts`, { ...part, leg_no });
}

async function follow() {
  while (sale.state === 'closing' || sale.parts.some((/** @type {any} */ part) => part.state === 'paying')) {
    await pause(LOOK_MS);
    take(await ask(`/api/sales/${sale.id}`));
  }
}

function take(/** @type {any} */ told) {
  sale = told;
  const isOpen = told.state === 'paying';
  byId('begin').hidden = true;
  byId('sale').hidden = false;
  byId('ways').hidden = !isOpen;
  byId('rest').textContent = told.state === 'closed' || told.state === 'closing' ? '已取消' : `¥${formatYuan(told.rest_fen)}`;
  byId('parts').replaceChildren(...told.parts.map(part));
  for (const id of ['part', 'code', 'given']) byId(id).value = '';
  if (isOpen) byId('code').focus();
  if (told.state === 'paid') void paper();
}

function part(/** @type {any} */ one) {
  const end = () => void act(null, async () => {
    take(await ask(`/api/sales/${sale.id}/parts/${one.leg_no}/close`, {}));
    await follow();
  });
  return h('div', { class: 'row' },
    h('span', {}, `${TENDERS[one.tender] ?? one.tender} · ${STATES[one.state] ?? one.state}`, one.why ? h('span', { class: 'soft' }, ` ${one.why}`) : null),
    one.state === 'paying' ? h('button', { class: 'quiet', onclick: end }, '撤回 · Withdraw') : null,
    h('span', { class: 'price' }, `¥${formatYuan(one.fen)}`));
}

async function paper() {
  const receipt = await ask(`/api/sales/${sale.id}/receipt`);
  byId('receipt').replaceChildren();
  showReceipt(receipt, byId('receipt'));
  byId('paper').hidden = false;
  byId('print').onclick = () => printReceipt(receipt);
}

function say(/** @type {string} */ text) {
  byId('said').textContent = text;
}
