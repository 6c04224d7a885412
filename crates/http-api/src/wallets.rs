//! Wallets: prepaid cards and balances. Issue, activate, fill, give back, close.

use app::{CreatePayment, CreateRefund, Means, NewTopUp, NewWallet, PaidBy, PaymentRef, Return};
use axum::extract::{Path, RawQuery, State};
use axum::{Extension, Json};
use bytes::Bytes;
use channels::shown;
use ids::{OrderId, WalletId};
use jiff::Timestamp;
use orders::{RefundOrigin, WalletKind, WalletState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, content_hash, detached, id, parse, parse_query};
use crate::entrance::Asker;
use crate::errors::ApiError;
use crate::pages::{List, ListQuery, list as list_answer};
use crate::payments::{AmountBody, PaymentBody, bounded, number, url};
use crate::refunds::refund_no;
use crate::state::ApiState;

const HOLDER_BYTES_MAX: usize = 64;
const REASON_BYTES_MAX: usize = 80;

/// 预付卡 or 用户余额.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Issued, and active when it is handed out.
    Card,
    /// Active at once.
    Balance,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WalletStateShown {
    Inactive,
    Active,
    Frozen,
    Closed,
}

/// A new wallet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWallet, example = json!({ "wallet_no": "card-1", "kind": "card", "holder": "wang" }))]
pub(crate) struct WalletBody {
    /// Your own number, the idempotency key for ever: 1 to 64 letters, digits, `_`, `-`, `.`, `*`.
    #[schema(example = "card-1")]
    wallet_no: String,
    #[schema(inline)]
    kind: Kind,
    /// Who holds it, as you name him; at most 64 bytes. Not a card number.
    #[schema(nullable = false)]
    holder: Option<String>,
    /// From then on it pays nothing; what is left can still be returned.
    #[schema(format = DateTime, nullable = false)]
    expires_at: Option<String>,
}

/// What the platform gives to a top-up, out of a campaign's budget.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GiftBody {
    campaign_id: String,
    #[schema(inline)]
    amount: AmountBody,
}

/// A top-up: a payment through a channel that fills the wallet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTopUp, example = json!({ "payment": {
    "merchant_order_no": "T-1", "amount": { "total": 20000, "currency": "CNY" },
    "description": "top-up", "payer_code": "281234567890123400"
} }))]
pub(crate) struct TopUpBody {
    /// As of a payment, by one of `payer_code`, `qr`, `jsapi` and `h5`.
    payment: PaymentBody,
    #[schema(inline, nullable = false)]
    gift: Option<GiftBody>,
}

/// 充退: what is not spent of a top-up goes back by the way it came. Its gift lapses.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTopUpReturn, example = json!({
    "merchant_refund_no": "T-1-R", "payment_id": "pay_06xfwqt000403",
    "amount": { "total": 8000, "currency": "CNY" }
}))]
pub(crate) struct ReturnBody {
    /// Your own number, the idempotency key for ever; refunds, voids and these share them.
    #[schema(example = "T-1-R")]
    merchant_refund_no: String,
    /// The top-up.
    payment_id: String,
    /// At most what is left of the top-up.
    #[schema(inline)]
    amount: AmountBody,
    /// At most 80 bytes.
    #[schema(nullable = false)]
    reason: Option<String>,
    /// Where notifications of it go, if not where the payment's go.
    #[schema(format = "uri", max_length = 255, nullable = false)]
    notify_url: Option<String>,
}

/// What is left of a top-up, in fen.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TopUp {
    #[schema(example = "pay_06xfwqt000403")]
    payment_id: String,
    amount: u64,
    left: u64,
    returned: u64,
    gift: u64,
    gift_left: u64,
}

/// A wallet, amounts in fen.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wallet {
    #[schema(example = "wal_06xfwqt000406")]
    id: String,
    #[schema(example = "card-1")]
    wallet_no: String,
    #[schema(inline)]
    kind: Kind,
    #[schema(inline)]
    state: WalletStateShown,
    currency: &'static str,
    /// The holder's own money.
    principal: u64,
    /// What the platform gave.
    gift: u64,
    /// The paid top-ups of which something is left or on its way back, the oldest first.
    #[schema(inline)]
    top_ups: Vec<TopUp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    holder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    expires_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

/// Issue a wallet 开卡/开户
///
/// The same number with the same content gives the same wallet, as it is now.
#[utoipa::path(post, path = "/v1/wallets", operation_id = "issueWallet",
    request_body = WalletBody, responses((status = 200, body = Wallet)))]
