//! The worked examples of the guide: each row of its tables is run.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ids::{ChannelAccountId, ChannelCode, MerchantId, OrderId};
    use jiff::civil::{Time, Weekday};
    use money::{Amount, Currency};
    use routing::*;

    fn page() -> String {
        let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap();
        std::fs::read_to_string(format!("{folder}/../../docs/guides/routing.md")).unwrap()
    }

    /// The rows of the table with this first heading, as cells without marks of code.
    fn table(heading: &str) -> Vec<Vec<String>> {
        let page = page();
        let lines = page.lines().skip_while(|line| !line.starts_with(&format!("| {heading} |")));
        let rows: Vec<Vec<String>> = lines
            .skip(2)
            .take_while(|line| line.starts_with('|'))
            .map(|line| {
                let inner = line.strip_prefix('|').unwrap().strip_suffix('|').unwrap();
                inner.split('|').map(|cell| cell.trim().replace('`', "")).collect()
            })
            .collect();
        assert!(rows.len() > 2, "the guide has a table with `{heading}`");
        rows
    }

    fn yuan(text: &str) -> Amount {
        Amount::parse_major(text, Currency::Cny).unwrap()
    }

    fn account(letter: &str) -> ChannelAccountId {
        let [letter @ b'A'..=b'Z'] = letter.as_bytes() else { panic!("no account `{letter}`") };
        ChannelAccountId::from_i64(i64::from(letter - b'A')).unwrap()
    }

    fn letter(account: ChannelAccountId) -> &'static str {
        ["A", "B", "C"][usize::try_from(account.to_i64()).unwrap()]
    }

    fn candidate(row: &[String]) -> Candidate {
        let [name, cost, limits] = row else { panic!("{row:?}") };
        let limits = match limits.split(' ').collect::<Vec<_>>().as_slice() {
            [""] => Limits::default(),
            ["trade", most] => Limits { trade_max: Some(yuan(most)), ..Limits::default() },
            ["day", most] => {
                let day = Cap { amount: Some(yuan(most)), count: None };
                Limits { day, ..Limits::default() }
            }
            other => panic!("no limit {other:?}"),
        };
        Candidate {
            account: account(name),
            channel: ChannelCode::parse("alipay").unwrap(),
            priority: 0,
            cost: Some(yuan(cost)),
            limits,
            usage: Usage::empty(Currency::Cny),
            share: SHARE_FULL,
            success: SHARE_FULL,
        }
    }

    fn when(text: &str) -> When {
        let clock = |text: &str| Time::strptime("%H:%M", text).unwrap();
        match text.split(' ').collect::<Vec<_>>().as_slice() {
            [""] => When::default(),
            ["amount", from, "to", to] => {
                When { amount: Some((yuan(from), yuan(to))), ..When::default() }
            }
            ["time", from, "to", until] => {
                When { time: Some((clock(from), clock(until))), ..When::default() }
            }
            ["weekday", "Saturday"] => {
                When { weekdays: Some(vec![Weekday::Saturday]), ..When::default() }
            }
            other => panic!("no condition {other:?}"),
        }
    }

    fn action(text: &str) -> Action {
        let (how, whom) = text.split_once(' ').unwrap_or((text, ""));
        let names = || whom.split(", ");
        let share = |text: &str| {
            let (name, weight) = text.split_once(' ').unwrap();
            (account(name), weight.parse().unwrap())
        };
        match how {
            "fixed" => Action::Fixed(account(whom)),
            "priority" => Action::Priority(names().map(account).collect()),
            "split" => Action::Split(names().map(share).collect()),
            "cheapest" => Action::Cheapest,
            other => panic!("no action {other}"),
        }
    }

    fn rules() -> RuleSet {
        let rule = |row: Vec<String>| Rule {
            id: row[0].clone(),
            when: when(&row[1]),
            action: action(&row[2]),
        };
        let known: BTreeSet<_> = ["A", "B", "C"].into_iter().map(account).collect();
        RuleSet::new(1, table("rule").into_iter().map(rule).collect(), &known).unwrap()
    }

    /// `50.00 on 2026-11-20 at 12:00`, and perhaps `as order 1`.
    fn request(text: &str) -> Request {
        let words: Vec<&str> = text.split(' ').collect();
        let [amount, "on", day, "at", time, order @ ..] = words.as_slice() else {
            panic!("no payment `{text}`")
        };
        let at: jiff::civil::DateTime = format!("{day}T{time}:00").parse().unwrap();
        Request {
            order: OrderId::from_i64(order.last().map_or(1, |n| n.parse().unwrap())).unwrap(),
            merchant: MerchantId::from_i64(1).unwrap(),
            store: None,
            terminal: None,
            tender: ChannelCode::parse("alipay").unwrap(),
            direction: Direction::MerchantScans,
            amount: yuan(amount),
            at,
            day: at.date(),
            payer_bank: None,
            card: None,
        }
    }

    /// `B share 0` or `C took 9000.01`.
    fn disturb(candidates: &mut [Candidate], text: &str, request: &Request) {
        let words: Vec<&str> = text.split(' ').collect();
        let [name, what, number] = words.as_slice() else { panic!("no state `{text}`") };
        let candidate = candidates.iter_mut().find(|c| c.account == account(name)).unwrap();
        match *what {
            "share" => candidate.share = number.parse().unwrap(),
            "took" => {
                let none = Limits::default();
                let reserved = candidate.usage.reserve(&none, yuan(number), request.day).unwrap();
                candidate.usage = reserved.0.settle(reserved.1).unwrap();
            }
            other => panic!("no state `{other}`"),
        }
    }

    #[test]
    fn payments() {
        let rules = rules();
        for row in table("payment") {
            let [payment, state, rule, expected] = row.as_slice() else { panic!("{row:?}") };
            let request = request(payment);
            let mut candidates: Vec<Candidate> =
                table("account").iter().map(|row| candidate(row)).collect();
            for change in state.split(", ").filter(|change| !change.is_empty()) {
                disturb(&mut candidates, change, &request);
            }
            let decision = decide(&rules, &request, &candidates);
            assert_eq!(decision.rule.as_ref(), Some(rule), "{row:?}");
            let verdict = |(account, verdict): &(ChannelAccountId, Verdict)| {
                format!("{} {}", letter(*account), verdict.code())
            };
            let got: Vec<String> = decision.verdicts.iter().map(verdict).collect();
            assert_eq!(got.join(", "), *expected, "{row:?}");
        }
    }

    #[test]
    fn health() {
        let mut health = Health::default();
        for row in table("second") {
            let second = row[0].parse().unwrap();
            let (count, how) = row[1].split_once(' ').unwrap_or(("0", "answered"));
            let outcome = match how {
                "answered" => Outcome::Answered { ms: 100 },
                "failed" => Outcome::Failed { ms: 100 },
                other => panic!("no call `{other}`"),
            };
            (0..count.parse().unwrap()).for_each(|_| health.record(second, outcome));
            assert_eq!(health.share(second).to_string(), row[2], "{row:?}");
        }
    }

    #[test]
    fn failovers() {
        let rows = table("how the try ended");
        assert_eq!(rows.len(), Attempted::ALL.len());
        for (attempted, row) in Attempted::ALL.into_iter().zip(rows) {
            let failover = failover(attempted);
            let may = if failover == Failover::Allowed { "yes" } else { "no" };
            assert_eq!(row, [&format!("{attempted:?}"), may, failover.code()]);
        }
    }

    /// Every code of a refusal stands in the guide.
    #[test]
    fn codes() {
        let (page, rule) = (page(), || "a".to_owned());
        for refusal in [
            RuleSetRefusal::RuleCount,
            RuleSetRefusal::RuleId { place: 0 },
            RuleSetRefusal::DuplicateId { rule: rule() },
            RuleSetRefusal::ConditionSize { rule: rule() },
            RuleSetRefusal::Impossible { rule: rule() },
            RuleSetRefusal::TargetCount { rule: rule() },
            RuleSetRefusal::DuplicateTarget { rule: rule() },
            RuleSetRefusal::NoWeight { rule: rule() },
            RuleSetRefusal::UnknownAccount { rule: rule() },
            RuleSetRefusal::Unreachable { rule: rule(), by: rule() },
        ] {
            assert!(page.contains(&format!("`{}`", refusal.code())), "{refusal}");
        }
    }
}
