//! Duties, building days, interviews and task forces: every pair of state and command against the tables of their modules, random lives,
//! and stored samples.

use casebook::Case;
use civic::{CaseId, Micros, Role, Tier};
use dispatch::domain::building_day::{self, BuildingDay, Deciding};
use dispatch::domain::day::Day;
use dispatch::domain::duty::{self, Duty, Line, Standing};
use dispatch::domain::interview::{self, Interview, Kind, Recording};
use dispatch::domain::refusal::Refusal;
use dispatch::domain::task_force::{self, Forming, TaskForce};
use dispatch::domain::urgency::Urgency;
use dispatch::domain::work_order::{Author, Facts};
use proptest::prelude::*;

use crate::matters::{holds, leave, led, member, place, take, text};
use crate::world::{NOW, facts};

fn at(author: Author) -> Facts {
    facts(NOW, author, 0)
}

fn today() -> Day {
    Day::of(NOW)
}

fn proposer() -> Author {
    member(Role::DistrictDispatcher, "d1", "500151")
}

fn admitter() -> Author {
    member(Role::CityDispatcher, "d2", "50")
}

fn town() -> Author {
    member(Role::TownDispatcher, "t1", "500151001")
}

fn line() -> Line {
    Line {
        category: "0101".to_owned(),
        tier: Tier::Town,
        unit: "town/zhifa".to_owned(),
        co_handling: vec!["district/gongan".to_owned()],
        urgency: Urgency::LevelTwo,
        reply_approval: true,
        law: String::new(),
        article: String::new(),
    }
}

