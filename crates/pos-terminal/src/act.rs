//! What the terminal does for each act, and the slip that comes of it.

use iso8583::cup::{CardGroup, Flag, GroupTotals, ROWS_MAX, Totals, write_digit_tags};
use iso8583::frame::Wish;
use iso8583::{Builder, CUP_POS, tlv};
use secret::Pan;

use crate::device::{Device, Heard, Pending};
use crate::error::Failed;
use crate::journal::{Entry, Side, Sums, is_foreign};
use crate::script::{Act, Card};
use crate::slip::Slip;

/// What came of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// In words.
    Said(String),
    /// Approved, with the paper for it.
    Slip(Box<Slip>),
    /// Field 39 of a refusal.
    Refused(String),
    /// No answer came; whether the reversal was taken.
    Lost {
        reversed: bool,
    },
    /// The last answer was not what the script expects.
    Unexpected {
        wanted: String,
        was: String,
    },
    Quit,
}

const DONE: &str = "00";
/// 部分承兑: the answer says of how much.
const PART: &str = "10";
/// Field 39 of a reversal: no answer came in time.
const NO_ANSWER: &str = "98";
/// How often a reversal is said.
const REVERSALS_MAX: u32 = 3;
/// Field 25 of the family of pre-authorization.
const HOLD: &str = "06";
const PLAIN: &str = "00";

/// A transaction as a terminal's menu has it.
#[derive(Debug)]
pub(crate) struct Form {
    mti: &'static str,
    processing: &'static str,
    kind: u8,
    condition: &'static str,
    title: (&'static str, &'static str),
    side: Option<Side>,
    /// Whether a lost answer is reversed.
    reversible: bool,
}

const SALE: Form = Form {
    mti: "0200",
    processing: "000000",
    kind: 22,
    condition: PLAIN,
    title: ("消费", "SALE"),
    side: Some(Side::Debit),
    reversible: true,
};
const OFFLINE: Form =
    Form {
        mti: "0220", kind: 30, title: ("离线消费", "OFFLINE SALE"), reversible: false, ..SALE
    };
const SALE_VOID: Form = Form {
    processing: "200000",
    kind: 23,
    title: ("消费撤销", "VOID"),
    side: Some(Side::Credit),
    ..SALE
};
const REFUND: Form = Form {
    mti: "0220",
    processing: "200000",
    kind: 25,
    title: ("退货", "REFUND"),
    side: Some(Side::Credit),
    reversible: false,
    ..SALE
};
const AUTHORIZATION: Form = Form {
    mti: "0100",
    processing: "030000",
    kind: 10,
    condition: HOLD,
    title: ("预授权", "AUTHORIZATION"),
    side: None,
    ..SALE
};
const AUTHORIZATION_VOID: Form = Form {
    processing: "200000",
    kind: 11,
    title: ("预授权撤销", "AUTHORIZATION VOID"),
    ..AUTHORIZATION
};
const COMPLETION: Form =
    Form { kind: 20, condition: HOLD, title: ("预授权完成", "COMPLETION"), ..SALE };
const COMPLETION_ADVICE: Form = Form { mti: "0220", kind: 24, reversible: false, ..COMPLETION };
const COMPLETION_VOID: Form = Form {
    processing: "200000",
    kind: 21,
    title: ("预授权完成撤销", "COMPLETION VOID"),
    side: Some(Side::Credit),
    ..COMPLETION
};

