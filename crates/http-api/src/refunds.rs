//! Refunds: create, get, list, try again.

use app::{CreateRefund, PaymentRef};
use axum::extract::{Path, RawQuery, State};
use axum::{Extension, Json};
use bytes::Bytes;
use channels::shown;
use ids::RefundId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::{Answer, content_hash, detached, id, parse, parse_query};
use crate::entrance::Asker;
use crate::errors::ApiError;
use crate::pages::{List, RefundsQuery, list as list_answer};
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
    /// Your own number, the idempotency key for ever: 1 to 64 letters, digits, `_`, `-`, `.`, `*`.
    #[schema(example = "A-1-R1")]
    merchant_refund_no: String,
    #[schema(nullable = false)]
    payment_id: Option<String>,
    #[schema(example = "A-1", nullable = false)]
    merchant_order_no: Option<String>,
    /// At most what is left of the payment.
    #[schema(inline)]
    amount: AmountBody,
    /// At most 80 bytes.
    #[schema(nullable = false)]
    reason: Option<String>,
    /// Where notifications of this refund go, if not where the payment's go.
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
    let input = parse::<RefundBody>(&body)?.check(&asker)?;
    let app = state.app.clone();
    let (order, id) = detached(async move { app.create_refund(input).await }).await?;
    Ok(Json(shown::Refund::of(order.refund(id).ok_or(ApiError::of("internal"))?)))
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
    let found = state.app.refund(asker.0.key.merchant, refund).await?;
    Ok(Json(shown::Refund::of(&found.ok_or(ApiError::of("refund_not_found"))?)))
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
            state.app.refund_by_no(merchant, &no).await?.into_iter().collect()
        }
        None => state.app.refunds(merchant, page).await?,
    };
    let items: Vec<_> = found.iter().map(shown::Refund::of).collect();
    list_answer(items, page.limit, |refund| &refund.id)
}

/// Try a failed refund again 重试退款
#[utoipa::path(post, path = "/v1/refunds/{id}/retry", operation_id = "retryRefund",
    params(("id" = String, Path, description = "Our number")), responses((status = 200, body = shown::Refund)))]
pub(crate) async fn retry(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
) -> Answer<shown::Refund> {
    let (merchant, refund) = (asker.0.key.merchant, id(&text, "refund_not_found")?);
    let app = state.app.clone();
    let order = detached(async move { app.retry_refund(merchant, refund).await }).await?;
    Ok(Json(shown::Refund::of(order.refund(refund).ok_or(ApiError::of("internal"))?)))
}

impl RefundBody {
    fn check(self, asker: &Asker) -> Result<CreateRefund, ApiError> {
        let (total, currency) = self.amount.texts();
        let content_hash = content_hash(&[
            Some(&self.merchant_refund_no),
            self.payment_id.as_deref(),
            self.merchant_order_no.as_deref(),
            Some(&total),
            Some(currency),
            self.reason.as_deref(),
            self.notify_url.as_deref(),
        ]);
        let payment = match (&self.payment_id, &self.merchant_order_no) {
            (Some(text), None) => PaymentRef::Id(id(text, "payment_not_found")?),
            (None, Some(no)) => PaymentRef::No(number("merchant_order_no", no)?),
            (Some(_), Some(_)) | (None, None) => {
                return Err(ApiError::field("field_invalid", "payment_id"));
            }
        };
        let reason = self.reason.clone().unwrap_or_else(|| "refund".to_owned());
        bounded("reason", &reason, REASON_BYTES_MAX)?;
        Ok(CreateRefund {
            merchant: asker.0.key.merchant,
            merchant_no: number("merchant_refund_no", &self.merchant_refund_no)?,
            payment,
            content_hash,
            amount: self.amount.check()?,
            reason,
            notify_url: url("notify_url", self.notify_url)?,
        })
    }
}
