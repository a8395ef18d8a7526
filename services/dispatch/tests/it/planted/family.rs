//! Bugs between a parent and its members, and in what is heard of the report.

use super::*;

/// The real rules on a changed order, for commands of one kind.
fn on_changed(
    order: Option<&WorkOrder>,
    command: &Command,
    facts: &Facts,
    only: fn(&Command) -> bool,
    change: impl Fn(&mut WorkOrder),
) -> Decided {
    match order {
        Some(order) if only(command) => {
            let mut changed = order.clone();
            change(&mut changed);
            real(Some(&changed), command, facts)
        }
        _ => real(order, command, facts),
    }
}

fn a_parent_is_merged(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    with_order(order, command, facts, Verb::Merge, |order| order.head.members = None)
}

fn a_withdrawal_ends_the_matter_of_all(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    on_changed(order, command, facts, |command| matches!(command, Command::Hear(_)), |order| order.head.members = None)
}

fn old_news_are_news(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    on_changed(
        order,
        command,
        facts,
        |command| matches!(command, Command::Tell { .. }),
        |order| {
            if let Phase::Merged(merged) = &mut order.phase {
                merged.news.number = 0;
            }
        },
    )
}

fn a_member_rates_before_the_answer(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    with_order(order, command, facts, Verb::Rate, |order| {
        if let Phase::Merged(merged) = &mut order.phase {
            merged.news = crate::world::news(merged.news.number, 1);
        }
    })
}

fn nobody_is_told_of_the_answer(order: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    then(order, event, "workOrder.resolved", |before, order| order.head.members = before.unwrap().head.members)
}

fn a_failed_check_is_no_round(order: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    then(order, event, "workOrder.spotCheckFailed", |_, order| order.head.round -= 1)
}

fn the_last_page_is_told_again(order: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    then(order, event, "workOrder.membersTold", |before, order| order.head.members = before.unwrap().head.members)
}

fn nobody_tells_the_members(order: &WorkOrder) -> Vec<Timer> {
    WorkOrder::timers(order).into_iter().filter(|timer| timer.name != "members.tell").collect()
}

pub(super) fn bugs() -> Vec<(&'static str, Rules)> {
    let decide = |name, decide| (name, Rules { decide, ..REAL });
    let evolve = |name, evolve| (name, Rules { evolve, ..REAL });
    vec![
        decide("an order with members is merged", a_parent_is_merged),
        decide("a withdrawal ends the matter of all", a_withdrawal_ends_the_matter_of_all),
        decide("old news are news", old_news_are_news),
        decide("a member rates before the answer", a_member_rates_before_the_answer),
        evolve("nobody is told of the answer", nobody_is_told_of_the_answer),
        evolve("a failed check is no round", a_failed_check_is_no_round),
        evolve("the last page is told again", the_last_page_is_told_again),
        ("nobody tells the members", Rules { timers: nobody_tells_the_members, ..REAL }),
    ]
}
