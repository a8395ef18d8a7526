//! One process of `jiewang`: started, waited for, ended by its own pid, its log read.

use crate::{client::Client, door::Door, until};
use civic::{Clock as _, Micros, SystemClock};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex, PoisonError},
};

/// The binary that `cargo test --workspace` has built beside this test, or the one that `JIEWANG_BIN` names.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("JIEWANG_BIN") {
        return named.into();
    }
    let own = std::env::current_exe().expect("a running program has a path");
    // A program lies in target/<profile>, a test in target/<profile>/deps.
    let folders = own.ancestors().skip(1).take(2);
    let beside = folders.map(|folder| folder.join("jiewang")).find(|file| file.is_file());
    beside.expect(
        "there is no jiewang beside this program: build it with `cargo build -p jiewang`, or test with --workspace",
    )
}

/// Runs a verb to its end.
///
/// # Panics
/// When the binary cannot be run.
pub fn verb<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Output {
    let mut command = Command::new(binary());
    command.args(args).stdin(Stdio::null());
    without_settings(&mut command);
    command.output().expect("jiewang can be run")
}

/// Nothing of the developer's own settings reaches a test.
fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("JIEWANG_") {
            command.env_remove(name);
        }
    }
}

/// Says to `jiewang-ahead` by how many microseconds its clock is ahead of the machine's.
pub const AHEAD: &str = "E2E_CLOCK_AHEAD";

/// How a process is started.
#[derive(Clone, Debug)]
pub struct Start {
    /// `up`, or `serve` with a room.
    verb: Vec<&'static str>,
    data_dir: PathBuf,
    http: SocketAddr,
    grpc: SocketAddr,
    admin: SocketAddr,
    more: Vec<String>,
    allowed: Vec<&'static str>,
    /// What is logged besides the default.
    filter: String,
    /// Where its traces go.
    traces: Option<SocketAddr>,
    /// Another program than `jiewang`, with a clock of its own.
    clocked: Option<(PathBuf, i64)>,
}

impl Start {
    /// Everything in one folder, on ports that are free.
    #[must_use]
    pub fn new(data_dir: &Path) -> Self {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let (more, allowed) = (Vec::new(), Vec::new());
        let filter = String::new();
        let verb = vec!["up"];
        Self {
            verb,
            data_dir: data_dir.to_owned(),
            http: free,
            grpc: free,
            admin: free,
            more,
            allowed,
            filter,
            traces: None,
            clocked: None,
        }
    }

    /// One room alone.
    #[must_use]
    pub fn room(data_dir: &Path, room: &'static str) -> Self {
        Self { verb: vec!["serve", room], ..Self::new(data_dir) }
    }

    /// With gRPC at this address.
    #[must_use]
    pub const fn grpc_on(mut self, grpc: SocketAddr) -> Self {
        self.grpc = grpc;
        self
    }

    /// With metrics at this address.
    #[must_use]
    pub const fn metrics_on(mut self, admin: SocketAddr) -> Self {
        self.admin = admin;
        self
    }

    fn has_gateway(&self) -> bool {
        self.verb == ["up"] || self.verb == ["serve", "gateway"]
    }

    /// With the gateway at this address.
    #[must_use]
    pub const fn on(mut self, http: SocketAddr) -> Self {
        self.http = http;
        self
    }

    /// With further flags.
    #[must_use]
    pub fn with<S: Into<String>>(mut self, flags: impl IntoIterator<Item = S>) -> Self {
        self.more.extend(flags.into_iter().map(Into::into));
        self
    }

