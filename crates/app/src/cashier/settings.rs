//! How a cashier looks and what it offers: settled by the institution, a merchant, a store; the nearest
//! counts, field by field.

use std::collections::BTreeMap;

use ids::{MerchantId, StoreId};
use merchants::TerminalKind;
use orders::Tender;
use serde::{Deserialize, Serialize};
use store::{AdminRow, CashierLogoRow, CashierSettingsRow};

use crate::App;
use crate::error::{Failure, UseCaseError};

/// Beyond it nobody enters an amount by hand: fifty thousand yuan.
const AMOUNT_FEN_MAX: u64 = 5_000_000;
/// No setting goes beyond it: ten million yuan.
const AMOUNT_FEN_CEILING: u64 = 1_000_000_000;
const QUICK_AMOUNTS_MAX: usize = 8;
const TIP_PERCENTS_MAX: usize = 5;
const TIP_PERCENT_MAX: u8 = 100;
const NAME_CHARACTERS_MAX: usize = 40;
const FOOTER_CHARACTERS_MAX: usize = 120;
const ORIGINS_MAX: usize = 10;
const ORIGIN_BYTES_MAX: usize = 200;
const URL_BYTES_MAX: usize = 255;
/// Widths of receipt paper, in millimetres.
const RECEIPT_WIDTHS_MM: [u8; 2] = [58, 80];
pub const LOGO_BYTES_MAX: usize = 64 * 1024;
/// How a picture begins that is taken as a logo.
const LOGO_TYPES: [(&str, &[u8]); 2] =
    [("image/png", b"\x89PNG\r\n\x1a\n"), ("image/jpeg", b"\xff\xd8\xff")];

/// What is in force at a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashierSettings {
    /// Per kind of terminal the tenders that it may take, in the order of their buttons. A kind that is
    /// not here takes all.
    pub tenders: BTreeMap<TerminalKind, Vec<Tender>>,
    /// The most that is entered by hand, in fen.
    pub amount_fen_max: u64,
    pub quick_amounts_fen: Vec<u64>,
    /// 小费, in percent of the amount; none where it is off.
    pub tips: Vec<u8>,
    pub remark: bool,
    /// What payers read, if not the store's name.
    pub display_name: Option<String>,
    /// `#rrggbb`
    pub accent: String,
    pub receipt_width_mm: u8,
    pub receipt_footer: String,
    /// Whether a till says amounts aloud.
    pub voice: bool,
    /// Where notifications of payments by plates go.
    pub notify_url: Option<String>,
    /// Whose pages may have the cashier within them: `https://shop.example.com`.
    pub embed_origins: Vec<String>,
}

/// The settings as people write them, in JSON. What is left out is as the next owner has it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsText {
    tenders: Option<BTreeMap<String, Vec<String>>>,
    amount_fen_max: Option<u64>,
    quick_amounts_fen: Option<Vec<u64>>,
    tips: Option<Vec<u8>>,
    remark: Option<bool>,
    display_name: Option<String>,
    accent: Option<String>,
    receipt_width_mm: Option<u8>,
    receipt_footer: Option<String>,
    voice: Option<bool>,
    notify_url: Option<String>,
    embed_origins: Option<Vec<String>>,
}

/// Whose settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CashierOwner {
    Institution,
    Merchant(MerchantId),
    Store(StoreId),
}

/// The text is not one of settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsRefusal {
    #[error("the settings cannot be read: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("`{0}` is not of the form, or beyond its bound")]
    FieldInvalid(&'static str),
    #[error("the logo is wanted as PNG or JPEG of at most 64 KiB")]
    LogoInvalid,
}

impl Default for CashierSettings {
    fn default() -> Self {
        Self {
            tenders: BTreeMap::new(),
            amount_fen_max: AMOUNT_FEN_MAX,
            quick_amounts_fen: Vec::new(),
            tips: Vec::new(),
            remark: true,
            display_name: None,
            accent: "#1459c9".to_owned(),
            receipt_width_mm: 58,
            receipt_footer: String::new(),
            voice: true,
            notify_url: None,
            embed_origins: Vec::new(),
        }
    }
}

impl CashierSettings {
    /// Whether a terminal of that kind takes the tender.
    #[must_use]
    pub fn takes(&self, kind: TerminalKind, tender: &Tender) -> bool {
        self.tenders.get(&kind).is_none_or(|enabled| enabled.contains(tender))
    }

