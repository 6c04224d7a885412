//! Whose phone a request comes from, and how merchants learn a payer's identity: the one-time codes
//! that a channel hands out by a redirect.

use std::collections::BTreeMap;

use http::header;
use jiff::{SignedDuration, Timestamp};

use super::Request;

/// Who pays where the phone does not say.
const PAYER_DEFAULT: &str = "payer-1";
const PAYER_CHARS_MAX: usize = 32;
/// A code for a payer's identity is good for so long.
const GRANT_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// So long the channel remembers that a code existed, and can tell "used" from "never seen".
const GRANT_MEMORY: SignedDuration = SignedDuration::from_hours(1);

/// The app in which a page is open, as its User-Agent says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Opener {
    Wechat,
    Alipay,
    /// With the app's identifier, `CloudPay` for `UnionPay/1.0 CloudPay`.
    Unionpay(String),
    Browser,
    /// A program: it says nothing of itself, so it may be any app.
    Program,
}

impl Opener {
    pub(crate) fn of(request: &Request) -> Self {
        let agent = request.headers().get(header::USER_AGENT).and_then(|a| a.to_str().ok());
        let agent = agent.unwrap_or_default();
        if agent.contains("MicroMessenger") {
            return Self::Wechat;
        }
        if agent.contains("AlipayClient/") {
            return Self::Alipay;
        }
        if let Some(id) = unionpay_app(agent) {
            return Self::Unionpay(id.to_owned());
        }
        if agent.contains("Mozilla/") { Self::Browser } else { Self::Program }
    }
}

/// `UnionPay/<version> <AppId>`.
fn unionpay_app(agent: &str) -> Option<&str> {
    let (_, rest) = agent.split_once("UnionPay/")?;
    let (version, rest) = rest.split_once(' ')?;
    let is_version = version.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let id = rest.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    (is_version && !version.is_empty() && !id.is_empty()).then_some(id)
}

/// The payer whose phone it is: the `payer` cookie, else the first payer.
pub(crate) fn payer_of(request: &Request) -> String {
    let cookies = request.headers().get_all(header::COOKIE).iter().filter_map(|c| c.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).map(str::trim);
    let named = pairs.find_map(|pair| pair.strip_prefix("payer=")).filter(|name| is_payer(name));
    named.unwrap_or(PAYER_DEFAULT).to_owned()
}

/// Lower-case letters, digits and hyphens.
pub(crate) fn is_payer(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=PAYER_CHARS_MAX).contains(&name.len()) && name.bytes().all(fits)
}

/// The sandbox sends browsers and notices to this machine only, whatever address a client gives.
pub(crate) fn is_loopback(url: &str) -> bool {
    // Browsers read a backslash as a slash, and what stands before an `@` is no host.
    if url.contains(['\\', '@']) && url.split(['?', '#']).next().is_some_and(has_tricks) {
        return false;
    }
    let Ok(url) = url.parse::<http::Uri>() else {
        return false;
    };
    let scheme = url.scheme_str().unwrap_or_default();
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_here =
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    is_here && matches!(scheme, "http" | "https")
}

fn has_tricks(address: &str) -> bool {
    address.contains(['\\', '@'])
}

/// The address with these pairs behind its own query, before its fragment.
pub(crate) fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    let (address, fragment) = match url.split_once('#') {
        Some((address, fragment)) => (address, Some(fragment)),
        None => (url, None),
    };
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let joint = match address.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{address}{joint}{query}{fragment}")
}

/// A request's query; an empty value counts as absent.
#[derive(Debug)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn of(request: &Request) -> Self {
        let query = request.uri().query().unwrap_or_default();
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }
}

/// Why a code names nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GrantRefusal {
    /// Never handed out, or to another app.
    Unknown,
    Used,
    Expired,
}

#[derive(Debug, Clone)]
struct Grant {
    app: String,
    payer: String,
    at: Timestamp,
    used: bool,
}

/// The codes that one channel handed out.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    issued: BTreeMap<String, Grant>,
    made: u64,
}

impl Grants {
    /// A code by which this app may ask once who the payer is: 32 hexadecimal digits.
    pub(crate) fn issue(&mut self, now: Timestamp, app: &str, payer: &str) -> String {
        self.issued.retain(|_, grant| now.duration_since(grant.at) < GRANT_MEMORY);
        self.made += 1;
        let seed = format!("{app}/{payer}/{}/{}", self.made, now.as_nanosecond());
        let code: String = digest_hex(&seed).chars().take(32).collect();
        let grant = Grant { app: app.to_owned(), payer: payer.to_owned(), at: now, used: false };
        self.issued.insert(code.clone(), grant);
        code
    }

