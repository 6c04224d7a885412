//! The fronts by which terminals come in.

use std::path::Path;
use std::sync::Arc;

use app::App;
use pos_host::{LineLimits, PosHost, PosSettings};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::Outcome;
use crate::out::say;
use crate::serve::ServeArgs;

/// Starts those that were asked for, and says where they are.
pub(crate) async fn serve(
    args: &ServeArgs,
    app: &Arc<App>,
    stopped: &watch::Receiver<bool>,
) -> Outcome<Vec<JoinHandle<()>>> {
    let settings = PosSettings { acquirer: args.pos_acquirer.clone() };
    let host = Arc::new(PosHost::new(Arc::clone(app), settings));
    let limits = LineLimits::default();
    let mut fronts = Vec::new();
    if let Some(address) = args.pos_listen {
        let listener = TcpListener::bind(address).await?;
        say(&format!("terminals on {}", listener.local_addr()?));
        let (host, stopped) = (Arc::clone(&host), stopped.clone());
        fronts.push(tokio::spawn(pos_host::serve(listener, host, limits, stopped)));
    }
    let files = args.pos_certificate.as_deref().zip(args.pos_private_key.as_deref());
    if let Some((address, (certificate, key))) = args.pos_https_listen.zip(files) {
        let tls = Arc::new(tls(certificate, key)?);
        let listener = TcpListener::bind(address).await?;
        say(&format!("terminals on https://{}", listener.local_addr()?));
        let stopped = stopped.clone();
        fronts.push(tokio::spawn(pos_host::serve_https(listener, tls, host, limits, stopped)));
    }
    Ok(fronts)
}

fn tls(certificate: &Path, key: &Path) -> Outcome<ServerConfig> {
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    Ok(ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?)
}
