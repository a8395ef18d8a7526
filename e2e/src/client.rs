//! HTTP as a careful client speaks it: JSON in and out, the last position echoed, the same request again when no answer came.

use crate::PATIENCE;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::{client::legacy, client::legacy::connect::HttpConnector, rt::TokioExecutor};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Longer than the gateway's own bound, so that its answer wins.
const ANSWER_WAIT: Duration = Duration::from_secs(20);
/// Between two attempts at the same request.
const AGAIN: Duration = Duration::from_millis(30);
const POSITION: &str = "jiewang-position";

/// No answer: the call may have taken effect or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoAnswer;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub json: Value,
}

impl Answer {
    /// A string field of the body, empty when it is not there.
    #[must_use]
    pub fn text(&self, field: &str) -> String {
        self.json[field].as_str().unwrap_or_default().to_owned()
    }

    /// The position of a write.
    #[must_use]
    pub fn position(&self) -> Option<String> {
        Some(self.headers.get(POSITION)?.to_str().ok()?.to_owned())
    }

    /// The body of a success.
    ///
    /// # Panics
    /// When it is a problem.
    #[track_caller]
    #[must_use]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self.json
    }

    /// The reason of a problem, which must be a whole problem document with this status.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    #[must_use]
    pub fn problem(&self, status: u16) -> String {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        let kind = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        assert_eq!(kind, Some("application/problem+json"), "{text}");
        assert_eq!(self.json["status"], status, "{text}");
        for field in ["type", "title", "detail", "traceId"] {
            assert!(self.json[field].as_str().is_some_and(|said| !said.is_empty()), "no {field}: {text}");
        }
        self.text("reason")
    }

    /// Paths of the fields at fault.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        let fields = self.json["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
        fields.iter().map(|field| field["path"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// One person or machine. Clones share the position last seen.
#[derive(Clone, Debug)]
pub struct Client {
    http: legacy::Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
    token: Option<String>,
    position: Arc<Mutex<Option<String>>>,
}

impl Client {
    #[must_use]
    pub fn new(address: SocketAddr, token: Option<String>) -> Self {
        let http = legacy::Client::builder(TokioExecutor::new()).build_http();
        Self { http, address, token, position: Arc::default() }
    }

    /// Reads what another has written: its last position is echoed from here on.
    #[must_use]
    pub fn after(self, other: &Self) -> Self {
        Self { position: other.position.clone(), ..self }
    }

    /// The same caller, who has seen nothing yet.
    #[must_use]
    pub fn unaware(&self) -> Self {
        Self { position: Arc::default(), ..self.clone() }
    }

    /// Another caller over the same connections, who has seen nothing yet.
    #[must_use]
    pub fn with_token(&self, token: Option<String>) -> Self {
        Self { token, position: Arc::default(), ..self.clone() }
    }

    /// Asks the same of another address.
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// # Errors
    /// When no answer came.
    pub async fn get(&self, path: &str) -> Result<Answer, NoAnswer> {
        self.send(Method::GET, path, &[], Bytes::new()).await
    }

    /// # Errors
    /// When no answer came.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, NoAnswer> {
        self.send(Method::POST, path, &[], body.to_string().into()).await
    }

    /// Any request.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer, NoAnswer> {
        let whole = async {
            let (parts, body) = self.open(method, path, headers, body).await?.into_parts();
            let body = body.collect().await.map_err(|_| NoAnswer)?.to_bytes();
            Ok(Answer {
                status: parts.status.as_u16(),
                headers: parts.headers,
                json: serde_json::from_slice(&body).unwrap_or_default(),
                body,
            })
        };
        let answer = tokio::time::timeout(ANSWER_WAIT, whole).await.map_err(|_| NoAnswer)??;
        if let Some(position) = answer.position() {
            *self.position.lock().unwrap_or_else(PoisonError::into_inner) = Some(position);
        }
        Ok(answer)
    }

    /// The head of an answer whose body is read piece by piece.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn open(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Response<Incoming>, NoAnswer> {
        let uri: Uri =
            format!("http://{}/{path}", self.address).parse().expect("tests write addresses that can be parsed");
        let mut request = Request::builder().method(method).uri(uri);
        if !body.is_empty() && headers.iter().all(|(name, _)| *name != "content-type") {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(position) = &*self.position.lock().unwrap_or_else(PoisonError::into_inner) {
            request = request.header(POSITION, position);
        }
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.http
            .request(request.body(Full::new(body)).expect("tests write headers that are valid"))
            .await
            .map_err(|_| NoAnswer)
    }

    /// The same request again until it is answered for good: after a lost connection, "try again" and "wait a little".
    ///
    /// # Panics
    /// When that does not happen within [`PATIENCE`].
    pub async fn insist(&self, method: Method, path: &str, body: &Value) -> Answer {
        let body: Bytes = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let began = Instant::now();
        loop {
            let answer = self.send(method.clone(), path, &[], body.clone()).await;
            match &answer {
                Ok(answer) if !matches!(answer.status, 429 | 503) => return answer.clone(),
                Ok(_) | Err(NoAnswer) => {}
            }
            assert!(began.elapsed() < PATIENCE, "no answer to {path}: {answer:?}");
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// [`Client::insist`] on a read that must succeed.
    pub async fn read(&self, path: &str) -> Value {
        self.insist(Method::GET, path, &Value::Null).await.ok()
    }

    /// [`Client::insist`] on a change that must succeed.
    pub async fn write(&self, path: &str, body: &Value) -> Value {
        self.insist(Method::POST, path, body).await.ok()
    }

    /// All items of a list, page by page.
    ///
    /// # Panics
    /// When the pages do not end.
    pub async fn list(&self, collection: &str, query: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut token = String::new();
        for _page in 0..10_000 {
            let page = self.read(&format!("v1/{collection}?pageSize=200&{query}&pageToken={token}")).await;
            items.extend(page[collection].as_array().cloned().unwrap_or_default());
            token = page["nextPageToken"].as_str().unwrap_or_default().to_owned();
            if token.is_empty() {
                return items;
            }
        }
        panic!("the pages of {collection} do not end");
    }

    /// All reports, the finished ones too: a list without a state is one of what is open.
    pub async fn all_reports(&self) -> Vec<Value> {
        let mut reports = BTreeMap::new();
        for state in ["", "state=DONE", "state=ENDED"] {
            let named = |report: Value| (report["name"].to_string(), report);
            reports.extend(self.list("reports", state).await.into_iter().map(named));
        }
        reports.into_values().collect()
    }
}
