//! Evaluations upwards: one rater's score, and the numbers of a month that is over.

use casebook::{Done, Filter, Page, Scope};
use civic::{CaseId, UnitCode};

use super::{Acting, App, Asking, Desk};
use crate::domain::authority::{self, Rater};
use crate::domain::evaluation::{Evaluation, Rate, Summary};
use crate::domain::month::Month;
use crate::domain::refusal::Refusal;
use crate::error::Error;

/// Keeps the hash of a rater from serving another purpose.
const RATER: &str = "dispatch rater 1";
/// Evaluations read at once.
const PAGE: usize = 200;

/// A score as somebody gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scoring {
    pub request_id: String,
    pub body: Vec<u8>,
    pub rate: Rate,
}

impl App {
    /// Rates a unit above for the month that runs.
    ///
    /// # Errors
    /// The rules', the store's.
    pub async fn evaluate(&self, asking: &Asking, desk: &Desk, scoring: Scoring) -> Result<Done<Evaluation>, Error> {
        let Scoring { request_id, body, rate } = scoring;
        let rater = authority::rates_above(&asking.actor, &rate.unit, &desk.view).map_err(Error::Matter)?;
        let id = self.evaluation_id(&rater, &rate.unit, Month::of(desk.now));
        let acting = Acting { id, rpc: "CreateEvaluation", request_id, body, command: rate };
        // Nobody learns from the trace which call it was either.
        let asking = Asking { actor: asking.actor.clone(), traceparent: String::new() };
        self.act(&asking, desk, Scope::All, acting).await
    }

    /// Of rater, unit and month under the cluster's key: the same again is the same case, and nobody can tell whose it is.
    fn evaluation_id(&self, rater: &Rater, unit: &UnitCode, month: Month) -> CaseId {
        let (kind, who) = match rater {
            Rater::Person(subject) => ("person", subject.clone()),
            Rater::Place(place) => ("place", place.to_string()),
        };
        let month = month.to_string();
        let parts: [&[u8]; 4] = [kind.as_bytes(), who.as_bytes(), unit.as_str().as_bytes(), month.as_bytes()];
        CaseId::from_bytes(self.cases.keyed_hash(RATER, &parts))
    }

    /// The numbers of a month; `None` while there are too few raters to hide among.
    ///
    /// # Errors
    /// Not for this caller, a month that is not over, the store's.
    pub async fn summarize(
        &self,
        asking: &Asking,
        desk: &Desk,
        unit: &UnitCode,
        month: Month,
    ) -> Result<Option<Summary>, Error> {
        if !authority::reads_ratings_of(&asking.actor, unit, &desk.view) {
            return Err(Error::Matter(Refusal::NotTheUnit { unit: unit.clone() }));
        }
        // Two looks at a month that still runs would tell what was said between them.
        if month >= Month::of(desk.now) {
            return Err(Error::Matter(Refusal::MonthNotOver));
        }
        let state = Some(i64::from(month.number()));
        let filter = Filter { state, unit: Some(unit.to_string()), ..Filter::default() };
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let mut found = self.cases.list::<Evaluation>(&Scope::All, &filter, &Page { size: PAGE, after }).await?;
            let more = found.len() > PAGE;
            found.truncate(PAGE);
            after = found.last().map(|last| last.id);
            all.extend(found.into_iter().map(|found| found.state));
            if !more {
                return Ok(Summary::of(&all));
            }
        }
    }
}
