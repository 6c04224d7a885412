//! Orders, legs and attempts.

use ids::{
    AttemptId, CampaignId, ChannelAccountId, ChannelTradeNo, LegId, MerchantId, MerchantNo,
    OrderId, TerminalId, WalletId,
};
use money::Currency;
use orders::channel::{ChannelCodeText, PayWay};
use orders::{
    Attempt, AttemptState, CardHold, Charge, Draw, Leg, LegState, Order, OrderShape, OrderState,
    Tender, TopUp, WalletKind, WalletUse,
};

use super::{
    Record, Word, currency, day_number, id, minor, opt_time, parsed, read_amount, read_currency,
    read_day, read_hash, read_opt_time, read_small, read_time, table, time, to_amount,
};
use crate::sql::{Cells, Corrupt, RowReader, Table, Value};

impl Word for OrderState {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Paying, "paying"),
        (Self::Paid, "paid"),
        (Self::Failed, "failed"),
        (Self::Closing, "closing"),
        (Self::Closed, "closed"),
    ];
}

impl Word for OrderShape {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Single, "single"), (Self::Combined, "combined")];
}

impl Word for LegState {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Paying, "paying"),
        (Self::Paid, "paid"),
        (Self::Failed, "failed"),
        (Self::Closed, "closed"),
    ];
}

impl Word for AttemptState {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Sending, "sending"),
        (Self::Waiting, "waiting"),
        (Self::Unknown, "unknown"),
        (Self::Closing, "closing"),
        (Self::Cancelling, "cancelling"),
        (Self::Paid, "paid"),
        (Self::Refused, "refused"),
        (Self::Closed, "closed"),
        (Self::Returned, "returned"),
        (Self::PaidLate, "paid_late"),
    ];
}

impl Word for PayWay {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::PayerCode, "payer_code"),
        (Self::DynamicQr, "dynamic_qr"),
        (Self::OwnCode, "own_code"),
        (Self::Jsapi, "jsapi"),
        (Self::H5, "h5"),
        (Self::Page, "page"),
        (Self::Card, "card"),
        (Self::CardHold, "card_hold"),
        (Self::CardAdvice, "card_advice"),
        (Self::CardInquiry, "card_inquiry"),
    ];
}

impl Record for Order {
    const TABLE: &'static Table = table!("orders", key ["id"],
        "id" Int, "merchant_id" Int, "merchant_no" Text, "content_hash" Blob, "amount" Int,
        "currency" Text, "description" Text, "attach" Text, "notify_url" Text, "terminal_id" Int,
        "shape" Text, "state" Text, "created_at" Int, "expires_at" Int, "paid_at" Int, "updated_at" Int,
        "wallet_id" Int, "wallet_kind" Text, "gift" Int, "gift_campaign_id" Int, "hold" Text,
        "hold_order_id" Int);

    fn cells(&self) -> Cells {
        vec![
            self.id.to_i64().into(),
            self.merchant.to_i64().into(),
            self.merchant_no.as_str().into(),
            self.content_hash.to_vec().into(),
            minor(self.amount),
            currency(self.amount),
            self.description.as_str().into(),
            self.attach.as_deref().into(),
            self.notify_url.as_deref().into(),
            self.terminal.map(TerminalId::to_i64).into(),
            self.shape.word(),
            self.state.word(),
            time(self.created_at),
            time(self.expires_at),
            opt_time(self.paid_at),
            time(self.updated_at),
            self.top_up.map(|top_up| top_up.wallet.to_i64()).into(),
            self.top_up.map_or(Value::Null, |top_up| top_up.kind.word()),
            self.top_up.map_or(Value::Null, |top_up| minor(top_up.gift)),
            self.top_up.and_then(|top_up| top_up.campaign).map(CampaignId::to_i64).into(),
            self.hold.map(hold_word).into(),
            self.hold.and_then(hold_order).map(OrderId::to_i64).into(),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        let (id, merchant) = (id!(row, OrderId), id!(row, MerchantId));
        let merchant_no = parsed(&row.text()?, MerchantNo::parse)?;
        let (content_hash, amount) = (read_hash(row)?, read_amount(row)?);
        Ok(Self {
            id,
            merchant,
            merchant_no,
            content_hash,
            amount,
            description: row.text()?,
            attach: row.opt_text()?,
            notify_url: row.opt_text()?,
            terminal: row
                .opt_int()?
                .map(|raw| TerminalId::from_i64(raw).or(Err(Corrupt)))
                .transpose()?,
            shape: Word::parse(&row.text()?)?,
            state: Word::parse(&row.text()?)?,
            created_at: read_time(row)?,
            expires_at: read_time(row)?,
            paid_at: read_opt_time(row)?,
            updated_at: read_time(row)?,
            top_up: read_top_up(row, amount.currency())?,
            hold: read_hold(row)?,
        })
    }
}

