//! Exclusions and evaluations as rules: their tables walked for every state and command, and what release 0.1 stored.

use casebook::Case as _;
use civic::{CaseId, Role};
use dispatch::domain::evaluation::{self, Evaluation, Recommendation};
use dispatch::domain::exclusion::{Asking, Command, Exclusion, Standing};
use dispatch::domain::rates::{Ground, Rate};
use dispatch::domain::refusal::Refusal;
use dispatch::domain::work_order::{Author, State, WorkOrder};
use proto::dispatch::v1::stored::{EvaluationEvent, ExclusionEvent};

use crate::matters::{holds, leave, led, member, take, text};
use crate::world::{NOW, facts};

/// The phases of one order's life, each as it was first met, by state and round.
fn orders() -> Vec<WorkOrder> {
    let mut order = None;
    let mut met: Vec<WorkOrder> = Vec::new();
    for event in crate::life::life() {
        order = WorkOrder::evolve(order, &event);
        let now = order.clone().unwrap();
        if !met.iter().any(|one| (one.state(), one.head.round) == (now.state(), now.head.round)) {
            met.push(now);
        }
    }
    met
}

fn closed(round: i32) -> WorkOrder {
    let found = orders().into_iter().find(|order| order.state() == State::Closed && order.head.round == round);
    found.unwrap_or_else(|| panic!("the life closes in round {round}"))
}

fn rounds() -> (i32, i32) {
    let mut all: Vec<i32> =
        orders().iter().filter(|order| order.state() == State::Closed).map(|order| order.head.round).collect();
    all.dedup();
    (all[0], *all.last().unwrap())
}

fn unit_of(order: &WorkOrder) -> Author {
    member(Role::DepartmentHandler, "handler", order.unit().unwrap().as_str())
}

fn centre() -> Author {
    member(Role::TownDispatcher, "d9", "500151001")
}

fn request(seen: &WorkOrder) -> Command {
    Command::Request(Box::new(Asking {
        order: CaseId::from_bytes([7; 16]),
        seen: seen.clone(),
        rates: vec![Rate::Response, Rate::Satisfaction],
        ground: Ground::BeyondAnybody,
        reason: text("why"),
    }))
}

fn rule(granted: bool) -> Command {
    Command::Rule { granted, reason: text("because") }
}

#[test]
fn only_an_order_that_is_verified_or_closed_can_be_left_out() {
    for order in orders().into_iter().filter(|order| order.unit().is_some()) {
        let asked = led::<Exclusion>(None, &request(&order), &facts(NOW, unit_of(&order), 0));
        let may = matches!(order.state(), State::Verified | State::Closed);
        assert_eq!(asked.is_ok(), may, "{:?}: {asked:?}", order.state());
        if !may {
            assert_eq!(asked, Err(Refusal::State { state: order.state().as_str() }));
        }
    }
}

#[test]
fn the_table_of_exclusions_holds_for_every_state_and_command() {
    let (first, later) = rounds();
    assert!(later > first, "the life has two closings");
    let (one, two) = (closed(first), closed(later));
    let ask = |state, order: &WorkOrder| led::<Exclusion>(state, &request(order), &facts(NOW, unit_of(order), 0));
    let decide = |state, granted| led::<Exclusion>(state, &rule(granted), &facts(NOW, centre(), 0));
    assert_eq!(decide(None, true), Err(Refusal::NotOpened));
    let requested = ask(None, &one).unwrap();
    let (granted, refused) = (decide(requested.clone(), true).unwrap(), decide(requested.clone(), false).unwrap());
    for (state, word) in [(&requested, ""), (&granted, "granted"), (&refused, "refused")] {
        assert_eq!(ask(state.clone(), &one), Err(Refusal::ExclusionAskedAlready { round: first }), "{word}");
        let again = ask(state.clone(), &two).unwrap().unwrap();
        assert_eq!(
            (again.round, again.standing),
            (later, Standing::Requested),
            "{word}: another round may be asked for"
        );
        if !word.is_empty() {
            assert_eq!(decide(state.clone(), true), Err(Refusal::State { state: word }));
        }
    }
    assert_eq!(requested.unwrap().left_out(), None);
    assert_eq!(refused.unwrap().left_out(), None);
    let out = granted.unwrap().left_out().unwrap();
    assert_eq!((out.round, out.rates), (first, vec![Rate::Response, Rate::Satisfaction]));
}

#[test]
fn the_id_of_an_exclusion_lies_beside_its_orders_and_leads_back() {
    let order: CaseId = CaseId::from_bytes([0x5a; 16]);
    let id = Exclusion::id_of(order);
    assert_eq!((id.millis(), id == order, Exclusion::id_of(id)), (order.millis(), false, order));
}

fn exclusion_life() -> Vec<ExclusionEvent> {
    let (first, later) = rounds();
    let mut log = Vec::new();
    let mut state: Option<Exclusion> = None;
    for (round, granted) in [(first, false), (later, true)] {
        let order = closed(round);
        state = take(state, &request(&order), &facts(NOW, unit_of(&order), 0), &mut log).unwrap();
        state = take(state, &rule(granted), &facts(NOW, centre(), 0), &mut log).unwrap();
    }
    log
}

fn evaluation_life() -> Vec<EvaluationEvent> {
    let rate = evaluation::Rate {
        unit: "500151001-sifasuo".parse().unwrap(),
        score: 4,
        recommendation: Some(Recommendation::CommendHead),
    };
    let mut log = Vec::new();
    let state: Option<Evaluation> = take(None, &rate, &facts(NOW, centre(), 0), &mut log).unwrap();
    assert_eq!(led(state, &rate, &facts(NOW, centre(), 0)), Err(Refusal::EvaluatedAlready));
    log
}

#[test]
fn exclusions_and_evaluations_of_release_0_1_read_as_they_were() {
    let exclusions = leave("next-exclusion.hex", exclusion_life());
    let evaluations = leave("next-evaluation.hex", evaluation_life());
    let exclusion: Exclusion = holds(include_str!("../samples/0.1-exclusion.hex"), &exclusions);
    assert!(exclusion.left_out().is_some_and(|out| out.ground == Ground::BeyondAnybody));
    let rated: Evaluation = holds(include_str!("../samples/0.1-evaluation.hex"), &evaluations);
    assert_eq!((rated.unit.as_str(), rated.score), ("500151001-sifasuo", 4));
    assert_eq!(rated.recommendation, Some(Recommendation::CommendHead));
}