pub(crate) async fn issue(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Answer<Wallet> {
    let new = parse::<WalletBody>(&body)?.check(&asker, state.app.clock.now())?;
    let app = state.app.clone();
    let wallet = detached(async move { app.issue_wallet(new).await }).await?;
    Ok(Json(Wallet::of(&wallet)))
}

/// Get a wallet 查询钱包
#[utoipa::path(get, path = "/v1/wallets/{id}", operation_id = "getWallet",
    params(("id" = String, Path, description = "Our number")), responses((status = 200, body = Wallet)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
) -> Answer<Wallet> {
    let found = state.app.wallet(asker.0.key.merchant, wallet_id(&text)?).await?;
    Ok(Json(Wallet::of(&found.ok_or(ApiError::of("wallet_not_found"))?)))
}

/// List wallets, the newest first 钱包列表
#[utoipa::path(get, path = "/v1/wallets", operation_id = "listWallets",
    params(ListQuery), responses((status = 200, body = List<Wallet>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    RawQuery(query): RawQuery,
) -> Answer<List<Wallet>> {
    let query: ListQuery = parse_query(query.as_deref())?;
    let page = query.page()?;
    let found = state.app.wallets(asker.0.key.merchant, page).await?;
    let items: Vec<_> = found.iter().map(Wallet::of).collect();
    list_answer(items, page.limit, |wallet| &wallet.id)
}

/// Hand a card out 激活
///
/// From now on it can be topped up and pays. Asked again, nothing changes.
#[utoipa::path(post, path = "/v1/wallets/{id}/activate", operation_id = "activateWallet",
    params(("id" = String, Path, description = "Our number")), responses((status = 200, body = Wallet)))]
pub(crate) async fn activate(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
) -> Answer<Wallet> {
    let (merchant, wallet) = (asker.0.key.merchant, wallet_id(&text)?);
    let app = state.app.clone();
    let wallet = detached(async move { app.activate_wallet(merchant, wallet).await }).await?;
    Ok(Json(Wallet::of(&wallet)))
}

/// Close a wallet 退卡/销户
///
/// It pays nothing any more, its gifts lapse, and what is not spent of each top-up goes back by the way
/// it came, under a number that we make (`close-`). A return that fails is a refund to be tried again.
#[utoipa::path(post, path = "/v1/wallets/{id}/close", operation_id = "closeWallet",
    params(("id" = String, Path, description = "Our number")), responses((status = 200, body = Wallet)))]
pub(crate) async fn close(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
) -> Answer<Wallet> {
    let (merchant, wallet) = (asker.0.key.merchant, wallet_id(&text)?);
    let app = state.app.clone();
    let wallet = detached(async move { app.close_wallet(merchant, wallet).await }).await?;
    Ok(Json(Wallet::of(&wallet)))
}

/// Top a wallet up 充值
///
/// A payment like any other, but what is paid is the holder's and not yours.
#[utoipa::path(post, path = "/v1/wallets/{id}/top-ups", operation_id = "topUpWallet",
    params(("id" = String, Path, description = "Our number of the wallet")),
    request_body = TopUpBody, responses((status = 200, body = shown::Payment)))]
pub(crate) async fn top_up(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
    body: Bytes,
) -> Answer<shown::Payment> {
    let wallet = wallet_id(&text)?;
    let body = parse::<TopUpBody>(&body)?;
    let (payment, new) = body.check(wallet, &asker, state.app.clock.now())?;
    let app = state.app.clone();
    let payment = detached(async move { app.top_up(payment, new).await }).await?;
    Ok(Json(shown::Payment::of(&payment)))
}

/// Give back what is not spent of a top-up 充退
///
/// By the way it came. A return that fails leaves the money in the wallet, and can be tried again
/// (`/v1/refunds/{id}/retry`); one whose way is impossible is decided by people.
#[utoipa::path(post, path = "/v1/wallets/{id}/top-up-returns", operation_id = "returnTopUp",
    params(("id" = String, Path, description = "Our number of the wallet")),
    request_body = ReturnBody, responses((status = 200, body = shown::Refund)))]
pub(crate) async fn return_top_up(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
    body: Bytes,
) -> Answer<shown::Refund> {
    let wallet = wallet_id(&text)?;
    let input = parse::<ReturnBody>(&body)?.check(&asker)?;
    let (merchant, app) = (asker.0.key.merchant, state.app.clone());
    let no = input.merchant_no.clone();
    let PaymentRef::Id(order) = input.payment else { return Err(ApiError::of("internal")) };
    let known = app.payment(merchant, order).await?;
    let fills = known.and_then(|known| known.order.top_up).map(|top_up| top_up.wallet);
    if fills != Some(wallet) {
        return Err(ApiError::of("top_up_not_found"));
    }
    let order = detached(async move { app.create_refund(input).await }).await?;
    Ok(Json(shown::Refund::of(&order, &no).ok_or(ApiError::of("internal"))?))
}

fn wallet_id(text: &str) -> Result<WalletId, ApiError> {
    id(text, "wallet_not_found")
}

