//! How it went, as the cluster tells it at the end: the state, the clock and the lamp of every order.

use super::drive::Played;
use super::script::Script;
use crate::exit::{Exit, Failure};
use crate::output::Finding;
use casebook::{Casebook, Filter, Found, Scope};
use civic::{Lamp, Micros};
use dispatch::domain::work_order::{State, WorkOrder};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

/// Orders read at once.
const PAGE: usize = 500;

/// Counts of one city, or of all. Everything that is filed is closed or open, and stands in one more column of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    pub filed: u64,
    pub closed: u64,
    pub open: u64,
    /// Those of a due time, and how they went.
    pub with_due_time: u64,
    pub closed_on_time: u64,
    pub closed_late: u64,
    pub open_overdue: u64,
    pub open_not_overdue: u64,
    /// Counted in no rate.
    pub closed_without_due_time: u64,
    pub open_without_due_time: u64,
}

/// What a replay ends with. The same file gives the same summary.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    pub rows: u64,
    pub unreadable: u64,
    /// By the reason of intake.
    pub refused: BTreeMap<String, u64>,
    pub begin: Micros,
    pub end: Micros,
    pub cities: BTreeMap<String, Tally>,
    /// Lines whose closing was refused, and why.
    pub left_open: Vec<(u64, String, String)>,
}

/// Asks the orders.
pub(super) async fn read(script: &Script, played: &Played, orders: &Casebook) -> Result<Summary, Failure> {
    let mut cities: BTreeMap<String, Tally> = BTreeMap::new();
    let closed = Filter { state: Some(i64::from(State::Closed.number())), ..Filter::default() };
    let mut read = 0;
    // A filter without a state means those that are open.
    for filter in [Filter::default(), closed] {
        let mut walk = orders.walk::<WorkOrder>(Scope::All, filter, PAGE);
        while let Some(page) = walk.next().await? {
            for order in page {
                let order = order?;
                if let Some(scene) = played.orders.get(&order.id) {
                    cities.entry(script.scenes[*scene].history.city.clone()).or_default().add(&order);
                    read += 1;
                }
            }
        }
    }
    if read != played.orders.len() {
        let words = format!("{} reports were filed and {read} orders are there", played.orders.len());
        return Err(Failure::Cluster(words));
    }
    let scene = |(scene, words): (&usize, &String)| {
        let scene = &script.scenes[*scene];
        (scene.line, scene.history.filing.request_id.clone(), words.clone())
    };
    let mut left_open: Vec<_> = played.left_open.iter().map(scene).collect();
    left_open.sort();
    Ok(Summary {
        rows: u64::try_from(script.scenes.len()).unwrap_or(u64::MAX) + script.unreadable,
        unreadable: script.unreadable,
        refused: played.refused.clone(),
        begin: script.begin,
        end: script.end,
        cities,
        left_open,
    })
}

impl Tally {
    /// On time is closed not after the limit. Overdue is what the lamp says: red, turned by its timer.
    fn add(&mut self, order: &Found<WorkOrder>) {
        let head = &order.state.head;
        let closed = head.total.stopped.filter(|_| order.state.state() == State::Closed);
        let red = head.lamps.total == Lamp::Red;
        let column = match (head.imported_due(), closed) {
            (Some(due), Some(at)) if at <= due => &mut self.closed_on_time,
            (Some(_), Some(_)) => &mut self.closed_late,
            (Some(_), None) if red => &mut self.open_overdue,
            (Some(_), None) => &mut self.open_not_overdue,
            (None, Some(_)) => &mut self.closed_without_due_time,
            (None, None) => &mut self.open_without_due_time,
        };
        *column += 1;
        self.filed += 1;
        self.closed += u64::from(closed.is_some());
        self.open += u64::from(closed.is_none());
        self.with_due_time += u64::from(head.imported_due().is_some());
    }

    fn and(mut self, other: &Self) -> Self {
        self.filed += other.filed;
        self.closed += other.closed;
        self.open += other.open;
        self.with_due_time += other.with_due_time;
        self.closed_on_time += other.closed_on_time;
        self.closed_late += other.closed_late;
        self.open_overdue += other.open_overdue;
        self.open_not_overdue += other.open_not_overdue;
        self.closed_without_due_time += other.closed_without_due_time;
        self.open_without_due_time += other.open_without_due_time;
        self
    }

    fn cells(&self, name: &str) -> Vec<String> {
        let counts = [
            self.filed,
            self.closed,
            self.open,
            self.with_due_time,
            self.closed_on_time,
            self.closed_late,
            self.open_overdue,
            self.open_not_overdue,
            self.closed_without_due_time,
            self.open_without_due_time,
        ];
        std::iter::once(name.to_owned()).chain(counts.map(|count| count.to_string())).collect()
    }
}

const HEAD: [&str; 11] = [
    "CITY",
    "FILED",
    "CLOSED",
    "OPEN",
    "DUE TIME",
    "ON TIME",
    "LATE",
    "OVERDUE",
    "NOT YET DUE",
    "CLOSED, NO DUE",
    "OPEN, NO DUE",
];

impl Summary {
    /// All cities together.
    #[must_use]
    pub fn total(&self) -> Tally {
        self.cities.values().fold(Tally::default(), Tally::and)
    }

    /// Partly, when a row was skipped or a closing refused.
    #[must_use]
    pub fn exit(&self) -> Exit {
        let whole = self.unreadable == 0 && self.refused.is_empty() && self.left_open.is_empty();
        if whole { Exit::Ok } else { Exit::Partly }
    }

    pub(super) fn finding(&self) -> Finding {
        let mut rows: Vec<_> = self.cities.iter().map(|(city, tally)| tally.cells(city)).collect();
        rows.push(self.total().cells("all"));
        let mut notes = vec![vec!["rows".to_owned(), self.rows.to_string()]];
        notes.push(vec!["unreadable".to_owned(), self.unreadable.to_string()]);
        notes.extend(self.refused.iter().map(|(reason, count)| vec![format!("refused {reason}"), count.to_string()]));
        notes.push(vec!["closings refused".to_owned(), self.left_open.len().to_string()]);
        rows.push(Vec::new());
        rows.extend(notes);
        let line = |(line, number, why): &(u64, String, String)| json!({"line": line, "request": number, "why": why});
        let value = json!({
            "rows": self.rows,
            "unreadable": self.unreadable,
            "refused": self.refused,
            "begin": self.begin.to_string(),
            "end": self.end.to_string(),
            "cities": self.cities,
            "total": self.total(),
            "closingsRefused": self.left_open.iter().map(line).collect::<Vec<_>>(),
        });
        Finding { value, head: HEAD.to_vec(), rows, names: Vec::new() }
    }
}
