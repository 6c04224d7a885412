//! Payments: create, get, list, close.

use app::{Checkout, CreatePayment, Means, NewLeg, PaidBy};
use axum::extract::{Path, RawQuery, State};
use axum::{Extension, Json};
use bytes::Bytes;
use channels::{Channel, shown};
use ids::{MerchantNo, OrderId, TerminalId};
use jiff::{SignedDuration, Timestamp};
use money::{Amount, Currency};
use orders::channel::Details;
use orders::schedule::QR_WAIT_MAX;
use orders::{OrderShape, OrderState};
use secret::PayerCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::{Answer, content_hash, detached, id, parse, parse_query};
use crate::entrance::Asker;
use crate::errors::ApiError;
use crate::legs::LegBody;
use crate::pages::{List, PaymentsQuery, list as list_answer};
use crate::state::ApiState;

/// One thousand million yuan: beyond every limit of a channel.
const FEN_MAX: u64 = 100_000_000_000;
const COUPON_BYTES_MAX: usize = 64;
const PAYER_ID_MAX: usize = 128;
/// A card's number has at least so many digits; a reference number (RRN) has twelve.
const PAN_DIGITS_MIN: usize = 13;
const ATTACH_BYTES_MAX: usize = 127;
const URL_BYTES_MAX: usize = 255;

/// Whole fen, in CNY.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "total": 2800, "currency": "CNY" }))]
pub(crate) struct AmountBody {
    #[schema(value_type = u64, minimum = 1, maximum = 100_000_000_000_u64)]
    total: serde_json::Number,
    /// ISO 4217; only CNY is taken.
    #[schema(example = "CNY")]
    currency: String,
}

/// A code to show, which the payer scans.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QrBody {
    /// alipay, wechat, unionpay
    #[schema(example = "alipay")]
    pub(crate) channel: String,
}

/// A payment inside the channel's own app.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JsapiBody {
    /// alipay, wechat, unionpay
    #[schema(example = "wechat")]
    pub(crate) channel: String,
    /// The payer as the channel names him to your page: openid, Alipay's user id or open id, UnionPay's
    /// user id.
    #[schema(example = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", max_length = 128)]
    pub(crate) payer_id: String,
}

/// A payment that begins in a browser.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct H5Body {
    /// alipay, wechat
    #[schema(example = "wechat")]
    pub(crate) channel: String,
    /// The browser of a desktop, not of a phone: alipay.
    #[serde(default)]
    desktop: bool,
    /// Where the browser goes afterwards. That it goes there proves no payment.
    #[schema(format = "uri", max_length = 255, nullable = false)]
    return_url: Option<String>,
}

/// Paid in notes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CashBody {}

/// A coupon of the merchant's own: he asks less.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CouponBody {
    /// The coupon's number, at most 64 bytes.
    #[schema(example = "C-100", max_length = 64, nullable = false)]
    number: Option<String>,
}

/// Paid by a bank card at a terminal that is not connected to us: your own acquirer pays it to you.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BankCardBody {
    /// The reference number of the slip, at most 64 bytes. Never a card's number: 13 digits in a row
    /// are refused.
    #[schema(example = "123456789012", max_length = 64)]
    reference: String,
}

/// Paid from a prepaid card or a balance.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WalletUseBody {
    #[schema(example = "wal_06xfwqt000406")]
    pub(crate) wallet_id: String,
}

/// The platform pays, out of a campaign's budget.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlatformCouponBody {
    #[schema(example = "cmp_06xfwqt000407")]
    campaign_id: String,
    /// The coupon's number, at most 64 bytes.
    #[schema(example = "P-100", max_length = 64, nullable = false)]
    number: Option<String>,
}

/// What belongs to the page on which a combined payment is paid.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CashierBody {
    /// Where the payer's browser goes when all is paid. That it goes there proves no payment.
    #[schema(format = "uri", max_length = 255)]
    return_url: String,
}

