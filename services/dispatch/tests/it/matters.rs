//! What stands beside the work orders: their tables walked for every state and command, random lives, and stored samples.

use casebook::Case;
use civic::{Actor, CaseId, Micros, Place, Private, Role};
use dispatch::domain::care::{self, CareEntry, Entering, Person};
use dispatch::domain::day::Day;
use dispatch::domain::refusal::Refusal;
use dispatch::domain::roster::{self, Absence, Post, Roster};
use dispatch::domain::work_order::{Author, Facts};
use dispatch::domain::worklist::{self, Beginning, Candidate, Evidence, Source, Worklist};
use proptest::prelude::*;
use prost::Message;

use crate::world::{NOW, facts, person, view};

pub(crate) fn text(word: &str) -> Private<String> {
    Private::from_sealed(word.as_bytes().to_vec())
}

pub(crate) fn member(role: Role, subject: &str, unit: &str) -> Author {
    person(Actor::member(role, subject, unit.parse().unwrap()))
}

fn town() -> Author {
    member(Role::TownDispatcher, "d1", "500151001")
}

pub(crate) fn place(code: &str) -> Place {
    view().place(&code.parse().unwrap()).unwrap()
}

fn today() -> Day {
    Day::of(NOW)
}

/// Applies a command; what it leads to is legal, and every event leads on.
pub(crate) fn take<C: Case<Facts = Facts, Refusal = Refusal>>(
    state: Option<C>,
    command: &C::Command,
    facts: &Facts,
    log: &mut Vec<C::Event>,
) -> Result<Option<C>, Refusal> {
    let events = C::decide(state.as_ref(), command, facts)?;
    Ok(events.into_iter().fold(state, |state, event| {
        assert!(C::legal(state.as_ref(), &event), "{}", C::event_type(&event));
        let next = C::evolve(state, &event);
        assert!(next.is_some(), "{} leads on", C::event_type(&event));
        log.push(event);
        next
    }))
}

/// The same where the events do not matter.
pub(crate) fn led<C: Case<Facts = Facts, Refusal = Refusal>>(
    state: Option<C>,
    command: &C::Command,
    facts: &Facts,
) -> Result<Option<C>, Refusal> {
    take(state, command, facts, &mut Vec::new())
}

fn post(name: &str, grid: &str, worker: &str) -> Post {
    let around = place("500151001001");
    let code = grid.parse().unwrap();
    Post {
        post: name.to_owned(),
        unit: grid.parse().unwrap(),
        worker: worker.to_owned(),
        place: Place { grid: Some(code), code: grid.parse().unwrap(), ..around },
    }
}

fn load(posts: Vec<Post>, absences: Vec<Absence>) -> roster::Command {
    roster::Command::Load { town: "500151001".parse().unwrap(), district: "500151".parse().ok(), posts, absences }
}

fn posts() -> Vec<Post> {
    vec![post("p1", "500151001001001", "w1"), post("p2", "500151001001002", "w2")]
}

fn away(worker: &str, stand_in: &str, from: i32, to: i32) -> Absence {
    let (worker, stand_in) = (worker.to_owned(), stand_in.to_owned());
    Absence { worker, stand_in, from: today().plus(from), to: today().plus(to) }
}

#[test]
fn the_table_of_the_roster_holds() {
    let at = |now| facts(now, town(), 0);
    let made = |day| roster::Command::Made { day, lists: 2 };
    assert_eq!(led::<Roster>(None, &made(today()), &at(NOW)), Err(Refusal::NotOpened));
    let loaded = led::<Roster>(None, &load(posts(), Vec::new()), &at(NOW)).unwrap();
    assert_eq!(loaded.as_ref().unwrap().timers()[0].due, NOW, "its lists are made at once");
    assert_eq!(led(loaded.clone(), &load(posts(), Vec::new()), &at(NOW + 1)).unwrap(), loaded, "the same again");
    let day = led(loaded, &made(today()), &at(NOW)).unwrap();
    let next = today().plus(1).start() + 5 * Micros::HOUR;
    assert_eq!(day.as_ref().unwrap().timers()[0].due, next);
    assert_eq!(led(day.clone(), &made(today()), &at(NOW)).unwrap(), day, "once a day");
    let later = led(day.clone(), &made(today().plus(3)), &at(NOW)).unwrap().unwrap();
    assert_eq!((later.made, later.next), (Some(today().plus(3)), next + 3 * Micros::DAY));
    let other = member(Role::TownDispatcher, "d3", "500151002");
    let reach = Refusal::OutOfReach { place: "500151001".parse().unwrap() };
    assert_eq!(led(day.clone(), &load(Vec::new(), Vec::new()), &facts(NOW, other, 0)), Err(reach));
    let grid = member(Role::GridWorker, "w1", "500151001001001");
    let role = Refusal::Role { role: Role::GridWorker };
    assert_eq!(led(day, &load(Vec::new(), Vec::new()), &facts(NOW, grid, 0)), Err(role));
}

