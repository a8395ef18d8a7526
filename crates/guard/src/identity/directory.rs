//! Where a provider's keys are: discovery (OpenID Connect Discovery 1.0), then its set of keys (RFC 7517).

use bytes::Bytes;
use http::header::ACCEPT;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use jsonwebtoken::jwk::JwkSet;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Neither document is longer.
const LONGEST: usize = 256 * 1024;

/// Longest wait for both together.
const SOON: Duration = Duration::from_secs(3);

/// The name of an issuer, as it stands in tokens: an https URL, or an http one of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerUrl(String);

/// Why a text names no issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an issuer is given as https URL without query, such as https://id.example.cn/realms/city; http only on this machine"
)]
pub struct IssuerUrlError;

impl FromStr for IssuerUrl {
    type Err = IssuerUrlError;

    fn from_str(text: &str) -> Result<Self, IssuerUrlError> {
        let url: Uri = text.parse().map_err(|_| IssuerUrlError)?;
        let usable = is_trusted(&url) && url.query().is_none() && !text.contains(['@', '#']);
        if usable { Ok(Self(text.to_owned())) } else { Err(IssuerUrlError) }
    }
}

impl fmt::Display for IssuerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Keys that came over a line that others can change are nobody's.
fn is_trusted(url: &Uri) -> bool {
    match (url.scheme_str(), url.host()) {
        (Some("https"), Some(_)) => true,
        (Some("http"), Some(host)) => {
            let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
            host == "localhost" || address.is_ok_and(|address| address.is_loopback())
        }
        _ => false,
    }
}

/// Why the keys of a provider are not known.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    #[error("the machine's certificates of authorities cannot be read")]
    Roots(#[source] std::io::Error),
    #[error("failed to reach the issuer")]
    Unreachable(#[from] hyper_util::client::legacy::Error),
    #[error("the issuer did not answer in time")]
    Late,
    #[error("the issuer answered {0}")]
    Refused(StatusCode),
    #[error("the answer of the issuer cannot be read")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the answer of the issuer makes no sense")]
    Garbage(#[from] serde_json::Error),
    #[error("the issuer calls itself {0}")]
    Other(String),
    #[error("the issuer's keys are at no https URL")]
    Keys,
}

#[derive(Deserialize)]
pub(super) struct Discovered {
    issuer: String,
    jwks_uri: String,
}

impl Discovered {
    /// Where its keys are, if they come over a line that nobody changes.
    pub(super) fn keys(&self) -> Option<Uri> {
        self.jwks_uri.parse().ok().filter(is_trusted)
    }
}

/// Asks one provider.
pub(super) struct Directory {
    issuer: IssuerUrl,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

impl Directory {
    /// Certificates of authorities are the machine's own, or those in the file that `SSL_CERT_FILE` names.
    pub(super) fn new(issuer: IssuerUrl) -> Result<Self, DirectoryError> {
        let builder = HttpsConnectorBuilder::new();
        let builder = if issuer.0.starts_with("https") {
            let provider = rustls::crypto::ring::default_provider();
            builder.with_provider_and_native_roots(provider).map_err(DirectoryError::Roots)?
        } else {
            builder.with_tls_config(without_roots())
        };
        let connector = builder.https_or_http().enable_http1().build();
        Ok(Self { issuer, client: Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector) })
    }

    /// The set as it is now.
    pub(super) async fn keys(&self) -> Result<JwkSet, DirectoryError> {
        tokio::time::timeout(SOON, self.both()).await.map_err(|_| DirectoryError::Late)?
    }

    async fn both(&self) -> Result<JwkSet, DirectoryError> {
        let issuer = self.issuer.0.trim_end_matches('/');
        let at = format!("{issuer}/.well-known/openid-configuration").parse().map_err(|_| DirectoryError::Keys)?;
        let found: Discovered = self.get(at).await?;
        if found.issuer != self.issuer.0 {
            return Err(DirectoryError::Other(found.issuer));
        }
        self.get(found.keys().ok_or(DirectoryError::Keys)?).await
    }

    /// Redirects are not followed.
    async fn get<T: DeserializeOwned>(&self, at: Uri) -> Result<T, DirectoryError> {
        let request = Request::get(at).header(ACCEPT, "application/json").body(Empty::new());
        let answer = self.client.request(request.expect("a URL and a header make a request")).await?;
        if answer.status() != StatusCode::OK {
            return Err(DirectoryError::Refused(answer.status()));
        }
        let body = Limited::new(answer.into_body(), LONGEST).collect().await.map_err(DirectoryError::Body)?;
        Ok(serde_json::from_slice(&body.to_bytes())?)
    }
}

/// An issuer of this machine is asked over http, and sends nobody to https elsewhere.
fn without_roots() -> rustls::ClientConfig {
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows the default versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_lines_that_nobody_else_can_change() {
        for url in [
            "https://id.example.cn",
            "https://id.example.cn/realms/city",
            "http://127.0.0.1:3000/",
            "http://[::1]:9",
            "http://localhost:1",
        ] {
            assert_eq!(url.parse::<IssuerUrl>().map(|url| url.to_string()), Ok(url.to_owned()));
        }
        for url in [
            "",
            "id.example.cn",
            "http://id.example.cn",
            "https://a@b.cn",
            "https://b.cn?x=1",
            "https://b.cn#x",
            "ftp://127.0.0.1",
            "http://10.0.0.1",
        ] {
            assert_eq!(url.parse::<IssuerUrl>(), Err(IssuerUrlError), "{url}");
        }
    }
}
