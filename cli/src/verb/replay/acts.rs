//! Filing and closing, each by the rpcs that everybody uses and in the role that the rules ask for.
//!
//! The file says when a request was closed, and by nobody and after what. So a closing is the shortest way that the table of verbs allows, all of it at
//! that instant: assigned where no duty list knew the unit, accepted, resolved, verified without reaching anybody (the
//! tables name no one to call), closed. No satisfaction is made up.

use crate::cluster::Hands;
use crate::verb::load::filing::History;
use casebook::Scope;
use civic::{Actor, CaseId, DivisionCode, Micros, Rng, Role, Tier, UnitCode};
use dispatch::catalog::Catalog;
use dispatch::domain::work_order::{State, WorkOrder};
use mesh::{Call, Caller, Problem, TraceContext, TraceSource};
use prost_types::Timestamp;
use proto::dispatch::v1 as orders;
use proto::dispatch::v1::work_orders_server::WorkOrders as _;
use proto::intake::v1::reports_server::Reports as _;
use proto::intake::v1::{Channel, CreateReportRequest, ReportKind, Reporter};
use proto::types::v1::{Location, Urgency};
use std::sync::Arc;
use tonic::Request;

/// 2025-01-01 in Chongqing: the first day of the shipped duty list, by which an older request is given to a unit as well.
const FIRST_LIST: Micros = Micros(1_735_660_800_000_000);
/// What the handling unit writes: the tables have no words for it that may be published.
const RESULT: &str = "按原系统办结时间结案";

/// The request of a verb: the row's number is unique for each of them.
macro_rules! verb {
    ($request:ident, $name:expr, $number:expr $(, $field:ident: $value:expr)*) => {
        orders::$request {
            name: $name.clone(),
            request_id: $number.to_owned(),
            $($field: $value,)*
            ..orders::$request::default()
        }
    };
}

/// Those who act.
pub(super) struct Troupe<'s> {
    hands: &'s Hands,
    catalog: Catalog,
    integrator: Actor,
    traces: TraceSource,
}

/// Why something was not done: the reason that clients match on, and the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) reason: String,
    pub(super) words: String,
}

impl From<tonic::Status> for Refused {
    fn from(status: tonic::Status) -> Self {
        let problem = Problem::from_status(&status);
        Self { words: problem.to_string(), reason: problem.reason }
    }
}

impl<'s> Troupe<'s> {
    pub(super) fn new(hands: &'s Hands, place: &DivisionCode, rng: &dyn Rng) -> Self {
        let integrator = Actor::member(Role::Integrator, "replay", UnitCode::desk(place));
        Self { hands, catalog: Catalog::builtin(), integrator, traces: TraceSource::new(rng, 0.0) }
    }

    /// Files a request, with the limit that it came with.
    pub(super) async fn file(&self, history: &History) -> Result<CaseId, Refused> {
        let request = request(&self.integrator, self.traces.start(), report(history));
        let report = self.hands.filing.create_report(request).await?.into_inner();
        let id = report.name.trim_start_matches("reports/").parse();
        Ok(id.expect("intake names its reports by their ids"))
    }

