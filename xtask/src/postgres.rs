//! A PostgreSQL of our own for the tests: made empty, on loopback only, gone afterwards.
//!
//! The tests never use a database that was there before, and leave none behind. The server runs as
//! our child, so Ctrl-C stops it with us; where `setpriv` exists it also stops when we are killed.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{OpenOptionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::command::{Running, capture};
use crate::{Stop, answers};

/// Where the tests read the address of their database.
pub(crate) const URL_VARIABLE: &str = "SUANPAN_TEST_POSTGRES_URL";

/// Set to 1, commits wait for the disk.
const DURABLE_VARIABLE: &str = "SUANPAN_TEST_POSTGRES_DURABLE";
/// In the folder for temporary files; the number of our process follows.
const FOLDER_PREFIX: &str = "suanpan-postgres-";
const READY_POLL_MS: u64 = 100;
const READY_POLLS_MAX: u32 = 300;
/// Debian keeps the server's programs here, one folder per version.
const DEBIAN_VERSIONS: &str = "/usr/lib/postgresql";
/// PostgreSQL refuses to run as root; Debian's package makes this user for it.
const USER: &str = "postgres";

/// The newest folder that holds `initdb`, `postgres` and the rest.
pub(crate) fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir(DEBIAN_VERSIONS).into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, folder)| folder.join("initdb").exists())
        .max();
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("initdb").exists())
    };
    newest.map(|(_, folder)| folder).or_else(on_path)
}

pub(crate) fn is_root() -> bool {
    capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// A running server with an empty database; dropping it stops the server and removes its files.
#[derive(Debug)]
pub(crate) struct Cluster {
    url: String,
    programs: PathBuf,
    folder: PathBuf,
    server: Option<Running>,
}

impl Cluster {
    pub(crate) fn start() -> Result<Self, Stop> {
        let programs = programs().ok_or_else(|| {
            Stop::new("no PostgreSQL server programs: `cargo xtask setup` says how to get them")
        })?;
        sweep();
        let folder = std::env::temp_dir().join(format!("{FOLDER_PREFIX}{}", std::process::id()));
        fs::create_dir(&folder).map_err(|error| at(&folder, &error))?;
        // From here on, whatever fails, `Drop` removes the folder.
        let mut cluster = Self { url: String::new(), programs, folder, server: None };
        let password = cluster.create()?;
        cluster.serve(&password)?;
        Ok(cluster)
    }

    /// For `tokio-postgres`: a superuser of this cluster, so that tests may make databases in it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn create(&self) -> Result<String, Stop> {
        let password = random_hex()?;
        let file = self.folder.join("password");
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&file)
            .and_then(|mut open| open.write_all(password.as_bytes()))
            .map_err(|error| at(&file, &error))?;
        if is_root() {
            let owner = database_user()?;
            for path in [&self.folder, &file] {
                chown(path, Some(owner.0), Some(owner.1)).map_err(|error| at(path, &error))?;
            }
        }
        capture(
            self.program("initdb")
                .arg("--pgdata")
                .arg(self.data())
                .arg("--pwfile")
                .arg(&file)
                .args(["--username", USER, "--auth", "scram-sha-256"])
                .args(["--encoding", "UTF8", "--locale", "C", "--no-sync"]),
        )?;
        Ok(password)
    }

    fn serve(&mut self, password: &str) -> Result<(), Stop> {
        let port = free_port()?;
        let log = self.folder.join("log");
        let written = fs::File::create(&log).map_err(|error| at(&log, &error))?;
        let mut server = self.program("postgres");
        server
            .arg("-D")
            .arg(self.data())
            .args(["-p", &port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories="])
            .args(["-c", if durable() { "fsync=on" } else { "fsync=off" }])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(written);
        let server = self.server.insert(Running::start(&mut server)?);
        let ready = self.programs.join("pg_isready");
        let ready = ready.to_string_lossy();
        for _ in 0..READY_POLLS_MAX {
            if answers(&ready, &["-q", "-h", "127.0.0.1", "-p", &port.to_string()]) {
                self.url = format!("postgres://{USER}:{password}@127.0.0.1:{port}/postgres");
                return Ok(());
            }
            if server.ended().is_some() {
                break;
            }
            thread::sleep(Duration::from_millis(READY_POLL_MS));
        }
        let said = fs::read_to_string(&log).unwrap_or_default();
        Err(Stop::new(format!("PostgreSQL did not start; it wrote:\n{said}")))
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// One of PostgreSQL's programs, as the user it insists on.
    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid", USER, "--regid", USER, "--init-groups"])
                .args(["--pdeathsig", "INT", "--"])
                .arg(path);
            command
        } else if answers("setpriv", &["--version"]) {
            let mut command = Command::new("setpriv");
            command.args(["--pdeathsig", "INT", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir(&self.folder);
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let mut stop = self.program("pg_ctl");
            stop.args(["stop", "-s", "-m", "immediate", "-D"]).arg(self.data());
            if capture(&mut stop).is_ok() {
                server.0.wait().ok();
            }
        }
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// Removes what processes left that were killed before they could tidy up: no live process owns
/// it, and our own number means an older process that had it before us.
fn sweep() {
    let own = std::process::id().to_string();
    if !Path::new("/proc/self").exists() {
        return;
    }
    let entries = fs::read_dir(std::env::temp_dir()).into_iter().flatten();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(process) = name.strip_prefix(FOLDER_PREFIX) else {
            continue;
        };
        if process == own || !Path::new("/proc").join(process).exists() {
            fs::remove_dir_all(entry.path()).ok();
        }
    }
}

/// The tests kill no machine, so nothing has to reach the disk; a bench may want it to.
fn durable() -> bool {
    std::env::var_os(DURABLE_VARIABLE).is_some_and(|value| value == "1")
}

fn at(path: &Path, error: &std::io::Error) -> Stop {
    Stop::new(format!("{}: {error}", path.display()))
}

fn database_user() -> Result<(u32, u32), Stop> {
    let number = |flag| {
        let id = capture(Command::new("id").args([flag, USER]))?;
        id.trim().parse().or(Err(Stop::new(format!("`id {flag} {USER}` wrote no number"))))
    };
    Ok((number("-u")?, number("-g")?))
}

/// Free when asked; another program could take it before we do, and then the start says so.
pub(crate) fn free_port() -> Result<u16, Stop> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| Stop::new(format!("no free port on 127.0.0.1: {error}")))
}

/// Sixteen bytes from the kernel, as text.
pub(crate) fn random_hex() -> Result<String, Stop> {
    let mut bytes = [0_u8; 16];
    fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(|error| Stop::new(format!("/dev/urandom: {error}")))?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").ok();
        text
    }))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    /// A cluster answers on its address, only its own user owns its files, and nothing is left.
    #[test]
    fn a_cluster_comes_and_goes() {
        let cluster = Cluster::start().unwrap();
        let answer = capture(Command::new(cluster.programs.join("psql")).args([
            cluster.url(),
            "-Atc",
            "select 40 + 2",
        ]));
        assert_eq!(answer.unwrap().trim(), "42");
        let data = cluster.data();
        assert_eq!(fs::metadata(&data).unwrap().mode() & 0o077, 0);
        let process = format!("/proc/{}", cluster.server.as_ref().unwrap().0.id());
        drop(cluster);
        assert!(!data.exists());
        assert!(!Path::new(&process).exists());
    }
}
