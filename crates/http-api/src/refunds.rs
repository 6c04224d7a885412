//! Refunds and voids: create, get, list, try again.

use app::{CreateRefund, Listed, PaymentRef, Return};
use axum::extract::{Path, RawQuery, State};
use axum::{Extension, Json};
use bytes::Bytes;
use channels::shown;
use ids::{MerchantNo, RefundId};
use merchants::StaffRight;
use orders::{BACK_PREFIX, CLOSE_PREFIX, LATE_PREFIX, RefundOrigin};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::{Answer, content_hash, detached, id, parse, parse_query};
use crate::entrance::Asker;
use crate::errors::ApiError;
use crate::pages::{List, RefundsQuery, part};
use crate::payments::{AmountBody, bounded, number, url};
use crate::state::ApiState;

/// WeChat Pay's limit of a refund's reason, the narrowest of the channels.
const REASON_BYTES_MAX: usize = 80;

/// A new refund: the payment by exactly one of `payment_id` and `merchant_order_no`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRefund, example = json!({
    "merchant_refund_no": "A-1-R1", "merchant_order_no": "A-1",
    "amount": { "total": 800, "currency": "CNY" }, "reason": "too cold"
}))]
pub(crate) struct RefundBody {
    /// Your own number, the idempotency key for ever: 1 to 64 letters, digits, `_`, `-`, `.`, `*`;
    /// those that begin with `late-`, `back-` and `close-` are ours.
    #[schema(example = "A-1-R1")]
    merchant_refund_no: String,
    #[schema(nullable = false)]
    payment_id: Option<String>,
    #[schema(example = "A-1", nullable = false)]
    merchant_order_no: Option<String>,
    /// At most what is left of the payment, or of the part that is named.
    #[schema(inline)]
    amount: AmountBody,
    /// The part of a combined payment that it goes back to. Left out, the whole of what is left goes
    /// back, each part by its own route.
    #[schema(nullable = false)]
    leg_id: Option<String>,
    /// At most 80 bytes.
    #[schema(nullable = false)]
    reason: Option<String>,
    /// Where notifications of this refund go, if not where the payment's go.
    #[schema(format = "uri", max_length = 255, nullable = false)]
    notify_url: Option<String>,
}

/// A void: the payment by exactly one of `payment_id` and `merchant_order_no`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewVoid, example = json!({ "merchant_refund_no": "A-1-V", "merchant_order_no": "A-1" }))]
pub(crate) struct VoidBody {
    /// Your own number, the idempotency key for ever; refunds and voids share them.
    #[schema(example = "A-1-V")]
    merchant_refund_no: String,
    #[schema(nullable = false)]
    payment_id: Option<String>,
    #[schema(example = "A-1", nullable = false)]
    merchant_order_no: Option<String>,
    /// At most 80 bytes.
    #[schema(nullable = false)]
    reason: Option<String>,
    /// Where notifications of this void go, if not where the payment's go.
    #[schema(format = "uri", max_length = 255, nullable = false)]
    notify_url: Option<String>,
}

/// Refund a part or all 退款
///
/// The money is set aside at once; `processing` is decided later, by notification.
#[utoipa::path(post, path = "/v1/refunds", operation_id = "createRefund",
    request_body = RefundBody, responses((status = 200, body = shown::Refund)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Answer<shown::Refund> {
    asker.needs(&state.app, StaffRight::Refund).await?;
    let input = parse::<RefundBody>(&body)?.check(&asker)?;
    permit(&state, &asker, &input).await?;
    let app = state.app.clone();
    let no = input.merchant_no.clone();
    let order = detached(async move { app.create_refund(input).await }).await?;
    Ok(Json(shown::Refund::of(&order, &no).ok_or(ApiError::of("internal"))?))
}

/// Void a payment 撤销
///
/// On the day of the payment, all of it. A void that the channel refuses is tried until it is done
/// (待退货): its state is `processing` so long.
#[utoipa::path(post, path = "/v1/voids", operation_id = "createVoid",
    request_body = VoidBody, responses((status = 200, body = shown::Refund)))]
