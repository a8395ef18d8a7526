//! 协办, 吹哨: other units called to an order that stays its owner's. Each reports in, and answers for its part by a clock of its own;
//! the lead resolves when every part is answered or released.

use civic::{Limit, Micros, Private, Stopwatch, UnitCode};
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::work_order_event::Event as Body;
use serde::{Deserialize, Serialize};

use super::clocks::{Mark, PartMark};
use super::command::{Answering, Facts};
use super::decide::{end_of, name};
use super::event::{limit, private, sealed, store_limit};
use super::refusal::Refusal;
use super::state::{Head, WorkOrder};
use crate::domain::authority;
use civic::{Actor, Lamp};

/// Parts of one order over its whole life: an order that needs more is a matter for a task force.
pub(super) const PARTS_AT_MOST: usize = 64;

/// One unit's share of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Counted from 1 within the order.
    pub number: u32,
    pub unit: UnitCode,
    pub unit_name: String,
    /// 吹哨; else co-handling.
    pub whistled: bool,
    pub standing: PartStanding,
    /// From the call to the answer.
    pub watch: Stopwatch,
    /// As its timer last turned it.
    pub lamp: Lamp,
    pub report_in_due: Micros,
    /// It did not report in within its limit, and this was recorded.
    pub overdue: bool,
    pub answer: Option<Private<String>>,
}

#[derive(Debug, Copy, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartStanding {
    Called,
    ReportedIn,
    Answered,
    Released,
}

impl Part {
    /// Neither answered nor released.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.standing, PartStanding::Called | PartStanding::ReportedIn)
    }
}

impl Head {
    /// The lead cannot resolve yet.
    #[must_use]
    pub fn has_open_part(&self) -> bool {
        self.parts.iter().any(Part::is_open)
    }

    /// The units that may know of the order by their parts, each once, sorted.
    #[must_use]
    pub fn called_units(&self) -> Vec<&UnitCode> {
        let called = self.parts.iter().filter(|part| part.standing != PartStanding::Released);
        let units: std::collections::BTreeSet<&UnitCode> = called.map(|part| &part.unit).collect();
        units.into_iter().collect()
    }

    /// Whoever was called while the order stands, or before, has the rest of the time to report in afterwards.
    pub(super) fn resume_parts(&mut self, at: Micros) {
        for part in &mut self.parts {
            let stood = part.watch.pauses.last().filter(|pause| pause.to.is_none()).map(|pause| pause.from);
            if let Some(from) = stood.filter(|_| part.watch.stopped.is_none()) {
                part.report_in_due = part.report_in_due + (at.max(from) - from);
            }
            part.watch.resume(at);
        }
    }

    pub(super) fn pause_parts(&mut self, at: Micros, by: &str, why: &str) {
        for part in &mut self.parts {
            part.watch.pause(at, by, why);
        }
    }

    /// The order ends without them.
    pub(super) fn release_parts(&mut self, at: Micros) {
        for part in self.parts.iter_mut().filter(|part| part.is_open()) {
            part.standing = PartStanding::Released;
            part.watch.stop(at);
        }
    }
}

pub(super) fn call(
    order: &WorkOrder,
    whistle: bool,
    units: &[Answering],
    asked: Option<Limit>,
    facts: &Facts,
) -> Result<Body, Refusal> {
    for (index, unit) in units.iter().enumerate() {
        may_call(order, whistle, &unit.unit, facts)?;
        let twice = units.iter().take(index).any(|other| other.unit == unit.unit);
        let has_part = order.head.parts.iter().any(|part| part.is_open() && part.unit == unit.unit);
        let leads = order.assignment().is_some_and(|lead| lead.unit == unit.unit);
        if twice || has_part || leads {
            return Err(Refusal::UnitCalledAlready { order: name(order), unit: unit.unit.clone() });
        }
    }
    if order.head.parts.len() + units.len() > PARTS_AT_MOST {
        return Err(Refusal::TooManyParts { order: name(order) });
    }
    let limits = facts.catalog.limits();
    let report_in = limits.report_in(order.head.urgency);
    let part = |(number, unit): (u32, &Answering)| stored::PartCalled {
        part: number,
        unit: unit.unit.to_string(),
        unit_name: unit.name.clone(),
        limit: Some(store_limit(asked.unwrap_or_else(|| limits.unit(order.head.urgency)))),
        report_in_limit: Some(store_limit(report_in)),
        report_in_due_us: end_of(report_in, order, facts).0,
    };
    let first = order.head.parts.iter().map(|part| part.number).max().unwrap_or(0) + 1;
    Ok(Body::PartsCalled(stored::PartsCalled { whistle, parts: (first..).zip(units).map(part).collect() }))
}

