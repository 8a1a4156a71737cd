//! The server's end of each connection, which a fault can cut at a chosen byte.
//!
//! HTTP servers take care never to break a reply, so the break has to be made below them: on the socket.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use axum::serve::Listener;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

/// Where the next reply of one connection is to break.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cut(Arc<Mutex<Plan>>);

#[derive(Debug, Clone, Copy, Default)]
enum Plan {
    #[default]
    Whole,
    Reset,
    AfterBytes(usize),
    AfterBodyBytes {
        /// How many bytes of the blank line that ends the head have just gone by.
        blank_line: usize,
        left: usize,
    },
}

const BLANK_LINE: &[u8] = b"\r\n\r\n";

impl Cut {
    /// Resets the connection (TCP RST) in place of the reply.
    pub(crate) fn reset(&self) {
        *self.lock() = Plan::Reset;
    }

    /// Closes the connection after the reply's first bytes, within its head.
    pub(crate) fn within_head(&self) {
        *self.lock() = Plan::AfterBytes("HTTP/1.1 ".len());
    }

    /// Closes the connection after so many bytes of the reply's body.
    pub(crate) fn after_body_bytes(&self, left: usize) {
        *self.lock() = Plan::AfterBodyBytes { blank_line: 0, left };
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plan {
    /// How many of these bytes may go out.
    fn allows(self, bytes: &[u8]) -> usize {
        match self {
            Plan::Whole => bytes.len(),
            Plan::Reset => 0,
            Plan::AfterBytes(left) => left.min(bytes.len()),
            Plan::AfterBodyBytes { mut blank_line, left } => {
                for (index, byte) in bytes.iter().enumerate() {
                    if blank_line == BLANK_LINE.len() {
                        return index + left.min(bytes.len() - index);
                    }
                    blank_line = next(blank_line, *byte);
                }
                bytes.len()
            }
        }
    }

    /// The plan once these bytes are out.
    fn sent(self, bytes: &[u8]) -> Plan {
        match self {
            Plan::Whole | Plan::Reset => self,
            Plan::AfterBytes(left) => Plan::AfterBytes(left.saturating_sub(bytes.len())),
            Plan::AfterBodyBytes { mut blank_line, mut left } => {
                for byte in bytes {
                    if blank_line == BLANK_LINE.len() {
                        left = left.saturating_sub(1);
                    } else {
                        blank_line = next(blank_line, *byte);
                    }
                }
                Plan::AfterBodyBytes { blank_line, left }
            }
        }
    }
}

fn next(blank_line: usize, byte: u8) -> usize {
    match BLANK_LINE.get(blank_line) {
        Some(expected) if *expected == byte => blank_line + 1,
        _ if byte == b'\r' => 1,
        _ => 0,
    }
}

/// A connection whose writes obey its [`Cut`].
pub(crate) struct Wire {
    stream: TcpStream,
    cut: Cut,
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let plan = *self.cut.lock();
        let allowed = bytes.get(..plan.allows(bytes)).unwrap_or_default();
        if allowed.is_empty() && !bytes.is_empty() {
            // The server drops the connection on this error. Linger zero makes that a reset; else it is a plain close.
            if matches!(plan, Plan::Reset) {
                self.stream.set_zero_linger()?;
            }
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut by an injected fault")));
        }
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, allowed))?;
        *self.cut.lock() = plan.sent(allowed.get(..written).unwrap_or_default());
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Accepts connections as [`Wire`]s.
pub(crate) struct WireListener(pub(crate) TcpListener);

impl Listener for WireListener {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        // The listener's own `accept` waits and tries again on errors such as too many open files.
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Without this, small replies wait for the client's delayed acknowledgement: up to 40 ms each.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "failed to set TCP_NODELAY");
        }
        (Wire { stream, cut: Cut::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, WireListener>> for Cut {
    fn connect_info(stream: IncomingStream<'_, WireListener>) -> Self {
        stream.io().cut.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What goes out when the server writes in pieces of this size.
    fn out(mut plan: Plan, reply: &[u8], piece: usize) -> Vec<u8> {
        let mut sent = Vec::new();
        for bytes in reply.chunks(piece) {
            let allowed = &bytes[..plan.allows(bytes)];
            sent.extend_from_slice(allowed);
            plan = plan.sent(allowed);
            if allowed.len() < bytes.len() {
                break;
            }
        }
        sent
    }

    #[test]
    fn cuts_at_the_same_byte_however_the_reply_is_written() {
        let reply = b"HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n0123456789";
        for piece in 1..=reply.len() {
            let body = Plan::AfterBodyBytes { blank_line: 0, left: 3 };
            assert_eq!(out(body, reply, piece), b"HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n012", "pieces of {piece}");
            assert_eq!(out(Plan::AfterBytes(9), reply, piece), b"HTTP/1.1 ");
            assert_eq!(out(Plan::Whole, reply, piece), reply);
            assert_eq!(out(Plan::Reset, reply, piece), b"");
        }
    }
}
