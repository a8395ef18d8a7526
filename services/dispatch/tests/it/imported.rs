//! A limit that the matter came with (`dueTime` at filing) is the end of the total clock, to the second, whatever the urgency would give.

use crate::world::{NOW, calendar, facts, opening, ruling};
use casebook::Case as _;
use civic::{Limit, Micros};
use dispatch::domain::work_order::{Author, Command, Mark, Opening, WorkOrder};

fn opened(due: Micros) -> WorkOrder {
    let command = Command::Open(Box::new(Opening { due: Some(due), ..opening(8) }));
    step(None, &command).expect("an order is opened")
}

fn step(order: Option<WorkOrder>, command: &Command) -> Option<WorkOrder> {
    let events = WorkOrder::decide(order.as_ref(), command, &facts(NOW, Author::Report, 0)).unwrap();
    events.iter().fold(order, |order, event| Some(WorkOrder::evolve(order, event).unwrap()))
}

fn total(order: &WorkOrder) -> Mark {
    order.head.marks.total.unwrap()
}

#[test]
fn the_total_clock_ends_at_the_second_that_was_brought_and_turns_yellow_at_seven_tenths() {
    for seconds in [0, 1, 59, 60, 61, 10 * 3600, 10 * 3600 + 7, 400 * 24 * 3600 + 1] {
        let due = NOW + seconds * Micros::SECOND;
        let order = opened(due);
        assert_eq!((total(&order).due, order.head.imported_due()), (due, Some(due)), "{seconds} s");
        assert_eq!(total(&order).yellow, NOW + seconds * Micros::SECOND / 10 * 7, "{seconds} s");
        assert_eq!(order.head.total.limit, Limit::minutes(u32::try_from(seconds / 60).unwrap()));
        let explained = order.head.total.explain(calendar(0), NOW);
        assert_eq!(explained.extension.unwrap().reason, "imported");
    }
}

#[test]
fn a_ruling_that_makes_the_matter_more_pressing_leaves_the_promise_alone() {
    let due = NOW + 1_000_003 * Micros::SECOND;
    for choice in 0..=u8::MAX {
        let order = step(Some(opened(due)), &Command::Reclassify(Box::new(ruling(1, choice)))).unwrap();
        assert_eq!(total(&order).due, due, "ruling {choice}");
    }
}

#[test]
fn an_end_before_the_beginning_is_the_beginning() {
    let order = opened(NOW - Micros::HOUR);
    assert_eq!(total(&order).due, NOW, "intake refuses it; an order is opened all the same");
}