/// A new payment: exactly one of `payer_code`, `qr`, `jsapi`, `h5`, `cash`, `coupon`,
/// `bank_card`, `platform_coupon`, `wallet` and `legs`. It may have a
/// payer's code in it: it is never logged.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPayment, example = json!({
    "merchant_order_no": "A-1", "amount": { "total": 2800, "currency": "CNY" },
    "description": "coffee", "payer_code": "281234567890123400"
}))]
pub(crate) struct PaymentBody {
    /// Your own number, the idempotency key for ever: 1 to 64 letters, digits, `_`, `-`, `.`, `*`.
    #[schema(example = "A-1")]
    merchant_order_no: String,
    #[schema(inline)]
    amount: AmountBody,
    /// What the payer reads; at most 127 bytes.
    #[schema(example = "coffee")]
    description: String,
    /// B scans C: the digits of the payer's code.
    #[schema(example = "281234567890123400", nullable = false)]
    payer_code: Option<String>,
    /// C scans B: make a code.
    #[schema(inline, nullable = false)]
    qr: Option<QrBody>,
    /// In the channel's app: the answer's `jsapi` is what your page gives to it.
    #[schema(inline, nullable = false)]
    jsapi: Option<JsapiBody>,
    /// In a browser: the answer's `h5_url` is what it opens.
    #[schema(inline, nullable = false)]
    h5: Option<H5Body>,
    #[schema(inline, nullable = false)]
    cash: Option<CashBody>,
    #[schema(inline, nullable = false)]
    coupon: Option<CouponBody>,
    #[schema(inline, nullable = false)]
    bank_card: Option<BankCardBody>,
    #[schema(inline, nullable = false)]
    platform_coupon: Option<PlatformCouponBody>,
    #[schema(inline, nullable = false)]
    wallet: Option<WalletUseBody>,
    /// A combined payment: its parts, or none yet. More can be added until they cover the amount;
    /// when that has not happened by `expires_at`, what was paid goes back.
    #[schema(inline, nullable = false, max_items = 20)]
    legs: Option<Vec<LegBody>>,
    /// With `legs` only: what belongs to the page at the answer's `cashier_url`.
    #[schema(inline, nullable = false)]
    cashier: Option<CashierBody>,
    /// Comes back in answers and notifications; at most 127 bytes.
    #[schema(nullable = false)]
    attach: Option<String>,
    /// Where notifications of this payment and its refunds go.
    #[schema(format = "uri", max_length = 255, nullable = false)]
    notify_url: Option<String>,
    /// Which of your terminals takes the payment.
    #[schema(nullable = false)]
    terminal_id: Option<String>,
    /// The till's own address.
    #[schema(example = "127.0.0.1", nullable = false)]
    terminal_ip: Option<String>,
    /// With `qr`, `jsapi`, `h5` and `legs` only; at most two hours ahead.
    #[schema(format = DateTime, nullable = false)]
    expires_at: Option<String>,
}

