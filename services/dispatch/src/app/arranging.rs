//! What operators load while the service runs: calendars, duty lists and emergency plans. The case that keeps them is in [`crate::domain::arrangement`];
//! here it is put in force on this replica, and the open clocks follow.

use std::future::Future;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use casebook::{Ask, Done, Found, Journal, JournalEntry, LogPosition, Scope, StoreError};
use civic::{Calendar, Role};

use super::{App, Asking};
use crate::catalog::plans::{PLANS, STEPS};
use crate::catalog::{Catalog, Plans};
use crate::domain::arrangement::{Arrangement, Command, DAYS, Facts, Matter, Version};
use crate::error::Error;

/// How often a replica looks for what was loaded at another one. Two primary keys are read each time.
const LOOK: Duration = Duration::from_secs(1);
/// After the open clocks were computed, whoever still counts by the calendar before is given time to end: a replica that has not looked
/// yet, and a call that began before it did, which may last as long as the gateway waits (15 s). Then all are computed once more.
const CALM: Duration = Duration::from_secs(20);

/// How far this replica has come with what is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// Version of the case that is in force here.
    calendar: i64,
    duty_list: i64,
    plans: i64,
    /// Calendars that were loaded, and for how many of them the open clocks are known to have followed.
    calendars: usize,
    settled: usize,
}

/// Something to be put in force, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loading {
    /// Its id, and the encoded request without it; `None` for what lay in the data folder.
    pub request: Option<(String, Vec<u8>)>,
    pub name: String,
    pub files: Vec<(String, String)>,
    pub note: String,
}

/// A version that is in force, and where the answer stands in the log.
#[derive(Debug, Clone)]
pub struct Arranged {
    pub version: Version,
    /// Whatever hangs on it has followed.
    pub settled: bool,
    pub position: LogPosition,
}

impl App {
    /// Puts a version in force, durably, and here at once. The journal tells of it, and of every refusal.
    ///
    /// # Errors
    /// The caller is no operator, the request is wrong, the name has other content, the store's.
    pub async fn arrange(
        &self,
        asking: &Asking,
        matter: Matter,
        loading: Result<Loading, Error>,
    ) -> Result<Arranged, Error> {
        self.operators_only(asking, matter.action()).await?;
        let name = loading.as_ref().map(|loading| loading.name.clone()).unwrap_or_default();
        let (why, loaded) = match loading {
            Ok(loading) => (loading.note.clone(), self.load(matter, asking.loader(), loading).await),
            Err(error) => (String::new(), Err(error)),
        };
        let (action, reason) = match &loaded {
            Ok(_) => (matter.action().to_owned(), why),
            Err(error) => (format!("{}.refused", matter.action()), error.to_string()),
        };
        self.note(&asking.caller(), action, name.clone(), reason).await?;
        let Done { state, position, .. } = loaded?;
        let at = state.versions.iter().rposition(|version| version.name == name).ok_or(Error::NOT_FOUND)?;
        Ok(Arranged { version: state.versions[at].clone(), settled: at < state.settled, position })
    }

    /// Puts in force what an operator laid into the data folder while nothing ran; says whether it was new.
    ///
    /// # Errors
    /// The name has other content, the store's.
    pub async fn import(&self, matter: Matter, name: &str, files: Vec<(String, String)>) -> Result<bool, Error> {
        const FOLDER: &str = "from the data folder";
        let known = self.arrangement(matter).await?;
        if known.is_some_and(|found| found.state.knows(name, &files)) {
            return Ok(false);
        }
        let by = format!("{}/", Role::Operator);
        let loader = Loader { by: by.clone(), caller: by };
        let loading = Loading { request: None, name: name.to_owned(), files, note: FOLDER.to_owned() };
        self.load(matter, loader, loading).await?;
        let action = matter.action().to_owned();
        self.note(Role::Operator.as_str(), action, name.to_owned(), FOLDER.to_owned()).await?;
        Ok(true)
    }

