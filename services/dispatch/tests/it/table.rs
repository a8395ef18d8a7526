//! The table in the module's documentation, read as text: the oracle knows no other.

use casebook::Case as _;
use dispatch::domain::urgency::Urgency;
use dispatch::domain::work_order::{Author, Command, State, Verb, WorkOrder};

use crate::model::REAL;
use crate::world::{self, NOW, facts, person, step};

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) verb: Verb,
    pub(crate) from: Vec<State>,
    pub(crate) to: Vec<State>,
    pub(crate) by: String,
}

/// Reads the table.
pub(crate) fn table() -> Vec<Line> {
    let source = include_str!("../../src/domain/work_order.rs");
    let rows =
        source.lines().filter_map(|line| line.strip_prefix("//! ")).filter(|line| line.matches('|').count() == 3);
    let table: Vec<Line> = rows.filter(|line| !line.starts_with("verb ")).map(line).collect();
    assert_eq!(table.len(), Verb::ALL.len(), "the table has a line for each verb");
    table
}

fn line(text: &str) -> Line {
    let cells: Vec<&str> = text.split('|').map(str::trim).collect();
    Line {
        verb: *Verb::ALL.iter().find(|verb| verb.as_str() == cells[0]).unwrap_or_else(|| panic!("{text}")),
        from: cells[1].split(',').map(state).collect(),
        to: cells[2].split(',').map(state).collect(),
        by: cells[3].to_owned(),
    }
}

fn state(name: &str) -> State {
    *State::ALL.iter().find(|state| state.as_str() == name.trim()).unwrap_or_else(|| panic!("no state {name}"))
}

/// Walks a path of verbs that must all be allowed, each by somebody who may.
pub(crate) fn walk(variant: u8, path: &[(Verb, u8, u8)]) -> WorkOrder {
    let mut order = None;
    let mut take = |command: &Command, author| {
        let facts = facts(NOW, author, 0);
        for event in (REAL.decide)(order.as_ref(), command, &facts).unwrap() {
            order = (REAL.evolve)(order.take(), &event);
        }
    };
    take(&world::open(variant), Author::Report);
    for (verb, who, choice) in path {
        let command = Command::Step { step: step(*verb, *choice, NOW), note: None };
        take(&command, person(world::actor(*who)));
    }
    order.unwrap()
}

/// An order in each state, born with the unit 500151001-pingan.
pub(crate) fn in_state(state: State) -> WorkOrder {
    use Verb::{Accept, Approve, Cancel, Close, Merge, RequestSuspension, Resolve, Return, Start, Verify};
    let accepted = [(Accept, 2, 0)];
    let resolved = [(Accept, 2, 0), (Resolve, 2, 0)];
    let verified = [(Accept, 2, 0), (Resolve, 2, 0), (Verify, 0, 10)];
    match state {
        State::Created => walk(8 + 3, &[]),
        State::Assigned => walk(3, &[]),
        State::Accepted => walk(3, &accepted),
        State::InProgress => walk(3, &[(Accept, 2, 0), (Start, 2, 0)]),
        State::Resolved => walk(3, &resolved),
        State::Verified => walk(3, &verified),
        State::Closed => walk(3, &[verified.as_slice(), &[(Close, 0, 0)]].concat()),
        State::Returned => walk(3, &[(Return, 2, 0)]),
        State::Suspended => walk(3, &[accepted.as_slice(), &[(RequestSuspension, 2, 2), (Approve, 0, 0)]].concat()),
        State::Merged => walk(3, &[(Merge, 0, 1)]),
        State::Cancelled => walk(3, &[(Cancel, 0, 0)]),
    }
}

#[test]
fn every_state_can_be_reached() {
    for state in State::ALL {
        assert_eq!(in_state(state).state(), state);
    }
}

