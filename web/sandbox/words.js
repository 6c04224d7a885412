// What the simulator says, in Chinese and English.

/** @type {Record<string, [string, string]>} */
const WORDS = {
  title: ["扫码模拟器", "Scan simulator"],
  subtitle: ["付款人的手机，接在沙箱的渠道上", "The payer's phone, on the sandbox's channels"],
  other: ["English", "中文"],
  scan: ["扫码", "Scan"],
  app: ["用哪个 App", "Which app"],
  payer: ["谁付款", "Who pays"],
  "payer-1": ["付款人甲", "Payer 1"],
  "payer-2": ["付款人乙", "Payer 2"],
  code: ["码的内容", "What the code says"],
  go: ["扫一扫", "Scan"],
  picture: ["选图片", "Picture…"],
  drop: ["也可以把二维码图片拖到页面上，或者粘贴。", "Or drop or paste a picture of a code anywhere."],
  allowed: ["这个 App 的名单上有本店域名", "This app has the shop's domain on its list"],
  registered: ["银联怎样对待本店域名", "What UnionPay does with the shop's domain"],
  "mode.query": ["已登记：向收单机构查询订单", "Registered: asks the acquirer"],
  "mode.page": ["已登记：打开店铺自己的页面", "Registered: opens the shop's page"],
  "mode.unregistered": ["没有登记", "Not registered"],
  issue: ["换成银联发的地址", "Ask UnionPay for an address"],
  "story.list": ["App 的名单上没有这个域名，App 自己拒绝", "The domain is not on the app's list: the app refuses"],
  "story.domain": ["银联没有登记这个域名，银联拒绝", "UnionPay has not registered the domain: UnionPay refuses"],
  "story.standard": ["标准码：地址是银联发的", "Standard scheme: UnionPay issued the address"],
  "story.non_standard": ["非标准码：店铺自己的地址，域名已在银联登记", "Non-standard scheme: the shop's own address on a registered domain"],
  "story.page": ["域名已在银联登记：App 打开店铺自己的页面，不查询订单", "The domain is registered: the app opens the shop's page and asks nothing"],
  "story.leads": ["标准码：银联转到登记的页面，留在这个 App 里", "Standard scheme: UnionPay leads to the registered page, in this app"],
  "story.asked": ["银联向收单机构查询了订单", "UnionPay asked the acquirer for the order"],
  "story.not_asked": ["银联还没有查询", "UnionPay has not asked yet"],
  "story.no_answer": ["收单机构没有应答", "The acquirer did not answer"],
  "story.unreadable": ["应答读不了", "The answer cannot be read"],
  "story.refused": ["收单机构拒绝", "The acquirer refused"],
  "story.amount_wanted": ["收单机构要付款人输入金额", "The acquirer wants the payer to enter an amount"],
  "story.order": ["收单机构给出订单", "The acquirer gave an order"],
  phone: ["手机", "Phone"],
  close: ["关闭", "Close"],
  reload: ["刷新", "Reload"],
  idle: ["等待扫码", "Waiting for a code"],
  phoneless: ["没有手机在运行。启动沙箱时给出店铺地址即可。", "No phones run. Give the sandbox a shop's address when you start it."],
  empty: ["先填码的内容，或者选一张图片", "Give a code's text or a picture first"],
  unread: ["图片里没有找到二维码", "There is no QR code in the picture"],
  unpictured: ["只收 PNG 和 JPEG 图片", "PNG or JPEG pictures only"],
  several: ["图片里有几个码，选一个：", "The picture holds several codes. Choose one:"],
  silent: ["沙箱没有回应", "The sandbox does not answer"],
  faults: ["故障开关", "Faults"],
  step: ["哪一步", "Which step"],
  kind: ["出什么错", "What goes wrong"],
  times: ["几次", "Times"],
  add: ["加上", "Add"],
  clear: ["全部去掉", "Remove all"],
  orders: ["渠道的订单", "The channels' orders"],
  channel: ["渠道", "Channel"],
  order: ["订单", "Order"],
  amount: ["金额", "Amount"],
  state: ["状态", "State"],
  "state.waits": ["待付款", "waits"],
  "state.paid": ["已付款", "paid"],
  "state.returned": ["有退款", "refunded"],
  "state.closed": ["已关闭", "closed"],
  none: ["还没有订单。", "No orders yet."],
  books: ["渠道的账", "The channels' books"],
  when: ["时间", "Time"],
  unmoved: ["还没有钱动过。", "No money has moved yet."],
  refund: ["退款", "refund"],
  wechat: ["微信", "WeChat"],
  alipay: ["支付宝", "Alipay"],
  unionpay: ["云闪付", "UnionPay"],
  bank: ["示范银行", "Demo Bank"],
  browser: ["浏览器", "Browser"],
  card: ["银行卡", "Card"],
  any: ["所有渠道", "any channel"],
  "step.authorize": ["授权页", "Authorization page"],
  "step.identity": ["换付款人身份", "Identity exchange"],
  "step.order": ["下单", "Order creation"],
  "step.pay": ["App 里付款", "Payment in the app"],
  "step.ask": ["银联向收单机构查询", "UnionPay asks the acquirer"],
  "step.query": ["查询订单", "Order query"],
  "step.notice": ["支付通知", "Payment notice"],
  payer_refuses: ["付款人不同意", "The payer refuses"],
  system_busy: ["系统繁忙", "System busy"],
  system_busy_after_effect: ["办成了，却答系统繁忙", "Done, but answers “busy”"],
  lost_answer_after_effect: ["办成了，应答丢失", "Done, and the answer is lost"],
  lost_answer_before_effect: ["没办成，应答丢失", "Not done, and the answer is lost"],
  server_error: ["502 错误", "HTTP 502"],
  delay: ["晚 5 秒应答", "Answers 5 s later"],
  wrong_signature: ["应答签名不对", "The answer's signature is wrong"],
  no_notice: ["没有通知", "No notice"],
  late_notice: ["晚 15 秒通知", "The notice comes 15 s later"],
  duplicate_notice: ["通知两次", "The notice comes twice"],
};

let english = /(?:^|; )sandbox_lang=en(?:;|$)/.test(document.cookie);

export const isEnglish = () => english;

/** Remembers the language; the phones read it, too. @param {boolean} yes */
export function speakEnglish(yes) {
  english = yes;
  document.cookie = `sandbox_lang=${yes ? "en" : "zh"}; path=/; SameSite=Lax; max-age=31536000`;
}

/** @param {string} name */
export function word(name) {
  const pair = WORDS[name];
  return pair ? pair[english ? 1 : 0] : name;
}

/** The words of the whole page. */
export function speak() {
  document.documentElement.lang = english ? "en" : "zh-CN";
  document.title = word("title");
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = word(/** @type {HTMLElement} */ (element).dataset.word ?? "");
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", word(/** @type {HTMLElement} */ (element).dataset.label ?? ""));
  }
}
