//! Terminals over TCP: what they are told, what the books say, what the network's books say.

use crypto::pos::{BlockKey, MacAlgorithm, MacForm, Pin, PinFormat, pos_mac, seal_pin, unwrap_key};
use iso8583::frame::{Envelope, Frame, Header, Tpdu};
use iso8583::{Builder, CUP_POS};
use secret::Pan;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::stage::Stage;

const PAN: &str = "6222021234567890128";
const MERCHANT_CODE: &str = "305310058120001";

/// A terminal in software, with what it knows between messages.
pub(crate) struct Terminal {
    address: String,
    number: String,
    header: bool,
    master: BlockKey,
    pin: Option<BlockKey>,
    mac: Option<BlockKey>,
    batch: u32,
    trace: u32,
}

/// What came back: field by field, as shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    mti: String,
    header: String,
    fields: Vec<(u8, String)>,
}

impl Heard {
    pub(crate) fn field(&self, number: u8) -> &str {
        let found = self.fields.iter().find(|(n, _)| *n == number);
        found.map_or("", |(_, value)| value)
    }
}

impl Terminal {
    /// Registers before the server runs on the folder.
    fn register(stage: &mut Stage, number: &str) -> Self {
        stage.stop();
        let merchant = stage.key.merchant.clone();
        let made = stage.admin_json(&["register-pos", &merchant, number, MERCHANT_CODE]);
        stage.start();
        let part = |at: usize| {
            let digits = made["master_key_components"][at]["key"].as_str().unwrap();
            BlockKey::des(&hex::decode(digits).unwrap()).unwrap()
        };
        let master = crypto::pos::combine(&[part(0), part(1)]).unwrap();
        assert_eq!(made["master_check_value"], master.check_value().to_string());
        Self::with_key(stage, number, master)
    }

    /// One that has its master key.
    pub(crate) fn with_key(stage: &Stage, number: &str, master: BlockKey) -> Self {
        Self {
            address: stage.terminals.clone(),
            number: number.to_owned(),
            header: true,
            master,
            pin: None,
            mac: None,
            batch: 1,
            trace: 0,
        }
    }

    fn begin(&mut self, mti: &str) -> Builder<'static> {
        self.trace += 1;
        let mut message = Builder::new(&CUP_POS, mti);
        message.set_number(11, u64::from(self.trace)).unwrap();
        message.set(41, &self.number).unwrap();
        message.set(42, MERCHANT_CODE).unwrap();
        message
    }

    fn money(&mut self, mti: &str, (processing, kind): (&str, u8), fen: u64) -> Builder<'static> {
        let mut message = self.begin(mti);
        message.set(3, processing).unwrap();
        message.set_number(4, fen).unwrap();
        message.set(2, PAN).unwrap();
        message.set(22, "021").unwrap();
        message.set(25, "00").unwrap();
        message.set(35, &format!("{PAN}=30122201000000000")).unwrap();
        message.set(49, "156").unwrap();
        message.set(60, &format!("{kind:02}{:06}000501", self.batch)).unwrap();
        message
    }

    pub(crate) fn sale(&mut self, fen: u64) -> Builder<'static> {
        self.money("0200", ("000000", 22), fen)
    }

    /// A sale by a payer's code.
    fn by_code(&mut self, fen: u64) -> Builder<'static> {
        let mut sale = self.sale(fen);
        [2, 35].iter().for_each(|field| sale.remove(*field));
        sale.set(22, "032").unwrap();
        let code = crate::stage::payer_code("28", u64::from(self.trace), "00");
        sale.put(59, format!("A3{:03}{code}", code.len()).as_bytes()).unwrap();
        sale
    }

    /// A void of the sale under a trace of this batch.
    fn void(&mut self, of: u32, fen: u64) -> Builder<'static> {
        let mut void = self.money("0200", ("200000", 23), fen);
        void.set(61, &format!("{:06}{of:06}", self.batch)).unwrap();
        void
    }

    fn reversal(&self, of: &Builder<'static>, fen: u64) -> Builder<'static> {
        let original = of.pack();
        let read = CUP_POS.unpack(&original).unwrap();
        let mut message = Builder::new(&CUP_POS, "0400");
        for field in [2, 3, 11, 22, 25, 41, 42, 49, 60] {
            message.copy(field, &read).unwrap();
        }
        message.set_number(4, fen).unwrap();
        message.set(39, "98").unwrap();
        message
    }

    fn sealed(&self, message: &Builder<'static>) -> Vec<u8> {
        let key = self.mac.as_ref().unwrap();
        let mut bytes = Vec::new();
        let mac = |data: &[u8]| pos_mac(MacAlgorithm::CupEcb, key, data).field(MacForm::Hex);
        message.pack_with_mac(64, &mut bytes, mac).unwrap();
        bytes
    }

    /// Nothing where the host says nothing or closes.
    async fn say_bytes(&self, message: &[u8]) -> Option<Heard> {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let tpdu = Some(Tpdu::new([0x60, 0x00, 0x03, 0x00, 0x01]));
        let header = self.header.then(|| Header::new([0x60, 0x31, 0x00, 0x31, 0x13, 0x12]));
        let mut frame = Vec::new();
        Frame { tpdu, header, message }.write(&mut frame).unwrap();
        stream.write_all(&frame).await.unwrap();
        let mut length = [0; 2];
        let came = stream.read_exact(&mut length);
        let came = tokio::time::timeout(std::time::Duration::from_secs(15), came).await;
        came.ok()?.ok()?;
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut answer).await.unwrap();
        let envelope = Envelope { header: self.header, ..Envelope::CUP_POS };
        let frame = envelope.open(&answer).unwrap();
        assert_eq!(frame.tpdu, Some(Tpdu::new([0x60, 0x00, 0x01, 0x00, 0x03])));
        let read = CUP_POS.unpack(frame.message).unwrap();
        if let Some((covered, code)) = read.before(64).zip(read.get(64)) {
            let key = self.mac.as_ref().unwrap();
            let expect = pos_mac(MacAlgorithm::CupEcb, key, covered).field(MacForm::Hex);
            assert_eq!(code.raw(), expect);
        }
        let fields = read.numbers().filter(|n| *n != 64);
        Some(Heard {
            mti: read.mti().to_string(),
            header: frame
                .header
                .map_or_else(String::new, |header| iso8583::frame::digits(header.bytes())),
            fields: fields.map(|n| (n, read.get(n).unwrap().shown())).collect(),
        })
    }

    async fn say(&self, message: &Builder<'static>) -> Option<Heard> {
        self.say_bytes(&self.sealed(message)).await
    }

    pub(crate) async fn told(&self, message: &Builder<'static>) -> Heard {
        self.say(message).await.unwrap()
    }

    pub(crate) async fn sign_on(&mut self) {
        let mut message = self.begin("0800");
        message.set(60, "00000000003").unwrap();
        message.set(63, "01 ").unwrap();
        let heard = self.say_bytes(&message.pack()).await.unwrap();
        assert_eq!((heard.mti.as_str(), heard.field(39)), ("0810", "00"));
        let bytes = hex::decode(heard.field(62)).unwrap();
        let keys = iso8583::cup::WorkingKeys::parse(&bytes).unwrap();
        let open = |entry: iso8583::cup::KeyEntry<'_>| {
            let key = unwrap_key(&self.master, entry.key).unwrap();
            key.checked(crypto::pos::CheckValue(entry.check)).unwrap()
        };
        (self.pin, self.mac) = (Some(open(keys.pin)), Some(open(keys.mac)));
        self.batch = heard.field(60).get(2..8).unwrap().parse().unwrap();
    }
}

