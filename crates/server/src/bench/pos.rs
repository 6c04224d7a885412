//! Purchases at the POS host: code checked, PIN put under the network's key, order, trade and ledger durable,
//! answer made and sealed. Terminals and network are inside the process; what both cost is in the figure.

use std::sync::Arc;

use app::App;
use app::pos::{KeySet, MasterKey, NewPosTerminal, new_master_key};
use bytes::Bytes;
use channels::{ChannelConfig, Request, Response, SendError, Sender, connector};
use crypto::pos::{BlockKey, MacAlgorithm, MacForm, Pin, PinFormat, pos_mac, seal_pin, unwrap_key};
use futures_util::{StreamExt as _, stream};
use iso8583::frame::{Envelope, Frame, Header, Tpdu};
use iso8583::{Builder, CUP_NETWORK, CUP_POS};
use merchants::{ChannelAccount, PosModel, TerminalKind};
use pos_host::{Answer, PosHost, PosSettings};
use secret::Pan;
use serde_json::{Value, json};
use store::Target;

use super::payments::{assemble, raw};
use super::{PosArgs, rate, ratio};
use crate::Outcome;
use crate::clock::{Stopwatch, now};

const PAN: &str = "6222021234567890128";
const MERCHANT_CODE: &str = "305310058120001";

pub(super) async fn pos(args: &PosArgs) -> Outcome<Value> {
    let name = format!("suanpan-bench-{}", crypto::random::random_alphanumeric(8));
    let folder = std::env::temp_dir().join(name);
    let network = Network { pin: BlockKey::generate_tdes(), mac: BlockKey::generate_tdes() };
    let app = assemble(Target::Directory(folder.join("ours"))).await?;
    let sender = Arc::new(Answering { mac: network.mac.clone() });
    let app = Arc::new(App { sender, ..app });
    let frames = set_up(&app, &network, args).await?;
    let settings = PosSettings { acquirer: "48021000".to_owned() };
    let host = Arc::new(PosHost::new(Arc::clone(&app), settings));
    let watch = Stopwatch::start();
    let answers = stream::iter(frames).map(|frame| {
        let host = Arc::clone(&host);
        tokio::spawn(async move { host.answer(&frame).await })
    });
    let approved = answers.buffer_unordered(args.in_flight).filter(|answer| {
        let approved = matches!(answer, Ok(Answer::Reply(bytes)) if is_approved(bytes));
        std::future::ready(approved)
    });
    let approved = u64::try_from(approved.count().await)?;
    let ours = rate(approved, watch.elapsed());
    if approved != args.payments {
        return Err(format!("{approved} of {} were approved", args.payments).into());
    }
    let target = Target::Directory(folder.join("raw"));
    let raw = raw(target, &app.ids, args.payments).await?;
    drop(host);
    if let Ok(app) = Arc::try_unwrap(app) {
        app.store.close();
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(json!({
        "bench": "pos",
        "payments": args.payments,
        "in_flight": args.in_flight,
        "terminals": args.terminals,
        "rate_per_s": ours,
        "raw_rate_per_s": raw,
        "ratio": ratio(ours, raw),
    }))
}

struct Network {
    pin: BlockKey,
    mac: BlockKey,
}

/// The network: it approves everything at once.
#[derive(Debug)]
struct Answering {
    mac: BlockKey,
}

#[async_trait::async_trait]
impl Sender for Answering {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let answer = self.answer(request.body()).or(Err(SendError::NoAnswer))?;
        Ok(Response::new(Bytes::from(answer)))
    }
}

impl Answering {
    fn answer(&self, asked: &[u8]) -> Result<Vec<u8>, iso8583::Error> {
        let asked = CUP_NETWORK.unpack(asked)?;
        let mut answer = Builder::of(&CUP_NETWORK, asked.mti().reply());
        for field in [2, 3, 4, 7, 11, 12, 13, 25, 32, 33, 37] {
            answer.copy(field, &asked)?;
        }
        answer.set(15, "1121")?;
        answer.set(38, "123456")?;
        answer.set(39, "00")?;
        for field in [41, 42, 49] {
            answer.copy(field, &asked)?;
        }
        let mut bytes = Vec::new();
        let mac = |data: &[u8]| pos_mac(MacAlgorithm::X919, &self.mac, data).field(MacForm::Raw);
        answer.pack_with_mac(128, &mut bytes, mac)?;
        Ok(bytes)
    }
}

