//! Building days, interviews and task forces.

use casebook::{Ask, Case, Done, DueTimer, Filter, Found, Scope, StoreError};
use civic::CaseId;

use super::{Acting, App, Asking, Desk, Paging};
use crate::domain::building_day::{self, BuildingDay, Request};
use crate::domain::refusal::Refusal;
use crate::domain::task_force::{self, TaskForce};
use crate::domain::urgency::Urgency;
use crate::domain::work_order::{Answering, Author, Command, Facts, Opening, WorkOrder};
use crate::error::Error;

/// Number of intake's `ReportKind`: somebody asks for help.
const HELP: i32 = proto::intake::v1::ReportKind::Help as i32;

impl App {
    /// Opens a case of a kind, or takes a step of one that the caller sees.
    ///
    /// # Errors
    /// The rules', the store's.
    pub async fn step_of<C>(
        &self,
        asking: &Asking,
        desk: &Desk,
        acting: Acting<C::Command>,
        opens: bool,
    ) -> Result<Done<C>, Error>
    where
        C: Case<Facts = Facts, Refusal = Refusal>,
    {
        let scope = if opens { Scope::All } else { desk.scope_of(&asking.actor) };
        self.act(asking, desk, scope, acting).await
    }

    /// One that the caller sees.
    ///
    /// # Errors
    /// Not found, the store's.
    pub async fn see<C: Case>(&self, asking: &Asking, desk: &Desk, id: CaseId) -> Result<Found<C>, Error> {
        Ok(self.cases.get::<C>(&desk.scope_of(&asking.actor), id).await?)
    }

    /// The open ones that the caller sees.
    ///
    /// # Errors
    /// A page token of another list, the store's.
    pub async fn see_all<C: Case>(
        &self,
        asking: &Asking,
        desk: &Desk,
        paging: &Paging,
    ) -> Result<(Vec<Found<C>>, String), Error> {
        self.page(asking, &desk.scope_of(&asking.actor), &Filter::default(), paging).await
    }

    /// Decides a request on the spot; the order is there when this returns.
    ///
    /// # Errors
    /// The rules', the store's.
    pub async fn decide_request(
        &self,
        asking: &Asking,
        desk: &Desk,
        acting: Acting<building_day::Command>,
    ) -> Result<Done<BuildingDay>, Error> {
        let done = self.step_of::<BuildingDay>(asking, desk, acting, false).await?;
        let Found { state, version, .. } = self.open_decided(done.id).await?;
        Ok(Done { state, version, ..done })
    }

