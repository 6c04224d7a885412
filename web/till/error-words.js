/**
 * What went wrong and what to do next, in a cashier's words. A code that is not here is shown with
 * the platform's own message.
 */

/** @type {Record<string, [string, string]>} Code to Chinese and English. */
const WORDS = {
  // The network and this device.
  offline: ['网络不通，正在自动重试', 'No connection. Trying again by itself'],
  answer_unreadable: ['服务没有给出明确答复，正在再次确认', 'The service gave no clear answer. Asking again'],
  not_activated: ['本机尚未激活', 'This till is not activated'],
  not_arrived: [
    '上一次请求没有送达平台，没有收款。可以重新收款',
    'The last request never reached the platform; nothing was charged. You may take it again',
  ],
  earlier_try_counts: [
    '平台已收到先前的一次请求，以它为准',
    'An earlier try had arrived after all; that one counts',
  ],
  payment_failed: ['付款没有成功，没有扣款', 'The payment did not succeed; nothing was charged'],
  payment_closed: ['这笔已关闭，没有扣款', 'This payment was ended; nothing was charged'],
  // Authorization.
  signature_invalid: ['平台不认可本机的密钥', "The platform does not accept this till's key"],
  timestamp_out_of_window: [
    '本机时钟与平台相差超过 5 分钟，请校准系统时间',
    "This device's clock is more than 5 minutes off. Please set it right",
  ],
  authorization_malformed: [
    '请求格式有误，请刷新页面后重试',
    'The request was malformed. Reload the page and try again',
  ],
  nonce_replayed: ['请求重复，正在重发', 'The request was repeated; sending it anew'],
  rate_limited: ['操作太快，请稍候', 'Too fast. Please wait a moment'],
  overloaded: ['平台繁忙，正在重试', 'The platform is busy. Trying again'],
  internal: ['平台内部出错，正在确认结果', 'Something failed on the platform. The result is being confirmed'],
  route_not_found: [
    '平台不支持这项操作，请联系服务商',
    'The platform does not offer this. Ask your provider',
  ],
  request_malformed: ['请求内容有误，请联系服务商', 'The request was not understood. Ask your provider'],
  body_too_large: ['内容太长', 'Too much content'],
  // Activation and staff.
  activation_code_unknown: [
    '激活码不存在，请核对后重新输入',
    'There is no such activation code. Check it and enter it again',
  ],
  activation_code_used: [
    '激活码已在别的设备上用过，请换一个新码',
    'This code was used on another device. Ask for a new one',
  ],
  activation_code_expired: ['激活码已过期，请换一个新码', 'This code has expired. Ask for a new one'],
  staff_unknown: ['工号或密码不正确', 'Wrong staff number or PIN'],
  staff_locked: ['输错次数过多，暂时锁定，请稍后再试', 'Too many wrong tries: locked for a while'],
  staff_right_missing: ['没有这项权限，请主管授权', 'You do not have this right. Ask a supervisor'],
  staff_signed_out: ['登录已过期，请重新登录', 'Your sign-in has ended. Sign in again'],
  // Payments.
  amount_invalid: ['金额不在允许范围内', 'The amount is outside the limits'],
  currency_unsupported: ['只支持人民币', 'Only CNY is taken'],
  field_invalid: ['有一项内容填写不正确', 'One field is not right'],
  means_invalid: ['付款方式有误', 'The tender is not right'],
  terminal_not_allowed: ['本机无权办理这笔业务', 'This till may not do this'],
  terminal_not_found: ['终端不存在或已停用', 'The terminal is unknown or was revoked'],
  merchant_suspended: [
    '商户已暂停收款，请联系服务商',
    'The merchant takes no payments now. Ask your provider',
  ],
  payment_not_found: ['没有找到这笔订单', 'There is no such payment'],
  no_route: [
    '该渠道暂时无法受理，没有扣款。请稍后再试或换一种方式',
    'This channel cannot take it now; nothing was charged. Try again or use another tender',
  ],
  order_no_used: ['订单号已使用', 'The order number was used before'],
  payer_code_unknown: [
    '无法识别的付款码，请顾客刷新后重扫，或换一种方式',
    "Unknown payer's code. Ask for a fresh one, or use another tender",
  ],
  channel_not_open: [
    '商户未开通该渠道，请换一种方式',
    'This channel is not open for the shop. Use another tender',
  ],
  way_not_offered: ['该渠道不支持这种方式，请换一种', 'The channel cannot be paid this way. Use another'],
  blackout: ['当前时段停止受理', 'Nothing is taken at this hour'],
  expiry_past: ['订单已过有效期', "The order's time is over"],
  legs_above_amount: ['各笔合计超过应收金额', 'The parts are more than the amount'],
  too_many_legs: [
    '付款笔数已到上限（20 笔），请放弃本单重新收款',
    'The limit of 20 parts is reached. Give this order up and begin again',
  ],
  leg_no_used: [
    '付款明细有变化，请看清后再收',
    'The parts have changed meanwhile. Look at them before you go on',
  ],
  order_being_paid: [
    '顾客正在手机上付这一单，请等结果或先结束那一笔',
    'The payer is paying this on the phone. Wait, or end that part first',
  ],
  tender_not_enabled: [
    '本机没有开通这种付款方式，请换一种',
    'This till does not take this tender. Use another',
  ],
  key_not_allowed: [
    '收银机不能办理这项业务，请到商户后台办理',
    "A till may not do this. Use the merchant's portal",
  ],
  code_invalid: ['这个码不是本平台的码', 'This code is not one of ours'],
  plate_revoked: ['这个码牌已停用', 'This plate is out of use'],
  sign_in_state_wrong: ['登录已失效，请重新扫码', 'The sign-in is not valid any more. Scan again'],
  payer_unknown: ['还不知道付款人是谁，请重新扫码', 'The payer is not known. Scan again'],
  order_not_combined: ['这笔订单不是组合支付', 'This is not a combined payment'],
  order_not_open: ['订单已结束', 'The order is not open any more'],
  amount_above_rest: ['超过还差的金额，已刷新', 'More than what is left. The order was refreshed'],
  order_paid: ['订单已付清', 'The order is paid'],
  // Refunds and voids.
  refund_no_used: ['退款号已使用，请查看退款记录', 'The refund number was used. Look at the refunds'],
  refund_not_found: ['没有找到这笔退款', 'There is no such refund'],
  leg_not_found: ['没有这一笔付款', 'There is no such part'],
  order_not_paid: ['订单未支付，不能退款', 'The order is not paid: nothing to refund'],
  leg_wanted: ['部分退款请选择退到哪一笔', 'Choose the part that the refund goes to'],
  void_day_over: ['只能撤销当天的交易，请改用退款', "Only today's payments can be voided. Refund it instead"],
  void_not_whole: ['已有部分退款，不能撤销，请退剩余部分', 'Some of it went back already. Refund the rest'],
  refund_same_day: ['当天的交易请用撤销', 'On the day of the payment, void it'],
  refund_window_over: ['已超过退款期限', 'Too old to be refunded'],
  refund_not_failed: ['只有失败的退款可以重试', 'Only a failed refund can be tried again'],
  currency_mismatch: ['币种不一致', "Another currency than the payment's"],
  amount_above_refundable: ['超过可退金额，请刷新后重试', 'More than can be refunded. Refresh and try again'],
  insufficient_funds: ['商户待结算资金不足，暂时不能退款', "The shop's funds do not cover the refund now"],
  order_is_top_up: ['充值订单请到充值处办理', 'This is a top-up; it goes back through the wallet'],
  order_is_hold: ['预授权订单只能撤销', 'This holds money on a card: it can only be voided'],
  // Wallets and coupons.
  wallet_not_found: ['没有这张卡，请核对卡号', 'There is no such card. Check its number'],
  wallet_not_active: ['这张卡尚未激活或不可用', 'The card is not active'],
  wallet_frozen: ['这张卡已冻结', 'The card is frozen'],
  wallet_closed: ['这张卡已注销', 'The card is closed'],
  wallet_expired: ['这张卡已过期', 'The card has expired'],
  wallet_short: [
    '卡内余额不足，请减少金额或换一种方式',
    'Not enough on the card. Take less, or use another tender',
  ],
  campaign_not_found: ['没有这个活动，请核对活动编号', 'There is no such campaign. Check its number'],
  campaign_over: ['活动已结束', 'The campaign is over'],
  above_per_order: ['超过活动每单的优惠上限', 'More than the campaign pays for one order'],
  budget_spent: ['活动预算已用完', "The campaign's budget is spent"],
  // Shifts.
  shift_not_found: ['没有这个班次', 'There is no such shift'],
  shift_open: ['已有未交的班次', 'A shift is open already'],
  shift_closed: ['班次已用另一个点钞金额交班', 'The shift was closed with another count'],
};

/** @returns {string[]} */
export function knownCodes() {
  return Object.keys(WORDS);
}

/**
 * @param {{ code: string, message?: string, details?: string, request_id?: string }} error
 * @param {'zh' | 'en'} language
 * @returns {string}
 */
export function explain(error, language) {
  const known = WORDS[error.code];
  if (known) {
    const words = known[language === 'zh' ? 0 : 1];
    return error.details && ['field_invalid', 'request_malformed'].includes(error.code)
      ? `${words} (${error.details})`
      : words;
  }
  const about = [error.code, error.request_id].filter(Boolean).join(' · ');
  const otherwise = language === 'zh' ? '操作没有成功' : 'This did not work';
  return `${error.message || otherwise}${about ? ` (${about})` : ''}`;
}
