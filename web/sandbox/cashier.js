// The channel's own cashier page: pay, or turn away; then back to where the merchant wants the payer.

/** So long the payer sees that it is paid. */
const SEEN_MS = 900;

const page = /** @type {HTMLElement} */ (document.getElementById("cashier"));
const said = /** @type {HTMLElement} */ (document.getElementById("said"));
const pay = /** @type {HTMLButtonElement} */ (document.getElementById("pay"));
const cancel = /** @type {HTMLButtonElement} */ (document.getElementById("cancel"));
const english = /(?:^|; )sandbox_lang=en(?:;|$)/.test(document.cookie);
/** @param {string} zh @param {string} en */
const words = (zh, en) => (english ? en : zh);

pay.textContent = words("确认付款", "Pay");
cancel.textContent = words("取消", "Cancel");

/** @param {string} state @param {string} text */
function say(state, text) {
  page.dataset.state = state;
  said.textContent = text;
}

/** @param {string | undefined} url */
function go(url) {
  if (url) location.assign(url);
}

pay.addEventListener("click", async () => {
  pay.disabled = true;
  cancel.disabled = true;
  say("paying", words("正在付款…", "Paying…"));
  try {
    const answer = await fetch(`/sandbox/bridge/${page.dataset.channel}/pay`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ params: JSON.parse(page.dataset.params ?? "{}") }),
    });
    const { result, message } = await answer.json();
    if (result === "ok") {
      say("paid", words("付款成功", "Paid"));
      setTimeout(() => go(page.dataset.back), SEEN_MS);
      return;
    }
    say("failed", message ?? words("未能付款", "Not paid"));
  } catch {
    say("failed", words("网络不通，请查看结果后再试", "No answer: see what came of it before you try again"));
  }
  pay.disabled = false;
  cancel.disabled = false;
  cancel.textContent = words("返回", "Back");
});

cancel.addEventListener("click", () => {
  say("cancelled", words("已取消付款", "Cancelled"));
  pay.hidden = true;
  cancel.hidden = true;
  go(page.dataset.quit);
});
