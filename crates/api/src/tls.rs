//! TLS for those who reach the API from other machines.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::error::ApiError;

/// Reads chain and private part from one file of PEM.
pub(crate) fn acceptor(path: &Path) -> Result<TlsAcceptor, ApiError> {
    let wrong = |problem: String| ApiError::Content { path: path.to_owned(), problem };
    let bytes = std::fs::read(path).map_err(ApiError::file(path, "reading"))?;
    let chain: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let chain = chain.map_err(|_| wrong("a certificate in it cannot be read".to_owned()))?;
    if chain.is_empty() {
        return Err(wrong("it holds no certificate; put the chain and the private part into it".to_owned()));
    }
    // The error of the parser might show a part of what it read.
    let private = PrivateKeyDer::from_pem_slice(&bytes)
        .map_err(|_| wrong("it holds no private part that can be read".to_owned()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| wrong(error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
