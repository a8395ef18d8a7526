//! Duties on their way to the list: what is proposed is tried on the present list first, and an admission makes the next version of it.

use casebook::{Ask, Done, DueTimer, Found, Scope, StoreError};
use civic::CaseId;

use super::{Acting, App, Asking, Desk, Paging};
use crate::catalog::{Catalog, CatalogError, Problem, amended, shipped_duties};
use crate::domain::arrangement::{self, Arrangement, Matter};
use crate::domain::authority;
use crate::domain::day::Day;
use crate::domain::duty::{Change, Command, Duty, Line, Proposal, Standing};
use crate::domain::work_order::Author;
use crate::error::Error;

const FILE: &str = "duties.csv";

impl App {
    /// A step of a duty's life. What would change the list is tried on it before.
    ///
    /// # Errors
    /// The list would not take it; the rules', the store's.
    pub async fn act_on_duty(
        &self,
        asking: &Asking,
        desk: &Desk,
        acting: Acting<Command>,
    ) -> Result<Done<Duty>, Error> {
        let id = acting.id;
        let scope = if matches!(acting.command, Command::Propose { .. }) {
            Scope::All
        } else {
            authority::duty_scope(&asking.actor)
        };
        self.try_on_list(asking, &scope, &acting).await?;
        let admits = acting.command == Command::Admit;
        let done = self.act::<Duty>(asking, desk, scope, acting).await?;
        if !admits {
            return Ok(done);
        }
        self.list_duty(id).await?;
        let Found { state, version, .. } = self.cases.get::<Duty>(&Scope::All, id).await?;
        Ok(Done { state, version, ..done })
    }

    /// One duty, for those whom the lists burden or who decide about them.
    ///
    /// # Errors
    /// Not found, the store's.
    pub async fn duty(&self, asking: &Asking, id: CaseId) -> Result<Found<Duty>, Error> {
        Ok(self.cases.get::<Duty>(&authority::duty_scope(&asking.actor), id).await?)
    }

    /// Those that are proposed, reviewed or admitted.
    ///
    /// # Errors
    /// A page token of another list, the store's.
    pub async fn duties(&self, asking: &Asking, paging: &Paging) -> Result<(Vec<Found<Duty>>, String), Error> {
        self.page(asking, &authority::duty_scope(&asking.actor), &casebook::Filter::default(), paging).await
    }

    /// Whoever may not change the list learns nothing of it. What the rules refuse whatever the list says, or know from an earlier
    /// request, is not tried: they answer, and a request that is repeated finds its first answer.
    async fn try_on_list(&self, asking: &Asking, scope: &Scope, acting: &Acting<Command>) -> Result<(), Error> {
        let (change, line, from): (Change, Line, Day) = match &acting.command {
            Command::Propose { line, from, .. } => (Change::Enter, line.clone(), *from),
            Command::Adjust { line, from, .. } => {
                if self.duty_in(scope, acting.id).await?.standing != Standing::Admitted {
                    return Ok(());
                }
                (Change::Adjust, line.clone(), *from)
            }
            Command::Retire { from, .. } => {
                let duty = self.duty_in(scope, acting.id).await?;
                if duty.standing != Standing::Admitted {
                    return Ok(());
                }
                (Change::Retire, duty.proposal.line, *from)
            }
            Command::Admit => {
                let duty = self.duty_in(scope, acting.id).await?;
                if duty.standing != Standing::Reviewed {
                    return Ok(());
                }
                (duty.proposal.change, duty.proposal.line, duty.proposal.from)
            }
            Command::Review { .. } | Command::Refuse { .. } | Command::Listed { .. } => return Ok(()),
        };
        authority::is_above(&asking.actor, line.tier).map_err(Error::Matter)?;
        let known = self.arrangement(Matter::DutyList).await?;
        next_files(known.as_ref().map(|found| &found.state), change, &line, from)
            .map(|_| ())
            .map_err(|error| invalid(&error))
    }