#[test]
fn the_code_repeats_the_table() {
    for line in table() {
        let (mut from, mut ours) = (line.from.clone(), line.verb.leads_from().to_vec());
        from.sort_unstable();
        ours.sort_unstable();
        assert_eq!(from, ours, "{}", line.verb.as_str());
        assert_eq!(line.by, line.verb.by().as_str());
    }
}

/// State -> what a ruling does, from the second table.
fn rulings() -> Vec<(State, String)> {
    let source = include_str!("../../src/domain/work_order.rs");
    let lines = source.lines().filter_map(|line| line.strip_prefix("//! "));
    let rows = lines.filter_map(|line| line.split_once(" | ")).filter(|(_, cell)| !cell.contains('|'));
    let cells = rows.filter(|(states, _)| !states.starts_with("state of"));
    let each =
        cells.flat_map(|(states, cell)| states.split(',').map(move |name| (state(name), cell.trim().to_owned())));
    each.collect()
}

#[test]
fn a_ruling_on_the_report_does_in_every_state_what_the_table_says() {
    let rulings = rulings();
    assert_eq!(rulings.len(), State::ALL.len(), "the table has every state once");
    for (state, cell) in rulings {
        let order = in_state(state);
        // Another category, a village of the town, level one, a unit that the list knows.
        let command = Command::Reclassify(Box::new(world::ruling(1 + 6, 1 + 2 + (1 << 6))));
        let events = (REAL.decide)(Some(&order), &command, &facts(NOW, Author::Report, 0)).unwrap();
        let kinds: Vec<_> = events.iter().map(WorkOrder::event_type).collect();
        let after = events.iter().fold(order.clone(), |order, event| (REAL.evolve)(Some(order), event).unwrap());
        let unit = after.unit().map(ToString::to_string);
        match cell.as_str() {
            "recorded, and assigned when the list knows the unit" => {
                assert_eq!(kinds, ["workOrder.reclassified", "workOrder.assigned"]);
                assert_eq!((after.state(), unit.as_deref()), (State::Assigned, Some("500151001-zhifa")));
                assert_eq!(after.head.urgency, Urgency::LevelOne);
            }
            "recorded, the unit stays" => {
                assert_eq!(kinds, ["workOrder.reclassified"], "{state:?}");
                assert_eq!((&after.phase, &after.head.marks), (&order.phase, &order.head.marks));
                assert_eq!((after.head.place.code.as_str(), after.head.category.as_str()), ("500151001001", "0612"));
                assert_eq!(after.head.urgency, order.head.urgency);
            }
            "passed over" => assert!(kinds.is_empty(), "{state:?}"),
            other => panic!("the table says {other}"),
        }
    }
    let nobody =
        (REAL.decide)(None, &Command::Reclassify(Box::new(world::ruling(1, 0))), &facts(NOW, Author::Report, 0));
    assert_eq!(nobody.unwrap_err().reason(), "NOT_FOUND");
}

#[test]
fn every_pair_of_state_and_verb_does_what_the_table_says() {
    for line in table() {
        for state in State::ALL {
            let order = in_state(state);
            let outcomes: Vec<_> = (0..world::people())
                .flat_map(|who| (0..16).map(move |choice| (who, choice)))
                .map(|(who, choice)| {
                    let command = Command::Step { step: step(line.verb, choice, NOW), note: None };
                    (REAL.decide)(Some(&order), &command, &facts(NOW, person(world::actor(who)), 0))
                })
                .collect();
            if !line.from.contains(&state) {
                let refused = outcomes.iter().all(|o| {
                    o.as_ref().is_err_and(|refusal| matches!(refusal.reason(), "STATE_REFUSES" | "ROLE_DENIED"))
                });
                assert!(refused, "{} from {}", line.verb.as_str(), state.as_str());
            }
            for event in outcomes.into_iter().flatten().flatten() {
                let next = (REAL.evolve)(Some(order.clone()), &event).unwrap().state();
                assert!(line.to.contains(&next), "{} from {} to {}", line.verb.as_str(), state.as_str(), next.as_str());
            }
        }
    }
}
