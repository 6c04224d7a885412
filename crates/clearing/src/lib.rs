//! Fees: what a merchant pays us and what a channel costs us, by one engine.
//!
//! A [`Schedule`] is a list of rules, each with conditions, a time and [`Terms`]; the first that fits
//! a trade prices it. The [`Quote`] keeps the terms and everything they were applied to, so that it
//! can be checked and explained years later. All of it is pure: integers in, integers out, products
//! in 128 bits, and each amount is rounded once.
//!
//! ```
//! use clearing::{Base, Rule, Schedule, Side, Terms, Trade, When};
//! use money::{Amount, Currency::Cny, Rate, Rounding};
//!
//! // Debit cards: 0.5 %, at most 20.00.
//! let terms = Terms {
//!     base: Base::Flat { rate: Rate::from_ppm(5_000)?, fixed: 0 },
//!     floor: None,
//!     cap: Some(2_000),
//!     side: Side::Deducted,
//!     rounding: Rounding::HalfUp,
//! };
//! let always = "1970-01-01T00:00:00Z".parse()?;
//! let rule = Rule { id: "debit".to_owned(), when: When::default(), from: always, until: None, terms };
//! let schedule = Schedule::new("pos-2026".to_owned(), Cny, vec![rule])?;
//! let fee = |fen| Ok::<_, Box<dyn std::error::Error>>(
//!     schedule.quote(&Trade::of(Amount::new(fen, Cny)?, always))?.fee.minor(),
//! );
//! assert_eq!(fee(100_000)?, 500);
//! assert_eq!(fee(400_000)?, 2_000);
//! assert_eq!(fee(900_000)?, 2_000, "the cap");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod commission;
mod quote;
mod refund;
mod schedule;
mod split;
mod terms;

pub use commission::{CommissionRefusal, Shares, shares};
pub use quote::{Quote, QuoteRefusal, Trade};
pub use refund::{FeeOnRefund, RefundFeeRefusal, fee_returned};
pub use schedule::{CardType, RULES_MAX, Rule, Schedule, ScheduleRefusal, When};
pub use split::{SplitRefusal, split};
pub use terms::{Base, Side, TIERS_MAX, Terms, TermsRefusal, Tier, Tiering};

#[cfg(test)]
mod tests;
