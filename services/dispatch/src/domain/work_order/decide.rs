//! The rules: what a command may do in a state. The order of the checks is fixed, so that equal requests get equal refusals:
//! the verb's role, the table, the unit, then what the verb itself asks for.

use civic::{Actor, Limit, Micros, Stopwatch};
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::WorkOrderEvent;
use proto::dispatch::v1::stored::work_order_event::Event as Body;

use super::aside;
use super::command::{Answering, Author, CallBack, Command, Facts, Opening, Opinion, Step};
use super::decide_clock;
use super::event::{record, sealed, store_limit, store_place};
use super::heard;
use super::merging;
use super::parts;
use super::refusal::Refusal;
use super::ruling;
use super::state::{Phase, Resolution, WorkOrder};
use super::supervision;
use super::tiers;
use super::verb::Verb;
use super::verification::Verification;
use crate::domain::authority;
use civic::Private;

/// After the second return only the centre's ruling leads on, and it binds.
pub(super) const RETURNS_AT_MOST: i32 = 2;
/// Epoch of an order that has never changed its owner.
const FIRST_EPOCH: i64 = 1;

pub(super) fn decide(
    state: Option<&WorkOrder>,
    command: &Command,
    facts: &Facts,
) -> Result<Vec<WorkOrderEvent>, Refusal> {
    match (state, command) {
        (None, Command::Open(opening)) => Ok(open(opening, facts)),
        // The report's event came twice: the order it opened is the answer.
        (Some(_), Command::Open(_)) => Ok(Vec::new()),
        (
            None,
            Command::Reclassify(_)
            | Command::Hear(_)
            | Command::Step { .. }
            | Command::Join { .. }
            | Command::Tell { .. }
            | Command::MembersTold(_)
            | Command::Fire(_)
            | Command::Recalculate,
        ) => Err(Refusal::NotOpened),
        (Some(order), Command::Hear(heard)) => Ok(heard::hear(order, heard, facts)),
        (Some(order), Command::Reclassify(ruled)) => Ok(ruling::reclassify(order, ruled, facts)),
        (Some(order), Command::Step { step, note }) => {
            let body = take(order, step, facts)?;
            Ok(vec![record(Some(order), body, note.as_ref(), facts).0])
        }
        (Some(order), Command::Join { member, news }) => merging::join(order, *member, *news, facts),
        (Some(order), Command::Tell { parent, news }) => Ok(merging::tell(order, *parent, *news, facts)),
        (Some(order), Command::MembersTold(told)) => Ok(merging::members_told(order, told, facts)),
        (Some(order), Command::Fire(name)) => Ok(decide_clock::fire(order, *name, facts)),
        (Some(order), Command::Recalculate) => Ok(decide_clock::recalculate(order, facts)),
    }
}

fn open(opening: &Opening, facts: &Facts) -> Vec<WorkOrderEvent> {
    let created = stored::Created {
        report: opening.report.clone(),
        tracking_number: opening.tracking_number.clone(),
        sender: opening.sender.clone(),
        category_code: opening.category.clone(),
        category_name: opening.category_name.clone(),
        urgency: opening.urgency.number(),
        place: Some(store_place(&opening.place)),
        report_kind: opening.report_kind,
        anonymous: opening.anonymous,
        no_reply: opening.no_reply,
        accepted_us: opening.accepted.0,
        total_limit: Some(store_limit(total_limit(opening, facts))),
        due_us: opening.due.map_or(0, |due| due.0),
        reply_approval: opening.reply_approval,
        catalog_version: facts.catalog.version().to_owned(),
        tree_version: opening.tree_version.clone(),
        tier: authority::owning_tier(&opening.place).as_str().to_owned(),
        owner: opening.owner.clone(),
        epoch: FIRST_EPOCH,
    };
    let (mut created, order) = record(None, Body::Created(created), opening.note.as_ref(), facts);
    let Some(to) = &opening.answering else { return vec![created] };
    // An order that is born assigned is told once, as assigned: nobody can act in the instant between.
    created.after = None;
    let assigned = Body::Assigned(assigned(&order, to, "", false, facts));
    vec![created, record(Some(&order), assigned, None, facts).0]
}