    /// Warnings and errors that this test provokes, each as `target: message`, word for word, or as `target: message: error`.
    #[must_use]
    pub fn allowing(mut self, events: &[&'static str]) -> Self {
        self.allowed.extend(events);
        self
    }

    /// With everything in its log that this filter lets through, such as `trace`.
    #[must_use]
    pub fn logging(mut self, filter: &str) -> Self {
        filter.clone_into(&mut self.filter);
        self
    }

    /// Sends its traces to a collector, a tenth of a second after they were recorded.
    #[must_use]
    pub const fn tracing_to(mut self, collector: SocketAddr) -> Self {
        self.traces = Some(collector);
        self
    }

    /// Runs `jiewang-ahead` instead, at first by the machine's own time.
    #[must_use]
    pub fn by_its_own_clock(mut self, program: &str) -> Self {
        self.clocked = Some((program.into(), 0));
        self
    }

    fn command(&self) -> Command {
        let mut command = match &self.clocked {
            None => Command::new(binary()),
            Some((program, _)) => Command::new(program),
        };
        without_settings(&mut command);
        if let Some((_, ahead)) = &self.clocked {
            command.env(AHEAD, ahead.to_string());
        }
        command.args(&self.verb).arg("--data-dir").arg(&self.data_dir);
        for (flag, door) in [("--http", self.http), ("--grpc", self.grpc), ("--admin", self.admin)] {
            command.arg(flag).arg(door.to_string());
        }
        command.args(&self.more);
        if !self.filter.is_empty() {
            command.env("JIEWANG_LOG", &self.filter);
        }
        if let Some(collector) = self.traces {
            command.env("JIEWANG_OTLP", format!("http://{collector}")).env("OTEL_BSP_SCHEDULE_DELAY", "100");
        }
        command.env("JIEWANG_LOG_FORMAT", "json").env("RUST_BACKTRACE", "1").stdin(Stdio::null());
        command
    }

    /// Starts it and expects it to refuse, with a sentence on standard error.
    ///
    /// # Panics
    /// When it starts after all.
    #[must_use]
    pub fn refused(&self) -> Refused {
        let mut child = Running::spawn(self.command());
        loop {
            if let Some(status) = child.exited() {
                return Refused { code: status.code(), said: child.log.text() };
            }
            assert!(!child.log.text().contains("jiewang: ready"), "it started, though it must not");
            std::thread::yield_now();
        }
    }

    /// Starts it and waits until it is ready.
    pub async fn start(&self) -> Jiewang {
        let running = Running::spawn(self.command());
        let door = Door::new(self.http, &self.data_dir);
        let mut jiewang = Jiewang { start: self.clone(), running, door, checked: false };
        let (grpc, http) = until("jiewang is ready", || {
            let ended = jiewang.running.exited();
            assert!(ended.is_none(), "it ended at its start: {}", jiewang.running.log.text());
            let seen = addresses(&jiewang.running.log.text(), self.has_gateway());
            async move { seen }
        })
        .await;
        // The same doors after a restart, so that clients find it again.
        jiewang.start.grpc = grpc;
        let Some(http) = http else { return jiewang };
        (jiewang.start.http, jiewang.door.address) = (http, http);
        let probe = jiewang.citizen();
        until("/readyz", || async { probe.get("readyz").await.ok().filter(|answer| answer.status == 200) }).await;
        jiewang
    }
}

/// What it says of its doors once it is ready.
fn addresses(said: &str, has_gateway: bool) -> Option<(SocketAddr, Option<SocketAddr>)> {
    let after = |mark: &str| said.lines().find_map(|line| Some(line.split_once(mark)?.1.trim().to_owned()));
    let grpc = after("gRPC on ")?.parse().ok()?;
    if !has_gateway {
        return Some((grpc, None));
    }
    let http = after("jiewang: http://")?;
    Some((grpc, Some(http.strip_suffix("/docs")?.parse().ok()?)))
}

/// A start that was refused.
#[derive(Debug)]
pub struct Refused {
    pub code: Option<i32>,
    pub said: String,
}

/// A running process. Dropping it kills it; what it logged is then judged.
#[derive(Debug)]
pub struct Jiewang {
    start: Start,
    running: Running,
    door: Door,
    checked: bool,
}

impl Jiewang {
    /// Where the gateway listens: the same after a restart.
    #[must_use]
    pub fn http(&self) -> SocketAddr {
        self.door.address
    }

    /// Where it speaks gRPC.
    #[must_use]
    pub const fn grpc(&self) -> SocketAddr {
        self.start.grpc
    }

    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.start.data_dir
    }

    /// How it was started, with the doors it has now.
    #[must_use]
    pub fn settings(&self) -> &Start {
        &self.start
    }

    /// Somebody without a token.
    #[must_use]
    pub fn citizen(&self) -> Client {
        self.door.citizen()
    }

    /// A member of a unit.
    #[must_use]
    pub fn member(&self, role: &str, unit: &str) -> Client {
        self.door.member(role, unit)
    }

    /// A head of a unit, another person than its member.
    #[must_use]
    pub fn head(&self, role: &str, unit: &str) -> Client {
        self.door.head(role, unit)
    }

    /// Its gateway.
    #[must_use]
    pub const fn door(&self) -> &Door {
        &self.door
    }

    /// Everything it wrote to standard error so far.
    #[must_use]
    pub fn said(&self) -> String {
        self.running.log.text()
    }

