//! The card network and its issuers, as an acquirer's host sees them: ISO 8583 in the network's dialect.
//!
//! What was cleared on a day stands in its clearing file (ACOM).
//!
//! It charges, holds (0100), completes holds, gives back, takes advices and answers balances.
//!
//! Any card whose number begins with 62, 4 or 5 exists: its PIN is 123456 and it holds 100,000.00 yuan, or
//! 10.00 where the number ends in 1000, of which it pays a part to a terminal that takes one.
//! What it is asked to pay decides some answers: 9,000.01 to 9,000.99 yuan are refused with the two
//! digits behind the point as the code, and more than 50,000.00 at once with 61. The keys, the numbers
//! and the clock are the network's own; of the platform it knows only bytes.

mod cards;
mod clearing;
mod config;
mod network;
mod wire;

use http::HeaderMap;
use jiff::Timestamp;
use jiff::civil::Date;
use money::{Amount, Currency};

pub use config::CardNetworkConfig;

use crate::core::{
    BookKind, BookLine, Channel, Ctx, Insistence, Letter, PayRefusal, Post, Request, Response,
};
use network::{Kind, Network};

/// The path under which a line's messages come in.
pub(crate) const PATH: &str = "/card-network";

/// 签到 of a line.
pub(crate) fn is_sign_on(message: &[u8]) -> bool {
    let asked = iso8583::CUP_NETWORK.unpack(message).ok();
    asked.is_some_and(|m| m.mti().as_str() == "0820" && wire::text(&m, 70) == "001")
}

#[derive(Debug)]
pub(crate) struct CardNetwork {
    network: Network,
}

impl CardNetwork {
    pub(crate) fn new(config: CardNetworkConfig) -> Self {
        Self { network: Network::new(config) }
    }
}

impl Channel for CardNetwork {
    fn code(&self) -> &'static str {
        "card"
    }

    /// The message type: `0200`, `0420`.
    fn call_name(&self, request: &Request) -> String {
        wire::type_of(request.body())
    }

    fn handle(&mut self, ctx: &mut Ctx<'_>, request: &Request) -> Response {
        wire::response(self.network.handle(ctx.now, request.body()))
    }

    fn busy(&self, now: Timestamp, request: &Request) -> Response {
        wire::response(self.network.refuse(now, request.body(), "96"))
    }

    fn short_of_money(&self, now: Timestamp, request: &Request) -> Response {
        wire::response(self.network.refuse(now, request.body(), "51"))
    }

    /// The code stands at the end.
    fn with_wrong_signature(&self, response: Response) -> Response {
        response.map(|body| {
            let mut bytes = body.to_vec();
            if let Some(last) = bytes.last_mut() {
                *last ^= 1;
            }
            bytes.into()
        })
    }

    fn next_event_at(&self) -> Option<Timestamp> {
        None
    }

    fn advance(&mut self, _ctx: &mut Ctx<'_>) {}

    fn payer_pays(
        &mut self,
        _ctx: &mut Ctx<'_>,
        _order_no: &str,
        _how: Insistence,
    ) -> Result<(), PayRefusal> {
        Err(PayRefusal::UnknownOrder)
    }

    fn post(&self, _now: Timestamp, _letter: &Letter) -> Post {
        Post { headers: HeaderMap::new(), body: bytes::Bytes::new() }
    }

    fn accepts(&self, _status: u16, _body: &[u8]) -> bool {
        true
    }

    fn retry_waits_s(&self) -> &'static [u32] {
        &[]
    }

    fn clearing_file(&self, day: Date) -> Option<Vec<u8>> {
        Some(self.network.clearing_file(day))
    }

    fn drawn(&self) -> i128 {
        self.network.drawn()
    }

    fn books(&self) -> Vec<BookLine> {
        let line = |trade: &network::Trade| {
            let kind = match trade.kind {
                Kind::Charge => BookKind::Pay,
                Kind::Void | Kind::Refund => BookKind::Refund,
                Kind::Hold | Kind::Release => return None,
            };
            Some(BookLine {
                channel: "card",
                account: trade.key.acquirer.clone(),
                order_no: trade.sale_reference.clone(),
                request_no: trade.reference.clone(),
                trade_no: trade.reference.clone(),
                kind,
                amount: Amount::new(trade.amount, Currency::Cny).ok()?,
                status: "00",
                at: trade.at,
            })
        };
        self.network.effective().filter_map(line).collect()
    }
}
