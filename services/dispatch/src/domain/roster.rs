//! The duty roster of a town (排班): who works at which post, and who stands in for whom. Its timer makes the lists of the day.
//!
//! ```text
//! state    | load                            | day made
//! (none)   | Loaded                          | refused
//! Loaded   | the same again: nothing; Loaded | Loaded, once a day
//! ```
//!
//! A post stays when its worker changes, so that what was left undone stays with the work and follows no person. Loading arms the
//! timer for now: the lists of new posts are made at once, and those of the others are found made.

use casebook::{Case, Row, Timer};
use civic::{CaseId, DivisionCode, Micros, Place, UnitCode};
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::RosterEvent;
use proto::dispatch::v1::stored::roster_event::Event as Body;
use serde::{Deserialize, Serialize};

use super::authority;
use super::day::Day;
use super::refusal::Refusal;
use super::work_order::stored_place::{place, store_place};
use super::work_order::{Author, Facts};

/// Posts of one town: the largest published has about two hundred grid workers.
pub const POSTS_AT_MOST: usize = 2_000;
/// The timer of the next lists.
pub const MAKE: &str = "day.make";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    pub town: DivisionCode,
    pub district: Option<DivisionCode>,
    /// By post.
    pub posts: Vec<Post>,
    pub absences: Vec<Absence>,
    /// Last day whose lists are made.
    pub made: Option<Day>,
    /// When the next are.
    pub next: Micros,
}

/// A patch of work and who does it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    pub post: String,
    /// A grid or a grid team.
    pub unit: UnitCode,
    /// A reference to a person, never a name.
    pub worker: String,
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    pub worker: String,
    pub stand_in: String,
    pub from: Day,
    pub to: Day,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Load {
        town: DivisionCode,
        district: Option<DivisionCode>,
        posts: Vec<Post>,
        absences: Vec<Absence>,
    },
    /// Every post has its list of the day.
    Made {
        day: Day,
        lists: usize,
    },
}

impl Roster {
    /// Whose day a post has: its worker's, or who stands in for the worker then. Whoever stands in may be absent as well, and the
    /// next one stands in; a chain that comes back to somebody who is away ends there.
    #[must_use]
    pub fn on_duty(&self, post: &Post, day: Day) -> String {
        let mut worker = &post.worker;
        for _ in 0..=self.absences.len() {
            let away = self.absences.iter().find(|a| a.worker == *worker && a.from <= day && day <= a.to);
            let Some(absence) = away else { break };
            worker = &absence.stand_in;
        }
        worker.clone()
    }

    /// The post of this name.
    #[must_use]
    pub fn post(&self, post: &str) -> Option<&Post> {
        self.posts.iter().find(|known| known.post == post)
    }

    /// The post that visits a place: of those of the narrowest place around it one, always the same while the posts stay.
    #[must_use]
    pub fn visits(&self, place: &Place, entry: CaseId) -> Option<&Post> {
        let narrowest =
            self.posts.iter().filter(|post| place.lies_in(&post.place.code)).map(|p| p.place.tier()).max()?;
        let near: Vec<&Post> =
            self.posts.iter().filter(|p| p.place.tier() == narrowest && place.lies_in(&p.place.code)).collect();
        let spread = usize::from(entry.partition(u16::try_from(near.len()).ok()?));
        near.get(spread).copied()
    }
}

/// The day whose list runs at an instant: it lasts until the hour at which the next is made, so that a night shift ticks off its own.
#[must_use]
pub fn running_day(now: Micros, hour: i64) -> Day {
    Day::of(now - hour * Micros::HOUR)
}

/// When the lists of the day after this one are made.
fn next_after(day: Day, hour: i64) -> Micros {
    day.plus(1).start() + hour * Micros::HOUR
}

fn load(
    state: Option<&Roster>,
    town: &DivisionCode,
    district: Option<&DivisionCode>,
    people: (&[Post], &[Absence]),
    facts: &Facts,
) -> Result<Option<Body>, Refusal> {
    let (posts, absences) = people;
    if let Author::Person { actor, .. } = &facts.author {
        authority::dispatches(actor, town, &facts.view)?;
    }
    if state.is_some_and(|state| state.posts == posts && state.absences == absences) {
        return Ok(None);
    }
    let post = |post: &Post| stored::StoredPost {
        post: post.post.clone(),
        unit: post.unit.to_string(),
        worker: post.worker.clone(),
        place: Some(store_place(&post.place)),
    };
    let absence = |absence: &Absence| stored::StoredAbsence {
        worker: absence.worker.clone(),
        stand_in: absence.stand_in.clone(),
        from: absence.from.to_string(),
        to: absence.to.to_string(),
    };
    Ok(Some(Body::Loaded(stored::RosterLoaded {
        town: town.to_string(),
        district: district.map(ToString::to_string).unwrap_or_default(),
        posts: posts.iter().map(post).collect(),
        absences: absences.iter().map(absence).collect(),
        next_us: facts.now.0,
    })))
}

