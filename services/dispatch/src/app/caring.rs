//! Care lists: entering, ending, and looking at the person, which leaves a record before the answer.

use casebook::{Done, Filter, Found, Journal, JournalEntry, Scope};
use civic::{CaseId, Role};

use super::{Acting, App, Asking, Desk, Paging};
use crate::domain::authority;
use crate::domain::care::{CareEntry, Command, Entering, Person};
use crate::domain::worklist::Source;
use crate::error::Error;

/// An entry as somebody asked for it, basis and person still plain.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub request_id: String,
    pub body: Vec<u8>,
    pub basis: String,
    pub person: PlainPerson,
    /// With what is not about the person.
    pub entering: Entering,
}

/// The end of an entry as somebody asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    pub id: CaseId,
    pub request_id: String,
    pub body: Vec<u8>,
    pub reason: String,
}

/// Who is visited.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlainPerson {
    pub name: String,
    pub phone: String,
    pub address: String,
    pub remark: String,
}

impl App {
    /// Puts a person on the list of a place.
    ///
    /// # Errors
    /// The rules', the store's.
    pub async fn enter_care(&self, asking: &Asking, desk: &Desk, entry: Entry) -> Result<Done<CareEntry>, Error> {
        let Entry { request_id, body, basis, person, mut entering } = entry;
        let id = self.fresh(desk);
        let seal = |text: &str| self.cases.sealer().seal(id, text);
        entering.basis = seal(&basis);
        entering.who = Person {
            name: seal(&person.name),
            phone: seal(&person.phone),
            address: seal(&person.address),
            remark: seal(&person.remark),
        };
        let command = Command::Enter(Box::new(entering));
        self.act(asking, desk, Scope::All, Acting { id, rpc: "EnterCare", request_id, body, command }).await
    }

    /// Ends an entry before its date.
    ///
    /// # Errors
    /// The rules', the store's.
    pub async fn end_care(&self, asking: &Asking, desk: &Desk, ending: Ending) -> Result<Done<CareEntry>, Error> {
        let Ending { id, request_id, body, reason } = ending;
        let command = Command::End { reason: self.cases.sealer().seal(id, &reason) };
        let acting = Acting { id, rpc: "EndCareEntry", request_id, body, command };
        self.act(asking, desk, desk.scope_of(&asking.actor), acting).await
    }

    /// The entry, to be shown with its person: the look is on record before this returns.
    ///
    /// # Errors
    /// Not found, also for those who neither keep the list nor make the visit; the store's.
    pub async fn look_at_care(
        &self,
        asking: &Asking,
        desk: &Desk,
        id: CaseId,
        reason: &str,
    ) -> Result<Found<CareEntry>, Error> {
        let found = self.cases.get::<CareEntry>(&Scope::All, id).await?;
        let keeps = authority::keeps_lists_of(&asking.actor, &found.state.place, &desk.view).is_ok();
        if !keeps && !self.visits(asking, desk, &found).await? {
            return Err(Error::NOT_FOUND);
        }
        let entry = JournalEntry {
            at: desk.now,
            actor: asking.caller(),
            action: "careEntry.look".to_owned(),
            subject: format!("careEntries/{id}"),
            reason: reason.to_owned(),
        };
        self.cases.record(&[entry]).await?;
        Ok(found)
    }

    /// The list of the caller's day has the visit, made or still to make. On the days between two visits the person is nobody's to look at.
    async fn visits(&self, asking: &Asking, desk: &Desk, entry: &Found<CareEntry>) -> Result<bool, Error> {
        if !entry.state.is_open() {
            return Ok(false);
        }
        let lists = self.tasks(asking, desk, desk.running_day(), None).await?;
        let mut tasks = lists.iter().flat_map(|listed| listed.list.on_list());
        Ok(tasks.any(|task| matches!(&task.source, Source::Care(_, visited) if *visited == entry.id)))
    }

    /// Entries of the caller's place that have not ended.
    ///
    /// # Errors
    /// The role keeps no lists, a page token of another list, the store's.
    pub async fn list_care(
        &self,
        asking: &Asking,
        desk: &Desk,
        paging: &Paging,
    ) -> Result<(Vec<Found<CareEntry>>, String), Error> {
        let keeps = matches!(
            asking.actor.role,
            Role::VillageDesk | Role::TownDispatcher | Role::DistrictDispatcher | Role::CityDispatcher
        );
        if !keeps {
            return Err(Error::Matter(crate::domain::refusal::Refusal::Role { role: asking.actor.role }));
        }
        self.page(asking, &desk.scope_of(&asking.actor), &Filter::default(), paging).await
    }
}
