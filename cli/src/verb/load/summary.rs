//! What became of the rows of a file.

use crate::exit::Exit;
use crate::output::Finding;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// Counts of a load.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Which table the file is.
    pub table: &'static str,
    /// Rows taken from the file.
    pub rows: u64,
    /// Filed by this load.
    pub accepted: u64,
    /// Were there before.
    pub replayed: u64,
    /// By the gateway's reason.
    pub refused: BTreeMap<String, u64>,
    pub unreadable: u64,
    /// Taken from the file, but given up when the load halted.
    pub unsent: u64,
    /// Tries beyond the first, of all rows.
    pub retries: u64,
    pub interrupted: bool,
    pub took: Duration,
}

impl Summary {
    pub(super) const fn new(table: &'static str) -> Self {
        Self {
            table,
            rows: 0,
            accepted: 0,
            replayed: 0,
            refused: BTreeMap::new(),
            unreadable: 0,
            unsent: 0,
            retries: 0,
            interrupted: false,
            took: Duration::ZERO,
        }
    }

    /// Reports that exist now because of these rows.
    #[must_use]
    pub const fn filed(&self) -> u64 {
        self.accepted + self.replayed
    }

    /// Rows that are no reports.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.unreadable + self.unsent + self.refused.values().sum::<u64>()
    }

    /// Partly, when a row was skipped or the end not reached.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.skipped() > 0 || self.interrupted { Exit::Partly } else { Exit::Ok }
    }

    pub(super) fn finding(&self) -> Finding {
        let seconds = self.took.as_secs_f64();
        let rate = if seconds > 0.0 { self.filed() as f64 / seconds } else { 0.0 };
        let mut rows = vec![
            line("table", self.table),
            line("rows", self.rows),
            line("accepted", self.accepted),
            line("replayed", self.replayed),
        ];
        rows.extend(self.refused.iter().map(|(reason, count)| line(&format!("refused {reason}"), count)));
        rows.extend([
            line("unreadable", self.unreadable),
            line("not sent", self.unsent),
            line("retries", self.retries),
            line("seconds", format!("{seconds:.1}")),
            line("filed a second", format!("{rate:.0}")),
        ]);
        let value = json!({
            "table": self.table, "rows": self.rows, "accepted": self.accepted, "replayed": self.replayed,
            "refused": self.refused, "unreadable": self.unreadable, "notSent": self.unsent, "retries": self.retries,
            "interrupted": self.interrupted, "seconds": (seconds * 1000.0).round() / 1000.0, "filedPerSecond": rate.round(),
        });
        Finding { value, head: Vec::new(), rows, names: Vec::new() }
    }
}

fn line(name: &str, value: impl ToString) -> Vec<String> {
    vec![name.to_owned(), value.to_string()]
}
