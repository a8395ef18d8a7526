//! Reports that may tell of the same matter as another one: looked for when somebody asks, among what that somebody may see.
//!
//! Nothing is kept for it. The casebook's own index by place gives the candidates of the last month, inside the caller's scope; their
//! texts are opened, compared and dropped again. So there is nothing to rebuild, and nothing to erase.

use super::{App, Asking, Desk};
use crate::domain::authority::{self, Verb};
use crate::domain::likeness::{LIKELY, Print, Sketch, WINDOW, score};
use crate::domain::report::{Head, Report};
use crate::error::Error;
use casebook::{Filter, Found, Page};
use civic::{CaseId, Micros};

/// Candidates that are opened for one question. A village has about a hundred reports a month; where there are more, only those from
/// shortly before the report on are looked at, so that the answer stays quick.
const OPENED: usize = 200;
/// A place with more candidates than are opened is looked at from so long before the report on.
const NEARER: i64 = 3 * 24 * 3_600 * Micros::SECOND;
/// Answered at most.
const SHOWN: usize = 10;

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
        let seed = self.seed();
        let mine = self.sketch(&asked, seed)?;
        let mut likely = Vec::new();
        for candidate in self.candidates(asking, desk, &asked.state.head).await? {
            if candidate.id == id || candidate.state.head.erased {
                continue;
            }
            let score = score(&mine, &self.sketch(&candidate, seed)?);
            if score >= LIKELY {
                likely.push(Duplicate { id: candidate.id, score });
            }
        }
        // Of equals the newer: it is the likelier to be open.
        likely.sort_by_key(|found| (std::cmp::Reverse(found.score), std::cmp::Reverse(found.id)));
        likely.truncate(SHOWN);
        Ok(likely)
    }

    /// Reports of the same village, or of the smallest place that is known, that the caller may see.
    async fn candidates(&self, asking: &Asking, desk: &Desk, head: &Head) -> Result<Vec<Found<Report>>, Error> {
        let scope = self.scope_for(asking, desk, Verb::List)?;
        let mut place = head.whereabouts.place.clone();
        // Two callers seldom give the same grid.
        if place.village.is_some() {
            place.grid = None;
        }
        let filter = Filter { place: authority::column_of(&place), ..Filter::default() };
        let since = |ago: i64| Page { size: OPENED, after: Some(first_of(Micros(head.filed_at.0 - ago))) };
        let found = self.cases.list::<Report>(&scope, &filter, &since(WINDOW)).await?;
        if found.len() <= OPENED {
            return Ok(found);
        }
        Ok(self.cases.list::<Report>(&scope, &filter, &since(NEARER)).await?)
    }

    /// Where hashing starts: no two clusters hash alike.
    fn seed(&self) -> u64 {
        let hash = self.cases.keyed_hash("intake.likeness", &[]);
        u64::from_le_bytes(*hash.first_chunk().expect("sixteen bytes hold eight"))
    }

    /// The print does not outlive the call, so that a quick hash does: a strong one for each of fifty shingles of two hundred texts
    /// would take most of the time allowed.
    fn sketch(&self, report: &Found<Report>, seed: u64) -> Result<Sketch, Error> {
        const PRIME: u64 = 0x0100_0000_01b3;
        let head = &report.state.head;
        let text = self.cases.sealer().open(report.id, &head.text)?;
        let keyed =
            |shingle: &[u8]| shingle.iter().fold(seed, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME));
        Ok(Sketch {
            at: head.filed_at,
            print: Print::of(&text, &keyed),
            category: head.category.code.parse().unwrap_or(0),
            coordinates: head.whereabouts.coordinates.map(|(latitude, longitude)| (latitude as f32, longitude as f32)),
        })
    }
}

/// The least id of an instant: ids begin with their milliseconds.
fn first_of(at: Micros) -> CaseId {
    let milliseconds = u64::try_from(at.0 / 1_000).unwrap_or(0);
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&milliseconds.to_be_bytes()[2..]);
    CaseId::from_bytes(bytes)
}