    /// With what a nearer owner says.
    fn with(mut self, text: SettingsText) -> Result<Self, SettingsRefusal> {
        let invalid = SettingsRefusal::FieldInvalid;
        for (kind, tenders) in text.tenders.into_iter().flatten() {
            let kind = TerminalKind::parse(&kind).ok_or(invalid("tenders"))?;
            let known = |code: String| Tender::parse(&code).or(Err(invalid("tenders")));
            self.tenders.insert(kind, tenders.into_iter().map(known).collect::<Result<_, _>>()?);
        }
        let amount = |fen: &u64| (1..=AMOUNT_FEN_CEILING).contains(fen);
        let short = |text: &str, most: usize| {
            !text.chars().any(char::is_control) && text.chars().count() <= most
        };
        set(&mut self.amount_fen_max, text.amount_fen_max, "amount_fen_max", amount)?;
        set(&mut self.quick_amounts_fen, text.quick_amounts_fen, "quick_amounts_fen", |all| {
            all.len() <= QUICK_AMOUNTS_MAX && all.iter().all(amount)
        })?;
        set(&mut self.tips, text.tips, "tips", |all| {
            all.len() <= TIP_PERCENTS_MAX && all.iter().all(|p| (1..=TIP_PERCENT_MAX).contains(p))
        })?;
        set(&mut self.remark, text.remark, "remark", |_| true)?;
        set(&mut self.display_name, text.display_name.map(Some), "display_name", |name| {
            name.as_ref().is_some_and(|name| short(name, NAME_CHARACTERS_MAX))
        })?;
        set(&mut self.accent, text.accent, "accent", |colour| is_colour(colour))?;
        set(&mut self.receipt_width_mm, text.receipt_width_mm, "receipt_width_mm", |mm| {
            RECEIPT_WIDTHS_MM.contains(mm)
        })?;
        set(&mut self.receipt_footer, text.receipt_footer, "receipt_footer", |footer| {
            short(footer, FOOTER_CHARACTERS_MAX)
        })?;
        set(&mut self.voice, text.voice, "voice", |_| true)?;
        set(&mut self.notify_url, text.notify_url.map(Some), "notify_url", |url| {
            url.as_ref().is_some_and(|url| is_url(url))
        })?;
        set(&mut self.embed_origins, text.embed_origins, "embed_origins", |all| {
            all.len() <= ORIGINS_MAX && all.iter().all(|origin| is_origin(origin))
        })?;
        Ok(self)
    }
}

fn set<T>(
    place: &mut T,
    given: Option<T>,
    name: &'static str,
    fits: impl Fn(&T) -> bool,
) -> Result<(), SettingsRefusal> {
    match given {
        Some(value) if fits(&value) => *place = value,
        Some(_) => return Err(SettingsRefusal::FieldInvalid(name)),
        None => {}
    }
    Ok(())
}

