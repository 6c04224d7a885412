//! A payer pays: by a plate, for which he says how much, or an order that is there.

use std::sync::Arc;

use channels::Channel;
use ids::{ChannelCode, MerchantNo, OrderId};
use merchants::{MerchantState, Plate};
use money::Amount;
use orders::channel::PayWay;
use orders::{Aggregate, Attempt, Leg, LegRefusal, LegState, OrderState, Tender};

use super::{CashierSettings, Payer};
use crate::create_payment::JsapiPage;
use crate::error::{Failure, Refused, UseCaseError};
use crate::tills::Place;
use crate::{AddLeg, App, Checkout, CreatePayment, Means, NewLeg, PaidBy};

/// Times a leg's number may be lost to another payer in one request.
const NUMBER_TRIES_MAX: usize = 3;

/// Why a cashier page takes nothing, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum CashierRefusal {
    #[error("the code is not one of ours")]
    CodeInvalid,
    #[error("the plate is out of use")]
    PlateRevoked,
    #[error("the amount is zero, or above what is taken here")]
    AmountInvalid,
    #[error("somebody else is paying the order")]
    BeingPaid,
}

impl CashierRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CodeInvalid => "code_invalid",
            Self::PlateRevoked => "plate_revoked",
            Self::AmountInvalid => "amount_invalid",
            Self::BeingPaid => "order_being_paid",
        }
    }
}

/// A channel that takes payments at a place, and in which ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub channel: ChannelCode,
    /// Inside the channel's own app.
    pub in_app: bool,
    /// From a phone's browser.
    pub by_browser: bool,
}

/// What a plate's payer sees.
#[derive(Debug, Clone)]
pub struct PlatePage {
    pub plate: Plate,
    pub place: Place,
    pub settings: Arc<CashierSettings>,
    pub offers: Vec<Offer>,
}

/// What an order's payer sees.
#[derive(Debug, Clone)]
pub struct OrderPage {
    pub order: Aggregate,
    /// None for an order without a terminal: then the merchant's name stands for the store's.
    pub place: Option<Place>,
    pub merchant: merchants::Merchant,
    pub settings: Arc<CashierSettings>,
    pub offers: Vec<Offer>,
    pub checkout: Option<store::CheckoutRow>,
}

/// A payer's own order at a plate.
#[derive(Debug, Clone)]
pub struct Begin {
    pub amount: Amount,
    pub tip: Amount,
    pub remark: Option<String>,
    /// Made by the page once per purchase: the same key is the same order.
    pub key: String,
    pub ip: String,
}

/// How a payer pays an order's rest.
#[derive(Debug, Clone)]
pub struct PayAs {
    pub by: PayBy,
    pub ip: String,
    /// In place of a payment that is under way elsewhere, which is ended first.
    pub instead: bool,
}

#[derive(Debug, Clone)]
pub enum PayBy {
    /// Inside his channel's app.
    App(Payer),
    /// From a phone's browser, which leads to the channel's app.
    Browser(ChannelCode),
    /// In an app whose channel asked us for the order.
    Asked(ChannelCode),
}

impl App {
    /// What stands behind a plate's code.
    ///
    /// # Errors
    /// [`CashierRefusal`], [`Refused::MerchantSuspended`]; a failure of the store.
    pub async fn open_plate(&self, code: &str) -> Result<PlatePage, UseCaseError> {
        let invalid = || refused(CashierRefusal::CodeInvalid);
        let id = self.plate_of_code(code).ok_or_else(invalid)?;
        let plate = self.plate(id).await?.ok_or_else(invalid)?;
        let place = self.place_of(plate.terminal).await?.ok_or_else(invalid)?;
        if plate.revoked_at.is_some() || place.terminal.revoked_at.is_some() {
            return Err(refused(CashierRefusal::PlateRevoked));
        }
        if place.merchant.state == MerchantState::Suspended {
            return Err(Refused::MerchantSuspended.into());
        }
        let settings = self.cashier_settings(plate.merchant, plate.store).await?;
        let offers = self.offers(plate.merchant, Some(&place), &settings).await?;
        Ok(PlatePage { plate, place, settings, offers })
    }

    /// What stands behind an order's code, whatever its state.
    ///
    /// # Errors
    /// [`CashierRefusal::CodeInvalid`]; a failure of the store.
    pub async fn open_order(&self, code: &str) -> Result<OrderPage, UseCaseError> {
        let invalid = || refused(CashierRefusal::CodeInvalid);
        let id = self.order_of_code(code).ok_or_else(invalid)?;
        let order = self.store.order(id).await?.ok_or_else(invalid)?;
        let of = order.order.merchant;
        let merchant = self.merchant(of).await?.ok_or_else(invalid)?;
        let place = match order.order.terminal {
            Some(terminal) => self.place_of(terminal).await?,
            None => None,
        };
        let store = place.as_ref().map(|place| place.store.id);
        let settings = self.settings_of((of, store)).await?;
        let offers = self.offers(of, place.as_ref(), &settings).await?;
        let checkout = self.store.checkout(id).await?;
        Ok(OrderPage { order, place, merchant, settings, offers, checkout })
    }

