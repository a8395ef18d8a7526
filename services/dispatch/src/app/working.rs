//! Daily tasks: rosters, the lists that are made from them each day, ticks.

use std::collections::BTreeMap;

use casebook::{Ask, Done, DueTimer, Filter, Found, PlaceColumn, Scope, StoreError};
use civic::{Actor, CaseId, DivisionCode};
use prost::bytes::Buf as _;

use super::{Acting, App, Asking, Desk};
use crate::catalog::Selects;
use crate::domain::authority;
use crate::domain::care::CareEntry;
use crate::domain::day::Day;
use crate::domain::refusal::Refusal;
use crate::domain::roster::{self, Absence, Post, Roster, running_day};
use crate::domain::work_order::Author;
use crate::domain::worklist::{Beginning, Candidate, Command, Evidence, Source, Worklist};
use crate::error::Error;

/// Care entries read at once.
const PAGE: usize = 200;
/// Keeps the hash of a post from serving another purpose.
const POST: &str = "dispatch post 1";

/// A post by its town and its own name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostName {
    pub town: DivisionCode,
    pub post: String,
}

/// A list of tasks with whose it is.
#[derive(Debug, Clone)]
pub struct Listed {
    pub id: CaseId,
    pub list: Worklist,
    pub town: DivisionCode,
    /// Who has the day.
    pub on_duty: String,
}

/// A tick as somebody asked for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticking {
    pub request_id: String,
    pub body: Vec<u8>,
    pub id: CaseId,
    pub number: u32,
    pub day: Option<Day>,
    pub note: Option<String>,
    pub photo: Option<(String, String)>,
    pub report: String,
}

/// Something beside the duties, as somebody asked for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Assigning {
    pub request_id: String,
    pub body: Vec<u8>,
    pub post: PostName,
    pub text: String,
    pub on: Option<Day>,
}

/// A roster as somebody asked for it, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterLoading {
    pub request_id: String,
    pub body: Vec<u8>,
    pub town: DivisionCode,
    pub posts: Vec<Post>,
    pub absences: Vec<Absence>,
}

/// Of 1970, before every report. Lists of one town lie beside each other, so that beginning its day writes few pages.
fn town_id(town: &DivisionCode, tag: u64, low: u64) -> CaseId {
    let number: u64 = town.as_str().parse().expect("the code of a place has digits only, at most fifteen");
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&((number << 16) | 0x7000 | tag).to_be_bytes());
    bytes[8..].copy_from_slice(&((low >> 2) | 0x8000_0000_0000_0000).to_be_bytes());
    CaseId::from_bytes(bytes)
}

fn roster_id(town: &DivisionCode) -> CaseId {
    town_id(town, 1, 0)
}

impl App {
    fn list_id(&self, town: &DivisionCode, post: &str) -> CaseId {
        let hash = self.cases.keyed_hash(POST, &[town.as_str().as_bytes(), post.as_bytes()]);
        town_id(town, 2, (&hash[..]).get_u64())
    }

