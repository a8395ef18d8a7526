//! Domain, lines not crossed: 8. What a unit does to bring a matter before others costs it nothing, and neither does how long it took.

use super::{Body, Rate, Told, Verdict};
use proto::dispatch::v1::stored::{self, WorkOrderEvent};
use proto::types::v1::WorkOrderState;

fn event(state: WorkOrderState, body: Body) -> WorkOrderEvent {
    let after = stored::After { state: state.into(), round: 1, ..stored::After::default() };
    WorkOrderEvent { after: Some(after), event: Some(body), ..WorkOrderEvent::default() }
}

/// A life with this step in the middle, at whose end the citizen was satisfied.
fn life(step: Option<Body>) -> Vec<WorkOrderEvent> {
    let word = stored::Rated { answered: true, solved: true, satisfied: true, ..stored::Rated::default() };
    let created = event(WorkOrderState::Created, Body::Created(stored::Created::default()));
    let step = step.map(|body| event(WorkOrderState::InProgress, body));
    let end = [
        event(WorkOrderState::Verified, Body::Rated(word)),
        event(WorkOrderState::Closed, Body::Closed(stored::Closed::default())),
    ];
    [created].into_iter().chain(step).chain(end).collect()
}

fn steps() -> Vec<(&'static str, Body)> {
    vec![
        ("moved to another tier", Body::TierMoved(stored::TierMoved::default())),
        ("returned", Body::Returned(stored::Returned::default())),
        ("reassigned", Body::Reassigned(stored::Reassigned::default())),
        ("others were called in", Body::PartsCalled(stored::PartsCalled::default())),
        ("stepped aside", Body::SteppedAside(stored::SteppedAside::default())),
        ("supervised", Body::SupervisionNoticed(stored::SupervisionNoticed::default())),
        ("suspended, as for a court", Body::SuspensionRequested(stored::SuspensionRequested::default())),
        ("extended", Body::ExtensionRequested(stored::ExtensionRequested::default())),
        ("a lamp turned", Body::LampTurned(stored::LampTurned::default())),
        ("accepted late", Body::AcceptOverdue(stored::AcceptOverdue::default())),
    ]
}

/// The steps that change what a life is judged by.
fn costly<T: PartialEq>(judge: impl Fn(&[WorkOrderEvent]) -> T) -> Vec<&'static str> {
    let plain = judge(&life(None));
    let costs = steps().into_iter().filter(|(_, body)| judge(&life(Some(body.clone()))) != plain);
    costs.map(|(name, _)| name).collect()
}

fn verdicts(life: &[WorkOrderEvent]) -> Vec<Verdict> {
    let told = Told::of(life).unwrap();
    Rate::ALL.into_iter().map(|rate| told.verdict(rate, None)).collect()
}

#[test]
fn no_step_on_the_way_costs_a_rate_anything() {
    assert_eq!(verdicts(&life(None)), [Verdict::Counts { met: true }; 3]);
    assert_eq!(costly(verdicts), [""; 0]);
}

#[test]
fn a_planted_judge_of_escalations_and_of_lateness_is_found() {
    let moved = |life: &[WorkOrderEvent]| life.iter().filter(|e| matches!(e.event, Some(Body::TierMoved(_)))).count();
    assert_eq!(costly(moved), ["moved to another tier"]);
    let lamps = |life: &[WorkOrderEvent]| life.iter().any(|e| matches!(e.event, Some(Body::LampTurned(_))));
    assert_eq!(costly(lamps), ["a lamp turned"]);
    assert_eq!(costly(<[WorkOrderEvent]>::len).len(), steps().len());
}
