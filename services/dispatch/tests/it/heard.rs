//! What comes to a report after filing, as its order hears it.

use casebook::Case;
use civic::Private;
use dispatch::domain::work_order::{Author, Command, Heard, Said, State, Verb, WorkOrder};

use crate::model::REAL;
use crate::table::in_state;
use crate::world::{NOW, actor, facts, person};

fn hear(said: Said) -> Command {
    Command::Hear(Heard { said, by: "citizen".to_owned() })
}

fn ended() -> Command {
    hear(Said::Ended { reason: Private::from_sealed(b"sealed".to_vec()) })
}

#[test]
fn a_withdrawal_cancels_an_order_from_every_state_that_a_dispatcher_could_cancel_from() {
    for state in State::ALL {
        let order = in_state(state);
        let events = (REAL.decide)(Some(&order), &ended(), &facts(NOW, Author::Report, 0)).unwrap();
        if !Verb::Cancel.leads_from().contains(&state) {
            // A member's report ends, and its parent's matter does not.
            let kinds: Vec<_> = events.iter().map(WorkOrder::event_type).collect();
            let noted = if state == State::Merged { vec!["workOrder.reportEnded"] } else { Vec::new() };
            assert_eq!(kinds, noted, "{state:?}: what is over stays as it was");
            continue;
        }
        assert_eq!(events.iter().map(WorkOrder::event_type).collect::<Vec<_>>(), ["workOrder.cancelled"]);
        assert!(WorkOrder::legal(Some(&order), &events[0]));
        let after = (REAL.evolve)(Some(order), &events[0]).unwrap();
        assert_eq!(after.state(), State::Cancelled);
        assert!((REAL.timers)(&after).is_empty(), "{state:?}: nothing is timed any more");
        assert!((REAL.decide)(Some(&after), &ended(), &facts(NOW, Author::Report, 0)).unwrap().is_empty());
    }
    let nobody = (REAL.decide)(None, &ended(), &facts(NOW, Author::Report, 0)).unwrap_err();
    assert_eq!(nobody.reason(), "NOT_FOUND");
}

#[test]
fn everything_else_stands_in_the_history_and_moves_neither_phase_nor_clock() {
    let said = [
        (Said::Supplemented { attachments: 2 }, "workOrder.reportSupplemented"),
        (Said::Urged { total: 3 }, "workOrder.reportUrged"),
        (Said::Transferred { to: 2 }, "workOrder.reportTransferred"),
        (Said::Checked { confirmed: true }, "workOrder.reportChecked"),
    ];
    for state in State::ALL.into_iter().filter(|state| !matches!(state, State::Closed | State::Cancelled)) {
        for (said, name) in said.clone() {
            let order = in_state(state);
            let events = (REAL.decide)(Some(&order), &hear(said), &facts(NOW, Author::Report, 0)).unwrap();
            assert_eq!(events.iter().map(WorkOrder::event_type).collect::<Vec<_>>(), [name], "{state:?}");
            assert!(WorkOrder::legal(Some(&order), &events[0]));
            let after = (REAL.evolve)(Some(order.clone()), &events[0]).unwrap();
            assert_eq!((&after.phase, &after.head.marks), (&order.phase, &order.head.marks), "{state:?}");
            let id = civic::CaseId::from_bytes([1; 16]);
            assert!(WorkOrder::publish(id, &events[0]).is_some(), "screens hear of it");
        }
    }
}

#[test]
fn what_was_not_resolved_on_the_spot_as_told_is_worked_on_again_also_when_it_is_closed() {
    let check = hear(Said::Checked { confirmed: false });
    for state in State::ALL {
        let order = in_state(state);
        let events = (REAL.decide)(Some(&order), &check, &facts(NOW, Author::Report, 0)).unwrap();
        let kinds: Vec<_> = events.iter().map(WorkOrder::event_type).collect();
        match state {
            State::Resolved | State::Verified | State::Closed => {
                assert_eq!(kinds, ["workOrder.spotCheckFailed"], "{state:?}");
                assert!(WorkOrder::legal(Some(&order), &events[0]));
                let after = (REAL.evolve)(Some(order.clone()), &events[0]).unwrap();
                assert_eq!((after.state(), after.head.round), (State::InProgress, 2), "{state:?}");
                assert_eq!(after.assignment().map(|to| &to.unit), order.assignment().map(|to| &to.unit));
                assert!(after.head.marks.total.is_some() && after.head.marks.unit.is_some(), "both clocks run");
            }
            State::Cancelled => assert!(kinds.is_empty()),
            // The unit has it still, and reads it in the history.
            State::Created
            | State::Assigned
            | State::Accepted
            | State::InProgress
            | State::Returned
            | State::Suspended
            | State::Merged => assert_eq!(kinds, ["workOrder.reportChecked"], "{state:?}"),
        }
    }
}

#[test]
fn a_withdrawal_of_one_caller_does_not_end_the_matter_of_the_others() {
    let order = in_state(State::InProgress);
    let join = Command::Join { member: crate::world::other(1), news: order.news() };
    let joined = (REAL.decide)(Some(&order), &join, &facts(NOW, person(actor(0)), 0)).unwrap();
    let parent = (REAL.evolve)(Some(order), &joined[0]).unwrap();
    let events = (REAL.decide)(Some(&parent), &ended(), &facts(NOW, Author::Report, 0)).unwrap();
    assert_eq!(events.iter().map(WorkOrder::event_type).collect::<Vec<_>>(), ["workOrder.reportEnded"]);
    assert_eq!((REAL.evolve)(Some(parent), &events[0]).unwrap().state(), State::InProgress);
}
