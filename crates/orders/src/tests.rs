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
        CardApproval, ChannelCodeText, Paid, PayWay, PaymentReply, RefundReply, Unknown,
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
            card: None,
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
            invoke: None,
            trade_no: None,
            paid_at: None,
            payer: None,
            refusal: None,
            created_at: NOW,
            updated_at: NOW,
            reserved_on: None,
            route: None,
        };
        let leg = Leg {
            id: leg,
            order,
            no: 1,
            content_hash: None,
            tender: Tender::parse("alipay").unwrap(),
            self_collected: false,
            reference: None,
            wallet: None,
            campaign: None,
            amount: fen(minor),
            state: LegState::Paying,
            booked_at: None,
            fee: None,
            cost: None,
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
            top_up: None,
            hold: None,
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
            fee: clearing::FeeOnRefund::Returned,
            fee_back: None,
            state: RefundState::Sending,
            tries: 1,
            refusal: None,
            case: None,
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

    /// 部分承兑: only what the issuer calls a part, and less, makes the order smaller.
    #[test]
    fn a_part_makes_the_order_smaller() {
        let card_paid = |minor, part: Option<u64>| {
            let PaymentReply::Paid(paid) = paid(minor) else { unreachable!() };
            let card = CardApproval { part: part.map(fen), ..CardApproval::default() };
            PaymentReply::Paid(Paid { card: Some(Box::new(card)), ..paid })
        };
        let check = |reply: &PaymentReply, expect: Option<u64>| {
            let before = order(1_000);
            let id = before.attempts[0].id;
            let (after, facts) = before.on_reply(id, Source::Charge, reply, NOW).unwrap();
            let part = fen(expect.unwrap_or(1_000));
            assert_eq!(
                (after.order.amount, after.legs[0].amount, after.attempts[0].amount),
                (part, part, part),
                "{reply:?}"
            );
            let refused = facts == [Fact::Contradiction { what: "other_amount_paid" }];
            assert_eq!(refused, expect.is_none(), "{reply:?}");
        };
        check(&card_paid(600, Some(600)), Some(600));
        check(&card_paid(1_000, None), Some(1_000));
        check(&card_paid(600, None), None);
        check(&card_paid(600, Some(500)), None);
        check(&card_paid(1_001, Some(1_001)), None);
        check(&card_paid(0, Some(0)), None);
        check(&paid(600), None);
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

    fn combined(minor: u64) -> Aggregate {
        let single = order(minor);
        let order = Order {
            shape: OrderShape::Combined,
            top_up: None,
            hold: None,
            expires_at: NOW + jiff::SignedDuration::from_hours(1),
            ..single.order
        };
        Aggregate { order, legs: Vec::new(), attempts: Vec::new(), refunds: Vec::new() }
    }

    fn new_leg(no: u16, minor: u64, tender: &str) -> (Leg, Option<Attempt>) {
        let single = order(minor);
        let (leg, attempt) = (single.legs[0].clone(), single.attempts[0].clone());
        let id = LegId::from_i64(i64::from(no)).unwrap();
        let leg = Leg { id, no, tender: Tender::parse(tender).unwrap(), ..leg };
        let at_channel = leg.tender.channel().is_some();
        let id = AttemptId::from_i64(1_000 + i64::from(no)).unwrap();
        let attempt = at_channel.then_some(Attempt { id, leg: leg.id, ..attempt });
        (leg, attempt)
    }

    fn sum(aggregate: &Aggregate, of: impl Fn(&Leg) -> u64) -> u64 {
        aggregate.legs.iter().map(of).sum()
    }

    #[derive(Debug, Clone)]
    enum Step {
        Add { minor: u64, tender: &'static str },
        Reply { leg: usize, reply: PaymentReply },
        GiveUp,
        ReturnLegs,
        Back { leg: Option<usize>, minor: u64 },
        RefundReply { refund: usize, reply: RefundReply },
    }

    fn steps() -> impl Strategy<Value = Step> {
        let tender = prop::sample::select(vec!["alipay", "wechat", "cash", "merchant_coupon"]);
        let reply = prop_oneof![
            4 => Just(None),
            1 => Just(Some(PaymentReply::Refused(ChannelCodeText::new("X", "")))),
            1 => Just(Some(PaymentReply::Pending)),
            1 => Just(Some(PaymentReply::Closed)),
        ];
        prop_oneof![
            6 => (1_u64..60, tender).prop_map(|(minor, tender)| Step::Add { minor, tender }),
            // A reply of the right amount is made when it is played.
            6 => (0_usize..20, reply).prop_map(|(leg, reply)| {
                Step::Reply { leg, reply: reply.unwrap_or_else(|| paid(0)) }
            }),
            1 => Just(Step::GiveUp),
            2 => Just(Step::ReturnLegs),
            4 => (prop::option::of(0_usize..20), 1_u64..100)
                .prop_map(|(leg, minor)| Step::Back { leg, minor }),
            4 => (0_usize..20, replies())
                .prop_map(|(refund, reply)| Step::RefundReply { refund, reply }),
        ]
    }

    fn part(now: &Aggregate, leg: &Leg, n: usize, minor: u64) -> Refund {
        let at_channel = leg.tender.channel().is_some();
        let state = if at_channel { RefundState::Sending } else { RefundState::Succeeded };
        let number = i64::try_from(now.refunds.len() + n + 1).unwrap();
        Refund {
            id: RefundId::from_i64(number).unwrap(),
            leg: leg.id,
            attempt: None,
            state,
            ..refund_of(now, number, minor)
        }
    }

    fn refund_of(now: &Aggregate, id: i64, minor: u64) -> Refund {
        let single = order(1);
        Refund { order: now.id(), ..refund(&single, id, minor) }
    }

    fn play(now: &Aggregate, step: Step, n: u16) -> Option<Aggregate> {
        match step {
            Step::Add { minor, tender } => {
                let (leg, attempt) = new_leg(n, minor, tender);
                now.add_leg(leg, attempt, NOW).ok().map(|(next, _)| next)
            }
            Step::Reply { leg, reply } => {
                let attempt = now.attempts.get(leg)?;
                let is_paid = matches!(reply, PaymentReply::Paid(_));
                let reply = if is_paid { paid(attempt.amount.minor()) } else { reply };
                now.on_reply(attempt.id, Source::Undo, &reply, NOW).map(|(next, _)| next)
            }
            Step::GiveUp => now.close(NOW).ok().map(|(next, _)| next),
            Step::ReturnLegs => {
                let leg = now.legs_to_return().next()?.clone();
                let back = part(now, &leg, 0, leg.amount.minor());
                let back = Refund { origin: RefundOrigin::Abandoned, ..back };
                Some(now.return_leg(back, NOW).0)
            }
            Step::Back { leg: Some(leg), minor } => {
                let leg = now.legs.get(leg)?;
                now.accept_refunds(&[part(now, leg, 0, minor)]).ok()
            }
            Step::Back { leg: None, .. } => {
                let left = now.legs.iter().filter(|l| !l.refundable().is_zero());
                let parts: Vec<Refund> = left
                    .enumerate()
                    .map(|(n, leg)| part(now, leg, n, leg.refundable().minor()))
                    .collect();
                now.accept_refunds(&parts).ok()
            }
            Step::RefundReply { refund, reply } => {
                let id = now.refunds.get(refund)?.id;
                now.on_refund_reply(id, &reply, NOW).map(|(next, _)| next)
            }
        }
    }

    proptest! {
        /// Whatever tills, channels and payers do to a combined order: it is paid exactly when its
        /// legs cover it, no leg gives back more than it took, a closed order keeps nothing, and what
        /// the legs say equals what the refunds say.
        #[test]
        fn a_combined_order_never_keeps_or_loses_a_fen(
            minor in 1_u64..100,
            steps in prop::collection::vec(steps(), 0..80),
        ) {
            let mut now = combined(minor);
            for (n, step) in (1_u16..).zip(steps) {
                now = play(&now, step, n).unwrap_or(now);
                let taken = sum(&now, |l| if l.state == LegState::Paid { l.amount.minor() } else { 0 });
                let back = sum(&now, |l| l.refunded.minor());
                let refunding = sum(&now, |l| l.refunding.minor());
                prop_assert!(taken <= minor);
                let fits = |l: &Leg| l.refunded.minor() + l.refunding.minor() <= l.amount.minor();
                prop_assert!(now.legs.iter().all(fits));
                let of = |wanted: &dyn Fn(&Refund) -> bool| -> u64 {
                    let late = |r: &&Refund| r.origin != RefundOrigin::LatePayment;
                    now.refunds.iter().filter(late).filter(|r| wanted(r)).map(|r| r.amount.minor()).sum()
                };
                prop_assert_eq!(back, of(&|r| r.state == RefundState::Succeeded));
                prop_assert_eq!(
                    refunding,
                    of(&|r| r.state.is_open() || r.state == RefundState::Manual)
                );
                match now.order.state {
                    OrderState::Paid => prop_assert_eq!(taken, minor),
                    OrderState::Closed => prop_assert_eq!((taken - back, refunding), (0, 0)),
                    OrderState::Paying => prop_assert!(taken < minor),
                    OrderState::Closing => {}
                    OrderState::Failed => prop_assert!(false, "only single orders fail"),
                }
            }
        }
    }
}