/// Take a payment 收款
///
/// An answer in state `paying` is not an error: the channel has not decided. Ask again, or wait for
/// the notification. The same number with the same content gives the same answer; other content is
/// refused.
#[utoipa::path(post, path = "/v1/payments", operation_id = "createPayment",
    request_body = PaymentBody, responses((status = 200, body = shown::Payment)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Answer<shown::Payment> {
    let input = parse::<PaymentBody>(&body)?.check(&asker, state.app.clock.now())?;
    let app = state.app.clone();
    let payment = detached(async move { app.create_payment(input).await }).await?;
    // Two tills that count alike must not take each other's payment for their own.
    if asker.0.key.attended && payment.order.terminal != asker.0.key.terminal {
        return Err(ApiError::of("order_no_used"));
    }
    Ok(Json(told(&state, &payment)))
}

/// Get a payment 查询支付
#[utoipa::path(get, path = "/v1/payments/{id}", operation_id = "getPayment",
    params(("id" = String, Path, description = "Our number")), responses((status = 200, body = shown::Payment)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
) -> Answer<shown::Payment> {
    let order: OrderId = id(&text, "payment_not_found")?;
    let payment = visible(&state, &asker, order).await?;
    Ok(Json(told(&state, &payment)))
}

/// A payment that the asker may see.
pub(crate) async fn visible(
    state: &ApiState,
    asker: &Asker,
    order: OrderId,
) -> Result<orders::Aggregate, ApiError> {
    let payment = state.app.payment(asker.0.key.merchant, order).await?;
    let payment = payment.ok_or(ApiError::of("payment_not_found"))?;
    if asker.sees(&state.app, &payment).await? {
        Ok(payment)
    } else {
        Err(ApiError::of("payment_not_found"))
    }
}

/// List payments, the newest first 支付列表
///
/// A till's own key sees the payments of its terminal, and by number those of its store.
#[utoipa::path(get, path = "/v1/payments", operation_id = "listPayments",
    params(PaymentsQuery), responses((status = 200, body = List<shown::Payment>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    RawQuery(query): RawQuery,
) -> Answer<List<shown::Payment>> {
    let query: PaymentsQuery = parse_query(query.as_deref())?;
    let page = query.page()?;
    let merchant = asker.0.key.merchant;
    let found = match &query.merchant_order_no {
        Some(no) => {
            let no = number("merchant_order_no", no)?;
            let found = state.app.payment_by_no(merchant, no).await?;
            match found {
                Some(payment) if asker.sees(&state.app, &payment).await? => vec![payment],
                Some(_) | None => Vec::new(),
            }
        }
        None => match asker.0.key.terminal.filter(|_| asker.0.key.attended) {
            Some(till) => state.app.payments_at(till, page).await?,
            None => state.app.payments(merchant, page).await?,
        },
    };
    let items: Vec<_> = found.iter().map(|payment| told(&state, payment)).collect();
    list_answer(items, page.limit, |payment| &payment.id)
}

/// Close a payment that is not paid 关单
#[utoipa::path(post, path = "/v1/payments/{id}/close", operation_id = "closePayment",
    params(("id" = String, Path, description = "Our number")), responses((status = 200, body = shown::Payment)))]
pub(crate) async fn close(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
) -> Answer<shown::Payment> {
    let (merchant, order) = (asker.0.key.merchant, id(&text, "payment_not_found")?);
    let known = visible(&state, &asker, order).await?;
    // A till gives up what it began: that gives back what was paid of it.
    if asker.0.key.attended && known.order.terminal != asker.0.key.terminal {
        return Err(ApiError::of("terminal_not_allowed"));
    }
    let app = state.app.clone();
    let payment = detached(async move { app.close_payment(merchant, order).await }).await?;
    Ok(Json(told(&state, &payment)))
}

impl PaymentBody {
    pub(crate) fn check(self, asker: &Asker, now: Timestamp) -> Result<CreatePayment, ApiError> {
        let content_hash = self.content_hash();
        let terminal = self.terminal(asker)?;
        let paid_by = self.paid_by()?;
        let expires_at = self.expires_at(&paid_by, now)?;
        bounded("description", &self.description, Details::DESCRIPTION_BYTES_MAX)?;
        if let Some(attach) = &self.attach {
            bounded("attach", attach, ATTACH_BYTES_MAX)?;
        }
        let terminal_ip = terminal_ip(self.terminal_ip)?;
        let checkout = checkout(self.cashier, &paid_by)?;
        Ok(CreatePayment {
            merchant: asker.0.key.merchant,
            merchant_no: number("merchant_order_no", &self.merchant_order_no)?,
            content_hash,
            amount: self.amount.check()?,
            terminal_ip,
            notify_url: url("notify_url", self.notify_url)?,
            description: self.description,
            attach: self.attach,
            terminal,
            paid_by,
            expires_at,
            top_up: None,
            checkout,
        })
    }

