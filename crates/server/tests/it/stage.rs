//! Starts the processes, and speaks to them as a merchant does.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secret::Secret;
use serde_json::{Value, json};
use testkit::softhsm::{self, SoftHsm};

const BINARY: &str = env!("CARGO_BIN_EXE_suanpan");
const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOOKS_MAX: u32 = 600;

/// A process of ours with the first line that it said.
pub(crate) struct Process {
    child: Child,
    pub(crate) said: String,
}

/// A sandbox, a server and a merchant's key.
pub(crate) struct Stage {
    pub(crate) folder: tempfile::TempDir,
    database: Option<String>,
    /// Where keys are, if not in memory.
    token: Option<SoftHsm>,
    _sandbox: Process,
    pub(crate) sandbox_url: String,
    server: Option<Process>,
    pub(crate) api: String,
    /// Where terminals come in, by lines and by HTTPS.
    pub(crate) terminals: String,
    pub(crate) terminals_https: String,
    pub(crate) key: Key,
    pub(crate) other: Key,
    pub(crate) http: reqwest::Client,
}

#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) merchant: String,
    pub(crate) id: String,
    pub(crate) secret: Secret<Vec<u8>>,
}

impl Process {
    /// `lines`: how many it says before it is up.
    fn start(command: &mut Command, lines: usize) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        for _ in 0..lines {
            out.read_line(&mut said).unwrap();
        }
        Self { child, said }
    }

    fn url(&self) -> String {
        let words = self.said.split([',', '\n', ' ']);
        words.into_iter().find(|word| word.starts_with("http://")).unwrap().to_owned()
    }

    fn stop(&mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success(), "a graceful stop ends with success");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A token with the key that all others are wrapped under.
fn fresh_token(folder: &std::path::Path) -> SoftHsm {
    let token = SoftHsm::fresh(folder);
    std::fs::write(folder.join("token-pin"), softhsm::PIN).unwrap();
    let mut command = Command::new(BINARY);
    command.args(["keys", "init-token"]);
    in_token(&mut command, folder, &token);
    assert!(command.stdout(Stdio::null()).status().unwrap().success());
    token
}

fn in_token(command: &mut Command, folder: &std::path::Path, token: &SoftHsm) {
    command.env(softhsm::VARIABLE, &token.configuration);
    command.arg("--key-module").arg(&token.module).args(["--key-token", softhsm::TOKEN]);
    command.arg("--key-pin-file").arg(folder.join("token-pin"));
}

impl Stage {
    pub(crate) async fn on_sqlite() -> Self {
        Self::new(None, false).await
    }

    /// On SQLite, with the keys of terminals and of the card network in a token.
    pub(crate) async fn on_token() -> Self {
        Self::new(None, true).await
    }

    pub(crate) async fn on_postgres() -> Self {
        Self::new(Some(testkit::fresh_postgres()), false).await
    }

