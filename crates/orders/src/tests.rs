//! The transition tables as golden files, and the rules of money over random histories.

use std::fmt::Write as _;

use super::*;

/// The whole table of attempts: a change of one cell is a change of a rule, seen in review.
#[test]
fn attempt_transitions_are_the_golden_table() {
    let mut table = String::new();
    for state in AttemptState::ALL {
        for event in Event::ALL {
            let (to, effect) = state.apply(event);
            writeln!(table, "{state:?} + {event:?} => {to:?}, {effect:?}").unwrap();
        }
    }
    check_golden("attempt_transitions.txt", &table);
}

#[test]
fn refund_transitions_are_the_golden_table() {
    let mut table = String::new();
    for state in RefundState::ALL {
        for event in RefundEvent::ALL {
            let (to, effect) = state.apply(event);
            writeln!(table, "{state:?} + {event:?} => {to:?}, {effect:?}").unwrap();
        }
    }
    check_golden("refund_transitions.txt", &table);
}

/// `SUANPAN_BLESS=1 cargo test -p orders` writes the tables anew.
fn check_golden(name: &str, text: &str) {
    let path = format!("{}/golden/{name}", std::env::var("CARGO_MANIFEST_DIR").unwrap());
    if std::env::var_os("SUANPAN_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "{path}");
}

mod money {
    use ::money::{Amount, Currency};
    use ids::{
        AttemptId, ChannelAccountId, ChannelTradeNo, LegId, MerchantId, MerchantNo, OrderId,
        RefundId,
    };
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::super::channel::{
        ChannelCodeText, Paid, PayWay, PaymentReply, RefundReply, Unknown,
    };
    use super::super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    /// A query that was asked after everything else happened.
    const ASKED: Source = Source::Query { asked_at: Timestamp::MAX };

    fn fen(minor: u64) -> Amount {
        Amount::new(minor, Currency::Cny).unwrap()
    }

    fn paid(minor: u64) -> PaymentReply {
        PaymentReply::Paid(Paid {
            trade_no: ChannelTradeNo::parse("1").unwrap(),
            amount: fen(minor),
            paid_at: NOW,
            payer: None,
        })
    }

    fn order(minor: u64) -> Aggregate {
        let (order, leg) = (OrderId::from_i64(1).unwrap(), LegId::from_i64(2).unwrap());
        let attempt = Attempt {
            id: AttemptId::from_i64(3).unwrap(),
            order,
            leg,
            channel_account: ChannelAccountId::from_i64(4).unwrap(),
            way: PayWay::PayerCode,
            amount: fen(minor),
            state: AttemptState::Sending,
            code_url: None,
            trade_no: None,
            paid_at: None,
            payer: None,
            refusal: None,
            created_at: NOW,
            updated_at: NOW,
        };
        let leg = Leg {
            id: leg,
            order,
            no: 1,
            content_hash: None,
            tender: Tender::parse("alipay").unwrap(),
            reference: None,
            amount: fen(minor),
            state: LegState::Paying,
            booked_at: None,
            refunding: fen(0),
            refunded: fen(0),
        };
        let order = Order {
            id: order,
            merchant: MerchantId::from_i64(5).unwrap(),
            merchant_no: MerchantNo::parse("1").unwrap(),
            content_hash: [0; 32],
            amount: fen(minor),
            description: "x".to_owned(),
            attach: None,
            notify_url: None,
            terminal: None,
            shape: OrderShape::Single,
            state: OrderState::Paying,
            created_at: NOW,
            expires_at: NOW,
            paid_at: None,
            updated_at: NOW,
        };
        Aggregate { order, legs: vec![leg], attempts: vec![attempt], refunds: Vec::new() }
    }

    fn refund(order: &Aggregate, id: i64, minor: u64) -> Refund {
        Refund {
            id: RefundId::from_i64(id).unwrap(),
            order: order.id(),
            leg: order.legs[0].id,
            attempt: Some(order.attempts[0].id),
            merchant: order.order.merchant,
            merchant_no: MerchantNo::parse(&id.to_string()).unwrap(),
            part: 1,
            parts: 1,
            content_hash: [0; 32],
            origin: RefundOrigin::Merchant,
            kind: RefundKind::Refund,
            amount: fen(minor),
            from_pending: fen(minor),
            reason: "x".to_owned(),
            notify_url: None,
            state: RefundState::Sending,
            tries: 1,
            refusal: None,
            created_at: NOW,
            refunded_at: None,
            updated_at: NOW,
        }
    }

    #[test]
    fn another_amount_is_a_contradiction() {
        let order = order(100);
        let id = order.attempts[0].id;
        let (same, facts) = order.on_reply(id, Source::Notice, &paid(99), NOW).unwrap();
        assert_eq!(same, order);
        assert_eq!(facts, [Fact::Contradiction { what: "other_amount_paid" }]);
    }

    #[test]
    fn late_money_goes_back_and_is_never_the_merchant_s() {
        let order = order(100);
        let id = order.attempts[0].id;
        let (closed, _) = order.on_reply(id, Source::Undo, &PaymentReply::Closed, NOW).unwrap();
        assert_eq!(closed.order.state, OrderState::Closed);
        let (same, facts) = closed.on_reply(id, Source::Notice, &paid(100), NOW).unwrap();
        assert_eq!((same, facts), (closed.clone(), vec![Fact::Verify { attempt: id }]));
        let (late, facts) = closed.on_reply(id, ASKED, &paid(100), NOW).unwrap();
        assert!(facts.contains(&Fact::LateMoney { attempt: id }));
        assert_eq!(late.order.state, OrderState::Closed);
        assert_eq!(late.legs[0].refundable(), fen(0));
        let (again, facts) = late.on_reply(id, ASKED, &paid(100), NOW).unwrap();
        assert_eq!((again, facts), (late, vec![]), "late money is returned once");
    }

    /// The answer to a query that was on its way while a cancel returned the money.
    #[test]
    fn an_answer_older_than_the_end_is_asked_for_again() {
        let order = order(100);
        let id = order.attempts[0].id;
        let (closed, _) = order.on_reply(id, Source::Undo, &PaymentReply::Closed, NOW).unwrap();
        for stale in [Source::Query { asked_at: NOW }, Source::Charge] {
            let (same, facts) = closed.on_reply(id, stale, &paid(100), NOW).unwrap();
            assert_eq!((same, facts), (closed.clone(), vec![Fact::Verify { attempt: id }]));
        }
    }

    fn replies() -> impl Strategy<Value = RefundReply> {
        prop_oneof![
            Just(RefundReply::Processing),
            Just(RefundReply::NotFound),
            Just(RefundReply::Unknown(Unknown::NoAnswer)),
            Just(RefundReply::Refused(ChannelCodeText::new("X", ""))),
            Just(RefundReply::Impossible(ChannelCodeText::new("X", ""))),
            Just(RefundReply::Succeeded { amount: fen(1), refunded_at: NOW }),
        ]
    }

    proptest! {
        /// Whatever is asked and answered: never more back than was paid, and what the leg says equals
        /// what its refunds say.
        #[test]
        fn refunds_never_exceed_what_was_paid(
            minor in 1_u64..10_000,
            steps in prop::collection::vec((0_u8..3, 1_i64..6, 1_u64..10_000, replies()), 0..60),
        ) {
            let start = order(minor);
            let id = start.attempts[0].id;
            let (mut now, _) = start.on_reply(id, Source::Charge, &paid(minor), NOW).unwrap();
            for (step, number, amount, reply) in steps {
                let refund_id = RefundId::from_i64(number).unwrap();
                let next = match step {
                    0 if now.refund(refund_id).is_none() => {
                        now.accept_refund(refund(&now, number, amount)).ok()
                    }
                    1 => now.retry_refund(refund_id, NOW).ok(),
                    _ => now.on_refund_reply(refund_id, &reply, NOW).map(|(next, _)| next),
                };
                now = next.unwrap_or(now);
                let sum = |wanted: &dyn Fn(RefundState) -> bool| -> u64 {
                    now.refunds.iter().filter(|r| wanted(r.state)).map(|r| r.amount.minor()).sum()
                };
                let leg = &now.legs[0];
                prop_assert_eq!(leg.refunded.minor(), sum(&|s| s == RefundState::Succeeded));
                let open = sum(&|s| s.is_open() || s == RefundState::Manual);
                prop_assert_eq!(leg.refunding.minor(), open);
                prop_assert!(leg.refunded.minor() + leg.refunding.minor() <= minor);
            }
        }
    }
}
