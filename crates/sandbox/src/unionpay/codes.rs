//! Codes that lead to an acquirer's own page: addresses that UnionPay issued for such pages (the
//! standard scheme), pages of domains that are registered with UnionPay (the other scheme), and what
//! the gateway was told when a payer's app scanned one.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::trades::TradeKey;
use crate::core::{digest_hex, is_loopback};

/// The path of an issued address; its host is the sandbox, or UnionPay's own in print.
pub(crate) const ISSUED_PATH: &str = "/qr95516/";
const PRINTED_HOST: &str = "https://qr.95516.com";
const CODES_MAX: usize = 10_000;
const DOMAINS_MAX: usize = 64;
/// The gateway remembers so many scans, the latest.
const SCANS_MAX: usize = 1_000;
const SCANS_SHOWN: usize = 20;
const PAGE_CHARS_MAX: usize = 512;
/// Letters and digits of an issued code, and of a query's number.
const NUMBER_CHARS: usize = 32;

/// What UnionPay's apps do with a page of a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// The gateway asks the code's owner for the order.
    Query,
    /// The app opens the acquirer's page in its web view.
    Page,
    Unregistered,
}

/// A host that UnionPay knows of.
#[derive(Debug, Clone)]
struct Domain {
    mode: Mode,
    /// Where its owner answers on this machine, without a final slash.
    owner: String,
}

/// How the code came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scheme {
    /// UnionPay issued the address.
    Standard,
    /// The acquirer's own address on a registered domain.
    NonStandard,
}

/// What a scanned text stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) scheme: Scheme,
    pub(crate) page: String,
    pub(crate) owner: String,
    pub(crate) mode: Mode,
}

/// Why UnionPay does not take a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeRefusal {
    /// Never issued.
    UnknownCode,
    /// The page's domain is not registered.
    Unregistered,
}

impl CodeRefusal {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::UnknownCode => "34",
            Self::Unregistered => "NOT_REGISTERED",
        }
    }

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::UnknownCode => "没有这个收款码",
            Self::Unregistered => "未登记的收款码",
        }
    }
}

/// Why the registry does not take an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RegistryRefusal {
    #[error("a page of this machine or of the phones' shop is wanted")]
    Malformed,
    #[error("the page's domain is not registered")]
    Unregistered,
    #[error("the registry is full")]
    Full,
}

/// What the gateway made of the owner's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    NotAsked,
    NoAnswer,
    Unreadable(Flaw),
    Refused {
        code: String,
        message: String,
    },
    /// The payer has to enter an amount.
    AmountWanted {
        merchant: String,
    },
    /// The gateway has this trade; whether it is paid already, it says itself.
    Order {
        merchant: String,
        key: TradeKey,
    },
}

/// What is wrong with an answer, in the order in which the gateway looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    Status(u16),
    NotFields,
    UnknownMerchant,
    Signature,
    /// It answers another question.
    OtherQuery,
    /// A field is missing or malformed.
    Field(&'static str),
    /// Another amount than the payer entered.
    OtherAmount,
    /// The gateway has this order with other terms.
    OtherOrder,
    Late,
}

/// One scan by a payer's app: it is asked about under one number, however often.
#[derive(Debug, Clone)]
pub(super) struct Scan {
    pub(super) query_no: String,
    pub(super) at: Timestamp,
    /// `CloudPay`, `BankDemo`.
    pub(super) app: String,
    pub(super) payer: String,
    pub(super) text: String,
    pub(super) code: Resolved,
    pub(super) asked: u32,
    pub(super) reading: Reading,
}

/// Domains, issued codes and scans.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    domains: BTreeMap<String, Domain>,
    /// Each code with its page.
    issued: BTreeMap<String, String>,
    /// The oldest first.
    scans: VecDeque<Scan>,
    made: u64,
}

impl Codes {
    /// A host with its port, and where its owner answers.
    pub(crate) fn register(&mut self, host: &str, owner: &str) {
        let domain = Domain { mode: Mode::Query, owner: owner.to_owned() };
        self.domains.insert(host.to_owned(), domain);
    }