    /// The payer behind a code; the code is used up.
    pub(crate) fn redeem(
        &mut self,
        now: Timestamp,
        app: &str,
        code: &str,
    ) -> Result<String, GrantRefusal> {
        let grant = self.issued.get_mut(code).filter(|grant| grant.app == app);
        let grant = grant.ok_or(GrantRefusal::Unknown)?;
        if grant.used {
            return Err(GrantRefusal::Used);
        }
        if now.duration_since(grant.at) > GRANT_LIFE {
            return Err(GrantRefusal::Expired);
        }
        grant.used = true;
        Ok(grant.payer.clone())
    }
}

/// The hexadecimal text of a digest: stable numbers of payers, from which nobody reads the seed.
pub(crate) fn digest_hex(seed: &str) -> String {
    hex::encode(crypto::digest::sha256(seed.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn only_addresses_of_this_machine_are_gone_to() {
        for (url, expect) in [
            ("http://127.0.0.1:8080/n", true),
            ("http://localhost/n", true),
            ("http://[::1]:80/n", true),
            ("https://127.0.0.1/q/x?a=b@c", true),
            ("http://127.0.0.1.example.com/n", false),
            ("https://example.com/n", false),
            ("http://10.0.0.1/n", false),
            ("http://user@example.com#127.0.0.1", false),
            ("http://127.0.0.1@example.com/", false),
            ("http://example.com\\@127.0.0.1/", false),
            ("http:\\\\example.com", false),
            ("javascript://127.0.0.1/%0aalert(1)", false),
            ("//127.0.0.1/n", false),
            ("/n", false),
            ("not a url", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(url), expect, "{url}");
        }
    }

    #[test]
    fn a_query_is_appended_where_it_belongs() {
        for (url, expect) in [
            ("http://a/b", "http://a/b?code=1%2B1&state=x"),
            ("http://a/b?", "http://a/b?code=1%2B1&state=x"),
            ("http://a/b?c=d", "http://a/b?c=d&code=1%2B1&state=x"),
            ("http://a/b?c=d#e?f", "http://a/b?c=d&code=1%2B1&state=x#e?f"),
            ("http://a/b#e", "http://a/b?code=1%2B1&state=x#e"),
        ] {
            assert_eq!(with_query(url, &[("code", "1+1"), ("state", "x")]), expect);
        }
    }

    #[test]
    fn the_user_agent_names_the_app() {
        for (agent, expect) in [
            ("Mozilla/5.0 MicroMessenger/8.0.50", Opener::Wechat),
            ("Mozilla/5.0 AliApp(AP/10.5.0) AlipayClient/10.5.0", Opener::Alipay),
            ("Mozilla/5.0 (UnionPay/1.0 CloudPay)", Opener::Unionpay("CloudPay".to_owned())),
            ("UnionPay/1.0 BankDemo", Opener::Unionpay("BankDemo".to_owned())),
            ("Mozilla/5.0 UnionPay/", Opener::Browser),
            ("Mozilla/5.0 UnionPay/x y", Opener::Browser),
            ("reqwest", Opener::Program),
        ] {
            let request = http::Request::get("/").header("user-agent", agent);
            assert_eq!(Opener::of(&request.body(Bytes::new()).unwrap()), expect, "{agent}");
        }
    }

    #[test]
    fn the_phone_says_whose_it_is() {
        for (cookie, expect) in [
            ("payer=payer-2", "payer-2"),
            ("a=b; payer=li; c=d", "li"),
            ("payer=", "payer-1"),
            ("payer=A B", "payer-1"),
            ("xpayer=li", "payer-1"),
        ] {
            let request = http::Request::get("/").header("cookie", cookie).body(Bytes::new());
            assert_eq!(payer_of(&request.unwrap()), expect, "{cookie}");
        }
    }

    #[test]
    fn a_code_names_its_payer_once_and_in_time() {
        let start = Timestamp::UNIX_EPOCH;
        let after = |s| start + SignedDuration::from_secs(s);
        let mut grants = Grants::default();
        let code = grants.issue(start, "app", "payer-1");
        assert_eq!(grants.redeem(start, "other", &code), Err(GrantRefusal::Unknown));
        assert_eq!(grants.redeem(after(300), "app", &code).as_deref(), Ok("payer-1"));
        assert_eq!(grants.redeem(after(300), "app", &code), Err(GrantRefusal::Used));
        let late = grants.issue(start, "app", "payer-1");
        assert_ne!(late, code);
        assert_eq!(grants.redeem(after(301), "app", &late), Err(GrantRefusal::Expired));
        grants.issue(after(3_700), "app", "payer-2");
        assert_eq!(grants.redeem(after(3_700), "app", &code), Err(GrantRefusal::Unknown));
    }
}
