//! A short business day: payments that go well, one whose answer is lost, one that is refused, a QR,
//! refunds; then the books are compared with the channels'.

use std::time::Duration;

use app::App;
use serde_json::{Value, json};

use super::Stage;
use super::client::Client;
use super::receiver::Receiver;
use crate::export::trial_balance_json;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// How often, and how many times, an open result is looked at.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(100);
pub(super) const LOOKS_MAX: u32 = 300;

pub(super) struct Day<'a> {
    pub(super) client: Client,
    stage: &'a Stage,
    plain: reqwest::Client,
    steps: Vec<Value>,
    /// Steps of which the merchant is told by a notification.
    pub(super) told: usize,
    ok: bool,
    /// Makes the day's order numbers and payer codes unlike any other day's.
    pub(super) run: String,
}

pub(crate) async fn play(app: &App, stage: &Stage, receiver: &Receiver) -> Result<Value, Failed> {
    let run = crypto::random::random_bytes::<4>();
    let run = u32::from_be_bytes(run) % 100_000_000;
    let mut day = Day {
        client: Client::new(stage)?,
        stage,
        plain: reqwest::Client::builder().no_proxy().build()?,
        steps: Vec::new(),
        told: 0,
        ok: true,
        run: format!("{run:08}"),
    };
    let coffee = day.scan("Alipay code, paid at once", ("coffee", "28", "00"), 2_800).await?;
    day.scan("WeChat code, paid at once", ("cake", "13", "01"), 3_650).await?;
    day.scan("WeChat code, password after 5 s", ("lunch", "13", "90"), 4_200).await?;
    day.scan("UnionPay code, paid at once", ("bread", "62", "00"), 1_550).await?;
    day.fault("alipay.trade.pay", "lost_answer_after_effect").await?;
    day.scan("Alipay code, the answer is lost", ("tea", "28", "02"), 1_900).await?;
    day.refused("Alipay code, not enough money", ("watch", "28", "92"), 999_900).await?;
    let qr = day.qr(app, ("WeChat QR, scanned and paid", "beans"), 12_800).await?;
    day.refund("refund of a part, Alipay", (&coffee, "coffee-back"), 800).await?;
    day.refund("refund in full, WeChat", (&qr, "beans-back"), 12_800).await?;

    day.morning_at_the_terminal(&stage.cards).await?;
    let supper = day.hundred().await?;
    day.give_back(&supper).await?;

    // A combined payment tells of its end once, and of each of its refunds.
    let expected = day.told;
    let events = day.wait_for_events(receiver, expected).await;
    day.note("signed notifications received", &events.to_string(), events >= expected);
    let trial = trial_balance_json(app).await?;
    let balanced = trial.get("balanced") == Some(&Value::Bool(true));
    let agree = day.books_agree(app).await?;
    Ok(json!({
        "ok": day.ok && balanced && agree,
        "steps": day.steps,
        "trial_balance": if balanced { "balanced" } else { "NOT BALANCED" },
        "books_agree": agree,
        "books": trial,
    }))
}