    /// Registers a host, takes its registration back, or changes how its pages are taken.
    pub(crate) fn set_mode(&mut self, host: &str, mode: Mode) -> Result<(), RegistryRefusal> {
        if let Some(domain) = self.domains.get_mut(host) {
            domain.mode = mode;
            return Ok(());
        }
        let owner = format!("http://{host}");
        if host_of(&owner) != Some(host) || !is_loopback(&owner) {
            return Err(RegistryRefusal::Malformed);
        }
        if self.domains.len() >= DOMAINS_MAX {
            return Err(RegistryRefusal::Full);
        }
        self.domains.insert(host.to_owned(), Domain { mode, owner });
        Ok(())
    }

    pub(crate) fn domains(&self) -> impl Iterator<Item = (&str, Mode)> {
        self.domains.iter().map(|(host, domain)| (host.as_str(), domain.mode))
    }

    /// The code of an address for this page; the same page has one code only.
    pub(crate) fn issue(&mut self, page: &str) -> Result<String, RegistryRefusal> {
        let plain = page.len() <= PAGE_CHARS_MAX
            && page.bytes().all(|b| b.is_ascii_graphic())
            && !page.contains(['#', '"', '<', '>']);
        let host = host_of(page).filter(|_| plain).ok_or(RegistryRefusal::Malformed)?;
        match self.domains.get(host).map(|domain| domain.mode) {
            Some(Mode::Query | Mode::Page) => {}
            Some(Mode::Unregistered) => return Err(RegistryRefusal::Unregistered),
            None if is_loopback(page) => return Err(RegistryRefusal::Unregistered),
            None => return Err(RegistryRefusal::Malformed),
        }
        let code = number(&format!("unionpay/code/{page}"));
        if !self.issued.contains_key(&code) && self.issued.len() >= CODES_MAX {
            return Err(RegistryRefusal::Full);
        }
        self.issued.insert(code.clone(), page.to_owned());
        Ok(code)
    }

    /// What UnionPay knows of a scanned text. `base_url` is the sandbox's own address.
    pub(crate) fn resolve(&self, base_url: &str, text: &str) -> Result<Resolved, CodeRefusal> {
        let (scheme, page) = match issued_code(base_url, text) {
            Some(code) => {
                let page = self.issued.get(code).ok_or(CodeRefusal::UnknownCode)?;
                (Scheme::Standard, page.as_str())
            }
            None => (Scheme::NonStandard, text),
        };
        let domain = host_of(page).and_then(|host| self.domains.get(host));
        match domain {
            Some(Domain { mode: mode @ (Mode::Query | Mode::Page), owner })
                if page.len() <= PAGE_CHARS_MAX =>
            {
                let (page, owner) = (page.to_owned(), owner.clone());
                Ok(Resolved { scheme, page, owner, mode: *mode })
            }
            Some(_) | None => Err(CodeRefusal::Unregistered),
        }
    }

    /// Names a scan, so that its page can be opened again: unlike any before it, and any of a sandbox
    /// that ran before this one.
    pub(crate) fn next_scan(&mut self, now: Timestamp) -> String {
        self.made += 1;
        format!("{}-{}", now.as_nanosecond(), self.made)
    }

    /// The number under which a scan is asked about: the same one for the same scan. A scan without a
    /// name is always a new one.
    pub(super) fn begin(&mut self, scan: Scan, name: Option<&str>) -> String {
        let name = name.map_or_else(|| self.next_scan(scan.at), str::to_owned);
        let query_no =
            number(&format!("unionpay/query/{}/{}/{}/{name}", scan.text, scan.app, scan.payer));
        if self.scan(&query_no).is_some() {
            return query_no;
        }
        if self.scans.len() >= SCANS_MAX {
            self.scans.pop_front();
        }
        self.scans.push_back(Scan { query_no: query_no.clone(), ..scan });
        query_no
    }

    pub(super) fn scan(&self, query_no: &str) -> Option<&Scan> {
        self.scans.iter().find(|scan| scan.query_no == query_no)
    }

    pub(super) fn scan_mut(&mut self, query_no: &str) -> Option<&mut Scan> {
        self.scans.iter_mut().find(|scan| scan.query_no == query_no)
    }

