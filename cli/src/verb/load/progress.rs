//! A progress bar, where somebody looks: on a terminal. By bytes of the file, since nobody knows its rows before the end.

use super::drive::Watch;
use super::source::Rows;
use super::summary::Summary;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Redrawing is not what the time is for.
const DRAWS_PER_SECOND: u8 = 5;

pub(super) struct Progress {
    bar: Option<ProgressBar>,
    read: Arc<AtomicU64>,
}

impl Progress {
    pub(super) fn of(rows: &Rows) -> Self {
        let (read, length) = rows.bytes();
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND));
            let style = ProgressStyle::with_template("{bar:40} {percent:>3}% {elapsed_precise} {msg}");
            bar.with_style(style.expect("the template is right"))
        });
        Self { bar, read }
    }

    pub(super) fn note(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Watch for Progress {
    fn complain(&self, line: &str) {
        self.note(line);
    }

    fn step(&self, summary: &Summary) {
        if let Some(bar) = &self.bar {
            bar.set_position(self.read.load(Ordering::Relaxed));
            if summary.rows.is_multiple_of(64) {
                bar.set_message(format!("{} filed, {} skipped", summary.filed(), summary.skipped()));
            }
        }
    }
}
