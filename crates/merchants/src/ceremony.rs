//! 密钥仪式: a key comes and goes in components, each known to one custodian only.
//!
//! A ceremony brings a key in (each custodian gives his component, and the last one makes the key), or takes
//! one out (each custodian takes his, once, to put it into the device). Nobody gives or takes two.

use ids::{CeremonyId, TerminalId};
use jiff::Timestamp;

/// How many custodians share a key.
pub const CUSTODIANS: std::ops::RangeInclusive<usize> = 2..=9;

/// Who keeps components of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custodian {
    /// Lower-case letters, digits, `-`: 1 to 32.
    pub name: String,
    /// What his password gives under a key of ours.
    pub verifier: [u8; 32],
    pub created_at: Timestamp,
    /// Gives and takes nothing any more.
    pub revoked_at: Option<Timestamp>,
}

impl Custodian {
    #[must_use]
    pub fn is_name(name: &str) -> bool {
        let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=32).contains(&name.len()) && name.bytes().all(fine)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceremony {
    pub id: CeremonyId,
    pub way: CeremonyWay,
    /// Whether it is a key of SM4; else of DES.
    pub sm4: bool,
    /// So many components make the key.
    pub wanted: usize,
    /// Given, or to be taken.
    pub parts: Vec<KeyPart>,
    /// Of a key that came in: sealed, until it is used.
    pub key: Option<Vec<u8>>,
    /// Of the whole key, once it is known.
    pub check: Option<String>,
    /// Which terminal the key is of.
    pub terminal: Option<TerminalId>,
    pub opened_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CeremonyWay {
    In,
    Out,
}

/// One component. Its bytes are there, sealed, only as long as somebody still needs them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPart {
    pub custodian: String,
    pub check: String,
    pub sealed: Option<Vec<u8>>,
    /// When it was given, or taken.
    pub done_at: Option<Timestamp>,
}

/// Why a component is neither given nor taken, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum CeremonyRefusal {
    #[error("no such custodian, or another password")]
    WrongCustodian,
    #[error(
        "a custodian's name has 1 to 32 lower-case letters, digits and `-`, and is nobody else's"
    )]
    BadName,
    #[error("a key is shared by 2 to 9 custodians, each of them once")]
    BadCount,
    #[error("there is no such ceremony")]
    NotFound,
    #[error("the ceremony is over")]
    Over,
    #[error("a custodian has one component of a key, not two")]
    SamePerson,
    #[error("this custodian has no component here")]
    NotYours,
    #[error("the component was taken: it is shown once")]
    Taken,
    #[error("components of one key have one length: 16 bytes, or 8 for single DES")]
    Length,
    #[error(
        "the ceremony has no key to use: it is not complete, was used, or is of another cipher"
    )]
    NoKey,
    #[error("somebody else moved the ceremony on meanwhile: try again")]
    Moved,
}

impl CeremonyRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::WrongCustodian => "wrong_custodian",
            Self::BadName => "custodian_name",
            Self::BadCount => "custodian_count",
            Self::NotFound => "ceremony_not_found",
            Self::Over => "ceremony_over",
            Self::SamePerson => "same_person",
            Self::NotYours => "component_not_yours",
            Self::Taken => "component_taken",
            Self::Length => "key_length",
            Self::NoKey => "ceremony_without_key",
            Self::Moved => "ceremony_moved",
        }
    }
}

impl Ceremony {
    /// Takes a component in. The last one leaves the key to be made: see [`Self::is_whole`].
    ///
    /// # Errors
    /// [`CeremonyRefusal`], in its order.
    pub fn given(&self, part: KeyPart, now: Timestamp) -> Result<Self, CeremonyRefusal> {
        if self.way != CeremonyWay::In || self.is_whole() {
            return Err(CeremonyRefusal::Over);
        }
        if self.parts.iter().any(|known| known.custodian == part.custodian) {
            return Err(CeremonyRefusal::SamePerson);
        }
        let mut next = Self { updated_at: now, ..self.clone() };
        next.parts.push(part);
        Ok(next)
    }

