//! Refunds: create, get, list, try again.

use app::{CreateRefund, PaymentRef};
use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use bytes::Bytes;
use channels::notifications as shown;
use ids::RefundId;
use serde::Deserialize;

use crate::answer::{Answer, content_hash, detached, id, json, parse, parse_query};
use crate::entrance::Asker;
use crate::errors::ApiError;
use crate::pages::{ListQuery, list as list_answer};
use crate::payments::{AmountBody, bounded, number, url};
use crate::state::ApiState;

/// WeChat Pay's limit of a refund's reason, the narrowest of the channels.
const REASON_BYTES_MAX: usize = 80;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundBody {
    merchant_refund_no: String,
    payment_id: Option<String>,
    merchant_order_no: Option<String>,
    amount: AmountBody,
    reason: Option<String>,
    notify_url: Option<String>,
}

pub(crate) async fn create(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Answer {
    let input = parse::<RefundBody>(&body)?.check(&asker)?;
    let app = state.app.clone();
    let (order, id) = detached(async move { app.create_refund(input).await }).await?;
    json(shown::refund(order.refund(id).ok_or(ApiError::of("internal"))?))
}

pub(crate) async fn get(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
) -> Answer {
    let refund: RefundId = id(&text, "refund_not_found")?;
    let found = state.app.refund(asker.0.key.merchant, refund).await?;
    json(shown::refund(&found.ok_or(ApiError::of("refund_not_found"))?))
}

pub(crate) async fn list(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    RawQuery(query): RawQuery,
) -> Answer {
    let query: ListQuery = parse_query(query.as_deref())?;
    let page = query.page()?;
    let merchant = asker.0.key.merchant;
    let found = match &query.merchant_refund_no {
        Some(no) => {
            let no = number("merchant_refund_no", no)?;
            state.app.refund_by_no(merchant, &no).await?.into_iter().collect()
        }
        None => state.app.refunds(merchant, page).await?,
    };
    list_answer(found.iter().map(shown::refund).collect(), page.limit)
}

pub(crate) async fn retry(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
) -> Answer {
    let (merchant, refund) = (asker.0.key.merchant, id(&text, "refund_not_found")?);
    let app = state.app.clone();
    let order = detached(async move { app.retry_refund(merchant, refund).await }).await?;
    json(shown::refund(order.refund(refund).ok_or(ApiError::of("internal"))?))
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