    /// Opens the orders of decisions that have none yet, each once: the decision names it.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn open_decided(&self, id: CaseId) -> Result<Found<BuildingDay>, Error> {
        let mut found = self.cases.get::<BuildingDay>(&Scope::All, id).await?;
        let desk = self.desk();
        let unopened: Vec<Request> = found.state.unopened().cloned().collect();
        for request in unopened {
            let opening = desk.promised(&found.state, &request, self.cases.cluster());
            let author = Author::BuildingDay { by: found.state.by.clone() };
            let ask = Ask::<WorkOrder>::new(request.work_order, Command::Open(Box::new(opening)), desk.facts(author));
            self.cases.execute(ask).await?;
            let opened = building_day::Command::OrderOpened(request.work_order);
            let done = self.cases.execute(Ask::<BuildingDay>::new(id, opened, desk.facts(Author::Timer))).await?;
            found = Found { id, version: done.version, state: done.state };
        }
        Ok(found)
    }

    /// Whoever decided died before the order was there.
    pub(super) async fn fire_orders(&self, timer: &DueTimer) -> Result<(), StoreError> {
        match self.open_decided(timer.case).await {
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::error!(%error, building_day.id = %timer.case, "dispatch.decision.not_opened");
                Err(StoreError::Unavailable("the order of a decision could not be opened".to_owned()))
            }
        }
    }

    /// Takes an order into a task force's hands.
    ///
    /// # Errors
    /// The caller sees no such order; the rules', the store's.
    pub async fn hold_order(
        &self,
        asking: &Asking,
        desk: &Desk,
        (order, acting): (CaseId, Acting<()>),
    ) -> Result<Done<TaskForce>, Error> {
        let found = self.see::<WorkOrder>(asking, desk, order).await.map_err(unknown_order)?;
        let supervision = found.state.head.supervision;
        let marked = supervision.is_some_and(|supervision| supervision.marked && supervision.is_open());
        let Acting { id, rpc, request_id, body, command: () } = acting;
        let command = task_force::Command::Hold { order, marked };
        self.step_of(asking, desk, Acting { id, rpc, request_id, body, command }, false).await
    }

    /// Ends a task force, once no order that it holds is open. One that was taken in hand while they were counted is not passed over.
    ///
    /// # Errors
    /// The task force has moved on; the rules', the store's.
    pub async fn dissolve(
        &self,
        asking: &Asking,
        desk: &Desk,
        (result, acting): (civic::Private<String>, Acting<()>),
    ) -> Result<Done<TaskForce>, Error> {
        let Found { state: force, version, .. } = self.see::<TaskForce>(asking, desk, acting.id).await?;
        let mut open = 0;
        for order in force.orders {
            let held = self.cases.get::<WorkOrder>(&Scope::All, order).await?.state;
            open += usize::from(held.state().is_open());
        }
        let Acting { id, rpc, request_id, body, command: () } = acting;
        let command = task_force::Command::Dissolve { result, open };
        let acting = Acting { id, rpc, request_id, body, command };
        self.act_at(asking, desk, desk.scope_of(&asking.actor), (Some(version), acting)).await
    }

    /// The caller knows of this order.
    ///
    /// # Errors
    /// There is none for the caller, the store's.
    pub async fn knows_order(&self, asking: &Asking, desk: &Desk, order: CaseId) -> Result<(), Error> {
        self.get(asking, desk, order).await.map(|_| ()).map_err(unknown_order)
    }
}

/// An order that a request names and the caller does not know of is the request's fault; a store that is away is not.
fn unknown_order(error: Error) -> Error {
    let unknown =
        matches!(error, Error::Case(mesh::CaseError::NotFound | mesh::CaseError::Store(StoreError::NotFound)));
    if unknown { Error::field("workOrder", "WORK_ORDER_UNKNOWN", "the caller knows of no such order") } else { error }
}

impl Desk {
    /// The order of a decision: born assigned, due when it was promised.
    fn promised(&self, session: &BuildingDay, request: &Request, cluster: &str) -> Opening {
        let duty = self.catalog.duty(&request.category, &session.place, request.at).map(|(duty, _)| duty);
        let known = self.catalog.unit(request.unit.as_str(), &self.view).ok();
        let name = known.map(|unit| unit.name).unwrap_or_default();
        let category = self.catalog.taxonomy().get(&request.category);
        Opening {
            report: String::new(),
            tracking_number: String::new(),
            sender: String::new(),
            category: request.category.clone(),
            category_name: category.map(|category| category.name_zh.to_string()).unwrap_or_default(),
            urgency: duty.map_or(Urgency::LevelFour, |duty| duty.urgency),
            place: session.place.clone(),
            report_kind: HELP,
            anonymous: false,
            no_reply: false,
            accepted: request.at,
            due: Some(request.due),
            reply_approval: duty.is_some_and(|duty| duty.reply_approval),
            answering: Some(Answering { unit: request.unit.clone(), name }),
            note: Some(request.text.clone()),
            tree_version: self.view.version().to_owned(),
            owner: cluster.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_away_is_no_unknown_order() {
        let away = || Error::Case(mesh::CaseError::Store(StoreError::Unavailable("away".to_owned())));
        assert_eq!(unknown_order(away()).reason(), away().reason());
        assert_eq!(unknown_order(Error::NOT_FOUND).reason(), "WORK_ORDER_UNKNOWN");
    }
}
