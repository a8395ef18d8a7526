//! What stands and what is disarmed beside an order when it waits, ends or is taken up again; and whose it stays after a ruling.

use civic::{Micros, Tier};
use dispatch::domain::work_order::{Author, Command, TimerName, Verb, WorkOrder};

use crate::model::REAL;
use crate::table::walk;
use crate::world::{self, NOW, actor, facts, person, step};

fn take(order: WorkOrder, command: &Command, author: Author, now: Micros) -> WorkOrder {
    let events = (REAL.decide)(Some(&order), command, &facts(now, author, 0)).unwrap();
    events.iter().fold(order, |order, event| (REAL.evolve)(Some(order), event).unwrap())
}

fn verb(order: WorkOrder, verb: Verb, who: u8, choice: u8, now: Micros) -> WorkOrder {
    let command = Command::Step { step: step(verb, choice, now), note: None };
    take(order, &command, person(actor(who)), now)
}

fn due(order: &WorkOrder, name: TimerName) -> Option<Micros> {
    (REAL.timers)(order).into_iter().find(|timer| timer.name == name.as_str()).map(|timer| timer.due)
}

#[test]
fn whoever_was_called_need_not_report_in_while_the_order_waits_for_its_citizen() {
    let order = walk(3, &[(Verb::Accept, 2, 0), (Verb::Start, 2, 0), (Verb::Whistle, 2, 4)]);
    let before = due(&order, TimerName::PartReportIn).unwrap();
    let waits = verb(order, Verb::WaitForCitizen, 2, 0, NOW + Micros::HOUR);
    for name in [TimerName::PartReportIn, TimerName::PartYellow, TimerName::PartRed] {
        assert_eq!(due(&waits, name), None, "{name} stands");
    }
    let on = verb(waits, Verb::CitizenAnswered, 2, 0, NOW + 6 * Micros::HOUR);
    assert_eq!(due(&on, TimerName::PartReportIn), Some(before + 5 * Micros::HOUR), "the rest of the time is left");
}

#[test]
fn a_supervision_runs_on_while_the_order_is_suspended_and_stands_while_it_is_closed() {
    let path =
        [(Verb::Accept, 2, 0), (Verb::Supervise, 19, 200), (Verb::RequestSuspension, 2, 2), (Verb::Approve, 0, 0)];
    let suspended = walk(3, &path);
    let reply_due = due(&suspended, TimerName::SupervisionDue);
    assert!(reply_due.is_some(), "an order that hangs is what a supervisor asks about");
    let path = [(Verb::Accept, 2, 0), (Verb::Supervise, 19, 200), (Verb::Resolve, 2, 0), (Verb::Verify, 0, 10)];
    let verified = walk(3, &path);
    let closed = verb(verified, Verb::Close, 0, 0, NOW);
    assert_eq!((REAL.timers)(&closed), [], "nothing is timed while it is closed");
    let again = verb(closed, Verb::Reopen, 0, 0, NOW + 12 * Micros::DAY);
    let moved = reply_due.map(|due| due + 12 * Micros::DAY);
    assert_eq!(due(&again, TimerName::SupervisionDue), moved, "the unit could not reply meanwhile");
}

#[test]
fn an_order_that_ends_leaves_no_timer_of_its_parts_or_its_supervision() {
    let path = [(Verb::Accept, 2, 0), (Verb::Supervise, 19, 1), (Verb::Whistle, 2, 4)];
    for end in [Verb::Cancel, Verb::Merge] {
        let order = verb(walk(3, &path), end, 0, 1, NOW);
        assert_eq!((REAL.timers)(&order), [], "{}", end.as_str());
        assert!(!order.head.has_open_part(), "{}", end.as_str());
        assert!(order.head.called_units().is_empty(), "whoever was called is released");
    }
}

#[test]
fn a_ruling_on_category_or_place_leaves_an_escalated_order_with_the_district() {
    let order = walk(3, &[(Verb::Escalate, 0, 0)]);
    assert_eq!((order.head.tier, order.head.place.code.as_str()), (Tier::District, "500151001"));
    // Another category; a village of the town; the neighbouring town of the same district.
    for (which, place) in [(1, "500151001"), (7, "500151001001"), (10, "500151002")] {
        let ruling = Command::Reclassify(Box::new(world::ruling(which, 0)));
        let ruled = take(order.clone(), &ruling, Author::Report, NOW);
        assert_eq!((ruled.head.tier, ruled.head.place.code.as_str()), (Tier::District, place));
    }
    let own = walk(3, &[]);
    let ruled = take(own, &Command::Reclassify(Box::new(world::ruling(13, 0))), Author::Report, NOW);
    assert_eq!(ruled.head.tier, Tier::District, "one that was never moved follows its place");
}