    /// Whether every component is there.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.parts.len() >= self.wanted
    }

    /// The components are a key now, and forgotten.
    #[must_use]
    pub fn made(&self, key: Vec<u8>, check: String) -> Self {
        let forgotten = |part: &KeyPart| KeyPart { sealed: None, ..part.clone() };
        let parts = self.parts.iter().map(forgotten).collect();
        Self { parts, key: Some(key), check: Some(check), ..self.clone() }
    }

    /// Hands a custodian's component out, and forgets it.
    ///
    /// # Errors
    /// [`CeremonyRefusal`], in its order.
    pub fn taken(&self, by: &str, now: Timestamp) -> Result<(Self, Vec<u8>), CeremonyRefusal> {
        if self.way != CeremonyWay::Out {
            return Err(CeremonyRefusal::NotYours);
        }
        let mut next = Self { updated_at: now, ..self.clone() };
        let part = next.parts.iter_mut().find(|part| part.custodian == by);
        let part = part.ok_or(CeremonyRefusal::NotYours)?;
        let sealed = part.sealed.take().ok_or(CeremonyRefusal::Taken)?;
        part.done_at = Some(now);
        Ok((next, sealed))
    }

    /// The key goes to its terminal, and is forgotten here.
    ///
    /// # Errors
    /// [`CeremonyRefusal::NoKey`]
    pub fn used(
        &self,
        terminal: TerminalId,
        sm4: bool,
        now: Timestamp,
    ) -> Result<(Self, Vec<u8>), CeremonyRefusal> {
        let mut next = Self { terminal: Some(terminal), updated_at: now, ..self.clone() };
        let key = next.key.take().filter(|_| self.sm4 == sm4);
        Ok((next, key.ok_or(CeremonyRefusal::NoKey)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn ceremony(way: CeremonyWay, parts: Vec<KeyPart>) -> Ceremony {
        Ceremony {
            id: CeremonyId::from_i64(1).unwrap(),
            way,
            sm4: false,
            wanted: 2,
            parts,
            key: None,
            check: None,
            terminal: None,
            opened_at: NOW,
            updated_at: NOW,
        }
    }

    fn part(custodian: &str) -> KeyPart {
        let (custodian, check) = (custodian.to_owned(), "AABBCCDD".to_owned());
        KeyPart { custodian, check, sealed: Some(vec![1]), done_at: None }
    }

    #[test]
    fn a_key_comes_in_by_two_people() {
        let empty = ceremony(CeremonyWay::In, Vec::new());
        let terminal = TerminalId::from_i64(7).unwrap();
        assert_eq!(empty.used(terminal, false, NOW).unwrap_err(), CeremonyRefusal::NoKey);
        let one = empty.given(part("ana"), NOW).unwrap();
        assert!(!one.is_whole());
        assert_eq!(one.given(part("ana"), NOW).unwrap_err(), CeremonyRefusal::SamePerson);
        let both = one.given(part("ben"), NOW).unwrap();
        assert_eq!(both.given(part("cai"), NOW).unwrap_err(), CeremonyRefusal::Over);
        let made = both.made(vec![9], "11223344".to_owned());
        assert!(made.parts.iter().all(|part| part.sealed.is_none()), "components are forgotten");
        assert_eq!(made.used(terminal, true, NOW).unwrap_err(), CeremonyRefusal::NoKey);
        let (used, key) = made.used(terminal, false, NOW).unwrap();
        assert_eq!(key, [9]);
        assert_eq!(used.used(terminal, false, NOW).unwrap_err(), CeremonyRefusal::NoKey);
        assert_eq!(used.taken("ana", NOW).unwrap_err(), CeremonyRefusal::NotYours);
    }

    #[test]
    fn a_key_goes_out_to_two_people_once() {
        let out = ceremony(CeremonyWay::Out, vec![part("ana"), part("ben")]);
        assert_eq!(out.given(part("cai"), NOW).unwrap_err(), CeremonyRefusal::Over);
        assert_eq!(out.taken("cai", NOW).unwrap_err(), CeremonyRefusal::NotYours);
        let (next, sealed) = out.taken("ana", NOW).unwrap();
        assert_eq!(sealed, [1]);
        assert_eq!(next.taken("ana", NOW).unwrap_err(), CeremonyRefusal::Taken);
        assert!(next.taken("ben", NOW).is_ok());
    }

    /// They never change.
    #[test]
    fn refusals_have_their_codes() {
        use CeremonyRefusal::{
            BadCount, BadName, Length, Moved, NoKey, NotFound, NotYours, Over, SamePerson, Taken,
            WrongCustodian,
        };
        for (refusal, code) in [
            (WrongCustodian, "wrong_custodian"),
            (BadName, "custodian_name"),
            (BadCount, "custodian_count"),
            (NotFound, "ceremony_not_found"),
            (Over, "ceremony_over"),
            (SamePerson, "same_person"),
            (NotYours, "component_not_yours"),
            (Taken, "component_taken"),
            (Length, "key_length"),
            (NoKey, "ceremony_without_key"),
            (Moved, "ceremony_moved"),
        ] {
            assert_eq!(refusal.code(), code);
        }
    }

    #[test]
    fn names_are_plain() {
        for (name, fine) in
            [("ana", true), ("ops-2", true), ("", false), ("Ana", false), ("a b", false)]
        {
            assert_eq!(Custodian::is_name(name), fine, "{name}");
        }
        assert!(!Custodian::is_name(&"a".repeat(33)));
    }
}