impl Device {
    /// Does one act.
    ///
    /// # Errors
    /// [`Failed`] where the host cannot be spoken with, or the act cannot be done here.
    pub async fn act(&mut self, act: Act) -> Result<Done, Failed> {
        let is_quiet = matches!(
            act,
            Act::SignOn | Act::Lose | Act::Journal | Act::Help | Act::Quit | Act::Expect(_)
        );
        if !is_quiet && let Some(done) = self.end_pending().await? {
            return Ok(done);
        }
        if self.settling && !is_quiet && act != Act::Settle {
            self.settle().await?;
        }
        match act {
            Act::SignOn => self.sign_on().await,
            Act::SignOff => self.sign_off().await,
            Act::Echo => self.manage("0820", 301, None).await.map(|heard| said(&heard)),
            Act::Load => self.load().await,
            Act::Sale { fen, card } => self.by_card(&SALE, fen, card).await,
            Act::Offline { fen, card } => self.by_card(&OFFLINE, fen, card).await,
            Act::Authorize { fen, card } => self.by_card(&AUTHORIZATION, fen, card).await,
            Act::Scan { code, fen } => self.by_code(&code, fen).await,
            Act::Balance { card } => self.balance(card).await,
            Act::Complete { trace, fen, advice } => {
                let form = if advice { &COMPLETION_ADVICE } else { &COMPLETION };
                self.about(form, trace, Some(fen)).await
            }
            Act::Void { trace } => self.void(trace).await,
            Act::Refund { trace, fen } => self.about(&REFUND, trace, Some(fen)).await,
            Act::Settle => self.settle().await,
            Act::Repeat => self.repeat().await,
            Act::Lose => {
                self.loses = true;
                Ok(Done::Said("the next answer will be lost".to_owned()))
            }
            Act::Card(card) => {
                Pan::parse(&card.pan).ok_or(Failed::BadCard)?;
                self.card = card;
                Ok(Done::Said("card taken".to_owned()))
            }
            Act::Journal => Ok(Done::Said(self.shown_journal())),
            Act::Expect(wanted) if wanted == self.last_code => {
                Ok(Done::Said("as expected".to_owned()))
            }
            Act::Expect(wanted) => Ok(Done::Unexpected { wanted, was: self.last_code.clone() }),
            Act::Help => Ok(Done::Said(Act::HELP.to_owned())),
            Act::Quit => Ok(Done::Quit),
        }
    }

    async fn sign_on(&mut self) -> Result<Done, Failed> {
        let heard = self.manage("0800", self.sign_on_code(), None).await?;
        if heard.field(39) != DONE {
            return Ok(Done::Refused(heard.field(39).to_owned()));
        }
        self.take_keys(&heard.bytes(62))?;
        let batch = heard.field(60).get(2..8).and_then(|digits| digits.parse().ok());
        self.batch = batch.unwrap_or(self.batch);
        let wish = if heard.wish == Wish::NOTHING { "" } else { "; the host asks to `load`" };
        Ok(Done::Said(format!("signed on, batch {:06}{wish}", self.batch)))
    }

    async fn sign_off(&mut self) -> Result<Done, Failed> {
        let heard = self.manage("0820", 2, None).await?;
        self.forget_keys();
        Ok(said(&heard))
    }

    /// A message without a code.
    async fn manage(
        &mut self,
        mti: &str,
        network: u16,
        field_62: Option<&[u8]>,
    ) -> Result<Heard, Failed> {
        let mut message = self.begin(mti)?;
        message.set(60, &format!("00{:06}{network:03}", self.batch))?;
        if let Some(bytes) = field_62 {
            message.put(62, bytes)?;
        }
        if mti == "0800" && network < 10 {
            message.set(63, "01 ")?;
        }
        self.exchange(&message.pack()).await
    }

    /// Loads what the host wishes until it wishes nothing.
    async fn load(&mut self) -> Result<Done, Failed> {
        let mut loaded = Vec::new();
        let mut wish = self.manage("0820", 301, None).await?.wish;
        for _ in 0..3 {
            let (what, list, one, end) = match wish {
                Wish::LOAD_CA_KEYS => ("public keys", Some(372), 370, 371),
                Wish::LOAD_IC_PARAMETERS => ("applications", Some(382), 380, 381),
                Wish::LOAD_MAGNETIC_PARAMETERS => ("parameters", None, 360, 361),
                _ => break,
            };
            let count = match list {
                Some(list) => self.load_all(list, one).await?,
                None => usize::from(!self.manage("0800", one, None).await?.field(62).is_empty()),
            };
            loaded.push(format!("{count} {what}"));
            wish = self.manage("0800", end, None).await?.wish;
        }
        let said = if loaded.is_empty() { "nothing to load".to_owned() } else { loaded.join(", ") };
        Ok(Done::Said(said))
    }

    /// The list in parts, then each entry by its name.
    async fn load_all(&mut self, list: u16, one: u16) -> Result<usize, Failed> {
        let mut names: Vec<Vec<u8>> = Vec::new();
        loop {
            let has = format!("1{:02}", names.len());
            let heard = self.manage("0820", list, Some(has.as_bytes())).await?.bytes(62);
            let Some((digit, rest)) = heard.split_first() else { break };
            for element in tlv::parse(62, rest)? {
                match element.tag {
                    0x9F06 => {
                        let mut name = Vec::new();
                        tlv::write(62, element.tag, element.value, &mut name)?;
                        names.push(name);
                    }
                    0x9F22 => {
                        if let Some(name) = names.last_mut() {
                            tlv::write(62, element.tag, element.value, name)?;
                        }
                    }
                    _ => {}
                }
            }
            if *digit != b'2' {
                break;
            }
        }
        let mut count = 0;
        for name in &names {
            let heard = self.manage("0800", one, Some(name)).await?.bytes(62);
            count += usize::from(heard.first() == Some(&b'1'));
        }
        Ok(count)
    }

