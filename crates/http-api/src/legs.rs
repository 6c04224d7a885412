//! The parts of a combined payment 组合支付: add one, end one.

use app::{AddLeg, NewLeg};
use axum::extract::{Path, State};
use axum::{Extension, Json};
use bytes::Bytes;
use channels::shown;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::{Answer, content_hash, detached, id, parse};
use crate::entrance::Asker;
use crate::errors::ApiError;
use crate::payments::{
    AmountBody, BankCardBody, CashBody, CouponBody, H5Body, JsapiBody, MeansFields,
    PlatformCouponBody, QrBody, WalletUseBody, terminal_ip, told, visible,
};
use crate::state::ApiState;

const LEG_NO_MAX: u64 = 999;

/// A part of a combined payment: exactly one of `payer_code`, `qr`, `jsapi`, `h5`, `cash`, `coupon`,
/// `bank_card`, `platform_coupon` and `wallet`. It may have a
/// payer's code in it: it is never logged.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewLeg, example = json!({
    "leg_no": 1, "amount": { "total": 5000, "currency": "CNY" }, "payer_code": "281234567890123400"
}))]
pub(crate) struct LegBody {
    /// Your own number within the payment, the leg's idempotency key: 1 to 999.
    #[schema(value_type = u16, example = 1, minimum = 1, maximum = 999)]
    leg_no: serde_json::Number,
    /// At most what the payment still lacks.
    #[schema(inline)]
    amount: AmountBody,
    /// B scans C: the digits of the payer's code.
    #[schema(example = "281234567890123400", nullable = false)]
    payer_code: Option<String>,
    /// C scans B: make a code.
    #[schema(inline, nullable = false)]
    qr: Option<QrBody>,
    /// In the channel's app: the leg's `jsapi` is what your page gives to it.
    #[schema(inline, nullable = false)]
    jsapi: Option<JsapiBody>,
    /// In a browser: the leg's `h5_url` is what it opens.
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
    /// The till's own address.
    #[schema(example = "127.0.0.1", nullable = false)]
    terminal_ip: Option<String>,
}

/// Add a part to a combined payment 加一笔
///
/// A part that fails leaves the payment open: add another in its place, with a new number. The same
/// number with the same content gives the same answer.
#[utoipa::path(post, path = "/v1/payments/{id}/legs", operation_id = "addLeg",
    params(("id" = String, Path, description = "Our number of the payment")),
    request_body = LegBody, responses((status = 200, body = shown::Payment)))]
pub(crate) async fn add(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
    body: Bytes,
) -> Answer<shown::Payment> {
    let body = parse::<LegBody>(&body)?;
    let input = AddLeg {
        merchant: asker.0.key.merchant,
        payment: id(&text, "payment_not_found")?,
        leg: body.check()?,
        terminal_ip: terminal_ip(body.terminal_ip)?,
    };
    visible(&state, &asker, input.payment).await?;
    let app = state.app.clone();
    let payment = detached(async move { app.add_leg(input).await }).await?;
    Ok(Json(told(&state, &payment)))
}

/// End a part that is not paid 取消一笔
///
/// So that another can take its place. A part that has ended, or is paid, stays as it is.
#[utoipa::path(post, path = "/v1/payments/{id}/legs/{leg_no}/close", operation_id = "closeLeg",
    params(("id" = String, Path, description = "Our number of the payment"),
        ("leg_no" = u16, Path, description = "Your number of the leg")),
    responses((status = 200, body = shown::Payment)))]
pub(crate) async fn close(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path((text, no)): Path<(String, String)>,
) -> Answer<shown::Payment> {
    let (merchant, order) = (asker.0.key.merchant, id(&text, "payment_not_found")?);
    let no: u16 = id(&no, "leg_not_found")?;
    visible(&state, &asker, order).await?;
    let app = state.app.clone();
    let payment = detached(async move { app.close_leg(merchant, order, no).await }).await?;
    Ok(Json(told(&state, &payment)))
}

impl LegBody {
    pub(crate) fn check(&self) -> Result<NewLeg, ApiError> {
        let no = self.leg_no.as_u64().filter(|no| (1..=LEG_NO_MAX).contains(no));
        let no = no.and_then(|no| u16::try_from(no).ok());
        Ok(NewLeg {
            no: no.ok_or(ApiError::field("field_invalid", "leg_no"))?,
            content_hash: self.content_hash(),
            amount: self.amount.check()?,
            means: self.means_fields().means()?,
        })
    }

    pub(crate) fn content_hash(&self) -> [u8; 32] {
        let means = self.means_fields();
        let (total, currency) = self.amount.texts();
        let no = self.leg_no.to_string();
        let mut fields = vec![
            Some(no.as_str()),
            Some(&total),
            Some(currency),
            means.payer_code,
            means.qr.map(|qr| qr.channel.as_str()),
        ];
        fields.extend(means.other_texts());
        content_hash(&fields)
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
}