    fn content_hash(&self) -> [u8; 32] {
        let means = self.means_fields();
        let amount = self.amount.total.to_string();
        let mut fields = vec![
            Some(self.merchant_order_no.as_str()),
            Some(&amount),
            Some(&self.amount.currency),
            Some(&self.description),
            means.payer_code,
            means.qr.map(|qr| qr.channel.as_str()),
            self.attach.as_deref(),
            self.notify_url.as_deref(),
            self.terminal_id.as_deref(),
            self.expires_at.as_deref(),
        ];
        // A request without them keeps the hash that it always had.
        fields.extend(means.other_texts());
        let legs: Vec<String> =
            self.legs.iter().flatten().map(|leg| hex::encode(leg.content_hash())).collect();
        if self.legs.is_some() {
            fields.push(Some("legs"));
            fields.extend(legs.iter().map(|hash| Some(hash.as_str())));
        }
        if let Some(cashier) = &self.cashier {
            fields.extend([Some("cashier"), Some(cashier.return_url.as_str())]);
        }
        content_hash(&fields)
    }

    fn paid_by(&self) -> Result<PaidBy, ApiError> {
        match (&self.legs, self.means_fields().count() == 0) {
            (None, _) => Ok(PaidBy::One(self.means_fields().means()?)),
            (Some(legs), true) => {
                if legs.len() > orders::LEGS_MAX {
                    return Err(ApiError::of("too_many_legs"));
                }
                let legs: Vec<NewLeg> =
                    legs.iter().map(LegBody::check).collect::<Result<_, _>>()?;
                let numbers: std::collections::BTreeSet<u16> = legs.iter().map(|l| l.no).collect();
                if numbers.len() < legs.len() {
                    return Err(ApiError::of("leg_no_used"));
                }
                Ok(PaidBy::Legs(legs))
            }
            (Some(_), false) => Err(ApiError::of("means_invalid")),
        }
    }

    fn means_fields(&self) -> MeansFields<'_> {
        MeansFields {
            payer_code: self.payer_code.as_deref(),
            qr: self.qr.as_ref(),
            jsapi: self.jsapi.as_ref(),
            h5: self.h5.as_ref(),
            cash: self.cash.as_ref(),
            coupon: self.coupon.as_ref(),
            bank_card: self.bank_card.as_ref(),
            platform_coupon: self.platform_coupon.as_ref(),
            wallet: self.wallet.as_ref(),
        }
    }

    /// A terminal's own key acts for that terminal; the merchant's key for any of the merchant's.
    fn terminal(&self, asker: &Asker) -> Result<Option<TerminalId>, ApiError> {
        let named: Option<TerminalId> =
            self.terminal_id.as_deref().map(|text| id(text, "terminal_not_found")).transpose()?;
        match (asker.0.key.terminal, named) {
            (Some(own), Some(named)) if own != named => Err(ApiError::of("terminal_not_allowed")),
            (Some(own), _) => Ok(Some(own)),
            (None, named) => Ok(named),
        }
    }

    fn expires_at(&self, paid_by: &PaidBy, now: Timestamp) -> Result<Option<Timestamp>, ApiError> {
        let Some(text) = &self.expires_at else { return Ok(None) };
        let invalid = ApiError::field("field_invalid", "expires_at");
        let at: Timestamp = text.parse().or(Err(invalid.clone()))?;
        let wait: SignedDuration = at.duration_since(now);
        let fits = wait <= QR_WAIT_MAX;
        match paid_by {
            PaidBy::One(Means::DynamicQr(_) | Means::Jsapi { .. } | Means::H5 { .. })
            | PaidBy::Legs(_)
                if fits =>
            {
                Ok(Some(at))
            }
            PaidBy::One(_) | PaidBy::Legs(_) => Err(invalid),
        }
    }
}

/// The fields of a body of which exactly one says how the payer pays.
pub(crate) struct MeansFields<'a> {
    pub(crate) payer_code: Option<&'a str>,
    pub(crate) qr: Option<&'a QrBody>,
    pub(crate) jsapi: Option<&'a JsapiBody>,
    pub(crate) h5: Option<&'a H5Body>,
    pub(crate) cash: Option<&'a CashBody>,
    pub(crate) coupon: Option<&'a CouponBody>,
    pub(crate) bank_card: Option<&'a BankCardBody>,
    pub(crate) platform_coupon: Option<&'a PlatformCouponBody>,
    pub(crate) wallet: Option<&'a WalletUseBody>,
}