fn is_approved(frame: &[u8]) -> bool {
    let message = frame.get(2..).and_then(|frame| Envelope::CUP_POS.open(frame).ok());
    let message = message.and_then(|frame| CUP_POS.unpack(frame.message).ok());
    message.and_then(|m| m.get(39).map(|code| code.raw() == b"00")).unwrap_or(false)
}

/// Terminals that have signed on, and their purchases in turn.
async fn set_up(app: &App, network: &Network, args: &PosArgs) -> Outcome<Vec<Vec<u8>>> {
    let account = ChannelAccount {
        id: ids::ChannelAccountId::generate(&app.ids, now().as_millisecond()),
        channel: channels::Channel::Card.channel_code(),
        account_no: "48021000".to_owned(),
        version: 1,
        live: false,
        sealed: vec![0],
        created_at: now(),
    };
    app.register_account(account.clone()).await?;
    let config: ChannelConfig = serde_json::from_value(json!({
        "channel": "card",
        "links": ["127.0.0.1:9"],
        "acquirer": "48021000",
        "forwarder": "48021000",
        "merchant_type": "5411",
        "pin_key": hex::encode(network.pin.expose()),
        "mac_key": hex::encode(network.mac.expose()),
    }))?;
    app.adopt_connector(&account, connector(&config, &*app.keys)?);
    app.set_trade_rules(None, &orders::TradeRules::of_wallets()).await?;
    let each = args.payments / args.terminals.max(1);
    let mut frames: Vec<Vec<Vec<u8>>> = Vec::new();
    for n in 0..args.terminals {
        let merchant = app.create_merchant(&format!("bench {n}")).await?;
        app.open_channel(merchant.id, &account).await?;
        let store = app.create_store(merchant.id, "bench").await?;
        let terminal = app.create_terminal(&store, TerminalKind::SmartPos, "bench").await?;
        let terminal_no = format!("{n:08}");
        let master = new_master_key(PosModel::CupTdes);
        let new = NewPosTerminal {
            terminal_no: terminal_no.clone(),
            merchant_code: MERCHANT_CODE.to_owned(),
            model: PosModel::CupTdes,
            master: MasterKey::Clear(master.clone()),
        };
        let access = app.register_pos(&terminal, new).await?.access;
        let keys = app.pos_sign_on(&access, KeySet::Double).await?;
        let (pin, mac) = (unwrap_key(&master, &keys.pin.0)?, unwrap_key(&master, &keys.mac.0)?);
        let own = (1..=each).map(|trace| purchase(&terminal_no, trace, (&pin, &mac)));
        frames.push(own.collect::<Outcome<_>>()?);
    }
    // In turn, so that no terminal is far ahead of the others.
    let turn = |at: usize| frames.iter().filter_map(move |own| own.get(at).cloned());
    Ok((0..usize::try_from(each)?).flat_map(turn).collect())
}

fn purchase(terminal_no: &str, trace: u64, (pin, mac): (&BlockKey, &BlockKey)) -> Outcome<Vec<u8>> {
    let pan = Pan::parse(PAN).ok_or("a card number")?;
    let mut m = Builder::new(&CUP_POS, "0200");
    m.set(2, PAN)?;
    m.set(3, "000000")?;
    m.set_number(4, 2_800)?;
    m.set_number(11, trace)?;
    m.set(22, "021")?;
    m.set(25, "00")?;
    m.set(26, "12")?;
    m.set(35, &format!("{PAN}=30122201000000000"))?;
    m.set(41, terminal_no)?;
    m.set(42, MERCHANT_CODE)?;
    m.set(49, "156")?;
    m.put(52, &seal_pin(PinFormat::WithPan, pin, &Pin::parse("123456")?, &pan))?;
    m.set(53, "2600000000000000")?;
    m.set(60, "22000001000501")?;
    let mut message = Vec::new();
    let seal = |data: &[u8]| pos_mac(MacAlgorithm::CupEcb, mac, data).field(MacForm::Hex);
    m.pack_with_mac(64, &mut message, seal)?;
    let tpdu = Some(Tpdu::new([0x60, 0x00, 0x03, 0x00, 0x00]));
    let header = Some(Header::new([0x60, 0x31, 0x00, 0x31, 0x00, 0x00]));
    let mut frame = Vec::new();
    Frame { tpdu, header, message: &message }.write(&mut frame)?;
    Ok(frame.split_off(2))
}
