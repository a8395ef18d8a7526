//! Suggestions grouped by what they are about, and the quarterly choice among them.

use super::{App, Asking, Desk};
use crate::domain::authority::{self, Verb};
use crate::domain::kind::Kind;
use crate::domain::likeness::{Print, alike};
use crate::domain::report::{Head, Report};
use crate::domain::selection::{Command, Facts, Member, Selection};
use crate::error::Error;
use casebook::{Ask, Case, Done, Filter, Found, OnTaken, Page, Scope, SealError, StoreError, Unique};
use civic::{Actor, CaseId, DivisionCode, Micros};
use mesh::CaseError;
use std::collections::BTreeMap;

/// A quarter and some days: those that came while the last selection was still open.
const DAYS_BACK: i64 = 100;
/// Suggestions that are grouped at once, the newest: a district has some hundred in a quarter. A city's older ones are found by asking
/// for a district of it.
const GROUPED: usize = 1_000;
/// Read at once.
const PAGE: usize = 500;
/// What is open, and what is done: a suggestion is answered within weeks, and belongs to the quarter it came in all the same. Those that
/// were withdrawn, refused or cancelled are nobody's idea any more.
const LISTED: [Option<i64>; 2] = [None, Some(Report::DONE)];
/// Letters of the newest suggestion that stand for a theme nobody gave.
const BEGINNING: usize = 20;

/// Suggestions with similar texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub proposed_theme: String,
    /// The newest first.
    pub reports: Vec<CaseId>,
}

/// A selection to be opened, checked.
pub struct Opening {
    pub request_id: String,
    pub quarter: String,
    pub place: DivisionCode,
    pub panel: Vec<String>,
    pub body: Vec<u8>,
}

/// An act on a selection, checked.
pub struct Step {
    pub id: CaseId,
    pub request_id: String,
    pub etag: Option<i64>,
    pub what: What,
    pub body: Vec<u8>,
}

/// What is done. Ideas by position.
pub enum What {
    Nominate { theme: String, reports: Vec<CaseId> },
    Score { idea: usize, points: u8 },
    Publicise,
    Strike { idea: usize, reason: String },
    Choose,
}

impl What {
    const fn verb(&self) -> Verb {
        match self {
            Self::Nominate { .. } => Verb::Nominate,
            Self::Score { .. } => Verb::Score,
            Self::Publicise | Self::Strike { .. } | Self::Choose => Verb::Select,
        }
    }

    const fn rpc(&self) -> &'static str {
        match self {
            Self::Nominate { .. } => "NominateSuggestion",
            Self::Score { .. } => "ScoreSuggestion",
            Self::Publicise => "PubliciseSelection",
            Self::Strike { .. } => "StrikeSuggestion",
            Self::Choose => "ChooseSelection",
        }
    }
}

/// A selection, as far as whoever asks may see it.
pub enum Shown {
    Whole(Found<Selection>),
    Published(Found<Selection>),
}

/// A suggestion as grouping sees it.
struct Told {
    id: CaseId,
    print: Print,
    theme: String,
    beginning: String,
}

impl App {
    /// Proposals: nothing is stored, and nobody but a person makes an idea of them.
    pub async fn groups(
        &self,
        asking: &Asking,
        desk: &Desk,
        place: Option<&DivisionCode>,
    ) -> Result<Vec<Group>, Error> {
        let scope = self.scope_for(asking, desk, Verb::List)?;
        let place = place.and_then(|code| desk.view.place(code));
        let filter = Filter {
            place: place.as_ref().and_then(authority::column_of),
            category: Some(Report::SUGGESTION.to_owned()),
            ..Filter::default()
        };
        let since = super::duplicates::first_of(desk.now - DAYS_BACK * Micros::DAY);
        let mut told = Vec::new();
        for (id, head) in self.newest(&scope, &filter, since).await?.iter().filter(|(_, head)| !head.erased) {
            match self.told(*id, head) {
                Ok(one) => told.push(one),
                // One that cannot be read must not keep the others from being shown.
                Err(error) => tracing::warn!(report = %id, %error, "intake.suggestions.text_not_opened"),
            }
        }
        Ok(grouped(&told))
    }

