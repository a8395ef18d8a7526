//! Consul as the source of addresses: a thin client of its agent's HTTP interface (docs/adr/0038).
//!
//! [`Consul::watch`] follows the replicas of a service whose health checks pass, by blocking queries; [`Consul::register`] makes this
//! process one of them and [`Registered::keep`] sees that it stays so until the drain. One agent is asked, that of this machine or
//! cluster; Consuls of several clusters are never joined.

pub(crate) mod fuzzing;
mod registration;
mod watch;

pub use registration::{Registered, Service};
pub use watch::Pace;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::time::Duration;

/// No list of replicas is longer; what is belongs to something else.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// Longest wait for an answer that is not asked to wait itself.
const SOON: Duration = Duration::from_secs(2);

/// The header of the access token.
const TOKEN: &str = "x-consul-token";

/// Why a setting names no Consul.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AddressError {
    /// It is no URL, or has more than scheme, host and port.
    #[error("the address of Consul is given as http://HOST:PORT")]
    Shape,
    /// Characters no token has. The token itself is not shown.
    #[error("the token of Consul has characters that no token has")]
    Token,
}

/// Why Consul gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ConsulError {
    /// Nobody there.
    #[error("failed to reach Consul")]
    Unreachable(#[from] hyper_util::client::legacy::Error),
    /// No answer in time.
    #[error("Consul did not answer in time")]
    Late,
    /// It broke off, or is longer than any answer.
    #[error("the answer of Consul cannot be read")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Not JSON of that shape.
    #[error("the answer of Consul makes no sense")]
    Garbage(#[from] serde_json::Error),
    /// An answer without the index that the next question needs.
    #[error("the answer of Consul has no index")]
    Index,
    /// Neither success nor "not found".
    #[error("Consul answered {0}")]
    Refused(StatusCode),
    /// The servers have no leader: what they tell may be old.
    #[error("Consul has no leader")]
    Leaderless,
}

/// A Consul agent. Cheap to clone.
#[derive(Clone)]
pub struct Consul {
    pool: Client<HttpConnector, Full<Bytes>>,
    base: String,
    token: Option<HeaderValue>,
}

impl Consul {
    /// Asks nothing yet.
    pub fn new(url: &str, token: Option<&str>) -> Result<Self, AddressError> {
        let base = url.strip_suffix('/').unwrap_or(url);
        let uri: Uri = base.parse().map_err(|_| AddressError::Shape)?;
        let bare = uri.path() == "/" && uri.query().is_none() && !base.contains('@');
        if uri.scheme_str() != Some("http") || uri.host().is_none() || !bare {
            return Err(AddressError::Shape);
        }
        let secret = |token: &str| {
            let mut value = HeaderValue::try_from(token).map_err(|_| AddressError::Token)?;
            value.set_sensitive(true);
            Ok(value)
        };
        let token = token.map(secret).transpose()?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(SOON));
        let pool = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        Ok(Self { pool, base: base.to_owned(), token })
    }

    /// One question; any answer but a success is an error, "not found" among them.
    async fn ask(&self, method: Method, path: &str, body: Bytes, within: Duration) -> Result<Reply, ConsulError> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        request = request.header(CONTENT_TYPE, "application/json");
        if let Some(token) = &self.token {
            request = request.header(TOKEN, token);
        }
        let request = request.body(Full::new(body)).map_err(|error| ConsulError::Body(error.into()))?;
        let exchange = async {
            let answer = self.pool.request(request).await?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, LONGEST_ANSWER).collect().await.map_err(ConsulError::Body)?;
            Ok((head, body.to_bytes()))
        };
        let answered: Result<_, ConsulError> =
            tokio::time::timeout(within, exchange).await.map_err(|_| ConsulError::Late)?;
        let (head, body) = answered?;
        if !head.status.is_success() {
            return Err(ConsulError::Refused(head.status));
        }
        Ok(Reply { headers: head.headers, body })
    }
}

struct Reply {
    headers: HeaderMap,
    body: Bytes,
}

#[cfg(test)]
mod tests {
    use super::{AddressError, Consul};

    #[test]
    fn an_address_is_scheme_host_and_port_and_nothing_else() {
        for good in ["http://127.0.0.1:8500", "http://consul:8500/", "http://[::1]:8500"] {
            assert!(Consul::new(good, Some("a-b")).is_ok(), "{good}");
        }
        for bad in
            ["", "consul:8500", "https://consul:8501", "http://u:p@consul:8500", "http://consul/v1", "http://c/?dc=x"]
        {
            assert_eq!(Consul::new(bad, None).err(), Some(AddressError::Shape), "{bad}");
        }
        assert_eq!(Consul::new("http://consul", Some("a\nb")).err(), Some(AddressError::Token));
    }
}
