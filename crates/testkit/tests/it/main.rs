//! The servers that tests of other crates rely on.
use std::io::{Read, Write};
use std::net::TcpStream;
use testkit::{PostgresServer, RedisServer};

/// One inline command, one line of answer.
fn ask(url: &str, command: &str) -> std::io::Result<String> {
    let address = url.trim_start_matches("redis://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(format!("{command}\r\n").as_bytes())?;
    let mut answer = [0; 64];
    let read = stream.read(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..read]).trim().to_owned())
}

#[test]
fn redis_keeps_its_port_and_its_data_over_a_restart_and_ends_when_dropped() {
    let Some(mut redis) = RedisServer::start("redis_keeps_its_port") else {
        return;
    };
    let url = redis.url();
    assert_eq!(ask(&url, "SET k v").expect("answers"), "+OK");
    redis.restart();
    assert_eq!(redis.url(), url);
    assert_eq!(ask(&url, "EXISTS k").expect("answers"), ":1");
    redis.kill_9();
    assert!(ask(&url, "PING").is_err());
    redis.restart();
    assert_eq!(ask(&url, "PING").expect("answers"), "+PONG");
    let pid = redis.pid().expect("runs");
    drop(redis);
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn postgres_comes_back_after_kill_9_and_leaves_no_process() {
    let Some(mut postgres) = PostgresServer::start("postgres_comes_back") else {
        return;
    };
    let address = postgres.url().trim_start_matches("postgres://postgres@").trim_end_matches("/postgres").to_owned();
    assert!(TcpStream::connect(&address).is_ok());
    postgres.kill_9();
    assert!(TcpStream::connect(&address).is_err());
    postgres.restart();
    assert!(TcpStream::connect(&address).is_ok());
    let pid = postgres.pid().expect("runs");
    drop(postgres);
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}
