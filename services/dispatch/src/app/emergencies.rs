//! Emergencies: begun by what intake tells, taken on by those who are called, ended by a person.

use casebook::{Ask, Done, DueTimer, Found, StoreError};
use civic::{CaseId, DivisionCode, Micros, Place, Private};
use proto::dispatch::v1::stored::EmergencyEvent;
use proto::events::v1::{ReportClassified, ReportFiled};

use super::{App, Asked, Asking, Desk, Listing, PERSON, Paging};
use crate::catalog::{Plan, PlanStep};
use crate::domain::emergency::{self, Command, Emergency, Facts, Opening, Party, Planned, Step};
use crate::domain::urgency::Urgency;
use crate::domain::work_order::Author;
use crate::error::Error;

/// Number of intake's `Channel`.
const DEVICE: i32 = proto::intake::v1::Channel::Device as i32;

/// A page of a list, and the token of the next; empty: there is no more.
pub type PageOf<C> = (Vec<Found<C>>, String);

impl App {
    /// The command that starts the plan for a filed report: a device's alarm, or level one by the report or the duty list. `None` when it is
    /// neither, or no plan is for its kind and place.
    #[must_use]
    pub fn alarm(&self, report: &ReportFiled, traceparent: &str) -> Option<Ask<Emergency>> {
        let desk = self.desk();
        // Most reports are of a kind that no plan is for: no more is asked of them.
        if !desk.plans.has(&report.category_code) {
            return None;
        }
        let alarm = report.channel == DEVICE;
        let place = desk.emergency_place(&report.report, &report.division_code);
        let plan = desk.plans.find(&report.category_code, &place.code, &desk.view)?;
        if !alarm && desk.urgency_of(report, &place) != Urgency::LevelOne {
            return None;
        }
        self.starting(&desk, plan, (&report.report, &report.category_code, place, alarm), traceparent)
    }

    /// The same for a ruling that makes a report level one.
    #[must_use]
    pub fn raised(&self, ruling: &ReportClassified, traceparent: &str) -> Option<Ask<Emergency>> {
        if Urgency::from_number(ruling.urgency) != Some(Urgency::LevelOne) {
            return None;
        }
        let desk = self.desk();
        if !desk.plans.has(&ruling.category_code) {
            return None;
        }
        let place = desk.emergency_place(&ruling.report, &ruling.division_code);
        let plan = desk.plans.find(&ruling.category_code, &place.code, &desk.view)?;
        self.starting(&desk, plan, (&ruling.report, &ruling.category_code, place, false), traceparent)
    }

    fn starting(
        &self,
        desk: &Desk,
        plan: &Plan,
        (report, category, place, alarm): (&str, &str, Place, bool),
        traceparent: &str,
    ) -> Option<Ask<Emergency>> {
        let id = emergency::id_of(report.parse().ok()?);
        let opening = Opening {
            work_order: report.to_owned(),
            plan: plan.code.clone(),
            plan_version: desk.plans.version().to_owned(),
            plan_name: plan.name.clone(),
            category: category.to_owned(),
            category_name: desk.category_name(category),
            actions: plan.steps.iter().map(|step| desk.planned(step, &place.code)).collect(),
            place,
            tree_version: desk.view.version().to_owned(),
            alarm,
            owner: self.cases.cluster().to_owned(),
        };
        let command = Command::Open(Box::new(opening));
        Some(Ask::new(id, command, desk.emergency_facts(Author::Report)).with_traceparent(traceparent.to_owned()))
    }

    /// Takes a step of the table, once per request id.
    ///
    /// # Errors
    /// The rules', the store's.
    pub async fn emergency_step(
        &self,
        asking: &Asking,
        desk: &Desk,
        asked: Asked<Step<String>>,
    ) -> Result<Done<Emergency>, Error> {
        let Asked { id, rpc, request_id, body, etag, note, step } = asked;
        let request = self.cases.request_key(&asking.caller(), rpc, &request_id, &body);
        let seal = |text: String| -> Private<String> { self.cases.sealer().seal(id, &text) };
        let command = Command::Step { step: step.map(seal), note: note.map(seal) };
        let reference = self.cases.keyed_hash(PERSON, &[asking.actor.subject.as_bytes()]);
        let author = Author::Person { actor: asking.actor.clone(), reference };
        let ask = Ask::<Emergency>::new(id, command, desk.emergency_facts(author))
            .with_scope(desk.scope_of(&asking.actor))
            .with_etag(etag)
            .with_request(request)
            .with_traceparent(asking.traceparent.clone());
        Ok(self.cases.execute(ask).await?)
    }