impl Terminal {
    /// 预授权 and what follows it.
    fn hold(&mut self, mti: &str, (processing, kind): (&str, u8), fen: u64) -> Builder<'static> {
        let mut message = self.money(mti, (processing, kind), fen);
        message.set(25, "06").unwrap();
        message
    }

    fn authorization(&mut self, fen: u64) -> Builder<'static> {
        self.hold("0100", ("030000", 10), fen)
    }

    /// About a hold that was answered so: its code and its day.
    fn about(mut message: Builder<'static>, hold: &Heard) -> Builder<'static> {
        message.set(38, hold.field(38)).unwrap();
        message.set(61, &format!("000000000000{}", hold.field(13))).unwrap();
        message
    }

    fn completion(&mut self, hold: &Heard, fen: u64) -> Builder<'static> {
        let message = self.hold("0200", ("000000", 20), fen);
        Self::about(message, hold)
    }

    fn completion_void(&mut self, completed: &Heard, fen: u64) -> Builder<'static> {
        let mut message = self.hold("0200", ("200000", 21), fen);
        message.set(37, completed.field(37)).unwrap();
        message.set(61, &format!("{:06}{}", self.batch, completed.field(11))).unwrap();
        message
    }
}

/// What our books say is held on cards.
fn held(stage: &mut Stage, pos: &mut Terminal) -> String {
    // One process at a time has a folder of SQLite.
    stage.stop();
    let trial = stage.admin_json(&["trial-balance"]);
    stage.start();
    pos.address.clone_from(&stage.terminals);
    let held = trial["balances"]["M.CARD_HOLD/CNY"].as_str();
    held.unwrap_or("0").to_owned()
}

/// At the same time: most of it is waiting.
async fn on_both(play: impl AsyncFn(&mut Stage)) {
    let (mut sqlite, mut postgres) = (Stage::on_sqlite().await, Stage::on_postgres().await);
    tokio::join!(play(&mut sqlite), play(&mut postgres));
    sqlite.end().await;
    postgres.end().await;
}

async fn fault(stage: &Stage, call: &str, kind: &str) {
    let rule = json!({ "channel": "card", "call": call, "fault": { "kind": kind } });
    stage.sandbox("faults", &rule).await;
}

