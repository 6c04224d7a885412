//! Limits to the last fen, and over any history.

use super::*;

fn cap(amount: u64, count: u64) -> Cap {
    Cap { amount: Some(fen(amount)), count: Some(count) }
}

fn limits() -> Limits {
    Limits {
        trade_min: Some(fen(10)),
        trade_max: Some(fen(500)),
        day: cap(1_000, 3),
        month: cap(1_600, 100),
        total: cap(1_800, 100),
    }
}

fn empty() -> Usage {
    Usage::empty(Currency::Cny)
}

fn take(usage: Usage, minor: u64, day: Date) -> Result<(Usage, Reservation), LimitHit> {
    usage.reserve(&limits(), fen(minor), day)
}

/// Takes what must fit.
fn taken(usage: Usage, minors: &[u64], day: Date) -> Usage {
    minors.iter().fold(usage, |usage, minor| take(usage, *minor, day).unwrap().0)
}

fn today(usage: Usage) -> (u64, u64) {
    (usage.parts().today.amount.minor(), usage.parts().today.count)
}

fn total(usage: Usage) -> (u64, u64) {
    (usage.parts().total.amount.minor(), usage.parts().total.count)
}

#[test]
fn limits_hold_to_the_last_fen() {
    let (saturday, december) = (date(2026, 11, 21), date(2026, 12, 1));
    let two = taken(empty(), &[500, 500], friday());
    let three = taken(empty(), &[10, 10, 10], friday());
    let three_in_two_days = taken(two, &[500], saturday);
    for (usage, minor, day, expected) in [
        (empty(), 9, friday(), Err(LimitHit::TradeMin)),
        (empty(), 10, friday(), Ok((10, 1))),
        (empty(), 500, friday(), Ok((500, 1))),
        (empty(), 501, friday(), Err(LimitHit::TradeMax)),
        (two, 10, friday(), Err(LimitHit::Day)),
        (three, 10, friday(), Err(LimitHit::Day)),
        (two, 500, saturday, Ok((500, 1))),
        (three_in_two_days, 100, saturday, Ok((600, 2))),
        (three_in_two_days, 101, saturday, Err(LimitHit::Month)),
        (three_in_two_days, 300, december, Ok((300, 1))),
        (three_in_two_days, 301, december, Err(LimitHit::Total)),
    ] {
        let got = take(usage, minor, day);
        assert_eq!(got.map(|(usage, _)| today(usage)), expected, "{minor} on {day}");
        let room = usage.room(&limits(), fen(minor), day);
        assert_eq!(room, expected.map(|_| ()), "{minor} on {day}");
    }
}

/// The year counts too: the same month a year later is another one.
#[test]
fn a_month_is_of_its_year() {
    let cap = Cap { count: Some(1), ..Cap::default() };
    let limits = Limits { month: cap, ..Limits::default() };
    let (usage, _) = empty().reserve(&limits, fen(1), friday()).unwrap();
    assert_eq!(usage.room(&limits, fen(1), date(2026, 11, 30)), Err(LimitHit::Month));
    assert_eq!(usage.room(&limits, fen(1), date(2027, 11, 20)), Ok(()));
}

#[test]
fn without_limits_all_fits_but_what_cannot_be_counted() {
    let none = Limits::default();
    let most = fen(money::MINOR_MAX);
    let (usage, _) = empty().reserve(&none, most, friday()).unwrap();
    assert_eq!(usage.room(&none, fen(0), friday()), Ok(()));
    assert_eq!(usage.room(&none, fen(1), friday()), Err(LimitHit::Day));
    assert_eq!(usage.room(&none, fen(1), date(2026, 12, 1)), Err(LimitHit::Total));
}

/// A limit in yen does not let any number of yuan through.
#[test]
fn another_currency_is_refused() {
    let all_yen = [
        Limits { trade_min: Some(yen(1)), ..Limits::default() },
        Limits { trade_max: Some(yen(1)), ..Limits::default() },
        Limits { day: Cap { amount: Some(yen(1)), count: None }, ..Limits::default() },
        Limits { month: Cap { amount: Some(yen(1)), count: None }, ..Limits::default() },
        Limits { total: Cap { amount: Some(yen(1)), count: None }, ..Limits::default() },
    ];
    for limits in all_yen {
        assert_eq!(empty().room(&limits, fen(1), friday()), Err(LimitHit::Currency), "{limits:?}");
    }
    // Before all others, by precedence.
    let day = Cap { amount: Some(yen(1)), count: None };
    let small = Limits { trade_min: Some(fen(10)), day, ..Limits::default() };
    assert_eq!(empty().room(&small, fen(1), friday()), Err(LimitHit::Currency));
    let usage = empty();
    assert_eq!(usage.room(&Limits::default(), yen(1), friday()), Err(LimitHit::Currency));
}

