//! One line of the card network: frames of length, header and message, many under way. It begins with a
//! sign-on (0820, field 70 = 001); who says something else first is hung up on.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Mutex;

use super::Shared;
use crate::card::{self, PATH};
use crate::core::{AnsweredTwice, Delivery, Request};

const LENGTH_DIGITS: usize = 4;
const HEADER_BYTES: usize = 46;
const FRAME_BYTES_MAX: usize = 4_096;

/// Serves until the line breaks or says what is no frame. A lost answer leaves the line open.
pub(super) async fn serve<C>(stream: TcpStream, shared: Arc<Shared<C>>)
where
    C: Fn() -> Timestamp + Send + Sync + 'static,
{
    stream.set_nodelay(true).ok();
    let (mut reads, writes) = stream.into_split();
    let writes = Arc::new(Mutex::new(writes));
    let mut buffer = BytesMut::with_capacity(FRAME_BYTES_MAX);
    let mut signed_on = false;
    loop {
        while let Some(length) = length_of(&buffer) {
            if !(HEADER_BYTES..=FRAME_BYTES_MAX).contains(&length) {
                return;
            }
            if buffer.len() < LENGTH_DIGITS + length {
                break;
            }
            let mut frame = buffer.split_to(LENGTH_DIGITS + length);
            let message = frame.split_off(LENGTH_DIGITS + HEADER_BYTES).freeze();
            let header = frame.split_off(LENGTH_DIGITS).freeze();
            signed_on |= card::is_sign_on(&message);
            if !signed_on {
                return;
            }
            handle(&shared, &writes, header, message);
        }
        match reads.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

fn handle<C>(
    shared: &Arc<Shared<C>>,
    writes: &Arc<Mutex<OwnedWriteHalf>>,
    header: Bytes,
    message: Bytes,
) where
    C: Fn() -> Timestamp + Send + Sync + 'static,
{
    let mut request = Request::new(message);
    *request.uri_mut() = http::Uri::from_static(PATH);
    let base_url = format!("http://{}", shared.address);
    let delivery = shared.sandbox().handle(shared.now(), &base_url, &request);
    let Delivery::Answer { after_ms, response } = delivery else { return };
    if !response.status().is_success() {
        return;
    }
    let writes = Arc::clone(writes);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(after_ms)).await;
        let frame = frame(&header, response.body());
        let twice = response.extensions().get::<AnsweredTwice>().is_some();
        let frame = if twice { frame.repeat(2) } else { frame };
        writes.lock().await.write_all(&frame).await.ok();
    });
}

/// None while the digits are not all there; what is no number is too long for any frame.
fn length_of(buffer: &[u8]) -> Option<usize> {
    let digits = buffer.get(..LENGTH_DIGITS)?;
    let digits = std::str::from_utf8(digits).unwrap_or_default();
    Some(digits.parse().unwrap_or(usize::MAX))
}

/// The asked one's header with its addresses exchanged.
fn frame(header: &[u8], message: &[u8]) -> Vec<u8> {
    let length = format!("{:04}", HEADER_BYTES + message.len());
    let part = |range| header.get(range).unwrap_or_default();
    let parts: [&[u8]; 7] = [
        length.as_bytes(),
        part(0..2),
        length.as_bytes(),
        part(17..28),
        part(6..17),
        part(28..HEADER_BYTES),
        message,
    ];
    parts.concat()
}