impl WalletBody {
    fn check(self, asker: &Asker, now: Timestamp) -> Result<NewWallet, ApiError> {
        let fields = [
            Some(self.wallet_no.as_str()),
            Some(match self.kind {
                Kind::Card => "card",
                Kind::Balance => "balance",
            }),
            self.holder.as_deref(),
            self.expires_at.as_deref(),
        ];
        let content_hash = content_hash(&fields);
        if let Some(holder) = &self.holder {
            bounded("holder", holder, HOLDER_BYTES_MAX)?;
        }
        let invalid = ApiError::field("field_invalid", "expires_at");
        let expires_at = self.expires_at.map(|text| text.parse::<Timestamp>()).transpose();
        let expires_at = expires_at.or(Err(invalid.clone()))?;
        if expires_at.is_some_and(|end| end <= now) {
            return Err(invalid);
        }
        Ok(NewWallet {
            merchant: asker.0.key.merchant,
            no: number("wallet_no", &self.wallet_no)?,
            content_hash,
            kind: match self.kind {
                Kind::Card => WalletKind::Card,
                Kind::Balance => WalletKind::Balance,
            },
            holder: self.holder,
            expires_at,
        })
    }
}

impl TopUpBody {
    fn check(
        self,
        wallet: WalletId,
        asker: &Asker,
        now: Timestamp,
    ) -> Result<(CreatePayment, NewTopUp), ApiError> {
        let gift = match &self.gift {
            None => None,
            Some(GiftBody { campaign_id, amount }) => {
                Some((id(campaign_id, "campaign_not_found")?, amount.check()?))
            }
        };
        let payment = self.payment.check(asker, now)?;
        let through_channel = match &payment.paid_by {
            PaidBy::One(
                Means::PayerCode(_)
                | Means::DynamicQr(_)
                | Means::OwnCode(_)
                | Means::Jsapi { .. }
                | Means::H5 { .. },
            ) => true,
            PaidBy::One(
                Means::Cash
                | Means::BankCard { .. }
                | Means::MerchantCoupon { .. }
                | Means::Wallet(_)
                | Means::Card(_)
                | Means::PlatformCoupon { .. },
            )
            | PaidBy::Legs(_) => false,
        };
        if !through_channel {
            return Err(ApiError::of("means_invalid"));
        }
        let gift_texts = self.gift.as_ref().map(|gift| (&gift.campaign_id, gift.amount.texts().0));
        let fields = [
            Some("top_up"),
            Some(&wallet.to_string()),
            Some(&hex::encode(payment.content_hash)),
            gift_texts.as_ref().map(|(campaign, _)| campaign.as_str()),
            gift_texts.as_ref().map(|(_, amount)| amount.as_str()),
        ]
        .map(|field| field.map(str::to_owned));
        let fields: Vec<Option<&str>> = fields.iter().map(Option::as_deref).collect();
        let content_hash = content_hash(&fields);
        Ok((CreatePayment { content_hash, ..payment }, NewTopUp { wallet, gift }))
    }
}

impl ReturnBody {
    fn check(self, asker: &Asker) -> Result<CreateRefund, ApiError> {
        let (total, currency) = self.amount.texts();
        let fields = [
            Some("top_up_return"),
            Some(self.merchant_refund_no.as_str()),
            Some(self.payment_id.as_str()),
            Some(total.as_str()),
            Some(currency),
            self.reason.as_deref(),
            self.notify_url.as_deref(),
        ];
        let content_hash = content_hash(&fields);
        if let Some(reason) = &self.reason {
            bounded("reason", reason, REASON_BYTES_MAX)?;
        }
        let order: OrderId = id(&self.payment_id, "top_up_not_found")?;
        Ok(CreateRefund {
            merchant: asker.0.key.merchant,
            merchant_no: refund_no(&self.merchant_refund_no)?,
            payment: PaymentRef::Id(order),
            content_hash,
            what: Return::TopUp { amount: self.amount.check()?, forced: false },
            reason: self.reason.unwrap_or_else(|| "top-up returned".to_owned()),
            notify_url: url("notify_url", self.notify_url)?,
            origin: RefundOrigin::Merchant,
        })
    }
}

impl Wallet {
    fn of(wallet: &orders::Wallet) -> Self {
        let untouched = |lot: &&orders::Lot| {
            let nothing = lot.left().is_zero() && lot.gift_left().is_zero();
            !nothing || !lot.returned.is_zero()
        };
        Self {
            id: wallet.id.to_string(),
            wallet_no: wallet.no.as_str().to_owned(),
            kind: match wallet.kind {
                WalletKind::Card => Kind::Card,
                WalletKind::Balance => Kind::Balance,
            },
            state: match wallet.state {
                WalletState::Inactive => WalletStateShown::Inactive,
                WalletState::Active => WalletStateShown::Active,
                WalletState::Frozen => WalletStateShown::Frozen,
                WalletState::Closed => WalletStateShown::Closed,
            },
            currency: wallet.currency.code(),
            principal: wallet.principal().minor(),
            gift: wallet.gift().minor(),
            top_ups: wallet.lots.iter().filter(untouched).map(TopUp::of).collect(),
            holder: wallet.holder.clone(),
            expires_at: wallet.expires_at.map(shown::time),
            created_at: shown::time(wallet.created_at),
        }
    }
}

impl TopUp {
    fn of(lot: &orders::Lot) -> Self {
        Self {
            payment_id: lot.order.to_string(),
            amount: lot.amount.minor(),
            left: lot.left().minor(),
            returned: lot.returned.minor(),
            gift: lot.gift.minor(),
            gift_left: lot.gift_left().minor(),
        }
    }
}