/// What the network holds for us after its reversals had their time.
async fn settles_at(stage: &Stage, fen: i128) {
    for _ in 0..200 {
        let refunds = stage.get("/v1/refunds").await.to_string();
        // Our books are as far as the network's when no refund is open.
        if stage.channels_hold().await.0 == fen && !refunds.contains("processing") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the network holds {:?}, not {fen}", stage.channels_hold().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_at_a_terminal() {
    on_both(async |stage| {
        let mut pos = Terminal::register(stage, "10000001");
        // Nobody trades before he signed on.
        pos.mac = Some(BlockKey::generate_des());
        let early = pos.sale(100);
        assert_eq!(pos.told(&early).await.field(39), "77");
        pos.sign_on().await;

        let mut sale = pos.sale(10_000);
        let pan = Pan::parse(PAN).unwrap();
        let pin = Pin::parse("123456").unwrap();
        let block = seal_pin(PinFormat::WithPan, pos.pin.as_ref().unwrap(), &pin, &pan);
        sale.put(52, &block).unwrap();
        sale.set(26, "12").unwrap();
        sale.set(53, "2600000000000000").unwrap();
        let heard = pos.told(&sale).await;
        assert_eq!((heard.mti.as_str(), heard.field(39)), ("0210", "00"));
        assert_eq!(heard.field(38).len(), 6);
        assert_eq!(heard.field(37).len(), 12);
        assert_eq!(heard.field(63), "CUP");
        // The same again: the same answer, and nothing taken twice.
        assert_eq!(pos.told(&sale).await, heard);
        // Also after a sign-on, with its PIN still under the key that is no more.
        pos.sign_on().await;
        assert_eq!(pos.told(&sale).await, heard);
        assert_eq!(stage.channels_hold().await, (10_000, 1));

        let mut void = pos.money("0200", ("200000", 23), 10_000);
        void.set(37, heard.field(37)).unwrap();
        void.set(61, &format!("{:06}{}", pos.batch, heard.field(11))).unwrap();
        let voided = pos.told(&void).await;
        assert_eq!(voided.field(39), "00");
        assert_eq!(pos.told(&void).await, voided);
        assert_eq!(stage.channels_hold().await.0, 0);

        let sale = pos.sale(5_000);
        let bought = pos.told(&sale).await;
        let mut refund = pos.money("0220", ("200000", 25), 2_000);
        refund.set(37, bought.field(37)).unwrap();
        refund.set(61, &format!("000000000000{}", bought.field(13))).unwrap();
        assert_eq!(pos.told(&refund).await.field(39), "00");
        assert_eq!(stage.channels_hold().await.0, 3_000);

        // The merchant sees them like any payment.
        let listed = stage.get("/v1/payments").await;
        let payments = listed["items"].as_array().unwrap();
        assert_eq!(payments.len(), 2);
        let declined = pos.sale(900_051);
        assert_eq!(pos.told(&declined).await.field(39), "51");
        // A reversal of what was declined has nothing to do.
        let reversal = pos.reversal(&declined, 900_051);
        assert_eq!(pos.told(&reversal).await.field(39), "00");
    })
    .await;
}

/// The network's answer is lost, before or after it did what was asked: the terminal hears 98, and what
/// may have been taken is taken back. The terminal's own reversal changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_answered_is_taken_back() {
    on_both(async |stage| {
        let mut pos = Terminal::register(stage, "10000002");
        pos.sign_on().await;
        let kinds = ["system_busy", "system_busy_after_effect", "wrong_signature"];
        for (held, kind) in (1i128..).zip(kinds) {
            // What goes well in between keeps the account in use.
            let fine = pos.sale(1);
            assert_eq!(pos.told(&fine).await.field(39), "00");
            fault(stage, "0200", kind).await;
            let sale = pos.sale(7_000);
            assert_eq!(pos.told(&sale).await.field(39), "98", "{kind}");
            let reversal = pos.reversal(&sale, 7_000);
            for _ in 0..2 {
                assert_eq!(pos.told(&reversal).await.field(39), "00");
            }
            settles_at(stage, held).await;
            // Late repeats of the sale stay out.
            assert_ne!(pos.told(&sale).await.field(39), "00");
        }
        fault(stage, "0200", "system_busy_after_effect").await;
        let sale = pos.sale(8_000);
        assert_eq!(pos.told(&sale).await.field(39), "98");
        // No terminal asks: the host undoes it by itself.
        settles_at(stage, 3).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_reverses() {
    on_both(async |stage| {
        let mut pos = Terminal::register(stage, "10000003");
        pos.sign_on().await;
        // Approved, but the terminal lost the answer. A new sign-on in between changes the keys.
        let sale = pos.sale(6_000);
        assert_eq!(pos.told(&sale).await.field(39), "00");
        let reversal = pos.reversal(&sale, 6_000);
        pos.sign_on().await;
        fault(stage, "0420", "system_busy_after_effect").await;
        for _ in 0..3 {
            assert_eq!(pos.told(&reversal).await.field(39), "00");
        }
        settles_at(stage, 0).await;
        // Another amount is an alarm and no reversal.
        let sale = pos.sale(6_100);
        assert_eq!(pos.told(&sale).await.field(39), "00");
        let wrong = pos.reversal(&sale, 6_101);
        assert_eq!(pos.told(&wrong).await.field(39), "64");
        settles_at(stage, 6_100).await;
        // A reversal that comes first keeps its original out.
        let sale = pos.sale(6_200);
        let reversal = pos.reversal(&sale, 6_200);
        assert_eq!(pos.told(&reversal).await.field(39), "00");
        assert_eq!(pos.told(&sale).await.field(39), "94");
        settles_at(stage, 6_100).await;
    })
    .await;
}

/// A void whose answer is lost, at the network or on the way to the terminal, ends as if it had never been;
/// one that the terminal keeps stays.
#[tokio::test(flavor = "multi_thread")]
async fn voids_are_reversed() {
    on_both(async |stage| {
        let mut pos = Terminal::register(stage, "10000005");
        pos.sign_on().await;
        for kind in ["system_busy", "system_busy_after_effect"] {
            let sale = pos.sale(3_000);
            assert_eq!(pos.told(&sale).await.field(39), "00");
            fault(stage, "0200", kind).await;
            let void = pos.void(pos.trace, 3_000);
            assert_eq!(pos.told(&void).await.field(39), "98", "{kind}");
            let reversal = pos.reversal(&void, 3_000);
            for _ in 0..2 {
                assert_eq!(pos.told(&reversal).await.field(39), "00");
            }
            settles_at(stage, 3_000).await;
            // It can be voided anew, and that void given up: with the network's answer lost, too.
            let void = pos.void(pos.trace - 1, 3_000);
            assert_eq!(pos.told(&void).await.field(39), "00");
            assert_eq!(stage.channels_hold().await.0, 0);
            fault(stage, "0420", kind).await;
            let reversal = pos.reversal(&void, 3_000);
            for _ in 0..3 {
                assert_eq!(pos.told(&reversal).await.field(39), "00");
            }
            settles_at(stage, 3_000).await;
            let void = pos.void(pos.trace - 2, 3_000);
            assert_eq!(pos.told(&void).await.field(39), "00");
            settles_at(stage, 0).await;
        }
    })
    .await;
}

/// The merchant voids a card payment by the API and the network's answer is lost: tried until it is done.
#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_s_void_is_tried_until_it_is_done() {
    on_both(async |stage| {
        let mut pos = Terminal::register(stage, "10000007");
        pos.sign_on().await;
        for kind in ["system_busy", "system_busy_after_effect"] {
            let sale = pos.sale(3_000);
            assert_eq!(pos.told(&sale).await.field(39), "00");
            let listed = stage.get("/v1/payments").await;
            fault(stage, "0200", kind).await;
            let void = json!({ "merchant_refund_no": format!("void-{kind}"), "reason": "wrong",
                               "payment_id": listed["items"][0]["id"] });
            let (status, voided) = stage.post("/v1/voids", &void).await;
            assert_eq!(status, 200, "{voided}");
            assert_eq!(stage.decided("/v1/refunds", voided).await["state"], "succeeded");
            settles_at(stage, 0).await;
        }
    })
    .await;
}

/// Sale and reversal at the same moment, in any order: nothing is taken that the terminal gave up.
#[tokio::test(flavor = "multi_thread")]
async fn a_reversal_races_its_sale() {
    on_both(async |stage| {
        let mut pos = Terminal::register(stage, "10000008");
        pos.sign_on().await;
        for wait_ms in (0..30).map(|n| n / 2) {
            let sale = pos.sale(4_000);
            let reversal = pos.reversal(&sale, 4_000);
            let (_, heard) = tokio::join!(pos.say(&sale), async {
                tokio::time::sleep(std::time::Duration::from_millis(wait_ms)).await;
                pos.told(&reversal).await
            });
            assert_eq!(heard.field(39), "00");
        }
        settles_at(stage, 0).await;
    })
    .await;
}

/// The process dies before the network is asked, or after it answered: what the terminal was not told is
/// taken back, and what it was told stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_host_owes_nobody() {
    on_both(async |stage| {
        let mut pos = Terminal::register(stage, "10000006");
        pos.sign_on().await;
        let kept = pos.sale(1_000);
        let heard = pos.told(&kept).await;
        assert_eq!(heard.field(39), "00");
        // The network works on the sale while the host dies.
        let rule =
            json!({ "channel": "card", "call": "0200", "fault": { "kind": "delay", "ms": 3_000 } });
        stage.sandbox("faults", &rule).await;
        let lost = pos.sale(2_000);
        let (said, ()) = tokio::join!(pos.say(&lost), async {
            tokio::time::sleep(std::time::Duration::from_millis(700)).await;
            stage.kill();
        });
        assert!(said.is_none());
        stage.start();
        pos.address.clone_from(&stage.terminals);
        // While the first is not decided a repeat hears nothing or that nobody knows; never an approval.
        let again = pos.say(&lost).await;
        assert_ne!(again.map(|heard| heard.field(39).to_owned()).as_deref(), Some("00"));
        settles_at(stage, 1_000).await;
        let reversal = pos.reversal(&lost, 2_000);
        assert_eq!(pos.told(&reversal).await.field(39), "00");
        assert_eq!(pos.told(&kept).await, heard);
        settles_at(stage, 1_000).await;
    })
    .await;
}

/// 单笔限额, and a terminal that is locked.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_is_limited_and_locked() {
    on_both(async |stage| {
        let mut pos = Terminal::register(stage, "10000035");
        pos.sign_on().await;
        let before = pos.sale(5_000);
        let told = pos.told(&before).await;
        let set = |stage: &mut Stage, pos: &mut Terminal, what: &[&str]| {
            stage.stop();
            let args = ["set-pos", "10000035", MERCHANT_CODE, "--by", "ana"];
            let shown = stage.admin_json(&[args.as_slice(), what].concat());
            stage.start();
            pos.address.clone_from(&stage.terminals);
            shown
        };
        assert_eq!(set(stage, &mut pos, &["--most", "49.99"])["most_fen"], 4_999);
        for (message, code) in [
            (pos.sale(5_000), "61"),
            (pos.authorization(5_000), "61"),
            (pos.sale(4_999), "00"),
            (before.clone(), "00"),
        ] {
            assert_eq!(pos.told(&message).await.field(39), code);
        }
        assert_eq!(pos.told(&before).await, told, "what it was told stays");
        assert_eq!(set(stage, &mut pos, &["--most", "none"])["most_fen"], json!(null));
        let free = pos.sale(5_000);
        assert_eq!(pos.told(&free).await.field(39), "00");
        assert_eq!(set(stage, &mut pos, &["--lock"])["state"], "Locked");
        let locked = pos.sale(100);
        assert_eq!(pos.told(&locked).await.field(39), "58");
        assert_eq!(set(stage, &mut pos, &["--unlock"])["state"], "SignedOff");
        assert_eq!(pos.told(&locked).await.field(39), "77");
        pos.sign_on().await;
        assert_eq!(pos.told(&locked).await.field(39), "00");
        settles_at(stage, 15_099).await;
    })
    .await;
}