/// Each command with whom it is for.
fn duty_commands() -> [(&'static str, duty::Command, Author); 8] {
    let (from, reason) = (today().plus(1), text("why"));
    let review = |agrees| duty::Command::Review { agrees, reason: text("word") };
    [
        ("propose", duty::Command::Propose { line: line(), from, reason: reason.clone() }, proposer()),
        ("adjust", duty::Command::Adjust { line: line(), from, reason: reason.clone() }, proposer()),
        ("retire", duty::Command::Retire { from, reason: reason.clone() }, proposer()),
        ("agree", review(true), town()),
        ("object", review(false), town()),
        ("admit", duty::Command::Admit, admitter()),
        ("refuse", duty::Command::Refuse { reason }, admitter()),
        ("listed", duty::Command::Listed { version: "v".to_owned() }, Author::Timer),
    ]
}

fn duty_after(steps: &[&str]) -> Option<Duty> {
    let commands = duty_commands();
    steps.iter().fold(None, |state, step| {
        let (_, command, author) = commands.iter().find(|(name, ..)| name == step).unwrap();
        led(state, command, &at(author.clone())).unwrap()
    })
}

#[test]
fn the_table_of_the_duty_holds_for_every_state_and_command() {
    let admitted = ["propose", "agree", "admit", "listed"];
    let with = |more: &[&'static str]| [&admitted[..], more].concat();
    // State, how it is reached, the commands that lead on.
    let table: [(Vec<&str>, &[&str]); 9] = [
        (vec![], &["propose"]),
        (vec!["propose"], &["agree", "object", "refuse", "listed"]),
        (vec!["propose", "agree"], &["admit", "refuse", "listed"]),
        (vec!["propose", "object"], &["refuse", "listed"]),
        // Not on the list yet: nothing else is proposed meanwhile.
        (vec!["propose", "agree", "admit"], &["listed"]),
        (with(&[]), &["adjust", "retire", "listed"]),
        (vec!["propose", "refuse"], &["listed"]),
        (with(&["adjust", "agree"]), &["admit", "refuse", "listed"]),
        (with(&["retire", "agree", "admit", "listed"]), &["listed"]),
    ];
    for (steps, leads) in table {
        for (name, command, author) in duty_commands() {
            let state = duty_after(&steps);
            let result = led(state.clone(), &command, &at(author));
            assert_eq!(result.is_ok(), leads.contains(&name), "{steps:?} {name}: {result:?}");
            if let (Ok(next), "listed") = (&result, name) {
                assert_eq!(
                    *next == state,
                    state.is_none_or(|duty| !duty.is_unlisted()),
                    "{steps:?}: once an admission"
                );
            }
        }
    }
    let refused = duty_after(&with(&["adjust", "agree", "refuse"])).unwrap();
    assert_eq!((refused.standing, refused.admitted), (Standing::Admitted, Some(line())), "as before");
    let retired = duty_after(&with(&["retire", "agree", "admit"])).unwrap();
    assert_eq!((retired.standing, retired.is_unlisted(), retired.timers().len()), (Standing::Retired, true, 1));
}

#[test]
fn nobody_admits_an_own_proposal_and_none_whose_day_has_begun() {
    let reviewed = duty_after(&["propose", "agree"]);
    assert_eq!(led(reviewed.clone(), &duty::Command::Admit, &at(proposer())), Err(Refusal::SamePerson));
    let late = facts(NOW + 2 * Micros::DAY, admitter(), 0);
    assert_eq!(led(reviewed, &duty::Command::Admit, &late), Err(Refusal::FromNotLater));
    let other = Line { category: "0102".to_owned(), ..line() };
    let adjust = duty::Command::Adjust { line: other, from: today().plus(1), reason: text("why") };
    let admitted = duty_after(&["propose", "agree", "admit", "listed"]);
    assert_eq!(led(admitted, &adjust, &at(proposer())), Err(Refusal::OtherDuty));
}

fn leader() -> Author {
    member(Role::Commander, "c1", "500151")
}

fn deciding(order: u8) -> building_day::Command {
    building_day::Command::Decide(Box::new(Deciding {
        text: text("leak"),
        category: "0612".to_owned(),
        unit: "500151-zhujian".parse().unwrap(),
        due: NOW + Micros::DAY,
        work_order: CaseId::from_bytes([order; 16]),
    }))
}

fn session() -> building_day::Command {
    let units = vec!["500151-zhujian".parse().unwrap(), "500151-shuili".parse().unwrap()];
    building_day::Command::Open { place: place("500151001001"), day: today(), units }
}

fn opened(order: u8) -> building_day::Command {
    building_day::Command::OrderOpened(CaseId::from_bytes([order; 16]))
}

#[test]
fn the_table_of_the_building_day_holds_for_every_state_and_command() {
    let life = |commands: &[building_day::Command]| {
        commands.iter().fold(None, |state, command| led::<BuildingDay>(state, command, &at(leader())).unwrap())
    };
    let states = [
        ("none", None, [true, false, false, false]),
        ("open", life(&[session(), deciding(7)]), [false, true, true, true]),
        ("closed", life(&[session(), deciding(7), building_day::Command::Close]), [false, false, true, false]),
    ];
    for (name, state, leads) in states {
        let commands = [session(), deciding(8), opened(7), building_day::Command::Close];
        for (command, leads) in commands.iter().zip(leads) {
            let result = led(state.clone(), command, &at(leader()));
            assert_eq!(result.is_ok(), leads, "{name} {command:?}: {result:?}");
        }
        assert_eq!(
            state.as_ref().map_or(0, |state| state.timers().len()),
            usize::from(state.is_some()),
            "an order is owed"
        );
    }
    let done = life(&[session(), deciding(7), opened(7)]);
    assert!(done.as_ref().unwrap().timers().is_empty());
    assert_eq!(led(done.clone(), &opened(7), &at(Author::Timer)).unwrap(), done, "once");
}

fn recording(follows: bool) -> interview::Command {
    interview::Command::Record(Box::new(Recording {
        kind: Kind::Interview,
        party: text("firm"),
        place: place("500151001"),
        text: text("said"),
        work_order: Some(CaseId::from_bytes([7; 16])),
        follow_up: follows.then(|| (text("refund"), NOW + Micros::HOUR)),
    }))
}

fn follow(next: Option<Micros>) -> interview::Command {
    interview::Command::FollowUp { text: text("so far"), next }
}

#[test]
fn the_table_of_the_interview_holds_for_every_state_and_command() {
    let supervisor = || at(member(Role::Supervisor, "s1", "500151"));
    let open = led::<Interview>(None, &recording(true), &supervisor()).unwrap();
    let overdue = led(open.clone(), &interview::Command::Overdue, &at(Author::Timer)).unwrap();
    let done = led(open.clone(), &follow(None), &supervisor()).unwrap();
    let nothing = led::<Interview>(None, &recording(false), &supervisor()).unwrap();
    assert!(nothing.as_ref().unwrap().done);
    // Record, follow up, its date.
    for (name, state, leads, timers) in [
        ("none", None, [true, false, false], 0),
        ("open", open, [false, true, true], 1),
        ("overdue", overdue, [false, true, true], 0),
        ("done", done, [false, false, true], 0),
        ("nothing to follow", nothing, [false, false, true], 0),
    ] {
        for (command, leads) in
            [recording(true), follow(Some(NOW + Micros::DAY)), interview::Command::Overdue].iter().zip(leads)
        {
            let result = led(state.clone(), command, &supervisor());
            assert_eq!(result.is_ok(), leads, "{name} {command:?}: {result:?}");
        }
        assert_eq!(state.map_or(0, |state| state.timers().len()), timers, "{name}");
    }
}

fn forming() -> task_force::Command {
    let milestones = [Micros::HOUR, 5 * Micros::HOUR].map(|ahead| (text("milestone"), NOW + ahead));
    task_force::Command::Form(Box::new(Forming {
        title: text("force"),
        purpose: text("purpose"),
        place: place("500151"),
        lead: "500151-shichang".parse().unwrap(),
        units: vec!["500151-gongan".parse().unwrap()],
        until: today().plus(8),
        milestones: milestones.to_vec(),
    }))
}

fn hold(order: u8) -> task_force::Command {
    task_force::Command::Hold { order: CaseId::from_bytes([order; 16]), marked: true }
}

fn dissolve(open: usize) -> task_force::Command {
    task_force::Command::Dissolve { result: text("done"), open }
}

#[test]
fn the_table_of_the_task_force_holds_for_every_state_and_command() {
    let active = led::<TaskForce>(None, &forming(), &at(leader())).unwrap();
    let dissolved = led(active.clone(), &dissolve(0), &at(leader())).unwrap();
    // Form, hold, reach, its dates, dissolve.
    for (name, state, leads) in [
        ("none", None, [true, false, false, false, false]),
        ("active", active.clone(), [false, true, true, true, true]),
        ("dissolved", dissolved, [false, false, false, true, false]),
    ] {
        let commands = [forming(), hold(7), task_force::Command::Reach(1), task_force::Command::Late, dissolve(0)];
        for (command, leads) in commands.iter().zip(leads) {
            let result = led(state.clone(), command, &at(leader()));
            assert_eq!(result.is_ok(), leads, "{name} {command:?}: {result:?}");
        }
    }
    assert_eq!(led(active.clone(), &dissolve(1), &at(leader())), Err(Refusal::OrdersOpen { open: 1 }));
    let unmarked = task_force::Command::Hold { order: CaseId::from_bytes([7; 16]), marked: false };
    assert_eq!(led(active.clone(), &unmarked, &at(leader())), Err(Refusal::NotMarked));
    // It is made for one matter: whoever ends it looks at every order that it holds.
    let mut full = active.clone();
    for order in 0..task_force::ORDERS_AT_MOST {
        full = led(full, &hold(u8::try_from(order).unwrap()), &at(leader())).unwrap();
    }
    let most = task_force::ORDERS_AT_MOST;
    assert_eq!(led(full, &hold(255), &at(leader())), Err(Refusal::TooManyOrders { most }));
    // Everything whose time has come is told in one event, and then no more.
    let much_later = facts(NOW + 30 * Micros::DAY, Author::Timer, 0);
    let late = led(active, &task_force::Command::Late, &much_later).unwrap().unwrap();
    assert!(late.overdue && late.is_behind() && late.milestones.iter().all(|milestone| milestone.missed));
    assert!(late.timers().is_empty());
}

proptest! {
    /// Whoever sends what in whatever order: a refusal leaves nothing behind, the events give the state, and no admission was made without
    /// the word of the level that bears it.
    #[test]
    fn a_random_life_of_a_duty_keeps_its_invariants(steps in prop::collection::vec((0_usize..8, 0_usize..4), 1..60)) {
        let people = [proposer(), admitter(), town(), member(Role::DistrictDispatcher, "d3", "500151")];
        let (mut state, mut log): (Option<Duty>, Vec<_>) = (None, Vec::new());
        for (command, who) in steps {
            let (_, command, author) = duty_commands().into_iter().nth(command).unwrap();
            // Every other one is who the step is for.
            let author = if who % 2 == 0 { author } else { people[who].clone() };
            let before = (state.clone(), log.len());
            match take(state, &command, &at(author), &mut log) {
                Ok(next) => state = next,
                Err(_) => {
                    prop_assert_eq!(log.len(), before.1);
                    state = before.0;
                }
            }
        }
        let admissions = log.iter().filter(|event| Duty::event_type(event) == "duty.admitted").count();
        let reviews = log.iter().filter(|event| Duty::event_type(event) == "duty.reviewed").count();
        prop_assert!(admissions <= reviews);
        prop_assert_eq!(state.as_ref().map_or(0, |duty| usize::try_from(duty.admissions).unwrap()), admissions);
        prop_assert_eq!(log.iter().fold(None, Duty::evolve), state);
    }

    /// The same for task forces and their plans under a clock that runs.
    #[test]
    fn a_random_life_of_a_task_force_keeps_its_invariants(steps in prop::collection::vec((0_u8..6, any::<u8>()), 1..60)) {
        let (mut state, mut log, mut now): (Option<TaskForce>, Vec<_>, Micros) = (None, Vec::new(), NOW);
        for (command, choice) in steps {
            let command = match command {
                0 => forming(),
                1 => hold(choice % 4),
                2 => task_force::Command::Reach(u32::from(choice % 4)),
                3 => task_force::Command::Late,
                4 => dissolve(usize::from(choice % 8 != 0)),
                _ => {
                    now = now + i64::from(choice) * Micros::HOUR / 8;
                    continue;
                }
            };
            let before = (state.clone(), log.len());
            match take(state, &command, &facts(now, leader(), 0), &mut log) {
                Ok(next) => state = next,
                Err(_) => {
                    prop_assert_eq!(log.len(), before.1);
                    state = before.0;
                }
            }
            if let Some(force) = &state {
                let mut orders = force.orders.clone();
                orders.sort();
                orders.dedup();
                prop_assert_eq!(orders.len(), force.orders.len(), "an order is held once");
            }
        }
        prop_assert_eq!(log.iter().fold(None, TaskForce::evolve), state);
    }
}

/// One life of each kind with every event in it.
fn duty_life() -> Vec<<Duty as Case>::Event> {
    let (mut state, mut log) = (None, Vec::new());
    let commands = duty_commands();
    for step in ["propose", "agree", "admit", "listed", "adjust", "object", "refuse", "retire"] {
        let (_, command, author) = commands.iter().find(|(name, ..)| *name == step).unwrap();
        state = take::<Duty>(state, command, &at(author.clone()), &mut log).unwrap();
    }
    log
}

fn session_life() -> Vec<<BuildingDay as Case>::Event> {
    let (mut state, mut log) = (None, Vec::new());
    for command in [session(), deciding(7), opened(7), building_day::Command::Close] {
        state = take::<BuildingDay>(state, &command, &at(leader()), &mut log).unwrap();
    }
    log
}

fn interview_life() -> Vec<<Interview as Case>::Event> {
    let (mut state, mut log) = (None, Vec::new());
    for command in [recording(true), interview::Command::Overdue, follow(Some(NOW + Micros::DAY)), follow(None)] {
        state = take::<Interview>(state, &command, &at(leader()), &mut log).unwrap();
    }
    log
}

fn force_life() -> Vec<<TaskForce as Case>::Event> {
    let (mut state, mut log) = (None, Vec::new());
    for command in [forming(), hold(7), task_force::Command::Reach(1), task_force::Command::Late, dissolve(0)] {
        let later = facts(NOW + 6 * Micros::HOUR, leader(), 0);
        let facts = if command == task_force::Command::Late { later } else { at(leader()) };
        state = take::<TaskForce>(state, &command, &facts, &mut log).unwrap();
    }
    log
}

#[test]
fn duties_sessions_interviews_and_task_forces_of_release_0_1_read_as_they_were() {
    let (duties, sessions) = (leave("next-duty.hex", duty_life()), leave("next-session.hex", session_life()));
    let (interviews, forces) = (leave("next-interview.hex", interview_life()), leave("next-force.hex", force_life()));
    let duty: Duty = holds(include_str!("../samples/0.1-duty.hex"), &duties);
    assert_eq!((duty.standing, duty.admissions, duty.listed.as_deref()), (Standing::Proposed, 1, Some("v")));
    let session: BuildingDay = holds(include_str!("../samples/0.1-session.hex"), &sessions);
    assert_eq!((session.open, session.requests.len(), session.requests[0].opened), (false, 1, true));
    let interview: Interview = holds(include_str!("../samples/0.1-interview.hex"), &interviews);
    assert_eq!((interview.done, interview.kind, interview.result.is_some()), (true, Kind::Interview, true));
    let force: TaskForce = holds(include_str!("../samples/0.1-force.hex"), &forces);
    assert_eq!((force.is_active(), force.is_behind(), force.orders.len()), (false, true, 1));
}
