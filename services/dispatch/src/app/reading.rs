//! Lists, timelines and clocks.

use casebook::{Filter, Found, Page};
use civic::CaseId;
use proto::dispatch::v1::stored::WorkOrderEvent;

use super::{App, Asking, Desk};
use crate::domain::work_order::WorkOrder;
use crate::error::Error;

/// What a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub filter: Filter,
    pub size: usize,
    pub token: String,
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
        let scope = desk.scope_of(&asking.actor);
        let binding = format!("ListWorkOrders {} {scope:?} {:?}", asking.caller(), listing.filter);
        let tokens = self.cases.page_tokens();
        let after = match listing.token.as_str() {
            "" => None,
            token => Some(tokens.open(&binding, token).map_err(|_| Error::PageToken)?),
        };
        let page = Page { size: listing.size, after };
        let mut orders = self.cases.list::<WorkOrder>(&scope, &listing.filter, &page).await?;
        let more = orders.len() > listing.size;
        orders.truncate(listing.size);
        let next = orders.last().filter(|_| more).map(|last| tokens.seal(&binding, last.id)).unwrap_or_default();
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
        Ok(self.cases.timeline::<WorkOrder>(&self.sight(asking, desk, id).await?, id).await?)
    }
}
