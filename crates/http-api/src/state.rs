//! What all requests share.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use app::App;
use axum::extract::{ConnectInfo, FromRequestParts};
use http::HeaderName;
use http::request::Parts;
use ids::ApiKeyName;

use crate::limits::{
    IP_BURST, IP_PER_SECOND, LOOK_BURST, LOOK_PER_SECOND, Nonces, OPEN_BURST, OPEN_PER_SECOND,
    PAGE_BURST, PAGE_PER_SECOND, Rates, SCAN_BURST, SCAN_PER_SECOND,
};
use crate::operations::Counters;

/// Who asks, where nobody says: a line without an address, as in tests.
const UNKNOWN_IP: &str = "127.0.0.1";
/// The longest text of an address.
const IP_BYTES_MAX: usize = 45;

#[derive(Debug, Clone)]
pub struct ApiState {
    pub(crate) app: Arc<App>,
    pub(crate) nonces: Arc<Nonces>,
    pub(crate) rates: Arc<Rates<ApiKeyName>>,
    /// What comes without a key, by what it asks for.
    pub(crate) open_rates: Arc<Rates<&'static str>>,
    /// Payments begun on cashier pages, by plate or order.
    pub(crate) page_rates: Arc<Rates<i64>>,
    /// Channels asked for waiting payers, by order.
    pub(crate) look_rates: Arc<Rates<i64>>,
    /// Openings of codes that are kept, by plate or order.
    pub(crate) scan_rates: Arc<Rates<i64>>,
    /// What somebody without a key asks for, by his address.
    pub(crate) ip_rates: Arc<Rates<String>>,
    pub(crate) counters: Arc<Counters>,
    /// The header in which a proxy of ours says who asks.
    client_ip: Option<HeaderName>,
}

impl ApiState {
    #[must_use]
    pub fn new(app: Arc<App>) -> Self {
        Self {
            app,
            nonces: Arc::default(),
            rates: Arc::new(Rates::of_keys()),
            open_rates: Arc::new(Rates::new(OPEN_BURST, OPEN_PER_SECOND)),
            page_rates: Arc::new(Rates::new(PAGE_BURST, PAGE_PER_SECOND)),
            look_rates: Arc::new(Rates::new(LOOK_BURST, LOOK_PER_SECOND)),
            scan_rates: Arc::new(Rates::new(SCAN_BURST, SCAN_PER_SECOND)),
            ip_rates: Arc::new(Rates::new(IP_BURST, IP_PER_SECOND)),
            counters: Arc::default(),
            client_ip: None,
        }
    }

    /// Believes this header about who asks. Only a proxy that sets it itself may stand in front then.
    #[must_use]
    pub fn believing(self, client_ip: Option<HeaderName>) -> Self {
        Self { client_ip, ..self }
    }
}

/// The payer's own address, which some channels want to hear.
#[derive(Debug, Clone)]
pub(crate) struct ClientIp(pub(crate) String);

impl FromRequestParts<ApiState> for ClientIp {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Infallible> {
        let said = state.client_ip.as_ref().and_then(|name| parts.headers.get(name));
        let said = said.and_then(|value| value.to_str().ok());
        let first = said.and_then(|text| text.split(',').next()).map(str::trim);
        let said =
            first.filter(|ip| ip.len() <= IP_BYTES_MAX && ip.parse::<std::net::IpAddr>().is_ok());
        let line = || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let ip = said.map(str::to_owned).or_else(|| line().map(|ip| ip.to_string()));
        Ok(Self(ip.unwrap_or_else(|| UNKNOWN_IP.to_owned())))
    }
}
