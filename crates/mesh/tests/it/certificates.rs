//! Encrypted connections: who is let in, who is called, and what happens when certificates change.
#![allow(clippy::disallowed_methods, reason = "what a test spawns ends with its runtime")]

use crate::probe::{NOW, Served, ask, soon};
use bytes::Bytes;
use civic::{Clock, Micros, SettableClock, SystemClock};
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use mesh::tls::{Authority, ServiceName, Tls, TlsError};
use mesh::{Channel, Code, Problem};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

const MONTH: Duration = Duration::from_secs(30 * 86_400);

/// An authority, and a folder of each service's certificate.
struct Town {
    folder: TempDir,
    authority: Authority,
}

impl Town {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open(&folder.path().join("authority"), SystemClock.now()).unwrap();
        Self { folder, authority }
    }

    fn path(&self, service: &str) -> PathBuf {
        self.folder.path().join(service)
    }

    fn issue(&self, service: &str, lasts: Duration) {
        let name = ServiceName::new("50-test", service).unwrap();
        self.authority.issue(&name, SystemClock.now(), lasts).unwrap().write(&self.path(service)).unwrap();
    }

    /// A service's certificate, read again in the background like a process does.
    fn tls(&self, service: &str) -> Tls {
        self.issue(service, MONTH);
        follow(&self.path(service))
    }
}

fn follow(folder: &Path) -> Tls {
    let (tls, keep) = Tls::open(folder, Arc::new(SystemClock)).unwrap();
    tokio::spawn(keep);
    tls
}

fn to(served: &Served, service: &'static str, tls: Option<Tls>) -> Channel {
    Channel::to_replicas(service, mesh::discovery::fixed(vec![served.address.to_string()]), tls)
}

async fn problem(channel: &Channel) -> (Code, String, String) {
    let problem = Problem::from_status(&ask(channel, "who").await.unwrap_err());
    (problem.code, problem.reason, problem.detail)
}

#[tokio::test]
async fn services_of_one_cluster_speak_encrypted() {
    let town = Town::new();
    let served = Served::start_encrypted(town.tls("intake")).await;
    let channel = to(&served, "intake", Some(town.tls("gateway")));
    assert_eq!(ask(&channel, "who").await.unwrap()[0].actor, "citizen ");
    assert!(ask(&to(&served, "intake", None), "who").await.is_err(), "in plain nobody is heard");
    assert_eq!(ask(&served.memory, "who").await.unwrap()[0].actor, "citizen ", "inside the process nothing changes");
}

#[tokio::test]
async fn who_answers_must_be_the_service_that_was_called() {
    let town = Town::new();
    let served = Served::start_encrypted(town.tls("intake")).await;
    let (code, reason, detail) = problem(&to(&served, "dispatch", Some(town.tls("gateway")))).await;
    assert_eq!((code, reason.as_str()), (Code::Unavailable, "CERTIFICATE_REFUSED"));
    assert!(detail.contains("another service"), "{detail}");
}

#[tokio::test]
async fn a_stranger_is_neither_called_nor_served() {
    let (town, elsewhere) = (Town::new(), Town::new());
    let served = Served::start_encrypted(town.tls("intake")).await;
    let (code, reason, detail) = problem(&to(&served, "intake", Some(elsewhere.tls("gateway")))).await;
    assert_eq!((code, reason.as_str()), (Code::Unavailable, "CERTIFICATE_REFUSED"));
    assert!(detail.contains("stranger"), "{detail}");

    // A stranger that trusts us: its own certificate is still nobody's here.
    elsewhere.issue("gateway", MONTH);
    town.authority.trust(&elsewhere.path("gateway")).unwrap();
    let (code, ..) = problem(&to(&served, "intake", Some(follow(&elsewhere.path("gateway"))))).await;
    assert_eq!(code, Code::Unavailable);
}

