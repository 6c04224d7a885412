//! Payments through the use cases: create, channel result, ledger, outbox, each commit durable.

use std::sync::Arc;

use app::{App, CreatePayment, Directory, Means, PaidBy, Settings, Vault};
use channels::Channel;
use crypto::aead::Aes256Key;
use crypto::pos::SoftKeys;
use futures_util::StreamExt as _;
use futures_util::stream;
use ids::{IdSource, JournalId, MerchantId, MerchantNo, NotificationId};
use jiff::Timestamp;
use ledger::{AccountCode, AccountKey, Header, rules};
use merchants::{ChannelAccount, Notification, NotificationState};
use money::{Amount, Currency};
use orders::channel::{Paid, PaymentReply};
use orders::{OrderState, Source};
use secret::PayerCode;
use serde_json::{Value, json};
use store::{Job, JobKind, Posting, RawBatch, RawPayment, RawWriter, Store, Target};

use super::instant::{InstantChannel, InstantSender};
use super::rsa::{RsaChannel, raw_signatures_per_s};
use super::{ChannelKind, PaymentsArgs, StoreKind, rate, ratio};
use crate::clock::{RealClock, Stopwatch, now};

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Payments per raw transaction: the design's own figure.
const RAW_BATCH: usize = 100;
const NOTIFY_URL: &str = "http://127.0.0.1:9/notify";

pub(crate) async fn payments(args: &PaymentsArgs) -> Result<Value, Failed> {
    let folder = std::env::temp_dir()
        .join(format!("suanpan-bench-{}", crypto::random::random_alphanumeric(8)));
    let (target, raw_target) = targets(args, &folder)?;
    let app = Arc::new(assemble(target).await?);
    let merchants = set_up(&app, args.merchants.max(1), args.channel).await?;
    let ours = through_use_cases(&app, &merchants, args).await?;
    let raw = raw(raw_target, &app.ids, args.payments).await?;
    if let Ok(app) = Arc::try_unwrap(app) {
        app.store.close();
    }
    if args.store == StoreKind::Sqlite {
        std::fs::remove_dir_all(&folder)?;
    }
    let mut figures = json!({
        "bench": "payments",
        "store": if args.store == StoreKind::Sqlite { "sqlite" } else { "postgres" },
        "payments": args.payments,
        "in_flight": args.in_flight,
        "rate_per_s": ours,
        "raw_rate_per_s": raw,
        "ratio": ratio(ours, raw),
    });
    add_rsa_bound(&mut figures, args.channel, ours)?;
    Ok(figures)
}

/// With RSA channels the machine's own signing rate is the bound.
pub(super) fn add_rsa_bound(
    figures: &mut Value,
    channel: ChannelKind,
    ours: u64,
) -> Result<(), Failed> {
    if let (ChannelKind::Rsa, Some(figures)) = (channel, figures.as_object_mut()) {
        let bound = raw_signatures_per_s()?;
        figures.insert("raw_rsa_signatures_per_s".to_owned(), json!(bound));
        figures.insert("ratio_to_rsa".to_owned(), ratio(ours, bound));
    }
    Ok(())
}

fn targets(args: &PaymentsArgs, folder: &std::path::Path) -> Result<(Target, Target), Failed> {
    match args.store {
        StoreKind::Sqlite => {
            Ok((Target::Directory(folder.join("ours")), Target::Directory(folder.join("raw"))))
        }
        StoreKind::Postgres => {
            let url = args.database_url.as_deref();
            let url = url.ok_or("--store postgres wants --database-url of an empty database")?;
            let raw = format!("{url}_raw");
            Ok((Target::Postgres(url.into()), Target::Postgres(raw.into())))
        }
    }
}

pub(super) async fn assemble(target: Target) -> Result<App, Failed> {
    let ids = Arc::new(IdSource::new(1)?);
    let store = Store::open(target, Arc::clone(&ids), now().as_millisecond()).await?;
    let vault = Vault::new(Aes256Key::generate());
    let platform_keys = App::load_platform_keys(&store, &vault, now()).await?;
    Ok(App {
        store,
        clock: Arc::new(RealClock),
        ids,
        sender: Arc::new(InstantSender),
        directory: Directory::default(),
        vault,
        keys: Arc::new(SoftKeys),
        settings: Settings { public_url: "http://127.0.0.1".to_owned() },
        platform_keys,
    })
}

/// Merchants whose payments go to the channel inside the process.
pub(super) async fn set_up(
    app: &App,
    count: usize,
    channel: ChannelKind,
) -> Result<Vec<MerchantId>, Failed> {
    let account = ChannelAccount {
        id: ids::ChannelAccountId::generate(&app.ids, now().as_millisecond()),
        channel: Channel::Alipay.channel_code(),
        account_no: "2088000000000000".to_owned(),
        version: 1,
        live: false,
        sealed: vec![0],
        created_at: now(),
    };
    app.register_account(account.clone()).await?;
    app.adopt_connector(
        &account,
        match channel {
            ChannelKind::Instant => Arc::new(InstantChannel),
            ChannelKind::Rsa => Arc::new(RsaChannel::new()?),
        },
    );
    app.set_trade_rules(None, &orders::TradeRules::of_wallets()).await?;
    let mut merchants = Vec::new();
    for n in 0..count {
        let merchant = app.create_merchant(&format!("bench {n}")).await?;
        app.open_channel(merchant.id, &account).await?;
        merchants.push(merchant.id);
    }
    Ok(merchants)
}

