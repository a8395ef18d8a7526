//! Second processes of the bench's own binary, so that what they use up is told apart from what the generator does. The first argument
//! is the word `role`, the second says which. Such a process writes where it serves as a line of JSON, serves until its input ends, writes what
//! it has counted as a second line, and ends.

use crate::{calls, process::Process, refusing, spans};
use anyhow::Context;
use serde_json::Value;
use std::{
    ffi::OsString,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{ChildStdout, Command, ExitCode, Stdio},
};

const WORD: &str = "role";

/// What such a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Takes the spans of others.
    Spans,
    /// Serves one echo, bare and through the chassis.
    Calls,
    /// Says no to everybody.
    Refusing,
}

impl Role {
    const ALL: [Self; 3] = [Self::Spans, Self::Calls, Self::Refusing];

    const fn name(self) -> &'static str {
        match self {
            Self::Spans => "spans",
            Self::Calls => "calls",
            Self::Refusing => "refusing",
        }
    }
}

/// Plays the role that the arguments name; `None` when they name none.
pub fn play(args: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    let words: Vec<String> = args.skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let [first, name, given @ ..] = &words[..] else { return None };
    let role = Role::ALL.into_iter().find(|role| first == WORD && role.name() == name)?;
    Some(match serve(role, given) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("jiewang-bench {name}: {error:#}");
            ExitCode::FAILURE
        }
    })
}

#[tokio::main]
async fn serve(role: Role, given: &[String]) -> anyhow::Result<()> {
    match role {
        Role::Spans => spans::serve().await,
        Role::Calls => calls::server::serve(given).await,
        Role::Refusing => refusing::serve().await,
    }
}

/// Tells where this process serves, and waits until nobody needs it any more.
pub(crate) async fn serve_until_dismissed(told: &Value) -> anyhow::Result<()> {
    println!("{told}");
    let ended = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    ended.await??;
    Ok(())
}

/// A process that plays a role for this one. Dropping it kills it.
pub(crate) struct Player {
    pub(crate) process: Process,
    said: BufReader<ChildStdout>,
    told: Value,
}

impl Player {
    /// Returns when it serves.
    pub(crate) fn start(role: Role, given: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(WORD).arg(role.name()).args(given).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start_heard(&mut command)?;
        let mut said = BufReader::new(process.child().stdout.take().context("its output is read here")?);
        let told = next_line(&mut said, role)?;
        Ok(Self { process, said, told })
    }

    /// Where it serves what.
    pub(crate) fn address(&self, what: &str) -> anyhow::Result<SocketAddr> {
        let address = self.told[what].as_str().with_context(|| format!("{what} is served nowhere"))?;
        Ok(address.parse()?)
    }

    /// Dismisses it; what it has counted.
    pub(crate) async fn dismiss(mut self, role: Role) -> anyhow::Result<Value> {
        drop(self.process.child().stdin.take());
        let mut said = self.said;
        let counted = tokio::task::spawn_blocking(move || next_line(&mut said, role)).await??;
        self.process.ended().await?;
        Ok(counted)
    }
}

fn next_line(said: &mut BufReader<ChildStdout>, role: Role) -> anyhow::Result<Value> {
    let mut line = String::new();
    said.read_line(&mut line)?;
    serde_json::from_str(&line).with_context(|| format!("the process for {} has said nothing", role.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_the_bench_itself_name_no_role() {
        for line in
            [&["jiewang-bench"][..], &["jiewang-bench", "calls", "traced"], &["jiewang-bench", "role", "nobody"]]
        {
            assert!(play(line.iter().map(OsString::from)).is_none(), "{line:?}");
        }
    }
}