#[test]
fn whoever_stands_in_may_be_away_as_well_and_a_circle_ends() {
    let absences = vec![away("w1", "w2", 0, 1), away("w2", "w3", 1, 1), away("w3", "w1", 1, 1)];
    let roster = led::<Roster>(None, &load(posts(), absences), &facts(NOW, town(), 0)).unwrap().unwrap();
    let on = |day: i32| roster.on_duty(&roster.posts[0], today().plus(day));
    assert_eq!((on(-1), on(0), on(2)), ("w1".to_owned(), "w2".to_owned(), "w1".to_owned()));
    assert!(["w1", "w2", "w3"].contains(&on(1).as_str()));
}

fn beginning(day: Day, sources: &[(u8, i32)]) -> worklist::Command {
    let of = post("p1", "500151001001001", "w1");
    let source = |which: u8| match which % 5 {
        0 => Source::Care("care-visit-child".to_owned(), CaseId::from_bytes([7; 16])),
        1 => Source::Care("care-visit-child".to_owned(), CaseId::from_bytes([8; 16])),
        other => Source::Rule(format!("rule-{other}")),
    };
    let mut candidates: Vec<Candidate> =
        sources.iter().map(|(which, every)| Candidate { source: source(*which), every: *every }).collect();
    candidates.dedup_by(|a, b| a.source == b.source);
    let (post, place, unit, worker) = (of.post, of.place, of.unit, of.worker);
    worklist::Command::Begin(Box::new(Beginning { day, post, place, unit, worker, candidates }))
}

fn tick(number: u32, day: Option<Day>, on_duty: &str) -> worklist::Command {
    let evidence = Evidence { note: Some(text("note")), ..Evidence::default() };
    worklist::Command::Tick { number, day, on_duty: on_duty.to_owned(), evidence }
}

fn worker() -> Author {
    member(Role::GridWorker, "w1", "500151001001001")
}

#[test]
fn the_table_of_the_list_holds() {
    let at = |now| facts(now, worker(), 0);
    let assign = |on| worklist::Command::Assign { text: text("task"), on };
    for command in [assign(today()), tick(1, None, "w1")] {
        assert_eq!(led::<Worklist>(None, &command, &at(NOW)), Err(Refusal::NotOpened));
    }
    let begun = led::<Worklist>(None, &beginning(today(), &[(0, 7), (2, 1)]), &at(NOW)).unwrap();
    for day in [-1, 0] {
        let again = beginning(today().plus(day), &[(3, 1)]);
        assert_eq!(led(begun.clone(), &again, &at(NOW)).unwrap(), begun, "a day is begun once, and none before it");
    }
    assert_eq!(led(begun.clone(), &assign(today().plus(-1)), &at(NOW)), Err(Refusal::DateNotLater));
    let other_day = Err(Refusal::OtherDay { list: today() });
    assert_eq!(led(begun.clone(), &tick(1, Some(today().plus(1)), "w1"), &at(NOW)), other_day);
    assert_eq!(led(begun.clone(), &tick(1, None, "w1"), &at(NOW + Micros::DAY)), other_day, "its list has run out");
    assert_eq!(led(begun.clone(), &tick(1, None, "w2"), &at(NOW)), Err(Refusal::OtherWorker));
    assert_eq!(led(begun.clone(), &tick(9, None, "w1"), &at(NOW)), Err(Refusal::TaskUnknown { number: 9 }));
    let done = led(begun, &tick(1, Some(today()), "w1"), &at(NOW)).unwrap();
    assert_eq!(led(done.clone(), &tick(1, None, "w1"), &at(NOW)), Err(Refusal::TaskDone { number: 1 }));
    // The hour at which the lists are made has not come: the list of the day before runs on.
    let night = today().plus(1).start() + 4 * Micros::HOUR;
    assert!(led(done.clone(), &tick(2, None, "w1"), &at(night)).is_ok());
    let next = led(done, &beginning(today().plus(1), &[(0, 7)]), &at(NOW)).unwrap().unwrap();
    assert_eq!(next.items, [], "done tasks and those without a rule leave the list");
    assert_eq!(next.last.len(), 1);
}

