//! Timers that come due, and a calendar that changes.

use async_trait::async_trait;
use casebook::{Ask, Case, Done, DueTimer, Filter, Fire, Found, Scope, StoreError};

use super::App;
use crate::domain::building_day::{self, BuildingDay};
use crate::domain::care::{self, CareEntry};
use crate::domain::duty::{self, Duty};
use crate::domain::emergency::{self, Emergency};
use crate::domain::interview::{self, Interview};
use crate::domain::roster::{self, Roster};
use crate::domain::task_force::{self, TaskForce};
use crate::domain::warning::place::{self, WarningPlace};
use crate::domain::warning::{self, Warning};
use crate::domain::work_order::{Author, Command, Facts, TimerName, WorkOrder};
use crate::error::Error;

/// Open orders read at once while the clocks are recomputed.
const PAGE: usize = 200;

#[async_trait]
impl Fire for App {
    /// Fired or cancelled by somebody else is fine; an error of the store is tried again.
    async fn fire(&self, timer: DueTimer) -> Result<(), StoreError> {
        match (timer.kind.as_str(), timer.name.as_str()) {
            (Roster::KIND, roster::MAKE) => self.make_day(timer).await,
            (CareEntry::KIND, care::END) => self.fire_case::<CareEntry>(timer, care::Command::Expire).await,
            (TaskForce::KIND, task_force::LATE) => self.fire_case::<TaskForce>(timer, task_force::Command::Late).await,
            (Interview::KIND, interview::DUE) => self.fire_case::<Interview>(timer, interview::Command::Overdue).await,
            (Duty::KIND, duty::LIST) => self.fire_listing(&timer).await,
            (BuildingDay::KIND, building_day::OPEN_ORDERS) => self.fire_orders(&timer).await,
            (Emergency::KIND, emergency::CALL_DUE) => self.fire_calls(timer).await,
            (Warning::KIND, warning::SPREAD | warning::EXPIRES) => self.fire_warning(timer).await,
            (WarningPlace::KIND, place::CALL_DUE) => self.fire_place(timer).await,
            (WorkOrder::KIND, name) if name == TimerName::MembersTell.as_str() => self.tell_members(timer).await,
            (WorkOrder::KIND, name) if name.parse::<TimerName>().is_ok() => {
                let name = name.parse().expect("it was parsed a line above");
                self.fire_case::<WorkOrder>(timer, Command::Fire(name)).await
            }
            (kind, name) => {
                tracing::warn!(case.id = %timer.case, kind, name, "dispatch.timer.unknown");
                Ok(())
            }
        }
    }
}

/// Fired or cancelled by somebody else is fine; an error of the store is tried again.
pub(super) fn fired<C, R: std::error::Error>(answer: Result<Done<C>, casebook::Error<R>>) -> Result<(), StoreError> {
    match answer {
        Ok(_) | Err(casebook::Error::TimerGone | casebook::Error::NotFound) => Ok(()),
        Err(casebook::Error::Store(error)) => Err(error),
        // The rules never refuse a timer, and it carries neither etag nor request nor unique key. A case that was handed over fires at
        // its new owner.
        Err(
            error @ (casebook::Error::Refused(_)
            | casebook::Error::Conflict { .. }
            | casebook::Error::RequestReused
            | casebook::Error::UniqueTaken { .. }
            | casebook::Error::NotOwner { .. }),
        ) => {
            tracing::warn!(%error, "dispatch.timer.refused");
            Ok(())
        }
    }
}

impl App {
    /// A timer's command on its case, if it is still armed.
    pub(super) async fn fire_case<C: Case<Facts = Facts>>(
        &self,
        timer: DueTimer,
        command: C::Command,
    ) -> Result<(), StoreError> {
        let ask = Ask::<C>::new(timer.case, command, self.desk().facts(Author::Timer)).with_timer(timer);
        fired(self.cases.execute(ask).await)
    }
}

impl App {
    /// Computes the open clocks anew under the present calendar; says how many orders' instants moved.
    ///
    /// # Errors
    /// The first one met, after all others were computed; asking again finds nothing left to do for those.
    pub async fn recalculate(&self) -> Result<usize, Error> {
        let (mut moved, mut failed) = (0, Ok(()));
        let mut walk = self.cases.walk::<WorkOrder>(Scope::All, Filter::default(), PAGE);
        while let Some(page) = walk.next().await? {
            // Together: they share a transaction.
            let orders = page.into_iter().map(|order| async { self.recalculate_one(&order?).await });
            for done in futures_util::future::join_all(orders).await {
                match done {
                    Ok(done) => moved += usize::from(done),
                    Err(error) => failed = failed.and(Err(error)),
                }
            }
        }
        failed.map(|()| moved)
    }

    /// Whether its instants moved.
    async fn recalculate_one(&self, order: &Found<WorkOrder>) -> Result<bool, Error> {
        let ask = Ask::<WorkOrder>::new(order.id, Command::Recalculate, self.desk().facts(Author::Calendar));
        match self.cases.execute(ask).await {
            Ok(done) => Ok(done.version > order.version),
            // Handed over meanwhile: its new owner counts by its own calendar.
            Err(casebook::Error::NotOwner { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
