//! Looking at reports: one, a page of them, the history of one. Always inside the caller's scope.

use super::{App, Asking, Desk};
use crate::domain::authority::{self, Verb};
use crate::domain::report::Report;
use crate::error::Error;
use casebook::{Case as _, Filter, Found, Page, Scope};
use civic::{CaseId, DivisionCode, Private};
use proto::intake::v1::stored::{ReportEvent, report_event::Event};

/// What a list is narrowed by, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub size: usize,
    pub token: String,
    pub division: Option<DivisionCode>,
    /// Number of `ReportState`.
    pub state: Option<i32>,
    pub needs_person: bool,
    pub flagged: bool,
}

/// One page.
pub struct Listed {
    pub reports: Vec<Found<Report>>,
    /// Empty on the last page.
    pub next: String,
}

/// One entry of a report's history, with its note opened.
pub struct Moment {
    pub version: i64,
    pub event: ReportEvent,
    pub note: String,
}

/// The private parts of a report, opened for an answer. Absent parts are empty.
#[derive(Default)]
pub struct Plain {
    pub text: String,
    pub channel_number: String,
    pub address: String,
    pub name: String,
    pub phone: String,
    pub on_the_spot: String,
    pub theme: String,
    /// In the order of the report's supplements.
    pub supplements: Vec<String>,
    /// The caller knows the header alone: nothing was opened, and nothing else of what was told is shown.
    pub withheld: bool,
}

impl App {
    pub async fn get(&self, asking: &Asking, desk: &Desk, id: CaseId) -> Result<Found<Report>, Error> {
        let scope = self.scope_for(asking, desk, Verb::Get)?;
        Ok(self.cases.get(&scope, id).await?)
    }

    pub async fn timeline(&self, asking: &Asking, desk: &Desk, id: CaseId) -> Result<Vec<Moment>, Error> {
        let scope = self.scope_for(asking, desk, Verb::Timeline)?;
        let events = self.cases.timeline::<Report>(&scope, id).await?;
        let report = events.iter().fold(None, |report, (_, event)| Report::evolve(report, event));
        let reads = report.is_some_and(|report| desk.lets_read(asking, &report));
        let note = |event: &ReportEvent| if reads { self.note(id, event) } else { String::new() };
        let moment = |(version, event)| Moment { version, note: note(&event), event };
        Ok(events.into_iter().map(moment).collect())
    }

    /// Why a person decided as they did; empty when nothing was noted or the key is gone.
    fn note(&self, id: CaseId, event: &ReportEvent) -> String {
        let Some(note) = event.event.as_ref().and_then(noted).filter(|note| !note.is_empty()) else {
            return String::new();
        };
        self.cases.sealer().open(id, &Private::from_sealed(note.to_vec())).unwrap_or_default()
    }

    pub async fn list(&self, asking: &Asking, desk: &Desk, listing: &Listing) -> Result<Listed, Error> {
        let scope = self.scope_for(asking, desk, Verb::List)?;
        let tokens = self.cases.page_tokens();
        let binding = binding(asking, listing);
        let wrong =
            |_| Error::field("pageToken", "PAGE_TOKEN_INVALID", "the token belongs to another list or was changed");
        let after = (!listing.token.is_empty()).then(|| tokens.open(&binding, &listing.token)).transpose();
        let page = Page { size: listing.size, after: after.map_err(wrong)? };
        let filter = filter(desk, listing);
        let mut reports = self.cases.list::<Report>(&scope, &filter, &page).await?;
        let more = reports.len() > listing.size;
        reports.truncate(listing.size);
        let last = reports.last().filter(|_| more);
        let next = last.map(|last| tokens.seal(&binding, last.id)).unwrap_or_default();
        if listing.needs_person && !listing.flagged {
            // The column also holds what waits for a check only.
            reports.retain(|found| found.state.head.needs_person);
        }
        Ok(Listed { reports, next })
    }