    async fn by_card(
        &mut self,
        form: &'static Form,
        fen: u64,
        card: Option<Card>,
    ) -> Result<Done, Failed> {
        let card = self.shown(card)?;
        let message = self.card_message(form, Some(fen), &card)?;
        self.transact(form, message, (card.pan, fen)).await
    }

    async fn by_code(&mut self, code: &str, fen: u64) -> Result<Done, Failed> {
        let mut message = self.money(&SALE, Some(fen), "032")?;
        message.put(59, &write_digit_tags(&[(*b"A3", code.as_bytes())])?)?;
        self.transact(&SALE, message, (String::new(), fen)).await
    }

    async fn balance(&mut self, card: Option<Card>) -> Result<Done, Failed> {
        let form = Form { processing: "310000", kind: 1, ..SALE };
        let card = self.shown(card)?;
        let message = self.card_message(&form, None, &card)?;
        let bytes = self.sealed(&message)?;
        let heard = self.exchange(&bytes).await?;
        if heard.field(39) != DONE {
            return Ok(Done::Refused(heard.field(39).to_owned()));
        }
        let left = heard.field(54).get(8..20).and_then(|digits| digits.parse().ok());
        Ok(Done::Said(format!("balance {}", left.map_or("unknown".to_owned(), yuan))))
    }

    async fn void(&mut self, trace: u32) -> Result<Done, Failed> {
        let entry = self.journal.find(trace).ok_or(Failed::NoSuchTrace)?;
        let form = match entry.title.1 {
            title if title == AUTHORIZATION.title.1 => &AUTHORIZATION_VOID,
            title if title == COMPLETION.title.1 => &COMPLETION_VOID,
            _ => &SALE_VOID,
        };
        self.about(form, trace, None).await
    }

    /// A transaction about an earlier one: over its amount, or another.
    async fn about(
        &mut self,
        form: &'static Form,
        trace: u32,
        fen: Option<u64>,
    ) -> Result<Done, Failed> {
        let of = self.journal.find(trace).ok_or(Failed::NoSuchTrace)?.clone();
        let fen = fen.unwrap_or(of.fen);
        let mut message = if of.pan.is_empty() {
            let mut message = self.money(form, Some(fen), "032")?;
            message.put(59, of.voucher.clone().unwrap_or_default().as_bytes())?;
            message
        } else {
            let card = Card { pan: of.pan.clone(), pin: None };
            self.card_message(form, Some(fen), &card)?
        };
        message.set(37, &of.reference)?;
        if !of.auth_code.is_empty() {
            message.set(38, &of.auth_code)?;
        }
        let named = match form.condition {
            HOLD if form.kind != COMPLETION_VOID.kind => format!("{:012}{}", 0, of.date),
            _ => format!("{:06}{:06}{}", of.batch, of.trace, of.date),
        };
        message.set(61, &named)?;
        self.transact(form, message, (of.pan, fen)).await
    }

    /// The card that is held against the terminal now.
    fn shown(&self, card: Option<Card>) -> Result<Card, Failed> {
        let mut card = card.unwrap_or_else(|| self.card.clone());
        if card.pan.is_empty() {
            card.pan.clone_from(&self.card.pan);
        }
        Pan::parse(&card.pan).ok_or(Failed::BadCard)?;
        Ok(card)
    }