    /// The newest of those after `since`, in the order of ids.
    async fn newest(&self, scope: &Scope, filter: &Filter, since: CaseId) -> Result<BTreeMap<CaseId, Head>, Error> {
        let mut newest = BTreeMap::new();
        for state in LISTED {
            let filter = Filter { state, ..filter.clone() };
            let mut page = Page { size: PAGE, after: Some(since) };
            loop {
                let found = self.cases.list::<Report>(scope, &filter, &page).await?;
                let more = found.len() > PAGE;
                for found in found.into_iter().take(PAGE) {
                    page.after = Some(found.id);
                    newest.insert(found.id, found.state.head);
                    if newest.len() > GROUPED {
                        newest.pop_first();
                    }
                }
                if !more {
                    break;
                }
            }
        }
        Ok(newest)
    }

    fn told(&self, id: CaseId, head: &Head) -> Result<Told, SealError> {
        let text = self.cases.sealer().open(id, &head.text)?;
        let theme = head.theme.as_ref().map(|theme| self.cases.sealer().open(id, theme)).transpose()?;
        let beginning = text.chars().take(BEGINNING).collect();
        Ok(Told { id, print: Print::of(&text, self.likeness_seed), theme: theme.unwrap_or_default(), beginning })
    }

    /// What is published (公示) is for everybody, with a token or without. Before that whoever has no share in it is told nothing.
    pub async fn selection(&self, asking: &Asking, desk: &Desk, id: CaseId) -> Result<Shown, Error> {
        let refused = match self.scope_in(asking, desk, Verb::Get, id).await {
            Ok(scope) => return Ok(Shown::Whole(self.cases.get(&scope, id).await?)),
            Err(refused @ (Error::TokenMissing | Error::Case(CaseError::NotFound))) => refused,
            Err(error) => return Err(error),
        };
        match self.cases.get::<Selection>(&Scope::Case(id), id).await {
            Ok(found) if !found.state.phase.ten().is_empty() => Ok(Shown::Published(found)),
            Ok(_) | Err(StoreError::NotFound) => Err(refused),
            Err(error) => Err(error.into()),
        }
    }

    /// Who was named for the panel knows of the selection, whatever the reach of the role. Ideas come from below: whoever may nominate
    /// reaches the selections of the places in which the own one lies.
    async fn scope_in(&self, asking: &Asking, desk: &Desk, verb: Verb, id: CaseId) -> Result<Scope, Error> {
        let scope = self.scope_for(asking, desk, verb)?;
        let selection = self.cases.get::<Selection>(&Scope::Case(id), id).await?.state;
        let of_panel = selection.panel.contains(&self.member(asking, id));
        let asks_as_member = matches!(verb, Verb::Get | Verb::Score);
        let home = asking.caller.actor.as_ref().and_then(Actor::place).and_then(|own| desk.view.standing(&own));
        let from_below = home.is_some_and(|home| desk.view.contains(&selection.place.code, &home));
        let reaches = (of_panel && asks_as_member) || (from_below && verb == Verb::Nominate);
        let scope = if reaches { Scope::Case(id) } else { scope };
        // Whoever may not know of the selection is not told what is wrong with the rest either.
        if scope.admits(id, &selection.index()) { Ok(scope) } else { Err(Error::NOT_FOUND) }
    }

    /// One for each place and quarter; asked for again with the same panel it is the first one.
    pub async fn open_selection(
        &self,
        asking: &Asking,
        desk: &Desk,
        opening: Opening,
    ) -> Result<Done<Selection>, Error> {
        let Opening { request_id, quarter, place, panel, body } = opening;
        let place = desk.view.place(&place).ok_or(Error::NOT_FOUND)?;
        // Whoever may not see the place may not know whether something is chosen there.
        if !admits(&self.scope_for(asking, desk, Verb::Select)?, &place) {
            return Err(Error::NOT_FOUND);
        }
        let id = CaseId::new(desk.now, &*self.rng);
        let unique = Unique {
            key: format!("selection/{}/{quarter}", place.code),
            content: self.cases.keyed_hash("intake.content", &[&body]),
            // Asked anew under another request id, by whoever lost the answer: the same selection, so that its name is not lost with it.
            on_taken: OnTaken::FirstCase,
        };
        let panel = panel.iter().map(|subject| self.person(id, subject)).collect();
        let command = Command::Open { quarter, place, panel, by: asking.reference() };
        let request = self.cases.request_key(&self.requester(asking, &request_id), "OpenSelection", &request_id, &body);
        let ask = Ask::new(id, command, Facts { now: desk.now })
            .with_request(request)
            .with_unique(unique)
            .with_traceparent(asking.traceparent.clone());
        self.cases.execute(ask).await.map_err(Error::of_selection)
    }

