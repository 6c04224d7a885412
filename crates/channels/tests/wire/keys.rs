//! Keys that change: WeChat Pay's certificates, and our own certificate in TLS.

use crypto::pos::SoftKeys;
use std::sync::Arc;

use channels::{
    ChannelConfig, ClientCertificate, ConfigError, HttpSender, KeysRefusal, Request, Response,
    SendError, Sender as _, connector,
};
use crypto::RsaPrivateKey;
use orders::channel::{Call, PayWay, PaymentReply, Prepare, Unknown};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::line::{Line, configs, coordinates, lines};

const NONCE: &str = "0123456789abcdef";

/// The partner's account, which knows a certificate that is no longer the platform's.
fn outdated() -> Line {
    let mut line = lines().pop().unwrap();
    let old = coordinates()["wechat"]["certificate"].clone();
    line.config["platform_certificates"] = json!([old]);
    let config: ChannelConfig = serde_json::from_value(line.config.clone()).unwrap();
    line.connector = connector(&config, &SoftKeys).unwrap();
    line
}

fn keys(line: &mut Line) -> Response {
    let request = line.connector.ask_keys(line.now, NONCE).unwrap();
    line.deliver(&request)
}

#[test]
fn an_unknown_certificate_is_not_believed_until_it_is_fetched() {
    let mut line = outdated();
    let subject = line.subject(PayWay::DynamicQr);
    let call =
        Call::Prepare(Prepare { subject, payer: None, details: line.details(), return_url: None });
    assert_eq!(line.payment(&call), PaymentReply::Unknown(Unknown::BadSignature));
    assert!(line.connector.keys_are_wanted());
    let answer = keys(&mut line);
    assert_eq!(line.connector.learn_keys(line.now, &answer), Ok(1));
    assert!(!line.connector.keys_are_wanted());
    assert!(matches!(line.payment(&call), PaymentReply::Ready { .. }));
    assert_eq!(line.connector.learn_keys(line.now, &answer), Ok(0), "known by now");
}

#[test]
fn keys_that_were_changed_on_the_way_are_refused() {
    let mut line = outdated();
    let answer = keys(&mut line);
    let with = |body: Vec<u8>| {
        let mut changed = Response::new(body.into());
        *changed.headers_mut() = answer.headers().clone();
        changed
    };
    let body = answer.body().to_vec();
    let text = String::from_utf8(body.clone()).unwrap();
    let longer = [&body[..], b" "].concat();
    let cases = [
        (with(longer), KeysRefusal::BadSignature),
        (with(text.replace("serial_no\":\"", "serial_no\":\"0").into()), KeysRefusal::Malformed),
        (
            with(text.replace("ciphertext\":\"", "ciphertext\":\"AAAA").into()),
            KeysRefusal::Malformed,
        ),
        (with(b"{}".to_vec()), KeysRefusal::Malformed),
        (Response::new(body.into()), KeysRefusal::BadSignature),
    ];
    for (n, (changed, expected)) in cases.into_iter().enumerate() {
        assert_eq!(line.connector.learn_keys(line.now, &changed), Err(expected), "case {n}");
    }
    line.wait(400);
    let late = line.connector.learn_keys(line.now, &answer);
    assert_eq!(late, Err(KeysRefusal::BadSignature), "signed too long ago");
}

#[test]
fn only_certificates_change() {
    for line in lines() {
        let asks = line.connector.ask_keys(line.now, NONCE).is_some();
        assert_eq!(asks, line.name == "wechat, partner, certificate", "{}", line.name);
    }
}

#[test]
fn a_reverse_shows_our_certificate_and_nothing_else_does() {
    let at = coordinates();
    let (_, _, mut config) = configs(&at).pop().unwrap();
    config["base_url"] = json!("https://channels.test");
    let read = |config: &serde_json::Value| {
        connector(&serde_json::from_value(config.clone()).unwrap(), &SoftKeys)
    };
    assert_eq!(read(&config).err(), Some(ConfigError::ClientCertificate));
    config["client_certificate"] = at["wechat"]["certificate"].clone();
    let wechat = read(&config).unwrap();
    let line = lines().pop().unwrap();
    let subject = line.subject(PayWay::PayerCode);
    for (call, shows) in [(Call::Cancel(subject.clone()), true), (Call::Query(subject), false)] {
        let request = wechat.build(&call, line.now, NONCE).unwrap();
        assert_eq!(request.extensions().get::<ClientCertificate>().is_some(), shows);
        assert!(!format!("{request:?}").contains("PRIVATE"));
    }
}

/// A server that wants a certificate of its own authority.
async fn strict_server(authority: &CertifiedIssuer<'_, KeyPair>) -> String {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(socket).await else { continue };
            let mut buffer = [0; 4096];
            if stream.read(&mut buffer).await.is_ok_and(|n| n > 0) {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
                drop(stream.write_all(answer).await);
                drop(stream.shutdown().await);
            }
        }
    });
    url
}

#[tokio::test]
async fn tls_shows_the_certificate_to_who_wants_it() {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let url = strict_server(&authority).await;
    // Our own key, as an account has it: RSA, with a certificate over it.
    let rsa = RsaPrivateKey::generate();
    let key = KeyPair::from_pem(rsa.to_pem().expose()).unwrap();
    let params = CertificateParams::new(vec!["merchant".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let sender = HttpSender::trusting(&[&authority.pem()]).unwrap();
    let request = || http::Request::get(&url).body(bytes::Bytes::new()).unwrap();
    let without: Request = request();
    assert!(sender.send(without).await.is_err(), "no certificate");
    for _ in 0..2 {
        let mut with: Request = request();
        with.extensions_mut().insert(ClientCertificate::new(&certificate.pem(), &rsa.to_pem()));
        let answer = sender.send(with).await.unwrap();
        assert_eq!(answer.body().as_ref(), b"ok");
    }
    let mut broken: Request = request();
    broken.extensions_mut().insert(ClientCertificate::new("no certificate", &rsa.to_pem()));
    assert_eq!(sender.send(broken).await.err(), Some(SendError::NotSent));
}
