//! 非标码: a channel that read a code of ours asks for the order, and the payer pays it in his own app
//! without opening our page.

use std::sync::Arc;

use channels::{Channel, OrderAnswer, OrderQuery, Request, Response, scanned_code};
use ids::MerchantId;
use money::{Amount, Currency};
use orders::channel::PayWay;
use orders::schedule::give_up_at;
use orders::{Aggregate, AttemptState, OrderState};

use super::checkout::attempt_of;
use super::{Begin, CashierRefusal, OrderPage, PayAs, PayBy, PlatePage};
use crate::App;
use crate::directory::Account;
use crate::error::{Failure, Refused, UseCaseError};

/// Who asks is the channel, and not the payer.
const CHANNEL_IP: &str = "127.0.0.1";

/// What stands behind an address.
enum Behind {
    Plate(Box<PlatePage>),
    Order(Box<OrderPage>),
}

/// What UnionPay is told, before it is in UnionPay's words.
enum Told {
    AmountWanted { payee: String },
    Order { payee: String, order: Box<Aggregate>, leg: u16 },
    Refused(OrderAnswer<'static>),
}

impl App {
    /// Answers UnionPay's question about a code of ours. `None` where nobody of ours could sign an answer,
    /// or the question is not UnionPay's.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn answer_order_query(&self, request: &Request) -> Result<Option<Response>, Failure> {
        let Some(address) = scanned_code(request.body()) else { return Ok(None) };
        let Some(merchant) = self.owner_of_code(&address).await? else { return Ok(None) };
        let channel = Channel::UnionPay.channel_code();
        let accounts = self.accounts_for(merchant, &channel, PayWay::OwnCode).await?;
        let asked = accounts.iter().find_map(|account| {
            let query = account.connector.read_order_query(self.now(), request).ok()?;
            Some((Arc::clone(account), query))
        });
        let Some((account, query)) = asked else {
            tracing::info!("a question about a code of ours is not the channel's");
            return Ok(None);
        };
        let told = match self.tell(&query).await {
            Ok(told) => told,
            Err(UseCaseError::Refused(refused)) => Told::Refused(refusal(refused)),
            Err(UseCaseError::Failed(failure)) => return Err(failure),
        };
        self.say(&account, &query.query_no, &told).await
    }

    async fn owner_of_code(&self, address: &str) -> Result<Option<MerchantId>, Failure> {
        let Some((kind, code)) = split(address) else { return Ok(None) };
        if kind == "q" {
            let Some(id) = self.plate_of_code(code) else { return Ok(None) };
            return Ok(self.plate(id).await?.map(|plate| plate.merchant));
        }
        let Some(id) = self.order_of_code(code) else { return Ok(None) };
        Ok(self.store.order(id).await?.map(|order| order.order.merchant))
    }

    async fn tell(&self, query: &OrderQuery) -> Result<Told, UseCaseError> {
        let invalid = || UseCaseError::Refused(Refused::Cashier(CashierRefusal::CodeInvalid));
        let (kind, code) = split(&query.address).ok_or_else(invalid)?;
        let behind = match kind {
            "q" => Behind::Plate(Box::new(self.open_plate(code).await?)),
            _ => Behind::Order(Box::new(self.open_order(code).await?)),
        };
        let by = PayBy::Asked(Channel::UnionPay.channel_code());
        let with = PayAs { by, ip: CHANNEL_IP.to_owned(), instead: false };
        match behind {
            Behind::Plate(page) => {
                let payee = page.name().to_owned();
                let Some(amount) = query.amount else { return Ok(Told::AmountWanted { payee }) };
                let begin = Begin {
                    amount,
                    tip: Amount::zero(Currency::Cny),
                    remark: None,
                    key: format!("unionpay:{}", query.query_no),
                    ip: CHANNEL_IP.to_owned(),
                };
                let order = self.begin_at_plate(&page, begin).await?;
                self.tell_order(payee, order, &with).await
            }
            Behind::Order(page) => {
                let payee = page.name().to_owned();
                self.tell_order(payee, page.order, &with).await
            }
        }
    }

