//! Names of services in certificates.

use rustls::pki_types::CertificateDer;
use std::str::FromStr;
use std::{fmt, io};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// `spiffe://<cluster>/<service>`: one service of one cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServiceName {
    /// The cluster's name, as in `cluster.id`.
    pub cluster: String,
    /// `intake`, `dispatch`, `gateway`.
    pub service: String,
}

/// A certificate or a text without such a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceNameError {
    /// See [`ServiceName`].
    #[error("the name is not spiffe://<cluster>/<service> in lower-case letters, digits, hyphens and points")]
    Malformed,
    /// It has another kind of name, or none.
    #[error("the certificate does not carry exactly one spiffe:// name")]
    Missing,
    /// Clusters under one root stay apart.
    #[error("the certificate is of another cluster")]
    Foreign,
}

impl ServiceName {
    /// Parts that may stand in a name.
    pub fn new(cluster: &str, service: &str) -> Result<Self, ServiceNameError> {
        let plain = |part: &str| {
            let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
            !part.is_empty() && part.len() <= 63 && part.bytes().all(fits)
        };
        if !plain(cluster) || !plain(service) {
            return Err(ServiceNameError::Malformed);
        }
        Ok(Self { cluster: cluster.to_owned(), service: service.to_owned() })
    }

    /// The one name of a certificate (SPIFFE allows no second one).
    pub(super) fn in_certificate(der: &[u8]) -> Result<Self, ServiceNameError> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_malformed| ServiceNameError::Missing)?;
        let names = certificate.subject_alternative_name().ok().flatten().ok_or(ServiceNameError::Missing)?;
        let uri = |name| if let &GeneralName::URI(uri) = name { Some(uri) } else { None };
        let mut uris = names.value.general_names.iter().filter_map(uri);
        match (uris.next(), uris.next()) {
            (Some(one), None) => one.parse(),
            _ => Err(ServiceNameError::Missing),
        }
    }

    /// The name that the other end of a connection has shown; `None` when it has shown no certificate.
    pub(super) fn of_same_cluster(&self, shown: Option<&[CertificateDer<'_>]>) -> io::Result<Option<Self>> {
        let Some([certificate, ..]) = shown else { return Ok(None) };
        let name = Self::in_certificate(certificate).map_err(io::Error::other)?;
        match name.cluster == self.cluster {
            true => Ok(Some(name)),
            false => Err(io::Error::other(ServiceNameError::Foreign)),
        }
    }

    /// The same service as a host: what a handshake compares.
    pub(super) fn host(&self) -> String {
        host_of(&self.service)
    }
}

pub(super) fn host_of(service: &str) -> String {
    format!("{service}.jiewang.internal")
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spiffe://{}/{}", self.cluster, self.service)
    }
}

impl FromStr for ServiceName {
    type Err = ServiceNameError;

    fn from_str(text: &str) -> Result<Self, ServiceNameError> {
        let (cluster, service) =
            text.strip_prefix("spiffe://").and_then(|rest| rest.split_once('/')).ok_or(ServiceNameError::Malformed)?;
        Self::new(cluster, service)
    }
}
