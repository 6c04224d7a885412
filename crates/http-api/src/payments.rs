//! Payments: create, get, list, close.

use app::{CreatePayment, Means};
use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use bytes::Bytes;
use channels::{Channel, notifications as shown};
use ids::{MerchantNo, OrderId, TerminalId};
use jiff::{SignedDuration, Timestamp};
use money::{Amount, Currency};
use orders::channel::Details;
use orders::schedule::QR_WAIT_MAX;
use secret::PayerCode;
use serde::Deserialize;

use crate::answer::{Answer, content_hash, detached, id, json, parse, parse_query};
use crate::entrance::Asker;
use crate::errors::ApiError;
use crate::pages::{ListQuery, list as list_answer};
use crate::state::ApiState;

/// One thousand million yuan: beyond every limit of a channel.
const FEN_MAX: u64 = 100_000_000_000;
const ATTACH_BYTES_MAX: usize = 127;
const URL_BYTES_MAX: usize = 255;

/// Amounts are whole fen with their currency.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AmountBody {
    total: serde_json::Number,
    currency: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct QrBody {
    channel: String,
}

/// The body of `POST /v1/payments`. It has a payer's code in it: it is never logged.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaymentBody {
    merchant_order_no: String,
    amount: AmountBody,
    description: String,
    payer_code: Option<String>,
    qr: Option<QrBody>,
    attach: Option<String>,
    notify_url: Option<String>,
    terminal_id: Option<String>,
    terminal_ip: Option<String>,
    expires_at: Option<String>,
}

pub(crate) async fn create(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Answer {
    let input = parse::<PaymentBody>(&body)?.check(&asker, state.app.clock.now())?;
    let app = state.app.clone();
    let payment = detached(async move { app.create_payment(input).await }).await?;
    json(shown::payment(&payment))
}

pub(crate) async fn get(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
) -> Answer {
    let order: OrderId = id(&text, "payment_not_found")?;
    let payment = state.app.payment(asker.0.key.merchant, order).await?;
    json(shown::payment(&payment.ok_or(ApiError::of("payment_not_found"))?))
}

pub(crate) async fn list(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    RawQuery(query): RawQuery,
) -> Answer {
    let query: ListQuery = parse_query(query.as_deref())?;
    let page = query.page()?;
    let merchant = asker.0.key.merchant;
    let found = match &query.merchant_order_no {
        Some(no) => {
            let no = number("merchant_order_no", no)?;
            state.app.payment_by_no(merchant, no).await?.into_iter().collect()
        }
        None => state.app.payments(merchant, page).await?,
    };
    list_answer(found.iter().map(shown::payment).collect(), page.limit)
}

pub(crate) async fn close(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
) -> Answer {
    let (merchant, order) = (asker.0.key.merchant, id(&text, "payment_not_found")?);
    let app = state.app.clone();
    let payment = detached(async move { app.close_payment(merchant, order).await }).await?;
    json(shown::payment(&payment))
}

impl PaymentBody {
    fn check(self, asker: &Asker, now: Timestamp) -> Result<CreatePayment, ApiError> {
        let content_hash = self.content_hash();
        let terminal = self.terminal(asker)?;
        let means = self.means()?;
        let expires_at = self.expires_at(&means, now)?;
        bounded("description", &self.description, Details::DESCRIPTION_BYTES_MAX)?;
        if let Some(attach) = &self.attach {
            bounded("attach", attach, ATTACH_BYTES_MAX)?;
        }
        let terminal_ip = self.terminal_ip.as_deref().unwrap_or("127.0.0.1");
        if terminal_ip.parse::<std::net::IpAddr>().is_err() {
            return Err(ApiError::field("field_invalid", "terminal_ip"));
        }
        Ok(CreatePayment {
            merchant: asker.0.key.merchant,
            merchant_no: number("merchant_order_no", &self.merchant_order_no)?,
            content_hash,
            amount: self.amount.check()?,
            terminal_ip: terminal_ip.to_owned(),
            notify_url: url("notify_url", self.notify_url)?,
            description: self.description,
            attach: self.attach,
            terminal,
            means,
            expires_at,
        })
    }

    fn content_hash(&self) -> [u8; 32] {
        content_hash(&[
            Some(&self.merchant_order_no),
            Some(&self.amount.total.to_string()),
            Some(&self.amount.currency),
            Some(&self.description),
            self.payer_code.as_deref(),
            self.qr.as_ref().map(|qr| qr.channel.as_str()),
            self.attach.as_deref(),
            self.notify_url.as_deref(),
            self.terminal_id.as_deref(),
            self.expires_at.as_deref(),
        ])
    }

    fn means(&self) -> Result<Means, ApiError> {
        match (&self.payer_code, &self.qr) {
            (Some(code), None) => {
                let code = PayerCode::parse(code);
                Ok(Means::PayerCode(code.ok_or(ApiError::field("field_invalid", "payer_code"))?))
            }
            (None, Some(qr)) => {
                let channel =
                    Channel::parse(&qr.channel).ok_or(ApiError::of("channel_not_open"))?;
                Ok(Means::DynamicQr(channel.channel_code()))
            }
            (Some(_), Some(_)) | (None, None) => Err(ApiError::of("means_invalid")),
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

    fn expires_at(&self, means: &Means, now: Timestamp) -> Result<Option<Timestamp>, ApiError> {
        let Some(text) = &self.expires_at else { return Ok(None) };
        let invalid = ApiError::field("field_invalid", "expires_at");
        let at: Timestamp = text.parse().or(Err(invalid.clone()))?;
        let wait: SignedDuration = at.duration_since(now);
        let fits = wait > SignedDuration::ZERO && wait <= QR_WAIT_MAX;
        match means {
            Means::DynamicQr(_) if fits => Ok(Some(at)),
            Means::DynamicQr(_) | Means::PayerCode(_) => Err(invalid),
        }
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
