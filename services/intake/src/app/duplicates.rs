//! Reports that may tell of the same matter: shown to staff who file one, and to whoever asks for those of a report.
//!
//! Prints of the open reports of the last month are kept in memory ([`Shelves`]), laid there when a report is filed and read back from
//! the store at a start, so that nothing is stored that would have to be erased. What they find is read through the caller's scope before
//! it is shown: a report that is over, erased or not theirs to see is left out. Filing is over when the search begins, and the search ends
//! within [`PATIENCE`].

use super::{App, Asking, Desk, Filed};
use crate::domain::authority::Verb;
use crate::domain::likeness::{Neighbourhood, Print, Sketch, WINDOW};
use crate::domain::report::{Head, Phase, Report};
use crate::error::Error;
use casebook::{Filter, Page, Scope};
use civic::{CaseId, Micros};
use std::future::Future;
use std::sync::PoisonError;
use std::time::Duration;

/// Answered at most: to somebody who asks, and beside what was just filed.
const SHOWN: usize = 10;
const BESIDE: usize = 3;
/// Candidates that are read for one that is shown: some are over by now, or not the caller's to see.
const READ_FOR_ONE: usize = 4;
/// Whoever has filed waits for the search no longer than this.
const PATIENCE: Duration = Duration::from_millis(50);
/// Reports read back at once.
const PAGE: usize = 500;
/// How often a replica looks what the others have filed, and how far back it looks: ids are made before they are committed.
const LOOK: Duration = Duration::from_secs(2);
const OVERLAP: i64 = 30 * Micros::SECOND;
/// After a failure of the store.
const AGAIN: Duration = Duration::from_secs(10);

/// A report that is likely about the same matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicate {
    pub id: CaseId,
    /// 0..=100
    pub score: u8,
}

impl App {
    /// The likeliest first. Never more than a list: who merges is a person.
    pub async fn duplicates(&self, asking: &Asking, desk: &Desk, id: CaseId) -> Result<Vec<Duplicate>, Error> {
        let asked = self.get(asking, desk, id).await?;
        if asked.state.head.erased {
            return Ok(Vec::new());
        }
        let scope = self.scope_for(asking, desk, Verb::List)?;
        let text = self.cases.sealer().open(id, &asked.state.head.text)?;
        self.seen_by(&scope, id, &self.sketch(&asked.state.head, &text), SHOWN).await
    }

