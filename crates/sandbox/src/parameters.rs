//! The sandbox's accounts as the parameters that the platform's connectors take: so that demo,
//! simulation and tests enter them as an operator would.

use serde_json::{Value, json};

/// How an account trusts its channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// By public keys; at WeChat Pay as an ordinary merchant. UnionPay knows certificates only.
    Keys,
    /// By certificates; at WeChat Pay as a service provider with a sub-merchant, at UnionPay through an
    /// acquirer.
    Certificates,
}

/// An account: the channel's code, our number there, and the parameters as JSON.
#[derive(Debug, Clone)]
pub struct Parameters {
    pub channel: &'static str,
    pub account_no: String,
    pub config: Value,
}

/// One account per channel, out of [`SandboxConfig::coordinates`](crate::SandboxConfig::coordinates).
#[must_use]
pub fn parameters(coordinates: &Value, trust: Trust) -> Vec<Parameters> {
    vec![alipay(coordinates, trust), wechat(coordinates, trust), unionpay(coordinates, trust)]
}

/// The acquirer's membership at the card network: one for all merchants.
#[must_use]
pub fn card_parameters(coordinates: &Value) -> Parameters {
    let mut config = coordinates.pointer("/card").cloned().unwrap_or_default();
    put(&mut config, "channel", json!("card"));
    let account_no = text(&at(coordinates, "/card/acquirer"));
    Parameters { channel: "card", account_no, config }
}

fn alipay(coordinates: &Value, trust: Trust) -> Parameters {
    let mode = match trust {
        Trust::Keys => "keys",
        Trust::Certificates => "certificates",
    };
    let app = |name: &str| at(coordinates, &format!("/alipay/{mode}/{name}"));
    let mut config = json!({
        "channel": "alipay",
        "gateway": at(coordinates, "/alipay/gateway"),
        "app_id": app("app_id"),
        "seller_id": app("seller_id"),
        "app_private_key": app("app_private_key_pem"),
        "sign_in_page": at(coordinates, "/alipay/authorize_url"),
    });
    match trust {
        Trust::Keys => put(&mut config, "alipay_public_key", app("alipay_public_key_pem")),
        Trust::Certificates => {
            put(&mut config, "app_cert", app("app_cert_pem"));
            put(&mut config, "alipay_cert", app("alipay_cert_pem"));
            put(&mut config, "alipay_root_cert", app("alipay_root_cert_pem"));
        }
    }
    Parameters { channel: "alipay", account_no: text(&app("seller_id")), config }
}

fn wechat(coordinates: &Value, trust: Trust) -> Parameters {
    let number = match trust {
        Trust::Keys => 0,
        Trust::Certificates => 1,
    };
    let merchant = |name: &str| at(coordinates, &format!("/wechat/merchants/{number}/{name}"));
    let mut config = json!({
        "channel": "wechat",
        "base_url": at(coordinates, "/wechat/base_url"),
        "appid": merchant("appid"),
        "mchid": merchant("mchid"),
        "serial_no": merchant("serial_no"),
        "private_key": merchant("private_key"),
        "apiv3_key": merchant("apiv3_key"),
        "v2_key": merchant("v2_key"),
        "app_secret": merchant("app_secret"),
        "sign_in_page": at(coordinates, "/wechat/authorize_url"),
        "identity_url": format!("{}/sns/oauth2/access_token", text(&at(coordinates, "/wechat/base_url"))),
    });
    match trust {
        Trust::Keys => {
            put(&mut config, "public_key_id", at(coordinates, "/wechat/public_key_id"));
            put(&mut config, "public_key", at(coordinates, "/wechat/public_key"));
        }
        Trust::Certificates => {
            let certificate = at(coordinates, "/wechat/certificate");
            put(&mut config, "platform_certificates", json!([certificate]));
            put(&mut config, "sub_mchid", merchant("sub_merchants/0/mchid"));
        }
    }
    Parameters { channel: "wechat", account_no: text(&merchant("mchid")), config }
}

fn unionpay(coordinates: &Value, trust: Trust) -> Parameters {
    let number = match trust {
        Trust::Keys => 0,
        Trust::Certificates => 1,
    };
    let merchant = |name: &str| at(coordinates, &format!("/unionpay/merchants/{number}/{name}"));
    let mut config = json!({
        "channel": "unionpay",
        "gateway": at(coordinates, "/unionpay/gateway"),
        "mer_id": merchant("mer_id"),
        "sign_cert": merchant("sign_cert_pem"),
        "sign_private_key": merchant("sign_private_key_pem"),
        "root_cert": at(coordinates, "/unionpay/root_cert_pem"),
        "middle_cert": at(coordinates, "/unionpay/middle_cert_pem"),
        "channel_name": at(coordinates, "/unionpay/channel_name"),
        "open_platform": {
            "gateway": at(coordinates, "/unionpay/gateway"),
            "serv_prov_id": at(coordinates, "/unionpay/open_platform/serv_prov_id"),
            "private_key": merchant("sign_private_key_pem"),
            "platform_public_key": at(coordinates, "/unionpay/open_platform/platform_public_key_pem"),
            "sign_in_page": at(coordinates, "/unionpay/authorize_url"),
        },
    });
    if trust == Trust::Certificates {
        put(&mut config, "acq_ins_code", merchant("acq_ins_code"));
    }
    Parameters { channel: "unionpay", account_no: text(&merchant("mer_id")), config }
}

fn at(coordinates: &Value, path: &str) -> Value {
    coordinates.pointer(path).cloned().unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn put(config: &mut Value, name: &str, value: Value) {
    if let Some(map) = config.as_object_mut() {
        map.insert(name.to_owned(), value);
    }
}