    /// Opens what this caller may see. What the person's erasure took is empty.
    pub fn open(&self, asking: &Asking, desk: &Desk, id: CaseId, report: &Report) -> Result<Plain, Error> {
        if !desk.lets_read(asking, report) {
            return Ok(Plain { withheld: true, ..Plain::default() });
        }
        let head = &report.head;
        let open = |sealed: &Private<String>| match self.cases.sealer().open(id, sealed) {
            Ok(plain) => Ok(plain),
            Err(_) if head.erased => Ok(String::new()),
            Err(error) => Err(Error::from(error)),
        };
        let optional = |sealed: Option<&Private<String>>| sealed.map_or(Ok(String::new()), open);
        let seen = !head.reporter.secret || desk.policies.meets(asking.caller.role());
        let reporter = if seen { Some(&head.reporter) } else { None };
        // The number at the door may be the one the reporter called from.
        let channel_number = if seen { head.channel_number.as_ref() } else { None };
        Ok(Plain {
            text: open(&head.text)?,
            channel_number: optional(channel_number)?,
            address: optional(head.whereabouts.address.as_ref())?,
            name: optional(reporter.and_then(|reporter| reporter.name.as_ref()))?,
            phone: optional(reporter.and_then(|reporter| reporter.phone.as_ref()))?,
            on_the_spot: optional(head.on_the_spot.as_ref())?,
            theme: optional(head.theme.as_ref())?,
            supplements: report
                .later
                .supplements
                .iter()
                .map(|s| optional(s.text.as_ref()))
                .collect::<Result<_, _>>()?,
            withheld: false,
        })
    }

    /// The caller's scope, after the role table. Without a token there is nothing to look at.
    pub(super) fn scope_for(&self, asking: &Asking, desk: &Desk, verb: Verb) -> Result<Scope, Error> {
        let actor = asking.caller.actor.as_ref().ok_or(Error::TokenMissing)?;
        if !desk.policies.may(&asking.caller, verb.act()) {
            return Err(Error::RoleDenied { role: actor.role.as_str(), verb: verb.name() });
        }
        Ok(desk.scope_of(actor))
    }
}

impl Desk {
    pub(super) fn lets_read(&self, asking: &Asking, report: &Report) -> bool {
        asking.caller.actor.as_ref().is_some_and(|actor| self.reads(actor, report))
    }
}

/// What somebody wrote in an act; of a supplement, its text.
fn noted(event: &Event) -> Option<&[u8]> {
    match event {
        Event::Classified(classified) => Some(&classified.note),
        Event::Supplemented(added) => Some(&added.text),
        Event::Urged(urged) => Some(&urged.note),
        Event::Withdrawn(withdrawn) => Some(&withdrawn.note),
        Event::Refused(refused) => Some(&refused.note),
        Event::Transferred(transferred) => Some(&transferred.note),
        Event::Checked(checked) => Some(&checked.note),
        Event::Unmasked(unmasked) => Some(&unmasked.note),
        Event::LookAgreed(agreed) => Some(&agreed.note),
        Event::AnswerDeclined(declined) => Some(&declined.note),
        Event::PlaceFollowed(_)
        | Event::Filed(_)
        | Event::OrderStepped(_)
        | Event::Rated(_)
        | Event::PersonErased(_) => None,
    }
}

/// Everything that the next page must have in common with this one, its size apart.
fn binding(asking: &Asking, listing: &Listing) -> String {
    let division = listing.division.as_ref().map_or("", DivisionCode::as_str);
    let state = listing.state.unwrap_or(0);
    let (classify, flagged) = (listing.needs_person, listing.flagged);
    format!("reports|{}|{}|{division}|{state}|{classify}|{flagged}", asking.name(), asking.reference())
}

fn filter(desk: &Desk, listing: &Listing) -> Filter {
    let place = listing.division.as_ref().and_then(|code| desk.view.place(code));
    Filter {
        place: place.as_ref().and_then(authority::column_of),
        state: listing.state.map(i64::from),
        flagged: (listing.needs_person || listing.flagged).then_some(true),
        ..Filter::default()
    }
}
