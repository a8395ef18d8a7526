//! The table of the module's doc, walked for every state and command; and a life, which [`crate::samples`] writes down.

use crate::city::{NOW, TOWN};
use casebook::Case;
use civic::{Actor, Place, Private, Role, Tree};
use proto::specimen::v1::stored::MatterEvent;
use specimen::domain::matter::{Command, Facts, Matter, Refusal};

fn facts() -> Facts {
    let view = Tree::chongqing().today(NOW);
    let actor = Actor::member(Role::TownDispatcher, "d1", TOWN.parse().unwrap());
    Facts { now: NOW, actor, person: [5; 16], view }
}

fn place() -> Place {
    facts().view.place(&TOWN.parse().unwrap()).unwrap()
}

fn text(word: &str) -> Private<String> {
    Private::from_sealed(word.as_bytes().to_vec())
}

fn commands() -> [(&'static str, Command); 2] {
    let open = Command::Open { place: place(), text: text("text") };
    [("open", open), ("close", Command::Close { result: text("result") })]
}

/// Takes a step; what it leads to is legal, and every event leads on.
fn take(state: Option<Matter>, command: &Command, log: &mut Vec<MatterEvent>) -> Result<Option<Matter>, Refusal> {
    let events = Matter::decide(state.as_ref(), command, &facts())?;
    Ok(events.into_iter().fold(state, |state, event| {
        assert!(Matter::legal(state.as_ref(), &event), "{}", Matter::event_type(&event));
        let next = Matter::evolve(state, &event);
        assert!(next.is_some(), "{} leads on", Matter::event_type(&event));
        log.push(event);
        next
    }))
}

/// Every kind of event, in the order of a life.
pub(crate) fn life() -> Vec<MatterEvent> {
    let mut log = Vec::new();
    commands().iter().fold(None, |state, (_, command)| take(state, command, &mut log).unwrap());
    log
}

#[test]
fn every_pair_of_state_and_command_is_as_the_table_says() {
    let open = take(None, &commands()[0].1, &mut Vec::new()).unwrap();
    let closed = take(open.clone(), &commands()[1].1, &mut Vec::new()).unwrap();
    let states = [("(none)", None), ("open", open), ("closed", closed)];
    let table = [
        ("(none)", "open", Ok("open")),
        ("(none)", "close", Err("NOT_FOUND")),
        ("open", "open", Err("STATE_REFUSES")),
        ("open", "close", Ok("closed")),
        ("closed", "open", Err("STATE_REFUSES")),
        ("closed", "close", Err("STATE_REFUSES")),
    ];
    let mut walked = Vec::new();
    for (state_name, state) in &states {
        for (command_name, command) in &commands() {
            let led = take(state.clone(), command, &mut Vec::new());
            let led = led.map(|state| state.unwrap().phase.name()).map_err(|refusal| refusal.reason());
            walked.push((*state_name, *command_name, led));
        }
    }
    assert_eq!(walked, table);
}

#[test]
fn an_event_that_the_table_does_not_know_is_corrupt_and_never_guessed() {
    let [opened, closed] = life().try_into().unwrap();
    let matter = Matter::evolve(None, &opened).unwrap();
    let unknown = MatterEvent { event: None, ..opened.clone() };
    for (state, event) in [(None, &closed), (None, &unknown), (Some(&matter), &opened), (Some(&matter), &unknown)] {
        assert!(!Matter::legal(state, event));
        assert_eq!(Matter::evolve(state.cloned(), event), None);
    }
}

#[test]
fn only_an_open_matter_is_in_the_lists_of_what_is_open() {
    let states = life().into_iter().scan(None, |state, event| {
        *state = Matter::evolve(state.take(), &event);
        state.as_ref().map(|matter: &Matter| matter.index())
    });
    let rows: Vec<_> = states.map(|row| (row.open, row.state, row.town)).collect();
    assert_eq!(rows, [(true, 1, Some(TOWN.to_owned())), (false, 2, Some(TOWN.to_owned()))]);
}
