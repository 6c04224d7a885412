//! The sandbox itself: it routes calls to channels, applies faults and keeps time moving.

use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;

use super::{
    AnsweredTwice, BookLine, Channel, Ctx, Delivery, Fault, Faults, Insistence, LOOK, Letter, Luck,
    Notice, NoticeQueue, OrderLine, PayRefusal, Question, Request, Response, Wallets, app,
    questions::luck,
};
use crate::SandboxConfig;
use crate::alipay::Alipay;
use crate::card::CardNetwork;
use crate::phones::{Phone, Phones};
use crate::unionpay::{Codes, ISSUED_PATH, Unionpay};
use crate::wechat::Wechat;

/// Events handled in one go; the bound only stops a channel that never gets ahead of the clock.
const EVENTS_MAX: usize = 1_000_000;

/// All emulated channels, with their payers, notices, faults and books.
#[derive(Debug)]
pub struct Sandbox {
    pub faults: Faults,
    wallets: Wallets,
    notices: NoticeQueue,
    channels: Vec<Box<dyn Channel>>,
    /// Where callers reached the sandbox last; events without a call build their URLs from it.
    base_url: String,
    /// The payers' phones that run beside it, for the list that the simulator shows.
    pub(crate) phones: Vec<Phone>,
    /// What the phones show pages of: its address, and the others it is known by.
    pub(crate) shop: Vec<String>,
    /// What UnionPay knows of codes that are not the gateway's orders.
    pub(crate) codes: Codes,
}

impl Sandbox {
    #[must_use]
    pub fn new(config: SandboxConfig) -> Self {
        let alipay = Alipay::new(config.alipay);
        let wechat = Wechat::new(config.wechat);
        let unionpay = Unionpay::new(config.unionpay);
        Self {
            faults: Faults::default(),
            wallets: Wallets::default(),
            notices: NoticeQueue::default(),
            channels: vec![
                Box::new(alipay),
                Box::new(wechat),
                Box::new(unionpay),
                Box::new(CardNetwork::new(config.card)),
            ],
            base_url: String::new(),
            phones: Vec::new(),
            shop: Vec::new(),
            codes: Codes::default(),
        }
    }

    /// The sandbox with payers' phones beside it: its simulator offers them, and UnionPay has the
    /// domains of their shop registered.
    #[must_use]
    pub fn with_phones(mut self, phones: &Phones) -> Self {
        self.phones = phones.list().to_vec();
        self.shop = phones.shop().to_vec();
        for (host, owner) in phones.hosts() {
            self.codes.register(host, owner);
        }
        self
    }

    /// The sandbox with a shop whose address is registered with UnionPay (`https://pay.example.com`), for
    /// whoever plays without phones.
    #[must_use]
    pub fn with_shop(mut self, shop: &str) -> Self {
        let host = shop.split_once("://").map_or(shop, |(_, host)| host);
        self.codes.register(host, shop);
        self
    }

    /// What a channel must ask the owner of a code before it can answer this request: nothing, but
    /// for the page that UnionPay's apps show of a scanned code. After
    /// [`Self::owner_answered`] the request goes to [`Self::handle`].
    pub fn question(
        &mut self,
        now: Timestamp,
        base_url: &str,
        request: &Request,
    ) -> Option<Question> {
        base_url.clone_into(&mut self.base_url);
        self.advance(now);
        let code = channel_of_path(request.uri().path());
        let at = self.position(code)?;
        let channel = self.channels.get_mut(at)?;
        let mut ctx = Ctx {
            now,
            base_url: &self.base_url,
            wallets: &mut self.wallets,
            notices: &mut self.notices,
            codes: &mut self.codes,
        };
        let mut question = channel.ask_owner(&mut ctx, request)?;
        for fault in self.faults.take(code, question.call) {
            question.after_ms = question.after_ms.saturating_add(delay_ms(fault));
            if question.luck == Luck::Answered {
                question.luck = luck(fault);
            }
            if fault == Fault::WrongSignature {
                let signed = Response::new(question.body);
                question.body = channel.with_wrong_signature(signed).into_body();
            }
        }
        Some(question)
    }

    /// What came of a question: `None` if there was no answer.
    pub fn owner_answered(
        &mut self,
        now: Timestamp,
        question: &Question,
        answer: Option<(u16, Bytes)>,
    ) {
        self.advance(now);
        let at = self.position(question.channel);
        let Some(channel) = at.and_then(|at| self.channels.get_mut(at)) else {
            return;
        };
        let mut ctx = Ctx {
            now,
            base_url: &self.base_url,
            wallets: &mut self.wallets,
            notices: &mut self.notices,
            codes: &mut self.codes,
        };
        channel.owner_said(&mut ctx, question, answer);
    }