    async fn offers(
        &self,
        merchant: ids::MerchantId,
        place: Option<&Place>,
        settings: &CashierSettings,
    ) -> Result<Vec<Offer>, Failure> {
        let mut offers = Vec::new();
        for channel in [Channel::Wechat, Channel::Alipay, Channel::UnionPay] {
            let channel = channel.channel_code();
            let tender = Tender::Channel(channel.clone());
            if place.is_some_and(|place| !settings.takes(place.terminal.kind, &tender)) {
                continue;
            }
            let in_app = self.accounts_for(merchant, &channel, PayWay::Jsapi).await?;
            let in_app = in_app.iter().any(|account| account.connector.payer_scope().is_some());
            let by_browser = !self.accounts_for(merchant, &channel, PayWay::H5).await?.is_empty();
            if in_app || by_browser {
                offers.push(Offer { channel, in_app, by_browser });
            }
        }
        Ok(offers)
    }

    /// Begins an order at a plate. The same key with the same content gives the same order.
    ///
    /// # Errors
    /// [`CashierRefusal::AmountInvalid`] and the refusals of a new payment; a failure of the store.
    pub async fn begin_at_plate(
        &self,
        page: &PlatePage,
        begin: Begin,
    ) -> Result<Aggregate, UseCaseError> {
        let invalid = || refused(CashierRefusal::AmountInvalid);
        let amount = begin.amount.try_add(begin.tip).or(Err(invalid()))?;
        if begin.amount.is_zero() || begin.amount.minor() > page.settings.amount_fen_max {
            return Err(invalid());
        }
        // Tips are the page's percents of the amount; nobody gives more than all of it.
        let may_tip = !page.settings.tips.is_empty() && begin.tip.minor() <= begin.amount.minor();
        if !begin.tip.is_zero() && !may_tip {
            return Err(invalid());
        }
        let plate = &page.plate;
        let no = crypto::digest::sha256(format!("{}:{}", plate.id, begin.key).as_bytes());
        let no: String = crypto::digest::to_hex(&no).chars().take(KEY_DIGITS).collect();
        let no = MerchantNo::parse(&format!("Q{no}")).or(Err(Failure::unusable("a number")))?;
        let remark = begin.remark.as_deref().filter(|_| page.settings.remark);
        let content = format!(
            "{}:{}:{}",
            begin.amount.minor(),
            begin.tip.minor(),
            remark.unwrap_or_default()
        );
        let create = CreatePayment {
            merchant: plate.merchant,
            merchant_no: no,
            content_hash: crypto::digest::sha256(content.as_bytes()),
            amount,
            description: page.name().to_owned(),
            attach: remark.map(str::to_owned),
            notify_url: page.settings.notify_url.clone(),
            terminal: Some(plate.terminal),
            terminal_ip: begin.ip,
            paid_by: PaidBy::Legs(Vec::new()),
            expires_at: None,
            top_up: None,
            checkout: Some(Checkout {
                plate: Some(plate.id),
                tip_minor: begin.tip.minor(),
                return_url: None,
            }),
        };
        self.create_payment(create).await
    }

    /// Makes what the payer's app needs to pay the order's rest, and answers with the leg's number; none
    /// where nothing is left to pay. The same payer gets the same leg for as long as it is open, so that
    /// a second tap, a reload and a lost answer charge nobody twice.
    ///
    /// # Errors
    /// [`CashierRefusal::BeingPaid`] and the refusals of a new leg; a failure of the store.
    pub async fn pay_order(
        &self,
        id: OrderId,
        with: &PayAs,
    ) -> Result<(Aggregate, Option<u16>), UseCaseError> {
        let mut last = refused(CashierRefusal::BeingPaid);
        for _ in 0..NUMBER_TRIES_MAX {
            let order = self.store.order(id).await?.ok_or(Refused::PaymentNotFound)?;
            if order.order.state != OrderState::Paying {
                return Ok((order, None));
            }
            let open = |leg: &&Leg| leg.state == LegState::Paying;
            let mine = order
                .legs
                .iter()
                .filter(open)
                .find(|leg| leg.content_hash == Some(with.content_hash(leg.no, leg.amount)));
            if let Some(no) = mine.map(|leg| leg.no) {
                return Ok((order, Some(no)));
            }
            let order = if order.rest().is_zero() {
                self.make_room(order, with.instead).await?
            } else {
                order
            };
            // What was to be ended had been paid.
            if order.order.state != OrderState::Paying {
                return Ok((order, None));
            }
            let no = order.legs.iter().map(|leg| leg.no).max().unwrap_or(0).saturating_add(1);
            let leg = NewLeg {
                no,
                content_hash: with.content_hash(no, order.rest()),
                amount: order.rest(),
                means: with.means(self.order_address(id)),
            };
            let merchant = order.order.merchant;
            let add = AddLeg { merchant, payment: id, terminal_ip: with.ip.clone(), leg };
            match self.add_leg(add).await {
                Ok(order) => return Ok((order, Some(no))),
                // Another payer was faster.
                Err(UseCaseError::Refused(Refused::Leg(
                    LegRefusal::LegNoUsed | LegRefusal::AmountAboveRest,
                ))) => last = refused(CashierRefusal::BeingPaid),
                Err(other) => return Err(other),
            }
        }
        Err(last)
    }

