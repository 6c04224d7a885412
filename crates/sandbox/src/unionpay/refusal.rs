//! Why the gateway says no. The channel's full list of codes is not known: only 12 and 34 are told
//! apart, all other refusals are 01 ("failed") with words of our choice.

/// A refusal: a code and words for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Version,
    Encoding,
    SignMethod,
    UnknownMerchant,
    Access,
    CertId,
    Signature,
    Malformed(&'static str),
    UnknownKind,
    Repeated,
    NotFound,
    CodeInvalid,
    BalanceNotEnough,
    RiskRefused,
    /// May have happened: the channel does not know either.
    Unsure,
    TimedOut,
    OriginalNotPaid,
    OriginalReturned,
    NotWholeAmount,
    OtherSettleDate,
    TooMuch,
    MerchantShort,
}

impl Refusal {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Repeated => "12",
            Self::NotFound => "34",
            Self::Unsure => "04",
            Self::Version
            | Self::Encoding
            | Self::SignMethod
            | Self::UnknownMerchant
            | Self::Access
            | Self::CertId
            | Self::Signature
            | Self::Malformed(_)
            | Self::UnknownKind
            | Self::CodeInvalid
            | Self::BalanceNotEnough
            | Self::RiskRefused
            | Self::TimedOut
            | Self::OriginalNotPaid
            | Self::OriginalReturned
            | Self::NotWholeAmount
            | Self::OtherSettleDate
            | Self::TooMuch
            | Self::MerchantShort => "01",
        }
    }

    pub(super) fn message(self) -> String {
        let words = match self {
            Self::Version => "version is not 5.1.0",
            Self::Encoding => "encoding is not UTF-8",
            Self::SignMethod => "signMethod is not 01",
            Self::UnknownMerchant => "merId is unknown",
            Self::Access => "accessType or acqInsCode is not the merchant's",
            Self::CertId => "certId is not the merchant's",
            Self::Signature => "signature does not verify",
            Self::Malformed(field) => return format!("field is missing or malformed: {field}"),
            Self::UnknownKind => "txnType, txnSubType or bizType is not offered here",
            Self::Repeated => "the order was sent before",
            Self::NotFound => "the order is not found",
            Self::CodeInvalid => "the payer's code is invalid",
            Self::BalanceNotEnough => "the balance is not enough",
            Self::RiskRefused => "refused by risk control",
            Self::Unsure => "the result is not known",
            Self::TimedOut => "the order was not paid in time",
            Self::OriginalNotPaid => "the original trade is not a payment that was made",
            Self::OriginalReturned => "the original trade was returned already",
            Self::NotWholeAmount => "a void is of the whole amount",
            Self::OtherSettleDate => "a void is for the same settlement day",
            Self::TooMuch => "more than is left of the original trade",
            Self::MerchantShort => "the merchant's account does not cover the refund",
        };
        words.to_owned()
    }
}
