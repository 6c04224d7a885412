//! 参数下载, 公钥下载, AID 下载: what terminals load from the host before they trade, as operators set it.
//!
//! One document in versions holds all three. A terminal that has not loaded the version in force is told
//! so in the header of management answers until it says that it has.

use std::sync::Arc;

use ids::MerchantId;
use serde::Deserialize;
use store::{AdminRow, PosDownloadsRow};

use super::PosAccess;
use super::access::PosChange;
use crate::App;
use crate::error::{Failure, UseCaseError};

/// What a terminal may load. Each list may be empty: then there is nothing of it to load.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Downloads {
    /// 0 where nobody has set any.
    #[serde(skip)]
    pub version: u32,
    #[serde(default)]
    pub parameters: Option<Parameters>,
    #[serde(default)]
    pub ca_keys: Vec<CaKey>,
    #[serde(default)]
    pub aids: Vec<Aid>,
}

/// 终端参数.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// How long it waits for an answer.
    pub timeout_s: u8,
    #[serde(default)]
    pub redials: u8,
    /// Up to three numbers to dial.
    #[serde(default)]
    pub phones: Vec<String>,
    #[serde(default)]
    pub management_phone: Option<String>,
    #[serde(default)]
    pub tips: bool,
    #[serde(default)]
    pub tip_percent: u8,
    #[serde(default)]
    pub manual_entry: bool,
    #[serde(default)]
    pub auto_sign_off: bool,
    #[serde(default = "three")]
    pub reversal_tries: u8,
    #[serde(default)]
    pub offline_upload_mode: u8,
    #[serde(default = "one")]
    pub master_key_slot: u8,
}

/// A public key of a card scheme, for offline data authentication.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaKey {
    /// 9F06, ten hexadecimal digits.
    pub rid: String,
    /// 9F22, two hexadecimal digits.
    pub index: String,
    /// DF05, `YYYYMMDD`.
    pub expires: String,
    /// DF02, hexadecimal digits.
    pub modulus: String,
    /// DF04, hexadecimal digits.
    pub exponent: String,
    /// DF03, over the other four; checked where it is given, made where not.
    #[serde(default)]
    pub sha1: Option<String>,
}

/// An application of a chip card, and how it is treated: hexadecimal digits each.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aid {
    /// 9F06
    pub aid: String,
    /// DF01: `00` any application that begins so.
    pub selection: String,
    /// 9F08
    pub version: String,
    /// DF11
    pub tac_default: String,
    /// DF12
    pub tac_online: String,
    /// DF13
    pub tac_denial: String,
    /// 9F1B, in fen, binary.
    pub floor_limit: String,
    /// DF15
    pub threshold: String,
    /// DF16
    pub target_percent_max: String,
    /// DF17
    pub target_percent: String,
    /// DF14
    pub ddol: String,
    /// DF18
    pub online_pin: String,
    /// 9F7B, in fen, decimal.
    #[serde(default)]
    pub cash_limit: Option<String>,
    /// DF19
    #[serde(default)]
    pub contactless_floor_limit: Option<String>,
    /// DF20
    #[serde(default)]
    pub contactless_limit: Option<String>,
    /// DF21
    #[serde(default)]
    pub contactless_cvm_limit: Option<String>,
}

/// One of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Download {
    Parameters,
    CaKeys,
    Aids,
}

/// The document says what cannot be loaded into a terminal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadDownloads(String);

const CA_KEYS_MAX: usize = 100;
const AIDS_MAX: usize = 100;
/// Bytes of a modulus: with the rest of its key it fits field 62.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 64..=248;
const PHONE_DIGITS_MAX: usize = 14;
const PHONES_MAX: usize = 3;

const fn three() -> u8 {
    3
}

const fn one() -> u8 {
    1
}

impl Downloads {
    /// # Errors
    /// [`BadDownloads`] with the place of what is wrong.
    pub fn parse(version: u32, json: &str) -> Result<Self, BadDownloads> {
        let read: Self =
            serde_json::from_str(json).map_err(|error| BadDownloads(error.to_string()))?;
        if read.ca_keys.len() > CA_KEYS_MAX || read.aids.len() > AIDS_MAX {
            return Err(BadDownloads("at most 100 keys and 100 applications".to_owned()));
        }
        for (at, key) in read.ca_keys.iter().enumerate() {
            key.check().map_err(|what| BadDownloads(format!("ca_keys[{at}].{what}")))?;
        }
        for (at, aid) in read.aids.iter().enumerate() {
            aid.check().map_err(|what| BadDownloads(format!("aids[{at}].{what}")))?;
        }
        if let Some(parameters) = &read.parameters {
            parameters.check().map_err(|what| BadDownloads(format!("parameters.{what}")))?;
        }
        Ok(Self { version, ..read })
    }

