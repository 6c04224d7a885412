//! Keys with a public half: RSA and SM2 sign requests, and answers are signed by the platform's key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::{RsaPrivateKey, RsaPublicKey, Sm2PrivateKey};
use serde_json::{Value, json};

use crate::stage::{Stage, now, payer_code, payment};

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

#[tokio::test(flavor = "multi_thread")]
async fn rsa_and_sm2_keys_pay_and_are_answered() {
    let stage = Stage::on_postgres().await;
    let platform = platform_key(&stage).await;
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
        let (status, answer) = call(&stage, (scheme, id, &sign), &body, &platform).await;
        // The signature is good; this merchant has no channel open.
        assert_eq!((status, &answer["code"]), (400, &json!("channel_not_open")), "{answer}");
        let wrong: Sign = Box::new(|_| vec![1; 64]);
        let (status, answer) = send(&stage, (scheme, id, &wrong), &body).await;
        assert_eq!((status, &answer.0["code"]), (401, &json!("signature_invalid")));
        stage.admin(&["revoke-key", id]);
    }
    stage.end().await;
}

async fn platform_key(stage: &Stage) -> RsaPublicKey {
    let answer = stage.http.get(format!("{}/platform-keys", stage.api)).send().await.unwrap();
    let keys: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    RsaPublicKey::from_pem(keys["items"][0]["public_key"].as_str().unwrap()).unwrap()
}

/// The answer with what was signed of it, and its signature.
type Answered = (Value, String, Vec<u8>);

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
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, (serde_json::from_str(&text).unwrap(), format!("{head}{text}\n"), signature))
}

async fn call(
    stage: &Stage,
    key: (&str, &str, &Sign),
    body: &str,
    platform: &RsaPublicKey,
) -> (u16, Value) {
    let (status, (answer, text, signature)) = send(stage, key, body).await;
    assert!(platform.verify_sha256(text.as_bytes(), &signature).is_ok(), "the answer's signature");
    (status, answer)
}