    /// What was loaded, for an operator. Nothing: only what this release brings.
    ///
    /// # Errors
    /// The caller is no operator, the store's.
    pub async fn arranged(&self, asking: &Asking, matter: Matter) -> Result<Vec<Version>, Error> {
        self.operators_only(asking, "arrangements.list").await?;
        Ok(self.arrangement(matter).await?.map(|found| found.state.versions).unwrap_or_default())
    }

    /// So many calendars are known to have reached every open clock.
    #[must_use]
    pub fn settled_calendars(&self) -> usize {
        self.standing.borrow().settled
    }

    /// Brings this replica up to what is stored.
    ///
    /// # Errors
    /// The store's.
    pub async fn refresh(&self) -> Result<(), Error> {
        for matter in Matter::ALL {
            if let Some(found) = self.arrangement(matter).await? {
                self.put_in_force(matter, found.version, &found.state);
            }
        }
        Ok(())
    }

    /// Looks for what other replicas have loaded, and lets the open clocks follow, until `stop`.
    pub async fn keep_arranged(&self, stop: impl Future<Output = ()> + Send) {
        let both = async { tokio::join!(self.look(), self.follow()) };
        tokio::select! {
            () = stop => {}
            ((), ()) = both => {}
        }
    }

    async fn look(&self) {
        loop {
            if let Err(error) = self.refresh().await {
                tracing::warn!(%error, "dispatch.arrangements.unread");
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn follow(&self) {
        let mut news = self.standing.subscribe();
        loop {
            let standing = *news.borrow_and_update();
            if standing.settled >= standing.calendars {
                // The sender lives as long as this app does.
                let _open = news.changed().await;
                continue;
            }
            match self.settle(CALM).await {
                Ok(moved) => tracing::info!(moved, "dispatch.clocks.recalculated"),
                Err(error) => {
                    tracing::warn!(%error, "dispatch.clocks.recalculation_failed");
                    tokio::time::sleep(LOOK).await;
                }
            }
        }
    }

    /// Lets the open clocks follow the calendar that is in force, twice with `calm` in between, and notes that they have. Says how many
    /// orders' instants moved. Cut off in the middle, it is begun anew by whoever runs next.
    ///
    /// # Errors
    /// The store's.
    pub async fn settle(&self, calm: Duration) -> Result<usize, Error> {
        let versions = self.standing.borrow().calendars;
        let mut moved = self.recalculate().await?;
        tokio::time::sleep(calm).await;
        moved += self.recalculate().await?;
        let facts = Facts { now: self.clock.now(), by: String::new() };
        let ask = Ask::<Arrangement>::new(Matter::Calendar.id(), Command::Settle { versions, moved }, facts);
        let done = self.cases.execute(ask).await?;
        self.put_in_force(Matter::Calendar, done.version, &done.state);
        Ok(moved)
    }

    /// Refuses everybody but operators, and says so in the journal: somebody has tried.
    ///
    /// # Errors
    /// The caller is no operator; the journal cannot be written.
    async fn operators_only(&self, asking: &Asking, action: &str) -> Result<(), Error> {
        if asking.actor.role == Role::Operator {
            return Ok(());
        }
        self.note(&asking.caller(), format!("{action}.refused"), String::new(), "not an operator".to_owned()).await?;
        Err(Error::OperatorsOnly)
    }

    async fn load(&self, matter: Matter, loader: Loader, loading: Loading) -> Result<Done<Arrangement>, Error> {
        let Loading { request, name, files, note } = loading;
        let Loader { by, caller } = loader;
        let facts = Facts { now: self.clock.now(), by };
        let mut ask = Ask::<Arrangement>::new(matter.id(), Command::Load { name, files, note, after: None }, facts);
        if let Some((id, body)) = request {
            ask = ask.with_request(self.cases.request_key(&caller, matter.action(), &id, &body));
        }
        let done = self.cases.execute(ask).await?;
        tracing::info!(caller, matter = matter.action(), version = done.version, "dispatch.arrangement.loaded");
        self.put_in_force(matter, done.version, &done.state);
        Ok(done)
    }

    pub(super) async fn arrangement(&self, matter: Matter) -> Result<Option<Found<Arrangement>>, Error> {
        match self.cases.get::<Arrangement>(&Scope::All, matter.id()).await {
            Ok(found) => Ok(Some(found)),
            Err(StoreError::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn note(&self, actor: &str, action: String, subject: String, reason: String) -> Result<(), Error> {
        let journal: &dyn Journal = &self.cases;
        let entry = JournalEntry { at: self.clock.now(), actor: actor.to_owned(), action, subject, reason };
        Ok(journal.record(&[entry]).await?)
    }

    /// A look that was overtaken by a load must not take it back: only a later version of the case replaces what is in force.
    pub(super) fn put_in_force(&self, matter: Matter, version: i64, state: &Arrangement) {
        self.standing.send_if_modified(|standing| {
            let known = match matter {
                Matter::Calendar => &mut standing.calendar,
                Matter::DutyList => &mut standing.duty_list,
                Matter::EmergencyPlans => &mut standing.plans,
            };
            if *known >= version {
                return false;
            }
            *known = version;
            match matter {
                Matter::Calendar => {
                    if standing.calendars != state.versions.len() {
                        self.replace_calendar(laid_over(&self.built_in, state));
                    }
                    (standing.calendars, standing.settled) = (state.versions.len(), state.settled);
                }
                Matter::DutyList => self.take_duty_list(state),
                Matter::EmergencyPlans => self.take_plans(state),
            }
            true
        });
    }

    fn take_duty_list(&self, state: &Arrangement) {
        let Some(last) = state.last() else { return };
        match Catalog::of(&last.name, &last.files) {
            Ok(catalog) => self.replace_catalog(catalog),
            // Only a release that reads less than the one that checked it can come here.
            Err(error) => tracing::error!(%error, version = last.name, "dispatch.duty_list.unreadable"),
        }
    }

    fn take_plans(&self, state: &Arrangement) {
        let Some(last) = state.last() else { return };
        match Plans::parse(&last.name, file(&last.files, PLANS), file(&last.files, STEPS)) {
            Ok(plans) => self.replace_plans(plans),
            // As for the duty list.
            Err(error) => tracing::error!(%error, version = last.name, "dispatch.emergency_plans.unreadable"),
        }
    }
}

/// One of the files of a set of plans.
#[must_use]
pub fn file<'a>(files: &'a [(String, String)], name: &str) -> &'a str {
    files.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text.as_str())
}

/// Who loads.
struct Loader {
    /// Role and unit, as events name them.
    by: String,
    /// Role and subject, as the journal does.
    caller: String,
}

impl Matter {
    /// The word of the journal.
    const fn action(self) -> &'static str {
        match self {
            Self::Calendar => "calendar.load",
            Self::DutyList => "dutyList.load",
            Self::EmergencyPlans => "emergencyPlans.load",
        }
    }
}

impl Asking {
    fn loader(&self) -> Loader {
        let unit = self.actor.unit.as_ref().map(ToString::to_string).unwrap_or_default();
        Loader { by: format!("{}/{unit}", self.actor.role), caller: self.caller() }
    }
}

/// The calendar this replica began with, and everything that was loaded over it. The same version twice counts where it stands last.
fn laid_over(built_in: &Arc<Calendar>, state: &Arrangement) -> Calendar {
    let mut calendar = Calendar::clone(built_in);
    for (at, version) in state.versions.iter().enumerate() {
        if state.versions[at + 1..].iter().any(|later| later.name == version.name) {
            continue;
        }
        let days = version.files.iter().find(|(name, _)| name == DAYS).map_or("", |(_, text)| text.as_str());
        match Calendar::load_csv(&version.name, days) {
            Ok(loaded) => calendar.extend(&loaded),
            Err(error) => tracing::error!(%error, version = version.name, "dispatch.calendar.unreadable"),
        }
    }
    calendar
}

impl App {
    /// The calendar in force names what it is made of.
    #[must_use]
    pub fn versions_in_force(&self) -> (String, String) {
        let calendar = self.calendar.read().unwrap_or_else(PoisonError::into_inner).version().to_owned();
        let duty_list = self.catalog.read().unwrap_or_else(PoisonError::into_inner).version().to_owned();
        (calendar, duty_list)
    }
}
