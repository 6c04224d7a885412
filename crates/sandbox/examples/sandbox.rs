//! Starts the sandbox with fresh demo accounts and writes their coordinates to a file:
//! `sandbox <coordinates.json> [port]`. Without a port the system chooses one.

use std::error::Error;
use std::path::Path;

use jiff::Timestamp;
use sandbox::{Sandbox, SandboxConfig};
use tokio::net::TcpListener;

#[expect(clippy::disallowed_methods, reason = "an example reads the real clock, as `server` does")]
fn clock() -> Timestamp {
    Timestamp::now()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: sandbox <coordinates.json> [port]")?;
    let port: u16 = arguments.next().map_or(Ok(0), |port| port.parse())?;

    let config = SandboxConfig::generate(clock())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let base_url = format!("http://{}", listener.local_addr()?);
    write_whole(Path::new(&path), &config.coordinates(&base_url).to_string())?;

    let stop = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    sandbox::server::serve(listener, Sandbox::new(config), clock, stop).await?;
    Ok(())
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