/// A town with one post and many care entries: a list that nobody can work off helps nobody, and a state that only grows is rewritten by
/// every tick.
#[test]
fn a_day_begins_with_as_many_tasks_as_a_list_holds_and_forgets_what_is_due_anyway() {
    let at = |now| facts(now, worker(), 0);
    let visit = |n: u16| {
        let mut bytes = [1; 16];
        bytes[14..].copy_from_slice(&n.to_be_bytes());
        Candidate { source: Source::Care("visit".to_owned(), CaseId::from_bytes(bytes)), every: 30 }
    };
    let begin = |day, visits: std::ops::Range<u16>| {
        let worklist::Command::Begin(mut beginning) = beginning(day, &[]) else { panic!("another command") };
        beginning.candidates = visits.map(visit).collect();
        worklist::Command::Begin(beginning)
    };
    let full = led::<Worklist>(None, &begin(today(), 0..600), &at(NOW)).unwrap();
    assert_eq!(full.as_ref().unwrap().items.len(), worklist::TASKS_AT_MOST);
    let done = led(full, &tick(1, None, "w1"), &at(NOW)).unwrap();
    let next = led(done, &begin(today().plus(1), 0..600), &at(NOW)).unwrap();
    let list = next.as_ref().unwrap();
    assert_eq!((list.items.len(), list.last.len()), (worklist::TASKS_AT_MOST, 1), "one was done, another has room");
    // Their entries have ended.
    let kept = led(next.clone(), &begin(today().plus(365), 0..0), &at(NOW)).unwrap().unwrap();
    assert_eq!(kept.last.len(), 1, "a rule may rest so long");
    let forgotten = led(next, &begin(today().plus(366), 0..0), &at(NOW)).unwrap().unwrap();
    assert_eq!((forgotten.items.len(), forgotten.last.len()), (0, 0));
}

pub(crate) fn entering(until: Day) -> care::Command {
    let who = Person { name: text("n"), phone: text("p"), address: text("a"), remark: text("r") };
    care::Command::Enter(Box::new(Entering {
        purpose: "left-behind-child".to_owned(),
        basis: text("监护人申请"),
        consent: true,
        place: place("500151001001"),
        who,
        until,
        visit_days: 3,
    }))
}

#[test]
fn the_table_of_the_care_entry_holds() {
    let at = |author| facts(NOW, author, 0);
    let desk = || member(Role::VillageDesk, "v1", "500151001001");
    let end = care::Command::End { reason: text("moved") };
    for command in [&end, &care::Command::Expire] {
        assert_eq!(led::<CareEntry>(None, command, &at(desk())), Err(Refusal::NotOpened));
    }
    for (until, refusal) in [(0, Refusal::EndNotLater), (181, Refusal::EndTooFar { longest: 180 })] {
        assert_eq!(led::<CareEntry>(None, &entering(today().plus(until)), &at(desk())), Err(refusal));
    }
    let entered = led::<CareEntry>(None, &entering(today().plus(180)), &at(desk())).unwrap();
    let timer = entered.as_ref().unwrap().timers().remove(0);
    assert_eq!(timer.due, today().plus(181).start(), "the day after its last");
    let twice = led(entered.clone(), &entering(today().plus(9)), &at(desk()));
    assert_eq!(twice, Err(Refusal::State { state: "entered" }));
    for (command, author) in [(&end, desk()), (&care::Command::Expire, Author::Timer)] {
        let ended = led(entered.clone(), command, &at(author)).unwrap();
        assert!(ended.as_ref().unwrap().timers().is_empty());
        assert_eq!(led(ended.clone(), &end, &at(desk())), Err(Refusal::State { state: "ended" }));
        assert_eq!(led(ended.clone(), &care::Command::Expire, &at(Author::Timer)).unwrap(), ended);
    }
}

proptest! {
    /// Whatever days are begun with whatever rules, and whoever ticks what when: nothing stands twice, numbers are never used again,
    /// what is done is done once, and the events give the state.
    #[test]
    fn a_random_life_of_a_list_keeps_its_invariants(
        steps in prop::collection::vec((0_u8..6, any::<u8>(), any::<u8>(), prop::collection::vec((any::<u8>(), 1_i32..9), 0..6)), 1..60)
    ) {
        let (mut state, mut log, mut now): (Option<Worklist>, Vec<_>, Micros) = (None, Vec::new(), NOW);
        let mut done = 0_usize;
        for (kind, a, b, mut sources) in steps {
            sources.sort_by_key(|(which, _)| which % 5);
            let day = Day::of(now).plus(i32::from(a % 3) - 1);
            let command = match kind {
                0 | 1 => beginning(day, &sources),
                2 => worklist::Command::Assign { text: text("task"), on: day },
                3 | 4 => tick(u32::from(a % 12), (b % 3 == 0).then_some(day), if b % 5 == 0 { "w2" } else { "w1" }),
                _ => {
                    now = now + i64::from(a) * Micros::HOUR / 4;
                    continue;
                }
            };
            let before = (state.clone(), log.len());
            match take(state, &command, &facts(now, worker(), 0), &mut log) {
                Ok(next) => {
                    done += usize::from(kind == 3 || kind == 4);
                    state = next;
                }
                Err(_) => {
                    prop_assert_eq!(log.len(), before.1, "a refusal leaves nothing behind");
                    state = before.0;
                }
            }
            if let Some(list) = &state {
                prop_assert!(list.items.is_sorted_by(|a, b| a.number < b.number) && list.items.iter().all(|i| i.number < list.next));
                let mut sources: Vec<_> =
                    list.items.iter().filter(|i| i.done.is_none() && i.source != Source::Assigned).map(|i| &i.source).collect();
                let all = sources.len();
                sources.sort();
                sources.dedup();
                prop_assert_eq!(sources.len(), all, "nothing stands on a list twice");
            }
        }
        let ticks = log.iter().filter(|event| Worklist::event_type(event) == "worklist.taskTicked").count();
        prop_assert_eq!(ticks, done);
        let replayed = log.iter().fold(None, Worklist::evolve);
        prop_assert_eq!(replayed, state);
    }
}