/// A limit that came with the matter is told in whole minutes; the rest of a minute is `due_us`'s.
fn total_limit(opening: &Opening, facts: &Facts) -> Limit {
    opening
        .due
        .map_or_else(|| facts.catalog.limits().closing(opening.urgency), |due| minutes_until(opening.accepted, due))
}

/// Whole minutes, at least none.
fn minutes_until(from: Micros, to: Micros) -> Limit {
    Limit::minutes(u32::try_from(((to - from) / Micros::MINUTE).max(0)).unwrap_or(u32::MAX))
}

fn take(order: &WorkOrder, step: &Step<Private<String>>, facts: &Facts) -> Result<Body, Refusal> {
    let verb = step.verb();
    let Author::Person { actor, .. } = &facts.author else {
        return Err(Refusal::Unit { order: name(order), verb });
    };
    authority::role_may(verb, actor, order)?;
    if !verb.leads_from().contains(&order.state()) {
        return Err(Refusal::State { order: name(order), state: order.state(), verb });
    }
    authority::unit_may(verb, actor, order, &facts.view)?;
    aside::has_stepped(order, facts)?;
    body(order, step, actor, facts)
}

fn body(order: &WorkOrder, step: &Step<Private<String>>, actor: &Actor, facts: &Facts) -> Result<Body, Refusal> {
    match step {
        Step::Assign { to, assignee } => assign(order, to, assignee, actor, facts),
        Step::Accept => Ok(Body::Accepted(stored::Accepted {})),
        Step::Start => Ok(Body::Started(stored::Started {})),
        Step::Resolve { result, reply } => resolve(order, result, reply, facts),
        Step::ApproveReply => approve_reply(order, facts),
        Step::RefuseReply { reason } => refuse_reply(order, reason),
        Step::Verify(call_back) => verify(order, *call_back, facts),
        Step::Rate { opinion, comment } => rate(order, *opinion, comment.as_ref(), facts),
        Step::Close => Ok(Body::Closed(stored::Closed { window_until_us: window(facts, order).0 })),
        Step::Return { reason, proposed } => give_back(order, reason, proposed.as_ref()),
        Step::Rule { to } => {
            authority::may_give_to(&to.unit, actor, &facts.view)?;
            Ok(Body::Assigned(assigned(order, to, "", true, facts)))
        }
        Step::Reassign { to, assignee } => {
            authority::may_give_to(&to.unit, actor, &facts.view)?;
            Ok(Body::Reassigned(reassigned(order, to, assignee, facts)))
        }
        Step::RequestSuspension { until, reason } => decide_clock::request_suspension(order, *until, reason, facts),
        Step::RequestExtension { until, reason } => decide_clock::request_extension(order, *until, reason, facts),
        Step::Approve => decide_clock::approve(order, facts),
        Step::Decline { reason } => decide_clock::decline(order, reason),
        Step::Resume => Ok(Body::Resumed(stored::Resumed { by_timer: false })),
        Step::WaitForCitizen { reason } => decide_clock::wait_for_citizen(order, reason),
        Step::CitizenAnswered => decide_clock::citizen_answered(order),
        Step::Reopen { reason } => reopen(order, reason, facts),
        Step::Cancel { reason } => {
            debug_assert!(actor.unit.is_some(), "a dispatcher has a unit");
            Ok(Body::Cancelled(stored::Cancelled { reason: sealed(reason) }))
        }
        Step::Merge { into, news } => merging::merge(order, *into, *news),
        Step::CoHandle { units, limit } => parts::call(order, false, units, *limit, facts),
        Step::Whistle { units, limit } => parts::call(order, true, units, *limit, facts),
        Step::ReportIn { part } => parts::report_in(order, *part, actor),
        Step::AnswerPart { part, answer } => parts::answer(order, *part, answer, actor),
        Step::ReleasePart { part, reason } => parts::release(order, *part, reason),
        Step::StepAside { assignee, reason } => Ok(aside::step(order, assignee, reason, facts)),
        Step::Supervise(notice) => supervision::notice(order, notice, facts),
        Step::ReplySupervision { text, reached } => supervision::reply(order, text, reached),
        Step::ReviewSupervision { satisfied, text } => supervision::review(order, *satisfied, text, facts),
        Step::Escalate { to, reason } => tiers::escalate(order, *to, reason, facts),
        Step::HandDown { into, reason } => tiers::hand_down(order, into.as_ref(), reason, facts),
    }
}

