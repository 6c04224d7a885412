//! A channel that is spoken to as Alipay is: each request signed with RSA-2048, each answer's
//! signature verified. The channel's own work is left out: its one signed answer was made before, and
//! the outcome is the instant channel's.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use channels::{
    BuildError, Channel, ChannelConfig, Connector, NoticeRefusal, Request, Response, connector,
};
use crypto::RsaPrivateKey;
use crypto::pos::SoftKeys;
use jiff::Timestamp;
use orders::channel::{Call, Notice, Reply};
use serde_json::json;

use super::instant::InstantChannel;
use super::rate;
use crate::clock::Stopwatch;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Signatures that the machine's raw rate is measured with, on each core.
const RAW_SIGNATURES: u64 = 3_000;
const ANSWER: &str = "{\"code\":\"10000\",\"msg\":\"Success\",\"out_trade_no\":\"other\"}";

#[derive(Debug)]
pub(crate) struct RsaChannel {
    alipay: Arc<dyn Connector>,
    answer: Response,
}

impl RsaChannel {
    pub(crate) fn new() -> Result<Self, Failed> {
        let (ours, theirs) = (RsaPrivateKey::generate(), RsaPrivateKey::generate());
        let config: ChannelConfig = serde_json::from_value(json!({
            "channel": "alipay",
            "gateway": "http://127.0.0.1:9/gateway.do",
            "app_id": "2021000000000001",
            "seller_id": "2088000000000000",
            "app_private_key": ours.to_pem().expose(),
            "alipay_public_key": theirs.public_key().to_pem(),
        }))?;
        let signature = BASE64.encode(theirs.sign_sha256(ANSWER.as_bytes()));
        let body = format!("{{\"alipay_trade_pay_response\":{ANSWER},\"sign\":\"{signature}\"}}");
        Ok(Self {
            alipay: connector(&config, &SoftKeys)?,
            answer: Response::new(Bytes::from(body)),
        })
    }
}

impl Connector for RsaChannel {
    fn channel(&self) -> Channel {
        Channel::Alipay
    }

    fn build(&self, call: &Call, now: Timestamp, nonce: &str) -> Result<Request, BuildError> {
        self.alipay.build(call, now, nonce)
    }

    /// The signature of the fixed answer is verified; what it says is about no order of ours.
    fn read(&self, call: &Call, now: Timestamp, response: &Response) -> Reply {
        drop(std::hint::black_box(self.alipay.read(call, now, &self.answer)));
        InstantChannel.read(call, now, response)
    }

    fn read_notice(&self, now: Timestamp, request: &Request) -> Result<Notice, NoticeRefusal> {
        InstantChannel.read_notice(now, request)
    }

    fn notice_answer(&self, accepted: bool) -> Response {
        InstantChannel.notice_answer(accepted)
    }
}

/// RSA-2048 signatures per second of all cores together, doing nothing else.
pub(crate) fn raw_signatures_per_s() -> Result<u64, Failed> {
    let cores = std::thread::available_parallelism()?.get();
    let key = RsaPrivateKey::generate();
    let watch = Stopwatch::start();
    let threads: Vec<_> = (0..cores)
        .map(|_| {
            let key = key.clone();
            std::thread::spawn(move || {
                for n in 0..RAW_SIGNATURES {
                    std::hint::black_box(key.sign_sha256(&n.to_be_bytes()));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().or(Err("a signing thread failed"))?;
    }
    let elapsed: Duration = watch.elapsed();
    Ok(rate(RAW_SIGNATURES * u64::try_from(cores)?, elapsed))
}
