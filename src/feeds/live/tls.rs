//! Whom a live feed trusts: the system's authorities, and those of a file for private servers.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// How to speak TLS with a venue, for its WebSocket and its REST server alike.
pub(super) type Tls = Arc<ClientConfig>;

/// How to speak TLS with venues.
///
/// # Errors
///
/// What is wrong with the file, in words.
pub(super) fn client(ca_file: Option<&str>) -> Result<Tls, String> {
    let mut roots = RootCertStore::empty();
    // Those of the system that cannot be read are as good as not there.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca_file {
        let fault = |why: String| format!("setting live.ca_file = {path}: {why}");
        let bytes = std::fs::read(path).map_err(|error| fault(error.to_string()))?;
        let own: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&bytes)
            .collect::<Result<_, _>>()
            .map_err(|error| fault(error.to_string()))?;
        if own.is_empty() {
            return Err(fault("certificates in PEM are expected".into()));
        }
        for authority in own {
            roots.add(authority).map_err(|error| fault(error.to_string()))?;
        }
    }
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::new(client))
}