/// Name of the order in a refusal: the id it shares with its report.
pub(super) fn name(order: &WorkOrder) -> String {
    order.head.report.clone()
}

fn assign(order: &WorkOrder, to: &Answering, assignee: &str, actor: &Actor, facts: &Facts) -> Result<Body, Refusal> {
    if matches!(order.phase, Phase::Returned(_)) && order.head.returns >= RETURNS_AT_MOST {
        return Err(Refusal::RulingRequired { order: name(order) });
    }
    authority::may_give_to(&to.unit, actor, &facts.view)?;
    Ok(Body::Assigned(assigned(order, to, assignee, false, facts)))
}

pub(super) fn assigned(
    order: &WorkOrder,
    to: &Answering,
    assignee: &str,
    by_ruling: bool,
    facts: &Facts,
) -> stored::Assigned {
    let limits = facts.catalog.limits();
    let accept = limits.accept(order.head.urgency);
    stored::Assigned {
        unit: to.unit.to_string(),
        unit_name: to.name.clone(),
        assignee: assignee.to_owned(),
        unit_limit: Some(store_limit(limits.unit(order.head.urgency))),
        accept_limit: Some(store_limit(accept)),
        accept_due_us: end_of(accept, order, facts).0,
        by_ruling,
    }
}

fn reassigned(order: &WorkOrder, to: &Answering, assignee: &str, facts: &Facts) -> stored::Reassigned {
    let assigned = assigned(order, to, assignee, false, facts);
    stored::Reassigned {
        unit: assigned.unit,
        unit_name: assigned.unit_name,
        assignee: assigned.assignee,
        unit_limit: assigned.unit_limit,
        accept_limit: assigned.accept_limit,
        accept_due_us: assigned.accept_due_us,
    }
}

/// The end of a limit that starts with this step and is never paused.
pub(super) fn end_of(limit: Limit, order: &WorkOrder, facts: &Facts) -> Micros {
    let at = facts.now.max(order.head.updated);
    Stopwatch::start(at, limit).due(&facts.calendar, at).due
}

fn window(facts: &Facts, order: &WorkOrder) -> Micros {
    end_of(facts.catalog.limits().window(), order, facts)
}

fn resolve(
    order: &WorkOrder,
    result: &Private<String>,
    reply: &Private<String>,
    facts: &Facts,
) -> Result<Body, Refusal> {
    if order.head.has_open_part() {
        return Err(Refusal::PartsOpen { order: name(order) });
    }
    Ok(Body::Resolved(stored::Resolved {
        result: sealed(result),
        reply: sealed(reply),
        reply_pending: order.head.reply_approval,
        window_until_us: window(facts, order).0,
    }))
}

fn reply_pending(order: &WorkOrder) -> bool {
    if let Phase::Resolved(resolved) = &order.phase { resolved.reply_pending } else { false }
}

fn approve_reply(order: &WorkOrder, facts: &Facts) -> Result<Body, Refusal> {
    if !reply_pending(order) {
        return Err(Refusal::ReplyNotPending { order: name(order) });
    }
    if order.resolution().is_some_and(|resolution| same_person(&resolution.handler, facts)) {
        return Err(Refusal::ApproverIsHandler { order: name(order) });
    }
    Ok(Body::ReplyApproved(stored::ReplyApproved {}))
}