    /// Whether there is anything of it to load.
    #[must_use]
    pub const fn has(&self, download: Download) -> bool {
        match download {
            Download::Parameters => self.parameters.is_some(),
            Download::CaKeys => !self.ca_keys.is_empty(),
            Download::Aids => !self.aids.is_empty(),
        }
    }

    /// What a terminal has still to load.
    #[must_use]
    pub fn wanted(&self, access: &PosAccess) -> Option<Download> {
        let loaded = access.terminal.loaded;
        [
            (Download::CaKeys, loaded.ca_keys),
            (Download::Aids, loaded.aids),
            (Download::Parameters, loaded.parameters),
        ]
        .into_iter()
        .find(|(download, version)| self.has(*download) && *version != self.version)
        .map(|(download, _)| download)
    }
}

impl Parameters {
    fn check(&self) -> Result<(), &'static str> {
        let digits = |text: &String| {
            (1..=PHONE_DIGITS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
        };
        let small = |n: u8, most| n <= most;
        match () {
            () if !(1..=99).contains(&self.timeout_s) => Err("timeout_s: 1 to 99"),
            () if !small(self.redials, 9) => Err("redials: one digit"),
            () if self.phones.len() > PHONES_MAX => Err("phones: at most three"),
            () if !self.phones.iter().chain(&self.management_phone).all(digits) => {
                Err("phones: up to fourteen digits")
            }
            () if !small(self.tip_percent, 99) => Err("tip_percent: two digits"),
            () if !(1..=9).contains(&self.reversal_tries) => Err("reversal_tries: 1 to 9"),
            () if !small(self.offline_upload_mode, 9) => Err("offline_upload_mode: one digit"),
            () if !(1..=9).contains(&self.master_key_slot) => Err("master_key_slot: 1 to 9"),
            () => Ok(()),
        }
    }
}

impl CaKey {
    fn check(&self) -> Result<(), &'static str> {
        let bytes = |text: &str, count: std::ops::RangeInclusive<usize>| {
            hex::decode(text).ok().filter(|bytes| count.contains(&bytes.len()))
        };
        bytes(&self.rid, 5..=5).ok_or("rid: ten hexadecimal digits")?;
        bytes(&self.index, 1..=1).ok_or("index: two hexadecimal digits")?;
        bytes(&self.modulus, MODULUS_BYTES).ok_or("modulus: 64 to 248 bytes in hexadecimal")?;
        bytes(&self.exponent, 1..=3).ok_or("exponent: one to three bytes in hexadecimal")?;
        let date = self.expires.len() == 8 && self.expires.bytes().all(|b| b.is_ascii_digit());
        if !date {
            return Err("expires: YYYYMMDD");
        }
        let made = self.digest().ok_or("modulus")?;
        match &self.sha1 {
            Some(given) if hex::decode(given).ok().as_deref() != Some(&made[..]) => {
                Err("sha1: not that of rid, index, modulus and exponent")
            }
            Some(_) | None => Ok(()),
        }
    }

    /// DF03: over 9F06, 9F22, DF02 and DF04.
    #[must_use]
    pub fn digest(&self) -> Option<[u8; 20]> {
        let text = [&*self.rid, &*self.index, &*self.modulus, &*self.exponent].concat();
        Some(crypto::digest::sha1(&hex::decode(text).ok()?))
    }
}

