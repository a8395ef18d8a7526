//! What operators arrange while the service runs: working days laid over the calendar, the duty list and the emergency
//! plans in force. Each of the three is a
//! case of its own, so that it is durable, known to every replica and explained by its events like everything else.
//!
//! ```text
//! state    | load                                                    | settle
//! (none)   | Loaded                                                  | refused
//! Loaded   | same as the last: nothing; known name, other content: refused; else Loaded | Loaded, once per number of versions
//! ```
//!
//! *Settled* means that whatever hangs on a version (the open clocks, on a calendar) has been brought up to date. A process that dies
//! before it is written finds at its next start that it is not, and begins anew; what was done then is found done.

use casebook::{Case, Row, Timer};
use civic::{CaseId, Micros};
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::ArrangementEvent;
use proto::dispatch::v1::stored::arrangement_event::Event as Body;
use serde::{Deserialize, Serialize};

/// Name of the file in a calendar. Calendars are laid over one another, so each keeps its days.
pub const DAYS: &str = "days.csv";

/// The three there are. Their ids are fixed, so that replicas that begin on an empty database mean the same case.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub enum Matter {
    Calendar,
    DutyList,
    EmergencyPlans,
}

impl Matter {
    pub const ALL: [Self; 3] = [Self::Calendar, Self::DutyList, Self::EmergencyPlans];

    /// Of 1970: before every report, whose ids are made from the time.
    #[must_use]
    pub const fn id(self) -> CaseId {
        let last = match self {
            Self::Calendar => 1,
            Self::DutyList => 2,
            Self::EmergencyPlans => 3,
        };
        CaseId::from_bytes([0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, last])
    }
}

/// The versions of one matter, in the order in which they were put in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrangement {
    pub versions: Vec<Version>,
    /// So many of them have been brought up to date.
    pub settled: usize,
}

/// One version. Of duty lists and plans only the last one keeps its files, which is the one in force: the state is read and written at each
/// load, and the events have them all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    pub name: String,
    /// File name and text, by name; none of a version that was replaced.
    pub files: Vec<(String, String)>,
    /// Of its files, to know them again.
    pub digest: [u8; 32],
    pub at: Micros,
    /// Role and unit.
    pub by: String,
    pub note: String,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Already checked: the rules keep it, they do not read it.
    Load {
        name: String,
        files: Vec<(String, String)>,
        note: String,
        /// Only while so many versions were loaded: for what was made from the last of them.
        after: Option<usize>,
    },
    Settle {
        versions: usize,
        moved: usize,
    },
}

/// What the rules look at besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub now: Micros,
    pub by: String,
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Clocks and orders name it, and must go on meaning what they meant.
    #[error("the version {0} has other content")]
    VersionTaken(String),
    #[error("nothing was loaded")]
    NothingLoaded,
    #[error("another version was loaded meanwhile")]
    Moved,
}

impl Arrangement {
    /// The one in force.
    #[must_use]
    pub fn last(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// This very content was loaded under this name.
    #[must_use]
    pub fn knows(&self, name: &str, files: &[(String, String)]) -> bool {
        let digest = digest(files);
        self.versions.iter().any(|version| version.name == name && version.digest == digest)
    }

    fn load(state: Option<&Self>, name: &str, files: &[(String, String)]) -> Result<bool, Refusal> {
        let Some(state) = state else { return Ok(true) };
        let digest = digest(files);
        if state.versions.iter().any(|version| version.name == name && version.digest != digest) {
            return Err(Refusal::VersionTaken(name.to_owned()));
        }
        Ok(state.last().is_none_or(|last| last.name != name))
    }
}

/// Over names and texts.
fn digest(files: &[(String, String)]) -> [u8; 32] {
    let parts: Vec<&[u8]> = files.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()]).collect();
    casebook::digest(&parts)
}

impl Case for Arrangement {
    const KIND: &'static str = "arrangement";
    const SCHEMA: i64 = 3;
    type Event = ArrangementEvent;
    type Command = Command;
    type Facts = Facts;
    type Refusal = Refusal;

    fn decide(state: Option<&Self>, command: &Command, facts: &Facts) -> Result<Vec<ArrangementEvent>, Refusal> {
        let body = match command {
            Command::Load { name, files, note, after } => {
                if after.is_some_and(|after| after != state.map_or(0, |state| state.versions.len())) {
                    return Err(Refusal::Moved);
                }
                if !Self::load(state, name, files)? {
                    return Ok(Vec::new());
                }
                let file = |(name, text): &(String, String)| stored::ArrangementFile {
                    name: name.clone(),
                    text: text.clone(),
                };
                Body::Loaded(stored::ArrangementLoaded {
                    at_us: facts.now.0,
                    version: name.clone(),
                    files: files.iter().map(file).collect(),
                    by: facts.by.clone(),
                    note: note.clone(),
                })
            }
            Command::Settle { versions, moved } => {
                let state = state.ok_or(Refusal::NothingLoaded)?;
                // Every replica says so when it is done; the first one is believed.
                if *versions <= state.settled || *versions > state.versions.len() {
                    return Ok(Vec::new());
                }
                let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
                let (versions, moved) = (number(*versions), number(*moved));
                Body::Settled(stored::ArrangementSettled { at_us: facts.now.0, versions, moved })
            }
        };
        Ok(vec![ArrangementEvent { event: Some(body) }])
    }

