//! The README's five lines, run as they stand there.

use std::process::Command;

use serde_json::Value;

use crate::stage::Stage;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");

#[tokio::test(flavor = "multi_thread")]
async fn the_five_lines_make_a_payment() {
    let stage = Stage::on_sqlite().await;
    let readme = std::fs::read_to_string(README).unwrap();
    let (_, rest) = readme.split_once("```bash\n").unwrap();
    let (script, _) = rest.split_once("```").unwrap();
    let script = script.replace("http://127.0.0.1:8080", &stage.api);
    let secret = String::from_utf8(stage.key.secret.expose().clone()).unwrap();
    let done = Command::new("bash")
        .args(["-euc", &script])
        .env("KEY", &stage.key.id)
        .env("SECRET", secret)
        .output()
        .unwrap();
    let payment: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(payment["state"], "paid", "{payment}");
    stage.end().await;
}
