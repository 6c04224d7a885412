// The scan simulator: a person plays the payer. He picks an app, shows it a code, and sees in the phone
// what the payer would see; beside it stand the channel's faults, orders and books.

import { isEnglish, speak, speakEnglish, word } from "./words.js";

/**
 * @typedef {{ app: string, channel: string | null, url: string, allows: string[] }} Phone
 * @typedef {{ channel: string, order_no: string, description: string, amount_fen: number, status: string, at: string }} Order
 * @typedef {{ channel: string, order_no: string, request_no: string, kind: string, amount_fen: number, at: string }} Book
 * @typedef {{ app: string, text: string, scheme: string, asked: number, outcome: string, code?: string, message?: string, order_no?: string }} Asked
 * @typedef {{ app: string, text: string, scheme?: string | null, path?: string, refused?: string }} Told
 * @typedef {{ channel: string | null, call: string, fault: { kind: string, ms?: number }, times: number }} Rule
 */

const LOOK_AGAIN_MS = 2000;
const TOAST_MS = 3200;
const LATE_MS = 15_000;
const DELAY_MS = 5_000;
/** What UnionPay may do with a domain. */
const MODES = ["query", "page", "unregistered"];
/** The apps of UnionPay's circle, as its gateway names them. @type {Record<string, string>} */
const UNIONPAY_APPS = { unionpay: "CloudPay", bank: "BankDemo" };
const PAYERS = ["payer-1", "payer-2"];
const CALL_FAULTS = [
  "lost_answer_after_effect", "lost_answer_before_effect", "system_busy", "system_busy_after_effect",
  "server_error", "delay",
];
/** What each step is called by each channel, and what may go wrong with it. */
const STEPS = [
  {
    name: "notice", faults: ["no_notice", "late_notice", "duplicate_notice"],
    calls: { wechat: "pay", alipay: "pay", unionpay: "pay", any: "pay" },
  },
  {
    name: "order", faults: [...CALL_FAULTS, "wrong_signature"],
    calls: { wechat: "v3/jsapi", alipay: "alipay.trade.create", unionpay: "pay/unifiedorder", any: "v3/h5" },
  },
  {
    name: "query", faults: [...CALL_FAULTS, "wrong_signature"],
    calls: { wechat: "v3/query", alipay: "alipay.trade.query", unionpay: "pay/queryOrder", any: "v3/query" },
  },
  {
    name: "pay", faults: CALL_FAULTS,
    calls: { wechat: "bridge/pay", alipay: "bridge/pay", unionpay: "bridge/pay", any: "bridge/pay" },
  },
  {
    name: "ask", faults: ["lost_answer_after_effect", "lost_answer_before_effect", "delay", "wrong_signature"],
    calls: { wechat: "order-query", alipay: "order-query", unionpay: "order-query", any: "order-query" },
  },
  {
    name: "authorize", faults: ["payer_refuses", "system_busy", "lost_answer_before_effect"],
    calls: {
      wechat: "connect/oauth2/authorize", alipay: "oauth2/publicAppAuthorize", unionpay: "api/userAuth", any: "*",
    },
  },
  {
    name: "identity", faults: CALL_FAULTS,
    calls: {
      wechat: "sns/oauth2/access_token", alipay: "alipay.system.oauth.token", unionpay: "pay/getUserId", any: "*",
    },
  },
];

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @returns {T}
 */
const at = (id) => /** @type {T} */ (document.getElementById(id));
const frame = /** @type {HTMLIFrameElement} */ (at("frame"));
const text = /** @type {HTMLTextAreaElement} */ (at("text"));
const step = /** @type {HTMLSelectElement} */ (at("step"));
const kind = /** @type {HTMLSelectElement} */ (at("kind"));
const mode = /** @type {HTMLSelectElement} */ (at("mode"));

const state = {
  /** @type {Phone[]} */ phones: [],
  /** The shop's addresses. @type {string[]} */ shop: [],
  app: "wechat",
  payer: PAYERS[0],
  /** The path that the phone shows. */ path: "",
  /** @type {string[]} */ found: [],
  /** How UnionPay takes the shop's codes. */ mode: "query",
  /** What became of the latest scan. @type {Told | null} */ told: null,
  /** What UnionPay asked. @type {Asked[]} */ asked: [],
};
const phone = () => state.phones.find((one) => one.app === state.app);
const channel = () => /** @type {keyof typeof STEPS[0]["calls"]} */ (phone()?.channel ?? "any");

/**
 * @param {string} path
 * @param {unknown} [body]
 */
async function call(path, body) {
  const given = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const answer = await fetch(path, given);
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.message ?? word("silent"));
  return said;
}

