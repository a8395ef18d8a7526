//! A program that listens on a port of its own and keeps what it has in a folder of its own.
use super::process::{Log, Process};
use super::{PORTS_TRIED, free_port};
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// On a port, over a folder.
type Commands = Box<dyn Fn(u16, &Path) -> Command + Send + Sync>;

/// How a program is run.
pub(super) struct Program {
    /// For people and folders.
    pub(super) name: &'static str,
    pub(super) command: Commands,
    pub(super) log: Log,
    /// What it logs when it can be used.
    pub(super) ready: &'static str,
    /// The signal that ends it in good order.
    pub(super) end: &'static str,
}

/// Dropping it ends the process and removes its folder.
pub(super) struct Listening {
    program: Program,
    port: u16,
    process: Option<Process>,
    // After the process: fields are dropped in order.
    folder: TempDir,
}

impl Listening {
    /// Starts it, after `prepare` has put into the folder what has to be there.
    pub(super) fn start(program: Program, prepare: impl FnOnce(&Path) -> Result<()>) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix(&format!("jiewang-{}-", program.name)).tempdir()?;
        prepare(folder.path())?;
        let mut server = Self { program, port: 0, process: None, folder };
        let mut tried = Ok(());
        for _ in 0..PORTS_TRIED {
            server.port = free_port();
            tried = server.launch();
            if tried.is_ok() {
                break;
            }
        }
        tried.map(|()| server)
    }

    fn launch(&mut self) -> Result<()> {
        let Program { name, command, log, ready, .. } = &self.program;
        let command = command(self.port, self.folder.path());
        self.process = Some(Process::start(command, log, ready).context(*name)?);
        Ok(())
    }

    /// The same after a restart.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// Ends it in good order, if it runs.
    pub(super) fn stop(&mut self) {
        self.signal(self.program.end);
    }

    pub(super) fn signal(&mut self, signal: &str) {
        if let Some(process) = self.process.take() {
            process.stop(signal);
        }
    }

    /// Ends it at once, without a chance to write anything more.
    pub(super) fn kill_9(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// Starts it again on the same port with what its folder holds, after stopping it if it runs.
    pub(super) fn restart(&mut self) {
        self.stop();
        self.launch().expect("a server that ran before runs again");
    }
}