    async fn new(database: Option<String>, in_token: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let token = in_token.then(|| fresh_token(folder.path()));
        let coordinates = folder.path().join("sandbox.json");
        let sandbox = Process::start(
            Command::new(BINARY)
                .args(["sandbox", "--listen", "127.0.0.1:0", "--coordinates"])
                .arg(&coordinates)
                .stderr(Stdio::null()),
            1,
        );
        let coordinates = std::fs::read_to_string(&coordinates).unwrap();
        let coordinates: Value = serde_json::from_str(&coordinates).unwrap();
        let mut stage = Self {
            sandbox_url: sandbox.url(),
            _sandbox: sandbox,
            folder,
            database,
            token,
            server: None,
            api: String::new(),
            terminals: String::new(),
            terminals_https: String::new(),
            key: Key::none(),
            other: Key::none(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        };
        // Tests run at any hour, and refund what they took a moment ago.
        stage.set_rules(&json!({ "blackout": null, "refund_same_day": true }), &[]);
        stage.key = stage.merchant(&coordinates);
        stage.other = stage.merchant(&coordinates);
        stage.start();
        stage
    }

    fn place(&self, command: &mut Command) {
        command.arg("--data-dir").arg(self.folder.path().join("data"));
        // Known from the second start on.
        if !self.api.is_empty() {
            command.args(["--public-url", &self.api]);
        }
        if let Some(url) = &self.database {
            command.arg("--database-url").arg(url);
        }
        if let Some(token) = &self.token {
            in_token(command, self.folder.path(), token);
        }
    }

    /// A command that is refused: what it says of that.
    pub(crate) fn admin_refused(&self, args: &[&str]) -> String {
        let done = self.run_admin(args);
        assert!(!done.status.success(), "{args:?}");
        String::from_utf8_lossy(&done.stderr).into_owned()
    }

    fn run_admin(&self, args: &[&str]) -> std::process::Output {
        let mut command = Command::new(BINARY);
        command.arg("admin");
        self.place(&mut command);
        command.args(args).output().unwrap()
    }

    pub(crate) fn admin(&self, args: &[&str]) -> String {
        let done = self.run_admin(args);
        let errors = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{args:?}: {errors}");
        String::from_utf8(done.stdout).unwrap()
    }

    pub(crate) fn admin_json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.admin(args)).unwrap()
    }

    /// What other rules would have done with today's payments.
    pub(crate) fn dry_run(&self, rules: &std::path::Path) -> Value {
        let at = jiff::Timestamp::from_second(now()).unwrap();
        let day = app::accounting_date(at).to_string();
        let mut command = Command::new(BINARY);
        command.arg("routing");
        self.place(&mut command);
        let done = command.args(["dry-run", "--json", "--day", &day]).arg(rules).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice(&done.stdout).unwrap()
    }

    /// Settles hours, refunds and voids; the server must not run on the same folder.
    pub(crate) fn set_rules(&self, rules: &Value, of: &[&str]) -> Value {
        let file = self.folder.path().join("rules.json");
        std::fs::write(&file, rules.to_string()).unwrap();
        let args = [&["set-rules", file.to_str().unwrap()], of].concat();
        self.admin_json(&args)
    }

    /// A merchant with both channels open and a key; the account at the channel is shared.
    fn merchant(&self, coordinates: &Value) -> Key {
        let made = self.admin_json(&["create-merchant", "test"]);
        let merchant = made["merchant"].as_str().unwrap();
        let card = sandbox::card_parameters(coordinates);
        let wallets = sandbox::parameters(coordinates, sandbox::Trust::Certificates);
        for parameters in wallets.into_iter().chain([card]) {
            let channel = parameters.channel;
            let file = self.folder.path().join(format!("{channel}.json"));
            std::fs::write(&file, parameters.config.to_string()).unwrap();
            let file = file.to_str().unwrap();
            let account_no = parameters.account_no;
            let added = self.admin_json(&["add-channel-account", channel, &account_no, file]);
            let account = added["channel_account"].as_str().unwrap();
            self.admin(&["open-channel", merchant, account]);
        }
        let issued = self.admin_json(&["issue-key", merchant]);
        Key {
            merchant: merchant.to_owned(),
            id: issued["key_id"].as_str().unwrap().to_owned(),
            secret: Secret::new(issued["secret"].as_str().unwrap().as_bytes().to_vec()),
        }
    }

    pub(crate) fn log_file(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// Starts the server on a free port, or again on the port that it had: channels know its address.
    pub(crate) fn start(&mut self) {
        let address = self.api.strip_prefix("http://").unwrap_or("127.0.0.1:0").to_owned();
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log_file());
        let mut command = Command::new(BINARY);
        command.arg("serve");
        self.place(&mut command);
        let (certificate, key) = (self.certificate(), self.folder.path().join("pos-key.pem"));
        command.args(["--pos-listen", "127.0.0.1:0", "--pos-https-listen", "127.0.0.1:0"]);
        command.arg("--pos-certificate").arg(certificate).arg("--pos-private-key").arg(key);
        command.args(["--listen", &address]).env("RUST_LOG", "debug,hyper=info");
        let server = Process::start(command.stderr(log.unwrap()), 3);
        self.api = server.url();
        let said = server.said.lines().filter_map(|line| line.strip_prefix("terminals on "));
        let [lines, https] = said.collect::<Vec<_>>().try_into().unwrap();
        (self.terminals, self.terminals_https) = (lines.to_owned(), https.to_owned());
        self.server = Some(server);
        // Lines to the process before are dead.
        self.http = reqwest::Client::builder().no_proxy().build().unwrap();
    }

    /// The certificate that terminals are shown, made once with its key beside it.
    pub(crate) fn certificate(&self) -> PathBuf {
        let file = self.folder.path().join("pos-certificate.pem");
        if !file.exists() {
            let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
            let key = self.folder.path().join("pos-key.pem");
            std::fs::write(key, made.signing_key.serialize_pem()).unwrap();
            std::fs::write(&file, made.cert.pem()).unwrap();
        }
        file
    }

    pub(crate) fn kill(&mut self) {
        drop(self.server.take());
    }

    pub(crate) fn stop(&mut self) {
        self.server.take().unwrap().stop();
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.call(&self.key, ("POST", path), body.to_string()).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.call(&self.key, ("GET", path), String::new()).await.unwrap().1
    }

    pub(crate) async fn call(
        &self,
        key: &Key,
        (method, path): (&str, &str),
        body: String,
    ) -> Result<(u16, Value), reqwest::Error> {
        let authorization = key.sign(method, path, &body, now());
        self.send((method, path), body, Some(authorization)).await
    }

    pub(crate) async fn send(
        &self,
        (method, path): (&str, &str),
        body: String,
        authorization: Option<String>,
    ) -> Result<(u16, Value), reqwest::Error> {
        let url = format!("{}{path}", self.api);
        let mut request = self.http.request(method.parse().unwrap(), url).body(body.clone());
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await?;
        let answer = serde_json::from_slice(&bytes).unwrap_or_default();
        crate::schemas::check((method, path), &body, (status, &answer));
        Ok((status, answer))
    }

    /// Asks again until the channel has spoken.
    pub(crate) async fn decided(&self, path: &str, mut thing: Value) -> Value {
        for _ in 0..LOOKS_MAX {
            if !matches!(thing["state"].as_str(), Some("paying" | "processing")) {
                return thing;
            }
            tokio::time::sleep(LOOK_EVERY).await;
            let id = thing["id"].as_str().unwrap_or_else(|| panic!("no such thing: {thing}"));
            thing = self.get(&format!("{path}/{id}")).await;
        }
        panic!("undecided: {thing}");
    }

    pub(crate) async fn sandbox(&self, path: &str, body: &Value) {
        let url = format!("{}/sandbox/{path}", self.sandbox_url);
        let request = self.http.post(url).header("content-type", "application/json");
        request.body(body.to_string()).send().await.unwrap().error_for_status().unwrap();
    }

    /// What the channels hold for us by their own books, in fen; and how many payments they took.
    pub(crate) async fn channels_hold(&self) -> (i128, usize) {
        let url = format!("{}/sandbox/books", self.sandbox_url);
        let bytes = self.http.get(url).send().await.unwrap().bytes().await.unwrap();
        let books: Value = serde_json::from_slice(&bytes).unwrap();
        let (mut held, mut payments) = (0, 0);
        for line in books["books"].as_array().unwrap() {
            let fen = i128::from(line["amount_fen"].as_u64().unwrap());
            if line["kind"] == "refund" {
                held -= fen;
            } else {
                held += fen;
                payments += 1;
            }
        }
        (held, payments)
    }

    /// Stops the server and checks the books: balanced, and what channels owe is what they hold.
    pub(crate) async fn end(self) {
        self.end_with_balances().await;
    }

    /// The same, with the balances per account code.
    pub(crate) async fn end_with_balances(mut self) -> serde_json::Map<String, Value> {
        self.stop();
        let trial = self.admin_json(&["trial-balance"]);
        assert_eq!(trial["balanced"], true, "{trial}");
        let balances = trial["balances"].as_object().unwrap();
        let owed = balances.get("C.CH_RECV/CNY").and_then(Value::as_str).unwrap_or("0");
        assert_eq!(owed.parse::<i128>().unwrap(), self.channels_hold().await.0);
        let mut log = String::new();
        std::fs::File::open(self.log_file()).unwrap().read_to_string(&mut log).unwrap();
        for key in [&self.key, &self.other] {
            let secret = String::from_utf8(key.secret.expose().clone()).unwrap();
            assert!(!log.contains(&secret), "a secret is in the log");
        }
        assert!(!log.contains(PLANTED), "a payer's code is in the log");
        assert!(!log.contains("PRIVATE KEY"), "a key is in the log");
        balances.clone()
    }
}