    fn evolve(state: Option<Self>, event: &ArrangementEvent) -> Option<Self> {
        match event.event.as_ref()? {
            Body::Loaded(loaded) => {
                let mut state = state.unwrap_or(Self { versions: Vec::new(), settled: 0 });
                let files: Vec<_> = loaded.files.iter().map(|file| (file.name.clone(), file.text.clone())).collect();
                if let Some(replaced) = state.versions.last_mut() {
                    replaced.files.retain(|(name, _)| name == DAYS);
                }
                state.versions.push(Version {
                    name: loaded.version.clone(),
                    digest: digest(&files),
                    files,
                    at: Micros(loaded.at_us),
                    by: loaded.by.clone(),
                    note: loaded.note.clone(),
                });
                Some(state)
            }
            Body::Settled(settled) => {
                let mut state = state?;
                state.settled = usize::try_from(settled.versions).ok()?;
                Some(state)
            }
        }
    }

    /// In no list of work: nobody owes anything on it.
    fn index(&self) -> Row {
        Row::default()
    }

    fn timers(&self) -> Vec<Timer> {
        Vec::new()
    }

    fn event_type(event: &ArrangementEvent) -> &'static str {
        match &event.event {
            Some(Body::Loaded(_)) => "arrangement.loaded",
            Some(Body::Settled(_)) => "arrangement.settled",
            None => "arrangement.unreadable",
        }
    }

    fn event_time(event: &ArrangementEvent) -> Micros {
        Micros(match &event.event {
            Some(Body::Loaded(loaded)) => loaded.at_us,
            Some(Body::Settled(settled)) => settled.at_us,
            None => 0,
        })
    }

    fn event_actor(event: &ArrangementEvent) -> String {
        match &event.event {
            Some(Body::Loaded(loaded)) => loaded.by.clone(),
            Some(Body::Settled(_)) | None => String::new(),
        }
    }

    /// Internal: no other service counts by it.
    fn publish(_: CaseId, _: &ArrangementEvent) -> Option<(String, Vec<u8>)> {
        None
    }

    fn legal(state: Option<&Self>, event: &ArrangementEvent) -> bool {
        match (state, &event.event) {
            (None, Some(Body::Loaded(_))) => true,
            (Some(state), Some(Body::Loaded(loaded))) => state.last().is_none_or(|last| last.name != loaded.version),
            (Some(state), Some(Body::Settled(settled))) => usize::try_from(settled.versions)
                .is_ok_and(|versions| versions > state.settled && versions <= state.versions.len()),
            (None, Some(Body::Settled(_))) | (_, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(name: &str, text: &str) -> Command {
        let files = vec![("days.csv".to_owned(), text.to_owned())];
        Command::Load { name: name.to_owned(), files, note: String::new(), after: None }
    }

    fn take(state: Option<Arrangement>, command: &Command) -> Result<Option<Arrangement>, Refusal> {
        let facts = Facts { now: Micros(7), by: "operator/50".to_owned() };
        let events = Arrangement::decide(state.as_ref(), command, &facts)?;
        Ok(events.iter().fold(state, |state, event| {
            assert!(Arrangement::legal(state.as_ref(), event));
            Arrangement::evolve(state, event)
        }))
    }

    fn names(state: Option<&Arrangement>) -> Vec<&str> {
        state.into_iter().flat_map(|state| state.versions.iter().map(|version| version.name.as_str())).collect()
    }

    #[test]
    fn the_table_of_the_module_holds() {
        assert_eq!(take(None, &Command::Settle { versions: 1, moved: 0 }), Err(Refusal::NothingLoaded));
        let one = take(None, &load("a", "1")).unwrap();
        assert_eq!(take(one.clone(), &load("a", "1")).unwrap(), one, "the same again is nothing new");
        assert_eq!(take(one.clone(), &load("a", "2")), Err(Refusal::VersionTaken("a".to_owned())));
        let two = take(one, &load("b", "2")).unwrap();
        let back = take(two, &load("a", "1")).unwrap();
        assert_eq!(names(back.as_ref()), ["a", "b", "a"], "an earlier one may come back in force");
    }

    /// Each admission of a duty makes a version of 42 kB: the state must not grow by that.
    #[test]
    fn a_version_that_was_replaced_is_known_again_without_its_files() {
        let list = |name: &str, text: &str| {
            let files = vec![("duties.csv".to_owned(), text.to_owned())];
            Command::Load { name: name.to_owned(), files, note: String::new(), after: None }
        };
        let one = take(None, &list("a", "1")).unwrap();
        let two = take(one, &list("b", "2")).unwrap().unwrap();
        assert_eq!(two.versions.iter().map(|version| version.files.len()).collect::<Vec<_>>(), [0, 1]);
        let files = |text: &str| vec![("duties.csv".to_owned(), text.to_owned())];
        assert!(two.knows("a", &files("1")) && !two.knows("a", &files("2")));
        assert_eq!(take(Some(two.clone()), &list("a", "2")), Err(Refusal::VersionTaken("a".to_owned())));
        let back = take(Some(two), &list("a", "1")).unwrap().unwrap();
        assert_eq!(back.last().unwrap().files, files("1"), "what is in force has them");
        let calendars = take(take(None, &load("a", "1")).unwrap(), &load("b", "2")).unwrap().unwrap();
        assert!(calendars.versions.iter().all(|version| version.files.len() == 1), "laid over one another");
    }

    #[test]
    fn it_is_settled_up_to_a_number_and_only_forward() {
        let two = take(take(None, &load("a", "1")).unwrap(), &load("b", "2")).unwrap();
        let settle = |state: &Option<Arrangement>, versions| {
            take(state.clone(), &Command::Settle { versions, moved: 3 }).unwrap()
        };
        let one = settle(&two, 1);
        assert_eq!(one.as_ref().unwrap().settled, 1);
        for versions in [0, 1, 3] {
            assert_eq!(settle(&one, versions), one, "{versions}");
        }
        assert_eq!(settle(&one, 2).unwrap().settled, 2);
    }
}
