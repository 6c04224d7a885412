//! What an institution and its merchants settled about hours, refunds and voids: read, kept, written.

use clearing::FeeOnRefund;
use ids::MerchantId;
use jiff::civil::Time;
use orders::{Blackout, ShortOfMoney, TradeRules};
use serde::{Deserialize, Serialize};
use store::{AdminRow, TradeRulesRow};

use crate::App;
use crate::error::{Failure, UseCaseError};

/// The rules as people write them, in JSON. What is left out is as in the institution's practice that
/// they were learnt from: see [`TradeRules::default`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RulesText {
    refund_same_day: bool,
    /// `null` for none.
    blackout: Option<BlackoutText>,
    refund_window_days: u16,
    fee_on_refund: FeeText,
    short_of_money: ShortText,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BlackoutText {
    /// `22:00`
    from: String,
    /// `24:00` is the end of the day.
    to: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FeeText {
    Returned,
    Kept,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ShortText {
    Refuse,
    Queue,
}

/// The text is not one of rules.
#[derive(Debug, thiserror::Error)]
pub enum RulesRefusal {
    #[error("the rules cannot be read: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("`{0}` is not an hour of the form 22:00")]
    HourInvalid(String),
}

impl Default for RulesText {
    fn default() -> Self {
        Self::of(&TradeRules::default())
    }
}

impl RulesText {
    fn of(rules: &TradeRules) -> Self {
        let hour = |time: Time, midnight: &str| match time == Time::midnight() {
            true => midnight.to_owned(),
            false => time.strftime("%H:%M").to_string(),
        };
        Self {
            refund_same_day: rules.refund_same_day,
            blackout: rules
                .blackout
                .map(|b| BlackoutText { from: hour(b.from, "00:00"), to: hour(b.to, "24:00") }),
            refund_window_days: rules.refund_window_days,
            fee_on_refund: match rules.fee_on_refund {
                FeeOnRefund::Returned => FeeText::Returned,
                FeeOnRefund::Kept => FeeText::Kept,
            },
            short_of_money: match rules.short_of_money {
                ShortOfMoney::Refuse => ShortText::Refuse,
                ShortOfMoney::Queue => ShortText::Queue,
            },
        }
    }
}

/// # Errors
/// [`RulesRefusal`]
pub fn parse_rules(json: &str) -> Result<TradeRules, RulesRefusal> {
    // An array would be taken for a struct whose fields are left out.
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json)?;
    let text: RulesText = serde_json::from_value(object.into())?;
    let blackout = match text.blackout {
        Some(b) => Some(Blackout { from: hour(&b.from)?, to: hour(&b.to)? }),
        None => None,
    };
    Ok(TradeRules {
        refund_same_day: text.refund_same_day,
        blackout,
        refund_window_days: text.refund_window_days,
        fee_on_refund: match text.fee_on_refund {
            FeeText::Returned => FeeOnRefund::Returned,
            FeeText::Kept => FeeOnRefund::Kept,
        },
        short_of_money: match text.short_of_money {
            ShortText::Refuse => ShortOfMoney::Refuse,
            ShortText::Queue => ShortOfMoney::Queue,
        },
    })
}

/// The rules as [`parse_rules`] reads them.
#[must_use]
pub fn write_rules(rules: &TradeRules) -> String {
    serde_json::to_string(&RulesText::of(rules)).unwrap_or_default()
}

fn hour(text: &str) -> Result<Time, RulesRefusal> {
    let invalid = || RulesRefusal::HourInvalid(text.to_owned());
    if text == "24:00" {
        return Ok(Time::midnight());
    }
    if text.len() != 5 {
        return Err(invalid());
    }
    Time::strptime("%H:%M", text).or(Err(invalid()))
}

impl App {
    /// A merchant's own rules, else the institution's, else the practice of [`TradeRules::default`].
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn trade_rules(&self, merchant: MerchantId) -> Result<TradeRules, Failure> {
        let now = self.now();
        if let Some(rules) = self.directory.rules.get_fresh(&merchant, now) {
            return Ok(rules);
        }
        let mut found = self.store.trade_rules(Some(merchant)).await?;
        if found.is_none() {
            found = self.store.trade_rules(None).await?;
        }
        let unusable = |_| Failure::unusable("trade rules");
        let rules = match found {
            Some(row) => parse_rules(&row.rules).map_err(unusable)?,
            None => TradeRules::default(),
        };
        self.directory.rules.put(merchant, now, rules.clone());
        Ok(rules)
    }

    /// Settles the rules of a merchant, or of the institution.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn set_trade_rules(
        &self,
        merchant: Option<MerchantId>,
        rules: &TradeRules,
    ) -> Result<(), UseCaseError> {
        let row = TradeRulesRow { merchant, rules: write_rules(rules), updated_at: self.now() };
        self.put(vec![AdminRow::TradeRules(row)]).await?;
        self.directory.rules.forget();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_they_were_written() {
        let rest = [FeeOnRefund::Returned, FeeOnRefund::Kept].map(|fee_on_refund| TradeRules {
            fee_on_refund,
            short_of_money: ShortOfMoney::Queue,
            ..TradeRules::of_wallets()
        });
        for rules in rest.into_iter().chain([TradeRules::default()]) {
            assert_eq!(parse_rules(&write_rules(&rules)).unwrap(), rules);
        }
        assert_eq!(parse_rules("{}").unwrap(), TradeRules::default());
        for bad in [
            "",
            "[]",
            "{\"x\":1}",
            "{\"blackout\":{\"from\":\"25:00\",\"to\":\"24:00\"}}",
            "{\"blackout\":{\"from\":\"1:00\",\"to\":\"24:00\"}}",
            "{\"blackout\":{\"from\":\"22:00\"}}",
            "{\"refund_window_days\":-1}",
            "{\"fee_on_refund\":\"half\"}",
            "{\"short_of_money\":1}",
        ] {
            assert!(parse_rules(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_guide_s_rules_are_read() {
        let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap();
        let path = format!("{folder}/../../docs/guides/examples/rules.json");
        let rules = parse_rules(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert!(rules.refund_same_day && rules.is_blackout(hour("23:30").unwrap()));
        assert!(!rules.is_blackout(hour("23:29").unwrap()));
    }
}