    /// The latest scans for people, the latest first.
    pub(crate) fn told(&self) -> Vec<Value> {
        self.scans.iter().rev().take(SCANS_SHOWN).map(told).collect()
    }
}

fn told(scan: &Scan) -> Value {
    let mut said = json!({
        "query_no": scan.query_no,
        "at": scan.at.to_string(),
        "app": scan.app,
        "payer": scan.payer,
        "scheme": scan.code.scheme,
        "text": scan.text,
        "page": scan.code.page,
        "asked": scan.asked,
    });
    let (outcome, more) = match &scan.reading {
        Reading::NotAsked => ("not_asked", json!({})),
        Reading::NoAnswer => ("no_answer", json!({})),
        Reading::Unreadable(flaw) => ("unreadable", json!({ "code": flaw.code() })),
        Reading::Refused { code, message } => {
            ("refused", json!({ "code": code, "message": message }))
        }
        Reading::AmountWanted { merchant } => ("amount_wanted", json!({ "merchant": merchant })),
        Reading::Order { merchant, key } => {
            ("order", json!({ "merchant": merchant, "order_no": key.order_id }))
        }
    };
    if let (Some(said), Value::Object(more)) = (said.as_object_mut(), more) {
        said.insert("outcome".to_owned(), Value::from(outcome));
        said.extend(more);
    }
    said
}

impl Flaw {
    pub(super) fn code(self) -> String {
        let code = match self {
            Self::Status(status) => return format!("HTTP {status}"),
            Self::NotFields => "NOT_FIELDS",
            Self::UnknownMerchant => "UNKNOWN_MERCHANT",
            Self::Signature => "SIGN_ERROR",
            Self::OtherQuery => "OTHER_QUERY",
            Self::Field(name) => return format!("FIELD {name}"),
            Self::OtherAmount => "OTHER_AMOUNT",
            Self::OtherOrder => "OTHER_ORDER",
            Self::Late => "ORDER_TIMEOUT",
        };
        code.to_owned()
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Status(_) | Self::NotFields => "订单无法读取：收单机构没有给出应答报文",
            Self::UnknownMerchant => "订单无法读取：没有这个商户",
            Self::Signature => "订单无法读取：应答的签名不对",
            Self::OtherQuery => "订单无法读取：答的不是这次查询",
            Self::Field(_) => "订单无法读取：应答缺少字段或字段有误",
            Self::OtherAmount => "订单无法读取：金额与输入的不一致",
            Self::OtherOrder => "订单无法读取：同一订单前后不一致",
            Self::Late => "订单已超过付款时间",
        }
    }
}

/// The code in an issued address, by either spelling.
pub(crate) fn issued_code<'a>(base_url: &str, text: &'a str) -> Option<&'a str> {
    let path = [PRINTED_HOST, base_url].iter().find_map(|host| {
        text.strip_prefix(host).filter(|_| !host.is_empty())?.strip_prefix(ISSUED_PATH)
    });
    path.filter(|code| !code.is_empty() && code.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Host and port of a page.
fn host_of(page: &str) -> Option<&str> {
    let rest = page.strip_prefix("http://").or_else(|| page.strip_prefix("https://"))?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'-' | b'[' | b']');
    (!host.is_empty() && host.bytes().all(plain)).then_some(host)
}