#[test]
fn what_took_no_money_is_free_again() {
    let (one, first) = take(empty(), 500, friday()).unwrap();
    let (two, second) = take(one, 500, friday()).unwrap();
    let released = two.release(second).unwrap();
    assert_eq!(released, one);
    assert_eq!(take(released, 500, friday()).unwrap().0, two);
    assert_eq!(
        one.release(first).unwrap().parts(),
        UsageParts { day: Some(friday()), ..empty().parts() }
    );
}

#[test]
fn what_took_the_money_stays_counted_and_cannot_be_released() {
    let (one, first) = take(empty(), 500, friday()).unwrap();
    let settled = one.settle(first).unwrap();
    assert_eq!((today(settled), total(settled)), ((500, 1), (500, 1)));
    assert_eq!(settled.parts().pending.count, 0);
    assert_eq!(settled.release(first), Err(NotReserved));
    assert_eq!(settled.settle(first), Err(NotReserved));
    assert_eq!(one.release(first).unwrap().release(first), Err(NotReserved));
    assert_eq!(empty().release(first), Err(NotReserved));
    // Larger than all that is set aside, or in another currency.
    let more = Reservation { amount: fen(501), ..first };
    let other = Reservation { amount: yen(1), ..first };
    for forged in [more, other] {
        assert_eq!(one.release(forged), Err(NotReserved), "{forged:?}");
        assert_eq!(one.settle(forged), Err(NotReserved), "{forged:?}");
    }
}

/// 部分承兑: a card paid 200 of 500.
#[test]
fn what_took_a_part_gives_the_rest_back_and_stays_one_trade() {
    let (one, first) = take(empty(), 500, friday()).unwrap();
    let settled = one.settle_part(first, fen(200)).unwrap();
    assert_eq!((today(settled), total(settled)), ((200, 1), (200, 1)));
    assert_eq!(settled.parts().pending, empty().parts().pending);
    assert_eq!(one.settle_part(first, fen(500)).unwrap(), one.settle(first).unwrap());
    assert_eq!(one.settle_part(first, fen(501)), Err(NotReserved));
    // Of yesterday: the month and the whole.
    let (two, _) = take(one, 300, date(2026, 11, 21)).unwrap();
    let late = two.settle_part(first, fen(200)).unwrap();
    assert_eq!((today(late), total(late)), ((300, 1), (500, 2)));
    assert_eq!(late.parts().this_month.amount, fen(500));
}

#[test]
fn over_the_cut() {
    let saturday = date(2026, 11, 21);
    let (one, first) = take(empty(), 500, friday()).unwrap();
    let (two, _) = take(one, 300, saturday).unwrap();
    // Friday's failure gives back of the month and the whole, not of Saturday.
    let back = two.release(first).unwrap();
    assert_eq!((today(back), total(back)), ((300, 1), (300, 1)));
    assert_eq!(back.parts().this_month.amount, fen(300));
    // Friday's late trade counts on Saturday, and is given back there.
    let (late, reservation) = take(two, 100, friday()).unwrap();
    assert_eq!((reservation.day, today(late)), (saturday, (400, 2)));
    assert_eq!(late.release(reservation).unwrap(), two);
    // In December only the whole is left to give back of.
    let (december, _) = take(two, 50, date(2026, 12, 1)).unwrap();
    let back = december.release(first).unwrap();
    assert_eq!((today(back), total(back)), ((50, 1), (350, 2)));
    assert_eq!(back.parts().this_month.amount, fen(50));
}

#[test]
fn what_a_store_gives_back_is_checked() {
    let sum = |minor, count| Sum { amount: fen(minor), count };
    let good = UsageParts {
        day: Some(friday()),
        today: sum(10, 1),
        this_month: sum(30, 2),
        total: sum(60, 3),
        pending: sum(50, 2),
    };
    assert_eq!(Usage::from_parts(good).unwrap().parts(), good);
    assert_eq!(Usage::from_parts(empty().parts()), Ok(empty()));
    for bad in [
        UsageParts { today: sum(31, 1), ..good },
        UsageParts { today: sum(10, 3), ..good },
        UsageParts { this_month: sum(61, 2), ..good },
        UsageParts { pending: sum(61, 2), ..good },
        UsageParts { pending: sum(50, 4), ..good },
        UsageParts { day: None, ..good },
        UsageParts { today: Sum { amount: yen(1), count: 1 }, ..good },
    ] {
        assert_eq!(Usage::from_parts(bad), Err(UsageContradicts), "{bad:?}");
    }
}

