//! What a reporter does with a number and its secret: look where the report stands, give a word on the result.

use super::filing::track_key;
use super::{App, Asking, Desk};
use crate::domain::OrderState;
use crate::domain::authority::Verb;
use crate::domain::report::{Command, Facts, Judgement, Refusal, Report, Signed, Work};
use crate::error::Error;
use crate::guesses::Braked;
use crate::peers::{Merging, OrderView, Rated, Word};
use casebook::{Ask, Found, Scope, SealError};
use civic::{CaseId, TrackingNumber};
use mesh::Code;

/// Somebody's claim that a report is theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// As typed.
    pub number: String,
    pub secret: Secret,
}

/// What opens a report besides its number.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    PhoneLast4(String),
    Pin(String),
}

/// Never shows what was typed.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::PhoneLast4(_) => "PhoneLast4(..)",
            Self::Pin(_) => "Pin(..)",
        })
    }
}

/// A report as its reporter may see it, with the order's fresher view where dispatch gave one.
pub struct Tracked {
    pub report: Found<Report>,
    pub order: Option<OrderView>,
}

impl App {
    /// Looks a report up. Wrong numbers and wrong secrets cannot be told apart.
    pub async fn track(&self, asking: &Asking, desk: &Desk, claim: &Claim) -> Result<Tracked, Error> {
        let report = self.claimed(asking, desk, claim).await?;
        // Dispatch is asked only when there may be something to tell that events do not carry: the reply.
        // Or unit and date, where another order carries the matter on.
        let asks = |work: &Work| work.reply_ready || work.order == OrderState::Merged;
        let order = if report.state.phase.work().is_some_and(asks) { self.orders.look(report.id).await } else { None };
        Ok(Tracked { report, order })
    }

    /// Gives the reporter's word to dispatch, whose rules decide, and keeps a copy with the report.
    pub async fn rate(
        &self,
        asking: &Asking,
        desk: &Desk,
        claim: &Claim,
        word: &Word,
    ) -> Result<(Tracked, Rated), Error> {
        let report = self.claimed(asking, desk, claim).await?;
        if report.state.head.answer.is_some()
            && let Some(judged) = self.judge(asking, desk, &report, word).await?
        {
            return Ok(judged);
        }
        let rated = self.orders.rate(report.id, word).await.map_err(refused_by_dispatch)?;
        // Dispatch repeats its answer for the same request id, so a call cut off between the two is simply sent again.
        let body = [word.rating.answered, word.rating.solved, word.rating.satisfied].map(u8::from);
        let caller = format!("reports/{}", report.id);
        let request = self.cases.request_key(&caller, "RateReport", &word.request_id, &body);
        let ask = Ask::new(report.id, Command::Rate(word.rating), Facts { now: desk.now })
            .with_request(request)
            .with_traceparent(asking.traceparent.clone());
        let done = self.cases.execute(ask).await?;
        let report = Found { id: done.id, version: done.version, state: done.state };
        Ok((Tracked { report, order: rated.order.clone() }, rated))
    }

    /// Asks dispatch to merge the report's order into another one, for whoever calls. The report follows by the order's events.
    pub async fn merge(
        &self,
        asking: &Asking,
        desk: &Desk,
        id: CaseId,
        merging: &Merging,
    ) -> Result<(Found<Report>, Rated), Error> {
        let scope = self.scope_for(asking, desk, Verb::Merge)?;
        let report = self.cases.get::<Report>(&scope, id).await?;
        let actor = asking.caller.actor.as_ref().ok_or(Error::TokenMissing)?;
        let merged = self.orders.merge(actor, id, merging).await.map_err(Error::Dispatch)?;
        Ok((report, merged))
    }

