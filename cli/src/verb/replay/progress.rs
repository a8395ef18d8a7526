//! A progress bar, where somebody looks: on a terminal.

use super::script::Script;
use civic::Micros;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// Redrawing is not what the time is for.
const DRAWS_PER_SECOND: u8 = 5;

pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    pub(super) fn of(script: &Script) -> Self {
        let length = u64::try_from(script.happenings.len()).unwrap_or(u64::MAX);
        Self(std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND));
            let style = ProgressStyle::with_template("{bar:40} {percent:>3}% {elapsed_precise} {msg}");
            bar.with_style(style.expect("the template is right"))
        }))
    }

    /// So many more things have happened, the last of them then.
    pub(super) fn step(&self, count: usize, at: Micros) {
        if let Some(bar) = &self.0 {
            bar.inc(u64::try_from(count).unwrap_or(0));
            bar.set_message(at.local_date().to_string());
        }
    }

    pub(super) fn complain(&self, line: &str) {
        match &self.0 {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
