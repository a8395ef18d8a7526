//! One child process whose log says when it is ready.
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Longest wait for a server to be ready, or to be gone with all its children. A bound, not a pause.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which stream the server logs to.
pub(super) enum Log {
    Stdout,
    Stderr,
}

/// A running child.
pub(super) struct Process {
    child: Child,
    /// Closed when nobody holds the log's pipe any more: the child *and its children* are gone.
    gone: Receiver<()>,
}

impl Process {
    /// Starts `command` and waits until its log contains `ready`.
    pub(super) fn start(mut command: Command, log: &Log, ready: &'static str) -> Result<Self> {
        command.stdin(Stdio::null());
        match log {
            Log::Stdout => command.stdout(Stdio::piped()).stderr(Stdio::null()),
            Log::Stderr => command.stdout(Stdio::null()).stderr(Stdio::piped()),
        };
        let mut child = command.spawn().with_context(|| format!("failed to start {command:?}"))?;
        let pipe: Box<dyn Read + Send> = match log {
            Log::Stdout => Box::new(child.stdout.take().context("stdout is piped")?),
            Log::Stderr => Box::new(child.stderr.take().context("stderr is piped")?),
        };
        let lines = Arc::new(Mutex::new(String::new()));
        let (is_ready, becomes_ready) = channel();
        let (is_gone, gone) = channel();
        let kept = lines.clone();
        std::thread::spawn(move || follow(pipe, ready, &is_ready, &kept, is_gone));
        let process = Self { child, gone };
        match becomes_ready.recv_timeout(PATIENCE) {
            Ok(()) => Ok(process),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                // Dropping `process` ends the child.
                let said = lines.lock().unwrap_or_else(PoisonError::into_inner).clone();
                bail!("{command:?} did not become ready; it said:\n{said}")
            }
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL to exactly this process, then waits until it and what it started are gone.
    pub(super) fn kill(mut self) {
        self.end();
    }

    /// Sends `signal` (such as "TERM") to exactly this process and waits until it and what it started are gone.
    pub(super) fn stop(mut self, signal: &str) {
        let pid = self.child.id();
        // The child is not reaped yet, so the pid is still its own.
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{signal} {pid}")).status();
        if sent.is_ok_and(|status| status.success()) {
            self.wait_until_gone();
        }
        self.end();
    }

    fn wait_until_gone(&self) {
        // Nothing is ever sent: the end of the channel is the message, time-out the bound.
        let _ = self.gone.recv_timeout(PATIENCE);
    }

    fn end(&mut self) {
        // Fails only when the child is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.wait_until_gone();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Reads the log to its end, so that the server never blocks on a full pipe.
fn follow(pipe: impl Read, ready: &str, is_ready: &Sender<()>, kept: &Mutex<String>, is_gone: Sender<()>) {
    for line in BufReader::new(pipe).lines() {
        let Ok(line) = line else { continue };
        if line.contains(ready) {
            // Nobody listens any more after the first time.
            let _ = is_ready.send(());
        }
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_str(&line);
        kept.push('\n');
    }
    drop(is_gone);
}