/// One life of each kind with every event in it.
fn roster_life() -> Vec<<Roster as Case>::Event> {
    let mut log = Vec::new();
    let state = take::<Roster>(None, &load(posts(), vec![away("w1", "w2", 0, 3)]), &facts(NOW, town(), 0), &mut log);
    let made = roster::Command::Made { day: today(), lists: 2 };
    take(state.unwrap(), &made, &facts(NOW, Author::Timer, 0), &mut log).unwrap();
    log
}

fn list_life() -> Vec<<Worklist as Case>::Event> {
    let (mut log, at) = (Vec::new(), facts(NOW, worker(), 0));
    let state = take::<Worklist>(None, &beginning(today(), &[(0, 7), (2, 1)]), &at, &mut log).unwrap();
    let assigned = worklist::Command::Assign { text: text("task"), on: today() };
    let state = take(state, &assigned, &at, &mut log).unwrap();
    let evidence = Evidence {
        note: Some(text("note")),
        photo: Some(("files/1.jpg".to_owned(), "ab".repeat(32))),
        report: CaseId::from_bytes([7; 16]).to_string(),
    };
    let tick = worklist::Command::Tick { number: 2, day: None, on_duty: "w1".to_owned(), evidence };
    let state = take(state, &tick, &at, &mut log).unwrap();
    take(state, &beginning(today().plus(1), &[(2, 1)]), &at, &mut log).unwrap();
    log
}

fn care_life() -> Vec<<CareEntry as Case>::Event> {
    let (mut log, at) = (Vec::new(), facts(NOW, member(Role::VillageDesk, "v1", "500151001001"), 0));
    let state = take::<CareEntry>(None, &entering(today().plus(30)), &at, &mut log).unwrap();
    take(state, &care::Command::End { reason: text("moved") }, &at, &mut log).unwrap();
    log
}

pub(crate) fn lines<E: Message>(events: &[E]) -> String {
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    events.iter().map(|event| hex(event.encode_to_vec()) + "\n").collect()
}

/// Leaves a life of this release in `target/tmp`: the next sample.
pub(crate) fn leave<E: Message>(file: &str, events: Vec<E>) -> Vec<E> {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
    std::fs::write(&path, lines(&events)).unwrap();
    events
}

/// What release 0.1 stored is read for ever, and every kind of event that is written today stands in its sample.
pub(crate) fn holds<C: Case>(sample: &str, now: &[C::Event]) -> C {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let read =
        |line: &str| C::Event::decode(line.as_bytes().chunks(2).map(byte).collect::<Vec<_>>().as_slice()).unwrap();
    let events: Vec<C::Event> = sample.lines().map(read).collect();
    let kinds = |events: &[C::Event]| events.iter().map(C::event_type).collect::<Vec<_>>();
    assert_eq!(kinds(&events), kinds(now), "{}: every kind of event is in the sample", C::KIND);
    events.iter().fold(None, C::evolve).expect("the sample can be applied")
}

#[test]
fn rosters_lists_and_entries_of_release_0_1_read_as_they_were() {
    let (rosters, lists) = (leave("next-roster.hex", roster_life()), leave("next-worklist.hex", list_life()));
    let entries = leave("next-care.hex", care_life());
    let roster: Roster = holds(include_str!("../samples/0.1-roster.hex"), &rosters);
    assert_eq!((roster.posts.len(), roster.absences.len(), roster.made), (2, 1, Some(today())));
    let list: Worklist = holds(include_str!("../samples/0.1-worklist.hex"), &lists);
    assert_eq!((list.day, list.items.len(), list.last.len(), list.next), (today().plus(1), 2, 1, 5));
    let entry: CareEntry = holds(include_str!("../samples/0.1-care.hex"), &entries);
    assert_eq!((entry.purpose.as_str(), entry.is_open(), entry.visit_days), ("left-behind-child", false, 3));
}