async fn through_use_cases(
    app: &Arc<App>,
    merchants: &[MerchantId],
    args: &PaymentsArgs,
) -> Result<u64, Failed> {
    let watch = Stopwatch::start();
    let inputs = (0..args.payments).map(|n| input(merchants, n));
    let runs = stream::iter(inputs).map(|input| {
        let app = Arc::clone(app);
        async move {
            let input = input?;
            let run = tokio::spawn(async move { app.create_payment(input).await });
            let paid = run.await??.order.state == OrderState::Paid;
            if paid { Ok(()) } else { Err(Failed::from("a payment was not paid")) }
        }
    });
    let mut runs = runs.buffer_unordered(args.in_flight.max(1));
    while let Some(run) = runs.next().await {
        run?;
    }
    Ok(rate(args.payments, watch.elapsed()))
}

fn input(merchants: &[MerchantId], n: u64) -> Result<CreatePayment, Failed> {
    let turn = usize::try_from(n)? % merchants.len();
    let merchant = merchants.get(turn).ok_or("no merchant")?;
    let code = PayerCode::parse(&format!("28{n:016}")).ok_or("a payer code")?;
    Ok(CreatePayment {
        merchant: *merchant,
        merchant_no: MerchantNo::parse(&format!("bench-{n}"))?,
        content_hash: crypto::digest::sha256(&n.to_be_bytes()),
        amount: Amount::new(100 + n % 10_000, Currency::Cny)?,
        description: "coffee".to_owned(),
        attach: None,
        notify_url: Some(NOTIFY_URL.to_owned()),
        terminal: None,
        terminal_ip: "127.0.0.1".to_owned(),
        paid_by: PaidBy::One(Means::PayerCode(code)),
        expires_at: None,
        top_up: None,
        checkout: None,
    })
}

/// The same rows, made before the clock starts, written straight to the database.
pub(super) async fn raw(target: Target, ids: &IdSource, payments: u64) -> Result<u64, Failed> {
    let mut writer = RawWriter::open(target, now().as_millisecond()).await?;
    let mut rest = payments;
    let mut spent = std::time::Duration::ZERO;
    while rest > 0 {
        let count = rest.min(u64::try_from(RAW_BATCH)?);
        let rows = (0..count).map(|n| raw_payment(ids, rest - n)).collect::<Result<Vec<_>, _>>()?;
        let batch = RawBatch::of(&rows, JournalId::generate(ids, now().as_millisecond()).to_i64());
        let watch = Stopwatch::start();
        writer.write(batch).await?;
        spent += watch.elapsed();
        rest -= count;
    }
    Ok(rate(payments, spent))
}

fn raw_payment(ids: &IdSource, n: u64) -> Result<RawPayment, Failed> {
    let at = now();
    let ms = at.as_millisecond();
    let merchant = MerchantId::from_i64(i64::try_from(n % 100)?)?;
    let account = ids::ChannelAccountId::from_i64(1)?;
    let input = input(&[merchant], n)?;
    let PaidBy::One(means) = &input.paid_by else { return Err("one means".into()) };
    let channel = Channel::Alipay.channel_code();
    let through = app::Through { account, channel: &channel, self_collected: false };
    let new = app::draft(ids, &input, (means, Some(through)), at);
    let attempt = new.attempts.first().ok_or("an attempt")?;
    let subject = attempt.id.to_i64();
    let reply = PaymentReply::Paid(Paid {
        trade_no: ids::ChannelTradeNo::parse(&format!("2026112022001{}", attempt.id.channel_no()))?,
        amount: attempt.amount,
        paid_at: at,
        payer: Some("2088000000000001".to_owned()),
        card: None,
    });
    let (paid, _) = new.on_reply(attempt.id, Source::Charge, &reply, at).ok_or("a reply")?;
    let id = NotificationId::generate(ids, ms);
    let body = channels::notifications::payment_body(id, "payment.paid", &paid, at);
    let job = |kind, subject| Job { kind, subject, order: Some(new.id()), due_at: at, looks: 0 };
    Ok(RawPayment {
        posting: posting(ids, merchant, attempt.amount, at)?,
        notification: Notification {
            id,
            merchant,
            order: new.id(),
            event: "payment.paid".to_owned(),
            url: NOTIFY_URL.to_owned(),
            body,
            state: NotificationState::Waiting,
            tries: 0,
            created_at: at,
            delivered_at: None,
        },
        attempt_job: job(JobKind::Attempt, subject),
        notify_job: job(JobKind::Notify, id.to_i64()),
        new,
        paid,
    })
}

fn posting(
    ids: &IdSource,
    merchant: MerchantId,
    amount: Amount,
    at: Timestamp,
) -> Result<Posting, Failed> {
    let head = Header {
        id: JournalId::generate(ids, at.as_millisecond()),
        subject: "bench".to_owned(),
        accounting_date: app::accounting_date(at),
        booked_at: at,
    };
    let key = |code, owner: &str| AccountKey::new(code, owner, Currency::Cny);
    let receivable = key(AccountCode::ChannelReceivable, "alipay:2088000000000000")?;
    let pending = key(AccountCode::MerchantPending, &format!("{merchant}:alipay"))?;
    let journal = rules::payment_succeeded(head, receivable, pending, amount)?;
    Ok(Posting::unguarded(journal)?)
}
