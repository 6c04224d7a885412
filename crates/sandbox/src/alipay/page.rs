//! The page that a payer's browser is shown by `alipay.trade.wap.pay` and `alipay.trade.page.pay`.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::json;

use super::refusal::Refusal;
use super::service::Success;
use super::wire::Call;
use crate::core::Response;

pub(super) fn show(call: &Call<'_>, served: Result<Success, Refusal>) -> Response {
    let body = match served {
        Ok(success) => {
            let text = |name: &str| {
                let value = success.fields.get(name).and_then(serde_json::Value::as_str);
                escaped(value.unwrap_or_default())
            };
            // The same switch as for every other payer of the sandbox.
            let pay = json!({ "channel": "alipay", "order_no": text("out_trade_no") });
            let back = call.return_url.clone().unwrap_or_default();
            format!(
                "<h1>{}</h1><p class=amount>¥{}</p>\
                 <button onclick=\"pay()\">确认付款</button><p id=said></p>\
                 <script>async function pay(){{\
                 const r=await fetch('/sandbox/pay',{{method:'POST',\
                 headers:{{'content-type':'application/json'}},body:JSON.stringify({pay})}});\
                 document.getElementById('said').textContent=r.ok?'付款成功':'未能付款';\
                 const back={};if(r.ok&&back)location=back}}</script>",
                text("subject"),
                text("total_amount"),
                json!(back).to_string().replace('<', "\\u003c"),
            )
        }
        Err(refusal) => format!("<h1>{}</h1><p>{}</p>", refusal.sub_msg(), refusal.sub_code()),
    };
    let page = format!(
        "<!doctype html><html lang=zh><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width,initial-scale=1\"><title>支付宝（沙箱）</title>\
         <style>body{{font:16px sans-serif;text-align:center;padding:2em}}.amount{{font-size:2em}}\
         button{{padding:.7em 3em;font-size:1em}}</style>{body}</html>"
    );
    let mut response = Response::new(Bytes::from(page));
    let html = HeaderValue::from_static("text/html;charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, html);
    response
}

fn escaped(text: &str) -> String {
    let entity = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(entity).collect()
}