    /// Nominates, scores, publishes, strikes or chooses, once per request id.
    pub async fn step_selection(&self, asking: &Asking, desk: &Desk, step: Step) -> Result<Done<Selection>, Error> {
        let Step { id, request_id, etag, what, body } = step;
        let scope = self.scope_in(asking, desk, what.verb(), id).await?;
        if let What::Nominate { reports, .. } = &what {
            // Seen by the own scope: reaching up to a selection opens no report.
            self.are_suggestions(&self.scope_for(asking, desk, Verb::Nominate)?, reports).await?;
        }
        let request = self.cases.request_key(&self.requester(asking, &request_id), what.rpc(), &request_id, &body);
        let by = asking.reference();
        let command = match what {
            What::Nominate { theme, reports } => Command::Nominate { theme, reports, by },
            What::Score { idea, points } => Command::Score { idea, member: self.member(asking, id), points },
            What::Publicise => Command::Publicise { days: desk.catalog.limits.publicity_days, by },
            What::Strike { idea, reason } => Command::Strike { idea, reason, by },
            What::Choose => Command::Choose { by },
        };
        let ask = Ask::new(id, command, Facts { now: desk.now })
            .with_scope(scope)
            .with_etag(etag)
            .with_request(request)
            .with_traceparent(asking.traceparent.clone());
        self.cases.execute(ask).await.map_err(Error::of_selection)
    }

    fn member(&self, asking: &Asking, id: CaseId) -> Member {
        self.person(id, asking.caller.subject())
    }

    /// Each a suggestion that whoever nominates it may see.
    async fn are_suggestions(&self, scope: &Scope, reports: &[CaseId]) -> Result<(), Error> {
        for (at, id) in reports.iter().enumerate() {
            let path = format!("reports[{at}]");
            match self.cases.get::<Report>(scope, *id).await {
                Ok(found) if found.state.head.kind == Kind::Suggestion => {}
                Ok(_) => return Err(Error::field(path, "NOT_A_SUGGESTION", "only suggestions are nominated")),
                Err(StoreError::NotFound) => {
                    return Err(Error::field(path, "REPORTS_INVALID", "no such report"));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

fn admits(scope: &Scope, place: &civic::Place) -> bool {
    match scope {
        Scope::All => true,
        Scope::Place(column, code) => {
            use casebook::PlaceColumn as Column;
            let of = match column {
                Column::District => &place.district,
                Column::Town => &place.town,
                Column::Village => &place.village,
                Column::Grid => &place.grid,
            };
            of.as_ref().is_some_and(|of| of.as_str() == code)
        }
        Scope::Unit(_) | Scope::Sender(_) | Scope::Case(_) | Scope::Nothing => false,
    }
}

/// Each suggestion joins the first group with one that is like it; what is like two groups joins them.
fn grouped(told: &[Told]) -> Vec<Group> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (at, one) in told.iter().enumerate() {
        let near = |group: &Vec<usize>| group.iter().any(|other| alike(&one.print, &told[*other].print));
        let (joined, others): (Vec<_>, Vec<_>) = groups.into_iter().partition(near);
        groups = others;
        groups.push(joined.into_iter().flatten().chain([at]).collect());
    }
    let mut groups: Vec<Group> = groups.iter().map(|group| proposal(told, group)).collect();
    groups.sort_by_key(|group| std::cmp::Reverse((group.reports.len(), group.reports.first().copied())));
    groups
}

fn proposal(told: &[Told], group: &[usize]) -> Group {
    let mut newest: Vec<&Told> = group.iter().map(|at| &told[*at]).collect();
    newest.sort_by_key(|one| std::cmp::Reverse(one.id));
    let given = newest.iter().map(|one| one.theme.as_str()).filter(|theme| !theme.is_empty());
    let votes = |theme: &str| newest.iter().filter(|one| one.theme == theme).count();
    let theme = given.max_by_key(|theme| votes(theme)).or(newest.first().map(|one| one.beginning.as_str()));
    Group { proposed_theme: theme.unwrap_or_default().to_owned(), reports: newest.iter().map(|one| one.id).collect() }
}
