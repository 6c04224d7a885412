//! Lists: the newest first, by cursor.

use app::Page;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::answer::json as answer_json;
use crate::errors::ApiError;

const LIMIT_DEFAULT: u32 = 20;
const LIMIT_MAX: u32 = 100;

/// `?limit=&cursor=`, and the merchant's own number where a list takes one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    pub(crate) merchant_order_no: Option<String>,
    pub(crate) merchant_refund_no: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

impl ListQuery {
    pub(crate) fn page<Id: std::str::FromStr>(&self) -> Result<Page<Id>, ApiError> {
        let limit = self.limit.as_deref().map(str::parse).transpose();
        let limit: u32 =
            limit.or(Err(ApiError::field("field_invalid", "limit")))?.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(ApiError::field("field_invalid", "limit"));
        }
        let before = self.cursor.as_deref().map(str::parse).transpose();
        let before = before.or(Err(ApiError::field("field_invalid", "cursor")))?;
        Ok(Page { before, limit })
    }
}

/// The page with the cursor of the next one; no cursor when this one was not full.
pub(crate) fn list(items: Vec<Value>, limit: u32) -> Answer {
    let full = u32::try_from(items.len()).unwrap_or(u32::MAX) >= limit;
    let last = items.last().filter(|_| full).and_then(|item| item.get("id")).cloned();
    answer_json(json!({ "items": items, "next_cursor": last }))
}