fn refuse_reply(order: &WorkOrder, reason: &Private<String>) -> Result<Body, Refusal> {
    if !reply_pending(order) {
        return Err(Refusal::ReplyNotPending { order: name(order) });
    }
    Ok(Body::ReplyRefused(stored::ReplyRefused { reason: sealed(reason) }))
}

fn verify(order: &WorkOrder, call_back: CallBack, facts: &Facts) -> Result<Body, Refusal> {
    if reply_pending(order) {
        return Err(Refusal::ReplyPending { order: name(order), verb: Verb::Verify });
    }
    if order.resolution().is_some_and(|resolution| same_person(&resolution.handler, facts)) {
        return Err(Refusal::VerifierInUnit { order: name(order) });
    }
    let CallBack { reached, opinion } = call_back;
    let way = order.head.verified_by();
    if reached && way == Verification::OnFile {
        return Err(Refusal::CallBackUnwanted { order: name(order) });
    }
    Ok(Body::Verified(stored::Verified {
        reached,
        answered: opinion.answered,
        solved: opinion.solved,
        satisfied: opinion.satisfied,
        next_round: way.is_not_solved(call_back),
    }))
}

/// The author is the person of this keyed hash.
pub(super) fn same_person(reference: &[u8], facts: &Facts) -> bool {
    !reference.is_empty() && reference == facts.author.reference()
}

fn rate(
    order: &WorkOrder,
    opinion: Opinion,
    comment: Option<&Private<String>>,
    facts: &Facts,
) -> Result<Body, Refusal> {
    if reply_pending(order) {
        return Err(Refusal::ReplyPending { order: name(order), verb: Verb::Rate });
    }
    if let Some(merged) = order.merged().filter(|merged| !merged.news.standing.is_answered()) {
        return Err(Refusal::ParentNotAnswered { order: name(order), parent: merged.into.to_string() });
    }
    let own = order.resolution().map(|resolution| resolution.window_until);
    if own.or(order.merged().map(|merged| merged.news.window_until)).is_none_or(|until| facts.now >= until) {
        return Err(Refusal::RatingWindowOver { order: name(order) });
    }
    // A member is closed by its parent, for all members at once.
    let closes = opinion.satisfied && matches!(order.phase, Phase::Resolved(_) | Phase::Verified(_));
    Ok(Body::Rated(stored::Rated {
        answered: opinion.answered,
        solved: opinion.solved,
        satisfied: opinion.satisfied,
        comment: comment.map(sealed).unwrap_or_default(),
        next_round: !opinion.satisfied,
        closes,
        window_until_us: if closes { window(facts, order).0 } else { 0 },
    }))
}

/// Counted from the answer of the unit, and anew from closing.
fn window_is_over(resolution: Option<&Resolution>, facts: &Facts) -> bool {
    resolution.is_none_or(|resolution| facts.now >= resolution.window_until)
}

fn give_back(order: &WorkOrder, reason: &Private<String>, proposed: Option<&civic::UnitCode>) -> Result<Body, Refusal> {
    if !order.returnable() {
        return Err(Refusal::NotReturnable { order: name(order), returns: order.head.returns });
    }
    let proposed_unit = proposed.map(ToString::to_string).unwrap_or_default();
    Ok(Body::Returned(stored::Returned { reason: sealed(reason), proposed_unit }))
}

fn reopen(order: &WorkOrder, reason: &Private<String>, facts: &Facts) -> Result<Body, Refusal> {
    if window_is_over(order.resolution(), facts) {
        return Err(Refusal::ReopenWindowOver { order: name(order) });
    }
    Ok(Body::Reopened(stored::Reopened { reason: sealed(reason) }))
}