    /// The word on an answer that was given at once. `None`: it was declined before by another word, and an order carries it on.
    async fn judge(
        &self,
        asking: &Asking,
        desk: &Desk,
        report: &Found<Report>,
        word: &Word,
    ) -> Result<Option<(Tracked, Rated)>, Error> {
        let id = report.id;
        let body = [word.rating.answered, word.rating.solved, word.rating.satisfied].map(u8::from);
        let request = self.cases.request_key(&format!("reports/{id}"), "JudgeAnswer", &word.request_id, &body);
        let note = (!word.comment.is_empty()).then(|| self.cases.sealer().seal(id, &word.comment));
        let signed = Signed { by: "citizen/".to_owned(), note };
        let judgement = Judgement { rating: word.rating, signed, days: desk.catalog.limits.answer_days };
        let ask = Ask::new(id, Command::Judge(judgement), Facts { now: desk.now })
            .with_request(request)
            .with_traceparent(asking.traceparent.clone());
        match self.cases.execute(ask).await {
            Ok(done) => {
                // What was declined is a matter like any other, and may be found as a duplicate.
                if !word.rating.satisfied {
                    self.lay_sealed(done.id, &done.state);
                }
                let report = Found { id: done.id, version: done.version, state: done.state };
                Ok(Some((Tracked { report, order: None }, Rated { order: None, position: None })))
            }
            Err(casebook::Error::Refused(Refusal::NothingToJudge { .. })) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The report that the claim opens. Every guess counts, at the number and at the address it comes from, until it proves right.
    async fn claimed(&self, asking: &Asking, desk: &Desk, claim: &Claim) -> Result<Found<Report>, Error> {
        let braked = |braked: Braked| Error::TooManyGuesses { braked };
        // Where the address is not known there is no one to brake: all callers would share one meter. A caller with a token is
        // known by it, and the hotline asks for many people at once from one address.
        let address = asking.address.filter(|_| !asking.is_known()).map(|address| address.to_string());
        let from = address.map(|address| self.cases.keyed_hash("intake.guess.from", &[address.as_bytes()]));
        if let Some(from) = from {
            self.from_addresses.take(from, desk.now).map_err(braked)?;
        }
        // A number that fails its check digit is a slip, not a guess at a report; the address has paid for it.
        let number = TrackingNumber::parse(&claim.number).map_err(|_| Error::NOT_FOUND)?;
        let at = self.cases.keyed_hash("intake.guess.at", &[number.as_str().as_bytes()]);
        self.at_numbers.take(at, desk.now).map_err(braked)?;
        let found = self.opened_by(number.as_str(), &claim.secret).await?;
        self.at_numbers.give_back(at);
        if let Some(from) = from {
            self.from_addresses.give_back(from);
        }
        Ok(found)
    }

    /// The same by the report's name, which its reporter has from filing or tracking. A guess counts at the number it belongs to.
    pub(super) async fn claimed_by_name(
        &self,
        asking: &Asking,
        desk: &Desk,
        id: CaseId,
        secret: &Secret,
    ) -> Result<Found<Report>, Error> {
        let found = self.cases.get::<Report>(&Scope::Case(id), id).await?;
        let claim = Claim { number: found.state.head.tracking_number.clone(), secret: secret.clone() };
        self.claimed(asking, desk, &claim).await
    }

    async fn opened_by(&self, number: &str, secret: &Secret) -> Result<Found<Report>, Error> {
        let id: CaseId = self.cases.find_unique(&track_key(number)).await?.ok_or(Error::NOT_FOUND)?;
        let found = self.cases.get::<Report>(&Scope::Case(id), id).await?;
        let hash = match secret {
            Secret::PhoneLast4(digits) => self.secret_hash(number, "phone", digits),
            Secret::Pin(digits) => self.secret_hash(number, "pin", digits),
        };
        let kept = match self.cases.sealer().open(id, &found.state.head.track_secret) {
            Err(SealError::Destroyed) => return Err(Error::NOT_FOUND),
            kept => kept?,
        };
        // Keyed hashes of what was typed: the time a comparison takes says nothing about the secret.
        (kept == Self::shown(hash)).then_some(found).ok_or(Error::NOT_FOUND)
    }
}

/// The report exists, so an order that dispatch does not know is one it has not heard of yet.
fn refused_by_dispatch(problem: mesh::Problem) -> Error {
    if problem.code == Code::NotFound { Error::OrderOnItsWay } else { Error::Dispatch(problem) }
}