/// A gateway that leaves the header out is answered without one.
#[tokio::test(flavor = "multi_thread")]
async fn a_header_may_be_left_out() {
    let mut stage = Stage::on_sqlite().await;
    let mut pos = Terminal::register(&mut stage, "10000036");
    pos.header = false;
    pos.sign_on().await;
    let sale = pos.sale(100);
    let heard = pos.told(&sale).await;
    assert_eq!((heard.field(39), heard.header.as_str()), ("00", ""));
    stage.end().await;
}

/// 部分承兑: the card has 10.00 and pays them; the order, its voids and refunds, and the settlement are of that.
#[tokio::test(flavor = "multi_thread")]
async fn a_card_may_pay_a_part() {
    on_both(async |stage| {
        let mut pos = Terminal::register(stage, "10000034");
        pos.sign_on().await;
        let poor = |message: &mut Builder<'static>| {
            message.set(2, "6222020000001000").unwrap();
            message.set(35, "6222020000001000=30122201000000000").unwrap();
        };
        // A terminal that takes no part hears that the card has not enough.
        let mut whole = pos.sale(1_500);
        poor(&mut whole);
        whole.set(60, &format!("22{:06}000500", pos.batch)).unwrap();
        assert_eq!(pos.told(&whole).await.field(39), "51");
        let mut part = pos.sale(1_500);
        poor(&mut part);
        let heard = pos.told(&part).await;
        assert_eq!((heard.field(39), heard.field(4)), ("10", "000000001000"));
        assert_eq!(heard.field(38).len(), 6);
        assert_eq!(pos.told(&part).await, heard);
        assert_eq!(stage.channels_hold().await.0, 1_000);
        let payments = stage.get("/v1/payments").await;
        assert_eq!(payments["items"][0]["amount"]["total"], 1_000, "{payments}");

        // More than the part does not go back; the part does, as a void that names it.
        let of: u32 = heard.field(11).parse().unwrap();
        let mut wrong = pos.void(of, 1_500);
        poor(&mut wrong);
        assert_eq!(pos.told(&wrong).await.field(39), "64");
        let mut void = pos.void(of, 1_000);
        poor(&mut void);
        assert_eq!(pos.told(&void).await.field(39), "00");
        assert_eq!(stage.channels_hold().await.0, 0);

        // Given up by the terminal that named what it had asked.
        let mut again = pos.sale(1_600);
        poor(&mut again);
        assert_eq!(pos.told(&again).await.field(39), "10");
        let reversal = pos.reversal(&again, 1_600);
        assert_eq!(pos.told(&reversal).await.field(39), "00");
        settles_at(stage, 0).await;
        let mut kept = pos.sale(2_000);
        poor(&mut kept);
        assert_eq!(pos.told(&kept).await.field(4), "000000001000");
        settles_at(stage, 1_000).await;
    })
    .await;
}

/// What waits for people, once it is so many; the server is stopped for each look.
async fn cases(stage: &mut Stage, pos: &mut Terminal, count: usize) -> Vec<serde_json::Value> {
    for _ in 0..40 {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        stage.stop();
        let seen = stage.admin_json(&["pos-differences"]);
        stage.start();
        pos.address.clone_from(&stage.terminals);
        let open = seen.as_array().unwrap();
        if open.len() == count {
            return open.clone();
        }
    }
    panic!("not {count} cases");
}

/// The terminal was told that it is done, and the network refuses it later: people look at it.
#[tokio::test(flavor = "multi_thread")]
async fn an_advice_that_nobody_takes_is_a_case() {
    on_both(async |stage| {
        let mut pos = Terminal::register(stage, "10000033");
        pos.sign_on().await;
        fault(stage, "0220", "lost_answer_before_effect").await;
        // The network's refusal 51.
        let offline = pos.money("0220", ("000000", 30), 900_051);
        assert_eq!(until_answered(&pos, &offline).await.field(39), "00");
        let open = cases(stage, &mut pos, 1).await;
        assert_eq!(open[0]["kind"], "advice_refused");
        assert_eq!(open[0]["terminal_says_fen"], 900_051);
        // What it was told stays told.
        assert_eq!(pos.told(&offline).await.field(39), "00");

        let sale = pos.sale(2_000);
        let sold = pos.told(&sale).await;
        let mut refund = pos.money("0220", ("200000", 25), 500);
        refund.set(37, sold.field(37)).unwrap();
        refund.set(61, &format!("000000000000{}", sold.field(13))).unwrap();
        fault(stage, "0220", "lost_answer_before_effect").await;
        assert_eq!(pos.told(&refund).await.field(39), "00");
        fault(stage, "0220", "merchant_short").await;
        let open = cases(stage, &mut pos, 2).await;
        assert_eq!(open[1]["kind"], "advice_refused");
        assert_eq!(open[1]["terminal_says_fen"], 500);
        settles_at(stage, 2_000).await;
    })
    .await;
}

/// What cardholders are to be charged by the network's clearing files, in fen: a day's last hour is the
/// next settlement date's.
async fn cleared(stage: &Stage) -> i128 {
    let today = jiff::Timestamp::from_second(crate::stage::now())
        .unwrap()
        .to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8)))
        .date();
    let mut sum = 0;
    for day in [today.yesterday().unwrap(), today, today.tomorrow().unwrap()] {
        let url = format!("{}/sandbox/clearing?channel=card&day={day}", stage.sandbox_url);
        let file = stage.http.get(url).send().await.unwrap().bytes().await.unwrap();
        for line in channels::read_clearing_file(&file) {
            let line = line.unwrap();
            let fen = i128::from(line.amount);
            sum += match line.what {
                channels::Cleared::Charge => fen,
                channels::Cleared::Void | channels::Cleared::Refund => -fen,
                channels::Cleared::Reversal => panic!("reversed on another day"),
            };
        }
    }
    sum
}

