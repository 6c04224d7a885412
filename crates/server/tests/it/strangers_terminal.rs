//! A terminal by other people's libraries plays a day at the real server, on both stores, and the books
//! say what it says.
//!
//! `make test` says which Python has its libraries (`SUANPAN_TEST_TERMINAL_PYTHON`); so does
//! `cargo xtask postgres -- COMMAND`.

use std::process::Command;

use crate::stage::Stage;

const BINARY: &str = env!("CARGO_BIN_EXE_suanpan");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/terminal/terminal.py");
const NUMBERS: [&str; 2] = ["10000009", "305310058120009"];

async fn play(mut stage: Stage) {
    stage.stop();
    let merchant = stage.key.merchant.clone();
    let made = stage.admin_json(&["register-pos", &merchant, NUMBERS[0], NUMBERS[1]]);
    stage.start();
    let part = |at: usize| {
        hex::decode(made["master_key_components"][at]["key"].as_str().unwrap()).unwrap()
    };
    let master: Vec<u8> = part(0).iter().zip(part(1)).map(|(a, b)| a ^ b).collect();
    let python = std::env::var("SUANPAN_TEST_TERMINAL_PYTHON")
        .expect("SUANPAN_TEST_TERMINAL_PYTHON is not set: use `cargo xtask postgres -- COMMAND`");
    let done = Command::new(python)
        .args([SCRIPT, &stage.terminals, NUMBERS[0], NUMBERS[1], &hex::encode(master), BINARY])
        .arg(&stage.terminals_https)
        .arg(stage.certificate())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}\n{errors}");
    let batch = said.trim().rsplit(' ').next().unwrap().to_owned();
    stage.stop();
    let shown = stage.admin_json(&["show-pos-batch", NUMBERS[0], NUMBERS[1], &batch]);
    assert_eq!(shown["balanced"], false);
    let rows = shown["rows"].as_array().unwrap();
    let verdicts: Vec<_> = rows.iter().map(|row| row["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["Matched", "HostOnly", "Differs", "TerminalOnly"]);
    decide_differences(&stage);
    stage.start();
    stage.end().await;
}

/// Each row that is not ours too is a case: two people decide it over the slip.
fn decide_differences(stage: &Stage) {
    let open = stage.admin_json(&["pos-differences"]);
    let open = open.as_array().unwrap();
    let kinds: Vec<_> = open.iter().map(|case| case["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["host_only", "differs", "terminal_only"]);
    let slip = stage.folder.path().join("slip.txt");
    std::fs::write(&slip, "消费 10.01").unwrap();
    for case in open {
        let name = case["difference"].as_str().unwrap();
        let corrected = ["--corrected-by", "transfer 7", "--note", "seen", "--by", "ana"];
        let propose = [&["propose-difference", name], corrected.as_slice()].concat();
        if case["kind"] != "host_only" {
            assert!(stage.admin_refused(&propose).contains("the slip"));
        }
        stage.admin(&["attach-slip", name, slip.to_str().unwrap(), "--by", "ana"]);
        stage.admin(&propose);
        let refused = stage.admin_refused(&["approve-difference", name, "--by", "ana"]);
        assert!(refused.contains("another person"), "{refused}");
        let closed = stage.admin_json(&["approve-difference", name, "--by", "ben"]);
        assert_eq!(closed["open"], false);
        let refused = stage.admin_refused(&["approve-difference", name, "--by", "cai"]);
        assert!(refused.contains("decided already"), "{refused}");
    }
    let name = open[0]["difference"].as_str().unwrap();
    let copy = stage.folder.path().join("copy");
    stage.admin(&["show-slip", name, copy.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(copy).unwrap(), "消费 10.01");
    assert_eq!(stage.admin_json(&["pos-differences"]).as_array().unwrap().len(), 0);
    assert_eq!(stage.admin_json(&["pos-differences", "--all"]).as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_terminal_on_sqlite() {
    play(Stage::on_sqlite().await).await;
}

/// The keys of the terminal and of the network's zone are in a token; the stranger sees no difference.
#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_terminal_with_keys_in_a_token() {
    play(Stage::on_token().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_terminal_on_postgres() {
    play(Stage::on_postgres().await).await;
}