    async fn duty_in(&self, scope: &Scope, id: CaseId) -> Result<Duty, Error> {
        Ok(self.cases.get::<Duty>(scope, id).await?.state)
    }

    /// Puts an admission on the list, once: the version is named after the duty, so whoever finds it there is done.
    ///
    /// # Errors
    /// The list would not take it, the store's.
    pub(super) async fn list_duty(&self, id: CaseId) -> Result<(), Error> {
        loop {
            let duty = self.cases.get::<Duty>(&Scope::All, id).await?.state;
            if !duty.is_unlisted() {
                return Ok(());
            }
            let version = format!("duty-{id}-{}", duty.admissions);
            let known = self.arrangement(Matter::DutyList).await?;
            let state = known.as_ref().map(|found| &found.state);
            let there = state.is_some_and(|state| state.versions.iter().any(|known| known.name == version));
            let on_list = if there { Some(version) } else { self.load_next(version, state, &duty.proposal).await? };
            let Some(version) = on_list else { continue };
            let listed = Command::Listed { version };
            self.cases.execute(Ask::<Duty>::new(id, listed, self.desk().facts(Author::Timer))).await?;
            return Ok(());
        }
    }

    /// The version that has the change; `None`: somebody loaded another one meanwhile, which must not be lost.
    async fn load_next(
        &self,
        version: String,
        state: Option<&Arrangement>,
        proposal: &Proposal,
    ) -> Result<Option<String>, Error> {
        let files = match next_files(state, proposal.change, &proposal.line, proposal.from) {
            Ok(files) => files,
            // Another retirement or an operator's list was first: the present version is what was to be.
            Err(CatalogError::Whole { problem: Problem::NoSuchDuty, .. }) => {
                let last = state.and_then(Arrangement::last).map(|last| last.name.clone());
                return Ok(Some(last.unwrap_or_else(|| self.desk().catalog.version().to_owned())));
            }
            Err(error) => return Err(invalid(&error)),
        };
        let note = format!("{} {} {}", proposal.change.as_str(), proposal.line.tier, proposal.line.category);
        let after = Some(state.map_or(0, |state| state.versions.len()));
        let command = arrangement::Command::Load { name: version.clone(), files, note, after };
        let facts = arrangement::Facts { now: self.clock.now(), by: proposal.decided_by.clone() };
        match self.cases.execute(Ask::<Arrangement>::new(Matter::DutyList.id(), command, facts)).await {
            Ok(done) => {
                self.put_in_force(Matter::DutyList, done.version, &done.state);
                Ok(Some(version))
            }
            Err(casebook::Error::Refused(arrangement::Refusal::Moved)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whoever admitted died before the list had it.
    pub(super) async fn fire_listing(&self, timer: &DueTimer) -> Result<(), StoreError> {
        match self.list_duty(timer.case).await {
            Ok(()) => Ok(()),
            Err(error) => {
                tracing::error!(%error, duty.id = %timer.case, "dispatch.duty.not_listed");
                Err(StoreError::Unavailable("the duty list did not take an admission".to_owned()))
            }
        }
    }
}

fn invalid(error: &CatalogError) -> Error {
    Error::field("duty", "DUTY_INVALID", error.to_string())
}

/// The files of the present list with the change in them, checked as a whole.
fn next_files(
    state: Option<&Arrangement>,
    change: Change,
    line: &Line,
    from: Day,
) -> Result<Vec<(String, String)>, CatalogError> {
    let mut files = state.and_then(Arrangement::last).map(|last| last.files.clone()).unwrap_or_default();
    let at = files.iter().position(|(name, _)| name == FILE);
    let text = at.map_or_else(|| shipped_duties().to_owned(), |at| files[at].1.clone());
    let text = amended(&text, change, line, from)?;
    match at {
        Some(at) => files[at].1 = text,
        None => files.push((FILE.to_owned(), text)),
    }
    files.sort();
    Catalog::of("next", &files)?;
    Ok(files)
}
