//! The client of dispatch, against a server that answers as dispatch would and remembers who asked.

use crate::city::NOW;
use civic::{CaseId, SeededRng, SettableClock};
use intake::domain::OrderState;
use intake::domain::report::Rating;
use intake::peers::{Dispatch, Word, WorkOrders};
use mesh::{Chassis, Code, Drain, Drained, Fault, ServeError, TokenKey};
use proto::dispatch::v1::work_orders_server::{WorkOrders as Server, WorkOrdersServer};
use proto::dispatch::v1::*;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tonic::{Request, Response, Status};

/// What the server has heard: who, and what.
#[derive(Default)]
struct Desk {
    heard: Mutex<Vec<String>>,
    order: Mutex<WorkOrder>,
    away: Mutex<bool>,
}

impl Desk {
    fn hear<T>(&self, request: &Request<T>, what: String) -> Result<Response<WorkOrder>, Status> {
        let caller = mesh::caller(request);
        self.heard.lock().unwrap().push(format!("{} {}: {what}", caller.role(), caller.subject()));
        if *self.away.lock().unwrap() {
            return Err(Fault::new(Code::Refused, "RATING_WINDOW_OVER", "the window is over")
                .with_law("art. 1")
                .into());
        }
        let mut response = Response::new(self.order.lock().unwrap().clone());
        response.metadata_mut().insert("jiewang-position", "token".parse().unwrap());
        Ok(response)
    }
}

/// The rpcs that intake never calls.
macro_rules! desk {
    ($($rpc:ident($request:ident) -> $answer:ident;)+) => {
        #[tonic::async_trait]
        impl Server for Desk {
            async fn get_work_order(&self, request: Request<GetWorkOrderRequest>) -> Result<Response<WorkOrder>, Status> {
                let what = format!("get {}", request.get_ref().name);
                self.hear(&request, what)
            }

            async fn rate_work_order(&self, request: Request<RateWorkOrderRequest>) -> Result<Response<WorkOrder>, Status> {
                let rate = request.get_ref();
                let what = format!("rate {} {} {} {}", rate.name, rate.request_id, rate.satisfied, rate.comment);
                self.hear(&request, what)
            }

            $(async fn $rpc(&self, _: Request<$request>) -> Result<Response<$answer>, Status> {
                panic!("intake has no business here")
            })+
        }
    };
}

desk! {
    list_work_orders(ListWorkOrdersRequest) -> ListWorkOrdersResponse;
    get_work_order_timeline(GetWorkOrderTimelineRequest) -> WorkOrderTimeline;
    get_work_order_clock(GetWorkOrderClockRequest) -> WorkOrderClock;
    assign_work_order(AssignWorkOrderRequest) -> WorkOrder;
    accept_work_order(AcceptWorkOrderRequest) -> WorkOrder;
    start_work_order(StartWorkOrderRequest) -> WorkOrder;
    resolve_work_order(ResolveWorkOrderRequest) -> WorkOrder;
    approve_reply_work_order(ApproveReplyWorkOrderRequest) -> WorkOrder;
    refuse_reply_work_order(RefuseReplyWorkOrderRequest) -> WorkOrder;
    verify_work_order(VerifyWorkOrderRequest) -> WorkOrder;
    close_work_order(CloseWorkOrderRequest) -> WorkOrder;
    return_work_order(ReturnWorkOrderRequest) -> WorkOrder;
    rule_work_order(RuleWorkOrderRequest) -> WorkOrder;
    reassign_work_order(ReassignWorkOrderRequest) -> WorkOrder;
    request_suspension_work_order(RequestSuspensionWorkOrderRequest) -> WorkOrder;
    request_extension_work_order(RequestExtensionWorkOrderRequest) -> WorkOrder;
    approve_work_order(ApproveWorkOrderRequest) -> WorkOrder;
    decline_work_order(DeclineWorkOrderRequest) -> WorkOrder;
    resume_work_order(ResumeWorkOrderRequest) -> WorkOrder;
    wait_for_citizen_work_order(WaitForCitizenWorkOrderRequest) -> WorkOrder;
    citizen_answered_work_order(CitizenAnsweredWorkOrderRequest) -> WorkOrder;
    reopen_work_order(ReopenWorkOrderRequest) -> WorkOrder;
    cancel_work_order(CancelWorkOrderRequest) -> WorkOrder;
}

