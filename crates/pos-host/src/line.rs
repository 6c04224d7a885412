//! Lines: frames in, frames out, each within bounds.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use iso8583::frame::LENGTH_BYTES;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::timeout;

use crate::host::{Answer, PosHost};

/// The bounds of all lines.
#[derive(Debug, Clone, Copy)]
pub struct LineLimits {
    /// Lines at once; one more waits until another ends.
    pub lines_max: usize,
    /// Bytes of a frame behind its length.
    pub frame_bytes_max: usize,
    /// How long a line may be silent between frames.
    pub idle_max: Duration,
    /// How long a frame may take from its first byte to its last.
    pub frame_time_max: Duration,
    /// How long an answer may take to be written.
    pub write_time_max: Duration,
    /// Messages of one line that are worked on at once: a network controller sends for many terminals.
    pub under_way_max: usize,
}

impl Default for LineLimits {
    fn default() -> Self {
        Self {
            lines_max: 20_000,
            frame_bytes_max: 4_096,
            idle_max: Duration::from_secs(600),
            frame_time_max: Duration::from_secs(10),
            write_time_max: Duration::from_secs(5),
            under_way_max: 32,
        }
    }
}

/// How long lines have to end their messages when the host stops.
const FAREWELL: Duration = Duration::from_secs(5);
/// After an accept that failed for want of something.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` says so; then lines end when their messages are answered.
pub async fn serve(
    listener: TcpListener,
    host: Arc<PosHost>,
    limits: LineLimits,
    mut stop: watch::Receiver<bool>,
) {
    let gate = Arc::new(Semaphore::new(limits.lines_max));
    while !*stop.borrow() {
        let Ok(permit) = Arc::clone(&gate).acquire_owned().await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(error = %error, "a terminal's line could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let line = Line { host: Arc::clone(&host), limits, peer: peer.ip() };
        let stop = stop.clone();
        tokio::spawn(async move {
            line.keep(stream, stop).await;
            drop(permit);
        });
    }
    let all = u32::try_from(limits.lines_max).unwrap_or(u32::MAX);
    timeout(FAREWELL, gate.acquire_many(all)).await.ok();
}

struct Line {
    host: Arc<PosHost>,
    limits: LineLimits,
    peer: IpAddr,
}

/// Why a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The other side closed it, or it broke, or it was silent too long.
    Gone,
    /// A frame came too slowly.
    Slow,
    /// What came is no frame of ours.
    Unreadable,
}

impl Line {
    async fn keep(self, stream: TcpStream, mut stop: watch::Receiver<bool>) {
        stream.set_nodelay(true).ok();
        let (mut reads, writes) = stream.into_split();
        let (answers, queue) = mpsc::channel(self.limits.under_way_max);
        let writer = tokio::spawn(write(writes, queue, self.limits.write_time_max));
        let room = Arc::new(Semaphore::new(self.limits.under_way_max));
        let end = tokio::select! {
            end = self.read(&mut reads, &answers, &room) => end,
            _ = stop.changed() => End::Gone,
        };
        if end != End::Gone {
            tracing::info!(peer = %self.peer, end = ?end, "a terminal's line was closed");
        }
        drop(answers);
        // What is under way holds the queue open until it is answered.
        writer.await.ok();
    }

    async fn read(
        &self,
        reads: &mut OwnedReadHalf,
        answers: &mpsc::Sender<Bytes>,
        room: &Arc<Semaphore>,
    ) -> End {
        loop {
            let frame = match self.frame(reads).await {
                Ok(frame) => frame,
                Err(end) => return end,
            };
            let Ok(permit) = Arc::clone(room).acquire_owned().await else { return End::Gone };
            let (host, answers) = (Arc::clone(&self.host), answers.clone());
            let work = tokio::spawn(async move {
                let answer = host.answer(&frame).await;
                drop(permit);
                match answer {
                    Answer::Reply(bytes) => answers.send(bytes).await.is_ok(),
                    Answer::Silence => true,
                    Answer::Close => false,
                }
            });
            // A lone terminal never sends before it heard: then a frame that is none ends the line at once.
            if room.available_permits() + 1 >= self.limits.under_way_max
                && let Ok(Ok(false)) = timeout(self.limits.write_time_max, work).await
            {
                return End::Unreadable;
            }
        }
    }

    /// The next frame without its length. Nothing is kept while the line is silent.
    async fn frame(&self, reads: &mut OwnedReadHalf) -> Result<BytesMut, End> {
        let mut length = [0; LENGTH_BYTES];
        let [first, second] = &mut length;
        let began = timeout(self.limits.idle_max, reads.read_exact(std::slice::from_mut(first)));
        began.await.or(Err(End::Gone))?.or(Err(End::Gone))?;
        let rest = async {
            reads.read_exact(std::slice::from_mut(second)).await.or(Err(End::Gone))?;
            let bytes = usize::from(u16::from_be_bytes([*first, *second]));
            if bytes == 0 || bytes > self.limits.frame_bytes_max {
                return Err(End::Unreadable);
            }
            let mut frame = BytesMut::zeroed(bytes);
            reads.read_exact(&mut frame).await.or(Err(End::Gone))?;
            Ok(frame)
        };
        timeout(self.limits.frame_time_max, rest).await.or(Err(End::Slow))?
    }
}

async fn write(mut writes: OwnedWriteHalf, mut queue: mpsc::Receiver<Bytes>, limit: Duration) {
    while let Some(answer) = queue.recv().await {
        if !matches!(timeout(limit, writes.write_all(&answer)).await, Ok(Ok(()))) {
            // Who does not read is not waited for; the answers stay with their transactions.
            queue.close();
            return;
        }
    }
}