    /// One call. The path decides the channel; faults strike before or after the channel's work.
    pub fn handle(&mut self, now: Timestamp, base_url: &str, request: &Request) -> Delivery {
        base_url.clone_into(&mut self.base_url);
        self.advance(now);
        let code = channel_of_path(request.uri().path());
        let Some(at) = self.position(code) else {
            return Delivery::Answer { after_ms: 0, response: plain(StatusCode::NOT_FOUND) };
        };
        let call = self.channels.get(at).map(|c| c.call_name(request)).unwrap_or_default();
        // Whoever only looks at an order uses no rule up.
        let struck = if call == LOOK { Vec::new() } else { self.faults.take(code, &call) };
        let after_ms = struck.iter().map(|fault| delay_ms(*fault)).fold(0, u64::saturating_add);
        match self.answer(now, at, request, &struck) {
            Some(response) => Delivery::Answer { after_ms, response },
            None => Delivery::Dropped { after_ms },
        }
    }

    /// `None` if a fault loses the answer.
    fn answer(
        &mut self,
        now: Timestamp,
        at: usize,
        request: &Request,
        struck: &[Fault],
    ) -> Option<Response> {
        let has = |fault| struck.contains(&fault);
        if has(Fault::LostAnswerBeforeEffect) {
            return None;
        }
        if has(Fault::ServerError) {
            return Some(plain(StatusCode::BAD_GATEWAY));
        }
        let channel = self.channels.get_mut(at)?;
        let mut response = if has(Fault::SystemBusy) {
            channel.busy(now, request)
        } else if has(Fault::MerchantShort) {
            channel.short_of_money(now, request)
        } else {
            let mut ctx = Ctx {
                now,
                base_url: &self.base_url,
                wallets: &mut self.wallets,
                notices: &mut self.notices,
                codes: &mut self.codes,
            };
            if has(Fault::PayerRefuses) {
                channel.payer_refuses(&mut ctx, request)
            } else {
                channel.handle(&mut ctx, request)
            }
        };
        self.notices.dispatch(now, &mut self.faults);
        if has(Fault::LostAnswerAfterEffect) {
            return None;
        }
        if has(Fault::ServerErrorAfterEffect) {
            return Some(plain(StatusCode::BAD_GATEWAY));
        }
        if has(Fault::SystemBusyAfterEffect) {
            response = channel.busy(now, request);
        }
        if has(Fault::WrongSignature) {
            response = channel.with_wrong_signature(response);
        }
        if has(Fault::DuplicateAnswer) {
            response.extensions_mut().insert(AnsweredTwice);
        }
        Some(response)
    }

    /// Everything that happened without a call until `now`, in its order and at its own time.
    fn advance(&mut self, now: Timestamp) {
        for _ in 0..EVENTS_MAX {
            let next = self.channels.iter_mut().filter_map(|c| c.next_event_at().map(|t| (t, c)));
            let Some((due, channel)) = next.min_by_key(|(due, _)| *due) else {
                return;
            };
            if due > now {
                return;
            }
            let mut ctx = Ctx {
                now: due,
                base_url: &self.base_url,
                wallets: &mut self.wallets,
                notices: &mut self.notices,
                codes: &mut self.codes,
            };
            channel.advance(&mut ctx);
            self.notices.dispatch(due, &mut self.faults);
        }
    }

    /// The notices whose time has come, signed for this delivery. Each of them must be answered by
    /// [`Self::notice_answered`].
    pub fn due_notices(&mut self, now: Timestamp) -> Vec<Notice> {
        self.advance(now);
        let mut due = Vec::new();
        while let Some((id, letter, attempt)) = self.notices.take_due(now) {
            due.extend(self.notice(now, id, letter, attempt));
        }
        due
    }

    fn notice(&self, now: Timestamp, id: u64, letter: Letter, attempt: u32) -> Option<Notice> {
        let channel = self.channels.iter().find(|c| c.code() == letter.channel)?;
        let post = channel.post(now, &letter);
        Some(Notice {
            id,
            channel: letter.channel,
            url: letter.url,
            headers: post.headers,
            body: post.body,
            subject: letter.subject,
            attempt,
        })
    }