fn loaded(state: Option<Roster>, body: &stored::RosterLoaded) -> Option<Roster> {
    let post = |stored: &stored::StoredPost| {
        Some(Post {
            post: stored.post.clone(),
            unit: stored.unit.parse().ok()?,
            worker: stored.worker.clone(),
            place: place(stored.place.as_ref())?,
        })
    };
    let absence = |stored: &stored::StoredAbsence| {
        Some(Absence {
            worker: stored.worker.clone(),
            stand_in: stored.stand_in.clone(),
            from: stored.from.parse().ok()?,
            to: stored.to.parse().ok()?,
        })
    };
    Some(Roster {
        town: body.town.parse().ok()?,
        district: if body.district.is_empty() { None } else { Some(body.district.parse().ok()?) },
        posts: body.posts.iter().map(post).collect::<Option<_>>()?,
        absences: body.absences.iter().map(absence).collect::<Option<_>>()?,
        made: state.and_then(|state| state.made),
        next: Micros(body.next_us),
    })
}

impl Case for Roster {
    const KIND: &'static str = "roster";
    const SCHEMA: i64 = 1;
    type Event = RosterEvent;
    type Command = Command;
    type Facts = Facts;
    type Refusal = Refusal;

    fn decide(state: Option<&Self>, command: &Command, facts: &Facts) -> Result<Vec<RosterEvent>, Refusal> {
        let body = match command {
            Command::Load { town, district, posts, absences } => {
                load(state, town, district.as_ref(), (posts, absences), facts)?
            }
            Command::Made { day, lists } => {
                let state = state.ok_or(Refusal::NotOpened)?;
                // A clock that was set back does not make an earlier day the last one.
                let day = state.made.map_or(*day, |made| made.max(*day));
                // The day may have changed while its lists were made: then the next are due at once.
                let next = next_after(day, facts.catalog.limits().tasks_hour());
                let lists = i64::try_from(*lists).unwrap_or(i64::MAX);
                let news = state.made.is_none_or(|made| made < day) || state.next < next;
                news.then(|| Body::DayMade(stored::DayMade { date: day.to_string(), next_us: next.0, lists }))
            }
        };
        let event = |body| RosterEvent { at_us: facts.now.0, by: facts.author.written(), event: Some(body) };
        Ok(body.map(event).into_iter().collect())
    }

    fn evolve(state: Option<Self>, event: &RosterEvent) -> Option<Self> {
        match event.event.as_ref()? {
            Body::Loaded(body) => loaded(state, body),
            Body::DayMade(body) => {
                Some(Self { made: Some(body.date.parse().ok()?), next: Micros(body.next_us), ..state? })
            }
        }
    }

    /// Seen by those who see the town.
    fn index(&self) -> Row {
        Row {
            open: true,
            state: 1,
            district: self.district.as_ref().map(ToString::to_string),
            town: Some(self.town.to_string()),
            place: Some(self.town.to_string()),
            ..Row::default()
        }
    }

    fn timers(&self) -> Vec<Timer> {
        vec![Timer { name: MAKE.to_owned(), due: self.next }]
    }

    fn event_type(event: &RosterEvent) -> &'static str {
        match &event.event {
            Some(Body::Loaded(_)) => "roster.loaded",
            Some(Body::DayMade(_)) => "roster.dayMade",
            None => "roster.unreadable",
        }
    }

    fn event_time(event: &RosterEvent) -> Micros {
        Micros(event.at_us)
    }

    fn event_actor(event: &RosterEvent) -> String {
        event.by.clone()
    }

    /// Internal: who works when is nobody else's business.
    fn publish(_: CaseId, _: &RosterEvent) -> Option<(String, Vec<u8>)> {
        None
    }

    fn legal(state: Option<&Self>, event: &RosterEvent) -> bool {
        match (state, &event.event) {
            (_, Some(Body::Loaded(_))) => true,
            (Some(state), Some(Body::DayMade(made))) => {
                made.date.parse::<Day>().is_ok_and(|day| state.made.is_none_or(|before| before <= day))
            }
            (None, Some(Body::DayMade(_))) | (_, None) => false,
        }
    }
}
