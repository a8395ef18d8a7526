//! Lists, timelines and clocks.

use casebook::{Filter, Found};
use civic::CaseId;
use proto::dispatch::v1::stored::WorkOrderEvent;

use super::{App, Asking, Desk, Paging};
use crate::domain::work_order::WorkOrder;
use crate::error::Error;

/// What a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub filter: Filter,
    pub size: usize,
    pub token: String,
}

impl Listing {
    /// Which page of it.
    pub(super) fn paging(&self) -> Paging {
        Paging { size: self.size, token: self.token.clone() }
    }
}

/// One page, and the token of the next if there is more.
#[derive(Debug)]
pub struct Listed {
    pub orders: Vec<Found<WorkOrder>>,
    pub next: String,
}

impl App {
    /// Orders in the caller's scope, oldest first. Without a state in the filter only open ones.
    ///
    /// # Errors
    /// A page token of another list, the store's.
    pub async fn list(&self, asking: &Asking, desk: &Desk, listing: &Listing) -> Result<Listed, Error> {
        let (orders, next) =
            self.page(asking, &desk.scope_of(&asking.actor), &listing.filter, &listing.paging()).await?;
        Ok(Listed { orders, next })
    }

    /// The history of an order in the caller's scope, by version.
    ///
    /// # Errors
    /// Not found, the store's.
    pub async fn timeline(
        &self,
        asking: &Asking,
        desk: &Desk,
        id: CaseId,
    ) -> Result<Vec<(i64, WorkOrderEvent)>, Error> {
        Ok(self.cases.timeline::<WorkOrder>(&desk.scope_of(&asking.actor), id).await?)
    }
}
