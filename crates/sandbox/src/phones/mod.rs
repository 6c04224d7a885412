//! Payers' phones: for each app one loopback listener that shows the shop's pages as the app's web
//! view would, with the app's User-Agent, its JavaScript bridge and its channel's own pages.
//!
//! [`Phones::bind`] opens the listeners, [`Sandbox::with_phones`](crate::Sandbox::with_phones) lets
//! the simulator offer them, and [`server::serve_phones`](crate::server::serve_phones) runs them.

mod proxy;
mod rewrite;
#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::core::is_loopback;
use crate::server::ServeError;
use crate::unionpay::{CodeRefusal, Codes, ISSUED_PATH, Mode, Scheme, issued_code, scan_path};

pub(crate) use proxy::serve;

/// An app on a payer's phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum App {
    Wechat,
    Alipay,
    /// UnionPay's own app, 云闪付.
    Unionpay,
    /// A bank's app that takes UnionPay's codes.
    Bank,
    /// No wallet at all.
    Browser,
}

impl App {
    pub const ALL: [Self; 5] =
        [Self::Wechat, Self::Alipay, Self::Unionpay, Self::Bank, Self::Browser];

    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Wechat => "wechat",
            Self::Alipay => "alipay",
            Self::Unionpay => "unionpay",
            Self::Bank => "bank",
            Self::Browser => "browser",
        }
    }

    /// The channel whose app it is.
    #[must_use]
    pub const fn channel(self) -> Option<&'static str> {
        match self {
            Self::Wechat => Some("wechat"),
            Self::Alipay => Some("alipay"),
            Self::Unionpay | Self::Bank => Some("unionpay"),
            Self::Browser => None,
        }
    }

    /// As the app's web view says it on Android.
    #[must_use]
    pub const fn user_agent(self) -> &'static str {
        match self {
            Self::Wechat => {
                "Mozilla/5.0 (Linux; Android 14; V2309A Build/UP1A.231005.007; wv) \
                 AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.6478.188 Mobile \
                 Safari/537.36 XWEB/1260117 MMWEBSDK/20240501 MMWEBID/4821 \
                 MicroMessenger/8.0.50.2701(0x28003252) WeChat/arm64 Weixin NetType/WIFI \
                 Language/zh_CN ABI/arm64"
            }
            Self::Alipay => {
                "Mozilla/5.0 (Linux; U; Android 14; zh-CN; V2309A Build/UP1A.231005.007) \
                 AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/100.0.4896.58 \
                 UWS/5.12.2.0 Mobile Safari/537.36 UCBS/2.11.1.1 NebulaSDK/1.8.100112 Nebula \
                 AlipayDefined(nt:WIFI,ws:360|0|3.0) AliApp(AP/10.5.0.8000) \
                 AlipayClient/10.5.0.8000 Language/zh-Hans useStatusBar/true \
                 isConcaveScreen/true Region/CN"
            }
            Self::Unionpay => {
                "Mozilla/5.0 (Linux; Android 14; V2309A Build/UP1A.231005.007; wv) \
                 AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.6478.188 Mobile \
                 Safari/537.36 (UnionPay/1.0 CloudPay)"
            }
            Self::Bank => {
                "Mozilla/5.0 (Linux; Android 14; V2309A Build/UP1A.231005.007; wv) \
                 AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.6478.188 Mobile \
                 Safari/537.36 (UnionPay/1.0 BankDemo)"
            }
            Self::Browser => {
                "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/126.0.0.0 Mobile Safari/537.36"
            }
        }
    }
}

/// One app with the address of its web view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Phone {
    pub app: App,
    /// `http://127.0.0.1:port`.
    pub url: String,
    /// The hosts, each with its port, whose codes an app of UnionPay's scans although they are not
    /// UnionPay's. Other apps ask no list.
    pub allows: Vec<String>,
}

/// The listeners of all apps, not served yet.
#[derive(Debug)]
pub struct Phones {
    listeners: Vec<TcpListener>,
    list: Vec<Phone>,
    /// Where the shop is, and then other addresses that its codes and pages bear.
    shop: Vec<String>,
    sandbox: String,
}

impl Phones {
    /// Opens one listener per app: from this port upwards, or where the system likes for port 0.
    ///
    /// # Errors
    /// [`ServeError`]: a listener fails, or an address is not of this machine.
    pub async fn bind(shop: &str, sandbox: &str, first_port: u16) -> Result<Self, ServeError> {
        let (shop, sandbox) = (shop.trim_end_matches('/'), sandbox.trim_end_matches('/'));
        if !is_loopback(shop) || !is_loopback(sandbox) {
            return Err(ServeError::NotLoopback);
        }
        let (mut listeners, mut list) = (Vec::new(), Vec::new());
        for (step, app) in (0_u16..).zip(App::ALL) {
            let port = if first_port == 0 { 0 } else { first_port.saturating_add(step) };
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
            let listener = listener.map_err(ServeError::Listener)?;
            let address = listener.local_addr().map_err(ServeError::Listener)?;
            let allows = match app {
                App::Unionpay | App::Bank => vec![host_of(shop).to_owned()],
                App::Wechat | App::Alipay | App::Browser => Vec::new(),
            };
            list.push(Phone { app, url: format!("http://{address}"), allows });
            listeners.push(listener);
        }
        Ok(Self { listeners, list, shop: vec![shop.to_owned()], sandbox: sandbox.to_owned() })
    }