struct Away {
    desk: Arc<Desk>,
    client: Dispatch,
    drain: Drain,
    _serving: JoinSet<Result<Drained, ServeError>>,
}

impl Drop for Away {
    fn drop(&mut self) {
        self.drain.begin();
    }
}

async fn dispatch() -> Away {
    let (key, clock) = (TokenKey::from_bytes([7; 32]), Arc::new(SettableClock::new(NOW)));
    let mut chassis = Chassis::builder(key).clock(clock).rng(Arc::new(SeededRng::new(1))).build();
    let desk = Arc::new(Desk::default());
    chassis.add_service(WorkOrdersServer::from_arc(Arc::clone(&desk)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Dispatch::new(chassis.channel(), chassis.speaker(), Duration::from_secs(20));
    let drain = chassis.drain();
    let mut serving = JoinSet::new();
    serving.spawn(chassis.serve(listener));
    Away { desk, client, drain, _serving: serving }
}

fn report() -> CaseId {
    CaseId::new(NOW, &SeededRng::new(5))
}

fn word() -> Word {
    let rating = Rating { answered: true, solved: false, satisfied: true };
    Word { request_id: "w".to_owned(), rating, comment: "好".to_owned() }
}

#[tokio::test]
async fn the_order_is_asked_for_as_the_reporter_of_this_one_report() {
    let away = dispatch().await;
    *away.desk.order.lock().unwrap() = WorkOrder {
        state: proto::types::v1::WorkOrderState::Resolved.into(),
        unit_name: "城管局".to_owned(),
        reply: "已修复".to_owned(),
        ..WorkOrder::default()
    };
    let order = away.client.look(report()).await.unwrap();
    assert_eq!(
        (order.state, order.unit_name.as_str(), order.reply.as_str()),
        (OrderState::Resolved, "城管局", "已修复")
    );
    let id = report();
    assert_eq!(*away.desk.heard.lock().unwrap(), [format!("citizen reports/{id}: get workOrders/{id}")]);
}

#[tokio::test]
async fn a_reply_that_waits_for_approval_is_not_told() {
    let away = dispatch().await;
    *away.desk.order.lock().unwrap() = WorkOrder {
        state: proto::types::v1::WorkOrderState::Resolved.into(),
        reply: "已修复".to_owned(),
        reply_pending: true,
        ..WorkOrder::default()
    };
    assert_eq!(away.client.look(report()).await.unwrap().reply, "");
}

#[tokio::test]
async fn a_dispatch_that_refuses_or_speaks_of_an_unknown_state_is_gone_on_without() {
    let away = dispatch().await;
    away.desk.order.lock().unwrap().state = 99;
    assert_eq!(away.client.look(report()).await, None);
    *away.desk.away.lock().unwrap() = true;
    assert_eq!(away.client.look(report()).await, None);
}

#[tokio::test]
async fn a_word_arrives_with_its_request_id_and_brings_the_position_back() {
    let away = dispatch().await;
    away.desk.order.lock().unwrap().state = proto::types::v1::WorkOrderState::Closed.into();
    let rated = away.client.rate(report(), &word()).await.unwrap();
    assert_eq!(rated.position.unwrap(), "token");
    assert_eq!(rated.order.unwrap().state, OrderState::Closed);
    let id = report();
    assert_eq!(*away.desk.heard.lock().unwrap(), [format!("citizen reports/{id}: rate workOrders/{id} w true 好")]);
}

#[tokio::test]
async fn a_refused_word_comes_back_as_dispatch_said_it() {
    let away = dispatch().await;
    *away.desk.away.lock().unwrap() = true;
    let problem = away.client.rate(report(), &word()).await.unwrap_err();
    assert_eq!((problem.code, problem.reason.as_str()), (Code::Refused, "RATING_WINDOW_OVER"));
    assert_eq!(problem.law.as_deref(), Some("art. 1"));
}