    /// What came of a notice: `None` if there was no answer. The channel's own schedule decides
    /// whether and when it is sent again.
    pub fn notice_answered(
        &mut self,
        now: Timestamp,
        notice: &Notice,
        status: Option<u16>,
        body: &[u8],
    ) {
        let Some(channel) = self.channels.iter().find(|c| c.code() == notice.channel) else {
            return;
        };
        if status.is_some_and(|status| channel.accepts(status, body)) {
            self.notices.accepted(notice.id);
        } else {
            self.notices.refused(now, notice.id, channel.retry_waits_s());
        }
    }

    /// When [`Self::due_notices`] should be called next: something is sent or happens by itself.
    #[must_use]
    pub fn next_notice_at(&self) -> Option<Timestamp> {
        let events = self.channels.iter().filter_map(|channel| channel.next_event_at());
        events.chain(self.notices.next_at()).min()
    }

    /// The payer confirms his password, or scans the dynamic code, and pays.
    ///
    /// # Errors
    /// [`PayRefusal`]; [`PayRefusal::Closed`] never with [`Insistence::EvenIfClosed`].
    pub fn payer_pays(
        &mut self,
        now: Timestamp,
        channel: &str,
        order_no: &str,
        how: Insistence,
    ) -> Result<(), PayRefusal> {
        self.advance(now);
        let at = self.position(channel).ok_or(PayRefusal::UnknownChannel)?;
        let side = self.channels.get_mut(at).ok_or(PayRefusal::UnknownChannel)?;
        let mut ctx = Ctx {
            now,
            base_url: &self.base_url,
            wallets: &mut self.wallets,
            notices: &mut self.notices,
            codes: &mut self.codes,
        };
        side.payer_pays(&mut ctx, order_no, how)?;
        self.notices.dispatch(now, &mut self.faults);
        Ok(())
    }

    /// Every effective payment and refund of all channels, and nothing else, by time.
    #[must_use]
    pub fn books(&self) -> Vec<BookLine> {
        let mut lines: Vec<_> = self.channels.iter().flat_map(|channel| channel.books()).collect();
        lines.sort_by_key(|line| line.at);
        lines
    }

    /// Every order that payers can be shown, of all channels, by time.
    #[must_use]
    pub fn orders(&self) -> Vec<OrderLine> {
        let mut lines: Vec<_> = self.channels.iter().flat_map(|channel| channel.orders()).collect();
        lines.sort_by_key(|line| line.at);
        lines
    }

    /// What a channel cleared on a day; none where there is no such channel or it has no such file.
    #[must_use]
    pub fn clearing_file(&self, channel: &str, day: Date) -> Option<Vec<u8>> {
        let at = self.position(channel)?;
        self.channels.get(at)?.clearing_file(day)
    }

    /// What a channel's payers are down by, in fen: charged, or held.
    #[must_use]
    pub fn drawn(&self, channel: &str) -> i128 {
        let found = self.position(channel).and_then(|at| self.channels.get(at));
        found.map_or(0, |channel| channel.drawn())
    }

    fn position(&self, code: &str) -> Option<usize> {
        self.channels.iter().position(|channel| channel.code() == code)
    }
}

/// The channels keep their own paths, so that a client only changes the host.
fn channel_of_path(path: &str) -> &'static str {
    if path == "/gateway.do" {
        "alipay"
    } else if path == crate::card::PATH {
        "card"
    } else if path == crate::alipay::AUTHORIZE_PATH {
        "alipay"
    } else if ["/gateway/api/", crate::unionpay::APP_PATH, ISSUED_PATH]
        .iter()
        .any(|own| path.starts_with(own))
    {
        "unionpay"
    } else if path.starts_with("/sandbox/") {
        match app::channel_of(path) {
            Some("alipay") => "alipay",
            Some("wechat") => "wechat",
            Some("unionpay") => "unionpay",
            Some(_) | None => "",
        }
    } else if path.starts_with("/v3/alipay/") {
        // Alipay's REST interface is not emulated, and is no business of WeChat Pay either.
        ""
    } else {
        "wechat"
    }
}

const fn delay_ms(fault: Fault) -> u64 {
    match fault {
        Fault::Delay { ms } => ms,
        Fault::LostAnswerAfterEffect
        | Fault::LostAnswerBeforeEffect
        | Fault::ServerError
        | Fault::ServerErrorAfterEffect
        | Fault::WrongSignature
        | Fault::DuplicateAnswer
        | Fault::SystemBusy
        | Fault::SystemBusyAfterEffect
        | Fault::MerchantShort
        | Fault::PayerRefuses
        | Fault::NoNotice
        | Fault::DuplicateNotice
        | Fault::LateNotice { .. }
        | Fault::ReorderNotices => 0,
    }
}

fn plain(status: StatusCode) -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
