//! Starts the sandbox with fresh demo accounts and writes their coordinates to a file:
//! `sandbox <coordinates.json> [port [shop-url [first-phone-port]]]`. Without a port the system chooses
//! one. With a shop's address, payers' phones run too, and `/sandbox/` shows them.

use std::error::Error;
use std::path::Path;

use jiff::Timestamp;
use sandbox::phones::Phones;
use sandbox::{Sandbox, SandboxConfig, server};
use tokio::net::TcpListener;

#[expect(clippy::disallowed_methods, reason = "an example reads the real clock, as `server` does")]
fn clock() -> Timestamp {
    Timestamp::now()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: sandbox <coordinates.json> [port [shop-url [first-phone-port]]]";
    let path = arguments.next().ok_or(usage)?;
    let port: u16 = arguments.next().map_or(Ok(0), |port| port.parse())?;
    let shop = arguments.next();
    let phone_port: u16 = arguments.next().map_or(Ok(0), |port| port.parse())?;

    let config = SandboxConfig::generate(clock())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let base_url = format!("http://{}", listener.local_addr()?);
    let coordinates = config.coordinates(&base_url).to_string();
    let sandbox = Sandbox::new(config);
    let Some(shop) = shop else {
        write_whole(Path::new(&path), &coordinates)?;
        server::serve(listener, sandbox, clock, asked_to_stop()).await?;
        return Ok(());
    };
    let phones = Phones::bind(&shop, &base_url, phone_port).await?;
    let sandbox = sandbox.with_phones(&phones);
    write_whole(Path::new(&path), &coordinates)?;
    tokio::try_join!(
        server::serve(listener, sandbox, clock, asked_to_stop()),
        server::serve_phones(phones, asked_to_stop()),
    )?;
    Ok(())
}

async fn asked_to_stop() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Whoever waits for the file sees all of it or nothing. It holds private keys: owner only.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let part = path.with_extension("part");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(text.as_bytes())?;
    std::fs::rename(&part, path)
}