#[derive(Debug, Clone)]
enum Step {
    Reserve {
        minor: u64,
        day: i8,
    },
    Release(prop::sample::Index),
    Settle(prop::sample::Index),
    /// The clock moves to the next accounting day.
    NextDay,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        // Sometimes for a day that is over.
        5 => (1..500_u64, 0..2_i8).prop_map(|(minor, day)| Step::Reserve { minor, day }),
        2 => any::<prop::sample::Index>().prop_map(Step::Release),
        2 => any::<prop::sample::Index>().prop_map(Step::Settle),
        1 => Just(Step::NextDay),
    ]
}

/// A book that knows nothing of sums: each trade with its day, and whether it waits.
#[derive(Debug, Default)]
struct Book(Vec<(Reservation, bool)>);

impl Book {
    fn sum(&self, of: impl Fn(&Reservation) -> bool) -> (u64, u64) {
        let rows = self.0.iter().filter(|(reservation, _)| of(reservation));
        rows.fold((0, 0), |(sum, count), (r, _)| (sum + r.amount.minor(), count + 1))
    }

    fn waiting(&self, index: &prop::sample::Index) -> Option<usize> {
        let waiting: Vec<usize> =
            self.0.iter().enumerate().filter(|(_, (_, waits))| *waits).map(|(at, _)| at).collect();
        (!waiting.is_empty()).then(|| waiting[index.index(waiting.len())])
    }
}

proptest! {
    /// Reserving, settling and giving back in any order, over days and a month's end: no limit is
    /// ever exceeded, by a book that adds every trade up anew.
    #[test]
    fn limits_are_never_exceeded(
        steps in prop::collection::vec(any_step(), 1..200),
        day_most in 500..3_000_u64,
        month_most in 500..6_000_u64,
        total_most in 500..9_000_u64,
        trades in 1..20_u64,
    ) {
        let limits = Limits {
            day: cap(day_most, trades),
            month: cap(month_most, trades * 2),
            total: cap(total_most, trades * 3),
            ..Limits::default()
        };
        let (mut usage, mut book, mut now) = (empty(), Book::default(), date(2026, 11, 28));
        for step in steps {
            match step {
                Step::Reserve { minor, day } => {
                    let day = if day == 0 { now } else { now.yesterday().unwrap() };
                    let room = usage.room(&limits, fen(minor), day);
                    let reserved = usage.reserve(&limits, fen(minor), day);
                    prop_assert_eq!(room.is_ok(), reserved.is_ok());
                    if let Ok((next, reservation)) = reserved {
                        usage = next;
                        book.0.push((reservation, true));
                    }
                }
                Step::Release(index) => if let Some(at) = book.waiting(&index) {
                    usage = usage.release(book.0.remove(at).0).unwrap();
                },
                Step::Settle(index) => if let Some(at) = book.waiting(&index) {
                    usage = usage.settle(book.0[at].0).unwrap();
                    book.0[at].1 = false;
                },
                Step::NextDay => now = now.tomorrow().unwrap(),
            }
            let parts = usage.parts();
            prop_assert_eq!(Usage::from_parts(parts), Ok(usage));
            let plain = |sum: Sum| (sum.amount.minor(), sum.count);
            let Some(open) = parts.day else { continue };
            let of_day = book.sum(|r| r.day == open);
            let of_month = book.sum(|r| r.day.month() == open.month());
            prop_assert_eq!(plain(parts.today), of_day);
            prop_assert_eq!(plain(parts.this_month), of_month);
            prop_assert_eq!(plain(parts.total), book.sum(|_| true));
            prop_assert!(of_day.0 <= day_most && of_day.1 <= trades);
            prop_assert!(of_month.0 <= month_most && of_month.1 <= trades * 2);
            prop_assert!(parts.total.amount.minor() <= total_most);
            let waiting = book.0.iter().filter(|(_, waits)| *waits).count();
            prop_assert_eq!(parts.pending.count, u64::try_from(waiting).unwrap());
        }
    }
}