    /// kill -9, then waits until it is gone and judges its log.
    pub fn kill(&mut self) {
        self.running.end();
        self.judge();
    }

    /// Of this process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running.child.id()
    }

    /// Sends a signal such as "TERM" to exactly this process.
    ///
    /// # Panics
    /// When it cannot be sent.
    pub fn signal(&self, name: &str) {
        // Not reaped yet, so the pid is still its own.
        let pid = self.pid();
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {pid}")).status();
        assert!(sent.expect("there is a shell").success(), "signal {name}");
    }

    /// Waits for its end and judges its log.
    pub async fn ended(&mut self) -> ExitStatus {
        let running = &mut self.running;
        let status = until("jiewang ends", || {
            let status = running.exited();
            async move { status }
        })
        .await;
        self.judge();
        status
    }

    /// SIGTERM and its end.
    pub async fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.ended().await
    }

    /// Starts it again on the same folder and doors, after it has ended.
    pub async fn start_again(&mut self) {
        *self = self.start.start().await;
    }

    /// The present by its clock.
    #[must_use]
    pub fn now(&self) -> Micros {
        SystemClock.now() + self.start.clocked.as_ref().map_or(0, |(_, ahead)| *ahead)
    }

    /// The same at another time, after it has ended.
    ///
    /// # Panics
    /// When it has no clock of its own.
    pub async fn start_again_at(&mut self, now: Micros) {
        let (_, ahead) = self.start.clocked.as_mut().expect("started by its own clock");
        *ahead = now - SystemClock.now();
        self.start_again().await;
    }

    /// `jiewang verify` over its folder, once it has ended.
    ///
    /// # Panics
    /// When an invariant does not hold.
    pub fn verify(&self) {
        let folder = self.start.data_dir.to_string_lossy().into_owned();
        let out = verb(["verify", "--data-dir", folder.as_str()]);
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(out.status.success(), "verify: {}{}", said(&out.stdout), said(&out.stderr));
    }

    fn judge(&mut self) {
        if std::mem::replace(&mut self.checked, true) {
            return;
        }
        let said = self.running.log.text();
        let bad: Vec<&str> = said.lines().filter(|line| is_bad(line, &self.start.allowed)).collect();
        assert!(bad.is_empty(), "the log has what this test did not provoke:\n{}", bad.join("\n"));
    }
}

impl Drop for Jiewang {
    fn drop(&mut self) {
        self.running.end();
        if std::thread::panicking() {
            eprintln!("jiewang said:\n{}", self.running.log.last_lines());
        } else {
            self.judge();
        }
    }
}

/// A warning, an error or a panic that nobody provoked.
fn is_bad(line: &str, allowed: &[&str]) -> bool {
    if line.contains("panicked at") {
        return true;
    }
    // What is no event of the log is a sentence to the operator.
    let Ok(event) = serde_json::from_str::<Value>(line) else { return false };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let said = format!("{}: {}", text(&event["target"]), text(&event["fields"]["message"]));
    let with_error = format!("{said}: {}", text(&event["fields"]["error"]));
    let provoked = allowed.iter().any(|event| [said.as_str(), with_error.as_str()].contains(event));
    matches!(event["level"].as_str(), Some("WARN" | "ERROR")) && !provoked
}

#[derive(Debug)]
struct Running {
    child: Child,
    log: Log,
}

impl Running {
    fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("jiewang can be run");
        let pipe = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let log = Log::default();
        let kept = log.clone();
        std::thread::spawn(move || pipe.lines().map_while(Result::ok).for_each(|line| kept.keep(&line)));
        Self { child, log }
    }

    fn exited(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().expect("its own child");
        status.inspect(|_| self.log.wait_for_the_end())
    }

    fn end(&mut self) {
        // Fails only when it is gone already.
        drop(self.child.kill());
        drop(self.child.wait());
        self.log.wait_for_the_end();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// Standard error of a process, kept by a thread that ends with it.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<String>>);

impl Log {
    fn keep(&self, line: &str) {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.push_str(line);
        text.push('\n');
    }

    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The reader holds the only other reference, and lets go of it at the end of the pipe.
    fn wait_for_the_end(&self) {
        while Arc::strong_count(&self.0) > 1 {
            std::thread::yield_now();
        }
    }

    fn last_lines(&self) -> String {
        const LAST: usize = 40;
        let text = self.text();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LAST)..].join("\n")
    }
}
