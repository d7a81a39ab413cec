//! Certificates made for a test, and clients that trust them.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::{MaybeTlsStream, client_async};

use crate::hub::Socket;

/// One who signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut wanted = CertificateParams::default();
        wanted.distinguished_name.push(DnType::CommonName, name);
        wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(wanted, KeyPair::generate().unwrap()).unwrap())
    }

    /// Writes this authority's own certificate.
    pub fn write(&self, file: &Path) {
        std::fs::write(file, self.0.pem()).unwrap();
    }

    /// Writes a certificate of this machine and its key.
    pub fn certify(&self, certificate: &Path, key: &Path) {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut wanted = CertificateParams::new(names).unwrap();
        wanted.distinguished_name.push(DnType::CommonName, "tickwire");
        let own = KeyPair::generate().unwrap();
        let signed = wanted.signed_by(&own, &self.0).unwrap();
        std::fs::write(certificate, signed.pem()).unwrap();
        std::fs::write(key, own.serialize_pem()).unwrap();
    }

    /// A connection to who shows a certificate of this authority.
    pub async fn connect(&self, port: u16) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let trusting = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let socket = TcpSocket::new_v4()?;
        // Small, so that the hub soon notices who does not read.
        socket.set_recv_buffer_size(4_096)?;
        let tcp = socket.connect(([127, 0, 0, 1], port).into()).await?;
        let host = "localhost".try_into().unwrap();
        TlsConnector::from(Arc::new(trusting)).connect(host, tcp).await
    }

    /// Status and body of an answer over HTTPS; none where there is no connection.
    pub async fn get(&self, port: u16, path: &str) -> Option<(u16, String)> {
        let mut stream = self.connect(port).await.ok()?;
        let question = format!("GET {path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n");
        stream.write_all(question.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok()?;
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    /// A WebSocket over TLS.
    pub async fn socket(&self, port: u16) -> Socket {
        let stream = MaybeTlsStream::Rustls(self.connect(port).await.unwrap());
        let (stream, _) = client_async(format!("wss://localhost:{port}/ws"), stream).await.unwrap();
        Socket { stream, messages: Vec::new(), closed: None }
    }
}
