//! The door to the WebSocket.
//!
//! One of the two files that name `actix_web_actors`.

use std::cell::OnceCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix::Addr;
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws::WsResponseBuilder;
use socket2::SockRef;

use super::Api;
use super::error::Problem;
use super::reserved::Checked;
use crate::actors::session::{Session, Shard, SocketHandle};
use crate::telemetry::metrics;
use crate::wire::codec::Codec;

const PROTOCOLS: [&str; Codec::COUNT] =
    [Codec::Json.subprotocol(), Codec::MessagePack.subprotocol()];

thread_local! {
    static SHARD: OnceCell<(usize, Addr<Shard>)> = const { OnceCell::new() };
}

/// The connection's socket, shared when it was accepted.
pub struct SharedStream(pub Option<Arc<std::net::TcpStream>>);

/// `GET /ws`.
pub async fn open(
    api: web::Data<Api>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    if !api.health.is_ready() {
        return Err(Problem::unavailable("the hub is starting or stopping").into());
    }
    let offered = request.headers().get("sec-websocket-protocol");
    let offered = offered.and_then(|value| value.to_str().ok());
    let Some(codec) = Codec::chosen(offered) else {
        let detail = format!("this hub speaks {}", PROTOCOLS.join(", "));
        return Err(Problem::bad_parameter(detail).into());
    };
    let limits = api.settings.limits.clone();
    let open = api.registry.sessions.fetch_add(1, Ordering::Relaxed) + 1;
    metrics().sessions.set(i64::try_from(open).unwrap_or(i64::MAX));
    metrics().sessions_opened.inc();
    let refused = limits.sessions_max < open;
    if refused {
        metrics().sessions_refused.inc();
    }
    let shard = SHARD.with(|shard| {
        shard
            .get_or_init(|| Shard::start_here(api.registry.clone(), api.settings.limits.clone()))
            .clone()
    });
    let stream = request.conn_data::<SharedStream>().and_then(|shared| shared.0.clone());
    let send_buffer = limits.session_send_buffer_bytes;
    if let Some(stream) = stream.as_deref().filter(|_| send_buffer != 0)
        && let Err(error) = SockRef::from(stream).set_send_buffer_size(send_buffer)
    {
        tracing::debug!(%error, "SO_SNDBUF");
    }
    let frame_bytes_max = limits.frame_bytes_max;
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    tracing::debug!(session = number, peer = ?request.peer_addr(), protocol = codec.subprotocol(), "a session opens");
    let session = Session::new(
        (number, codec),
        shard,
        api.registry.clone(),
        limits,
        Arc::new(SocketHandle::new(stream)),
        refused,
    );
    let outcome = WsResponseBuilder::new(session, &request, Checked::new(payload))
        .protocols(&PROTOCOLS)
        .frame_size(frame_bytes_max)
        .start();
    if let Err(error) = &outcome {
        tracing::debug!(session = number, %error, "a session could not be opened");
        api.registry.sessions.fetch_sub(1, Ordering::Relaxed);
    }
    outcome
}