const fn hold_word(hold: CardHold) -> &'static str {
    match hold {
        CardHold::Standing => "standing",
        CardHold::Completed(_) => "completed",
        CardHold::Lapsed => "lapsed",
        CardHold::Completion(_) => "completion",
    }
}

const fn hold_order(hold: CardHold) -> Option<OrderId> {
    match hold {
        CardHold::Completed(order) | CardHold::Completion(order) => Some(order),
        CardHold::Standing | CardHold::Lapsed => None,
    }
}

fn read_hold(row: &mut RowReader) -> Result<Option<CardHold>, Corrupt> {
    let word = row.opt_text()?;
    let order = row.opt_int()?.map(OrderId::from_i64).transpose().or(Err(Corrupt))?;
    Ok(match (word.as_deref(), order) {
        (None, None) => None,
        (Some("standing"), None) => Some(CardHold::Standing),
        (Some("lapsed"), None) => Some(CardHold::Lapsed),
        (Some("completed"), Some(order)) => Some(CardHold::Completed(order)),
        (Some("completion"), Some(order)) => Some(CardHold::Completion(order)),
        (Some(_) | None, _) => return Err(Corrupt),
    })
}

fn read_campaign(row: &mut RowReader) -> Result<Option<CampaignId>, Corrupt> {
    row.opt_int()?.map(|raw| CampaignId::from_i64(raw).or(Err(Corrupt))).transpose()
}

fn read_top_up(row: &mut RowReader, currency: Currency) -> Result<Option<TopUp>, Corrupt> {
    let (wallet, kind, gift) = (row.opt_int()?, row.opt_text()?, row.opt_int()?);
    let campaign = read_campaign(row)?;
    let top_up = wallet.zip(kind).zip(gift).map(|((wallet, kind), gift)| {
        Ok::<_, Corrupt>(TopUp {
            wallet: WalletId::from_i64(wallet).or(Err(Corrupt))?,
            kind: Word::parse(&kind)?,
            gift: to_amount(gift, currency)?,
            campaign,
        })
    });
    top_up.transpose()
}

impl Record for Leg {
    const TABLE: &'static Table = table!("legs", key ["order_id", "id"],
        "order_id" Int, "id" Int, "no" Int, "content_hash" Blob, "tender" Text,
        "self_collected" Int, "reference" Text,
        "amount" Int, "currency" Text, "state" Text, "booked_at" Int, "fee" Int,
        "fee_rule" Text, "cost" Int, "cost_rule" Text, "refunding" Int, "refunded" Int,
        "wallet" Text, "campaign_id" Int);

    fn cells(&self) -> Cells {
        vec![
            self.order.to_i64().into(),
            self.id.to_i64().into(),
            i64::from(self.no).into(),
            self.content_hash.map(|hash| hash.to_vec()).into(),
            self.tender.code().as_ref().into(),
            i64::from(self.self_collected).into(),
            self.reference.as_deref().into(),
            minor(self.amount),
            currency(self.amount),
            self.state.word(),
            opt_time(self.booked_at),
            charge_amount(self.fee.as_ref()),
            charge_rule(self.fee.as_ref()),
            charge_amount(self.cost.as_ref()),
            charge_rule(self.cost.as_ref()),
            minor(self.refunding),
            minor(self.refunded),
            self.wallet.as_ref().map(wallet_text).into(),
            self.campaign.map(CampaignId::to_i64).into(),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        let (order, id) = (id!(row, OrderId), id!(row, LegId));
        let no = read_small(row)?;
        let content_hash = row.opt_blob()?.map(|b| b.try_into().or(Err(Corrupt))).transpose()?;
        let tender = parsed(&row.text()?, Tender::parse)?;
        let self_collected = row.int()? != 0;
        let reference = row.opt_text()?;
        let raw = row.int()?;
        let currency = read_currency(row)?;
        Ok(Self {
            id,
            order,
            no,
            content_hash,
            tender,
            self_collected,
            reference,
            amount: to_amount(raw, currency)?,
            state: Word::parse(&row.text()?)?,
            booked_at: read_opt_time(row)?,
            fee: read_charge(row, currency)?,
            cost: read_charge(row, currency)?,
            refunding: to_amount(row.int()?, currency)?,
            refunded: to_amount(row.int()?, currency)?,
            wallet: row.opt_text()?.map(|text| read_wallet(&text, currency)).transpose()?,
            campaign: read_campaign(row)?,
        })
    }
}