/// One of each transaction is under way when the process is killed, before the network took them or after:
/// what could be given up is given up, what was an advice is done, and the clearing file says the same.
async fn all_at_once(stage: &mut Stage, pos: &mut Terminal, takes_effect: bool) {
    let message = pos.sale(1_000);
    let voided = pos.told(&message).await.field(11).parse().unwrap();
    let message = pos.sale(2_000);
    let sold = pos.told(&message).await;
    let mut holds = Vec::new();
    for _ in 0..4 {
        let message = pos.authorization(1_000);
        holds.push(pos.told(&message).await);
    }
    let [released, asked, advised, completed] = holds.try_into().unwrap();
    let message = pos.completion(&completed, 900);
    let completed = pos.told(&message).await;
    let mut refund = pos.money("0220", ("200000", 25), 300);
    refund.set(37, sold.field(37)).unwrap();
    refund.set(61, &format!("{:06}{}{}", pos.batch, sold.field(11), sold.field(13))).unwrap();
    let advice = pos.hold("0220", ("000000", 24), 900);
    let advices =
        [refund, Terminal::about(advice, &advised), pos.money("0220", ("000000", 30), 400)];
    let release = pos.hold("0100", ("200000", 11), 1_000);
    let reversible = [
        (pos.sale(500), 500),
        (pos.void(voided, 1_000), 1_000),
        (pos.authorization(700), 700),
        (Terminal::about(release, &released), 1_000),
        (pos.completion(&asked, 900), 900),
        (pos.completion_void(&completed, 900), 900),
        (pos.by_code(650), 650),
    ];
    let count = advices.len() + reversible.len();
    let strike = async |fault: serde_json::Value| {
        for channel in ["card", "alipay"] {
            let rule = json!({ "channel": channel, "call": "*", "fault": fault, "times": count });
            stage.sandbox("faults", &rule).await;
        }
    };
    strike(json!({ "kind": "delay", "ms": 4_000 })).await;
    if !takes_effect {
        strike(json!({ "kind": "lost_answer_before_effect" })).await;
    }
    let out = reversible.iter().map(|(message, _)| message).chain(&advices);
    let out = futures_util::future::join_all(out.map(|message| pos.say(message)));
    let (heard, ()) = tokio::join!(out, async {
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
        stage.kill();
    });
    let refused = heard.iter().flatten().find(|heard| heard.field(39) != "00");
    assert_eq!(refused, None);
    stage.start();
    pos.address.clone_from(&stage.terminals);
    for (message, fen) in &reversible {
        let reversal = pos.reversal(message, *fen);
        assert_eq!(pos.told(&reversal).await.field(39), "00");
    }
    for advice in &advices {
        assert_eq!(until_answered(pos, advice).await.field(39), "00");
    }
}

