//! So many calls in flight, for so long: the closed loop of the accept benches.

use crate::process::processor_seconds;
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// What a run did.
#[derive(Debug, Clone, Copy)]
pub struct Flown {
    pub done: usize,
    pub failed: usize,
    pub seconds: f64,
    /// Processor time of this process, all threads, while it ran.
    pub cpu_seconds: f64,
    /// Bytes that this process handed to the disk while it ran.
    pub written: u64,
}

impl Flown {
    /// So many done since `began`, with what this process has used up since `before`.
    pub fn since(before: &Usage, began: Instant, done: usize) -> Self {
        let after = Usage::now();
        Self {
            done,
            failed: 0,
            seconds: began.elapsed().as_secs_f64(),
            cpu_seconds: after.cpu - before.cpu,
            written: after.written - before.written,
        }
    }

    pub fn rate(&self) -> f64 {
        self.done as f64 / self.seconds
    }

    pub fn cpu_micros(&self) -> f64 {
        self.cpu_seconds * 1e6 / self.done.max(1) as f64
    }

    pub fn bytes(&self) -> f64 {
        self.written as f64 / self.done.max(1) as f64
    }
}

/// Keeps `in_flight` calls going until `within` has passed or `most` have begun; `call` is given its number.
pub async fn fly<F, Fut>(in_flight: usize, within: Duration, most: usize, call: F) -> Flown
where
    F: Fn(usize) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = bool> + Send,
{
    let (next, done, failed) =
        (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let before = Usage::now();
    let began = Instant::now();
    let mut loops = tokio::task::JoinSet::new();
    for _ in 0..in_flight {
        let (next, done, failed, call) = (next.clone(), done.clone(), failed.clone(), call.clone());
        loops.spawn(async move {
            while began.elapsed() < within {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= most {
                    break;
                }
                let counter = if call(number).await { &done } else { &failed };
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    while loops.join_next().await.is_some() {}
    let flown = Flown::since(&before, began, done.load(Ordering::Relaxed));
    Flown { failed: failed.load(Ordering::Relaxed), ..flown }
}

/// Accounting of this process by the kernel (`/proc/self`).
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    pub cpu: f64,
    pub written: u64,
    /// Resident memory in bytes.
    pub resident: u64,
}

impl Usage {
    pub fn now() -> Self {
        let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
        let io = read("/proc/self/io");
        let written = io.lines().find_map(|l| l.strip_prefix("write_bytes: ")).and_then(|n| n.parse().ok());
        let pages = read("/proc/self/statm").split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok());
        Self {
            cpu: processor_seconds(&read("/proc/self/stat")).unwrap_or_default(),
            written: written.unwrap_or(0),
            resident: pages.unwrap_or(0) * 4096,
        }
    }
}
