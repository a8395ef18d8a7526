//! The work order (工单): one matter in the hands of one unit, timed, and closed with the citizen's word.
//!
//! The table of the contract, which [`verb::Verb::leads_from`] repeats as code and a test walks for every pair of state and verb:
//!
//! ```text
//! verb              | from                            | to                        | by
//! assign            | created, assigned, returned     | assigned                  | dispatcher
//! accept            | assigned                        | accepted                  | unit
//! start             | accepted                        | in progress               | unit
//! resolve           | accepted, in progress           | resolved                  | unit
//! approveReply      | resolved                        | resolved                  | head or dispatcher
//! refuseReply       | resolved                        | in progress               | head or dispatcher
//! verify            | resolved                        | verified, in progress     | verifier
//! rate              | resolved, verified, closed, merged | closed, in progress, merged, created | citizen or hotline
//! close             | verified                        | closed                    | dispatcher
//! return            | assigned, accepted              | returned                  | unit
//! rule              | returned                        | assigned                  | dispatcher
//! reassign          | accepted, in progress           | assigned                  | dispatcher
//! requestSuspension | accepted, in progress           | accepted, in progress     | unit
//! requestExtension  | accepted, in progress           | accepted, in progress     | unit
//! approve           | accepted, in progress           | suspended, accepted, in progress | dispatcher
//! decline           | accepted, in progress           | accepted, in progress     | dispatcher
//! resume            | suspended                       | accepted, in progress     | dispatcher
//! waitForCitizen    | in progress                     | in progress               | unit
//! citizenAnswered   | in progress                     | in progress               | unit
//! reopen            | closed                          | in progress               | dispatcher
//! cancel            | created, assigned, accepted, in progress, resolved, verified, returned, suspended | cancelled | dispatcher
//! merge             | created, assigned, accepted, in progress, returned, suspended | merged | dispatcher
//! coHandle          | accepted, in progress           | accepted, in progress     | unit or dispatcher
//! whistle           | accepted, in progress           | accepted, in progress     | unit or dispatcher
//! reportIn          | created, assigned, accepted, in progress, returned, suspended | created, assigned, accepted, in progress, returned, suspended | called unit
//! answerPart        | created, assigned, accepted, in progress, returned, suspended | created, assigned, accepted, in progress, returned, suspended | called unit
//! releasePart       | created, assigned, accepted, in progress, returned, suspended | created, assigned, accepted, in progress, returned, suspended | unit or dispatcher
//! stepAside         | accepted, in progress           | accepted, in progress, assigned | unit
//! supervise         | created, assigned, accepted, in progress, resolved, verified, returned, suspended | created, assigned, accepted, in progress, resolved, verified, returned, suspended | supervisor
//! replySupervision  | created, assigned, accepted, in progress, resolved, verified, returned, suspended | created, assigned, accepted, in progress, resolved, verified, returned, suspended | unit
//! reviewSupervision | created, assigned, accepted, in progress, resolved, verified, returned, suspended | created, assigned, accepted, in progress, resolved, verified, returned, suspended | supervisor
//! escalate          | created, assigned, accepted, in progress, resolved, verified, returned, suspended | created, assigned | dispatcher
//! handDown          | created, assigned, accepted, in progress, resolved, verified, returned, suspended | created, assigned | dispatcher
//! ```
//!
//! An order is opened by the event of its report, as `assigned` when the duty list knows the unit and as `created` when it does
//! not. HANDED_OVER of the contract comes with its verb; until then no order can be in it.
//!
//! A person may decide later what the report is about or where it lies, and intake tells of it:
//!
//! ```text
//! state of the order                                                       | a ruling on its report
//! created                                                                  | recorded, and assigned when the list knows the unit
//! assigned, accepted, in progress, resolved, verified, returned, suspended | recorded, the unit stays
//! closed, merged, cancelled                                                | passed over
//! ```
//!
//! Only in `created` a ruling may raise the urgency, and with it shorten the total clock's limit; its start never moves.
//!
//! A part (协办, 吹哨) is another unit's share of the order, with a clock of its own: called, reported in, answered, or released. The
//! order's owner does not change, and the lead resolves only when no part is open. Whoever stepped aside may do nothing more.
//!
//! A merged order (并案) is a member of another, which carries its matter on: see [`merging`]. Its citizen rates the parent's answer once there
//! is one; who is not satisfied gets the own order back, in progress with the unit that had it, or created when none had.
//!
//! Two clocks run. The total clock starts at intake's commit, stops at closing, and is never reset: time spent closed becomes a
//! pause when the next round begins. The unit clock belongs to an assignment and stops when the unit resolves or returns. A
//! granted suspension and waiting for the citizen pause both. Every event carries the instants both clocks have after it, so
//! neither [`casebook::Case::evolve`] nor a timer ever computes a calendar.

mod aside;
mod clocks;
mod command;
mod decide;
mod decide_clock;
mod event;
mod evolve;
pub mod heard;
mod legal;
pub mod merging;
mod parts;
mod publish;
mod refusal;
mod ruling;
mod state;
mod supervision;
mod tiers;
mod timers;
pub mod verb;
mod verification;

/// Places as every stored event of this service writes them.
pub(crate) mod stored_place {
    pub(crate) use super::event::{place, store_place};
}

pub use clocks::{Lamps, Mark, Marks, PartMark};
pub use command::{Answering, Author, CallBack, Command, Facts, Heard, Notice, Opening, Opinion, Ruling, Said, Step};
pub(crate) use event::{place as stored_place, store_place, tier as stored_tier};
pub use merging::{Members, Merged, News, Standing, Telling, Told};
pub use parts::{Part, PartStanding};
pub use publish::summary;
pub use refusal::Refusal;
pub use state::{
    Accepted, Assigned, Assignment, Before, Closed, Done, Head, InProgress, Phase, Rating, Request, RequestKind,
    Resolution, Resolved, Returned, State, Suspended, WorkOrder,
};
pub use supervision::{MILESTONES_AT_MOST, Milestone, Supervision, SupervisionStanding};
pub use timers::TimerName;
pub use verb::Verb;
pub use verification::Verification;

use casebook::{Case, Row, Timer};
use civic::{CaseId, Micros};
use proto::dispatch::v1::stored::WorkOrderEvent;

impl Case for WorkOrder {
    const KIND: &'static str = "workOrder";
    // 2: parts, supervision, tiers. 3: members of a parent. 4: which machine sent the report.
    const SCHEMA: i64 = 4;
    type Event = WorkOrderEvent;
    type Command = Command;
    type Facts = Facts;
    type Refusal = Refusal;

    fn decide(state: Option<&Self>, command: &Command, facts: &Facts) -> Result<Vec<WorkOrderEvent>, Refusal> {
        decide::decide(state, command, facts)
    }

    fn evolve(state: Option<Self>, event: &WorkOrderEvent) -> Option<Self> {
        evolve::evolve(state, event)
    }

    fn legal(state: Option<&Self>, event: &WorkOrderEvent) -> bool {
        legal::legal(state, event)
    }

    fn index(&self) -> Row {
        publish::index(self)
    }

    fn timers(&self) -> Vec<Timer> {
        timers::timers(self)
    }

    fn event_type(event: &WorkOrderEvent) -> &'static str {
        publish::event_type(event)
    }

    fn event_time(event: &WorkOrderEvent) -> Micros {
        Micros(event.at_us)
    }

    fn event_actor(event: &WorkOrderEvent) -> String {
        event.by.clone()
    }

    fn publish(id: CaseId, event: &WorkOrderEvent) -> Option<(String, Vec<u8>)> {
        publish::publish(id, event)
    }
}
