//! Merging an order into another, and telling the members of a parent what became of it.

use casebook::{Ask, Casebook, Done, DueTimer, Filter, Found, Page, Scope, StoreError};
use civic::CaseId;

use super::{App, Asked, Asking, Desk};
use crate::domain::work_order::{Author, Command, News, Refusal, Step, Told, WorkOrder};
use crate::error::Error;

/// How often a merge looks at its parent again, which took a step meanwhile. Each time it did, which is rare: only an answer, a closing
/// or a next round counts.
const LOOKS: usize = 5;
/// Members told in one step of a telling: they share a transaction, and a crash repeats no more than these.
const PAGE: usize = 500;

impl App {
    /// Merges the order into the one that its step names: both take their part in one commit.
    pub(super) async fn merge(
        &self,
        asking: &Asking,
        desk: &Desk,
        asked: Asked<Step<String>>,
        into: CaseId,
    ) -> Result<Done<WorkOrder>, Error> {
        let scope = desk.scope_of(&asking.actor);
        for look in 1.. {
            let news = self.cases.get::<WorkOrder>(&scope, into).await?.state.news();
            let step = Step::Merge { into, news };
            let member = asked.id;
            let ask = self.ask(asking, desk, Asked { step, ..asked.clone() })?;
            let join = Command::Join { member, news };
            let join = Ask::<WorkOrder>::new(into, join, desk.facts(self.author(asking))).with_scope(scope.clone());
            let join = join.with_traceparent(asking.traceparent.clone());
            match self.cases.execute_together(ask, vec![join]).await {
                Err(casebook::Error::Refused(Refusal::ParentMoved { .. })) if look < LOOKS => {}
                done => return Ok(done?),
            }
        }
        unreachable!("the last look is answered");
    }

    /// The order that carries a merged one's matter on; `None` for an order of its own.
    ///
    /// # Errors
    /// The store's.
    pub async fn parent(&self, order: &WorkOrder) -> Result<Option<Found<WorkOrder>>, Error> {
        let Some(merged) = order.merged() else { return Ok(None) };
        Ok(Some(self.cases.get(&Scope::Case(merged.into), merged.into).await?))
    }

    /// Tells one page of members what became of their parent, and notes how far that is. The timer is armed again as long as there are
    /// more; a page whose note was lost is told again and changes nothing.
    pub(super) async fn tell_members(&self, timer: DueTimer) -> Result<(), StoreError> {
        let id = timer.case;
        let parent = match self.cases.get::<WorkOrder>(&Scope::Case(id), id).await {
            Err(StoreError::NotFound) => return Ok(()),
            parent => parent?.state,
        };
        let news = parent.news();
        let after = parent.head.members.and_then(|members| members.telling).and_then(|telling| telling.after);
        let (upto, done) = tell_page(&self.cases, id, news, after, || self.desk()).await?;
        let told = Command::MembersTold(Told { number: news.number, after, upto, done });
        let ask = Ask::<WorkOrder>::new(id, told, self.desk().facts(Author::Timer)).with_timer(timer);
        settled(self.cases.execute(ask).await.map(drop))
    }
}

/// The last member that was told, and whether it was the last of all.
async fn tell_page(
    cases: &Casebook,
    parent: CaseId,
    news: News,
    after: Option<CaseId>,
    desk: impl Fn() -> Desk,
) -> Result<(Option<CaseId>, bool), StoreError> {
    let filter = Filter { parent: Some(parent), ..Filter::default() };
    let mut members = cases.list::<WorkOrder>(&Scope::All, &filter, &Page { size: PAGE, after }).await?;
    let done = members.len() <= PAGE;
    members.truncate(PAGE);
    let tell = |member: &Found<WorkOrder>| {
        let command = Command::Tell { parent, news };
        cases.execute(Ask::<WorkOrder>::new(member.id, command, desk().facts(Author::Parent)))
    };
    for told in futures_util::future::join_all(members.iter().map(tell)).await {
        settled(told.map(drop))?;
    }
    Ok((members.last().map(|member| member.id), done))
}

/// What the rules have nothing to say to is done; an error of the store is tried again.
fn settled(done: Result<(), casebook::Error<Refusal>>) -> Result<(), StoreError> {
    match done {
        Err(casebook::Error::Store(error)) => Err(error),
        // Fired by another replica, or at another cluster by now.
        Ok(()) | Err(casebook::Error::TimerGone | casebook::Error::NotFound | casebook::Error::NotOwner { .. }) => {
            Ok(())
        }
        Err(
            error @ (casebook::Error::Refused(_)
            | casebook::Error::Conflict { .. }
            | casebook::Error::RequestReused
            | casebook::Error::UniqueTaken { .. }),
        ) => {
            tracing::warn!(%error, "dispatch.members.refused");
            Ok(())
        }
    }
}