    /// Ends what payers began on pages elsewhere, when this one asks for that. What a till scanned is the
    /// till's, and what a channel was told of cannot be taken back: it ends by itself, soon.
    async fn make_room(&self, order: Aggregate, instead: bool) -> Result<Aggregate, UseCaseError> {
        let (merchant, id) = (order.order.merchant, order.id());
        let began_here = |leg: &&Leg| {
            let attempt = attempt_of(&order, leg);
            leg.state == LegState::Paying
                && attempt.is_some_and(|a| matches!(a.way, PayWay::Jsapi | PayWay::H5))
        };
        let numbers: Vec<u16> =
            order.legs.iter().filter(began_here).map(|leg| leg.no).filter(|_| instead).collect();
        let mut now = order.clone();
        for no in numbers {
            now = self.close_leg(merchant, id, no).await?;
        }
        if now.order.state == OrderState::Paying && now.rest().is_zero() {
            return Err(refused(CashierRefusal::BeingPaid));
        }
        Ok(now)
    }

    /// Asks the channels about what is open, for a payer who came back from his app and waits.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn look_for_payer(&self, order: Aggregate) -> Result<Aggregate, UseCaseError> {
        let id = order.id();
        let open: Vec<_> =
            order.attempts.iter().filter(|a| a.state.is_open()).map(|a| a.id).collect();
        let mut looked = order;
        for attempt in open {
            looked = self.look_now(id, attempt).await?;
        }
        Ok(looked)
    }
}

/// Hexadecimal digits of a page's own order number.
const KEY_DIGITS: usize = 40;

/// The attempt by which a leg is paid, or was.
pub(super) fn attempt_of<'a>(order: &'a Aggregate, leg: &Leg) -> Option<&'a Attempt> {
    order.attempts.iter().rfind(|attempt| attempt.leg == leg.id)
}

impl PlatePage {
    /// What payers read.
    #[must_use]
    pub fn name(&self) -> &str {
        self.settings.display_name.as_deref().unwrap_or(&self.place.store.name)
    }
}

impl OrderPage {
    #[must_use]
    pub fn name(&self) -> &str {
        let store = self.place.as_ref().map(|place| place.store.name.as_str());
        let name = self.settings.display_name.as_deref().or(store);
        name.unwrap_or(&self.merchant.name)
    }
}

impl PayAs {
    const fn channel(&self) -> &ChannelCode {
        match &self.by {
            PayBy::App(payer) => &payer.channel,
            PayBy::Browser(channel) | PayBy::Asked(channel) => channel,
        }
    }

    fn means(&self, return_url: String) -> Means {
        let channel = self.channel().clone();
        match &self.by {
            PayBy::App(payer) => Means::Jsapi {
                channel,
                payer: payer.name.clone(),
                page: Some(JsapiPage { scope: payer.scope.clone(), return_url }),
            },
            PayBy::Browser(_) => {
                Means::H5 { channel, desktop: false, return_url: Some(return_url) }
            }
            PayBy::Asked(_) => Means::OwnCode(channel),
        }
    }

    fn content_hash(&self, no: u16, amount: Amount) -> [u8; 32] {
        let who = match &self.by {
            PayBy::App(payer) => format!("app:{}:{}", payer.scope, payer.name),
            PayBy::Browser(_) => "browser".to_owned(),
            // Whoever scans: the channel takes money for one order once.
            PayBy::Asked(_) => "asked".to_owned(),
        };
        let text = format!("cashier:{no}:{}:{}:{who}", amount.minor(), self.channel());
        crypto::digest::sha256(text.as_bytes())
    }
}

const fn refused(refusal: CashierRefusal) -> UseCaseError {
    UseCaseError::Refused(Refused::Cashier(refusal))
}