    /// The shop's codes and pages bear this address, too: `https://pay.example.com`. The phones know
    /// it for the shop's, and go to the shop itself.
    #[must_use]
    pub fn known_as(mut self, address: &str) -> Self {
        let address = address.trim_end_matches('/').to_owned();
        for phone in &mut self.list {
            if matches!(phone.app, App::Unionpay | App::Bank) {
                phone.allows.push(host_of(&address).to_owned());
            }
        }
        self.shop.push(address);
        self
    }

    /// The apps and where they listen.
    #[must_use]
    pub fn list(&self) -> &[Phone] {
        &self.list
    }

    /// The hosts of the shop's addresses, each with where the shop is.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = (&str, &str)> {
        let at = self.shop.first().map_or("", String::as_str);
        self.shop.iter().map(move |address| (host_of(address), at))
    }

    /// The address whose pages the phones show, and the others it is known by, without final slashes.
    #[must_use]
    pub fn shop(&self) -> &[String] {
        &self.shop
    }
}

/// What an app makes of a code that its scanner read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scanned {
    /// It opens this path of its web view.
    Opens(String),
    /// It hands the code to UnionPay's gateway, which asks the code's owner: this path of its web view.
    Asks(Scheme, String),
    /// It does not know the code, or its channel does not, in their own words.
    Refused(&'static str),
}

/// What is known of codes beside a phone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    /// The addresses of the shop.
    pub(crate) shop: &'a [String],
    /// The sandbox's own address.
    pub(crate) sandbox: &'a str,
    pub(crate) codes: &'a Codes,
}

/// A channel's own codes are known to its own app only, but any app opens an address that UnionPay
/// issued. A shop's address opens in every app; the apps of UnionPay's ask their list first, and then
/// their gateway.
pub(crate) fn scan(phone: &Phone, known: Known<'_>, text: &str) -> Scanned {
    let text = text.trim();
    let of_unionpay = matches!(phone.app, App::Unionpay | App::Bank);
    if let Some(code) = issued_code(known.sandbox, text) {
        return if of_unionpay {
            Scanned::Asks(Scheme::Standard, scan_path(text))
        } else {
            Scanned::Opens(format!("{ISSUED_PATH}{code}"))
        };
    }
    let of_channel = [
        ("weixin://wxpay/bizpayurl?", "wechat"),
        ("https://qr.alipay.com/", "alipay"),
        ("https://qr.95516.com/", "unionpay"),
    ];
    let own = of_channel.iter().find(|(prefix, _)| text.starts_with(prefix));
    if let Some((_, channel)) = own {
        if phone.app.channel() != Some(channel) {
            return Scanned::Refused(refusal(phone.app));
        }
        let code: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        return Scanned::Opens(format!("/sandbox/bridge/{channel}/scanned?code={code}"));
    }
    let of_shop = path_in(known.shop, text).map_or(Scanned::Refused(refusal(phone.app)), |path| {
        let slash = if path.starts_with('/') { "" } else { "/" };
        Scanned::Opens(format!("{slash}{path}"))
    });
    if !of_unionpay {
        return of_shop;
    }
    if !phone.allows.iter().any(|host| host == host_of(text)) {
        return Scanned::Refused(refusal(phone.app));
    }
    match known.codes.resolve(known.sandbox, text).map(|code| code.mode) {
        Ok(Mode::Query) => Scanned::Asks(Scheme::NonStandard, scan_path(text)),
        Ok(Mode::Page) => of_shop,
        Ok(Mode::Unregistered) => Scanned::Refused(CodeRefusal::Unregistered.words()),
        Err(refusal) => Scanned::Refused(refusal.words()),
    }
}

/// What stands behind one of the shop's addresses.
fn path_in<'a>(shop: &[String], text: &'a str) -> Option<&'a str> {
    shop.iter().filter(|base| !base.is_empty()).find_map(|base| {
        let path = text.strip_prefix(base.as_str())?;
        (path.is_empty() || path.starts_with(['/', '?'])).then_some(path)
    })
}

const fn refusal(app: App) -> &'static str {
    match app {
        App::Unionpay | App::Bank => "非银联二维码，无法识别",
        App::Wechat | App::Alipay | App::Browser => "无法识别该二维码",
    }
}

/// Host and port of an address.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}
