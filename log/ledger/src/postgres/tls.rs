//! TLS to the server: who answers must hold a certificate for the name that was asked for.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;
use world::Tasks;

use super::place::Encryption;

/// What makes connections of this kind; none for plain ones.
///
/// # Errors
/// Says why the authorities cannot be read.
pub(super) async fn connector(encryption: &Encryption, tasks: &Tasks) -> Result<Option<MakeRustlsConnect>, String> {
    let Encryption::Verified { roots } = encryption.clone() else {
        return Ok(None);
    };
    let roots = tasks.blocking(move || match roots {
        Some(path) => given(&path).map_err(|what| format!("sslrootcert {}: {what}", path.display())),
        None => system(),
    });
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots.await?)
        .with_no_client_auth();
    Ok(Some(MakeRustlsConnect::new(config)))
}

fn given(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())? {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    match roots.is_empty() {
        true => Err("there is no certificate in it".to_owned()),
        false => Ok(roots),
    }
}

fn system() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // A system may hold certificates that only others can read.
    roots.add_parsable_certificates(found.certs);
    match (roots.is_empty(), found.errors.first()) {
        (false, _) => Ok(roots),
        (true, Some(error)) => Err(format!("the system's authorities: {error}")),
        (true, None) => Err("the system knows no authorities; sslrootcert=FILE names some".to_owned()),
    }
}