fn is_colour(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or_default();
    digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_url(text: &str) -> bool {
    let scheme = text.starts_with("https://") || text.starts_with("http://");
    scheme && text.len() <= URL_BYTES_MAX && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Scheme, host and port, and nothing that could end a header's list.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':');
    let host = host.filter(|_| text.len() <= ORIGIN_BYTES_MAX);
    host.is_some_and(|host| !host.is_empty() && host.bytes().all(plain))
}

impl CashierOwner {
    fn key(self) -> String {
        match self {
            Self::Institution => String::new(),
            Self::Merchant(id) => id.to_string(),
            Self::Store(id) => id.to_string(),
        }
    }
}

impl App {
    /// What is in force at a store: its own settings over the merchant's, over the institution's.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn cashier_settings(
        &self,
        merchant: MerchantId,
        store: StoreId,
    ) -> Result<std::sync::Arc<CashierSettings>, Failure> {
        self.settings_of((merchant, Some(store))).await
    }

    /// The same for an order that stands in no store.
    pub(crate) async fn settings_of(
        &self,
        place: (MerchantId, Option<StoreId>),
    ) -> Result<std::sync::Arc<CashierSettings>, Failure> {
        let now = self.now();
        if let Some(settings) = self.directory.cashiers.get_fresh(&place, now) {
            return Ok(settings);
        }
        let unusable = || Failure::unusable("a cashier's settings");
        let mut settings = CashierSettings::default();
        for owner in owners(place.0, place.1) {
            if let Some(row) = self.store.cashier_settings(&owner.key()).await? {
                let text = serde_json::from_str(&row.settings).or(Err(unusable()))?;
                settings = settings.with(text).or(Err(unusable()))?;
            }
        }
        let settings = std::sync::Arc::new(settings);
        self.directory.cashiers.put(place, now, std::sync::Arc::clone(&settings));
        Ok(settings)
    }

    /// Settles a cashier's settings: JSON, in place of what the owner had.
    ///
    /// # Errors
    /// [`SettingsRefusal`] within; a failure of the store.
    pub async fn set_cashier(
        &self,
        owner: CashierOwner,
        json: &str,
    ) -> Result<Result<(), SettingsRefusal>, UseCaseError> {
        // An array would be taken for a struct whose fields are left out.
        let text = serde_json::from_str::<serde_json::Map<_, _>>(json)
            .and_then(|object| serde_json::from_value::<SettingsText>(object.into()));
        let checked = text.map_err(SettingsRefusal::Malformed);
        let checked = checked.and_then(|text| CashierSettings::default().with(text));
        if let Err(refusal) = checked {
            return Ok(Err(refusal));
        }
        let (owner, settings) = (owner.key(), json.to_owned());
        let row = CashierSettingsRow { owner, settings, updated_at: self.now() };
        self.put(vec![AdminRow::CashierSettings(row)]).await?;
        self.directory.cashiers.forget();
        Ok(Ok(()))
    }

    /// Gives cashiers a picture.
    ///
    /// # Errors
    /// [`SettingsRefusal::LogoInvalid`] within; a failure of the store.
    pub async fn set_cashier_logo(
        &self,
        owner: CashierOwner,
        bytes: Vec<u8>,
    ) -> Result<Result<(), SettingsRefusal>, UseCaseError> {
        let known = LOGO_TYPES.iter().find(|(_, begin)| bytes.starts_with(begin));
        let Some((media_type, _)) = known.filter(|_| bytes.len() <= LOGO_BYTES_MAX) else {
            return Ok(Err(SettingsRefusal::LogoInvalid));
        };
        let row = CashierLogoRow {
            owner: owner.key(),
            media_type: (*media_type).to_owned(),
            hash: crypto::digest::sha256(&bytes),
            bytes,
            updated_at: self.now(),
        };
        self.put(vec![AdminRow::CashierLogo(row)]).await?;
        self.directory.logos.forget();
        Ok(Ok(()))
    }

    /// A store's picture.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn logo_of(
        &self,
        store: StoreId,
    ) -> Result<Option<std::sync::Arc<CashierLogoRow>>, Failure> {
        match self.shop(store).await? {
            Some(shop) => self.cashier_logo(shop.merchant, store).await,
            None => Ok(None),
        }
    }

    /// The nearest picture, if anybody settled one.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn cashier_logo(
        &self,
        merchant: MerchantId,
        store: StoreId,
    ) -> Result<Option<std::sync::Arc<CashierLogoRow>>, Failure> {
        let now = self.now();
        if let Some(logo) = self.directory.logos.get_fresh(&store, now) {
            return Ok(logo);
        }
        let mut found = None;
        for owner in owners(merchant, Some(store)) {
            found = self.store.cashier_logo(&owner.key()).await?.map(std::sync::Arc::new).or(found);
        }
        self.directory.logos.put(store, now, found.clone());
        Ok(found)
    }
}

/// The farthest first.
fn owners(merchant: MerchantId, store: Option<StoreId>) -> impl Iterator<Item = CashierOwner> {
    let near = store.map(CashierOwner::Store);
    [CashierOwner::Institution, CashierOwner::Merchant(merchant)].into_iter().chain(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<CashierSettings, SettingsRefusal> {
        CashierSettings::default().with(serde_json::from_str(json)?)
    }

    #[test]
    fn the_nearer_owner_counts_field_by_field() {
        let far =
            read(r##"{"accent":"#ff0000","tips":[5,10],"tenders":{"micro_store":["wechat"]}}"##);
        let near = r#"{"tips":[],"tenders":{"counter_register":["cash","alipay"]}}"#;
        let both = far.unwrap().with(serde_json::from_str(near).unwrap()).unwrap();
        assert_eq!((both.accent.as_str(), both.tips.len()), ("#ff0000", 0));
        let takes = |kind, code: &str| both.takes(kind, &Tender::parse(code).unwrap());
        assert!(takes(TerminalKind::CounterRegister, "cash"));
        assert!(!takes(TerminalKind::CounterRegister, "wechat"));
        assert!(!takes(TerminalKind::MicroStore, "alipay"));
        assert!(takes(TerminalKind::SmartPos, "alipay"), "nothing is said of it");
    }

    #[test]
    fn what_is_beyond_its_bound_is_refused() {
        assert_eq!(read("{}").unwrap(), CashierSettings::default());
        for bad in [
            r#"{"x":1}"#,
            r#"{"tenders":{"till":["cash"]}}"#,
            r#"{"tenders":{"smart_pos":["CASH!"]}}"#,
            r#"{"amount_fen_max":0}"#,
            r#"{"amount_fen_max":1000000001}"#,
            r#"{"quick_amounts_fen":[1,2,3,4,5,6,7,8,9]}"#,
            r#"{"tips":[0]}"#,
            r#"{"tips":[101]}"#,
            r#"{"accent":"red"}"#,
            r##"{"accent":"#12345g"}"##,
            r#"{"display_name":"a\u0007b"}"#,
            r#"{"receipt_width_mm":57}"#,
            r#"{"embed_origins":["https://a.example; script-src *"]}"#,
            r#"{"embed_origins":["https://a.example/path"]}"#,
            r#"{"embed_origins":["javascript:alert(1)"]}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