    fn money(
        &mut self,
        form: &Form,
        fen: Option<u64>,
        entry: &str,
    ) -> Result<Builder<'static>, Failed> {
        let mut message = self.begin(form.mti)?;
        message.set(3, form.processing)?;
        if let Some(fen) = fen {
            message.set_number(4, fen)?;
        }
        message.set(22, entry)?;
        message.set(25, form.condition)?;
        message.set(49, "156")?;
        message.set(60, &format!("{:02}{:06}000501", form.kind, self.batch))?;
        Ok(message)
    }

    fn card_message(
        &mut self,
        form: &Form,
        fen: Option<u64>,
        card: &Card,
    ) -> Result<Builder<'static>, Failed> {
        let entry = if card.pin.is_some() { "021" } else { "022" };
        let mut message = self.money(form, fen, entry)?;
        message.set(2, &card.pan)?;
        let (track, enciphered) = self.track(&card.pan);
        message.set(35, &track)?;
        let block = match &card.pin {
            Some(pin) => Some(self.pin_block(&card.pan, pin)?),
            None => None,
        };
        if let Some(block) = &block {
            message.set(26, "12")?;
            match block.len() {
                8 => message.put(52, block)?,
                _ => message.put(59, &write_digit_tags(&[(*b"A1", block)])?)?,
            }
        }
        // Which PIN format, by which cipher, and whether the track is enciphered.
        let pin = match &block {
            None => "00",
            Some(block) if block.len() == 8 => "26",
            Some(_) => "24",
        };
        if block.is_some() || enciphered {
            message.set(53, &format!("{pin}{}0000000000000", u8::from(enciphered)))?;
        }
        Ok(message)
    }

    /// Says a transaction, keeps what was approved, and reverses what was lost.
    async fn transact(
        &mut self,
        form: &'static Form,
        message: Builder<'static>,
        (pan, fen): (String, u64),
    ) -> Result<Done, Failed> {
        self.last = Some(self.sealed(&message)?);
        // Kept before it is said: whoever dies in between finds it.
        let pending = Pending { form, message, pan, fen };
        self.pending = Some(pending.clone());
        self.say(pending).await
    }

    async fn say(&mut self, pending: Pending) -> Result<Done, Failed> {
        let bytes = self.sealed(&self.under_keys_of_now(&pending)?)?;
        let heard = match self.exchange(&bytes).await {
            Ok(heard) => heard,
            Err(Failed::NoAnswer | Failed::WrongMac | Failed::Unreadable(_))
                if pending.form.reversible =>
            {
                return self.reverse().await;
            }
            // What is only said is said again, now or before whatever comes next.
            Err(Failed::NoAnswer) => self.exchange(&bytes).await?,
            Err(failed @ Failed::Unreachable(_)) => {
                self.pending = None;
                return Err(failed);
            }
            Err(failed) => return Err(failed),
        };
        if heard.field(39) == NO_ANSWER && pending.form.reversible {
            return self.reverse().await;
        }
        // Said under keys that are no more: signed on again, it is said again.
        if matches!(heard.field(39), "A0" | "77") && !pending.form.reversible {
            return Ok(Done::Refused(heard.field(39).to_owned()));
        }
        self.pending = None;
        match heard.field(39) {
            DONE => Ok(self.keep(&pending, &heard)),
            PART => {
                let fen = heard.field(4).parse().unwrap_or_default();
                Ok(self.keep(&Pending { fen, ..pending }, &heard))
            }
            code => Ok(Done::Refused(code.to_owned())),
        }
    }

    /// What is said again after a sign-on has its track under the new key.
    fn under_keys_of_now(&self, pending: &Pending) -> Result<Builder<'static>, Failed> {
        let mut message = pending.message.clone();
        if !pending.pan.is_empty() {
            message.remove(35);
            message.set(35, &self.track(&pending.pan).0)?;
        }
        Ok(message)
    }

    fn keep(&mut self, pending: &Pending, heard: &Heard) -> Done {
        let text = |number| heard.field(number).to_owned();
        let entry = Entry {
            trace: heard.field(11).parse().unwrap_or_default(),
            batch: heard.field(60).get(2..8).and_then(|b| b.parse().ok()).unwrap_or(self.batch),
            title: pending.form.title,
            side: pending.form.side,
            pan: pending.pan.clone(),
            fen: pending.fen,
            reference: text(37),
            auth_code: text(38),
            date: text(13),
            voucher: Some(text(59)).filter(|voucher| !voucher.is_empty()),
        };
        let slip = self.slip(&entry, heard);
        self.journal.entries.push(entry);
        Done::Slip(Box::new(slip))
    }

    /// What was said and not answered comes first: given up where it can be reversed, else said again.
    /// None where nothing is left of it.
    async fn end_pending(&mut self) -> Result<Option<Done>, Failed> {
        let Some(pending) = self.pending.clone() else { return Ok(None) };
        if pending.form.reversible {
            let done = self.reverse().await?;
            return Ok((done != Done::Lost { reversed: true }).then_some(done));
        }
        self.say(pending).await?;
        Ok(self.pending.is_some().then_some(Done::Lost { reversed: false }))
    }

    /// 冲正: gives up what was said and not answered. Until that is taken nothing else is said.
    async fn reverse(&mut self) -> Result<Done, Failed> {
        let Some(original) = &self.pending else {
            return Ok(Done::Lost { reversed: true });
        };
        let original = original.message.pack();
        let read = CUP_POS.unpack(&original)?;
        let mut message = Builder::new(&CUP_POS, "0400");
        for field in [2, 3, 4, 11, 22, 25, 38, 41, 42, 49, 59, 60, 61] {
            message.copy(field, &read)?;
        }
        message.set(39, NO_ANSWER)?;
        for _ in 0..REVERSALS_MAX {
            let bytes = self.sealed(&message)?;
            if let Ok(heard) = self.exchange(&bytes).await {
                // 12 and 25 are ends, too: there is nothing to reverse.
                let taken = matches!(heard.field(39), DONE | "12" | "25");
                if taken {
                    self.pending = None;
                }
                return Ok(Done::Lost { reversed: taken });
            }
        }
        Ok(Done::Lost { reversed: false })
    }

    async fn repeat(&mut self) -> Result<Done, Failed> {
        let Some(bytes) = self.last.clone() else {
            return Ok(Done::Said("nothing was said yet".to_owned()));
        };
        self.exchange(&bytes).await.map(|heard| said(&heard))
    }

    /// 批结算: totals; where they differ the journal row by row; the next batch.
    async fn settle(&mut self) -> Result<Done, Failed> {
        self.settling = true;
        let totals = self.journal.totals();
        let [domestic, foreign] = totals;
        let asked =
            Totals { domestic: group(domestic), foreign: group(foreign), ..Totals::default() };
        let mut message = self.begin("0500")?;
        message.set(48, &asked.to_string())?;
        message.set(49, "156")?;
        message.set(60, &format!("00{:06}201", self.batch))?;
        message.set(63, "01 ")?;
        let heard = self.exchange(&message.pack()).await?;
        let Ok(told) = Totals::parse(heard.field(48).as_bytes()) else {
            return Ok(Done::Refused(heard.field(39).to_owned()));
        };
        let balanced = (told.domestic_flag, told.foreign_flag) == (Flag::Agreed, Flag::Agreed);
        if !balanced {
            self.upload().await?;
        }
        let (rows, end) = if balanced { (0, 207) } else { (self.journal.counted().count(), 202) };
        let mut message = self.begin("0320")?;
        message.set(48, &format!("{rows:04}"))?;
        message.set(60, &format!("00{:06}{end}", self.batch))?;
        self.exchange(&message.pack()).await?;
        let slip = self.settlement_slip(&totals, balanced);
        self.sign_on().await?;
        self.settled = (self.settled.0 + 1, self.settled.1 + self.journal.net());
        self.journal.entries.clear();
        self.settling = false;
        Ok(Done::Slip(Box::new(slip)))
    }

    async fn upload(&mut self) -> Result<(), Failed> {
        let row = |entry: &Entry| {
            let foreign = is_foreign(&entry.pan);
            let group = if foreign { CardGroup::Foreign } else { CardGroup::Domestic };
            format!("{}{:06}{:0>20}{:012}", group.digits(), entry.trace, entry.pan, entry.fen)
        };
        let rows: Vec<String> = self.journal.counted().map(|(entry, _)| row(entry)).collect();
        for part in rows.chunks(ROWS_MAX) {
            let mut message = self.begin("0320")?;
            message.set(48, &format!("{:02}{}", part.len(), part.concat()))?;
            message.set(60, &format!("00{:06}201", self.batch))?;
            self.exchange(&message.pack()).await?;
        }
        Ok(())
    }

    fn slip(&self, entry: &Entry, heard: &Heard) -> Slip {
        let mut slip = Slip::default();
        let by_code = entry.pan.is_empty();
        slip.centre(if by_code { "扫码支付凭证" } else { "银行卡签购单" });
        slip.centre(if by_code { "QR PAYMENT SLIP" } else { "CARD SALES SLIP" });
        slip.rule();
        slip.pair("商户编号 MERCHANT", &self.merchant_code);
        slip.pair("终端编号 TERMINAL", &self.terminal_no);
        slip.pair("交易类型 TYPE", entry.title.0);
        slip.pair("", entry.title.1);
        if !by_code {
            let institutions = heard.field(44);
            slip.pair("发卡行 ISSUER", institutions.get(..11).unwrap_or_default().trim());
            slip.pair("卡号 CARD NO.", &iso8583::mask_pan(&entry.pan));
        }
        slip.pair("批次号 BATCH", &format!("{:06}", entry.batch));
        slip.pair("凭证号 TRACE", &format!("{:06}", entry.trace));
        slip.pair("参考号 REF.", &entry.reference);
        if !entry.auth_code.is_empty() {
            slip.pair("授权码 AUTH", &entry.auth_code);
        }
        if let Some(voucher) = entry.voucher.as_deref().and_then(|voucher| voucher.get(5..)) {
            slip.pair("付款凭证号 VOUCHER", voucher);
        }
        slip.pair("日期时间 TIME", &time(self.settings.year, heard));
        slip.pair("金额 AMOUNT", &format!("RMB {}", yuan(entry.fen)));
        slip.rule();
        if !by_code {
            slip.line("持卡人签名 SIGNATURE");
            slip.line("");
            slip.line("本人确认以上交易");
            slip.rule();
        }
        slip.centre("商户存根 MERCHANT COPY");
        slip
    }

    fn settlement_slip(&self, totals: &[Sums; 2], balanced: bool) -> Slip {
        let mut slip = Slip::default();
        slip.centre("结算单 SETTLEMENT");
        slip.rule();
        slip.pair("商户编号 MERCHANT", &self.merchant_code);
        slip.pair("终端编号 TERMINAL", &self.terminal_no);
        slip.pair("批次号 BATCH", &format!("{:06}", self.batch));
        for (title, sums) in [("内卡 DOMESTIC", totals[0]), ("外卡 FOREIGN", totals[1])] {
            slip.rule();
            slip.line(title);
            slip.pair(&format!("借记 DEBIT  {}笔", sums.debits), &yuan(sums.debit_fen));
            slip.pair(&format!("贷记 CREDIT {}笔", sums.credits), &yuan(sums.credit_fen));
        }
        let scans = || self.journal.entries.iter().filter(|entry| entry.pan.is_empty());
        let signed = |entry: &Entry| match entry.side {
            Some(Side::Debit) => i128::from(entry.fen),
            Some(Side::Credit) => -i128::from(entry.fen),
            None => 0,
        };
        let sum: i128 = scans().map(signed).sum();
        slip.rule();
        slip.line("扫码 QR");
        slip.pair(
            &format!("净额 NET    {}笔", scans().count()),
            &format!("{}.{:02}", sum / 100, sum.abs() % 100),
        );
        slip.rule();
        slip.centre(if balanced { "对账平 BALANCED" } else { "对账不平 NOT BALANCED" });
        slip
    }

    fn shown_journal(&self) -> String {
        let row = |entry: &Entry| {
            let pan =
                if entry.pan.is_empty() { "QR".to_owned() } else { iso8583::mask_pan(&entry.pan) };
            format!("{:06}  {:<18}  {:>14}  {pan}", entry.trace, entry.title.1, yuan(entry.fen))
        };
        let rows: Vec<String> = self.journal.entries.iter().map(row).collect();
        if rows.is_empty() { "nothing in this batch".to_owned() } else { rows.join("\n") }
    }
}

