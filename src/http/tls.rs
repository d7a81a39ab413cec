//! The hub's own certificate: read at the start, and again when its files change.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::config;

/// Between two looks at the files.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Why the server does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be bound.
    #[error("setting http.bind = {bind}: {source}")]
    Bind {
        /// The address.
        bind: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the certificate is not what it should be.
    #[error("setting {setting} = {path}: {why}")]
    Certificate {
        /// Which setting names the file.
        setting: &'static str,
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
}

/// The certificate that clients are shown, and the files it came from.
#[derive(Debug)]
struct Shown {
    certificate_file: PathBuf,
    key_file: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().clone())
    }
}

/// How to speak TLS with clients, where the settings name a certificate.
///
/// # Errors
///
/// [`ServeError`] naming the setting whose file is not what it should be.
pub(super) fn of_clients(settings: &config::Http) -> Result<Option<ServerConfig>, ServeError> {
    let (Some(certificate), Some(key)) = (&settings.tls_cert_file, &settings.tls_key_file) else {
        return Ok(None);
    };
    let (certificate_file, key_file) = (PathBuf::from(certificate), PathBuf::from(key));
    let current = RwLock::new(Arc::new(read(&certificate_file, &key_file)?));
    let shown = Arc::new(Shown { certificate_file, key_file, current });
    actix_web::rt::spawn(watch(shown.clone()));
    Ok(Some(ServerConfig::builder().with_no_client_auth().with_cert_resolver(shown)))
}

/// Takes a new certificate when the files have changed; until both fit each other, the old one stays.
async fn watch(shown: Arc<Shown>) {
    let stamps = || {
        let stamp = |path: &PathBuf| std::fs::metadata(path).and_then(|file| file.modified()).ok();
        (stamp(&shown.certificate_file), stamp(&shown.key_file))
    };
    let mut seen: (Option<SystemTime>, Option<SystemTime>) = stamps();
    loop {
        actix_web::rt::time::sleep(LOOK_EVERY).await;
        let now = stamps();
        if now == seen {
            continue;
        }
        seen = now;
        match read(&shown.certificate_file, &shown.key_file) {
            Ok(certificate) => {
                *shown.current.write() = Arc::new(certificate);
                tracing::info!("clients are shown the new certificate");
            }
            Err(error) => tracing::warn!(%error, "clients are still shown the old certificate"),
        }
    }
}

fn read(certificate_file: &PathBuf, key_file: &PathBuf) -> Result<CertifiedKey, ServeError> {
    let fault = |setting, path: &PathBuf, why: String| ServeError::Certificate {
        setting,
        path: path.display().to_string(),
        why,
    };
    let of_certificate = |why| fault("http.tls_cert_file", certificate_file, why);
    let of_key = |why| fault("http.tls_key_file", key_file, why);
    let chain =
        std::fs::read(certificate_file).map_err(|error| of_certificate(error.to_string()))?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&chain)
        .collect::<Result<_, _>>()
        .map_err(|error| of_certificate(error.to_string()))?;
    if chain.is_empty() {
        return Err(of_certificate("certificates in PEM are expected".into()));
    }
    let key = std::fs::read(key_file).map_err(|error| of_key(error.to_string()))?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| of_key(error.to_string()))?;
    let key = any_supported_type(&key).map_err(|error| of_key(error.to_string()))?;
    let certified = CertifiedKey::new(chain, key);
    certified.keys_match().map_err(|error| of_key(error.to_string()))?;
    Ok(certified)
}
