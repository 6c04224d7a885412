// The page of a channel's app on which the payer enters how much he pays; then the channel asks the
// code's owner for an order of that amount.

const YUAN_DIGITS_MAX = 8;
const FEN_DIGITS = 2;

const page = /** @type {HTMLElement} */ (document.getElementById("keypad"));
const amount = /** @type {HTMLOutputElement} */ (document.getElementById("amount"));
const said = /** @type {HTMLElement} */ (document.getElementById("said"));
const keys = /** @type {HTMLElement} */ (document.getElementById("keys"));
const next = /** @type {HTMLButtonElement} */ (document.getElementById("next"));
const cancel = /** @type {HTMLButtonElement} */ (document.getElementById("cancel"));
const english = /(?:^|; )sandbox_lang=en(?:;|$)/.test(document.cookie);
/** @param {string} zh @param {string} en */
const words = (zh, en) => (english ? en : zh);

let entered = "";

next.textContent = words("付款", "Pay");
cancel.textContent = words("取消", "Cancel");
said.textContent = words("请输入金额", "Enter the amount");
keys.querySelector("[data-key=back]")?.setAttribute("aria-label", words("退格", "Delete"));

/** The amount in fen, as digits without leading zeros; empty for nothing. */
function fen() {
  const [yuan, rest = ""] = entered.split(".");
  return (yuan + rest.padEnd(FEN_DIGITS, "0")).replace(/^0+/, "");
}

/** @param {string} key */
function type(key) {
  const [yuan, rest] = entered.split(".");
  if (key === "back") entered = entered.slice(0, -1);
  else if (key === "dot") entered = rest === undefined ? `${yuan || "0"}.` : entered;
  else if (rest !== undefined) entered += rest.length < FEN_DIGITS ? key : "";
  else if (yuan === "0") entered = key;
  else if (yuan.length < YUAN_DIGITS_MAX) entered += key;
  amount.textContent = entered || "0";
  next.disabled = fen() === "";
}

function go() {
  if (next.disabled) return;
  next.disabled = true;
  said.textContent = words("正在查询订单…", "Asking for the order…");
  location.assign(page.dataset.next + fen());
}

keys.addEventListener("click", (event) => {
  const key = /** @type {HTMLElement} */ (event.target).dataset.key;
  if (key) type(key);
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^[0-9]$/.test(event.key)) type(event.key);
  else if (event.key === ".") type("dot");
  else if (event.key === "Backspace") type("back");
  else if (event.key === "Enter" && !(event.target instanceof HTMLButtonElement)) go();
});
next.addEventListener("click", go);
cancel.addEventListener("click", () => {
  page.dataset.state = "cancelled";
  said.textContent = words("已取消付款", "Cancelled");
  for (const part of [keys, next, cancel]) part.hidden = true;
});
// A page that comes back from the browser's memory is ready for another amount.
addEventListener("pageshow", () => (next.disabled = fen() === ""));