#[tokio::test]
async fn another_cluster_under_the_same_root_is_neither_called_nor_served() {
    let town = Town::new();
    let next = || {
        let (name, folder) = (ServiceName::new("50-next", "intake").unwrap(), town.path("next"));
        town.authority.issue(&name, SystemClock.now(), MONTH).unwrap().write(&folder).unwrap();
        follow(&folder)
    };
    let there = Served::start_encrypted(next()).await;
    let (code, reason, detail) = problem(&to(&there, "intake", Some(town.tls("gateway")))).await;
    assert_eq!((code, reason.as_str()), (Code::Unavailable, "CERTIFICATE_REFUSED"));
    assert!(detail.contains("another cluster"), "{detail}");

    // A caller that does not look whom it calls is not heard either.
    let here = Served::start_encrypted(town.tls("intake")).await;
    let answer = ask_with(&town, &here, Some("next"), "/jiewang.events.v1.EventLog/Head").await;
    assert!(answer.is_err(), "{answer:?}");
    assert!(ask_with(&town, &here, Some("gateway"), "/jiewang.events.v1.EventLog/Head").await.is_ok());
}

/// A client that knows whom to trust, shows what it is told to, and does not look at the name that it is shown.
async fn ask_with(
    town: &Town,
    served: &Served,
    shows: Option<&str>,
    path: &str,
) -> hyper::Result<http::Response<hyper::body::Incoming>> {
    let mut roots = rustls::RootCertStore::empty();
    let trusted = std::fs::read(town.path("intake").join("ca.crt")).unwrap();
    roots.add(CertificateDer::from_pem_slice(&trusted).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots);
    let mut config = match shows {
        None => config.with_no_client_auth(),
        Some(service) => {
            let file = |name| std::fs::read(town.path(service).join(name)).unwrap();
            let chain = CertificateDer::pem_slice_iter(&file("tls.crt")).collect::<Result<_, _>>().unwrap();
            config.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(&file("tls.key")).unwrap()).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(served.address).await.unwrap();
    let host = ServerName::try_from("intake.jiewang.internal").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(host, stream).await.unwrap();
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = http::Request::post(format!("http://intake{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::new(Bytes::from_static(&[0; 5])))
        .unwrap();
    soon(client.send_request(request)).await
}

#[tokio::test]
async fn who_shows_no_certificate_is_told_so_and_may_ask_for_health() {
    let town = Town::new();
    let served = Served::start_encrypted(town.tls("intake")).await;
    let refused = ask_with(&town, &served, None, "/jiewang.events.v1.EventLog/Head").await.unwrap();
    let problem = Problem::from_status(&tonic::Status::from_header_map(refused.headers()).unwrap());
    assert_eq!((problem.code, problem.reason.as_str()), (Code::Unauthenticated, "CERTIFICATE_MISSING"));
    let health = ask_with(&town, &served, None, "/grpc.health.v1.Health/Check").await.unwrap();
    assert!(!health.headers().contains_key("grpc-status"), "it has a message: {:?}", health.headers());
}

#[tokio::test]
async fn a_certificate_that_ended_is_not_used_and_one_that_ends_meanwhile_is_refused() {
    let town = Town::new();
    town.issue("intake", MONTH);
    let later = SettableClock::new(SystemClock.now() + 31 * Micros::DAY);
    let refused = Tls::open(&town.path("intake"), Arc::new(later)).err().unwrap();
    assert!(matches!(&refused, TlsError::Expired { name, .. } if name.service == "intake"), "{refused}");

    // Rustls judges by the machine's clock: this one ended a second ago, and its service believes in another day.
    let name = ServiceName::new("50-test", "dispatch").unwrap();
    let past = SystemClock.now() - 60 * Micros::SECOND;
    town.authority.issue(&name, past, Duration::from_secs(59)).unwrap().write(&town.path("dispatch")).unwrap();
    let (ended, _) = Tls::open(&town.path("dispatch"), Arc::new(SettableClock::new(NOW))).unwrap();
    let served = Served::start_encrypted(ended).await;
    let (code, reason, detail) = problem(&to(&served, "dispatch", Some(town.tls("gateway")))).await;
    assert_eq!((code, reason.as_str()), (Code::Unavailable, "CERTIFICATE_REFUSED"));
    assert!(detail.contains("expired"), "{detail}");
}

#[tokio::test]
async fn files_that_are_no_certificate_are_refused_by_name() {
    let town = Town::new();
    let open = || Tls::open(&town.path("intake"), Arc::new(SystemClock)).err().unwrap();
    assert!(matches!(open(), TlsError::Unreadable { file, .. } if file.ends_with("tls.crt")));
    for file in ["tls.crt", "tls.key", "ca.crt"] {
        town.issue("intake", MONTH);
        std::fs::write(town.path("intake").join(file), "no certificate").unwrap();
        assert!(matches!(open(), TlsError::Malformed { file: named, .. } if named == file), "{file}: {}", open());
    }
    town.issue("intake", MONTH);
    town.issue("dispatch", MONTH);
    std::fs::copy(town.path("dispatch").join("tls.key"), town.path("intake").join("tls.key")).unwrap();
    assert!(matches!(open(), TlsError::Unfit(_)));
}

/// Leaf, intermediate and root change under load; every step waits until both sides have read it.
#[tokio::test]
async fn no_call_fails_while_leaf_intermediate_and_root_change() {
    let town = Town::new();
    let (intake, gateway) = (town.tls("intake"), town.tls("gateway"));
    let served = Served::start_encrypted(intake.clone()).await;
    let (done, mut load) = (tokio_util::sync::CancellationToken::new(), JoinSet::new());
    for _ in 0..4 {
        let (address, gateway, done) = (served.address, gateway.clone(), done.clone());
        load.spawn(async move {
            let addresses = mesh::discovery::fixed(vec![address.to_string()]);
            let lasting = Channel::to_replicas("intake", addresses.clone(), Some(gateway.clone()));
            let mut calls = 0;
            while !done.is_cancelled() {
                ask(&lasting, "who").await.unwrap();
                // And one that shakes hands each time.
                let fresh = Channel::to_replicas("intake", addresses.clone(), Some(gateway.clone()));
                ask(&fresh, "who").await.unwrap();
                calls += 2;
            }
            calls
        });
    }
    let issue = || {
        for service in ["intake", "gateway"] {
            town.issue(service, MONTH);
        }
    };
    let trust = || {
        for service in ["intake", "gateway"] {
            town.authority.trust(&town.path(service)).unwrap();
        }
    };
    let read_by_both = || {
        let (intake, gateway) = (intake.changed(), gateway.changed());
        async { soon(futures_util::future::join(intake, gateway)).await }
    };
    let read = read_by_both();
    issue();
    read.await;
    town.authority.change_intermediate(SystemClock.now()).unwrap();
    let read = read_by_both();
    issue();
    read.await;
    town.authority.change_root(SystemClock.now()).unwrap();
    let read = read_by_both();
    trust();
    read.await;
    let read = read_by_both();
    issue();
    read.await;
    town.authority.forget_earlier_roots().unwrap();
    let read = read_by_both();
    trust();
    read.await;
    done.cancel();
    let mut calls = 0;
    while let Some(ended) = soon(load.join_next()).await {
        calls += ended.unwrap();
    }
    assert!(calls > 100, "{calls}");
}

#[tokio::test]
async fn new_files_that_cannot_be_used_change_nothing() {
    let town = Town::new();
    let (intake, gateway) = (town.tls("intake"), town.tls("gateway"));
    let served = Served::start_encrypted(intake.clone()).await;
    let changed = tokio::spawn(intake.changed());
    std::fs::write(town.path("intake").join("tls.crt"), "half a fi").unwrap();
    // Longer than it takes to look again: that nothing happens cannot be waited for.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(!changed.is_finished());
    assert!(ask(&to(&served, "intake", Some(gateway)), "who").await.is_ok());
    town.issue("intake", MONTH);
    soon(changed).await.unwrap();
}