impl MeansFields<'_> {
    fn count(&self) -> usize {
        let given = [
            self.payer_code.is_some(),
            self.qr.is_some(),
            self.jsapi.is_some(),
            self.h5.is_some(),
            self.cash.is_some(),
            self.coupon.is_some(),
            self.bank_card.is_some(),
            self.platform_coupon.is_some(),
            self.wallet.is_some(),
        ];
        given.into_iter().filter(|given| *given).count()
    }

    pub(crate) fn means(&self) -> Result<Means, ApiError> {
        if self.count() != 1 {
            return Err(ApiError::of("means_invalid"));
        }
        if let Some(code) = self.payer_code {
            let code = PayerCode::parse(code);
            return Ok(Means::PayerCode(
                code.ok_or(ApiError::field("field_invalid", "payer_code"))?,
            ));
        }
        if let Some(qr) = self.qr {
            return Ok(Means::DynamicQr(channel(&qr.channel)?));
        }
        if let Some(JsapiBody { channel: name, payer_id }) = self.jsapi {
            let plain =
                |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '/' | '=');
            if payer_id.is_empty() || payer_id.len() > PAYER_ID_MAX || !payer_id.chars().all(plain)
            {
                return Err(ApiError::field("field_invalid", "jsapi.payer_id"));
            }
            let (channel, payer) = (channel(name)?, payer_id.clone());
            return Ok(Means::Jsapi { channel, payer, page: None });
        }
        if let Some(h5) = self.h5 {
            let return_url = url("h5.return_url", h5.return_url.clone())?;
            let (channel, desktop) = (channel(&h5.channel)?, h5.desktop);
            return Ok(Means::H5 { channel, desktop, return_url });
        }
        if let Some(BankCardBody { reference }) = self.bank_card {
            bounded("bank_card.reference", reference, COUPON_BYTES_MAX)?;
            if has_digits_in_a_row(reference, PAN_DIGITS_MIN) {
                return Err(ApiError::field("field_invalid", "bank_card.reference"));
            }
            return Ok(Means::BankCard { reference: reference.clone() });
        }
        if let Some(WalletUseBody { wallet_id }) = self.wallet {
            return Ok(Means::Wallet(id(wallet_id, "wallet_not_found")?));
        }
        if let Some(PlatformCouponBody { campaign_id, number }) = self.platform_coupon {
            if let Some(number) = number {
                bounded("platform_coupon.number", number, COUPON_BYTES_MAX)?;
            }
            let (campaign, number) = (id(campaign_id, "campaign_not_found")?, number.clone());
            return Ok(Means::PlatformCoupon { campaign, number });
        }
        match self.coupon {
            None => Ok(Means::Cash),
            Some(coupon) => {
                if let Some(number) = &coupon.number {
                    bounded("coupon.number", number, COUPON_BYTES_MAX)?;
                }
                Ok(Means::MerchantCoupon { number: coupon.number.clone() })
            }
        }
    }

    /// What the means that came later add to a content's hash.
    pub(crate) fn other_texts(&self) -> Vec<Option<&str>> {
        let mut texts = Vec::new();
        if let Some(jsapi) = self.jsapi {
            texts.extend([Some("jsapi"), Some(&jsapi.channel), Some(&jsapi.payer_id)]);
        }
        if let Some(h5) = self.h5 {
            texts.extend([Some("h5"), Some(h5.channel.as_str())]);
            if h5.desktop {
                texts.push(Some("desktop"));
            }
            if let Some(url) = &h5.return_url {
                texts.extend([Some("return_url"), Some(url)]);
            }
        }
        if self.cash.is_some() {
            texts.push(Some("cash"));
        }
        if let Some(coupon) = self.coupon {
            texts.extend([Some("coupon"), coupon.number.as_deref()]);
        }
        if let Some(card) = self.bank_card {
            texts.extend([Some("bank_card"), Some(&card.reference)]);
        }
        if let Some(PlatformCouponBody { campaign_id, number }) = self.platform_coupon {
            texts.extend([Some("platform_coupon"), Some(campaign_id), number.as_deref()]);
        }
        if let Some(wallet) = self.wallet {
            texts.extend([Some("wallet"), Some(&wallet.wallet_id)]);
        }
        texts
    }
}