fn number(seed: &str) -> String {
    digest_hex(seed).chars().take(NUMBER_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "http://127.0.0.1:8090";
    const PAGE: &str = "http://127.0.0.1:8080/q/T";

    fn codes() -> Codes {
        let mut codes = Codes::default();
        codes.register("127.0.0.1:8080", "http://127.0.0.1:8080");
        codes.register("pay.example.com", "http://127.0.0.1:8080");
        codes
    }

    #[test]
    fn a_page_has_one_code() {
        let mut codes = codes();
        let code = codes.issue(PAGE).unwrap();
        assert_eq!(codes.issue(PAGE).unwrap(), code);
        assert_ne!(codes.issue("http://127.0.0.1:8080/q/U").unwrap(), code);
        assert_eq!(code.len(), NUMBER_CHARS);
        for text in
            [format!("{BASE}/qr95516/{code}"), format!("https://qr.95516.com/qr95516/{code}")]
        {
            let expect = Resolved {
                scheme: Scheme::Standard,
                page: PAGE.to_owned(),
                owner: "http://127.0.0.1:8080".to_owned(),
                mode: Mode::Query,
            };
            assert_eq!(codes.resolve(BASE, &text), Ok(expect));
        }
        codes.set_mode("127.0.0.1:8080", Mode::Unregistered).unwrap();
        let text = format!("{BASE}/qr95516/{code}");
        assert_eq!(codes.resolve(BASE, &text), Err(CodeRefusal::Unregistered));
    }

    #[test]
    fn only_pages_of_registered_domains_get_a_code() {
        let mut codes = codes();
        codes.set_mode("127.0.0.1:7", Mode::Unregistered).unwrap();
        for (page, expect) in [
            (PAGE, None),
            ("https://pay.example.com/q/T", None),
            ("http://127.0.0.1:9/q/T", Some(RegistryRefusal::Unregistered)),
            ("http://127.0.0.1:7/q/T", Some(RegistryRefusal::Unregistered)),
            ("https://example.com/q/T", Some(RegistryRefusal::Malformed)),
            ("http://127.0.0.1:8080@example.com/", Some(RegistryRefusal::Malformed)),
            ("http://127.0.0.1:8080/q/T\r\nx: y", Some(RegistryRefusal::Malformed)),
            ("http://127.0.0.1:8080/q/T#x", Some(RegistryRefusal::Malformed)),
            ("/q/T", Some(RegistryRefusal::Malformed)),
            ("", Some(RegistryRefusal::Malformed)),
        ] {
            assert_eq!(codes.issue(page).err(), expect, "{page}");
        }
        let long = format!("{PAGE}{}", "a".repeat(PAGE_CHARS_MAX));
        assert_eq!(codes.issue(&long), Err(RegistryRefusal::Malformed));
    }

    #[test]
    fn only_hosts_of_this_machine_are_registered_by_hand() {
        for (host, expect) in [
            ("127.0.0.1:9", Ok(())),
            ("localhost:9", Ok(())),
            ("pay.example.com", Ok(())),
            ("example.com", Err(RegistryRefusal::Malformed)),
            ("127.0.0.1:9/q", Err(RegistryRefusal::Malformed)),
            ("a@127.0.0.1", Err(RegistryRefusal::Malformed)),
            ("", Err(RegistryRefusal::Malformed)),
        ] {
            assert_eq!(codes().set_mode(host, Mode::Query), expect, "{host}");
        }
        let mut full = Codes::default();
        for port in 0..DOMAINS_MAX {
            full.set_mode(&format!("127.0.0.1:{port}"), Mode::Page).unwrap();
        }
        assert_eq!(full.set_mode("127.0.0.1:9999", Mode::Page), Err(RegistryRefusal::Full));
        assert_eq!(full.set_mode("127.0.0.1:0", Mode::Query), Ok(()));
    }

    #[test]
    fn a_text_is_unionpays_only_where_it_knows_the_domain() {
        let mut codes = codes();
        codes.set_mode("127.0.0.1:7", Mode::Page).unwrap();
        for (text, expect) in [
            (PAGE, Ok((Scheme::NonStandard, Mode::Query))),
            ("https://pay.example.com/o/T", Ok((Scheme::NonStandard, Mode::Query))),
            ("http://127.0.0.1:7/o/T", Ok((Scheme::NonStandard, Mode::Page))),
            ("http://127.0.0.1:9/q/T", Err(CodeRefusal::Unregistered)),
            ("http://127.0.0.1:8090/qr95516/abc", Err(CodeRefusal::UnknownCode)),
            ("https://qr.95516.com/qr95516/abc", Err(CodeRefusal::UnknownCode)),
            ("https://qr.95516.com/qr95516/a/b", Err(CodeRefusal::Unregistered)),
            ("hello", Err(CodeRefusal::Unregistered)),
        ] {
            let found = codes.resolve(BASE, text).map(|found| (found.scheme, found.mode));
            assert_eq!(found, expect, "{text}");
        }
    }
}
