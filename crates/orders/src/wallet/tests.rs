//! Wallets over random lives: no fen appears or disappears, and no lot gives more than it has.

use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn fen(minor: u64) -> Amount {
    Amount::new(minor, Currency::Cny).unwrap()
}

fn order(number: i64) -> OrderId {
    OrderId::from_i64(number).unwrap()
}

fn wallet() -> Wallet {
    Wallet {
        id: WalletId::from_i64(1).unwrap(),
        merchant: MerchantId::from_i64(1).unwrap(),
        no: MerchantNo::parse("w").unwrap(),
        content_hash: [0; 32],
        kind: WalletKind::Balance,
        state: WalletState::Active,
        holder: None,
        currency: Currency::Cny,
        expires_at: None,
        created_at: NOW,
        updated_at: NOW,
        lots: Vec::new(),
    }
}

fn left(wallet: &Wallet) -> Vec<(u64, u64)> {
    wallet.lots.iter().map(|lot| (lot.left().minor(), lot.gift_left().minor())).collect()
}

/// 充200送220, 120 used: 80 can go back, and the gift lapses; if that fails, both are there again.
#[test]
fn a_gift_lapses_with_a_return_and_revives_with_its_failure() {
    let filled = wallet().filled(order(1), fen(20_000), fen(22_000), NOW);
    let (paid, _) = filled.pay(fen(12_000), NOW).unwrap();
    assert_eq!(left(&paid), [(8_000, 22_000)]);
    assert_eq!(paid.take_back(order(1), fen(8_001), NOW), Err(WalletRefusal::AmountAboveLot));
    assert_eq!(paid.take_back(order(2), fen(1), NOW), Err(WalletRefusal::TopUpNotFound));
    let (returned, lapsed) = paid.take_back(order(1), fen(8_000), NOW).unwrap();
    assert_eq!((left(&returned), lapsed), (vec![(0, 0)], fen(22_000)));
    let (restored, revived) = returned.restore(order(1), fen(8_000), NOW);
    assert_eq!((left(&restored), revived), (vec![(8_000, 22_000)], fen(22_000)));
    // After a closing the gift stays gone.
    let (closed, lapsed) = returned.close(NOW);
    assert_eq!(lapsed, fen(0));
    let (restored, revived) = closed.restore(order(1), fen(8_000), NOW);
    assert_eq!((left(&restored), revived), (vec![(8_000, 0)], fen(0)));
}

#[test]
fn principal_is_spent_before_gifts_and_comes_back_after_them() {
    let filled = wallet().filled(order(1), fen(100), fen(30), NOW);
    let filled = filled.filled(order(2), fen(50), fen(10), NOW);
    let (paid, used) = filled.pay(fen(155), NOW).unwrap();
    assert_eq!(left(&paid), [(0, 25), (0, 10)]);
    assert_eq!(used.gift(fen(0)), fen(5));
    let first = used.returned(fen(0), fen(25));
    assert_eq!(left(&paid.put_back(&first, NOW)), [(0, 30), (20, 10)]);
    let second = used.returned(fen(25), fen(130));
    assert_eq!(left(&paid.put_back(&first, NOW).put_back(&second, NOW)), left(&filled));
}

#[test]
fn what_it_refuses() {
    let at = |state, expires_at| Wallet {
        state,
        expires_at,
        ..wallet().filled(order(1), fen(100), fen(0), NOW)
    };
    for (state, expires_at, minor, refusal) in [
        (WalletState::Inactive, None, 1, WalletRefusal::WalletNotActive),
        (WalletState::Frozen, None, 1, WalletRefusal::WalletFrozen),
        (WalletState::Closed, None, 1, WalletRefusal::WalletClosed),
        (WalletState::Active, Some(NOW), 1, WalletRefusal::WalletExpired),
        (WalletState::Active, None, 101, WalletRefusal::WalletShort),
    ] {
        assert_eq!(at(state, expires_at).pay(fen(minor), NOW), Err(refusal));
    }
    let mut full = at(WalletState::Active, None);
    full.lots = vec![full.lots[0].clone(); LOTS_MAX];
    assert_eq!(full.takes_money(fen(1), NOW), Err(WalletRefusal::TooManyTopUps));
    let dollars = Amount::new(1, Currency::Usd).unwrap();
    let active = at(WalletState::Active, None);
    assert_eq!(active.pay(dollars, NOW), Err(WalletRefusal::CurrencyMismatch));
    assert_eq!(active.takes_money(dollars, NOW), Err(WalletRefusal::CurrencyMismatch));
}

#[derive(Debug, Clone)]
enum Step {
    Fill { minor: u64, gift: u64 },
    Pay { minor: u64 },
    PutBack { payment: usize, minor: u64 },
    TakeBack { lot: usize, minor: u64 },
    Restore { taken: usize },
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1_u64..200, 0_u64..80).prop_map(|(minor, gift)| Step::Fill { minor, gift }),
        4 => (1_u64..150).prop_map(|minor| Step::Pay { minor }),
        3 => (0_usize..9, 1_u64..90).prop_map(|(payment, minor)| Step::PutBack { payment, minor }),
        2 => (0_usize..9, 1_u64..90).prop_map(|(lot, minor)| Step::TakeBack { lot, minor }),
        1 => (0_usize..9).prop_map(|taken| Step::Restore { taken }),
    ]
}

proptest! {
    #[test]
    fn every_fen_is_accounted_for(steps in prop::collection::vec(steps(), 1..60)) {
        let mut now = wallet();
        let mut payments: Vec<(WalletUse, u64, u64)> = Vec::new();
        let mut taken: Vec<(OrderId, u64)> = Vec::new();
        let (mut filled, mut given) = (0, 0);
        for step in steps {
            match step {
                Step::Fill { minor, gift } => {
                    let id = order(i64::try_from(now.lots.len()).unwrap() + 1);
                    now = now.filled(id, fen(minor), fen(gift), NOW);
                    (filled, given) = (filled + minor, given + gift);
                }
                Step::Pay { minor } => {
                    let held = now.principal().minor() + now.gift().minor();
                    match now.pay(fen(minor), NOW) {
                        Ok((next, used)) => {
                            now = next;
                            payments.push((used, minor, 0));
                        }
                        Err(refusal) => {
                            prop_assert_eq!(refusal, WalletRefusal::WalletShort);
                            prop_assert!(held < minor);
                        }
                    }
                }
                Step::PutBack { payment, minor } => {
                    let Some((used, paid, back)) = payments.get_mut(payment) else { continue };
                    let minor = minor.min(*paid - *back);
                    if minor > 0 {
                        now = now.put_back(&used.returned(fen(*back), fen(minor)), NOW);
                        *back += minor;
                    }
                }
                Step::TakeBack { lot, minor } => {
                    let Some(lot) = now.lots.get(lot).map(|lot| lot.order) else { continue };
                    if let Ok((next, _)) = now.take_back(lot, fen(minor), NOW) {
                        now = next;
                        taken.push((lot, minor));
                    }
                }
                Step::Restore { taken: at } => {
                    if at < taken.len() {
                        let (lot, minor) = taken.remove(at);
                        now = now.restore(lot, fen(minor), NOW).0;
                    }
                }
            }
            let spent: u64 = payments.iter().map(|(_, paid, back)| paid - back).sum();
            let returned: u64 = taken.iter().map(|(_, minor)| minor).sum();
            let lapsed: u64 = now.lots.iter().map(|lot| lot.lapsed.minor()).sum();
            let held = now.principal().minor() + now.gift().minor();
            prop_assert_eq!(filled + given, held + spent + returned + lapsed);
        }
    }
}
