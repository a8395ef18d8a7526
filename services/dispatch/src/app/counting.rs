//! What the three rates are counted from, order by order, and exclusions from them. No rate is stored or computed here.

use casebook::{Done, Filter, Found, Page, Scope, StoreError};
use civic::{CaseId, Micros};

use super::{Acting, App, Asking, Desk, Paging};
use crate::domain::exclusion::{self, Exclusion};
use crate::domain::rates::{Ground, LeftOut, Rate, Told};
use crate::domain::work_order::WorkOrder;
use crate::error::Error;

/// An order with what it counts for.
#[derive(Debug)]
pub struct Counted {
    pub order: Found<WorkOrder>,
    pub told: Told,
    pub left_out: Option<LeftOut>,
}

/// Which facts are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactsListing {
    pub filter: Filter,
    /// Filed not before.
    pub from: Option<Micros>,
    /// Filed before.
    pub until: Option<Micros>,
    pub paging: Paging,
}

/// An exclusion as the unit asked for it, its reason still plain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub order: CaseId,
    pub request_id: String,
    pub body: Vec<u8>,
    pub rates: Vec<Rate>,
    pub ground: Ground,
    pub reason: String,
}

/// A ruling on it, likewise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    pub order: CaseId,
    pub request_id: String,
    pub body: Vec<u8>,
    /// Of the exclusion that was read.
    pub etag: Option<i64>,
    pub granted: bool,
    pub reason: String,
}

impl App {
    /// What one order counts for.
    ///
    /// # Errors
    /// Not found, the store's.
    pub async fn counted(&self, asking: &Asking, desk: &Desk, id: CaseId) -> Result<Counted, Error> {
        let order = self.get(asking, desk, id).await?;
        self.count(order).await
    }

    /// The facts of the orders in the caller's scope, in the order of filing, and the token of the next page if there is more.
    ///
    /// # Errors
    /// A page token of another list, the store's.
    pub async fn list_counted(
        &self,
        asking: &Asking,
        desk: &Desk,
        listing: &FactsListing,
    ) -> Result<(Vec<Counted>, String), Error> {
        let FactsListing { filter, from, until, paging } = listing;
        let scope = desk.scope_of(&asking.actor);
        let binding = format!("ListOrderFacts {} {scope:?} {filter:?} {from:?} {until:?}", asking.caller());
        let tokens = self.cases.page_tokens();
        let after = match paging.token.as_str() {
            "" => from.and_then(last_before),
            token => Some(tokens.open(&binding, token).map_err(|_| Error::PageToken)?),
        };
        let mut found = self.cases.list::<WorkOrder>(&scope, filter, &Page { size: paging.size, after }).await?;
        // Ids are in the order of filing: what lies behind the end ends the list.
        found.retain(|order| until.is_none_or(|until| order.id.millis() < until.0 / 1_000));
        let more = found.len() > paging.size;
        found.truncate(paging.size);
        let next = found.last().filter(|_| more).map(|last| tokens.seal(&binding, last.id)).unwrap_or_default();
        let counted = found.into_iter().map(|order| self.count(order));
        Ok((futures_util::future::try_join_all(counted).await?, next))
    }

    /// Everything is read off the events: the order's state keeps neither who was reached nor what was said before the last word.
    async fn count(&self, order: Found<WorkOrder>) -> Result<Counted, Error> {
        let history = self.cases.timeline::<WorkOrder>(&Scope::Case(order.id), order.id).await?;
        // Of the version that was found: a step in between is the next answer's.
        let until = order.version;
        let told = Told::of(history.iter().filter(|(version, _)| *version <= until).map(|(_, event)| event));
        let left_out = self.exclusion(order.id).await?.and_then(|found| found.state.left_out());
        Ok(Counted { told: told.ok_or(Error::NOT_FOUND)?, left_out, order })
    }

    async fn exclusion(&self, order: CaseId) -> Result<Option<Found<Exclusion>>, Error> {
        match self.cases.get::<Exclusion>(&Scope::All, Exclusion::id_of(order)).await {
            Ok(found) => Ok(Some(found)),
            Err(StoreError::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The unit asks that this round be left out.
    ///
    /// # Errors
    /// The rules', the store's.
    pub async fn request_exclusion(
        &self,
        asking: &Asking,
        desk: &Desk,
        request: Request,
    ) -> Result<Done<Exclusion>, Error> {
        let Request { order, request_id, body, rates, ground, reason } = request;
        let seen = self.get(asking, desk, order).await?.state;
        let id = Exclusion::id_of(order);
        let reason = self.cases.sealer().seal(id, &reason);
        let command = exclusion::Command::Request(Box::new(exclusion::Asking { order, seen, rates, ground, reason }));
        self.act(asking, desk, Scope::All, Acting { id, rpc: "RequestExclusion", request_id, body, command }).await
    }

    /// A dispatcher decides; with an etag, on what was read and on no later request.
    ///
    /// # Errors
    /// The exclusion has moved on; the rules', the store's.
    pub async fn decide_exclusion(
        &self,
        asking: &Asking,
        desk: &Desk,
        ruling: Ruling,
    ) -> Result<Done<Exclusion>, Error> {
        let Ruling { order, request_id, body, etag, granted, reason } = ruling;
        let id = Exclusion::id_of(order);
        let command = exclusion::Command::Rule { granted, reason: self.cases.sealer().seal(id, &reason) };
        let acting = Acting { id, rpc: "DecideExclusion", request_id, body, command };
        self.act_at(asking, desk, desk.scope_of(&asking.actor), (etag, acting)).await
    }

    /// The last exclusion that was asked for, for the people who see the order. A machine knows what became of what it sent, and not how
    /// it is counted: lists of exclusions have none for it either.
    ///
    /// # Errors
    /// Not found, the store's.
    pub async fn exclusion_of(&self, asking: &Asking, desk: &Desk, order: CaseId) -> Result<Found<Exclusion>, Error> {
        self.get(asking, desk, order).await?;
        if let Scope::Sender(_) = desk.scope_of(&asking.actor) {
            return Err(Error::NOT_FOUND);
        }
        self.exclusion(order).await?.ok_or(Error::NOT_FOUND)
    }

    /// Exclusions in the caller's scope that wait for a decision.
    ///
    /// # Errors
    /// A page token of another list, the store's.
    pub async fn list_exclusions(
        &self,
        asking: &Asking,
        desk: &Desk,
        paging: &Paging,
    ) -> Result<(Vec<Found<Exclusion>>, String), Error> {
        self.page(asking, &desk.scope_of(&asking.actor), &Filter::default(), paging).await
    }
}

/// The greatest id that was made before an instant; `None`: there is none.
pub(super) fn last_before(from: Micros) -> Option<CaseId> {
    let before = u64::try_from(from.0 / 1_000).ok()?.checked_sub(1)?;
    let mut bytes = [0xff; 16];
    bytes[..6].copy_from_slice(&before.to_be_bytes()[2..]);
    Some(CaseId::from_bytes(bytes))
}
