//! Reforms of the divisions: open reports of the districts that lost a place are written anew (`mesh/src/reform.rs`).
//!
//! An order moves with its place (`dispatch/src/app/reform.rs`), and whoever may see the order must find the report.

use super::App;
use crate::domain::report::{Command, Facts, Reform, Report};
use crate::error::Error;
use casebook::{Ask, Found};
use civic::Place;
use std::future::Future;

impl App {
    /// Follows the tree from reform to reform, until `stop`.
    pub async fn keep_places(&self, stop: impl Future<Output = ()> + Send) {
        let version = || self.desk().view.version().to_owned();
        mesh::keep_places(crate::NAME, version, || self.follow_reforms(), stop).await;
    }

    /// Puts open reports where their places lie today; says how many that moved. Done again it moves none.
    pub async fn follow_reforms(&self) -> Result<usize, Error> {
        let desk = self.desk();
        let lost_a_place = self.map.tree.districts_that_lost_a_place(desk.now.local_date());
        let command = |report: &Found<Report>, place: Place| {
            let command = Command::Reform(Reform { place, tree_version: desk.view.version().to_owned() });
            Ask::<Report>::new(report.id, command, Facts { now: desk.now })
        };
        Ok(mesh::follow_reforms(
            &self.cases,
            &desk.view,
            &lost_a_place,
            |report: &Report| &report.head.whereabouts.place,
            command,
        )
        .await?)
    }
}
