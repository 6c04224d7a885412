//! Keys with a public half: RSA and SM2 sign requests, and answers are signed by the platform's key
//! of the same algorithm.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::{RsaPrivateKey, RsaPublicKey, Sm2PrivateKey, Sm2PublicKey};
use serde_json::{Value, json};

use crate::stage::{Stage, now, payer_code, payment};

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

#[tokio::test(flavor = "multi_thread")]
async fn rsa_and_sm2_keys_pay_and_are_answered() {
    let stage = Stage::on_postgres().await;
    let platform = Platform::of(&stage).await;
    let (rsa, sm2) = (RsaPrivateKey::generate(), Sm2PrivateKey::generate());
    let keys: [(&str, &str, String, Sign); 2] = [
        (
            "--rsa",
            "SUANPAN-RSA-SHA256",
            rsa.public_key().to_pem(),
            Box::new(move |t| rsa.sign_sha256(t)),
        ),
        (
            "--sm2",
            "SUANPAN-SM2-SM3",
            sm2.public_key().to_pem(),
            Box::new(move |t| sm2.sign(t).to_vec()),
        ),
    ];
    for (n, (option, scheme, pem, sign)) in (1..).zip(keys) {
        let file = stage.folder.path().join("public.pem");
        std::fs::write(&file, pem).unwrap();
        let made = stage.admin_json(&["create-merchant", "keys"]);
        let merchant = made["merchant"].as_str().unwrap();
        let issued = stage.admin_json(&["issue-key", merchant, option, file.to_str().unwrap()]);
        assert_eq!((&issued["scheme"], &issued["secret"]), (&json!(scheme), &Value::Null));
        let id = issued["key_id"].as_str().unwrap();
        let body = payment("k", 100, &payer_code("28", n, "00")).to_string();
        let (status, answered) = send(&stage, (scheme, id, &sign), &body).await;
        // The signature is good; this merchant has no channel open.
        let code = &answered.body["code"];
        assert_eq!((status, code), (400, &json!("channel_not_open")), "{}", answered.text);
        assert!(platform.signed(&answered, scheme), "the answer's signature");
        let wrong: Sign = Box::new(|_| vec![1; 64]);
        let (status, answered) = send(&stage, (scheme, id, &wrong), &body).await;
        assert_eq!((status, &answered.body["code"]), (401, &json!("signature_invalid")));
        stage.admin(&["revoke-key", id]);
    }
    stage.end().await;
}

/// A rotated key is published beside the old one, and signs from the next start.
#[tokio::test(flavor = "multi_thread")]
async fn platform_keys_are_rotated() {
    let stage = Stage::on_postgres().await;
    let before = Platform::of(&stage).await.0;
    assert_eq!(before.len(), 2);
    for algorithm in ["rsa", "sm2"] {
        let made = stage.admin_json(&["rotate-platform-key", algorithm]);
        let now = Platform::of(&stage).await.0;
        let last = now.last().unwrap();
        assert_eq!((&last["key_id"], &last["scheme"]), (&made["key_id"], &made["scheme"]));
        assert!(before.iter().all(|old| now.contains(old)), "old keys stay published");
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_merchant_takes_no_payments() {
    let stage = Stage::on_postgres().await;
    let rsa = RsaPrivateKey::generate();
    let file = stage.folder.path().join("public.pem");
    std::fs::write(&file, rsa.public_key().to_pem()).unwrap();
    let sign: Sign = Box::new(move |t| rsa.sign_sha256(t));
    for (acts, code) in [
        (&["suspend-merchant"][..], "merchant_suspended"),
        (&["suspend-merchant", "resume-merchant"][..], "channel_not_open"),
    ] {
        let made = stage.admin_json(&["create-merchant", "keys"]);
        let merchant = made["merchant"].as_str().unwrap();
        let issued = stage.admin_json(&["issue-key", merchant, "--rsa", file.to_str().unwrap()]);
        for act in acts {
            stage.admin(&[act, merchant]);
        }
        let body = payment("s", 100, &payer_code("28", 1, "00")).to_string();
        let id = issued["key_id"].as_str().unwrap();
        let (_, answered) = send(&stage, ("SUANPAN-RSA-SHA256", id, &sign), &body).await;
        assert_eq!(answered.body["code"], code);
    }
    stage.end().await;
}

/// What `/platform-keys` shows.
struct Platform(Vec<Value>);

impl Platform {
    async fn of(stage: &Stage) -> Self {
        let answer = stage.http.get(format!("{}/platform-keys", stage.api)).send().await.unwrap();
        let keys: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        Self(keys["items"].as_array().unwrap().clone())
    }

    /// Whether the key that an answer names made its signature, by the scheme that it names.
    fn signed(&self, answered: &Answered, scheme: &str) -> bool {
        let key = self.0.iter().find(|k| k["key_id"] == answered.key.as_str()).unwrap();
        assert_eq!((answered.scheme.as_str(), &key["scheme"]), (scheme, &json!(scheme)));
        let (pem, text) = (key["public_key"].as_str().unwrap(), answered.text.as_bytes());
        match scheme {
            "SUANPAN-SM2-SM3" => {
                let key = Sm2PublicKey::from_pem(pem).unwrap();
                key.verify(text, &answered.signature).is_ok()
            }
            _ => {
                let key = RsaPublicKey::from_pem(pem).unwrap();
                key.verify_sha256(text, &answered.signature).is_ok()
            }
        }
    }
}

/// An answer with what was signed of it, and by whom.
struct Answered {
    body: Value,
    text: String,
    key: String,
    scheme: String,
    signature: Vec<u8>,
}

async fn send(
    stage: &Stage,
    (scheme, id, sign): (&str, &str, &Sign),
    body: &str,
) -> (u16, Answered) {
    let (at, nonce) = (now(), crypto::random::random_alphanumeric(32));
    let text = format!("POST\n/v1/payments\n{at}\n{nonce}\n{body}\n");
    let signature = BASE64.encode(sign(text.as_bytes()));
    let authorization = format!(
        "{scheme} key_id=\"{id}\",nonce=\"{nonce}\",timestamp=\"{at}\",signature=\"{signature}\""
    );
    let request = stage.http.post(format!("{}/v1/payments", stage.api));
    let answer =
        request.header("authorization", authorization).body(body.to_owned()).send().await.unwrap();
    let header = |name: &str| {
        answer.headers().get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    let head = format!("{}\n{}\n", header("suanpan-timestamp"), header("suanpan-nonce"));
    let signature = BASE64.decode(header("suanpan-signature")).unwrap();
    let (key, scheme) = (header("suanpan-key-id"), header("suanpan-signature-type"));
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap();
    (status, Answered { body, text: format!("{head}{text}\n"), key, scheme, signature })
}