fn said(heard: &Heard) -> Done {
    match heard.field(39) {
        DONE => Done::Said("done".to_owned()),
        code => Done::Refused(code.to_owned()),
    }
}

fn group(sums: Sums) -> GroupTotals {
    let count = |n: u32| u16::try_from(n % 1_000).unwrap_or_default();
    GroupTotals {
        debit_amount: sums.debit_fen,
        debit_count: count(sums.debits),
        credit_amount: sums.credit_fen,
        credit_count: count(sums.credits),
    }
}

/// As this market writes amounts.
fn yuan(fen: u64) -> String {
    let (whole, part) = ((fen / 100).to_string(), fen % 100);
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped}.{part:02}")
}

/// Fields 13 and 12 with our year: the host says none.
fn time(year: i16, heard: &Heard) -> String {
    let part =
        |number, range: std::ops::Range<usize>| heard.field(number).get(range).unwrap_or("00");
    format!(
        "{year}-{}-{} {}:{}:{}",
        part(13, 0..2),
        part(13, 2..4),
        part(12, 0..2),
        part(12, 2..4),
        part(12, 4..6)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_in_thousands() {
        for (fen, expect) in
            [(0, "0.00"), (1, "0.01"), (123_456, "1,234.56"), (100_000_000, "1,000,000.00")]
        {
            assert_eq!(yuan(fen), expect);
        }
    }
}
