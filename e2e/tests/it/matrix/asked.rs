//! One question of one caller, and what came back.

use super::people::People;
use super::rpcs::Rpc;
use bytes::Bytes;
use civic::Actor;
use e2e::client::Client;
use http::Method;
use http_body_util::BodyExt as _;
use proto::events::v1::event_log_client::EventLogClient;
use proto::events::v1::{HeadRequest, PositionRequest, ReadRequest};
use serde_json::{Map, Value};
use std::sync::{Arc, Mutex};
use tokio::task::JoinSet;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

/// An answer, as far as cells and canaries need it.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) reason: String,
    /// Headers and body.
    pub(super) bytes: Vec<u8>,
}

/// What a stream has said so far.
pub(super) type Heard = Arc<Mutex<Vec<u8>>>;

/// Asks again while the cluster is only busy.
pub(super) async fn over_http(client: &Client, rpc: &Rpc, fields: Map<String, Value>) -> Said {
    let request = rpc.request(fields);
    e2e::until("an answer", || async {
        let body = Bytes::from(request.body.clone());
        let answer = client.send(request.method.clone(), &request.path, &[], body).await.ok()?;
        let reason = answer.text("reason");
        if answer.status == 503 || reason == "TOO_MANY_REQUESTS" {
            return None;
        }
        let bytes = [format!("{:?}", answer.headers).as_bytes(), &answer.body].concat();
        Some(Said { status: answer.status, reason, bytes })
    })
    .await
}

/// Opens a stream and leaves it open: what it says is read until the test ends.
pub(super) async fn over_sse(client: &Client, rpc: &Rpc, heard: Heard, readers: &Mutex<JoinSet<()>>) -> Said {
    let path = rpc.request(Map::new()).path;
    let answer = client.open(Method::GET, &path, &[], Bytes::new()).await.expect("a stream is answered");
    let (parts, mut body) = answer.into_parts();
    let bytes = format!("{:?}", parts.headers).into_bytes();
    let status = parts.status.as_u16();
    if status != 200 {
        let body = body.collect().await.expect("a refusal has an end").to_bytes();
        let reason = serde_json::from_slice::<Value>(&body).unwrap()["reason"].as_str().unwrap_or_default().to_owned();
        return Said { status, reason, bytes: [bytes, body.to_vec()].concat() };
    }
    readers.lock().unwrap().spawn(async move {
        while let Some(Ok(frame)) = body.frame().await {
            heard.lock().unwrap().extend(frame.into_data().unwrap_or_default());
        }
    });
    Said { status, reason: String::new(), bytes }
}

/// The rpcs that have no HTTP form, as whoever reaches the process itself could call them.
pub(super) async fn over_grpc(channel: &Channel, people: &People, actor: Option<&Actor>, rpc: &Rpc) -> Said {
    let mut log = EventLogClient::new(channel.clone());
    let (service, case_id) = ("dispatch".to_owned(), "01k9aaaaaaaaaaaaaaaaaaaaaa".to_owned());
    let head = HeadRequest { service: service.clone() };
    let read = ReadRequest { service: service.clone(), partition: 0, after: 0, limit: 100 };
    let position = PositionRequest { service, partition: 0, case_id, case_version: 1 };
    let token = actor.map(|actor| people.token(actor));
    let answer = match rpc.short() {
        "EventLog/Head" => log.head(with(head, token)).await.map(|answer| format!("{answer:?}")),
        "EventLog/Read" => log.read(with(read, token)).await.map(|answer| format!("{answer:?}")),
        "EventLog/Position" => log.position(with(position, token)).await.map(|answer| format!("{answer:?}")),
        other => panic!("{other} has no HTTP form: say here how it is called"),
    };
    match answer {
        Ok(answer) => Said { status: 200, reason: String::new(), bytes: answer.into_bytes() },
        Err(status) => Said {
            status: http_status(&status),
            reason: format!("{:?}", status.code()),
            bytes: format!("{status:?}").into_bytes(),
        },
    }
}

fn with<T>(message: T, token: Option<String>) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(token) = token {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    request
}

fn http_status(status: &Status) -> u16 {
    const KNOWN: [(Code, u16); 4] = [
        (Code::Unauthenticated, 401),
        (Code::PermissionDenied, 403),
        (Code::NotFound, 404),
        (Code::InvalidArgument, 400),
    ];
    KNOWN.iter().find(|(code, _)| *code == status.code()).map_or(500, |(_, http)| *http)
}