fn has_digits_in_a_row(text: &str, wanted: usize) -> bool {
    let digit = |c: char| c.is_ascii_digit();
    // A card's number is grouped by blanks and dashes too.
    let plain = text.replace([' ', '-'], "");
    plain.split(|c| !digit(c)).any(|run| run.len() >= wanted)
}

fn checkout(cashier: Option<CashierBody>, paid_by: &PaidBy) -> Result<Option<Checkout>, ApiError> {
    let Some(cashier) = cashier else { return Ok(None) };
    if matches!(paid_by, PaidBy::One(_)) {
        return Err(ApiError::field("field_invalid", "cashier"));
    }
    let return_url = url("cashier.return_url", Some(cashier.return_url))?;
    Ok(Some(Checkout { return_url, ..Checkout::default() }))
}

/// A payment as its merchant sees it, with the page that it can be paid on.
pub(crate) fn told(state: &ApiState, payment: &orders::Aggregate) -> shown::Payment {
    let order = &payment.order;
    let open = order.shape == OrderShape::Combined && order.state == OrderState::Paying;
    let cashier_url = open.then(|| state.app.order_address(order.id));
    shown::Payment { cashier_url, ..shown::Payment::of(payment) }
}

fn channel(name: &str) -> Result<ids::ChannelCode, ApiError> {
    let channel = Channel::parse(name).ok_or(ApiError::of("channel_not_open"))?;
    Ok(channel.channel_code())
}

pub(crate) fn terminal_ip(given: Option<String>) -> Result<String, ApiError> {
    let ip = given.unwrap_or_else(|| "127.0.0.1".to_owned());
    match ip.parse::<std::net::IpAddr>() {
        Ok(_) => Ok(ip),
        Err(_) => Err(ApiError::field("field_invalid", "terminal_ip")),
    }
}

impl AmountBody {
    pub(crate) fn check(&self) -> Result<Amount, ApiError> {
        let fen = self.total.as_u64().filter(|fen| (1..=FEN_MAX).contains(fen));
        let fen = fen.ok_or(ApiError::of("amount_invalid"))?;
        match Currency::parse(&self.currency) {
            Ok(Currency::Cny) => {
                Amount::new(fen, Currency::Cny).or(Err(ApiError::of("amount_invalid")))
            }
            Ok(Currency::Hkd | Currency::Jpy | Currency::Usd) | Err(_) => {
                Err(ApiError::of("currency_unsupported"))
            }
        }
    }

    pub(crate) fn texts(&self) -> (String, &str) {
        (self.total.to_string(), &self.currency)
    }
}

pub(crate) fn number(field: &str, text: &str) -> Result<MerchantNo, ApiError> {
    MerchantNo::parse(text).or(Err(ApiError::field("field_invalid", field)))
}

/// Text for people: not empty, within its bytes, no control characters.
pub(crate) fn bounded(field: &str, text: &str, bytes_max: usize) -> Result<(), ApiError> {
    if text.is_empty() || text.len() > bytes_max || text.chars().any(char::is_control) {
        return Err(ApiError::field("field_invalid", field));
    }
    Ok(())
}

pub(crate) fn url(field: &str, text: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let uri: Option<http::Uri> = text.parse().ok();
    let web =
        uri.is_some_and(|u| u.host().is_some() && matches!(u.scheme_str(), Some("http" | "https")));
    if !web || text.len() > URL_BYTES_MAX {
        return Err(ApiError::field("field_invalid", field));
    }
    Ok(Some(text))
}
