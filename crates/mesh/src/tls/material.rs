//! The files of a process's folder, and what rustls makes of them.

use super::name::{ServiceName, ServiceNameError};
use civic::Micros;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};
use x509_parser::prelude::{FromDer, X509Certificate};

/// The certificate, and below it those between it and a root.
pub const CERTIFICATE: &str = "tls.crt";
/// Its key.
pub const KEY: &str = "tls.key";
/// The roots that are trusted.
pub const ROOTS: &str = "ca.crt";

const PROTOCOL: &[u8] = b"h2";

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not there, or may not be read.
    #[error("failed to read {}", file.display())]
    Unreadable {
        /// Which one.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not PEM, or holds nothing of the kind.
    #[error("{file} is not in PEM or holds nothing of its kind")]
    Malformed {
        /// Which one.
        file: &'static str,
        /// Why.
        source: pem::Error,
    },
    /// The certificate's time is over.
    #[error("the certificate of {name} ended at {until}")]
    Expired {
        /// Whose.
        name: ServiceName,
        /// When.
        until: Micros,
    },
    /// The certificate names nobody.
    #[error("tls.crt names no service")]
    Nameless(#[from] ServiceNameError),
    /// Certificate, key and roots do not make a whole.
    #[error("certificate, key and roots do not fit each other")]
    Unfit(#[from] rustls::Error),
    /// There is no root that could be trusted.
    #[error("ca.crt holds no root that can be trusted")]
    Rootless(#[from] VerifierBuilderError),
}

/// What stands in the folder.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
    roots: Vec<u8>,
}

impl Files {
    pub(super) fn read(folder: &Path) -> Result<Self, TlsError> {
        let read = |name| {
            let file = folder.join(name);
            fs::read(&file).map_err(|source| TlsError::Unreadable { file, source })
        };
        Ok(Self { certificate: read(CERTIFICATE)?, key: read(KEY)?, roots: read(ROOTS)? })
    }
}

/// Both sides of a handshake.
pub(super) struct Material {
    pub(super) server: Arc<ServerConfig>,
    pub(super) client: Arc<ClientConfig>,
    pub(super) name: ServiceName,
    pub(super) until: Micros,
}

impl Material {
    pub(super) fn of(files: &Files, now: Micros) -> Result<Self, TlsError> {
        let chain = certificates(CERTIFICATE, &files.certificate)?;
        let key =
            || PrivateKeyDer::from_pem_slice(&files.key).map_err(|source| TlsError::Malformed { file: KEY, source });
        let leaf = chain.first().map(AsRef::as_ref).unwrap_or_default();
        let (name, until) = (ServiceName::in_certificate(leaf)?, until(leaf)?);
        if until <= now {
            return Err(TlsError::Expired { name, until });
        }
        let mut roots = RootCertStore::empty();
        for root in certificates(ROOTS, &files.roots)? {
            roots.add(root)?;
        }
        let (roots, provider) = (Arc::new(roots), Arc::new(ring::default_provider()));
        let server = server(&provider, &roots, chain.clone(), key()?)?;
        let client = client(&provider, &roots, chain, key()?)?;
        Ok(Self { server: Arc::new(server), client: Arc::new(client), name, until })
    }
}

fn certificates(file: &'static str, bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let malformed = |source| TlsError::Malformed { file, source };
    let all = CertificateDer::pem_slice_iter(bytes).collect::<Result<Vec<_>, _>>().map_err(malformed)?;
    if all.is_empty() { Err(malformed(pem::Error::NoItemsFound)) } else { Ok(all) }
}

fn until(leaf: &[u8]) -> Result<Micros, TlsError> {
    let (_, certificate) = X509Certificate::from_der(leaf).map_err(|_malformed| ServiceNameError::Missing)?;
    Ok(Micros(certificate.validity().not_after.timestamp().saturating_mul(1_000_000)))
}

fn server(
    provider: &Arc<CryptoProvider>,
    roots: &Arc<RootCertStore>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, TlsError> {
    // Without a certificate only health is answered, see `Desk`: Consul's agent has none.
    let callers = WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(provider))
        .allow_unauthenticated()
        .build()?;
    let mut config = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(callers)
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(config)
}

fn client(
    provider: &Arc<CryptoProvider>,
    roots: &Arc<RootCertStore>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ClientConfig, TlsError> {
    let mut config = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(Arc::clone(roots))
        .with_client_auth_cert(chain, key)?;
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(config)
}
