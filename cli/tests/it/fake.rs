//! A gateway of a few lines: it remembers what it was asked and answers by a function of the test's.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use mesh::{Drain, Tasks};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    pub(crate) token: String,
    pub(crate) body: Value,
    /// How often this request id came, this time included.
    pub(crate) time: usize,
}

/// What is answered.
pub(crate) enum Reply {
    Json(u16, Value),
    /// The connection breaks off instead.
    Nothing,
}

type Script = Box<dyn Fn(&Asked) -> Reply + Send + Sync>;

/// The gateway; it ends with the test's runtime.
pub(crate) struct Fake {
    pub(crate) address: std::net::SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    tasks: Tasks,
}

impl Fake {
    /// Answers `/healthz` by itself and everything else by `script`.
    pub(crate) async fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let (script, tasks): (Arc<Script>, Tasks) = (Arc::new(Box::new(script)), Tasks::new(Drain::new()));
        let (remembered, connections) = (asked.clone(), tasks.clone());
        tasks.spawn_aside("fake", async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let (script, asked) = (script.clone(), remembered.clone());
                connections.spawn_aside("fake.connection", async move {
                    let service = service_fn(move |request| answer(request, script.clone(), asked.clone()));
                    // A broken connection is what some tests ask for.
                    http1::Builder::new().serve_connection(TokioIo::new(socket), service).await.ok();
                });
            }
        });
        Self { address, asked, tasks }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The tries of each request id.
    pub(crate) fn tries(&self) -> HashMap<String, usize> {
        let mut tries = HashMap::new();
        for asked in self.asked() {
            *tries.entry(asked.body["requestId"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        tries
    }

    /// Runs `jiewang` with these arguments against this gateway, with the token `T`.
    pub(crate) async fn run(&self, args: &[&str]) -> Output {
        let mut command = jiewang(args);
        command.env("JIEWANG_GATEWAY", format!("http://{}", self.address)).env("JIEWANG_TOKEN", "T");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(self.tasks.fatal_so_far().is_none(), "the fake panicked");
        output
    }
}

async fn answer(
    request: Request<Incoming>,
    script: Arc<Script>,
    remembered: Arc<Mutex<Vec<Asked>>>,
) -> Result<Response<Full<Bytes>>, &'static str> {
    let path = request.uri().path_and_query().unwrap().to_string();
    if path == "/healthz" {
        return Ok(Response::new(Full::default()));
    }
    let method = request.method().to_string();
    let token = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let body = request.into_body().collect().await.map_err(|_| "the client broke off")?.to_bytes();
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
    let asked = {
        let mut all = remembered.lock().unwrap();
        let time = 1 + all.iter().filter(|asked| asked.body["requestId"] == body["requestId"]).count();
        all.push(Asked { method, path, token: token.unwrap_or_default(), body, time });
        all.last().unwrap().clone()
    };
    match script(&asked) {
        Reply::Json(status, body) => {
            let answer = Response::builder().status(status).header("content-type", "application/json");
            Ok(answer.body(Full::new(Bytes::from(body.to_string()))).unwrap())
        }
        Reply::Nothing => Err("asked to break off"),
    }
}

/// A problem document.
pub(crate) fn problem(status: u16, reason: &str) -> Reply {
    Reply::Json(status, json!({"type": "about:blank", "status": status, "reason": reason, "detail": "told to"}))
}

/// A report that is filed now.
pub(crate) fn accepted() -> Reply {
    Reply::Json(200, json!({"name": "reports/1", "createTime": "2999-01-01T00:00:00Z"}))
}

/// The binary, with nothing of the surroundings' settings.
pub(crate) fn jiewang(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jiewang"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("JIEWANG_")) {
        command.env_remove(name);
    }
    command
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Standard output as JSON.
pub(crate) fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(output)))
}
