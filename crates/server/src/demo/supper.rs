//! The hundred yuan of a till: 50 by Alipay, whose first try fails, 30 by WeChat Pay, 10 by a prepaid
//! card, 5 in cash and a coupon of 5; then a part goes back, and then all of it.

use serde_json::{Value, json};

use super::play::{Day, put, state, words};

type Failed = Box<dyn std::error::Error + Send + Sync>;

impl Day<'_> {
    pub(super) async fn hundred(&mut self) -> Result<Value, Failed> {
        let card = self.card().await?;
        let by_card = json!({ "wallet_id": card.get("id") });
        let mut body = self.payment("supper", 10_000);
        put(&mut body, "legs", json!([]));
        let open = self.client.post("/v1/payments", &body).await?;
        let path = format!("/v1/payments/{}/legs", text(&open, "/id"));
        let scan = |day: &Self, no: u64, fen: u64, (prefix, ending): (&str, &str)| {
            let code = day.payer_code(prefix, fen, ending);
            json!({ "leg_no": no, "amount": amount(fen), "payer_code": code })
        };
        let mut payment = open;
        for (no, what, leg, wanted) in [
            (1, "100 of supper: 50 by Alipay", scan(self, 1, 5_000, ("28", "92")), "failed"),
            (2, "the same by another payer", scan(self, 2, 5_000, ("28", "00")), "paid"),
            (3, "30 by WeChat Pay", scan(self, 3, 3_000, ("13", "00")), "paid"),
            (4, "10 by a prepaid card", house((4, 1_000), "wallet", &by_card), "paid"),
            (5, "5 in cash", house((5, 500), "cash", &json!({})), "paid"),
            (6, "a coupon of 5", house((6, 500), "coupon", &json!({ "number": "C-1" })), "paid"),
        ] {
            payment = self.client.post(&path, &leg).await?;
            payment = self.leg_decided(payment, no).await?;
            let leg = leg_of(&payment, no);
            let good = state(&leg) == wanted;
            self.note(what, &words(&leg), good);
        }
        self.told += 1;
        self.note("the order of 100", &words(&payment), state(&payment) == "paid");
        Ok(payment)
    }

    /// A prepaid card, handed out and filled with 50.
    async fn card(&mut self) -> Result<Value, Failed> {
        let body = json!({ "wallet_no": format!("card-{}", self.run), "kind": "card" });
        let card = self.client.post("/v1/wallets", &body).await?;
        let path = format!("/v1/wallets/{}", text(&card, "/id"));
        self.client.post(&format!("{path}/activate"), &json!({})).await?;
        let mut payment = self.payment("card", 5_000);
        put(&mut payment, "payer_code", json!(self.payer_code("28", 5_555, "00")));
        let filled =
            self.client.post(&format!("{path}/top-ups"), &json!({ "payment": payment })).await?;
        let filled = self.decided("/v1/payments", filled).await?;
        self.told += 1;
        self.note("a prepaid card is filled", &words(&filled), state(&filled) == "paid");
        Ok(card)
    }

    pub(super) async fn give_back(&mut self, supper: &Value) -> Result<(), Failed> {
        let alipay = text(&leg_of(supper, 2), "/id");
        let steps = [
            ("20 of its Alipay part back", "part", 2_000, Some(alipay.as_str()), "succeeded"),
            ("more than that part has", "above", 3_001, Some(alipay.as_str()), ""),
            ("all the rest, each by its route", "rest", 8_000, None, "succeeded"),
        ];
        for (what, no, fen, leg, wanted) in steps {
            let mut body = json!({
                "payment_id": supper.get("id"),
                "merchant_refund_no": format!("supper-{no}-{}", self.run),
                "amount": amount(fen),
            });
            if let Some(leg) = leg {
                put(&mut body, "leg_id", json!(leg));
            }
            let refund = self.client.post("/v1/refunds", &body).await?;
            let refused = refund.get("code").is_some();
            let refund = if refused { refund } else { self.decided("/v1/refunds", refund).await? };
            self.told += usize::from(!refused);
            let said = if refused { text(&refund, "/code") } else { words(&refund) };
            self.note(what, &said, state(&refund) == wanted);
        }
        Ok(())
    }

    async fn leg_decided(&self, payment: Value, no: u64) -> Result<Value, Failed> {
        let mut payment = payment;
        for _ in 0..super::play::LOOKS_MAX {
            if state(&leg_of(&payment, no)) != "paying" {
                break;
            }
            tokio::time::sleep(super::play::LOOK_EVERY).await;
            payment = self.client.get(&format!("/v1/payments/{}", text(&payment, "/id"))).await?;
        }
        Ok(payment)
    }
}

fn amount(fen: u64) -> Value {
    json!({ "total": fen, "currency": "CNY" })
}

fn house((no, fen): (u64, u64), tender: &str, with: &Value) -> Value {
    let mut leg = json!({ "leg_no": no, "amount": amount(fen) });
    put(&mut leg, tender, with.clone());
    leg
}

fn leg_of(payment: &Value, no: u64) -> Value {
    let legs = payment.get("legs").and_then(Value::as_array);
    let leg = legs.into_iter().flatten().find(|leg| leg.get("leg_no") == Some(&json!(no)));
    leg.cloned().unwrap_or_default()
}

fn text(value: &Value, at: &str) -> String {
    value.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned()
}
