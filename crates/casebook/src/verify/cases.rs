//! Cases with their events and timers, side by side in the order of ids.

use super::{Bounds, Invariant, Report};
use crate::{
    case::DueTimer,
    error::StoreError,
    kinds::{Kinds, Replayed},
    store::{CaseRow, EventRow, Span, Store},
};
use civic::{CaseId, Micros};

/// Cases looked at together.
const PAGE: usize = 256;

/// Checks every case; answers with the number of events by partition.
pub(super) async fn check(
    store: &dyn Store,
    kinds: &Kinds,
    bounds: &Bounds,
    report: &mut Report,
) -> Result<Vec<u64>, StoreError> {
    let mut by_partition = vec![0; usize::from(bounds.partitions)];
    let mut after = None;
    loop {
        let cases = store.scan(after, PAGE).await?;
        // Behind the last case there may still be events and timers of none.
        let upto = if cases.len() < PAGE { None } else { cases.last().map(|c| c.id) };
        let span = Span { after, upto };
        let events = store.events_between(span).await?;
        let timers = store.timers_between(span).await?;
        for event in &events {
            if let Some(count) = by_partition.get_mut(usize::from(event.case.partition(bounds.partitions))) {
                *count += 1;
            }
        }
        report.cases += cases.len() as u64;
        report.events += events.len() as u64;
        report.timers += timers.len() as u64;
        report.newest = events.iter().map(|e| e.time).fold(report.newest, Micros::max);
        Page { kinds, events: &events, timers: &timers }.check(&cases, report);
        after = upto;
        if after.is_none() {
            return Ok(by_partition);
        }
    }
}

struct Page<'a> {
    kinds: &'a Kinds,
    /// Those that no case has taken yet.
    events: &'a [EventRow],
    timers: &'a [DueTimer],
}

impl<'a> Page<'a> {
    fn check(mut self, cases: &[CaseRow], report: &mut Report) {
        for case in cases {
            let events = self.events_of(case.id, report);
            let timers = self.timers_of(case.id, report);
            self.check_case(case, events, timers, report);
        }
        for event in self.events {
            report.add(Invariant::I4, Some(event.case), format!("event {} belongs to no case", event.version));
        }
        for timer in self.timers {
            report.add(Invariant::I13, Some(timer.case), format!("timer {} belongs to no case", timer.name));
        }
    }

    fn events_of(&mut self, case: CaseId, report: &mut Report) -> &'a [EventRow] {
        let orphans = self.events.partition_point(|e| e.case < case);
        for event in &self.events[..orphans] {
            report.add(Invariant::I4, Some(event.case), format!("event {} belongs to no case", event.version));
        }
        let end = self.events.partition_point(|e| e.case <= case);
        let own = &self.events[orphans..end];
        self.events = &self.events[end..];
        own
    }

    fn timers_of(&mut self, case: CaseId, report: &mut Report) -> &'a [DueTimer] {
        let orphans = self.timers.partition_point(|t| t.case < case);
        for timer in &self.timers[..orphans] {
            report.add(Invariant::I13, Some(timer.case), format!("timer {} belongs to no case", timer.name));
        }
        let end = self.timers.partition_point(|t| t.case <= case);
        let own = &self.timers[orphans..end];
        self.timers = &self.timers[end..];
        own
    }

    fn check_case(&self, case: &CaseRow, events: &[EventRow], timers: &[DueTimer], report: &mut Report) {
        let id = Some(case.id);
        let newest = i64::try_from(events.len()).unwrap_or(i64::MAX);
        if !events.iter().map(|e| e.version).eq(1..=newest) {
            let versions: Vec<i64> = events.iter().map(|e| e.version).take(20).collect();
            report.add(Invariant::I4, id, format!("versions are not dense: {versions:?}"));
            return;
        }
        if case.version != newest {
            report.add(Invariant::I4, id, format!("the state has version {}, the newest event {newest}", case.version));
        }
        if let Some(other) = events.iter().find(|e| e.kind != case.kind) {
            report.add(Invariant::I4, id, format!("a {} with an event of a {}", case.kind, other.kind));
        }
        let Some(replayed) = self.kinds.replay(&case.kind, events) else {
            report.add(Invariant::I4, id, format!("no kind is called {}", case.kind));
            return;
        };
        match replayed {
            Ok(replayed) => self.compare(case, &replayed, timers, report),
            Err(version) => {
                report.add(Invariant::I8, id, format!("event {version} does not lead on from the state before it"))
            }
        }
    }

    fn compare(&self, case: &CaseRow, replayed: &Replayed, timers: &[DueTimer], report: &mut Report) {
        let id = Some(case.id);
        for version in &replayed.illegal {
            report.add(Invariant::I8, id, format!("event {version} is not allowed in the state before it"));
        }
        let rebuilt = &replayed.rebuilt;
        if case.schema != rebuilt.schema {
            report.stale += 1;
            return;
        }
        if case.state != rebuilt.state {
            report.add(Invariant::I4, id, "the stored state is not what its events give");
        }
        if case.row != rebuilt.row {
            report.add(Invariant::I4, id, format!("the row is {:?}, its state gives {:?}", case.row, rebuilt.row));
        }
        for wanted in &rebuilt.timers {
            match timers.iter().find(|t| t.name == wanted.name) {
                None => report.add(Invariant::I13, id, format!("timer {} is not armed", wanted.name)),
                Some(t) if t.due != wanted.due => {
                    report.add(
                        Invariant::I13,
                        id,
                        format!("timer {} is armed for {}, not {}", t.name, t.due, wanted.due),
                    );
                }
                Some(t) if !(1..=case.version).contains(&t.generation) => {
                    report.add(Invariant::I13, id, format!("timer {} was armed by version {}", t.name, t.generation));
                }
                Some(_) => {}
            }
        }
        for timer in timers.iter().filter(|t| rebuilt.timers.iter().all(|w| w.name != t.name)) {
            report.add(Invariant::I13, id, format!("timer {} is armed, the state does not name it", timer.name));
        }
    }
}
