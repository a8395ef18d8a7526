//! A real Consul as the source of addresses: who is healthy is found, whoever else is not.

use civic::SeededRng;
use mesh::discovery::{
    Addresses,
    consul::{Consul, Pace, Service},
};
use mesh::{Chassis, Check, Drain, TokenKey};
use std::sync::Arc;
use std::time::Duration;
use testkit::{ConsulServer, Line};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Health is asked for every two seconds; longer than any of this takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that registers itself.
struct Replica {
    address: String,
    drain: Drain,
    health: Check,
    serving: JoinSet<()>,
}

impl Replica {
    async fn start(consul: &str) -> Self {
        Self::start_as(consul, None).await
    }

    async fn start_as(consul: &str, token: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut chassis = Chassis::builder(TokenKey::from_bytes([7; 32])).build();
        let (drain, health) = (chassis.drain(), chassis.readiness().check("test"));
        health.pass();
        let service = Service { name: "dispatch", host: address.ip().to_string(), port: address.port(), tls: false };
        let (registered, farewell) = Consul::new(consul, token).unwrap().register(service);
        chassis.tasks().spawn_worker("registration", registered.keep(drain.clone()));
        chassis.before_closing(farewell);
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(chassis.serve(listener).await.unwrap()) });
        Self { address: address.to_string(), drain, health, serving }
    }

    async fn end(mut self) -> String {
        self.drain.begin();
        tokio::time::timeout(PATIENCE, self.serving.join_next()).await.expect("it ends").unwrap().unwrap();
        self.address
    }
}

fn watch(consul: &str) -> (Addresses, JoinSet<()>) {
    watch_as(consul, None)
}

fn watch_as(consul: &str, token: Option<&str>) -> (Addresses, JoinSet<()>) {
    let pace = Pace { empty_for: Duration::ZERO, longest_retry: Duration::from_millis(500), ..Pace::default() };
    let consul = Consul::new(consul, token).unwrap();
    let (addresses, keep) = consul.watch("dispatch", pace, Arc::new(SeededRng::new(1)));
    let mut running = JoinSet::new();
    running.spawn(keep);
    (addresses, running)
}

/// Waits until exactly these are known.
async fn until(known: &mut Addresses, replicas: &[&str]) {
    let mut wanted: Vec<String> = replicas.iter().map(|address| (*address).to_owned()).collect();
    wanted.sort_unstable();
    let told = tokio::time::timeout(PATIENCE, known.wait_for(|known| **known == *wanted)).await;
    assert!(told.is_ok(), "wanted {wanted:?}");
}

#[tokio::test]
async fn replicas_are_found_while_they_are_healthy_and_until_they_drain() {
    let Some(consul) = ConsulServer::start("replicas_are_found_while_they_are_healthy") else { return };
    let (mut known, _running) = watch(&consul.url());
    let (one, mut two) = (Replica::start(&consul.url()).await, Replica::start(&consul.url()).await);
    until(&mut known, &[&one.address, &two.address]).await;
    one.health.fail("told to");
    until(&mut known, &[&two.address]).await;
    one.health.pass();
    until(&mut known, &[&one.address, &two.address]).await;
    // Without a word: its socket is closed, its registration stays.
    two.serving.shutdown().await;
    until(&mut known, &[&one.address]).await;
    one.end().await;
    until(&mut known, &[]).await;
}

#[tokio::test]
async fn what_was_known_stays_while_consul_is_away_and_what_is_new_is_found_when_it_is_back() {
    let Some(mut consul) = ConsulServer::start("what_was_known_stays_while_consul_is_away") else { return };
    let (mut known, _running) = watch(&consul.url());
    let (one, two) = (Replica::start(&consul.url()).await, Replica::start(&consul.url()).await);
    until(&mut known, &[&one.address, &two.address]).await;
    consul.stop();
    let gone = two.end().await;
    let three = Replica::start(&consul.url()).await;
    let kept = known.borrow().clone();
    assert!(kept.contains(&one.address) && kept.contains(&gone) && kept.len() == 2, "{kept:?}");
    consul.restart();
    until(&mut known, &[&one.address, &three.address]).await;
}

#[tokio::test]
async fn a_process_that_the_agent_forgot_registers_again() {
    let Some(consul) = ConsulServer::start("a_process_that_the_agent_forgot") else { return };
    let (mut known, _running) = watch(&consul.url());
    let one = Replica::start(&consul.url()).await;
    until(&mut known, &[&one.address]).await;
    let at = consul.url().trim_start_matches("http://").to_owned();
    let id = format!("dispatch-{}", one.address.replace(':', "-"));
    let mut stream = TcpStream::connect(&at).await.unwrap();
    let request = format!(
        "PUT /v1/agent/service/deregister/{id} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    until(&mut known, &[]).await;
    until(&mut known, &[&one.address]).await;
}

#[tokio::test]
async fn with_access_lists_only_who_has_the_token_registers_and_finds() {
    let token = "11111111-2222-3333-4444-555555555555";
    let Some(consul) = ConsulServer::start_guarded("with_access_lists_only_who_has_the_token", token) else { return };
    let (mut known, _running) = watch_as(&consul.url(), Some(token));
    let (blind, _also_running) = watch(&consul.url());
    let _stranger = Replica::start(&consul.url()).await;
    let one = Replica::start_as(&consul.url(), Some(token)).await;
    until(&mut known, &[&one.address]).await;
    assert!(blind.borrow().is_empty(), "{:?}", blind.borrow());
    one.end().await;
    until(&mut known, &[]).await;
}

#[tokio::test]
async fn an_agent_that_answers_slowly_and_one_that_comes_and_goes_are_borne() {
    let Some(consul) = ConsulServer::start("an_agent_that_answers_slowly") else { return };
    let agent = consul.url().trim_start_matches("http://").parse().unwrap();
    let line = Line::start(agent).unwrap();
    line.slow_down(Duration::from_millis(700));
    let over = format!("http://{}", line.address());
    let (mut known, _running) = watch(&over);
    let one = Replica::start(&over).await;
    until(&mut known, &[&one.address]).await;
    for _ in 0..5 {
        line.lead_to(None);
        tokio::task::yield_now().await;
        assert_eq!(known.borrow().join(" "), one.address, "what is known stays");
        line.lead_to(Some(agent));
    }
    let two = Replica::start(&over).await;
    until(&mut known, &[&one.address, &two.address]).await;
    line.slow_down(Duration::ZERO);
    one.end().await;
    until(&mut known, &[&two.address]).await;
}
