//! An identity provider of one test.
use super::listening::{Listening, Program};
use super::process::Log;
use super::{find, named, skip};
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

/// The algorithms of [`OidcServer`]'s keys.
const ALGORITHMS: [&str; 2] = ["ES256", "RS256"];

/// npm's `oidc-provider`. It knows machines only: each asks with its own secret for access tokens that hold for ten minutes.
/// Dropping it ends the process and removes its folder.
pub struct OidcServer {
    listening: Listening,
    keys: Arc<Mutex<Vec<String>>>,
}

impl OidcServer {
    /// Starts one that knows `machines`: name, algorithm (ES256 or RS256), and a JSON object of claims. It signs with keys of the
    /// round `first`. `None`, and a line saying so, where there is none (JIEWANG_OIDC_BIN); in CI that is a panic.
    pub fn start(test: &str, machines: &[(&str, &str, &str)]) -> Option<Self> {
        let Some(program) = named("JIEWANG_OIDC_BIN").or_else(|| find("jiewang-oidc")) else {
            skip(test, "an identity provider (scripts/oidc.sh)");
            return None;
        };
        let keys = Arc::new(Mutex::new(vec!["first".to_owned()]));
        let (rounds, clients) = (Arc::clone(&keys), clients(machines));
        let command = move |port: u16, folder: &Path| {
            let rounds = rounds.lock().unwrap_or_else(PoisonError::into_inner);
            let file = folder.join("issuer.json");
            let settings = format!(r#"{{"port": {port}, "keys": [{}], "clients": {{{clients}}}}}"#, list(&rounds));
            std::fs::write(&file, settings).expect("a temporary folder takes a file");
            let mut command = Command::new(&program);
            command.arg(file);
            command
        };
        let program =
            Program { name: "oidc", command: Box::new(command), log: Log::Stdout, ready: "ready", end: "TERM" };
        let listening = Listening::start(program, |_| Ok(())).expect("a provider that is installed starts");
        Some(Self { listening, keys })
    }

    /// As it stands in tokens.
    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.listening.port())
    }

    /// Starts it again with keys of these rounds, the first of which signs: those of a round are made once.
    pub fn rotate(&mut self, rounds: &[&str]) {
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = rounds.iter().map(ToString::to_string).collect();
        self.listening.restart();
    }

    /// Ends it.
    pub fn stop(&mut self) {
        self.listening.stop();
    }

    /// An access token of a machine.
    ///
    /// # Errors
    /// When it gives none.
    pub fn token(&self, machine: &str) -> Result<String> {
        let form = format!(
            "grant_type=client_credentials&resource=urn:jiewang&scope=api&client_id={machine}&client_secret=secret-of-{machine}"
        );
        let mut stream = TcpStream::connect(("127.0.0.1", self.listening.port()))?;
        write!(
            stream,
            "POST /token HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            self.listening.port(),
            form.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, token) = answer.split_once(r#""access_token":""#).with_context(|| answer.clone())?;
        Ok(token.split('"').next().unwrap_or_default().to_owned())
    }
}

fn clients(machines: &[(&str, &str, &str)]) -> String {
    let one = |(name, alg, claims): &(&str, &str, &str)| {
        format!(r#""{name}": {{"secret": "secret-of-{name}", "alg": "{alg}", "claims": {claims}}}"#)
    };
    machines.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn list(rounds: &[String]) -> String {
    let mut list = String::new();
    for round in rounds {
        for alg in ALGORITHMS {
            let comma = if list.is_empty() { "" } else { ", " };
            let _ = write!(list, r#"{comma}{{"kid": "{round}-{alg}", "alg": "{alg}"}}"#);
        }
    }
    list
}
