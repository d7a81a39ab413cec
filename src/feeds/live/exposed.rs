//! The feed's own `GET /metrics`, for Prometheus; nothing else is served.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::telemetry::LiveMetrics;

/// A question's head.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// Question and answer together.
const PATIENCE: Duration = Duration::from_secs(5);
/// Who asks at once.
const ASKING_MAX: usize = 16;

/// Answers until it is dropped.
pub(super) async fn serve(listener: TcpListener, metrics: Arc<LiveMetrics>) {
    let room = Arc::new(Semaphore::new(ASKING_MAX));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let metrics = metrics.clone();
                tokio::spawn(async move {
                    // Who asks badly or slowly gets nothing.
                    let _answered = timeout(PATIENCE, answer(stream, &metrics)).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a question for metrics");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn answer(mut stream: TcpStream, metrics: &LiveMetrics) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if HEAD_BYTES_MAX < head.len() || stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let mut words = line.split(|byte| *byte == b' ');
    let (status, kind, body) = match (words.next(), words.next()) {
        (Some(b"GET"), Some(path))
            if path.split(|byte| *byte == b'?').next() == Some(b"/metrics") =>
        {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ("200 OK", kind, metrics.render())
        }
        (Some(b"GET"), _) => ("404 Not Found", "text/plain", "GET /metrics\n".to_owned()),
        _ => ("405 Method Not Allowed", "text/plain", "GET /metrics\n".to_owned()),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}
