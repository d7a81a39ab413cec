//! A WebSocket client that costs next to nothing, so that many fit beside the hub on one machine.

use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer silences than this end a measurement: the hub sends heartbeats.
const SILENCE_MAX: Duration = Duration::from_secs(30);

pub struct Socket {
    stream: TcpStream,
    read: BytesMut,
}

impl Socket {
    pub async fn open(port: u16, protocol: &str) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut read = BytesMut::with_capacity(16 * 1_024);
        let end = loop {
            if let Some(end) = read.windows(4).position(|part| part == b"\r\n\r\n") {
                break end + 4;
            }
            ensure!(stream.read_buf(&mut read).await? != 0, "closed in the handshake");
        };
        ensure!(read.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&read[..end]));
        read.advance(end);
        Ok(Self { stream, read })
    }

    /// Sends one command, as a text or a binary message.
    pub async fn send(&mut self, binary: bool, payload: &[u8]) -> anyhow::Result<()> {
        let mut frame = vec![if binary { 0x82 } else { 0x81 }];
        match payload.len() {
            length @ 0..126 => frame.push(0x80 | length as u8),
            length => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(length)?.to_be_bytes());
            }
        }
        // A mask of zeros leaves everything as it is.
        frame.extend([0; 4]);
        frame.extend(payload);
        Ok(self.stream.write_all(&frame).await?)
    }

    /// The payload of the next data frame.
    pub async fn next(&mut self) -> anyhow::Result<Bytes> {
        loop {
            if let Some((opcode, payload)) = self.take_frame() {
                match opcode {
                    1 | 2 => return Ok(payload),
                    8 => anyhow::bail!("closed: {payload:?}"),
                    _ => continue,
                }
            }
            let read = self.stream.read_buf(&mut self.read);
            let count = tokio::time::timeout(SILENCE_MAX, read).await.context("silence")??;
            ensure!(count != 0, "the hub ended the connection");
        }
    }

    fn take_frame(&mut self) -> Option<(u8, Bytes)> {
        let [first, second, ..] = self.read[..] else { return None };
        let (header, length) = match second {
            126 => (4, usize::from(u16::from_be_bytes(self.read.get(2..4)?.try_into().ok()?))),
            127 => (10, u64::from_be_bytes(self.read.get(2..10)?.try_into().ok()?) as usize),
            length => (2, usize::from(length)),
        };
        if self.read.len() < header + length {
            return None;
        }
        self.read.advance(header);
        Some((first & 0x0f, self.read.split_to(length).freeze()))
    }
}
