//! The gateway's HTTP/1.1 and JSON, as the operators' verbs use it. Plain HTTP only: an ingress in front of the gateway speaks TLS.

mod problem;

pub use problem::Problem;

use bytes::Bytes;
use civic::{Clock as _, Rng as _, SystemClock, SystemRng};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client as Pool, Error as PoolError};
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use std::error::Error;
use std::time::Duration;

/// The gateway gives up a request after 15 s; a little more lets its own answer arrive.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A page of 200 reports of the longest text is below it.
const LONGEST_ANSWER: usize = 32 << 20;

/// One gateway, called as one caller. Clones share their connections.
#[derive(Clone)]
pub struct Client {
    pool: Pool<HttpConnector, Full<Bytes>>,
    base: String,
    authorization: Option<HeaderValue>,
}

/// Why there is no answer to work with.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("{address} is no address of a gateway: {why}")]
    Address { address: String, why: &'static str },
    #[error("the gateway at {base} does not answer; is it running?")]
    Unreachable { base: String, source: PoolError },
    #[error("the gateway at {base} gave no answer within {} s", TIMEOUT.as_secs())]
    Timeout { base: String },
    /// It broke off, is too long, or is not JSON: whoever answers there is perhaps no gateway.
    #[error("what answers at {base} does not speak as a gateway does")]
    Body { base: String, source: Box<dyn Error + Send + Sync> },
    #[error(transparent)]
    Refused(Problem),
}

impl Client {
    /// A client of the gateway at `base`, such as `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// When that is no such address, or the token no token.
    pub fn new(base: &str, token: Option<String>) -> Result<Self, CallError> {
        let wrong = |why| CallError::Address { address: base.to_owned(), why };
        let base = base.trim_end_matches('/');
        let uri = base.parse::<Uri>().map_err(|_| wrong("it is no URL"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(wrong("TLS is the ingress's; name the gateway itself with http://")),
            Some(_) | None => return Err(wrong("it must begin with http://")),
        }
        let authorization =
            token.map(|token| bearer(&token).ok_or_else(|| wrong("the token has characters no token has")));
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(Duration::from_secs(5)));
        let pool = Pool::builder(TokioExecutor::new()).build(connector);
        Ok(Self { pool, base: base.to_owned(), authorization: authorization.transpose()? })
    }

    /// The address, for messages.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// `GET` of a path with its query.
    ///
    /// # Errors
    /// [`CallError::Refused`] for a problem of the gateway, the others when there is no answer.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        self.call(Method::GET, path, Bytes::new()).await
    }

    /// `POST` of a JSON body.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: Bytes) -> Result<T, CallError> {
        self.call(Method::POST, path, body).await
    }

    async fn call<T: DeserializeOwned>(&self, method: Method, path: &str, body: Bytes) -> Result<T, CallError> {
        let (status, retry_after, body) = self.exchange(method, path, body).await?;
        if !status.is_success() {
            return Err(CallError::Refused(Problem::read(status, &body, retry_after)));
        }
        serde_json::from_slice(&body).map_err(|source| self.strange(source))
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Option<Duration>, Bytes), CallError> {
        let request = self.request(method, path, body)?;
        let exchange = async {
            let answer = self.pool.request(request).await;
            let answer = answer.map_err(|source| CallError::Unreachable { base: self.base.clone(), source })?;
            let (status, retry_after) = (answer.status(), retry_after(&answer));
            let body = Limited::new(answer.into_body(), LONGEST_ANSWER).collect().await;
            Ok((status, retry_after, body.map_err(|source| self.strange(source))?.to_bytes()))
        };
        tokio::time::timeout(TIMEOUT, exchange).await.map_err(|_| CallError::Timeout { base: self.base.clone() })?
    }

    fn strange(&self, source: impl Into<Box<dyn Error + Send + Sync>>) -> CallError {
        CallError::Body { base: self.base.clone(), source: source.into() }
    }

    fn request(&self, method: Method, path: &str, body: Bytes) -> Result<Request<Full<Bytes>>, CallError> {
        let mut request = Request::builder().method(&method).uri(format!("{}{path}", self.base));
        request = request.header(ACCEPT, "application/json");
        if method == Method::POST {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let wrong = |_| CallError::Address { address: format!("{}{path}", self.base), why: "it is no URL" };
        request.body(Full::new(body)).map_err(wrong)
    }

    /// The status of a path, whatever its body: what probes ask for.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn probe(&self, path: &str) -> Result<(StatusCode, String), CallError> {
        let (status, _, body) = self.exchange(Method::GET, path, Bytes::new()).await?;
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }
}

/// An identity for one request of an operator's: nobody repeats it but this process.
#[must_use]
pub fn request_id() -> String {
    format!("{}-{:x}", SystemClock.now().0, SystemRng.u64())
}

fn bearer(token: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn retry_after(answer: &Response<Incoming>) -> Option<Duration> {
    answer.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}