/// Units of the owner's place are co-handlers; a whistle also reaches the places that the order's lies in. Another town is asked by way
/// of the tier above.
fn may_call(order: &WorkOrder, whistle: bool, unit: &UnitCode, facts: &Facts) -> Result<(), Refusal> {
    let owner = authority::place_of_tier(order.head.tier, &order.head.place);
    let own = owner.is_none_or(|owner| facts.view.contains(owner, &unit.place()));
    let above = whistle && facts.view.contains(&unit.place(), &order.head.place.code);
    if own || above { Ok(()) } else { Err(Refusal::OutOfReach { unit: unit.clone() }) }
}

fn open_part(order: &WorkOrder, number: u32) -> Result<&Part, Refusal> {
    let part = order.head.parts.iter().find(|part| part.number == number);
    let part = part.ok_or_else(|| Refusal::PartUnknown { order: name(order), part: number })?;
    if part.is_open() { Ok(part) } else { Err(Refusal::PartOver { order: name(order), part: number }) }
}

fn own_part<'a>(order: &'a WorkOrder, number: u32, actor: &Actor) -> Result<&'a Part, Refusal> {
    let part = open_part(order, number);
    let known = order.head.parts.iter().find(|part| part.number == number);
    if known.is_some_and(|part| actor.unit.as_ref() != Some(&part.unit)) {
        return Err(Refusal::PartOfAnotherUnit { order: name(order), part: number });
    }
    part
}

pub(super) fn report_in(order: &WorkOrder, number: u32, actor: &Actor) -> Result<Body, Refusal> {
    match own_part(order, number, actor)?.standing {
        PartStanding::ReportedIn => Err(Refusal::ReportedInAlready { order: name(order), part: number }),
        PartStanding::Called | PartStanding::Answered | PartStanding::Released => {
            Ok(Body::PartReportedIn(stored::PartReportedIn { part: number }))
        }
    }
}

pub(super) fn answer(order: &WorkOrder, number: u32, answer: &Private<String>, actor: &Actor) -> Result<Body, Refusal> {
    own_part(order, number, actor)?;
    Ok(Body::PartAnswered(stored::PartAnswered { part: number, answer: sealed(answer) }))
}

pub(super) fn release(order: &WorkOrder, number: u32, reason: &Private<String>) -> Result<Body, Refusal> {
    open_part(order, number)?;
    Ok(Body::PartReleased(stored::PartReleased { part: number, reason: sealed(reason) }))
}

pub(super) fn called(head: &mut Head, body: &stored::PartsCalled, at: Micros) -> Option<()> {
    for part in &body.parts {
        head.parts.push(Part {
            number: part.part,
            unit: part.unit.parse().ok()?,
            unit_name: part.unit_name.clone(),
            whistled: body.whistle,
            standing: PartStanding::Called,
            watch: Stopwatch::start(at, limit(part.limit.as_ref())?),
            lamp: Lamp::Green,
            report_in_due: Micros(part.report_in_due_us),
            overdue: false,
            answer: None,
        });
    }
    // Called while the order waits for its citizen: the part's clock stands as the order's does.
    if let Some(pause) = head.total.pauses.last().filter(|pause| pause.to.is_none()).cloned() {
        let fresh = head.parts.len() - body.parts.len();
        for part in &mut head.parts[fresh..] {
            part.watch.pause(at, pause.by.clone(), pause.reason.clone());
        }
    }
    Some(())
}

