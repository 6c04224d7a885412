//! Keys that come and go in components, each custodian by himself, on both stores and with a token.

use std::path::PathBuf;

use crypto::pos::{BlockKey, combine};
use serde_json::Value;

use crate::pos::Terminal;
use crate::stage::Stage;

const MERCHANT_CODE: &str = "305310058120001";

struct Custodians {
    folder: PathBuf,
    passwords: Vec<String>,
}

impl Custodians {
    fn add(stage: &Stage, names: &[&str]) -> Self {
        let folder = stage.folder.path().to_owned();
        let mut passwords = Vec::new();
        for name in names {
            let added = stage.admin_json(&["add-custodian", name]);
            let password = added["password"].as_str().unwrap().to_owned();
            std::fs::write(folder.join(format!("{name}.password")), &password).unwrap();
            passwords.push(password);
        }
        Self { folder, passwords }
    }

    /// The options that say who it is.
    fn by(&self, name: &str) -> Vec<String> {
        let file = self.folder.join(format!("{name}.password"));
        ["--by", name, "--password-file", file.to_str().unwrap()].map(str::to_owned).to_vec()
    }
}

fn all<'a>(command: &[&'a str], by: &'a [String]) -> Vec<&'a str> {
    command.iter().copied().chain(by.iter().map(String::as_str)).collect()
}

fn digits(key: &BlockKey) -> String {
    hex::encode_upper(key.expose())
}

async fn play(mut stage: Stage) {
    stage.stop();
    let custodians = Custodians::add(&stage, &["ana", "ben", "cai"]);
    assert!(stage.admin_refused(&["add-custodian", "ana"]).contains("nobody else's"));
    let parts = [BlockKey::generate_tdes(), BlockKey::generate_tdes()];
    let master = brought_in(&stage, &custodians, &parts);
    let merchant = stage.key.merchant.clone();

    // Taken out: nobody sees the whole of it.
    let number = "10000042";
    let shared = ["--custodian", "ana", "--custodian", "ben"];
    // A refusal registers nothing: the numbers are free afterwards.
    for (custodians, why) in [
        (["--custodian", "ana", "--custodian", "dan"].as_slice(), "no such custodian"),
        (["--custodian", "ana", "--custodian", "ana"].as_slice(), "2 to 9"),
        (["--custodian", "ana"].as_slice(), "2 to 9"),
    ] {
        let register = [&["register-pos", &merchant, number, MERCHANT_CODE], custodians].concat();
        let refused = stage.admin_refused(&register);
        assert!(refused.contains(why), "{refused}");
    }
    let register =
        [&["register-pos", &merchant, number, MERCHANT_CODE], shared.as_slice()].concat();
    let made = stage.admin_json(&register);
    assert_eq!(made["master_key_components"], Value::Null);
    let ceremony = made["ceremony"].as_str().unwrap();
    let take = |name: &str| all(&["take-component", ceremony], &custodians.by(name)).join("\u{1f}");
    let run = |stage: &Stage, line: &str| {
        let args: Vec<&str> = line.split('\u{1f}').collect();
        stage.admin_json(&args)
    };
    let refused = |stage: &Stage, line: &str| {
        let args: Vec<&str> = line.split('\u{1f}').collect();
        stage.admin_refused(&args)
    };
    assert!(refused(&stage, &take("cai")).contains("no component here"));
    stage.admin(&["revoke-custodian", "cai"]);
    assert!(refused(&stage, &take("cai")).contains("no such custodian"));
    let component = |taken: &Value| {
        BlockKey::des(&hex::decode(taken["key"].as_str().unwrap()).unwrap()).unwrap()
    };
    let (first, second) = (run(&stage, &take("ana")), run(&stage, &take("ben")));
    assert!(refused(&stage, &take("ana")).contains("shown once"));
    let taken = combine(&[component(&first), component(&second)]).unwrap();
    assert_eq!(made["master_check_value"], taken.check_value().to_string());

    stage.start();
    for (number, master) in [("10000041", master), (number, taken)] {
        let mut pos = Terminal::with_key(&stage, number, master);
        pos.sign_on().await;
        let sale = pos.sale(100);
        assert_eq!(pos.told(&sale).await.field(39), "00");
    }
    stage.stop();
    let mut secrets = custodians.passwords.clone();
    secrets.extend(parts.iter().map(digits));
    secrets.extend([digits(&component(&first)), digits(&component(&second))]);
    nowhere(&stage, &secrets);
    stage.start();
    stage.end().await;
}

/// A key that is in a terminal comes in by two people.
fn brought_in(stage: &Stage, custodians: &Custodians, parts: &[BlockKey; 2]) -> BlockKey {
    let opened = stage.admin_json(&["open-ceremony", "--components", "2"]);
    let ceremony = opened["ceremony"].as_str().unwrap();
    let file = |name: &str, key: &BlockKey| {
        let file = custodians.folder.join(format!("{name}.component"));
        std::fs::write(&file, digits(key)).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let files = [file("ana", &parts[0]), file("ben", &parts[1])];
    let ana = custodians.by("ana");
    let ben = custodians.by("ben");
    let merchant = stage.key.merchant.as_str();
    let register = ["register-pos", merchant, "10000041", MERCHANT_CODE, "--ceremony", ceremony];
    assert!(stage.admin_refused(&register).contains("no key to use"));
    let given = stage.admin_json(&all(&["give-component", ceremony, &files[0]], &ana));
    assert_eq!(given["components"][0]["check_value"], parts[0].check_value().to_string());
    assert_eq!(given["key_check_value"], Value::Null);
    // Nobody gives two, and nobody gives for another.
    let twice = stage.admin_refused(&all(&["give-component", ceremony, &files[1]], &ana));
    assert!(twice.contains("not two"), "{twice}");
    let stranger = ["give-component", ceremony, &files[1], "--by", "ben", "--password-file"];
    let wrong = [stranger.as_slice(), &[ana[3].as_str()]].concat();
    assert!(stage.admin_refused(&wrong).contains("another password"));
    let given = stage.admin_json(&all(&["give-component", ceremony, &files[1]], &ben));
    let master = combine(parts).unwrap();
    assert_eq!(given["key_check_value"], master.check_value().to_string());
    let made = stage.admin_json(&register);
    assert_eq!(made["master_check_value"], master.check_value().to_string());
    // It is used once.
    let again = ["register-pos", merchant, "10000043", MERCHANT_CODE, "--ceremony", ceremony];
    assert!(stage.admin_refused(&again).contains("no key to use"));
    files.iter().for_each(|file| std::fs::remove_file(file).unwrap());
    master
}

/// Nothing of it is in the log or in the embedded store's files.
fn nowhere(stage: &Stage, secrets: &[String]) {
    let mut files = vec![stage.log_file()];
    let data = stage.folder.path().join("data");
    files.extend(std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()));
    for file in files.iter().filter(|file| file.is_file()) {
        let bytes = std::fs::read(file).unwrap();
        let text = String::from_utf8_lossy(&bytes).to_uppercase();
        for secret in secrets {
            assert!(!text.contains(&secret.to_uppercase()), "{}", file.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_in_components_on_sqlite() {
    play(Stage::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_in_components_on_postgres() {
    play(Stage::on_postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_in_components_in_a_token() {
    play(Stage::on_token().await).await;
}
