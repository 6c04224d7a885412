//! What each app makes of each kind of code.

use super::{App, Phone, Scanned, scan};

/// The shop, and what its printed codes call it.
fn shop_names() -> Vec<String> {
    ["http://127.0.0.1:8080", "https://pay.example.com"].map(str::to_owned).to_vec()
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
        (App::Bank, shop, Some("/q/T?a=b")),
        (App::Unionpay, shop, Some("/q/T?a=b")),
        (App::Browser, shop, Some("/q/T?a=b")),
        (App::Browser, alipay, None),
    ] {
        let scanned = scan(&phone(app, &["127.0.0.1:8080"]), &shop_names(), text);
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
        let scanned = scan(&phone(app, allows), &shop_names(), shop);
        let expect = if opens {
            Scanned::Opens("/q/T".to_owned())
        } else {
            Scanned::Refused("非银联二维码，无法识别")
        };
        assert_eq!(scanned, expect, "{app:?} {allows:?}");
    }
}