/** @param {unknown} error */
const reason = (error) => (error instanceof TypeError ? word("silent") : /** @type {Error} */ (error).message);

/** @type {ReturnType<typeof setTimeout> | undefined} */
let fading;
/** @param {string} said */
function toast(said) {
  at("toast").textContent = said;
  at("toast").hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => (at("toast").hidden = true), TOAST_MS);
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string} [said]
 * @param {string} [look]
 */
function make(tag, said, look) {
  const element = document.createElement(tag);
  if (said !== undefined) element.textContent = said;
  if (look) element.className = look;
  return element;
}

// ---- the phone

/** @param {string} path */
function open(path) {
  const one = phone();
  if (!one) return;
  const url = new URL(one.url);
  url.hostname = location.hostname;
  const query = new URLSearchParams({ payer: state.payer, to: path });
  state.path = path;
  frame.src = `${url.origin}/sandbox/open?${query}`;
  frame.hidden = false;
  at("idle").hidden = true;
  at("toast").hidden = true;
}

function close() {
  state.path = "";
  frame.hidden = true;
  frame.src = "about:blank";
  at("idle").hidden = false;
}

/** @param {string} code */
async function scan(code) {
  found([]);
  if (!code.trim()) return toast(word("empty"));
  try {
    const said = await call("/sandbox/scan", { app: state.app, text: code });
    state.told = { ...said, app: state.app, text: code.trim() };
    story();
    const { path, refused } = said;
    if (refused) {
      close();
      toast(refused);
    } else {
      open(path);
    }
  } catch (error) {
    close();
    toast(reason(error));
  }
  if (matchMedia("(max-width: 899px)").matches) at("device").scrollIntoView();
}

/** @param {Blob | null | undefined} picture */
async function read(picture) {
  if (!picture) return;
  try {
    const answer = await fetch("/sandbox/decode", { method: "POST", body: picture });
    if (!answer.ok) return toast(word("unpictured"));
    const { texts } = await answer.json();
    if (texts.length === 0) return toast(word("unread"));
    text.value = texts[0];
    if (texts.length === 1) return scan(texts[0]);
    found(texts);
  } catch {
    toast(word("silent"));
  }
}

/** @param {string[]} texts */
function found(texts) {
  state.found = texts;
  const list = at("found");
  list.hidden = texts.length === 0;
  list.replaceChildren(make("li", word("several"), "hint"));
  for (const one of texts) {
    const button = make("button", one);
    button.type = "button";
    button.addEventListener("click", () => {
      text.value = one;
      scan(one);
    });
    const row = make("li");
    row.append(button);
    list.append(row);
  }
}

// ---- choices

/**
 * @param {HTMLElement} group
 * @param {string[]} names
 * @param {string} chosen
 * @param {(name: string) => void} choose
 */
function choices(group, names, chosen, choose) {
  group.replaceChildren(...names.map((name) => {
    const button = make("button");
    button.type = "button";
    button.dataset.choice = name;
    button.setAttribute("role", "radio");
    button.setAttribute("aria-checked", String(name === chosen));
    button.tabIndex = name === chosen ? 0 : -1;
    button.append(make("span", "", "mark"), make("span", word(name)));
    button.addEventListener("click", () => choose(name));
    return button;
  }));
  group.onkeydown = (event) => {
    const turn = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (turn === undefined) return;
    event.preventDefault();
    const next = names[(names.indexOf(chosen) + turn + names.length) % names.length];
    choose(next);
    /** @type {HTMLElement | null} */ (group.querySelector("[aria-checked=true]"))?.focus();
  };
}

/** @param {string} app */
function pick(app) {
  if (app === state.app) return;
  state.app = app;
  close();
  show();
}

/** @param {string} payer */
function become(payer) {
  state.payer = payer;
  show();
  if (state.path) open(state.path);
}

function show() {
  speak();
  at("language").textContent = word("other");
  choices(at("apps"), state.phones.map((one) => one.app), state.app, pick);
  choices(at("payers"), PAYERS, state.payer, become);
  at("device").dataset.app = state.app;
  at("app-name").textContent = state.phones.length ? word(state.app) : "";
  /** @type {HTMLElement} */ (at("idle").querySelector("p")).textContent =
    word(state.phones.length ? "idle" : "phoneless");
  /** @type {HTMLButtonElement} */ (at("go")).disabled = state.phones.length === 0;
  const asks = state.app === "unionpay" || state.app === "bank";
  at("allow").hidden = !asks;
  at("registered").hidden = !asks || state.shop.length === 0;
  at("issue").hidden = state.shop.length === 0;
  mode.replaceChildren(...MODES.map((name) => new Option(word(`mode.${name}`), name)));
  mode.value = state.mode;
  /** @type {HTMLInputElement} */ (at("allowed")).checked = hosts().every((host) => phone()?.allows.includes(host));
  steps();
  found(state.found);
  story();
}

