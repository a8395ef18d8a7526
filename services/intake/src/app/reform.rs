//! Reforms of the divisions. A report keeps the place it was filed for; in which district that place lies follows the tree.
//!
//! Its order moves with the place (`dispatch/src/app/reform.rs`), and whoever may see the order must find the report: so open reports
//! of the districts that lost a place are written anew. Those that are over keep the column of their day.

use super::{App, Desk};
use crate::domain::report::{Command, Facts, Reform, Report};
use crate::error::Error;
use casebook::{Ask, Filter, Found, Page, PlaceColumn, Scope};
use civic::{CaseId, DivisionCode, Place};
use std::future::Future;
use std::time::Duration;

/// Open reports read at once.
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
                        tracing::info!(moved, tree = %version, "intake.places.followed");
                        followed = version;
                    }
                    Err(error) => {
                        tracing::warn!(%error, "intake.places.not_followed");
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

    /// Puts open reports where their places lie today; says how many that moved. Done again it moves none.
    pub async fn follow_reforms(&self) -> Result<usize, Error> {
        let desk = self.desk();
        let mut moved = 0;
        for district in self.map.tree.districts_that_lost_a_place(desk.now.local_date()) {
            moved += self.follow_in(&desk, &district).await?;
        }
        Ok(moved)
    }

    async fn follow_in(&self, desk: &Desk, district: &DivisionCode) -> Result<usize, Error> {
        let filter = Filter { place: Some((PlaceColumn::District, district.to_string())), ..Filter::default() };
        let (mut moved, mut after): (usize, Option<CaseId>) = (0, None);
        loop {
            let page = Page { size: PAGE, after };
            let found = self.cases.list::<Report>(&Scope::All, &filter, &page).await?;
            for report in found.iter().take(PAGE) {
                let now = desk.view.place(&report.state.head.whereabouts.place.code);
                if let Some(place) = now.filter(|place| *place != report.state.head.whereabouts.place) {
                    moved += usize::from(self.put(desk, report, place).await?);
                }
            }
            if found.len() <= PAGE {
                return Ok(moved);
            }
            after = found.get(PAGE - 1).map(|report| report.id);
        }
    }

    /// With the version that was read: a ruling given meanwhile stays, and the next look puts the report right.
    async fn put(&self, desk: &Desk, report: &Found<Report>, place: Place) -> Result<bool, Error> {
        let command = Command::Reform(Reform { place, tree_version: desk.view.version().to_owned() });
        let ask = Ask::<Report>::new(report.id, command, Facts { now: desk.now }).with_etag(Some(report.version));
        match self.cases.execute(ask).await {
            Ok(done) => Ok(done.version > report.version),
            Err(casebook::Error::NotOwner { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