/// The middle of every payer's code of these tests.
pub(crate) const PLANTED: &str = "778899";

pub(crate) fn payer_code(prefix: &str, n: u64, ending: &str) -> String {
    // UnionPay's codes have 19 digits, the others' 18.
    let width = if prefix == "62" { 9 } else { 8 };
    format!("{prefix}{PLANTED}{n:0>width$}{ending}")
}

pub(crate) fn payment(no: &str, fen: u64, code: &str) -> Value {
    json!({
        "merchant_order_no": no,
        "amount": { "total": fen, "currency": "CNY" },
        "description": "coffee",
        "payer_code": code,
    })
}

#[expect(clippy::disallowed_methods, reason = "the client of a real server signs the real time")]
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

impl Key {
    fn none() -> Self {
        Self { merchant: String::new(), id: String::new(), secret: Secret::new(Vec::new()) }
    }

    pub(crate) fn sign(&self, method: &str, path: &str, body: &str, timestamp: i64) -> String {
        let nonce = crypto::random::random_alphanumeric(32);
        let text = format!("{method}\n{path}\n{timestamp}\n{nonce}\n{body}\n");
        let signature = BASE64.encode(crypto::mac::hmac_sha256(&self.secret, text.as_bytes()));
        format!(
            "SUANPAN-HMAC-SHA256 key_id=\"{}\",nonce=\"{nonce}\",timestamp=\"{timestamp}\",\
             signature=\"{signature}\"",
            self.id
        )
    }
}