impl Record for Attempt {
    const TABLE: &'static Table = table!("attempts", key ["order_id", "id"],
        "order_id" Int, "id" Int, "leg_id" Int, "channel_account_id" Int, "way" Text,
        "amount" Int, "currency" Text, "state" Text, "invoke" Text, "trade_no" Text,
        "paid_at" Int, "payer" Text, "refusal_code" Text, "refusal_message" Text,
        "created_at" Int, "updated_at" Int, "reserved_on" Int, "route" Text);

    fn cells(&self) -> Cells {
        vec![
            self.order.to_i64().into(),
            self.id.to_i64().into(),
            self.leg.to_i64().into(),
            self.channel_account.to_i64().into(),
            self.way.word(),
            minor(self.amount),
            currency(self.amount),
            self.state.word(),
            self.invoke.as_deref().into(),
            self.trade_no.as_ref().map(ChannelTradeNo::as_str).into(),
            opt_time(self.paid_at),
            self.payer.as_deref().into(),
            self.refusal.as_ref().map(|r| r.code.as_str()).into(),
            self.refusal.as_ref().map(|r| r.message.as_str()).into(),
            time(self.created_at),
            time(self.updated_at),
            self.reserved_on.map(day_number).into(),
            self.route.as_deref().into(),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            order: id!(row, OrderId),
            id: id!(row, AttemptId),
            leg: id!(row, LegId),
            channel_account: id!(row, ChannelAccountId),
            way: Word::parse(&row.text()?)?,
            amount: read_amount(row)?,
            state: Word::parse(&row.text()?)?,
            invoke: row.opt_text()?,
            trade_no: row.opt_text()?.map(|t| parsed(&t, ChannelTradeNo::parse)).transpose()?,
            paid_at: read_opt_time(row)?,
            payer: row.opt_text()?,
            refusal: read_refusal(row)?,
            created_at: read_time(row)?,
            updated_at: read_time(row)?,
            reserved_on: row.opt_int()?.map(read_day).transpose()?,
            route: row.opt_text()?,
        })
    }
}

const CARD: &str = "c";
const BALANCE: &str = "b";

/// `wallet|kind|lot:principal:gift,...` in plain numbers: what a leg took from which top-up never changes.
fn wallet_text(used: &WalletUse) -> String {
    let draw = |draw: &Draw| {
        format!("{}:{}:{}", draw.lot.to_i64(), draw.principal.minor(), draw.gift.minor())
    };
    let draws: Vec<String> = used.draws.iter().map(draw).collect();
    let kind = match used.kind {
        WalletKind::Card => CARD,
        WalletKind::Balance => BALANCE,
    };
    format!("{}|{kind}|{}", used.wallet.to_i64(), draws.join(","))
}

fn read_wallet(text: &str, currency: Currency) -> Result<WalletUse, Corrupt> {
    let number = |text: &str| text.parse::<i64>().or(Err(Corrupt));
    let (wallet, rest) = text.split_once('|').ok_or(Corrupt)?;
    let (kind, draws) = rest.split_once('|').ok_or(Corrupt)?;
    let kind = match kind {
        CARD => WalletKind::Card,
        BALANCE => WalletKind::Balance,
        _ => return Err(Corrupt),
    };
    let draw = |text: &str| {
        let mut parts = text.splitn(3, ':').map(number);
        let mut next = || parts.next().ok_or(Corrupt)?;
        Ok(Draw {
            lot: OrderId::from_i64(next()?).or(Err(Corrupt))?,
            principal: to_amount(next()?, currency)?,
            gift: to_amount(next()?, currency)?,
        })
    };
    let draws = draws.split(',').filter(|text| !text.is_empty()).map(draw);
    let wallet = WalletId::from_i64(number(wallet)?).or(Err(Corrupt))?;
    Ok(WalletUse { wallet, kind, draws: draws.collect::<Result<_, _>>()? })
}

fn charge_amount(charge: Option<&Charge>) -> Value {
    charge.map_or(Value::Null, |charge| minor(charge.amount))
}

fn charge_rule(charge: Option<&Charge>) -> Value {
    charge.map(|charge| charge.rule.as_str()).into()
}

fn read_charge(row: &mut RowReader, currency: Currency) -> Result<Option<Charge>, Corrupt> {
    let (raw, rule) = (row.opt_int()?, row.opt_text()?);
    let charge = raw
        .zip(rule)
        .map(|(raw, rule)| Ok::<_, Corrupt>(Charge { amount: to_amount(raw, currency)?, rule }));
    charge.transpose()
}

pub(super) fn read_refusal(row: &mut RowReader) -> Result<Option<ChannelCodeText>, Corrupt> {
    let (code, message) = (row.opt_text()?, row.opt_text()?);
    Ok(code.map(|code| ChannelCodeText { code, message: message.unwrap_or_default() }))
}