fn part_of(head: &mut Head, number: u32) -> Option<&mut Part> {
    head.parts.iter_mut().find(|part| part.number == number && part.is_open())
}

pub(super) fn reported_in(head: &mut Head, body: stored::PartReportedIn) -> Option<()> {
    part_of(head, body.part)?.standing = PartStanding::ReportedIn;
    Some(())
}

pub(super) fn answered(head: &mut Head, body: &stored::PartAnswered, at: Micros) -> Option<()> {
    let part = part_of(head, body.part)?;
    part.standing = PartStanding::Answered;
    part.answer = Some(private(&body.answer));
    part.watch.stop(at);
    Some(())
}

pub(super) fn released(head: &mut Head, body: &stored::PartReleased, at: Micros) -> Option<()> {
    let part = part_of(head, body.part)?;
    part.standing = PartStanding::Released;
    part.watch.stop(at);
    Some(())
}

/// What a timer of parts is about.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub(super) enum Late {
    ReportIn,
    Yellow,
    Red,
}

impl Late {
    const ALL: [Self; 3] = [Self::ReportIn, Self::Yellow, Self::Red];

    const fn as_str(self) -> &'static str {
        match self {
            Self::ReportIn => "reportIn",
            Self::Yellow => "yellow",
            Self::Red => "red",
        }
    }
}

/// When it is the time of one part; `None`: never, or recorded already.
fn time_of(part: &Part, marks: &[PartMark], late: Late) -> Option<Micros> {
    let mark = || marks.iter().find(|mark| mark.part == part.number).map(|mark| mark.mark);
    match late {
        // Not while the order stands: what waits for its citizen needs nobody on the spot.
        Late::ReportIn => {
            let waits = part.standing == PartStanding::Called && !part.overdue && part.watch.is_running();
            waits.then_some(part.report_in_due)
        }
        Late::Yellow => mark().filter(|_| part.lamp < Lamp::Yellow).map(|mark| mark.yellow),
        Late::Red => mark().filter(|_| part.lamp < Lamp::Red).map(|mark| mark.due),
    }
}

/// The earliest of all parts.
pub(super) fn next(head: &Head, late: Late) -> Option<Micros> {
    head.parts.iter().filter_map(|part| time_of(part, &head.marks.parts, late)).min()
}

/// All parts whose time has come are told in one event, so that the next of the same kind lies later.
pub(super) fn fire(order: &WorkOrder, late: Late, now: Micros) -> Body {
    let head = &order.head;
    let come = head.parts.iter().filter(|part| time_of(part, &head.marks.parts, late).is_some_and(|time| time <= now));
    let parts = come.map(|part| part.number).collect();
    Body::PartsLate(stored::PartsLate { what: late.as_str().to_owned(), parts })
}

pub(super) fn late(head: &mut Head, body: &stored::PartsLate) -> Option<()> {
    let what = Late::ALL.into_iter().find(|late| late.as_str() == body.what)?;
    for number in &body.parts {
        let part = part_of(head, *number)?;
        match what {
            Late::ReportIn => part.overdue = true,
            Late::Yellow => part.lamp = Lamp::Yellow,
            Late::Red => part.lamp = Lamp::Red,
        }
    }
    Some(())
}

/// New instants may put a part's lamp back; only a timer puts it forward.
pub(super) fn settle(head: &mut Head, at: Micros) {
    for part in &mut head.parts {
        let mark: Option<Mark> = head.marks.parts.iter().find(|mark| mark.part == part.number).map(|mark| mark.mark);
        if let Some(mark) = mark {
            part.lamp = part.lamp.min(mark.lamp(at));
        }
    }
}