impl Aid {
    fn check(&self) -> Result<(), &'static str> {
        let fits = |text: &str, count: std::ops::RangeInclusive<usize>| {
            hex::decode(text).is_ok_and(|bytes| count.contains(&bytes.len()))
        };
        let amount = |text: &Option<String>| text.as_deref().is_none_or(|text| fits(text, 6..=6));
        match () {
            () if !fits(&self.aid, 5..=16) => Err("aid: five to sixteen bytes"),
            () if !fits(&self.selection, 1..=1) => Err("selection: one byte"),
            () if !fits(&self.version, 2..=2) => Err("version: two bytes"),
            () if !fits(&self.tac_default, 5..=5) => Err("tac_default: five bytes"),
            () if !fits(&self.tac_online, 5..=5) => Err("tac_online: five bytes"),
            () if !fits(&self.tac_denial, 5..=5) => Err("tac_denial: five bytes"),
            () if !fits(&self.floor_limit, 4..=4) => Err("floor_limit: four bytes"),
            () if !fits(&self.threshold, 4..=4) => Err("threshold: four bytes"),
            () if !fits(&self.target_percent_max, 1..=1) => Err("target_percent_max: one byte"),
            () if !fits(&self.target_percent, 1..=1) => Err("target_percent: one byte"),
            () if !fits(&self.ddol, 1..=252) => Err("ddol: one to 252 bytes"),
            () if !fits(&self.online_pin, 1..=1) => Err("online_pin: one byte"),
            () if !amount(&self.cash_limit) => Err("cash_limit: six bytes"),
            () if !amount(&self.contactless_floor_limit) => {
                Err("contactless_floor_limit: six bytes")
            }
            () if !amount(&self.contactless_limit) => Err("contactless_limit: six bytes"),
            () if !amount(&self.contactless_cvm_limit) => Err("contactless_cvm_limit: six bytes"),
            () => Ok(()),
        }
    }

    /// The elements in their order: tag, and value in hexadecimal digits.
    pub fn elements(&self) -> impl Iterator<Item = (u32, &str)> {
        [
            (0x9F06, Some(&*self.aid)),
            (0xDF01, Some(&*self.selection)),
            (0x9F08, Some(&*self.version)),
            (0xDF11, Some(&*self.tac_default)),
            (0xDF12, Some(&*self.tac_online)),
            (0xDF13, Some(&*self.tac_denial)),
            (0x9F1B, Some(&*self.floor_limit)),
            (0xDF15, Some(&*self.threshold)),
            (0xDF16, Some(&*self.target_percent_max)),
            (0xDF17, Some(&*self.target_percent)),
            (0xDF14, Some(&*self.ddol)),
            (0xDF18, Some(&*self.online_pin)),
            (0x9F7B, self.cash_limit.as_deref()),
            (0xDF19, self.contactless_floor_limit.as_deref()),
            (0xDF20, self.contactless_limit.as_deref()),
            (0xDF21, self.contactless_cvm_limit.as_deref()),
        ]
        .into_iter()
        .filter_map(|(tag, value)| Some((tag, value?)))
    }
}

impl App {
    /// What terminals are to load now.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn pos_downloads(&self) -> Result<Arc<Downloads>, Failure> {
        let now = self.now();
        if let Some(known) = self.directory.pos_downloads.get_fresh(&(), now) {
            return Ok(known);
        }
        let read = match self.store.pos_downloads().await? {
            Some(row) => Downloads::parse(row.version, &row.downloads)
                .or(Err(Failure::unusable("what terminals load")))?,
            None => Downloads::default(),
        };
        let read = Arc::new(read);
        self.directory.pos_downloads.put((), now, Arc::clone(&read));
        Ok(read)
    }

    /// What the merchant is called on slips.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn merchant_name(&self, merchant: MerchantId) -> Result<String, Failure> {
        Ok(self.merchant(merchant).await?.map(|merchant| merchant.name).unwrap_or_default())
    }

    /// Puts a new version in force: every terminal is told to load it.
    ///
    /// # Errors
    /// [`BadDownloads`] within; a failure of the store.
    pub async fn set_pos_downloads(
        &self,
        json: &str,
    ) -> Result<Result<u32, BadDownloads>, UseCaseError> {
        let last = self.store.pos_downloads().await?.map_or(0, |row| row.version);
        let version = last.saturating_add(1);
        if let Err(bad) = Downloads::parse(version, json) {
            return Ok(Err(bad));
        }
        let row = PosDownloadsRow { version, downloads: json.to_owned(), created_at: self.now() };
        self.put(vec![AdminRow::PosDownloads(row)]).await?;
        self.directory.pos_downloads.forget();
        Ok(Ok(version))
    }

    /// A terminal says that it has loaded all of it.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn pos_loaded(
        &self,
        access: &PosAccess,
        download: Download,
    ) -> Result<(), UseCaseError> {
        let version = self.pos_downloads().await?.version;
        let change = PosChange::Loaded { download, version };
        self.change_pos(access.terminal.terminal, change).await
    }
}