    /// The roster of a town, if it has one.
    pub(super) async fn roster(&self, town: &DivisionCode) -> Result<Option<Found<Roster>>, Error> {
        match self.cases.get::<Roster>(&Scope::All, roster_id(town)).await {
            Ok(found) => Ok(Some(found)),
            Err(StoreError::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The roster of a town that the caller sees.
    ///
    /// # Errors
    /// Not found, the store's.
    pub async fn see_roster(&self, asking: &Asking, desk: &Desk, town: &DivisionCode) -> Result<Found<Roster>, Error> {
        Ok(self.cases.get::<Roster>(&desk.scope_of(&asking.actor), roster_id(town)).await?)
    }

    /// Replaces a town's roster.
    ///
    /// # Errors
    /// The rules', the store's.
    pub async fn load_roster(
        &self,
        asking: &Asking,
        desk: &Desk,
        loading: RosterLoading,
    ) -> Result<Done<Roster>, Error> {
        let RosterLoading { request_id, body, town, posts, absences } = loading;
        let district = desk.view.place(&town).and_then(|place| place.district);
        let id = roster_id(&town);
        let command = roster::Command::Load { town, district, posts, absences };
        self.act(asking, desk, Scope::All, Acting { id, rpc: "LoadRoster", request_id, body, command }).await
    }

    /// The lists of a day: the caller's own and those of whom the caller stands in for, or that of a post.
    ///
    /// # Errors
    /// The post is none, or not the caller's to see; the store's.
    pub async fn tasks(
        &self,
        asking: &Asking,
        desk: &Desk,
        day: Day,
        post: Option<&PostName>,
    ) -> Result<Vec<Listed>, Error> {
        let town = post.map_or_else(|| desk.town_of(&asking.actor), |post| Some(post.town.clone()));
        let Some(town) = town else { return Ok(Vec::new()) };
        let Some(Found { state: roster, .. }) = self.roster(&town).await? else {
            return if post.is_some() { Err(Refusal::PostUnknown.into()) } else { Ok(Vec::new()) };
        };
        let posts = match post {
            Some(name) => vec![led(&roster, name, asking, desk)?],
            None => roster.posts.iter().filter(|p| roster.on_duty(p, day) == asking.actor.subject).collect(),
        };
        let mut lists = Vec::new();
        for post in posts {
            let id = self.list_id(&town, &post.post);
            let on_duty = roster.on_duty(post, day);
            let list = self.list_of(id, day).await?;
            lists.extend(list.map(|list| Listed { id, list, town: town.clone(), on_duty }));
        }
        Ok(lists)
    }

    /// The list as it stood at the end of a day; `None` when none was made for it.
    async fn list_of(&self, id: CaseId, day: Day) -> Result<Option<Worklist>, Error> {
        let found = match self.cases.get::<Worklist>(&Scope::All, id).await {
            Ok(found) => found,
            Err(StoreError::NotFound) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if found.state.day <= day {
            return Ok(Some(found.state).filter(|list| list.day == day));
        }
        let mut then = None;
        for (_, event) in self.cases.timeline::<Worklist>(&Scope::All, id).await? {
            if Worklist::day_begun(&event).is_some_and(|begun| begun > day) {
                break;
            }
            then = <Worklist as casebook::Case>::evolve(then.take(), &event);
        }
        Ok(then.filter(|list: &Worklist| list.day == day))
    }

    /// Ticks a task off.
    ///
    /// # Errors
    /// The rules', the store's.
    pub async fn tick(
        &self,
        asking: &Asking,
        desk: &Desk,
        ticking: Ticking,
    ) -> Result<(Done<Worklist>, Listed), Error> {
        let Ticking { request_id, body, id, number, day, note, photo, report } = ticking;
        // Whoever works in the town learns that the task is another's; to everybody else it does not exist.
        let town = desk.town_of(&asking.actor).ok_or(Error::NOT_FOUND)?;
        let scope = Scope::Place(PlaceColumn::Town, town.to_string());
        let list = self.cases.get::<Worklist>(&scope, id).await?.state;
        let roster = self.roster(&town).await?.ok_or(Error::NOT_FOUND)?.state;
        let post = roster.post(&list.post).ok_or(Error::NOT_FOUND)?;
        let on_duty = roster.on_duty(post, list.day);
        let note = note.map(|note| self.cases.sealer().seal(id, &note));
        let evidence = Evidence { note, photo, report };
        let command = Command::Tick { number, day, on_duty: on_duty.clone(), evidence };
        let done: Done<Worklist> =
            self.act(asking, desk, scope, Acting { id, rpc: "TickTask", request_id, body, command }).await?;
        let listed = Listed { id, list: done.state.clone(), town, on_duty };
        Ok((done, listed))
    }

    /// Gives a post a task beside its duties.
    ///
    /// # Errors
    /// The rules', the store's.
    pub async fn assign_task(
        &self,
        asking: &Asking,
        desk: &Desk,
        assigning: Assigning,
    ) -> Result<(Done<Worklist>, Listed), Error> {
        let Assigning { request_id, body, post: name, text, on } = assigning;
        let roster = self.roster(&name.town).await?.ok_or(Refusal::PostUnknown)?.state;
        let post = led(&roster, &name, asking, desk)?;
        let id = self.list_id(&name.town, &post.post);
        let on = on.unwrap_or_else(|| desk.running_day());
        let command = Command::Assign { text: self.cases.sealer().seal(id, &text), on };
        let acting = Acting { id, rpc: "AssignTask", request_id, body, command };
        let done: Done<Worklist> = self.act(asking, desk, Scope::All, acting).await?;
        let on_duty = roster.on_duty(post, done.state.day);
        let listed = Listed { id, list: done.state.clone(), town: name.town, on_duty };
        Ok((done, listed))
    }

    /// Makes the lists of the day that runs, for every post of a roster. Cut off in the middle, the timer stays armed, and whoever
    /// fires it next finds the lists that were made.
    pub(super) async fn make_day(&self, timer: DueTimer) -> Result<(), StoreError> {
        let desk = self.desk();
        let roster = match self.cases.get::<Roster>(&Scope::All, timer.case).await {
            Ok(found) => found.state,
            Err(StoreError::NotFound) => return Ok(()),
            Err(error) => return Err(error),
        };
        let day = desk.running_day();
        let mut visits = self.visits_of(&desk, &roster).await?;
        let begun = roster.posts.iter().map(|post| {
            let candidates = desk.candidates(day, visits.remove(&post.post).unwrap_or_default());
            self.begin_day(&desk, &roster, post, (day, candidates))
        });
        // Together: they share a transaction.
        futures_util::future::try_join_all(begun).await?;
        self.fire_case::<Roster>(timer, roster::Command::Made { day, lists: roster.posts.len() }).await
    }

    async fn begin_day(
        &self,
        desk: &Desk,
        roster: &Roster,
        post: &Post,
        (day, candidates): (Day, Vec<Candidate>),
    ) -> Result<(), StoreError> {
        let wanted = candidates.clone();
        let beginning = Beginning {
            day,
            post: post.post.clone(),
            place: post.place.clone(),
            unit: post.unit.clone(),
            worker: roster.on_duty(post, day),
            candidates,
        };
        let id = self.list_id(&roster.town, &post.post);
        let command = Command::Begin(Box::new(beginning));
        match self.cases.execute(Ask::<Worklist>::new(id, command, desk.facts(Author::Timer))).await {
            Err(casebook::Error::Store(error)) => Err(error),
            Ok(done) => {
                let list: &Worklist = &done.state;
                let left_out = wanted.iter().filter(|candidate| list.owes(candidate, list.day)).count();
                if left_out > 0 {
                    tracing::warn!(left_out, worklist.id = %id, "dispatch.day.full");
                }
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, worklist.id = %id, "dispatch.day.not_begun");
                Ok(())
            }
        }
    }

    /// The open care entries of a town, by the post that visits them.
    async fn visits_of(&self, desk: &Desk, roster: &Roster) -> Result<BTreeMap<String, Vec<Candidate>>, StoreError> {
        let rules: Vec<_> = desk.catalog.tasks().on(desk.running_day().date()).collect();
        let scope = Scope::Place(PlaceColumn::Town, roster.town.to_string());
        let mut visits: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
        let mut walk = self.cases.walk::<CareEntry>(scope, Filter::default(), PAGE);
        while let Some(page) = walk.next().await? {
            for found in page {
                let Found { id, state: entry, .. } = match found {
                    // Its timer may not have fired yet: an entry whose date came yields no task.
                    Ok(found) if found.state.end <= desk.now => continue,
                    Ok(found) => found,
                    // The others of the town are visited all the same.
                    Err(error @ StoreError::Corrupt { .. }) => {
                        tracing::error!(%error, town = %roster.town, "dispatch.day.care_entry_unreadable");
                        continue;
                    }
                    // The timer fires again: nobody is left out because the store was away.
                    Err(error) => return Err(error),
                };
                let Some(post) = roster.visits(&entry.place, id) else { continue };
                for rule in rules.iter().filter(|rule| rule.selects == Selects::Care(entry.purpose.clone())) {
                    let every = i32::try_from(entry.visit_days).ok().filter(|days| *days > 0).unwrap_or(rule.every);
                    let source = Source::Care(rule.code.clone(), id);
                    visits.entry(post.post.clone()).or_default().push(Candidate { source, every });
                }
            }
        }
        Ok(visits)
    }
}

/// The post, if the caller leads its workers.
fn led<'a>(roster: &'a Roster, name: &PostName, asking: &Asking, desk: &Desk) -> Result<&'a Post, Refusal> {
    let post = roster.post(&name.post).ok_or(Refusal::PostUnknown)?;
    authority::leads_at(&asking.actor, &post.place, &desk.view)?;
    Ok(post)
}

impl Desk {
    /// The day whose lists run.
    #[must_use]
    pub fn running_day(&self) -> Day {
        running_day(self.now, self.catalog.limits().tasks_hour())
    }

    /// The town in which the caller's unit works.
    fn town_of(&self, actor: &Actor) -> Option<DivisionCode> {
        self.locate(&actor.place()?)?.town
    }

    /// What a post does: the rules about its grid, and its visits.
    fn candidates(&self, day: Day, visits: Vec<Candidate>) -> Vec<Candidate> {
        let grid = self.catalog.tasks().on(day.date()).filter(|rule| rule.selects == Selects::Grid);
        let candidate =
            |rule: &crate::catalog::TaskRule| Candidate { source: Source::Rule(rule.code.clone()), every: rule.every };
        visits.into_iter().chain(grid.map(candidate)).collect()
    }
}