impl Day<'_> {
    pub(super) fn note(&mut self, what: &str, result: &str, good: bool) {
        self.ok &= good;
        let shown = if good { result.to_owned() } else { format!("{result} (WRONG)") };
        self.steps.push(json!({ "what": what, "result": shown }));
    }

    pub(super) fn payment(&self, no: &str, fen: u64) -> Value {
        json!({
            "merchant_order_no": format!("{no}-{}", self.run),
            "amount": { "total": fen, "currency": "CNY" },
            "description": no,
            "notify_url": self.stage.receiver,
        })
    }

    /// The code of a payer: its beginning names his wallet, its end what he does.
    pub(super) fn payer_code(&self, prefix: &str, fen: u64, ending: &str) -> String {
        // UnionPay's codes have 19 digits, the others' 18.
        let width = if prefix == "62" { 7 } else { 6 };
        format!("{prefix}{fen:0>width$}{}{ending}", self.run)
    }

    async fn charge(
        &self,
        (no, prefix, ending): (&str, &str, &str),
        fen: u64,
    ) -> Result<Value, Failed> {
        let mut body = self.payment(no, fen);
        put(&mut body, "payer_code", json!(self.payer_code(prefix, fen, ending)));
        let payment = self.client.post("/v1/payments", &body).await?;
        self.decided("/v1/payments", payment).await
    }

    async fn scan(
        &mut self,
        what: &str,
        who: (&str, &str, &str),
        fen: u64,
    ) -> Result<Value, Failed> {
        let payment = self.charge(who, fen).await?;
        self.told += 1;
        self.note(what, &words(&payment), state(&payment) == "paid");
        Ok(payment)
    }

    async fn refused(
        &mut self,
        what: &str,
        who: (&str, &str, &str),
        fen: u64,
    ) -> Result<(), Failed> {
        let payment = self.charge(who, fen).await?;
        self.told += 1;
        self.note(what, &words(&payment), state(&payment) == "failed");
        Ok(())
    }

    async fn qr(&mut self, app: &App, (what, no): (&str, &str), fen: u64) -> Result<Value, Failed> {
        let mut body = self.payment(no, fen);
        put(&mut body, "qr", json!({ "channel": "wechat" }));
        let payment = self.client.post("/v1/payments", &body).await?;
        let shown = payment.get("code_url").is_some();
        let order_no = channel_no(app, &payment).await?;
        self.sandbox("pay", &json!({ "channel": "wechat", "order_no": order_no })).await?;
        let payment = self.decided("/v1/payments", payment).await?;
        self.told += 1;
        self.note(what, &words(&payment), shown && state(&payment) == "paid");
        Ok(payment)
    }

    async fn refund(
        &mut self,
        what: &str,
        (payment, no): (&Value, &str),
        fen: u64,
    ) -> Result<(), Failed> {
        let body = json!({
            "payment_id": payment.get("id"),
            "merchant_refund_no": format!("{no}-{}", self.run),
            "amount": { "total": fen, "currency": "CNY" },
            "reason": "demo",
        });
        let refund = self.client.post("/v1/refunds", &body).await?;
        let refund = self.decided("/v1/refunds", refund).await?;
        self.told += 1;
        self.note(what, &words(&refund), state(&refund) == "succeeded");
        Ok(())
    }

    /// Asks again until the channel has spoken.
    pub(super) async fn decided(&self, path: &str, mut thing: Value) -> Result<Value, Failed> {
        for _ in 0..LOOKS_MAX {
            if !matches!(state(&thing), "paying" | "processing") {
                return Ok(thing);
            }
            tokio::time::sleep(LOOK_EVERY).await;
            let id = thing.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            thing = self.client.get(&format!("{path}/{id}")).await?;
        }
        Ok(thing)
    }

    async fn fault(&self, call: &str, kind: &str) -> Result<(), Failed> {
        let rule = json!({ "call": call, "fault": { "kind": kind }, "times": 1 });
        self.sandbox("faults", &rule).await
    }

    async fn sandbox(&self, path: &str, body: &Value) -> Result<(), Failed> {
        let url = format!("{}/sandbox/{path}", self.stage.sandbox);
        let request = self.plain.post(url).header("content-type", "application/json");
        request.body(body.to_string()).send().await?.error_for_status()?;
        Ok(())
    }

    async fn wait_for_events(&self, receiver: &Receiver, expected: usize) -> usize {
        for _ in 0..LOOKS_MAX {
            if receiver.events().len() >= expected {
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        receiver.events().len()
    }

    /// What the channels hold for us, by their own books, equals what our ledger says they owe.
    async fn books_agree(&self, app: &App) -> Result<bool, Failed> {
        let url = format!("{}/sandbox/books", self.stage.sandbox);
        let books: Value =
            serde_json::from_slice(&self.plain.get(url).send().await?.bytes().await?)?;
        let lines = books.as_array().or_else(|| books.get("books").and_then(Value::as_array));
        let mut theirs = 0_i128;
        for line in lines.into_iter().flatten() {
            let fen = line.get("amount_fen").and_then(Value::as_u64).map_or(0, i128::from);
            match line.get("kind").and_then(Value::as_str) {
                Some("refund") => theirs -= fen,
                _ => theirs += fen,
            }
        }
        let accounts = app.store.accounts().await?;
        let receivable =
            accounts.iter().filter(|a| a.key.code() == ledger::AccountCode::ChannelReceivable);
        let ours: i128 = receivable.map(|a| a.sums.balance(ledger::Side::Debit)).sum();
        Ok(ours == theirs)
    }
}

/// Our number at the channel, which the payer's scan stands for.
async fn channel_no(app: &App, payment: &Value) -> Result<String, Failed> {
    let id = payment.get("id").and_then(Value::as_str).unwrap_or_default();
    let order = app.store.order(id.parse()?).await?.ok_or("the payment is not stored")?;
    Ok(order.attempts.last().ok_or("the payment has no attempt")?.id.channel_no())
}

pub(super) fn put(body: &mut Value, name: &str, value: Value) {
    if let Some(map) = body.as_object_mut() {
        map.insert(name.to_owned(), value);
    }
}

pub(super) fn state(thing: &Value) -> &str {
    thing.get("state").and_then(Value::as_str).unwrap_or_default()
}

/// State, amount, and why not, in one line.
pub(super) fn words(thing: &Value) -> String {
    let fen = thing.pointer("/amount/total").and_then(Value::as_u64).unwrap_or(0);
    let why = thing.get("failure_code").or_else(|| thing.get("code")).and_then(Value::as_str);
    let why = why.map(|code| format!(" ({code})")).unwrap_or_default();
    format!("{} ¥{}.{:02}{why}", state(thing), fen / 100, fen % 100)
}