    /// Closes the order of a request.
    pub(super) async fn close(&self, id: CaseId, number: &str) -> Result<(), Refused> {
        let order = self.hands.orders.get::<WorkOrder>(&Scope::All, id).await;
        let order = order.map_err(|error| Refused { reason: "STORE".to_owned(), words: error.to_string() })?.state;
        let (dispatcher, name) = (dispatcher_of(&order), format!("workOrders/{id}"));
        let unit = match order.unit() {
            Some(unit) => unit.clone(),
            None => self.unit_for(&order),
        };
        let handler = Actor::member(Role::DepartmentHandler, "replay-handler", unit.clone());
        if order.state() == State::Created {
            let message = verb!(AssignWorkOrderRequest, name, number, unit: unit.to_string());
            self.hands.handling.assign_work_order(self.by(&dispatcher, message)).await?;
        }
        let message = verb!(AcceptWorkOrderRequest, name, number);
        self.hands.handling.accept_work_order(self.by(&handler, message)).await?;
        let words = RESULT.to_owned();
        let message = verb!(ResolveWorkOrderRequest, name, number, result: words.clone(), reply: words);
        self.hands.handling.resolve_work_order(self.by(&handler, message)).await?;
        if order.head.reply_approval {
            let message = verb!(ApproveReplyWorkOrderRequest, name, number);
            self.hands.handling.approve_reply_work_order(self.by(&dispatcher, message)).await?;
        }
        // Nobody is called: the file says that it was closed.
        let message = verb!(VerifyWorkOrderRequest, name, number, solved: true);
        self.hands.handling.verify_work_order(self.by(&dispatcher, message)).await?;
        let message = verb!(CloseWorkOrderRequest, name, number);
        self.hands.handling.close_work_order(self.by(&dispatcher, message)).await?;
        Ok(())
    }

    fn by<T>(&self, actor: &Actor, message: T) -> Request<T> {
        request(actor, self.traces.start(), message)
    }

    /// By the list of the shipped catalog, when the place's own dispatcher may give it to that unit; else the desk's nearest.
    fn unit_for(&self, order: &WorkOrder) -> UnitCode {
        let own = own_place(order);
        let listed = self.catalog.duty(&order.head.category, &order.head.place, order.head.opened.max(FIRST_LIST));
        let near = listed.map(|(_, unit)| unit).filter(|unit| unit.place() == own);
        near.unwrap_or_else(|| {
            let slug = if order.head.tier == Tier::Town { "wangge" } else { "chengguan" };
            format!("{own}-{slug}").parse().expect("a place and a slug make a unit")
        })
    }
}

fn own_place(order: &WorkOrder) -> DivisionCode {
    order.head.place.at(order.head.tier).unwrap_or(&order.head.place.code).clone()
}

/// Somebody of the centre whose order it is.
fn dispatcher_of(order: &WorkOrder) -> Actor {
    let role = match order.head.tier {
        Tier::City => Role::CityDispatcher,
        Tier::District => Role::DistrictDispatcher,
        Tier::Town | Tier::Village | Tier::Grid => Role::TownDispatcher,
    };
    Actor::member(role, "replay-dispatcher", UnitCode::desk(&own_place(order)))
}

/// A request as the chassis hands it to an rpc once it has verified the token.
fn request<T>(actor: &Actor, trace: TraceContext, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let call = Call::inside(Caller::known(actor.clone()), trace);
    request.extensions_mut().insert(Arc::new(call));
    request
}

fn report(history: &History) -> CreateReportRequest {
    let filing = &history.filing;
    CreateReportRequest {
        request_id: filing.request_id.clone(),
        kind: number(ReportKind::from_str_name(&filing.kind)),
        channel: number(Channel::from_str_name(&filing.channel)),
        channel_number: filing.channel_number.clone(),
        text: filing.text.clone(),
        category_code: filing.category_code.clone(),
        location: Some(Location { division_code: filing.location.division_code.clone(), ..Location::default() }),
        reporter: Some(Reporter { no_reply: filing.reporter.no_reply, ..Reporter::default() }),
        urgency: number(Urgency::from_str_name(&filing.urgency)),
        occur_time: Some(timestamp(history.created)),
        due_time: history.due.map(timestamp),
        ..CreateReportRequest::default()
    }
}

/// Zero stands for what was not said.
fn number<E: Into<i32>>(word: Option<E>) -> i32 {
    word.map_or(0, Into::into)
}

fn timestamp(at: Micros) -> Timestamp {
    let nanos = at.0.rem_euclid(Micros::SECOND) * 1_000;
    Timestamp { seconds: at.secs(), nanos: i32::try_from(nanos).expect("less than a second") }
}
