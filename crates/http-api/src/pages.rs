//! Lists: the newest first, by cursor.

use app::Page;
use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::answer::Answer;
use crate::errors::ApiError;

const LIMIT_DEFAULT: u32 = 20;
const LIMIT_MAX: u32 = 100;

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// How many.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 20)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Of a list of payments, or the one with the merchant's own number.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PaymentsQuery {
    /// Your own number: the list has at most this one.
    pub(crate) merchant_order_no: Option<String>,
    /// How many.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 20)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Of a list of refunds, or the one with the merchant's own number.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RefundsQuery {
    /// Your own number: the list has at most this one.
    pub(crate) merchant_refund_no: Option<String>,
    /// How many.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 20)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of a list, the newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct List<T> {
    items: Vec<T>,
    /// Asks for the next page; null when this is the last.
    next_cursor: Option<String>,
}

impl PaymentsQuery {
    pub(crate) fn page<Id: std::str::FromStr>(&self) -> Result<Page<Id>, ApiError> {
        page(self.limit.as_deref(), self.cursor.as_deref())
    }
}

impl RefundsQuery {
    pub(crate) fn page<Id: std::str::FromStr>(&self) -> Result<Page<Id>, ApiError> {
        page(self.limit.as_deref(), self.cursor.as_deref())
    }
}

impl ListQuery {
    pub(crate) fn page<Id: std::str::FromStr>(&self) -> Result<Page<Id>, ApiError> {
        page(self.limit.as_deref(), self.cursor.as_deref())
    }
}

fn page<Id: std::str::FromStr>(
    limit: Option<&str>,
    cursor: Option<&str>,
) -> Result<Page<Id>, ApiError> {
    let limit = limit.map(str::parse).transpose();
    let limit: u32 =
        limit.or(Err(ApiError::field("field_invalid", "limit")))?.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(ApiError::field("field_invalid", "limit"));
    }
    let before = cursor.map(str::parse).transpose();
    let before = before.or(Err(ApiError::field("field_invalid", "cursor")))?;
    Ok(Page { before, limit })
}

/// A page of which the asker sees a part: the cursor is of all that was read.
pub(crate) fn part<T>(items: Vec<T>, limit: u32, read: &[String]) -> Answer<List<T>> {
    let full = u32::try_from(read.len()).unwrap_or(u32::MAX) >= limit;
    Ok(Json(List { items, next_cursor: read.last().filter(|_| full).cloned() }))
}

/// The page with the cursor of the next one; no cursor when this one was not full.
pub(crate) fn list<T>(items: Vec<T>, limit: u32, id: impl Fn(&T) -> &String) -> Answer<List<T>> {
    let full = u32::try_from(items.len()).unwrap_or(u32::MAX) >= limit;
    let next_cursor = items.last().filter(|_| full).map(|item| id(item).clone());
    Ok(Json(List { items, next_cursor }))
}