    async fn tell_order(
        &self,
        payee: String,
        order: Aggregate,
        with: &PayAs,
    ) -> Result<Told, UseCaseError> {
        if order.order.state != OrderState::Paying {
            return Ok(Told::Refused(OrderAnswer::OutOfUse));
        }
        let (order, leg) = self.pay_order(order.id(), with).await?;
        let Some(leg) = leg else { return Ok(Told::Refused(OrderAnswer::OutOfUse)) };
        let attempt = order.leg_by_no(leg).and_then(|leg| attempt_of(&order, leg));
        // What is being ended may not be told any more.
        let told = attempt.is_some_and(|attempt| attempt.state == AttemptState::Waiting);
        Ok(match told {
            true => Told::Order { payee, order: Box::new(order), leg },
            false => Told::Refused(OrderAnswer::BeingPaid),
        })
    }

    /// In the channel's words, signed by the account that the order goes through.
    async fn say(
        &self,
        asked: &Arc<Account>,
        query_no: &str,
        told: &Told,
    ) -> Result<Option<Response>, Failure> {
        Ok(match told {
            Told::AmountWanted { payee } => {
                let answer = OrderAnswer::AmountWanted { payee };
                asked.connector.answer_order_query(query_no, &answer)
            }
            Told::Refused(answer) => asked.connector.answer_order_query(query_no, answer),
            Told::Order { payee, order, leg } => {
                let leg = order.leg_by_no(*leg).ok_or(Failure::unusable("a new leg"))?;
                let attempt = attempt_of(order, leg).ok_or(Failure::unusable("a new attempt"))?;
                let account = self.account(attempt.channel_account).await?;
                let account = account.ok_or(Failure::unusable("an attempt's channel account"))?;
                let answer = OrderAnswer::Order {
                    payee,
                    attempt: attempt.id,
                    amount: attempt.amount,
                    expires_at: give_up_at(attempt.way, attempt.created_at, order.order.expires_at),
                    notify_url: &self.notice_url(&account),
                };
                account.connector.answer_order_query(query_no, &answer)
            }
        })
    }
}

/// `http://host/q/CODE`: the kind of page and its code.
fn split(address: &str) -> Option<(&str, &str)> {
    let path = address.split(['?', '#']).next()?;
    let (rest, code) = path.rsplit_once('/')?;
    let (_, kind) = rest.rsplit_once('/')?;
    matches!(kind, "q" | "o").then_some((kind, code))
}

fn refusal(refused: Refused) -> OrderAnswer<'static> {
    match refused {
        Refused::Cashier(CashierRefusal::CodeInvalid) => OrderAnswer::NoSuchCode,
        Refused::Cashier(CashierRefusal::AmountInvalid) => OrderAnswer::AmountNotAllowed,
        Refused::Cashier(CashierRefusal::BeingPaid) => OrderAnswer::BeingPaid,
        Refused::Cashier(CashierRefusal::PlateRevoked)
        | Refused::Create(_)
        | Refused::Shift(_)
        | Refused::Case(_)
        | Refused::Activation(_)
        | Refused::Staff(_)
        | Refused::Ceremony(_)
        | Refused::Difference(_)
        | Refused::Leg(_)
        | Refused::Close(_)
        | Refused::Refund(_)
        | Refused::Wallet(_)
        | Refused::PaymentNotFound
        | Refused::LegNotFound
        | Refused::NotificationNotFound
        | Refused::MerchantSuspended => OrderAnswer::OutOfUse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_page_and_its_code() {
        for (address, expect) in [
            ("https://pay.example.com/q/abc", Some(("q", "abc"))),
            ("http://127.0.0.1:8080/o/abc?x=1#y", Some(("o", "abc"))),
            ("http://127.0.0.1:8080/x/abc", None),
            ("abc", None),
            ("", None),
        ] {
            assert_eq!(split(address), expect, "{address}");
        }
    }
}