/// A message is said again while the first of its number is worked on.
async fn until_answered(pos: &Terminal, message: &Builder<'static>) -> Heard {
    for _ in 0..20 {
        if let Some(heard) = pos.say(message).await {
            return heard;
        }
    }
    panic!("an advice is never answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transaction_survives_a_killed_host() {
    on_both(async |stage| {
        let mut pos = Terminal::register(stage, "10000032");
        pos.sign_on().await;
        let mut fen = 0;
        for takes_effect in [true, false] {
            Box::pin(all_at_once(stage, &mut pos, takes_effect)).await;
            // The sales, the completion that is not voided, and the advices.
            fen += 1_000 + 2_000 + 900 - 300 + 900 + 400;
            settles_at(stage, fen).await;
            assert_eq!(cleared(stage).await, fen);
        }
        // Of each round the hold that was not released and the one that was not completed.
        assert_eq!(held(stage, &mut pos), "4000");
    })
    .await;
}

/// 清算方式 `merchant`: the network pays the merchant, so what cards pay is no receivable of ours.
#[tokio::test(flavor = "multi_thread")]
async fn a_network_may_pay_the_merchant_itself() {
    let mut stage = Stage::on_sqlite().await;
    stage.stop();
    let file = stage.folder.path().join("card.json");
    let mut config: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    config["clearing"] = json!("merchant");
    std::fs::write(&file, config.to_string()).unwrap();
    let added = stage.admin_json(&["add-channel-account", "card", "own", file.to_str().unwrap()]);
    let account = added["channel_account"].as_str().unwrap();
    let (merchant, other) = (stage.other.merchant.clone(), stage.key.merchant.clone());
    stage.admin(&["close-channel", &merchant, "card:48021000"]);
    let opened = stage.admin_json(&["open-channel", &merchant, account]);
    assert_eq!(opened["self_collected"], true);
    stage.start();
    stage.key.merchant = merchant;
    let mut pos = Terminal::register(&mut stage, "10000031");
    stage.key.merchant = other;
    pos.sign_on().await;
    let sale = pos.sale(1_000);
    assert_eq!(pos.told(&sale).await.field(39), "00");
    let void = pos.void(2, 1_000);
    assert_eq!(pos.told(&void).await.field(39), "00");
    let kept = pos.sale(700);
    assert_eq!(pos.told(&kept).await.field(39), "00");
    stage.stop();
    let trial = stage.admin_json(&["trial-balance"]);
    assert_eq!(trial["balanced"], true);
    let balances = &trial["balances"];
    assert!(balances["C.CH_RECV/CNY"].as_str().is_none_or(|owed| owed == "0"), "{trial}");
    assert_eq!(balances["M.SELF_COLLECTED/CNY"], "700", "{trial}");
}

/// A stranger hears no more than 97, 77 or A0, and leaves nothing behind.
#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_forgers() {
    on_both(async |stage| {
        let mut pos = Terminal::register(stage, "10000004");
        pos.sign_on().await;
        let sale = pos.sale(4_000);
        let mut tampered = pos.sealed(&sale);
        let last = tampered.len() - 1;
        tampered[last] ^= 1;
        let heard = pos.say_bytes(&tampered).await.unwrap();
        assert_eq!(heard.field(39), "A0");
        // The terminal is to sign on again: the header's sixth digit.
        assert_eq!(heard.header.get(5..6), Some("3"));
        assert_eq!(pos.say_bytes(&sale.pack()).await.unwrap().field(39), "A0");
        // The forged one burnt nothing.
        assert_eq!(pos.told(&sale).await.field(39), "00");
        let mut other = pos.sale(4_000);
        other.set(42, "305310058129999").unwrap();
        assert_eq!(pos.told(&other).await.field(39), "97");
        let mut older = pos.sale(4_000);
        older.set(60, "22000009000501").unwrap();
        assert_eq!(pos.told(&older).await.field(39), "77");
        // Another transaction under a used number.
        let mut twice = sale.clone();
        twice.set_number(4, 4_001).unwrap();
        assert_eq!(pos.told(&twice).await.field(39), "94");
        let mut no_pin = pos.sale(4_000);
        no_pin.put(52, &[1; 8]).unwrap();
        assert_eq!(pos.told(&no_pin).await.field(39), "99");
        assert!(pos.say_bytes(&[0x02, 0x00, 0xFF]).await.is_none());
        assert_eq!(stage.channels_hold().await, (4_000, 1));
        // A stranger signs a terminal on again and again: not without end.
        let mut codes = Vec::new();
        for _ in 0..25 {
            let mut again = pos.begin("0800");
            again.set(60, "00000001003").unwrap();
            let heard = pos.say_bytes(&again.pack()).await.unwrap();
            codes.push(heard.field(39).to_owned());
        }
        assert!(codes.iter().any(|code| code == "96"), "{codes:?}");
        let log = std::fs::read_to_string(stage.log_file()).unwrap();
        assert!(!log.contains(PAN), "a card number is in the log");
        assert!(!log.contains(PAN.get(6..15).unwrap()), "a part of a card number is in the log");
        for key in [pos.pin.as_ref(), pos.mac.as_ref(), Some(&pos.master)].into_iter().flatten() {
            let digits = hex::encode(key.expose());
            assert!(!log.to_lowercase().contains(&digits), "a key is in the log");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_completed_once() {
    on_both(async |stage| {
        let mut pos = Terminal::register(stage, "10000009");
        pos.sign_on().await;
        let asked = pos.authorization(10_000);
        let hold = pos.told(&asked).await;
        assert_eq!((hold.mti.as_str(), hold.field(39)), ("0110", "00"));
        assert_eq!(pos.told(&asked).await, hold);
        assert_eq!(held(stage, &mut pos), "10000");
        assert_eq!(stage.channels_hold().await.0, 0, "nothing has moved");

        // Too much, an unknown code, another day; then 115 percent, once.
        let above = pos.completion(&hold, 11_501);
        assert_eq!(pos.told(&above).await.field(39), "64");
        let mut unknown = pos.completion(&hold, 10_000);
        unknown.set(38, "999999").unwrap();
        assert_eq!(pos.told(&unknown).await.field(39), "25");
        let mut other_day = pos.completion(&hold, 10_000);
        other_day.set(61, "0000000000000101").unwrap();
        assert_eq!(pos.told(&other_day).await.field(39), "25");
        let completion = pos.completion(&hold, 11_500);
        let completed = pos.told(&completion).await;
        assert_eq!(completed.field(39), "00");
        assert_eq!(pos.told(&completion).await, completed);
        assert_eq!(stage.channels_hold().await.0, 11_500);
        assert_eq!(held(stage, &mut pos), "0");
        let second = pos.completion(&hold, 1);
        assert_eq!(pos.told(&second).await.field(39), "94");
        let release = pos.hold("0100", ("200000", 11), 10_000);
        let release = Terminal::about(release, &hold);
        assert_eq!(pos.told(&release).await.field(39), "25");

        settles_at(stage, 11_500).await;
    })
    .await;
}

/// A completion that is voided, or reversed by its terminal, leaves the hold standing.
#[tokio::test(flavor = "multi_thread")]
async fn a_hold_outlives_its_completions() {
    on_both(async |stage| {
        let mut pos = Terminal::register(stage, "10000012");
        pos.sign_on().await;
        let asked = pos.authorization(10_000);
        let hold = pos.told(&asked).await;
        // There is nothing to refund of a hold.
        let listed = stage.get("/v1/payments").await;
        assert_eq!(listed["items"][0]["channel"], "card_hold");
        let refund = json!({ "merchant_refund_no": "r", "payment_id": listed["items"][0]["id"],
                             "amount": { "total": 1, "currency": "CNY" }, "reason": "r" });
        let (status, refused) = stage.post("/v1/refunds", &refund).await;
        assert_eq!((status, &refused["code"]), (409, &json!("order_is_hold")));
        let completion = pos.completion(&hold, 11_500);
        let completed = pos.told(&completion).await;
        let void = pos.completion_void(&completed, 11_500);
        assert_eq!(pos.told(&void).await.field(39), "00");
        settles_at(stage, 0).await;
        assert_eq!(held(stage, &mut pos), "10000");
        let completion = pos.completion(&hold, 4_000);
        assert_eq!(pos.told(&completion).await.field(39), "00");
        // The terminal lost that answer: reversed, and the hold stands once more.
        let reversal = pos.reversal(&completion, 4_000);
        assert_eq!(pos.told(&reversal).await.field(39), "00");
        settles_at(stage, 0).await;
        assert_eq!(held(stage, &mut pos), "10000");
        // Completed by an advice that the network does not answer at once: the terminal is done.
        fault(stage, "0220", "system_busy").await;
        let advice = pos.hold("0220", ("000000", 24), 6_000);
        let advice = Terminal::about(advice, &hold);
        let told = pos.told(&advice).await;
        assert_eq!((told.mti.as_str(), told.field(39)), ("0230", "00"));
        assert_eq!(pos.told(&advice).await, told);
        settles_at(stage, 6_000).await;
        assert_eq!(held(stage, &mut pos), "0");
    })
    .await;
}

/// The network's answer is lost: a hold that nobody knows of is reversed, and a release that nobody knows
/// of leaves the hold standing.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_hold_is_not_held() {
    on_both(async |stage| {
        let mut pos = Terminal::register(stage, "10000010");
        pos.sign_on().await;
        for kind in ["system_busy", "system_busy_after_effect"] {
            fault(stage, "0100", kind).await;
            let lost = pos.authorization(5_000);
            assert_eq!(pos.told(&lost).await.field(39), "98");
            let reversal = pos.reversal(&lost, 5_000);
            assert_eq!(pos.told(&reversal).await.field(39), "00");
            let fine = pos.authorization(6_000);
            let hold = pos.told(&fine).await;
            assert_eq!(hold.field(39), "00");
            fault(stage, "0100", kind).await;
            let release = pos.hold("0100", ("200000", 11), 6_000);
            let release = Terminal::about(release, &hold);
            assert_eq!(pos.told(&release).await.field(39), "98");
            settles_at(stage, 0).await;
            assert_eq!(held(stage, &mut pos), "6000");
            let wrong = pos.hold("0100", ("200000", 11), 5_999);
            let wrong = Terminal::about(wrong, &hold);
            assert_eq!(pos.told(&wrong).await.field(39), "64");
            let release = pos.hold("0100", ("200000", 11), 6_000);
            let release = Terminal::about(release, &hold);
            let released = pos.told(&release).await;
            assert_eq!(released.field(39), "00");
            assert_eq!(pos.told(&release).await, released);
            // The terminal gives that up, too, and voids it again.
            let reversal = pos.reversal(&release, 6_000);
            assert_eq!(pos.told(&reversal).await.field(39), "00");
            settles_at(stage, 0).await;
            assert_eq!(held(stage, &mut pos), "6000");
            let release = pos.hold("0100", ("200000", 11), 6_000);
            let release = Terminal::about(release, &hold);
            assert_eq!(pos.told(&release).await.field(39), "00");
            settles_at(stage, 0).await;
            assert_eq!(held(stage, &mut pos), "0");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn balances_offline_sales_and_codes_on_phones() {
    on_both(async |stage| {
        let mut pos = Terminal::register(stage, "10000011");
        pos.sign_on().await;
        let pan = Pan::parse(PAN).unwrap();
        let pin = Pin::parse("123456").unwrap();
        let block = seal_pin(PinFormat::WithPan, pos.pin.as_ref().unwrap(), &pin, &pan);
        let mut inquiry = pos.money("0200", ("310000", 1), 1);
        inquiry.remove(4);
        assert_eq!(pos.told(&inquiry).await.field(39), "55");
        inquiry.put(52, &block).unwrap();
        inquiry.set(53, "2600000000000000").unwrap();
        let heard = pos.told(&inquiry).await;
        assert_eq!((heard.field(39), heard.field(54)), ("00", "1002156C000010000000"));

        let offline = pos.money("0220", ("000000", 30), 2_500);
        let told = pos.told(&offline).await;
        assert_eq!((told.mti.as_str(), told.field(39)), ("0230", "00"));
        assert_eq!(pos.told(&offline).await, told);
        assert_eq!(stage.channels_hold().await.0, 2_500);

        let sale = pos.by_code(3_000);
        let paid = pos.told(&sale).await;
        assert_eq!(paid.field(39), "00", "{paid:?}");
        assert_eq!(paid.field(59).get(..5), Some("A4020"));
        assert_eq!(pos.told(&sale).await, paid);
        let mut refund = pos.money("0220", ("200000", 25), 1_000);
        [2, 35].iter().for_each(|field| refund.remove(*field));
        refund.set(22, "032").unwrap();
        refund.set(37, "000000000000").unwrap();
        refund.put(59, paid.field(59).as_bytes()).unwrap();
        assert_eq!(pos.told(&refund).await.field(39), "00");
        settles_at(stage, 4_500).await;
        let sale = pos.by_code(700);
        assert_eq!(pos.told(&sale).await.field(39), "00");
        let reversal = pos.reversal(&sale, 700);
        assert_eq!(pos.told(&reversal).await.field(39), "00");
        settles_at(stage, 4_500).await;
        // A code of nobody's.
        let mut odd = pos.by_code(700);
        odd.put(59, b"A3004abcd").unwrap();
        assert_eq!(pos.told(&odd).await.field(39), "14");
    })
    .await;
}

impl Terminal {
    /// A message without a code.
    fn management(&mut self, mti: &str, code: u32, said: Option<&[u8]>) -> Vec<u8> {
        let mut message = self.begin(mti);
        message.set(60, &format!("00{:06}{code}", self.batch)).unwrap();
        said.iter().for_each(|said| message.put(62, said).unwrap());
        message.pack()
    }
}

/// Thirty keys, an application and parameters.
fn downloads() -> serde_json::Value {
    let key = |index: u32| {
        json!({ "rid": "A000000333", "index": format!("{index:02X}"), "expires": "20301231",
                "modulus": "AB".repeat(144), "exponent": "03" })
    };
    let aid = json!({
        "aid": "A000000333010101", "selection": "00", "version": "0020",
        "tac_default": "DC4000A800", "tac_online": "DC4004F800", "tac_denial": "0010000000",
        "floor_limit": "00000000", "threshold": "00000000", "target_percent_max": "00",
        "target_percent": "00", "ddol": "9F3704", "online_pin": "01",
        "contactless_limit": "000000100000",
    });
    let keys: Vec<_> = (1..=30).map(key).collect();
    json!({ "parameters": { "timeout_s": 60 }, "ca_keys": keys, "aids": [aid] })
}

/// 参数下载, 公钥下载, AID 下载: the host asks for each until the terminal says that it has it.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_loads_what_it_needs() {
    on_both(async |stage| {
        let file = stage.log_file().with_file_name("downloads.json");
        let downloads = downloads();
        std::fs::write(&file, downloads.to_string()).unwrap();
        stage.stop();
        stage.admin(&["pos-downloads", file.to_str().unwrap()]);
        stage.start();
        let mut pos = Terminal::register(stage, "10000013");
        // Before it has ever signed on.
        let ask = Terminal::management;
        let echo = ask(&mut pos, "0820", 301, None);
        assert_eq!(pos.say_bytes(&echo).await.unwrap().header.get(5..6), Some("4"));
        let mut names = Vec::new();
        loop {
            let has = format!("1{:02}", names.len());
            let list = ask(&mut pos, "0820", 372, Some(has.as_bytes()));
            let heard = pos.say_bytes(&list).await.unwrap();
            let bytes = hex::decode(heard.field(62)).unwrap();
            let (digit, rest) = bytes.split_first().unwrap();
            let elements = iso8583::tlv::parse(62, rest).unwrap();
            names.extend(elements.chunks(3).map(|key| key[1].value.to_vec()));
            if *digit == b'3' {
                break;
            }
            assert_eq!(*digit, b'2');
        }
        assert_eq!(names.len(), 30);
        let named = hex::decode("9F0605A0000003339F22011E").unwrap();
        let one = ask(&mut pos, "0800", 370, Some(&named));
        let heard = pos.say_bytes(&one).await.unwrap();
        let bytes = hex::decode(heard.field(62)).unwrap();
        let elements = iso8583::tlv::parse(62, bytes.get(1..).unwrap()).unwrap();
        assert_eq!(iso8583::tlv::find(&elements, 0xDF02).map(<[u8]>::len), Some(144));
        assert_eq!(iso8583::tlv::find(&elements, 0xDF03).map(<[u8]>::len), Some(20));
        let nobody =
            ask(&mut pos, "0800", 370, Some(&hex::decode("9F0605A0000003339F2201FF").unwrap()));
        assert_eq!(pos.say_bytes(&nobody).await.unwrap().field(62), "30");
        let end = ask(&mut pos, "0800", 371, None);
        assert_eq!(pos.say_bytes(&end).await.unwrap().header.get(5..6), Some("5"));
        let list = ask(&mut pos, "0820", 382, Some(b"100"));
        let heard = pos.say_bytes(&list).await.unwrap();
        assert_eq!(heard.field(62), "319F0608A000000333010101");
        let one = ask(&mut pos, "0800", 380, Some(&hex::decode("9F0608A000000333010101").unwrap()));
        let heard = pos.say_bytes(&one).await.unwrap();
        assert!(heard.field(62).starts_with("319F0608A000000333010101DF0101009F08020020DF1105"));
        let end = ask(&mut pos, "0800", 381, None);
        assert_eq!(pos.say_bytes(&end).await.unwrap().header.get(5..6), Some("1"));
        let parameters = ask(&mut pos, "0800", 360, None);
        let heard = pos.say_bytes(&parameters).await.unwrap();
        assert!(heard.field(62).starts_with(&hex::encode_upper("1260130180190020021022")));
        let end = ask(&mut pos, "0800", 361, None);
        assert_eq!(pos.say_bytes(&end).await.unwrap().header.get(5..6), Some("0"));
        pos.sign_on().await;
        let odd = ask(&mut pos, "0820", 372, Some(b"1"));
        assert_eq!(pos.say_bytes(&odd).await.unwrap().field(39), "30");
    })
    .await;
}

/// What cannot be loaded into a terminal is refused with its place.
#[tokio::test(flavor = "multi_thread")]
async fn bad_downloads_are_refused() {
    let mut stage = Stage::on_sqlite().await;
    stage.stop();
    let file = stage.log_file().with_file_name("downloads.json");
    let key = json!({ "rid": "A000000333", "index": "01", "expires": "20301231",
                      "modulus": "AB".repeat(144), "exponent": "03", "sha1": "00".repeat(20) });
    for (bad, expect) in [
        (json!({ "ca_keys": [key] }), "ca_keys[0].sha1"),
        (json!({ "parameters": { "timeout_s": 0 } }), "parameters.timeout_s"),
        (json!({ "cards": [] }), "unknown field"),
    ] {
        std::fs::write(&file, bad.to_string()).unwrap();
        let said = stage.admin_refused(&["pos-downloads", file.to_str().unwrap()]);
        assert!(said.contains(expect), "{said}");
    }
    stage.start();
    stage.end().await;
}

/// Whether the script went well, and what was said.
fn play_on(host: &str, folder: &std::path::Path, script: &str) -> (bool, String, String) {
    let file = folder.join("script");
    std::fs::write(&file, script).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_suanpan"));
    command.args(["pos", "terminal", "--host", host, "--registration"]);
    command.arg(folder.join("terminal.json")).arg("--script").arg(&file);
    let done = command.arg("--slips").arg(folder.join("slips")).output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    (done.status.success(), said, String::from_utf8(done.stderr).unwrap())
}

/// The terminal in software, by a script: its slips, and its settlement with a scan beside the cards.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_in_software_plays_a_script() {
    on_both(async |stage| {
        stage.stop();
        let merchant = stage.key.merchant.clone();
        let made = stage.admin(&["register-pos", &merchant, "10000014", MERCHANT_CODE]);
        stage.start();
        let folder = stage.log_file().with_file_name("till");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("terminal.json"), made).unwrap();
        let host = stage.terminals.clone();
        let play = |script: &str| play_on(&host, &folder, script);
        let code = crate::stage::payer_code("28", 1, "00");
        let day = format!(
            "# a day\nsign-on\nsale 12.34 pin 123456\nexpect 00\nrepeat\nexpect 00\nscan {code} 8.80\n\
             authorize 100 card 4111111111111111\nlose\nsale 5\nsale 9000.51\nexpect 51\n\
             balance pin 123456\njournal\nload\necho\nsettle\n"
        );
        let (ok, said, error) = play(&day);
        assert!(ok, "{said}{error}");
        for words in ["no answer: reversed", "refused: 51", "balance 99,987.66", "对账平 BALANCED"] {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert!(!said.contains(PAN), "a card number is on a slip");
        let slips = std::fs::read_dir(folder.join("slips")).unwrap().count();
        assert_eq!(slips, 8, "four slips, as text and as pictures");
        settles_at(stage, 1_234 + 880).await;
        stage.stop();
        let told = stage.admin_json(&["pos-statement", "10000014", MERCHANT_CODE, "--batch", "1"]);
        assert_eq!(told["cards"]["taken"], json!({ "count": 1, "fen": 1_234 }), "{told}");
        assert_eq!(told["codes"]["taken"], json!({ "count": 1, "fen": 880 }));
        let kinds: Vec<_> = told["trades"].as_array().unwrap().iter().map(|t| &t["state"]).collect();
        assert_eq!(kinds, ["approved", "approved", "approved", "reversed", "declined"]);
        let csv = ["pos-statement", "10000014", MERCHANT_CODE, "--batch", "1", "--csv"];
        let csv = stage.admin(&csv);
        assert!(csv.starts_with("trace,time,kind") && csv.trim_end().lines().count() == 6, "{csv}");
        assert!(csv.lines().all(|line| line.split(',').count() == 11) && !csv.contains(PAN));
        stage.start();
        let host = stage.terminals.clone();
        let play = |script: &str| play_on(&host, &folder, script);
        let (ok, _, error) = play("sign-on\nsale 9000.51\nexpect 00\n");
        assert!(!ok && error.contains("the last answer was 51, not 00"), "{error}");
        let (ok, _, error) = play("sign-on\nvoid 1\n");
        assert!(!ok && error.contains("no such transaction"), "{error}");
    })
    .await;
}

/// Every model with its keys and codes, tracks enciphered where there is a key for them, PINs in fields 52 and
/// 59; a forged code is not taken from any.
#[tokio::test(flavor = "multi_thread")]
async fn terminals_of_every_model() {
    on_both(async |stage| {
        let folder = stage.log_file().with_file_name("models");
        std::fs::create_dir_all(&folder).unwrap();
        let models = merchants::PosModel::ALL;
        stage.stop();
        for (n, model) in models.iter().enumerate() {
            let (no, merchant) = (format!("2000000{n}"), stage.key.merchant.clone());
            let args = ["register-pos", &merchant, &no, MERCHANT_CODE, "--model", model.code()];
            let made = stage.admin(&args);
            std::fs::write(folder.join(format!("{no}.json")), made).unwrap();
        }
        stage.start();
        for n in 0..models.len() {
            let script = folder.join("script");
            let day = "sign-on\nsale 1 pin 123456\nexpect 00\nsale 1 pin 654321\nexpect 55\n\
                       authorize 5\nexpect 00\nsign-on\nrepeat\nsettle\n";
            std::fs::write(&script, day).unwrap();
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_suanpan"));
            command.args(["pos", "terminal", "--host", &stage.terminals, "--registration"]);
            command.arg(folder.join(format!("2000000{n}.json"))).arg("--script").arg(&script);
            let done = command.output().unwrap();
            let said = String::from_utf8(done.stdout).unwrap();
            let error = String::from_utf8(done.stderr).unwrap();
            assert!(done.status.success() && said.contains("对账平"), "{n}: {said}{error}");
        }
        settles_at(stage, i128::try_from(models.len()).unwrap() * 100).await;
    })
    .await;
}