pub(crate) async fn void(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Answer<shown::Refund> {
    asker.needs(&state.app, StaffRight::Void).await?;
    let input = parse::<VoidBody>(&body)?.check(&asker)?;
    permit(&state, &asker, &input).await?;
    let app = state.app.clone();
    let no = input.merchant_no.clone();
    let order = detached(async move { app.create_refund(input).await }).await?;
    Ok(Json(shown::Refund::of(&order, &no).ok_or(ApiError::of("internal"))?))
}

/// A till gives back what was paid in its own store.
async fn permit(state: &ApiState, asker: &Asker, input: &CreateRefund) -> Result<(), ApiError> {
    if !asker.0.key.attended {
        return Ok(());
    }
    let found = match &input.payment {
        PaymentRef::Id(id) => state.app.payment(input.merchant, *id).await?,
        PaymentRef::No(no) => state.app.payment_by_no(input.merchant, no.clone()).await?,
    };
    match found {
        Some(order) if asker.sees(&state.app, &order).await? => Ok(()),
        Some(_) | None => Err(ApiError::of("payment_not_found")),
    }
}

/// A refund that the asker may see, with its payment.
async fn visible(
    state: &ApiState,
    asker: &Asker,
    refund: RefundId,
) -> Result<(orders::Aggregate, MerchantNo), ApiError> {
    let found = state.app.refund(asker.0.key.merchant, refund).await?;
    let (order, no) = found.ok_or(ApiError::of("refund_not_found"))?;
    if asker.sees(&state.app, &order).await? {
        Ok((order, no))
    } else {
        Err(ApiError::of("refund_not_found"))
    }
}

/// Of a list, what the asker may see: a till sees the refunds of its own store.
async fn seen(
    state: &ApiState,
    asker: &Asker,
    found: Vec<Listed>,
) -> Result<Vec<Listed>, ApiError> {
    if !asker.0.key.attended {
        return Ok(found);
    }
    let mut own = Vec::with_capacity(found.len());
    for listed in found {
        let order = match &listed {
            Listed::One(refund) => state.app.payment(refund.merchant, refund.order).await?,
            Listed::Several(order, _) => Some(order.clone()),
        };
        if let Some(order) = order
            && asker.sees(&state.app, &order).await?
        {
            own.push(listed);
        }
    }
    Ok(own)
}

/// Get a refund 查询退款
#[utoipa::path(get, path = "/v1/refunds/{id}", operation_id = "getRefund",
    params(("id" = String, Path, description = "Our number")), responses((status = 200, body = shown::Refund)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
) -> Answer<shown::Refund> {
    let refund: RefundId = id(&text, "refund_not_found")?;
    let (order, no) = visible(&state, &asker, refund).await?;
    Ok(Json(shown::Refund::of(&order, &no).ok_or(ApiError::of("internal"))?))
}

/// List refunds, the newest first 退款列表
#[utoipa::path(get, path = "/v1/refunds", operation_id = "listRefunds",
    params(RefundsQuery), responses((status = 200, body = List<shown::Refund>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    RawQuery(query): RawQuery,
) -> Answer<List<shown::Refund>> {
    let query: RefundsQuery = parse_query(query.as_deref())?;
    let page = query.page()?;
    let merchant = asker.0.key.merchant;
    let found = match &query.merchant_refund_no {
        Some(no) => {
            let no = number("merchant_refund_no", no)?;
            state.app.refund_by_no(merchant, &no).await?
        }
        None => state.app.refunds(merchant, page).await?,
    };
    let show = |listed: &Listed| match listed {
        Listed::One(refund) => shown::Refund::of_one(refund),
        Listed::Several(order, no) => shown::Refund::of(order, no),
    };
    let read: Vec<String> = found.iter().filter_map(show).map(|refund| refund.id).collect();
    let found = seen(&state, &asker, found).await?;
    let items: Vec<_> = found.iter().filter_map(show).collect();
    part(items, page.limit, &read)
}

/// Try a failed refund again 重试退款
#[utoipa::path(post, path = "/v1/refunds/{id}/retry", operation_id = "retryRefund",
    params(("id" = String, Path, description = "Our number")), responses((status = 200, body = shown::Refund)))]
