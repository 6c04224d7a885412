//! What a payer's browser keeps for us: who he is to his app's channel, and that he was sent to be named.
//! Both are sealed, so that he can read neither, and make neither.

use app::App;
use app::cashier::Payer;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use http::HeaderMap;
use http::header::COOKIE;
use ids::{ChannelAccountId, ChannelCode};
use jiff::{SignedDuration, Timestamp};
use secret::Secret;
use serde::{Deserialize, Serialize};

/// A payer's name is asked for anew after so long.
const PAYER_LIFE: SignedDuration = SignedDuration::from_mins(30);
/// UnionPay's codes live five minutes, the others' too.
const JOURNEY_LIFE: SignedDuration = SignedDuration::from_mins(10);
const JOURNEY_COOKIE: &str = "sp_journey";

#[derive(Debug, Serialize, Deserialize)]
struct PayerText {
    channel: String,
    scope: String,
    name: String,
    until_ms: i64,
}

/// A payer's way to his channel and back.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Journey {
    /// What the channel brings back with him: only this browser can come back with it.
    pub(super) state: String,
    /// Where he came from: a path of ours.
    pub(super) from: String,
    account: String,
    until_ms: i64,
}

impl Journey {
    pub(super) fn new(
        from: &str,
        (state, account): (String, ChannelAccountId),
        now: Timestamp,
    ) -> Self {
        let until_ms = after(now, JOURNEY_LIFE);
        Self { state, from: from.to_owned(), account: account.to_string(), until_ms }
    }

    /// The cookie that lets him come back.
    pub(super) fn cookie(&self, app: &App) -> String {
        cookie(app, JOURNEY_COOKIE, (&sealed(app, JOURNEY_COOKIE, self), JOURNEY_LIFE))
    }

    /// The journey of a browser, if it began one and its time is not over.
    pub(super) fn of(app: &App, headers: &HeaderMap) -> Option<Self> {
        let journey: Self = opened(app, JOURNEY_COOKIE, headers)?;
        (app.clock.now().as_millisecond() < journey.until_ms).then_some(journey)
    }

    pub(super) fn account(&self) -> Option<ChannelAccountId> {
        self.account.parse().ok()
    }

    /// The cookie that ends it: a state comes back once.
    pub(super) fn ended(app: &App) -> String {
        cookie(app, JOURNEY_COOKIE, ("", SignedDuration::ZERO))
    }
}

/// The cookie by which a payer stays known.
pub(super) fn payer_cookie(app: &App, payer: &Payer) -> String {
    let name = payer_cookie_name(&payer.channel);
    let text = PayerText {
        channel: payer.channel.to_string(),
        scope: payer.scope.clone(),
        name: payer.name.clone(),
        until_ms: after(app.clock.now(), PAYER_LIFE),
    };
    cookie(app, &name, (&sealed(app, &name, &text), PAYER_LIFE))
}

/// The payer of a browser within a channel's app, if he was named lately.
pub(super) fn payer_of(app: &App, headers: &HeaderMap, channel: &ChannelCode) -> Option<Payer> {
    let text: PayerText = opened(app, &payer_cookie_name(channel), headers)?;
    let fresh =
        app.clock.now().as_millisecond() < text.until_ms && text.channel == channel.as_str();
    fresh.then(|| Payer { channel: channel.clone(), scope: text.scope, name: text.name })
}

fn payer_cookie_name(channel: &ChannelCode) -> String {
    format!("sp_payer_{channel}")
}

fn after(now: Timestamp, wait: SignedDuration) -> i64 {
    now.saturating_add(wait).unwrap_or(now).as_millisecond()
}

fn cookie(app: &App, name: &str, (value, life): (&str, SignedDuration)) -> String {
    let secure = if app.settings.public_url.starts_with("https:") { "; Secure" } else { "" };
    let seconds = life.as_secs();
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

fn sealed<T: Serialize>(app: &App, purpose: &str, value: &T) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    BASE64.encode(app.vault.seal(purpose, &Secret::new(text)))
}

fn opened<T: for<'a> Deserialize<'a>>(app: &App, name: &str, headers: &HeaderMap) -> Option<T> {
    let all = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(known, _)| known.trim() == name)?;
    let bytes = BASE64.decode(value.trim()).ok()?;
    let text = app.vault.open(name, &bytes).ok()?;
    serde_json::from_str(text.expose()).ok()
}