    /// One emergency in the caller's scope, or that the caller's unit was called to.
    ///
    /// # Errors
    /// Not found, the store's.
    pub async fn emergency(&self, asking: &Asking, desk: &Desk, id: CaseId) -> Result<Found<Emergency>, Error> {
        Ok(self.cases.get(&desk.scope_of(&asking.actor), id).await?)
    }

    /// Its history, by version.
    ///
    /// # Errors
    /// Not found, the store's.
    pub async fn emergency_timeline(
        &self,
        asking: &Asking,
        desk: &Desk,
        id: CaseId,
    ) -> Result<Vec<(i64, EmergencyEvent)>, Error> {
        Ok(self.cases.timeline::<Emergency>(&desk.scope_of(&asking.actor), id).await?)
    }

    /// Emergencies in the caller's scope, oldest first, and the token of the next page if there is more.
    ///
    /// # Errors
    /// A page token of another list, the store's.
    pub async fn emergencies(
        &self,
        asking: &Asking,
        desk: &Desk,
        listing: &Listing,
    ) -> Result<PageOf<Emergency>, Error> {
        let scope = desk.scope_of(&asking.actor);
        self.page(asking, &scope, &listing.filter, &listing.paging()).await
    }

    /// The plans in force, by code, and the token of the next page.
    ///
    /// # Errors
    /// A page token of another list or another set of plans.
    pub fn plans_page<'a>(
        &self,
        asking: &Asking,
        desk: &'a Desk,
        Paging { size, token }: &Paging,
    ) -> Result<(Vec<&'a Plan>, String), Error> {
        let size = *size;
        let binding = format!("ListEmergencyPlans {} {}", asking.caller(), desk.plans.version());
        let tokens = self.cases.page_tokens();
        let from = match token.as_str() {
            "" => 0,
            token => place_of(tokens.open(&binding, token).map_err(|_| Error::PageToken)?),
        };
        let mut page: Vec<&Plan> = desk.plans.iter().skip(from).take(size + 1).collect();
        let more = page.len() > size;
        page.truncate(size);
        let next = if more { tokens.seal(&binding, place_as_id(from + size)) } else { String::new() };
        Ok((page, next))
    }

    /// Calls that were not acknowledged in time go on.
    pub(super) async fn fire_calls(&self, timer: DueTimer) -> Result<(), StoreError> {
        let facts = self.desk().emergency_facts(Author::Timer);
        let ask = Ask::<Emergency>::new(timer.case, Command::Fire, facts).with_timer(timer);
        super::timing::fired(self.cases.execute(ask).await)
    }
}

impl Desk {
    fn emergency_facts(&self, author: Author) -> Facts {
        Facts { now: self.now, author, view: self.view.clone(), root: self.root.clone() }
    }

    /// A place that our tree does not know is the whole territory, as for the order.
    fn emergency_place(&self, report: &str, code: &str) -> Place {
        let known = code.parse::<DivisionCode>().ok().and_then(|code| self.view.place(&code));
        known.unwrap_or_else(|| {
            tracing::warn!(report.id = report, "dispatch.emergency.place_unknown");
            self.view.place(&self.root).expect("the territory was looked up when the service was opened")
        })
    }

    /// Whoever calls it more pressing is believed, as for the order.
    fn urgency_of(&self, report: &ReportFiled, place: &Place) -> Urgency {
        let listed = self.catalog.duty(&report.category_code, place, Micros(report.accepted_us));
        let listed = listed.map(|(duty, _)| duty.urgency).filter(|_| report.kind != super::opening::SUGGESTION);
        Urgency::from_number(report.urgency).into_iter().chain(listed).min().unwrap_or(Urgency::LevelFour)
    }

    /// A step with the units that it means at this place. A party that there is not (the place is known to its town only, the duty list lost
    /// the unit) is passed over; a step without any is told to the dispatcher at once.
    fn planned(&self, step: &PlanStep, place: &DivisionCode) -> Planned {
        let party = |rule: &crate::catalog::PartyRule| {
            let code = rule.code(place, &self.view, &self.root)?;
            let unit = self.catalog.unit(code.as_str(), &self.view).ok()?;
            Some(Party { unit: unit.code, unit_name: unit.name, role: rule.role })
        };
        Planned {
            name: step.step.clone(),
            text: step.text.clone(),
            after: step.after.clone(),
            chain: step.chain.iter().filter_map(party).collect(),
            minutes: step.minutes,
        }
    }
}

/// Page tokens carry the id of a case. Plans are none: theirs carries a place in the list, which the version in the binding keeps.
fn place_as_id(place: usize) -> CaseId {
    CaseId::from_bytes((place as u128).to_be_bytes())
}

fn place_of(id: CaseId) -> usize {
    usize::try_from(u128::from_be_bytes(*id.as_bytes())).unwrap_or(usize::MAX)
}