pub(crate) async fn retry(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
) -> Answer<shown::Refund> {
    asker.needs(&state.app, StaffRight::Refund).await?;
    let (merchant, refund) = (asker.0.key.merchant, id(&text, "refund_not_found")?);
    visible(&state, &asker, refund).await?;
    let app = state.app.clone();
    let order = detached(async move { app.retry_refund(merchant, refund).await }).await?;
    let no = order.refund(refund).map(|r| r.merchant_no.clone());
    let shown = no.and_then(|no| shown::Refund::of(&order, &no));
    Ok(Json(shown.ok_or(ApiError::of("internal"))?))
}

impl RefundBody {
    fn check(self, asker: &Asker) -> Result<CreateRefund, ApiError> {
        let (total, currency) = self.amount.texts();
        let mut fields = vec![
            Some(self.merchant_refund_no.as_str()),
            self.payment_id.as_deref(),
            self.merchant_order_no.as_deref(),
            Some(&total),
            Some(currency),
            self.reason.as_deref(),
            self.notify_url.as_deref(),
        ];
        // A request without it keeps the hash that it always had.
        fields.extend(self.leg_id.as_deref().map(Some));
        let content_hash = content_hash(&fields);
        let leg = self.leg_id.as_deref().map(|text| id(text, "leg_not_found")).transpose()?;
        Ok(CreateRefund {
            merchant: asker.0.key.merchant,
            merchant_no: refund_no(&self.merchant_refund_no)?,
            payment: payment(self.payment_id.as_deref(), self.merchant_order_no.as_deref())?,
            content_hash,
            what: Return::Refund { amount: self.amount.check()?, leg },
            reason: reason(self.reason, "refund")?,
            notify_url: url("notify_url", self.notify_url)?,
            origin: RefundOrigin::Merchant,
        })
    }
}

impl VoidBody {
    fn check(self, asker: &Asker) -> Result<CreateRefund, ApiError> {
        let content_hash = content_hash(&[
            Some("void"),
            Some(&self.merchant_refund_no),
            self.payment_id.as_deref(),
            self.merchant_order_no.as_deref(),
            self.reason.as_deref(),
            self.notify_url.as_deref(),
        ]);
        Ok(CreateRefund {
            merchant: asker.0.key.merchant,
            merchant_no: refund_no(&self.merchant_refund_no)?,
            payment: payment(self.payment_id.as_deref(), self.merchant_order_no.as_deref())?,
            content_hash,
            what: Return::Void,
            reason: reason(self.reason, "void")?,
            notify_url: url("notify_url", self.notify_url)?,
            origin: RefundOrigin::Merchant,
        })
    }
}

/// A number that is not one of those that we make ourselves.
pub(crate) fn refund_no(text: &str) -> Result<MerchantNo, ApiError> {
    if [LATE_PREFIX, BACK_PREFIX, CLOSE_PREFIX].iter().any(|prefix| text.starts_with(prefix)) {
        return Err(ApiError::field("field_invalid", "merchant_refund_no"));
    }
    number("merchant_refund_no", text)
}

fn payment(by_id: Option<&str>, by_no: Option<&str>) -> Result<PaymentRef, ApiError> {
    match (by_id, by_no) {
        (Some(text), None) => Ok(PaymentRef::Id(id(text, "payment_not_found")?)),
        (None, Some(no)) => Ok(PaymentRef::No(number("merchant_order_no", no)?)),
        (Some(_), Some(_)) | (None, None) => Err(ApiError::field("field_invalid", "payment_id")),
    }
}

fn reason(given: Option<String>, otherwise: &str) -> Result<String, ApiError> {
    let reason = given.unwrap_or_else(|| otherwise.to_owned());
    bounded("reason", &reason, REASON_BYTES_MAX)?;
    Ok(reason)
}
