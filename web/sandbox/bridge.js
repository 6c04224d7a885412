// The app's side of a web view: the JavaScript bridge that the channel's app gives to pages, and the
// sheet on which the payer confirms. A phone of the sandbox loads it as the first script of every
// page and says before it, in `sandboxPhone`, which app it plays.
(() => {
  /**
   * @typedef {{ app: string, channel: string | null, userAgent: string, bases: string[] }} Phone
   * @typedef {{ merchant: string, description: string, amount_fen: number, order_no: string }} Order
   * @typedef {{ result: "ok" | "unknown" | "refused" | "cancel", message?: string }} Outcome
   */
  const world = /** @type {Record<string, any>} */ (globalThis);
  const phone = /** @type {Phone} */ (world.sandboxPhone);
  if (!phone || world.sandboxBridge) return;
  world.sandboxBridge = true;

  /** A real app needs so long before its bridge is there. */
  const READY_MS = 30;
  const english = () => /(?:^|; )sandbox_lang=en(?:;|$)/.test(document.cookie);
  /** @param {string} zh @param {string} en */
  const words = (zh, en) => (english() ? en : zh);

  Object.defineProperty(navigator, "userAgent", { get: () => phone.userAgent });

  // A page may go to the shop's or the channel's own address: the phone is where both of them are.
  /** @param {string} url */
  const here = (url) => {
    const base = phone.bases.find((at) => url === at || url.startsWith(`${at}/`) || url.startsWith(`${at}?`));
    return base === undefined ? null : location.origin + url.slice(base.length);
  };
  world.navigation?.addEventListener("navigate", (/** @type {any} */ event) => {
    const mine = here(event.destination.url);
    if (mine === null || !event.cancelable || event.formData) return;
    event.preventDefault();
    if (event.navigationType === "replace") location.replace(mine);
    else location.assign(mine);
  });
  // A form carries data: its address changes before it leaves, whoever sends it.
  /** @param {HTMLFormElement} form */
  const keep = (form) => {
    const mine = here(form.action);
    if (mine !== null) form.action = mine;
  };
  document.addEventListener("submit", (event) => keep(/** @type {HTMLFormElement} */ (event.target)), true);
  const { submit } = HTMLFormElement.prototype;
  HTMLFormElement.prototype.submit = function () {
    keep(this);
    submit.call(this);
  };

  /**
   * @param {"look" | "pay"} verb
   * @param {Record<string, unknown>} params
   */
  async function ask(verb, params) {
    const answer = await fetch(`/sandbox/bridge/${phone.channel}/${verb}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ params }),
    });
    return answer.json();
  }

  /**
   * Shows the order, asks the payer, pays.
   * @param {Record<string, unknown>} params
   * @returns {Promise<Outcome>}
   */
  async function confirm(params) {
    try {
      const order = await ask("look", params);
      if (order.result === "refused") {
        await sheet({ failure: order.message });
        return order;
      }
      if (!(await sheet({ order }))) return { result: "cancel" };
      const outcome = await ask("pay", params);
      if (outcome.result === "refused") await sheet({ failure: outcome.message });
      return outcome;
    } catch {
      return { result: "unknown", message: "network" };
    }
  }

  const STYLE = `
    :host { all: initial; }
    .back { position: fixed; inset: 0; z-index: 2147483647; display: flex; align-items: flex-end;
      background: rgb(0 0 0 / 45%); font: 15px/1.5 system-ui, "PingFang SC", "Noto Sans CJK SC",
      "Microsoft YaHei", sans-serif; color: #1c1f23; animation: dim .18s ease-out; }
    .sheet { box-sizing: border-box; width: 100%; max-width: 480px; margin: 0 auto; padding: 14px 20px
      max(22px, env(safe-area-inset-bottom)); border-radius: 16px 16px 0 0; background: #fff;
      text-align: center; animation: rise .22s cubic-bezier(.2, .8, .2, 1); }
    .top { display: flex; align-items: center; justify-content: space-between; height: 32px; }
    .top b { font-weight: 600; }
    .close { width: 44px; height: 44px; margin: -6px -12px; border: 0; background: none; color: #8a9099;
      font-size: 22px; line-height: 1; cursor: pointer; }
    .merchant { margin: 18px 0 0; color: #43484f; overflow-wrap: anywhere; }
    .amount { margin: 4px 0 0; font-size: 40px; line-height: 1.25; font-weight: 600;
      font-variant-numeric: tabular-nums; }
    .amount small { margin-right: 2px; font-size: 26px; }
    dl { display: grid; grid-template-columns: auto 1fr; gap: 8px 16px; margin: 18px 0 20px; padding: 14px 0 0;
      border-top: 1px solid #eceef0; font-size: 14px; }
    dt { color: #8a9099; text-align: left; }
    dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
    .failure { margin: 26px 0 28px; font-size: 16px; overflow-wrap: anywhere; }
    button.main { width: 100%; height: 48px; border: 0; border-radius: 8px; background: var(--app);
      color: #fff; font: inherit; font-size: 17px; font-weight: 600; cursor: pointer; }
    button.main:disabled { opacity: .55; }
    button.plain { width: 100%; height: 44px; margin-top: 6px; border: 0; background: none; color: #5b6169;
      font: inherit; cursor: pointer; }
    button:focus-visible { outline: 3px solid color-mix(in srgb, var(--app) 45%, #fff); outline-offset: 2px; }
    @keyframes rise { from { transform: translateY(60%); } }
    @keyframes dim { from { opacity: 0; } }
    @media (prefers-reduced-motion: reduce) { .back, .sheet { animation: none; } }
  `;
  /** @type {Record<string, { color: string, name: string, en: string, from: string, fromEn: string }>} */
  const LOOKS = {
    wechat: { color: "#07a64f", name: "微信支付", en: "WeChat Pay", from: "零钱", fromEn: "Balance" },
    alipay: { color: "#1677ff", name: "支付宝", en: "Alipay", from: "余额宝", fromEn: "Yu'e Bao" },
    unionpay: { color: "#d7222e", name: "云闪付", en: "UnionPay", from: "储蓄卡（1234）", fromEn: "Debit card (1234)" },
    bank: { color: "#8a5a14", name: "示范银行", en: "Demo Bank", from: "储蓄卡（5678）", fromEn: "Debit card (5678)" },
  };
  const PLAIN = { color: "#30343a", name: "浏览器", en: "Browser", from: "", fromEn: "" };

  /**
   * @template {keyof HTMLElementTagNameMap} T
   * @param {T} tag
   * @param {{ class?: string, text?: string, act?: string }} given
   * @param {Node[]} children
   */
  function make(tag, given, children = []) {
    const element = document.createElement(tag);
    if (given.class) element.className = given.class;
    if (given.text !== undefined) element.textContent = given.text;
    if (given.act) element.dataset.sandbox = given.act;
    element.append(...children);
    return element;
  }

  /**
   * The app's sheet; tells whether the payer agreed.
   * @param {{ order?: Order, failure?: string }} shown
   * @returns {Promise<boolean>}
   */
  function sheet({ order, failure }) {
    const look = LOOKS[phone.app] ?? PLAIN;
    const host = document.createElement("div");
    host.dataset.sandboxSheet = phone.app;
    host.style.setProperty("--app", look.color);
    const root = host.attachShadow({ mode: "open" });
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    root.adoptedStyleSheets = [style];
    return new Promise((resolve) => {
      /** @param {boolean} yes */
      const end = (yes) => {
        host.remove();
        resolve(yes);
      };
      const close = make("button", { class: "close", text: "×", act: "close" });
      close.setAttribute("aria-label", words("关闭", "Close"));
      close.addEventListener("click", () => end(false));
      const title = make("b", { text: words(look.name, look.en) });
      const rows = [make("div", { class: "top" }, [close, title, make("span", {})])];
      if (order) {
        const amount = make("p", { class: "amount" }, [make("small", { text: "¥" })]);
        amount.append((order.amount_fen / 100).toFixed(2));
        amount.dataset.sandbox = "amount";
        const pay = make("button", { class: "main", text: words("确认付款", "Pay"), act: "pay" });
        pay.addEventListener("click", () => end(true));
        const cancel = make("button", { class: "plain", text: words("取消", "Cancel"), act: "cancel" });
        cancel.addEventListener("click", () => end(false));
        rows.push(
          /** @type {any} */ (make("p", { class: "merchant", text: order.merchant })),
          /** @type {any} */ (amount),
          /** @type {any} */ (make("dl", {}, [
            make("dt", { text: words("商品", "For") }), make("dd", { text: order.description }),
            make("dt", { text: words("付款方式", "Pay with") }), make("dd", { text: words(look.from, look.fromEn) }),
          ])),
          /** @type {any} */ (pay),
          /** @type {any} */ (cancel),
        );
      } else {
        const known = make("button", { class: "main", text: words("知道了", "OK"), act: "known" });
        known.addEventListener("click", () => end(false));
        const said = make("p", { class: "failure", text: failure ?? "", act: "failure" });
        rows.push(/** @type {any} */ (said), /** @type {any} */ (known));
      }
      const box = make("div", { class: "sheet" }, rows);
      box.setAttribute("role", "dialog");
      box.setAttribute("aria-modal", "true");
      box.setAttribute("aria-label", words(look.name, look.en));
      const back = make("div", { class: "back" }, [box]);
      back.addEventListener("keydown", (event) => {
        if (event.key === "Escape") end(false);
      });
      root.append(back);
      document.documentElement.append(host);
      /** @type {HTMLElement | null} */ (root.querySelector(".main"))?.focus({ preventScroll: true });
    });
  }

  /** @param {string} text */
  const closed = (text) => {
    document.documentElement.replaceChildren(document.createElement("body"));
    document.body.textContent = text;
    document.body.style.cssText = "margin:40vh 0;text-align:center;color:#8a9099;font:15px system-ui";
  };
  const leave = () => closed(words("页面已关闭", "The page was closed"));

  /** When the page has its document, as the apps do. @param {() => void} then */
  function whenReady(then) {
    const later = () => setTimeout(then, READY_MS);
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", later);
    else later();
  }

  function wechat() {
    /** @type {Record<Outcome["result"], string>} */
    const said = { ok: "ok", cancel: "cancel", refused: "fail", unknown: "fail" };
    world.WeixinJSBridge = {
      /** @param {string} name @param {any} params @param {(answer: any) => void} [then] */
      invoke(name, params, then) {
        if (name === "getBrandWCPayRequest") {
          confirm(params ?? {}).then((outcome) => {
            const answer = /** @type {any} */ ({ err_msg: `get_brand_wcpay_request:${said[outcome.result]}` });
            if (said[outcome.result] === "fail") answer.err_desc = outcome.message ?? "";
            then?.(answer);
          });
          return;
        }
        if (name === "closeWindow") leave();
        then?.({ err_msg: `${name}:ok` });
      },
      /** @param {string} name @param {any} [params] @param {(answer: any) => void} [then] */
      call(name, params, then) {
        this.invoke(name, params, then);
      },
      on() {},
    };
    document.dispatchEvent(new Event("WeixinJSBridgeReady"));
  }

  function alipay() {
    /** @type {Record<Outcome["result"], [string, string]>} */
    const said = {
      ok: ["9000", "支付成功"],
      cancel: ["6001", "用户中途取消"],
      refused: ["4000", "支付失败"],
      unknown: ["8000", "正在处理中"],
    };
    world.AlipayJSBridge = {
      /** @param {string} name @param {any} [params] @param {(answer: any) => void} [then] */
      call(name, params, then) {
        if (typeof params === "function") [params, then] = [{}, params];
        if (name === "tradePay") {
          confirm(params ?? {}).then((outcome) => {
            const [resultCode, memo] = said[outcome.result];
            then?.({ resultCode, memo: outcome.message ?? memo, result: "" });
          });
          return;
        }
        if (name === "exitApp" || name === "closeWebview" || name === "popWindow") leave();
        then?.({});
      },
    };
    document.dispatchEvent(new Event("AlipayJSBridgeReady"));
  }

  function unionpay() {
    world.upsdk = {
      /** @param {() => void} then */
      ready(then) {
        setTimeout(then, 0);
      },
      /** @param {{ tn: string, success?: (answer: any) => void, fail?: (answer: any) => void }} given */
      pay({ tn, success, fail }) {
        confirm({ tn }).then((outcome) => {
          if (outcome.result === "ok") success?.({ code: "00" });
          else if (outcome.result === "cancel") fail?.({ errcode: "c00", errmsg: "用户取消" });
          else fail?.({ errcode: "c01", errmsg: outcome.message ?? "支付失败" });
        });
      },
      closeWebApp: leave,
      setNavigationBarTitle() {},
    };
    document.dispatchEvent(new Event("upsdkReady"));
  }

  if (phone.channel === "wechat") whenReady(wechat);
  if (phone.channel === "alipay") whenReady(alipay);
  if (phone.channel === "unionpay") whenReady(unionpay);
})();
