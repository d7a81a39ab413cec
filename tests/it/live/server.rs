//! The venue's server: WebSocket and REST on one port, with TLS or without.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::venue::{Out, Venue};

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

fn listen(port: u16) -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(([127, 0, 0, 1], port).into()).unwrap();
    socket.listen(64).unwrap()
}

/// Serves the venue on a free port, which it returns; while the venue does not accept, nobody listens.
pub fn serve(venue: Venue, tls: Option<TlsAcceptor>) -> u16 {
    let mut listener = Some(listen(0));
    let port = listener.as_ref().unwrap().local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let accepts = venue.state.lock().accepts;
            match &listener {
                Some(_) if !accepts => listener = None,
                None if accepts => listener = Some(listen(port)),
                Some(open) => {
                    let accepted = tokio::time::timeout(Duration::from_millis(5), open.accept());
                    if let Ok(Ok((stream, _))) = accepted.await
                        && venue.state.lock().accepts
                    {
                        stream.set_nodelay(true).unwrap();
                        let (venue, tls) = (venue.clone(), tls.clone());
                        tokio::spawn(async move {
                            match tls {
                                Some(tls) => {
                                    if let Ok(stream) = tls.accept(stream).await {
                                        attend(venue, Box::new(stream)).await;
                                    }
                                }
                                None => attend(venue, Box::new(stream)).await,
                            }
                        });
                    }
                }
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    });
    port
}

async fn attend(venue: Venue, mut stream: Box<dyn Stream>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let Some(key) = header("sec-websocket-key") else {
        let (status, headers, body, is_cut) = venue.answer(&path);
        let length = body.len();
        let body = if is_cut { &body[..length / 2] } else { &body };
        let answer = format!(
            "HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(answer.as_bytes()).await.ok();
        stream.shutdown().await.ok();
        return;
    };
    let accept = derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    if stream.write_all(answer.as_bytes()).await.is_ok() {
        let socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
        converse(venue, socket).await;
    }
}

async fn converse(venue: Venue, mut socket: WebSocketStream<Box<dyn Stream>>) {
    let (client, mut outs) = mpsc::unbounded_channel();
    let socket_number = venue.state.lock().admit(client, venue.dialect.welcome());
    loop {
        tokio::select! {
            out = outs.recv() => {
                let message = match out {
                    Some(Out::Text(text)) if venue.dialect.is_binary() => Message::binary(text),
                    Some(Out::Text(text)) => Message::text(text),
                    Some(Out::Binary(bytes)) => Message::binary(bytes),
                    Some(Out::Letters(bytes)) => {
                        let kind = OpCode::Data(Data::Text);
                        Message::Frame(Frame::message(bytes, kind, true))
                    }
                    Some(Out::Close) | None => break,
                };
                if socket.send(message).await.is_err() {
                    break;
                }
            }
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => venue.hear(socket_number, text.as_str()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
        }
    }
    venue.state.lock().dismiss(socket_number);
}

/// How the server speaks TLS, from PEM files.
pub fn acceptor(certificate: &std::path::Path, key: &std::path::Path) -> TlsAcceptor {
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let chain = CertificateDer::pem_file_iter(certificate).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let server =
        ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    TlsAcceptor::from(Arc::new(server))
}
