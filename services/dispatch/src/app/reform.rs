//! Reforms of the divisions: open orders of the districts that lost a place are written anew (`mesh/src/reform.rs`).

use std::future::Future;

use casebook::{Ask, Found};
use civic::Place;

use super::App;
use crate::domain::work_order::{Author, Command, Ruling, WorkOrder};
use crate::error::Error;

impl App {
    /// Follows the tree from reform to reform, until `stop`.
    pub async fn keep_places(&self, stop: impl Future<Output = ()> + Send) {
        let version = || self.desk().view.version().to_owned();
        mesh::keep_places(crate::NAME, version, || self.follow_reforms(), stop).await;
    }

    /// Puts open orders where their places lie today; says how many that moved. Done again it moves none.
    ///
    /// # Errors
    /// The store's; asking again goes on.
    pub async fn follow_reforms(&self) -> Result<usize, Error> {
        let desk = self.desk();
        let lost_a_place = self.tree.districts_that_lost_a_place(desk.now.local_date());
        let command = |order: &Found<WorkOrder>, place: Place| {
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
            Ask::<WorkOrder>::new(order.id, command, desk.facts(Author::Reform))
        };
        Ok(mesh::follow_reforms(&self.cases, &desk.view, &lost_a_place, |order: &WorkOrder| &order.head.place, command)
            .await?)
    }
}
