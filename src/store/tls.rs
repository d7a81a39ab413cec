//! Whom to trust, and who the hub says it is, on encrypted connections to servers.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use crate::config::{self, SslMode};

/// What is wrong with a file of certificates or keys.
#[derive(Debug, thiserror::Error)]
#[error("setting {setting} = {path}: {why}")]
pub struct TlsFault {
    /// Which setting names the file.
    pub setting: &'static str,
    /// The file.
    pub path: String,
    /// What is wrong with it.
    pub why: String,
}

impl TlsFault {
    fn new(setting: &'static str, path: &str, why: impl ToString) -> Self {
        Self { setting, path: path.to_owned(), why: why.to_string() }
    }
}

/// The bytes of a file that a setting names.
pub(super) fn read(setting: &'static str, path: &str) -> Result<Vec<u8>, TlsFault> {
    std::fs::read(Path::new(path)).map_err(|error| TlsFault::new(setting, path, error))
}

/// How to speak TLS with the database; none where it must not be spoken.
pub(super) fn of_database(
    settings: &config::Database,
    mode: SslMode,
) -> Result<Option<ClientConfig>, TlsFault> {
    let verifier: Arc<dyn ServerCertVerifier> = match mode {
        SslMode::Disable => return Ok(None),
        SslMode::Prefer | SslMode::Require => Arc::new(Unchecked),
        SslMode::VerifyCa => Arc::new(AnyName(verifier(settings)?)),
        SslMode::VerifyFull => verifier(settings)?,
    };
    // Safe defaults but for the verifier, which is where PostgreSQL's modes differ.
    let client = ClientConfig::builder().dangerous().with_custom_certificate_verifier(verifier);
    let (Some(certificate), Some(key)) = (&settings.tls_cert_file, &settings.tls_key_file) else {
        return Ok(Some(client.with_no_client_auth()));
    };
    let chain = certificates("database.tls_cert_file", certificate)?;
    let name = "database.tls_key_file";
    let secret = PrivateKeyDer::from_pem_slice(&read(name, key)?)
        .map_err(|error| TlsFault::new(name, key, error))?;
    let client = client.with_client_auth_cert(chain, secret);
    Ok(Some(client.map_err(|error| TlsFault::new(name, key, error))?))
}

fn verifier(settings: &config::Database) -> Result<Arc<WebPkiServerVerifier>, TlsFault> {
    let name = "database.tls_ca_file";
    let mut roots = RootCertStore::empty();
    let path = settings.tls_ca_file.as_deref();
    match path {
        Some(path) => {
            for authority in certificates(name, path)? {
                roots.add(authority).map_err(|error| TlsFault::new(name, path, error))?;
            }
        }
        // Those of the system that cannot be read are as good as not there.
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let path = path.unwrap_or("(those whom the system trusts)");
    WebPkiServerVerifier::builder(Arc::new(roots))
        .build()
        .map_err(|error| TlsFault::new(name, path, error))
}

/// The bytes of a file that holds certificates, as its reader will find them.
pub(super) fn authorities(setting: &'static str, path: &str) -> Result<Vec<u8>, TlsFault> {
    certificates(setting, path)?;
    read(setting, path)
}

fn certificates(
    setting: &'static str,
    path: &str,
) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    let bytes = read(setting, path)?;
    let all: Vec<_> = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(|error| TlsFault::new(setting, path, error))?;
    if all.is_empty() {
        return Err(TlsFault::new(setting, path, "certificates in PEM are expected"));
    }
    Ok(all)
}

/// Takes any certificate: `sslmode` prefer and require hold off who only listens, no more.
#[derive(Debug)]
struct Unchecked;

/// A chain that is trusted, whatever host it names: `sslmode=verify-ca`.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let outcome =
            self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match outcome {
            // The name is the last that is looked at, after the chain was found good.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            outcome => outcome,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
