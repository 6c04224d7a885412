//! Tills that people stand at: activation by a code, what the till may do, who is signed in.

use axum::extract::State;
use axum::{Extension, Json};
use bytes::Bytes;
use channels::shown;
use crypto::RsaPublicKey;
use merchants::{KeyAlgorithm, PayerApp, TerminalKind};
use secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, detached, parse};
use crate::entrance::Asker;
use crate::errors::ApiError;
use crate::payments::bounded;
use crate::shifts::Shift;
use crate::state::{ApiState, ClientIp};

const CODE_BYTES_MAX: usize = 32;
const STAFF_NO_BYTES_MAX: usize = 16;
const PIN_BYTES_MAX: usize = 16;

/// A terminal's code and the public half of its new key pair.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewActivation)]
pub(crate) struct ActivationBody {
    /// As the operator gave it; blanks, dashes and capitals do not matter.
    #[schema(example = "7K3M-9QXT-2B4F")]
    code: String,
    /// SUANPAN-RSA-SHA256
    #[schema(example = "SUANPAN-RSA-SHA256")]
    scheme: String,
    /// PEM of a public key of 2048 bits and more. The private half never leaves the terminal.
    public_key: String,
}

/// A number and a name.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    id: String,
    name: String,
}

/// A terminal, as its own till sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShownTerminal {
    #[schema(example = "ter_06xfwqt000401")]
    id: String,
    #[schema(example = "收银台 1")]
    name: String,
    /// counter_register, companion_device, smart_pos, micro_store, table_code, qr_plate
    #[schema(value_type = String, example = "counter_register")]
    kind: &'static str,
}

/// A terminal with its key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Activation {
    /// Names the key in the `Authorization` header from now on.
    key_id: String,
    terminal: ShownTerminal,
    store: Named,
    merchant: Named,
}

/// What a till may do and how it looks.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cashier {
    terminal: ShownTerminal,
    store: Named,
    merchant: Named,
    settings: CashierSettings,
    /// Whether refunds, voids and shifts want somebody who signed in.
    staff_needed: bool,
    /// The open shift of this terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    shift: Option<Shift>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CashierSettings {
    /// What is enabled here, in the order of the buttons: channels' codes, cash, wallet, bank_card,
    /// merchant_coupon, platform_coupon.
    tenders: Vec<String>,
    /// The most that is entered by hand.
    amount_fen_max: u64,
    quick_amounts_fen: Vec<u64>,
    tips: Tips,
    remark: bool,
    /// `#rrggbb`
    #[schema(example = "#1459c9")]
    accent: String,
    logo_url: Option<String>,
    receipt: Receipt,
    /// Whether amounts are said aloud.
    voice: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tips {
    on: bool,
    percents: Vec<u8>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReceiptPaper)]
pub(crate) struct Receipt {
    width_mm: u8,
    footer: String,
}

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSignIn)]
pub(crate) struct SignInBody {
    #[schema(example = "01")]
    staff_no: String,
    /// Never logged.
    #[schema(example = "123456")]
    pin: String,
}

/// Somebody who signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignedIn {
    staff_no: String,
    name: String,
    /// refund, shift, void
    #[schema(value_type = Vec<String>)]
    rights: Vec<&'static str>,
    /// For the header `Suanpan-Staff` of what this person does at this terminal.
    token: String,
    #[schema(format = DateTime)]
    expires_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignedOut {}

/// Activate a terminal 终端激活
///
/// Once per code; the same code with the same key gives the same answer. Earlier keys of the terminal
/// that were made so are revoked.
#[utoipa::path(post, path = "/activations", operation_id = "activateTerminal", security(()),
    request_body = ActivationBody, responses((status = 200, body = Activation)))]
pub(crate) async fn activate(
    State(state): State<ApiState>,
    ClientIp(ip): ClientIp,
    body: Bytes,
) -> Answer<Activation> {
    let now = state.app.clock.now();
    // One address first: a stranger must not keep everybody's tills from it.
    if !state.ip_rates.admit(&ip, now) || !state.open_rates.admit(&"activations", now) {
        return Err(ApiError::of("rate_limited"));
    }
    let body = parse::<ActivationBody>(&body)?;
    bounded("code", &body.code, CODE_BYTES_MAX)?;
    if body.scheme != KeyAlgorithm::RsaSha256.scheme() {
        return Err(ApiError::field("field_invalid", "scheme"));
    }
    let key = RsaPublicKey::from_pem(&body.public_key);
    let key = key.or(Err(ApiError::field("field_invalid", "public_key")))?;
    let app = state.app.clone();
    let done = detached(async move { app.activate(&body.code, &key).await }).await?;
    let place = state.app.place_of(done.terminal.id).await?.ok_or(ApiError::of("internal"))?;
    Ok(Json(Activation {
        key_id: done.key.to_string(),
        terminal: ShownTerminal::of(&place.terminal),
        store: Named { id: place.store.id.to_string(), name: place.store.name },
        merchant: Named { id: place.merchant.id.to_string(), name: place.merchant.name },
    }))
}

