//! `decide`: a command against the state, by the table in [`super`].

use super::{
    Classification, Command, Erasure, Facts, OrderStep, Phase, Rating, Reform, Refusal, Report, encode, later, told,
};
use civic::Tier;
use proto::intake::v1::stored::{
    Classified, OrderStepped, PersonErased, PlaceFollowed, Rated, ReportEvent, Ruled, report_event::Event,
};

pub(super) fn decide(state: Option<&Report>, command: &Command, facts: &Facts) -> Result<Vec<ReportEvent>, Refusal> {
    match (state, command) {
        (None, Command::File(head)) => Ok(one(Event::Filed(encode::filed(head, facts.now)))),
        (None, _) => Err(Refusal::NotFiled { attempted: command.name() }),
        (Some(report), Command::File(_)) => Err(Refusal::AlreadyFiled { state: report.phase.name() }),
        (Some(report), Command::Classify(ruling)) => classify(report, ruling, facts),
        (Some(report), Command::Supplement(addition)) => later::supplement(report, addition, facts).map(one),
        (Some(report), Command::Urge(urge)) => later::urge(report, urge, facts).map(one),
        (Some(report), Command::Withdraw(signed)) => later::withdraw(report, signed, facts).map(one),
        (Some(report), Command::Refuse(refusing)) => later::refuse(report, refusing, facts).map(one),
        (Some(report), Command::Transfer { to, signed }) => told::transfer(report, *to, signed, facts),
        (Some(report), Command::Check(check)) => later::check(report, check, facts).map(one),
        (Some(report), Command::Unmask(unmask)) => later::unmask(report, unmask, facts).map(one),
        (Some(_), Command::Agree(agreeing)) => Ok(one(later::agree(agreeing, facts))),
        (Some(report), Command::Step(step)) => Ok(follow(report, step)),
        (Some(report), Command::Rate(rating)) => Ok(rate(report, *rating, facts)),
        (Some(report), Command::Judge(judgement)) => told::judge(report, judgement, facts),
        (Some(report), Command::Reform(reform)) => Ok(follow_reform(report, reform, facts)),
        (Some(report), Command::Erase(erasure)) => erase(report, erasure, facts),
    }
}

fn one(event: Event) -> Vec<ReportEvent> {
    vec![ReportEvent { event: Some(event) }]
}

fn classify(report: &Report, ruling: &Classification, facts: &Facts) -> Result<Vec<ReportEvent>, Refusal> {
    match report.phase {
        Phase::Filed | Phase::Opened { .. } | Phase::WithUnit(_) | Phase::BeingHandled(_) => {}
        Phase::Told { .. } | Phase::Answered(_) | Phase::Done(_) | Phase::Ended(_) | Phase::Stopped(_) => {
            return Err(Refusal::TooLateToClassify { state: report.phase.name() });
        }
    }
    if ruling.category.is_none() && ruling.place.is_none() {
        return Err(Refusal::NothingToClassify { state: report.phase.name() });
    }
    Ok(one(Event::Classified(Classified {
        at_us: facts.now.0,
        category_code: ruling.category.clone().unwrap_or_default(),
        place: ruling.place.as_ref().map(encode::place),
        by: ruling.by.clone(),
        note: encode::sealed(ruling.note.as_ref()),
        after: Some(after(report, ruling)),
    })))
}

fn after(report: &Report, ruling: &Classification) -> Ruled {
    let head = &report.head;
    // The first level is the most pressing one.
    let raised = ruling.urgency.filter(|urgency| *urgency < head.urgency);
    Ruled {
        category_code: ruling.category.clone().unwrap_or_else(|| head.category.code.clone()),
        division_code: ruling.place.as_ref().unwrap_or(&head.whereabouts.place).code.as_str().to_owned(),
        raised_urgency: raised.map_or(0, |urgency| urgency.number()),
    }
}

/// No event for what the citizen could not tell from before: most steps of an order (lamps, notes, requests) leave the report
/// untouched and cost no write.
fn follow(report: &Report, step: &OrderStep) -> Vec<ReportEvent> {
    let stale = step.order_version <= report.head.order_version;
    let next = report.after(step.work.clone());
    if stale || (next == report.phase && step.attention == report.later.attention) {
        return Vec::new();
    }
    let reply_ready = next.work().is_some_and(|work| work.reply_ready);
    one(Event::OrderStepped(OrderStepped {
        at_us: step.at.0,
        step: step.step.clone(),
        order_state: step.work.order.number(),
        unit: step.work.unit.clone(),
        unit_name: step.work.unit_name.clone(),
        due_us: step.work.due.map_or(0, |due| due.0),
        reply_ready,
        order_version: step.order_version,
        parent_state: step.work.parent.map_or(0, |parent| parent.number()),
        tier: named(step.attention.tier),
        origin_tier: named(step.attention.origin),
        supervised: step.attention.supervised,
    }))
}

fn named(tier: Option<Tier>) -> String {
    tier.map(|tier| tier.as_str().to_owned()).unwrap_or_default()
}

/// Dispatch has taken the word by its own rules already; the report keeps a copy for its history.
fn rate(_report: &Report, rating: Rating, facts: &Facts) -> Vec<ReportEvent> {
    one(Event::Rated(Rated {
        at_us: facts.now.0,
        answered: rating.answered,
        solved: rating.solved,
        satisfied: rating.satisfied,
    }))
}

/// The place stays the one the report was filed for; in which district it lies follows the tree.
fn follow_reform(report: &Report, reform: &Reform, facts: &Facts) -> Vec<ReportEvent> {
    if report.head.whereabouts.place == reform.place {
        return Vec::new();
    }
    one(Event::PlaceFollowed(PlaceFollowed {
        at_us: facts.now.0,
        place: Some(encode::place(&reform.place)),
        tree_version: reform.tree_version.clone(),
    }))
}

/// 个人信息保护法 47. Who still works on the matter needs to know what it is about.
fn erase(report: &Report, erasure: &Erasure, facts: &Facts) -> Result<Vec<ReportEvent>, Refusal> {
    if report.phase.open() {
        return Err(Refusal::TooEarly { state: report.phase.name(), attempted: "erase" });
    }
    if report.head.erased {
        return Ok(Vec::new());
    }
    let Erasure { by, ground } = erasure;
    Ok(one(Event::PersonErased(PersonErased { at_us: facts.now.0, by: by.clone(), ground: ground.number() })))
}
