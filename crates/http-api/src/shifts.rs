//! Shifts of a till's cash drawer: open, count, close.

use axum::extract::{Path, RawQuery, State};
use axum::{Extension, Json};
use bytes::Bytes;
use channels::shown;
use ids::{ShiftId, TerminalId};
use merchants::StaffRight;
use money::{Amount, Currency};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, detached, id, parse, parse_query};
use crate::entrance::Asker;
use crate::errors::ApiError;
use crate::pages::{List, ListQuery, part};
use crate::payments::bounded;
use crate::state::ApiState;

const NAME_BYTES_MAX: usize = 64;
/// More never lay in a drawer: ten million yuan.
const DRAWER_FEN_MAX: u64 = 1_000_000_000;

/// A new shift of a terminal's drawer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewShift, example = json!({
    "terminal_id": "ter_06xfwqt000401", "opened_by": "wang", "float_fen": 20_000
}))]
pub(crate) struct ShiftBody {
    /// A terminal's own key may leave it out.
    #[schema(nullable = false)]
    terminal_id: Option<String>,
    /// The cashier, at most 64 bytes.
    #[schema(example = "wang")]
    opened_by: String,
    /// 备用金: what lies in the drawer, in fen.
    #[schema(value_type = u64, example = 20_000)]
    float_fen: serde_json::Number,
}

/// The count at the end of a shift.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ShiftCount, example = json!({ "closed_by": "wang", "counted_fen": 25_500 }))]
pub(crate) struct CountBody {
    /// Who counted, at most 64 bytes.
    #[schema(example = "wang")]
    closed_by: String,
    /// What lies in the drawer, in fen.
    #[schema(value_type = u64, example = 25_500)]
    counted_fen: serde_json::Number,
}

/// A shift: what should lie in the drawer, and what was counted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shift {
    #[schema(example = "shf_06xfwqt000401")]
    id: String,
    terminal_id: String,
    opened_by: String,
    #[schema(format = DateTime)]
    opened_at: String,
    float_fen: u64,
    /// Cash of payments at this terminal since.
    taken_fen: u64,
    /// Cash given back for payments at this terminal since.
    returned_fen: u64,
    /// What should lie in the drawer.
    expected_fen: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    closed_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    closed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    counted_fen: Option<u64>,
    /// 长短款: counted less expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    difference_fen: Option<i64>,
}

/// Open a shift 开班
///
/// A terminal has one open shift at most. Cash that is paid at the terminal, or given back for such
/// payments, counts in it.
#[utoipa::path(post, path = "/v1/shifts", operation_id = "openShift",
    request_body = ShiftBody, responses((status = 200, body = Shift)))]
pub(crate) async fn open(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Answer<Shift> {
    asker.needs(&state.app, StaffRight::Shift).await?;
    let body = parse::<ShiftBody>(&body)?;
    let named: Option<TerminalId> =
        body.terminal_id.as_deref().map(|text| id(text, "terminal_not_found")).transpose()?;
    let terminal = match (asker.0.key.terminal, named) {
        (Some(own), Some(named)) if own != named => {
            return Err(ApiError::of("terminal_not_allowed"));
        }
        (Some(own), _) => own,
        (None, Some(named)) => named,
        (None, None) => return Err(ApiError::of("terminal_not_found")),
    };
    bounded("opened_by", &body.opened_by, NAME_BYTES_MAX)?;
    let with = (body.opened_by, fen("float_fen", &body.float_fen)?);
    let (merchant, app) = (asker.0.key.merchant, state.app.clone());
    let shift = detached(async move { app.open_shift(merchant, terminal, with).await }).await?;
    Ok(Json(Shift::of(&shift)))
}

/// Count and close a shift 交班
///
/// The same count again gives the same answer; another one is refused.
#[utoipa::path(post, path = "/v1/shifts/{id}/close", operation_id = "closeShift",
    params(("id" = String, Path, description = "Our number")), request_body = CountBody,
    responses((status = 200, body = Shift)))]
pub(crate) async fn close(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
    body: Bytes,
) -> Answer<Shift> {
    asker.needs(&state.app, StaffRight::Shift).await?;
    let shift: ShiftId = id(&text, "shift_not_found")?;
    visible(&state, &asker, shift).await?;
    let body = parse::<CountBody>(&body)?;
    bounded("closed_by", &body.closed_by, NAME_BYTES_MAX)?;
    let with = (body.closed_by, fen("counted_fen", &body.counted_fen)?);
    let (merchant, app) = (asker.0.key.merchant, state.app.clone());
    let shift = detached(async move { app.close_shift(merchant, shift, with).await }).await?;
    Ok(Json(Shift::of(&shift)))
}

/// Get a shift 查询班次
#[utoipa::path(get, path = "/v1/shifts/{id}", operation_id = "getShift",
    params(("id" = String, Path, description = "Our number")), responses((status = 200, body = Shift)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
) -> Answer<Shift> {
    let shift = visible(&state, &asker, id(&text, "shift_not_found")?).await?;
    Ok(Json(Shift::of(&shift)))
}

/// A shift that the asker may see: a till has its own.
async fn visible(
    state: &ApiState,
    asker: &Asker,
    shift: ShiftId,
) -> Result<merchants::Shift, ApiError> {
    let found = state.app.shift(asker.0.key.merchant, shift).await?;
    let own = |shift: &merchants::Shift| {
        !asker.0.key.attended || asker.0.key.terminal == Some(shift.terminal)
    };
    found.filter(own).ok_or(ApiError::of("shift_not_found"))
}

/// List shifts, the newest first 班次列表
///
/// A till's own key sees those of its terminal: a page may then have fewer than were asked for, and go on.
#[utoipa::path(get, path = "/v1/shifts", operation_id = "listShifts",
    params(ListQuery), responses((status = 200, body = List<Shift>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    RawQuery(query): RawQuery,
) -> Answer<List<Shift>> {
    let query: ListQuery = parse_query(query.as_deref())?;
    let page = query.page()?;
    let found = state.app.shifts(asker.0.key.merchant, page).await?;
    let own = asker.0.key.terminal.filter(|_| asker.0.key.attended);
    let seen = found.iter().filter(|shift| own.is_none_or(|own| own == shift.terminal));
    let items: Vec<_> = seen.map(Shift::of).collect();
    let read: Vec<String> = found.iter().map(|shift| shift.id.to_string()).collect();
    part(items, page.limit, &read)
}

impl Shift {
    pub(crate) fn of(shift: &merchants::Shift) -> Self {
        let closed = shift.closed.as_ref();
        Self {
            id: shift.id.to_string(),
            terminal_id: shift.terminal.to_string(),
            opened_by: shift.opened_by.clone(),
            opened_at: shown::time(shift.opened_at),
            float_fen: shift.float.minor(),
            taken_fen: shift.taken.minor(),
            returned_fen: shift.returned.minor(),
            expected_fen: shift.expected(),
            closed_by: closed.map(|c| c.by.clone()),
            closed_at: closed.map(|c| shown::time(c.at)),
            counted_fen: closed.map(|c| c.amount.minor()),
            difference_fen: shift.difference(),
        }
    }
}

/// Nothing may lie in a drawer.
fn fen(field: &str, number: &serde_json::Number) -> Result<Amount, ApiError> {
    let fen = number.as_u64().filter(|fen| *fen <= DRAWER_FEN_MAX);
    let amount = fen.and_then(|fen| Amount::new(fen, Currency::Cny).ok());
    amount.ok_or(ApiError::field("field_invalid", field))
}
