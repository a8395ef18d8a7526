//! Totals of orders for those who may know of none.

use std::collections::BTreeMap;

use casebook::{Filter, Page, Scope};
use civic::{CaseId, DivisionCode, Micros, Tier};

use super::counting::last_before;
use super::{App, Asking, Desk};
use crate::domain::authority;
use crate::domain::month::Month;
use crate::domain::refusal::Refusal;
use crate::domain::totals::{Grouping, Total, place_below, told};
use crate::domain::work_order::{State, WorkOrder};
use crate::error::Error;

/// Orders read at once.
const PAGE: usize = 200;

impl App {
    /// The totals of the caller's place over a month that is over, and the place.
    ///
    /// # Errors
    /// A caller of no place, a month that is not over, the store's.
    pub async fn count_orders(
        &self,
        asking: &Asking,
        desk: &Desk,
        (month, grouping): (Month, Grouping),
    ) -> Result<(DivisionCode, Vec<Total>), Error> {
        // Two looks at a month that still runs would tell what came between them.
        if month >= Month::of(desk.now) {
            return Err(Error::Matter(Refusal::MonthNotOver));
        }
        let home = authority::home(&asking.actor, &desk.view);
        let home = home.ok_or(Error::Matter(Refusal::Role { role: asking.actor.role }))?;
        let scope = authority::territory_of(&asking.actor, &desk.view, &self.root);
        let mut groups = BTreeMap::new();
        for order in self.filed_in(&scope, month).await?.into_values() {
            *groups.entry(key(&order, grouping, home.tier())).or_default() += 1;
        }
        Ok((home, told(groups)))
    }

    /// Every order of a month once: also one that is closed while the lists are read.
    async fn filed_in(&self, scope: &Scope, month: Month) -> Result<BTreeMap<CaseId, WorkOrder>, Error> {
        let over = State::ALL.into_iter().filter(|state| !state.is_open()).map(|state| Some(i64::from(state.number())));
        let mut orders = BTreeMap::new();
        // Without a state a list is of what is open.
        for state in std::iter::once(None).chain(over) {
            let filter = Filter { state, ..Filter::default() };
            self.walk(scope, &filter, (month.start(), month.next().start()), &mut orders).await?;
        }
        Ok(orders)
    }

    async fn walk(
        &self,
        scope: &Scope,
        filter: &Filter,
        (from, until): (Micros, Micros),
        into: &mut BTreeMap<CaseId, WorkOrder>,
    ) -> Result<(), Error> {
        let mut after = last_before(from);
        loop {
            let mut found = self.cases.list::<WorkOrder>(scope, filter, &Page { size: PAGE, after }).await?;
            let more = found.len() > PAGE;
            found.truncate(PAGE);
            after = found.last().map(|last| last.id);
            // Ids are in the order of filing.
            let ended = found.iter().any(|order| order.id.millis() >= until.0 / 1_000);
            found.retain(|order| order.id.millis() < until.0 / 1_000);
            into.extend(found.into_iter().map(|order| (order.id, order.state)));
            if ended || !more {
                return Ok(());
            }
        }
    }
}

fn key(order: &WorkOrder, grouping: Grouping, tier: Tier) -> String {
    match grouping {
        Grouping::Category => order.head.category.clone(),
        Grouping::Place => place_below(tier, &order.head.place),
    }
}