const hosts = () => state.shop.map((address) => address.replace(/^https?:\/\//, "").split("/")[0]);

// ---- three codes in one

/** What happened to the latest code: which scheme, whom UnionPay asked, who refused. */
function story() {
  const lines = state.told?.app === state.app ? storyOf(state.told) : [];
  at("story").hidden = lines.length === 0;
  at("story").replaceChildren(...lines);
}

/** @param {Told} told */
function storyOf(told) {
  const issued = told.text.includes("/qr95516/");
  const app = UNIONPAY_APPS[told.app];
  if (!app) return issued && !told.refused ? [make("li", word("story.leads"))] : [];
  if (told.refused) {
    const listed = phone()?.allows.some((host) => told.text.includes(`://${host}`));
    return [make("li", told.refused, "bad"), make("li", word(listed ? "story.domain" : "story.list"))];
  }
  if (!told.scheme) return told.path?.startsWith("/sandbox/") ? [] : [make("li", word("story.page"))];
  const lines = [make("li", word(`story.${told.scheme}`))];
  const asked = state.asked.find((one) => one.app === app && one.text === told.text);
  if (!asked || asked.asked === 0) return lines;
  lines.push(make("li", `${word("story.asked")} ×${asked.asked}`));
  const fine = ["amount_wanted", "order"].includes(asked.outcome);
  const outcome = make("li", `${word(`story.${asked.outcome}`)} `, fine ? "" : "bad");
  outcome.append(make("small", [asked.code, asked.message, asked.order_no].filter(Boolean).join(" ")));
  return [...lines, outcome];
}

/** The shop's address in the text becomes one that UnionPay issued for it. */
async function issue() {
  try {
    text.value = (await call("/sandbox/unionpay/codes", { page: text.value.trim() })).address;
  } catch (error) {
    toast(reason(error));
  }
}

// ---- faults

function steps() {
  const chosen = step.value;
  step.replaceChildren(...STEPS.map(({ name }) => new Option(word(`step.${name}`), name)));
  if (chosen) step.value = chosen;
  kinds();
}

function kinds() {
  const chosen = kind.value;
  const { faults } = STEPS.find(({ name }) => name === step.value) ?? STEPS[0];
  kind.replaceChildren(...faults.map((name) => new Option(word(name), name)));
  if (faults.includes(chosen)) kind.value = chosen;
}

async function addFault() {
  const { calls } = STEPS.find(({ name }) => name === step.value) ?? STEPS[0];
  /** @type {Rule["fault"]} */
  const fault = { kind: kind.value };
  if (fault.kind === "delay") fault.ms = DELAY_MS;
  if (fault.kind === "late_notice") fault.ms = LATE_MS;
  const times = Math.max(1, Number(/** @type {HTMLInputElement} */ (at("times")).value) || 1);
  try {
    await call("/sandbox/faults", { channel: phone()?.channel ?? null, call: calls[channel()], fault, times });
    await refresh();
  } catch (error) {
    toast(reason(error));
  }
}

/** @param {Rule[]} rules */
function showRules(rules) {
  at("clear").hidden = rules.length === 0;
  at("rules").replaceChildren(...rules.map((rule) => {
    const row = make("li");
    row.append(
      make("b", word(rule.fault.kind)),
      make("span", `${word(rule.channel ?? "any")} · ${rule.call} · ×${rule.times}`),
    );
    return row;
  }));
}

// ---- lists

/** The channels' words for where an order stands, in ours. @type {Record<string, string>} */
const STATES = {
  NOTPAY: "waits", USERPAYING: "waits", WAIT_BUYER_PAY: "waits", WAIT_SCAN: "waits", "05": "waits",
  SUCCESS: "paid", TRADE_SUCCESS: "paid", TRADE_FINISHED: "paid", "00": "paid",
  REFUND: "returned",
};

/** @param {string} status */
function stateCell(status) {
  const name = STATES[status] ?? "closed";
  const cell = make("td", undefined, "state");
  const mark = make("span", word(`state.${name}`));
  mark.dataset.state = name;
  cell.append(mark, make("small", status));
  return cell;
}

/** @param {number} fen */
const yuan = (fen) => (fen / 100).toFixed(2);
/** @param {string} moment */
const clock = (moment) =>
  new Date(moment).toLocaleTimeString("zh-CN", { timeZone: "Asia/Shanghai", hour12: false });

/** @param {string} name */
function channelCell(name) {
  const cell = make("td");
  const mark = make("span", word(name), "channel");
  mark.dataset.channel = name;
  cell.append(mark);
  return cell;
}

/** @param {Order[]} orders */
function showOrders(orders) {
  at("none").hidden = orders.length > 0;
  at("orders").replaceChildren(...orders.map((order) => {
    const row = make("tr");
    const what = make("td");
    what.append(make("span", order.description || order.order_no), make("small", order.order_no));
    row.append(
      channelCell(order.channel), what, make("td", yuan(order.amount_fen), "money"), stateCell(order.status),
    );
    return row;
  }));
}

/** @param {Book[]} books */
function showBooks(books) {
  at("unmoved").hidden = books.length > 0;
  at("books").replaceChildren(...books.slice(-50).reverse().map((book) => {
    const row = make("tr");
    const what = make("td");
    const refund = book.kind === "refund";
    what.append(make("span", refund ? `${word("refund")} ${book.request_no}` : book.order_no));
    row.append(
      channelCell(book.channel), what,
      make("td", `${refund ? "−" : ""}${yuan(book.amount_fen)}`, "money"), make("td", clock(book.at)),
    );
    return row;
  }));
}

async function refresh() {
  const [orders, books, faults, asked] = await Promise.all(
    ["/sandbox/orders", "/sandbox/books", "/sandbox/faults", "/sandbox/unionpay/scans"].map((path) => call(path)),
  );
  state.asked = asked.scans;
  story();
  showOrders(orders.orders);
  showBooks(books.books);
  showRules(faults.faults);
}

async function watch() {
  at("clock").textContent = clock(new Date().toISOString()).slice(0, 5);
  if (!document.hidden) {
    try {
      await refresh();
    } catch {
      // The next look may find it again.
    }
  }
  setTimeout(watch, LOOK_AGAIN_MS);
}

// ---- beginning

at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  scan(text.value);
});
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  scan(text.value);
});
at("file").addEventListener("change", (event) => {
  const input = /** @type {HTMLInputElement} */ (event.target);
  read(input.files?.[0]).then(() => (input.value = ""));
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.dataset.drop = "yes";
});
for (const over of ["dragleave", "drop"]) {
  document.addEventListener(over, () => delete document.body.dataset.drop);
}
document.addEventListener("drop", (event) => {
  event.preventDefault();
  read(event.dataTransfer?.files[0]);
});
document.addEventListener("paste", (event) => {
  const picture = [...(event.clipboardData?.files ?? [])].find((file) => file.type.startsWith("image/"));
  if (picture) {
    event.preventDefault();
    read(picture);
  }
});
at("close").addEventListener("click", close);
at("reload").addEventListener("click", () => state.path && open(state.path));
at("language").addEventListener("click", () => {
  speakEnglish(!isEnglish());
  show();
  refresh();
});
at("allowed").addEventListener("change", async (event) => {
  const yes = /** @type {HTMLInputElement} */ (event.target).checked;
  try {
    await call("/sandbox/phones/allows", { app: state.app, allows: yes ? hosts() : [] });
    await findPhones();
  } catch (error) {
    toast(reason(error));
  }
});
mode.addEventListener("change", async () => {
  try {
    for (const host of hosts()) await call("/sandbox/unionpay/domains", { host, mode: mode.value });
    state.mode = mode.value;
  } catch (error) {
    toast(reason(error));
    mode.value = state.mode;
  }
});
at("issue").addEventListener("click", issue);
frame.addEventListener("load", () => {
  refresh().catch(() => {
    // The next look may find it again.
  });
});
step.addEventListener("change", kinds);
at("fault").addEventListener("submit", (event) => {
  event.preventDefault();
  addFault();
});
at("clear").addEventListener("click", async () => {
  await fetch("/sandbox/faults", { method: "DELETE" });
  await refresh();
});

async function findPhones() {
  const { phones, shop, known_as } = await call("/sandbox/phones");
  state.phones = phones;
  state.shop = shop ? [shop, ...known_as] : [];
  const { domains } = await call("/sandbox/unionpay/domains");
  state.mode = domains.find((/** @type {{ host: string }} */ one) => one.host === hosts()[0])?.mode ?? "unregistered";
  show();
}

// `#app=alipay&payer=payer-2&code=...` scans at once: for links from other pages.
const asked = new URLSearchParams(location.hash.slice(1));
state.app = asked.get("app") ?? state.app;
if (PAYERS.includes(asked.get("payer") ?? "")) state.payer = /** @type {string} */ (asked.get("payer"));
text.value = asked.get("code") ?? "";

async function begin() {
  show();
  try {
    await findPhones();
    if (text.value && phone()) await scan(text.value);
  } catch (error) {
    toast(reason(error));
  }
  watch();
}

begin();
