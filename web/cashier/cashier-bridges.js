/**
 * How each app is asked to pay. What it says back is for the page's words only: whether money moved is
 * the server's to know.
 *
 * @typedef {'ok' | 'cancelled' | 'failed' | 'left'} Said `left`: the browser goes to another page.
 */

/** An app's bridge comes into the page by itself, at the latest after so long. */
const BRIDGE_WAIT_MS = 8_000;

/**
 * @param {{ jsapi?: any, link?: string }} invoke What the server made for this payment.
 * @param {string} app
 * @returns {Promise<Said>}
 */
export async function invokeApp(invoke, app) {
  if (invoke.link) return leave(invoke.link);
  if (app === 'wechat') return askWechat(invoke.jsapi);
  if (app === 'alipay') return askAlipay(invoke.jsapi);
  if (invoke.jsapi?.redirectUrl) return leave(invoke.jsapi.redirectUrl);
  return 'failed';
}

/** @param {string} link */
function leave(link) {
  window.location.assign(link);
  return /** @type {const} */ ('left');
}

/**
 * @param {string} name Of the bridge on `window`.
 * @param {string} ready The event that says it has come.
 * @returns {Promise<any>}
 */
function bridge(name, ready) {
  const there = () => /** @type {any} */ (window)[name];
  if (there()) return Promise.resolve(there());
  return new Promise((done) => {
    const timer = setTimeout(() => done(null), BRIDGE_WAIT_MS);
    document.addEventListener(
      ready,
      () => {
        clearTimeout(timer);
        done(there());
      },
      { once: true },
    );
  });
}

/**
 * `getBrandWCPayRequest` says `get_brand_wcpay_request:ok`, `:cancel` or `:fail`.
 *
 * @param {object} parameters
 * @returns {Promise<Said>}
 */
async function askWechat(parameters) {
  const wechat = await bridge('WeixinJSBridge', 'WeixinJSBridgeReady');
  if (!wechat) return 'failed';
  return new Promise((done) => {
    wechat.invoke('getBrandWCPayRequest', parameters, (/** @type {any} */ said) => {
      const message = String(said?.err_msg ?? '');
      if (message.endsWith(':ok')) done('ok');
      else done(message.endsWith(':cancel') ? 'cancelled' : 'failed');
    });
  });
}

/**
 * `tradePay` says 9000 done, 8000 and 6004 not known, 6001 cancelled, 4000 failed, 6002 no network.
 *
 * @param {{ tradeNO?: string }} parameters
 * @returns {Promise<Said>}
 */
async function askAlipay(parameters) {
  const alipay = await bridge('AlipayJSBridge', 'AlipayJSBridgeReady');
  if (!alipay) return 'failed';
  return new Promise((done) => {
    alipay.call('tradePay', parameters, (/** @type {any} */ said) => {
      const code = String(said?.resultCode ?? '');
      if (['9000', '8000', '6004', '6002'].includes(code)) done('ok');
      else done(code === '6001' ? 'cancelled' : 'failed');
    });
  });
}
