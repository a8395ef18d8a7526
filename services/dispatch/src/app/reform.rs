//! Reforms of the divisions. An order keeps the place it was opened for; in which district that place lies follows the tree.
//!
//! Lists and scopes ask the district's column, so after a reform the open orders of the districts that lost a place are written
//! anew. Those that are over keep the column of their day.

use std::future::Future;
use std::time::Duration;

use casebook::{Ask, Filter, Found, Page, PlaceColumn, Scope};
use civic::{CaseId, DivisionCode, Place};

use super::{App, Desk};
use crate::domain::work_order::{Author, Command, Ruling, WorkOrder};
use crate::error::Error;

/// Open orders read at once.
const PAGE: usize = 200;
/// A reform comes into force at midnight; nobody waits for it by the minute.
const LOOK: Duration = Duration::from_secs(3600);
/// After a failure of the store.
const AGAIN: Duration = Duration::from_secs(60);

impl App {
    /// Follows the tree from reform to reform, until `stop`.
    pub async fn keep_places(&self, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        let mut followed = String::new();
        loop {
            let version = self.desk().view.version().to_owned();
            let mut wait = LOOK;
            if version != followed {
                match self.follow_reforms().await {
                    Ok(moved) => {
                        tracing::info!(moved, tree = %version, "dispatch.places.followed");
                        followed = version;
                    }
                    Err(error) => {
                        tracing::warn!(%error, "dispatch.places.not_followed");
                        wait = AGAIN;
                    }
                }
            }
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Puts open orders where their places lie today; says how many that moved. Done again it moves none.
    ///
    /// # Errors
    /// The store's; asking again goes on.
    pub async fn follow_reforms(&self) -> Result<usize, Error> {
        let desk = self.desk();
        let mut moved = 0;
        for district in self.tree.districts_that_lost_a_place(desk.now.local_date()) {
            moved += self.follow_in(&desk, &district).await?;
        }
        Ok(moved)
    }

    async fn follow_in(&self, desk: &Desk, district: &DivisionCode) -> Result<usize, Error> {
        let filter = Filter { place: Some((PlaceColumn::District, district.to_string())), ..Filter::default() };
        let (mut moved, mut after): (usize, Option<CaseId>) = (0, None);
        loop {
            let page = Page { size: PAGE, after };
            let found = self.cases.list::<WorkOrder>(&Scope::All, &filter, &page).await?;
            for order in found.iter().take(PAGE) {
                let place = desk.view.place(&order.state.head.place.code);
                if let Some(place) = place.filter(|place| *place != order.state.head.place) {
                    moved += usize::from(self.put(desk, order, place).await?);
                }
            }
            if found.len() <= PAGE {
                return Ok(moved);
            }
            after = found.get(PAGE - 1).map(|order| order.id);
        }
    }

    /// With the version that was read: a step taken meanwhile stays, and the order is put right by the next look.
    async fn put(&self, desk: &Desk, order: &Found<WorkOrder>, place: Place) -> Result<bool, Error> {
        let head = &order.state.head;
        let ruling = Ruling {
            category: head.category.clone(),
            category_name: head.category_name.clone(),
            place: Some(place),
            urgency: None,
            reply_approval: None,
            answering: None,
            tree_version: desk.view.version().to_owned(),
            by: String::new(),
        };
        let command = Command::Reclassify(Box::new(ruling));
        let ask = Ask::<WorkOrder>::new(order.id, command, desk.facts(Author::Reform)).with_etag(Some(order.version));
        match self.cases.execute(ask).await {
            Ok(done) => Ok(done.version > order.version),
            Err(casebook::Error::NotOwner { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
