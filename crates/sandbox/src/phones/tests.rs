//! What each app makes of each kind of code.

use super::{App, Known, Phone, Scanned, scan};
use crate::unionpay::{Codes, Mode, Scheme};

/// The shop, and what its printed codes call it.
fn shop_names() -> Vec<String> {
    ["http://127.0.0.1:8080", "https://pay.example.com"].map(str::to_owned).to_vec()
}

/// UnionPay knows the shop's domains, and asks their owner.
fn codes() -> Codes {
    let mut codes = Codes::default();
    codes.register("127.0.0.1:8080", "http://127.0.0.1:8080");
    codes.register("pay.example.com", "http://127.0.0.1:8080");
    codes
}

fn scanned(phone: &Phone, codes: &Codes, text: &str) -> Scanned {
    scan(phone, Known { shop: &shop_names(), sandbox: "http://127.0.0.1:8090", codes }, text)
}

fn phone(app: App, allows: &[&str]) -> Phone {
    let allows = allows.iter().map(|host| (*host).to_owned()).collect();
    Phone { app, url: String::new(), allows }
}

#[test]
fn an_app_knows_its_own_codes_and_the_shops_it_may() {
    let wechat = "weixin://wxpay/bizpayurl?pr=abc";
    let alipay = "https://qr.alipay.com/bax1";
    let unionpay = "https://qr.95516.com/00010000/1";
    let shop = "http://127.0.0.1:8080/q/T?a=b";
    for (app, text, expect) in [
        (
            App::Wechat,
            wechat,
            Some("/sandbox/bridge/wechat/scanned?code=weixin%3A%2F%2Fwxpay%2Fbizpayurl%3Fpr%3Dabc"),
        ),
        (App::Wechat, alipay, None),
        (App::Wechat, unionpay, None),
        (App::Wechat, shop, Some("/q/T?a=b")),
        (App::Wechat, "http://127.0.0.1:8080", Some("/")),
        (App::Wechat, " http://127.0.0.1:8080/q/T\n", Some("/q/T")),
        (App::Wechat, "http://127.0.0.1:80801/q/T", None),
        (App::Wechat, "http://127.0.0.1:8080@example.com/", None),
        (App::Wechat, "https://example.com/", None),
        (App::Wechat, "https://pay.example.com/q/T", Some("/q/T")),
        (App::Bank, "https://pay.example.com/q/T", None),
        (App::Wechat, "hello", None),
        (App::Wechat, "", None),
        (
            App::Alipay,
            alipay,
            Some("/sandbox/bridge/alipay/scanned?code=https%3A%2F%2Fqr.alipay.com%2Fbax1"),
        ),
        (App::Alipay, wechat, None),
        (
            App::Bank,
            unionpay,
            Some("/sandbox/bridge/unionpay/scanned?code=https%3A%2F%2Fqr.95516.com%2F00010000%2F1"),
        ),
        (App::Wechat, "https://qr.95516.com/qr95516/a1", Some("/qr95516/a1")),
        (App::Browser, "http://127.0.0.1:8090/qr95516/a1", Some("/qr95516/a1")),
        (App::Alipay, "http://127.0.0.1:8091/qr95516/a1", None),
        (App::Browser, shop, Some("/q/T?a=b")),
        (App::Browser, alipay, None),
    ] {
        let scanned = scanned(&phone(app, &["127.0.0.1:8080"]), &codes(), text);
        match (&scanned, expect) {
            (Scanned::Opens(path), Some(expect)) => assert_eq!(path, expect),
            (Scanned::Refused(_), None) => {}
            _ => panic!("{app:?} {text}: {scanned:?}"),
        }
    }
}

#[test]
fn an_app_of_unionpays_refuses_a_shop_that_is_not_on_its_list() {
    let shop = "http://127.0.0.1:8080/q/T";
    for (app, allows, opens) in [
        (App::Unionpay, &[][..], false),
        (App::Bank, &["127.0.0.1:9"], false),
        (App::Bank, &["127.0.0.1:9", "127.0.0.1:8080"], true),
        (App::Wechat, &[], true),
    ] {
        let expect = match (app, opens) {
            (App::Wechat, _) => Scanned::Opens("/q/T".to_owned()),
            (_, true) => asks(Scheme::NonStandard, "http%3A%2F%2F127.0.0.1%3A8080%2Fq%2FT"),
            (_, false) => Scanned::Refused("非银联二维码，无法识别"),
        };
        assert_eq!(scanned(&phone(app, allows), &codes(), shop), expect, "{app:?} {allows:?}");
    }
}

fn asks(scheme: Scheme, code: &str) -> Scanned {
    Scanned::Asks(scheme, format!("/qrcGtwWeb-web/api/scan?code={code}"))
}

#[test]
fn an_app_of_unionpays_does_with_a_shops_code_what_its_domain_is_registered_for() {
    let shop = "http://127.0.0.1:8080/q/T";
    for (mode, expect) in [
        (Mode::Query, asks(Scheme::NonStandard, "http%3A%2F%2F127.0.0.1%3A8080%2Fq%2FT")),
        (Mode::Page, Scanned::Opens("/q/T".to_owned())),
        (Mode::Unregistered, Scanned::Refused("未登记的收款码")),
    ] {
        let mut codes = codes();
        codes.set_mode("127.0.0.1:8080", mode).unwrap();
        let bank = phone(App::Bank, &["127.0.0.1:8080"]);
        assert_eq!(scanned(&bank, &codes, shop), expect, "{mode:?}");
        let wechat = scanned(&phone(App::Wechat, &[]), &codes, shop);
        assert_eq!(wechat, Scanned::Opens("/q/T".to_owned()));
    }
}

#[test]
fn an_address_that_unionpay_issued_needs_no_list() {
    for text in ["https://qr.95516.com/qr95516/a1", "http://127.0.0.1:8090/qr95516/a1"] {
        let code: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        for app in [App::Unionpay, App::Bank] {
            let found = scanned(&phone(app, &[]), &codes(), text);
            assert_eq!(found, asks(Scheme::Standard, &code), "{app:?}");
        }
    }
}