/// What this terminal may do 收银台配置
#[utoipa::path(get, path = "/v1/cashier", operation_id = "getCashier",
    responses((status = 200, body = Cashier)))]
pub(crate) async fn cashier(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
) -> Answer<Cashier> {
    let terminal = asker.0.key.terminal.ok_or(ApiError::of("terminal_not_found"))?;
    let place = state.app.place_of(terminal).await?.ok_or(ApiError::of("internal"))?;
    let shift = state.app.open_shift_of(terminal).await?;
    let settings = CashierSettings::of(&state, &place).await?;
    Ok(Json(Cashier {
        terminal: ShownTerminal::of(&place.terminal),
        store: Named { id: place.store.id.to_string(), name: place.store.name },
        merchant: Named { id: place.merchant.id.to_string(), name: place.merchant.name },
        settings,
        staff_needed: asker.0.key.attended,
        shift: shift.as_ref().map(Shift::of),
    }))
}

/// Sign in at a till 店员登录
#[utoipa::path(post, path = "/v1/staff/sign-in", operation_id = "signIn",
    request_body = SignInBody, responses((status = 200, body = SignedIn)))]
pub(crate) async fn sign_in(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Answer<SignedIn> {
    let body = parse::<SignInBody>(&body)?;
    bounded("staff_no", &body.staff_no, STAFF_NO_BYTES_MAX)?;
    bounded("pin", &body.pin, PIN_BYTES_MAX)?;
    let (key, app, pin) = (asker.0.key.clone(), state.app.clone(), Secret::new(body.pin));
    let signed = detached(async move { app.sign_in(&key, &body.staff_no, &pin).await }).await?;
    Ok(Json(SignedIn {
        staff_no: signed.staff.number.clone(),
        name: signed.staff.name.clone(),
        rights: signed.staff.rights.iter().map(|right| right.code()).collect(),
        token: signed.token.expose().clone(),
        expires_at: shown::time(signed.expires_at),
    }))
}

/// Sign out 店员退出
///
/// At every till where this person is signed in.
#[utoipa::path(post, path = "/v1/staff/sign-out", operation_id = "signOut",
    responses((status = 200, body = SignedOut)))]
pub(crate) async fn sign_out(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
) -> Answer<SignedOut> {
    let staff = asker.staff(&state.app).await?;
    state.app.sign_out(&staff).await?;
    Ok(Json(SignedOut {}))
}

impl ShownTerminal {
    fn of(terminal: &merchants::Terminal) -> Self {
        Self {
            id: terminal.id.to_string(),
            name: terminal.name.clone(),
            kind: terminal.kind.code(),
        }
    }
}

impl CashierSettings {
    async fn of(state: &ApiState, place: &app::Place) -> Result<Self, ApiError> {
        let (merchant, store) = (place.merchant.id, place.store.id);
        let settings = state.app.cashier_settings(merchant, store).await?;
        let logo = state.app.cashier_logo(merchant, store).await?;
        Ok(Self {
            tenders: tenders(&settings, place.terminal.kind),
            amount_fen_max: settings.amount_fen_max,
            quick_amounts_fen: settings.quick_amounts_fen.clone(),
            tips: Tips { on: !settings.tips.is_empty(), percents: settings.tips.clone() },
            remark: settings.remark,
            accent: settings.accent.clone(),
            logo_url: logo.map(|_| format!("/c/logo/{store}")),
            receipt: Receipt {
                width_mm: settings.receipt_width_mm,
                footer: settings.receipt_footer.clone(),
            },
            voice: settings.voice,
        })
    }
}

/// Everything that a till can take, where nobody settled what it takes.
fn tenders(settings: &app::cashier::CashierSettings, kind: TerminalKind) -> Vec<String> {
    const ALL: [&str; 8] = [
        PayerApp::Wechat.code(),
        PayerApp::Alipay.code(),
        PayerApp::UnionPay.code(),
        "cash",
        "wallet",
        "bank_card",
        "merchant_coupon",
        "platform_coupon",
    ];
    match settings.tenders.get(&kind) {
        Some(enabled) => enabled.iter().map(|tender| tender.code().into_owned()).collect(),
        None => ALL.map(str::to_owned).to_vec(),
    }
}
