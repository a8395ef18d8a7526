//! What happens when: the rows of the file in the order of time.
//!
//! A row that cannot be read, or that came before under the same number, is named and left out. A row that was closed before it was
//! created is taken in; its closing is not played, because no order can be closed that is not there.

use crate::verb::load::filing::{History, RowError};
use civic::Micros;
use std::collections::HashMap;

/// A row, and the line on which it stands.
#[derive(Debug, Clone)]
pub struct Scene {
    pub line: u64,
    pub history: History,
}

/// What happens to a row. At the same instant everything is filed before anything is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    Filed,
    Closed,
}

/// Something that happens. Ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Happening {
    pub at: Micros,
    pub turn: Turn,
    /// Index of the scene.
    pub scene: usize,
}

/// The whole file.
#[derive(Debug, Default)]
pub struct Script {
    pub scenes: Vec<Scene>,
    pub happenings: Vec<Happening>,
    /// Lines of rows that could not be read.
    pub unreadable: u64,
    /// Scenes that were closed before they were created.
    pub backwards: Vec<usize>,
    /// The earliest and the latest instant at which something is filed or closed.
    pub begin: Micros,
    pub end: Micros,
}

impl Script {
    /// Reads all rows. `complain` hears of those that are left out.
    pub fn read(rows: impl Iterator<Item = (u64, Result<History, RowError>)>, complain: &mut dyn FnMut(&str)) -> Self {
        let mut script = Self::default();
        let mut seen: HashMap<String, u64> = HashMap::new();
        for (line, row) in rows {
            let history = match row {
                Ok(history) => history,
                Err(error) => {
                    script.unreadable += 1;
                    complain(&format!("line {line}: skipped: {error}"));
                    continue;
                }
            };
            if let Some(first) = seen.insert(history.filing.request_id.clone(), line) {
                script.unreadable += 1;
                complain(&format!("line {line}: skipped: the request of line {first} again"));
                continue;
            }
            script.add(line, history);
        }
        script.happenings.sort_unstable();
        script.begin = script.happenings.first().map(|first| first.at).unwrap_or_default();
        script.end = script.happenings.last().map(|last| last.at).unwrap_or_default();
        script
    }

    fn add(&mut self, line: u64, history: History) {
        let scene = self.scenes.len();
        self.happenings.push(Happening { at: history.created, turn: Turn::Filed, scene });
        match history.closed {
            Some(at) if at >= history.created => self.happenings.push(Happening { at, turn: Turn::Closed, scene }),
            Some(_) => self.backwards.push(scene),
            None => {}
        }
        self.scenes.push(Scene { line, history });
    }
}