    /// Those beside a report that was just filed, for staff. A search that fails or takes too long finds nothing, and says so in the log:
    /// the report is filed either way.
    pub async fn beside(&self, asking: &Asking, desk: &Desk, filed: &Filed, text: &str) -> Vec<Duplicate> {
        let id = filed.done.id;
        let sketch = self.sketch(&filed.done.state.head, text);
        // Before the search: whoever hangs up meanwhile takes nothing along.
        self.lay(id, &filed.done.state, sketch);
        let scope = self.scope_for(asking, desk, Verb::List);
        let found = match scope {
            Ok(scope) if scope != Scope::Nothing => {
                tokio::time::timeout(PATIENCE, self.seen_by(&scope, id, &sketch, BESIDE)).await
            }
            Ok(_) | Err(_) => Ok(Ok(Vec::new())),
        };
        match found {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::warn!(report = %id, error = %mesh::Chain(&error), "intake.duplicates.failed");
                Vec::new()
            }
            Err(_) => {
                tracing::warn!(report = %id, "intake.duplicates.too_slow");
                Vec::new()
            }
        }
    }

    async fn seen_by(&self, scope: &Scope, id: CaseId, sketch: &Sketch, most: usize) -> Result<Vec<Duplicate>, Error> {
        let likely = {
            let shelves = self.shelves.read().unwrap_or_else(PoisonError::into_inner);
            shelves.like(sketch, Some(id), most * READ_FOR_ONE)
        };
        let mut seen = Vec::new();
        // Mostly the likeliest are the ones.
        for some in likely.chunks(most) {
            let ids: Vec<CaseId> = some.iter().map(|(id, _)| *id).collect();
            let found = self.cases.get_several::<Report>(scope, &ids).await?;
            let open = |id| found.iter().any(|f| f.id == id && f.state.phase.open() && !f.state.head.erased);
            seen.extend(some.iter().filter(|(id, _)| open(*id)).map(|&(id, score)| Duplicate { id, score }));
            if seen.len() >= most {
                break;
            }
        }
        seen.truncate(most);
        Ok(seen)
    }

    fn lay(&self, id: CaseId, report: &Report, sketch: Sketch) {
        // An answer that stands is nobody's work, and nothing to merge with.
        if !matches!(report.phase, Phase::Told { .. }) {
            self.shelves.write().unwrap_or_else(PoisonError::into_inner).put(id, sketch);
        }
    }

    /// Lays a report whose text is not at hand; says whether it could be opened.
    pub(super) fn lay_sealed(&self, id: CaseId, report: &Report) -> bool {
        match self.cases.sealer().open(id, &report.head.text) {
            Ok(text) => {
                self.lay(id, report, self.sketch(&report.head, &text));
                true
            }
            // One that cannot be read must not keep the others from being found.
            Err(error) => {
                tracing::warn!(report = %id, %error, "intake.likeness.text_not_opened");
                false
            }
        }
    }

    /// After a person's ruling: where it lay as something else, somewhere else, it is taken away.
    pub(super) fn lay_anew(&self, id: CaseId, report: &Report) {
        self.shelves.write().unwrap_or_else(PoisonError::into_inner).take(id, report.head.filed_at);
        self.lay_sealed(id, report);
    }

    /// Reads back what was filed before this process began, then, where other replicas file into the same store, what they file.
    pub async fn keep_likeness(&self, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        let mut after = first_of(self.clock.now() - WINDOW);
        let mut told = false;
        loop {
            let wait = match self.read_back(&mut after).await {
                Ok(laid) => {
                    if !told {
                        tracing::info!(laid, "intake.likeness.read_back");
                    }
                    told = true;
                    // Only a shared database has a clock of its own.
                    let alone = self.cases.clock_skew().await.is_ok_and(|skew| skew.is_none());
                    if alone { Duration::MAX } else { LOOK }
                }
                Err(error) => {
                    tracing::warn!(error = %mesh::Chain(&error), "intake.likeness.not_read_back");
                    AGAIN
                }
            };
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Lays what is open and newer than `after`, and moves it on; says how many that were.
    pub async fn read_back(&self, after: &mut CaseId) -> Result<usize, Error> {
        let mut laid = 0;
        loop {
            let page = Page { size: PAGE, after: Some(*after) };
            let found = self.cases.list::<Report>(&Scope::All, &Filter::default(), &page).await?;
            for report in found.iter().take(PAGE).filter(|report| !report.state.head.erased) {
                let head = &report.state.head;
                let place = Neighbourhood::of(&head.whereabouts.place);
                let shelves = self.shelves.read().unwrap_or_else(PoisonError::into_inner);
                let known = shelves.holds(place, head.filed_at, report.id);
                drop(shelves);
                if known {
                    continue;
                }
                laid += usize::from(self.lay_sealed(report.id, &report.state));
            }
            if let Some(last) = found.get(..PAGE.min(found.len())).and_then(<[_]>::last) {
                *after = last.id;
            }
            if found.len() <= PAGE {
                *after = (*after).min(first_of(self.clock.now() - OVERLAP));
                return Ok(laid);
            }
        }
    }

    /// The print says how much two texts share and not what they are; its hash begins at a seed of this cluster's key.
    fn sketch(&self, head: &Head, text: &str) -> Sketch {
        let position = head.whereabouts.coordinates;
        Sketch {
            at: head.filed_at,
            print: Print::of(text, self.likeness_seed),
            category: head.category.code.parse().unwrap_or(0),
            coordinates: position.map(|(latitude, longitude)| (latitude as f32, longitude as f32)),
            place: Neighbourhood::of(&head.whereabouts.place),
        }
    }
}

/// The least id of an instant: ids begin with their milliseconds.
pub(super) fn first_of(at: Micros) -> CaseId {
    let milliseconds = u64::try_from(at.0 / 1_000).unwrap_or(0);
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&milliseconds.to_be_bytes()[2..]);
    CaseId::from_bytes(bytes)
}
