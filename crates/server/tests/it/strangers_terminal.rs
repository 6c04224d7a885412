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
    stage.start();
    stage.end().await;
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
