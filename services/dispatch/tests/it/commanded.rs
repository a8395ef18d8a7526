//! Building days, interviews and task forces through the rpcs.

use civic::{Actor, Micros, Role};
use dispatch::domain::building_day::{BuildingDay, Command, Deciding};
use mesh::{Code, Problem};
use prost_types::Timestamp;
use proto::dispatch::v1 as pb;
use proto::types::v1::WorkOrderState;

use crate::city::{City, TOWN};
use crate::tasks::problem_of;
use crate::world::{NOW, facts, person};

const VILLAGE: &str = "500151001001";

pub(crate) fn at(micros: Micros) -> Option<Timestamp> {
    Some(Timestamp { seconds: micros.secs(), nanos: 0 })
}

fn leader() -> Actor {
    Actor::member(Role::Commander, "c1", "500151".parse().unwrap())
}

fn supervisor() -> Actor {
    Actor::member(Role::Supervisor, "s1", "500151".parse().unwrap())
}

fn decide(name: &str, unit: &str, due: Micros) -> pb::DecideRequestRequest {
    pb::DecideRequestRequest {
        name: name.to_owned(),
        request_id: format!("decide {unit} {}", due.0),
        text: "三单元楼顶漏水".to_owned(),
        category: "0612".to_owned(),
        unit: unit.to_owned(),
        due_time: at(due),
    }
}

impl City {
    async fn session(&self, units: &[&str]) -> Result<pb::BuildingDay, Problem> {
        let request = pb::OpenBuildingDayRequest {
            request_id: format!("open {units:?}"),
            division_code: VILLAGE.to_owned(),
            date: String::new(),
            units: units.iter().map(ToString::to_string).collect(),
        };
        problem_of(self.building_days().open_building_day(self.as_actor(&leader(), request)).await)
    }

    async fn decide(&self, request: pb::DecideRequestRequest) -> Result<pb::BuildingDay, Problem> {
        problem_of(self.building_days().decide_request(self.as_actor(&leader(), request)).await)
    }

    async fn interview(&self, who: &Actor, request: pb::RecordInterviewRequest) -> Result<pb::Interview, Problem> {
        problem_of(self.interviews().record_interview(self.as_actor(who, request)).await)
    }

    async fn form(&self, request: pb::FormTaskForceRequest) -> Result<pb::TaskForce, Problem> {
        problem_of(self.task_forces().form_task_force(self.as_actor(&leader(), request)).await)
    }
}

#[tokio::test]
async fn a_decision_on_the_spot_opens_an_order_with_its_unit_and_date() {
    let city = City::open().await;
    let session = city.session(&["500151-zhujian", "500151001-minsheng"]).await.unwrap();
    let due = NOW + 3 * Micros::DAY;
    let decided = city.decide(decide(&session.name, "500151-zhujian", due)).await.unwrap();
    let order = city.look(&decided.requests[0].work_order).await;
    assert_eq!((order.state, order.unit.as_str()), (WorkOrderState::Assigned.into(), "500151-zhujian"));
    assert_eq!((order.due_time, order.report.as_str()), (at(due), ""));
    let ask = pb::GetWorkOrderTimelineRequest { name: order.name.clone() };
    let timeline = city.client().get_work_order_timeline(city.by_dispatcher(ask)).await.unwrap().into_inner();
    assert_eq!(
        (timeline.entries[0].actor_role.as_str(), timeline.entries[0].reason.as_str()),
        ("commander", "三单元楼顶漏水")
    );
    let same = city.decide(decide(&session.name, "500151-zhujian", due)).await.unwrap();
    assert_eq!(same.requests.len(), 1, "the same request again opens nothing");
    for (request, code, reason, field) in [
        (decide(&session.name, "500151-jiaotong", due), Code::Refused, "UNIT_NOT_PRESENT", "unit"),
        (decide(&session.name, "500151-nobody", due), Code::Invalid, "UNIT_UNKNOWN", "unit"),
        (decide(&session.name, "500151-zhujian", NOW), Code::Invalid, "DUE_NOT_LATER", "dueTime"),
        (
            pb::DecideRequestRequest { due_time: None, ..decide(&session.name, "500151-zhujian", due) },
            Code::Invalid,
            "DUE_INVALID",
            "dueTime",
        ),
        (
            pb::DecideRequestRequest { text: String::new(), ..decide(&session.name, "500151-zhujian", due) },
            Code::Invalid,
            "TEXT_MISSING",
            "text",
        ),
        (
            pb::DecideRequestRequest { category: "9999".into(), ..decide(&session.name, "500151-zhujian", due) },
            Code::Invalid,
            "CATEGORY_UNKNOWN",
            "category",
        ),
    ] {
        let refused = city.decide(pb::DecideRequestRequest { request_id: reason.into(), ..request }).await.unwrap_err();
        assert_eq!((refused.code, refused.reason.as_str(), refused.fields[0].path.as_str()), (code, reason, field));
    }
    let close = pb::CloseBuildingDayRequest { name: session.name.clone(), request_id: "close".into() };
    let closed = problem_of(city.building_days().close_building_day(city.as_actor(&leader(), close)).await).unwrap();
    assert_eq!((closed.open, closed.requests.len()), (false, 1));
    let late = pb::DecideRequestRequest { request_id: "late".into(), ..decide(&session.name, "500151-zhujian", due) };
    assert_eq!(city.decide(late).await.unwrap_err().reason, "STATE_REFUSES");
}

#[tokio::test]
async fn a_session_is_a_district_leaders_in_the_own_district() {
    let city = City::open().await;
    let request = |id: &str| pb::OpenBuildingDayRequest {
        request_id: id.to_owned(),
        division_code: VILLAGE.to_owned(),
        units: vec!["500151-zhujian".to_owned()],
        ..pb::OpenBuildingDayRequest::default()
    };
    let town = city.by(Role::TownDispatcher, TOWN, request("a"));
    assert_eq!(problem_of(city.building_days().open_building_day(town).await).unwrap_err().reason, "ROLE_DENIED");
    let elsewhere = city.by(Role::Commander, "500109", request("b"));
    let refused = problem_of(city.building_days().open_building_day(elsewhere).await).unwrap_err();
    assert_eq!((refused.reason.as_str(), refused.fields[0].path.as_str()), ("PLACE_OUT_OF_REACH", "divisionCode"));
}

/// Whoever decided died before the order was there: the timer that the decision armed opens it, once.
#[tokio::test]
async fn a_decision_that_was_cut_off_gets_its_order_by_its_timer() {
    let city = City::open().await;
    let session = city.session(&["500151-zhujian"]).await.unwrap();
    let id = session.name.trim_start_matches("buildingDays/").parse().unwrap();
    let order = civic::CaseId::from_bytes([9; 16]);
    let deciding = Deciding {
        text: city.cases.sealer().seal(order, "漏水"),
        category: String::new(),
        unit: "500151-zhujian".parse().unwrap(),
        due: NOW + Micros::DAY,
        work_order: order,
    };
    let command = Command::Decide(Box::new(deciding));
    let ask = casebook::Ask::<BuildingDay>::new(id, command, facts(NOW, person(leader()), 0));
    city.cases.execute(ask).await.unwrap();
    assert_eq!(city.fire_due().await, 1);
    assert_eq!(city.look(&format!("workOrders/{order}")).await.unit, "500151-zhujian");
    assert_eq!(city.fire_due().await, 0, "once");
}

fn reminder(id: &str) -> pb::RecordInterviewRequest {
    pb::RecordInterviewRequest {
        request_id: id.to_owned(),
        kind: pb::InterviewKind::Interview.into(),
        party: "某某信息技术有限公司".to_owned(),
        division_code: TOWN.to_owned(),
        text: "预付卡应用未备案，要求下架并退款".to_owned(),
        work_order: String::new(),
        follow_up: "退款完成".to_owned(),
        due_time: at(NOW + Micros::HOUR),
    }
}

#[tokio::test]
async fn an_interview_is_followed_up_and_overdue_when_its_date_comes_first() {
    let city = City::open().await;
    let order = city.ordinary().await;
    let record = pb::RecordInterviewRequest { work_order: order.clone(), ..reminder("i") };
    let interview = city.interview(&supervisor(), record).await.unwrap();
    assert_eq!((interview.done, interview.overdue, interview.work_order), (false, false, order));
    city.clock.advance(2 * Micros::HOUR);
    while city.fire_due().await > 0 {}
    let get = pb::GetInterviewRequest { name: interview.name.clone() };
    let late = city.interviews().get_interview(city.as_actor(&supervisor(), get)).await.unwrap().into_inner();
    assert!(late.overdue && !late.done);
    let follow = |id: &str, done, due| pb::FollowUpInterviewRequest {
        name: interview.name.clone(),
        request_id: id.to_owned(),
        text: "已退款八成".to_owned(),
        done,
        due_time: due,
    };
    let again = follow("again", false, at(NOW + Micros::DAY));
    let again = city.interviews().follow_up_interview(city.as_actor(&supervisor(), again)).await.unwrap().into_inner();
    assert!(!again.overdue && !again.done && again.due_time == at(NOW + Micros::DAY));
    let done = follow("done", true, None);
    let done = city.interviews().follow_up_interview(city.as_actor(&supervisor(), done)).await.unwrap().into_inner();
    assert!(done.done && done.result == "已退款八成");
    let over = follow("over", true, None);
    let refused = problem_of(city.interviews().follow_up_interview(city.as_actor(&supervisor(), over)).await);
    assert_eq!(refused.unwrap_err().reason, "STATE_REFUSES");
    for (request, reason, field) in [
        (pb::RecordInterviewRequest { kind: 0, ..reminder("a") }, "INTERVIEW_KIND_UNKNOWN", "kind"),
        (pb::RecordInterviewRequest { party: String::new(), ..reminder("b") }, "NAME_MISSING", "party"),
        (pb::RecordInterviewRequest { due_time: None, ..reminder("c") }, "DUE_INVALID", "dueTime"),
        (pb::RecordInterviewRequest { due_time: at(NOW), ..reminder("d") }, "DUE_NOT_LATER", "dueTime"),
        (
            pb::RecordInterviewRequest { work_order: "workOrders/00000000000000000000000000".into(), ..reminder("e") },
            "WORK_ORDER_UNKNOWN",
            "workOrder",
        ),
    ] {
        let refused = city.interview(&supervisor(), request).await.unwrap_err();
        assert_eq!((refused.reason.as_str(), refused.fields[0].path.as_str()), (reason, field));
    }
    let worker = Actor::member(Role::GridWorker, "w", TOWN.parse().unwrap());
    assert_eq!(city.interview(&worker, reminder("f")).await.unwrap_err().reason, "ROLE_DENIED");
}

/// Domain, lines not crossed: 10. A record names a person; the place's scope alone does not open it.
#[tokio::test]
async fn whom_an_interview_was_with_is_for_those_who_hold_interviews_there() {
    let city = City::open().await;
    let section = Actor::member(Role::DepartmentHandler, "h", crate::city::SECTION.parse().unwrap());
    let record = pb::RecordInterviewRequest { party: "王建国".to_owned(), ..reminder("i") };
    let recorded = city.interview(&section, pb::RecordInterviewRequest { ..record.clone() }).await;
    assert_eq!(recorded.unwrap().party, "王建国");
    let about_village =
        pb::RecordInterviewRequest { request_id: "v".to_owned(), division_code: VILLAGE.to_owned(), ..record };
    city.interview(&supervisor(), about_village).await.unwrap();
    let list = |who: &Actor| city.as_actor(who, pb::ListInterviewsRequest::default());
    for who in [supervisor(), leader(), Actor::member(Role::TownDispatcher, "d", TOWN.parse().unwrap())] {
        let whole = city.interviews().list_interviews(list(&who)).await.unwrap().into_inner().interviews;
        assert_eq!(whole.len(), 2, "{}", who.role);
        assert!(whole.iter().all(|one| one.party == "王建国" && !one.text.is_empty() && !one.follow_up.is_empty()));
    }
    let own = city.interviews().list_interviews(list(&section)).await.unwrap().into_inner().interviews;
    assert_eq!(own.iter().map(|one| one.party.as_str()).collect::<Vec<_>>(), ["王建国"]);
    let desk = Actor::member(Role::VillageDesk, "v", VILLAGE.parse().unwrap());
    let hotline = Actor::member(Role::Integrator, "i", "50-rexian".parse().unwrap());
    for (who, seen) in [(desk, 1), (hotline, 0)] {
        let masked = city.interviews().list_interviews(list(&who)).await.unwrap().into_inner().interviews;
        assert_eq!(masked.len(), seen, "{}", who.role);
        for one in masked {
            let get = city.as_actor(&who, pb::GetInterviewRequest { name: one.name.clone() });
            assert_eq!(city.interviews().get_interview(get).await.unwrap().into_inner(), one);
            assert_eq!((one.party.as_str(), one.text.as_str(), one.follow_up.as_str()), ("王*", "", ""));
            assert!(one.due_time.is_some(), "what is due is no secret");
        }
    }
}

fn force(id: &str) -> pb::FormTaskForceRequest {
    pb::FormTaskForceRequest {
        request_id: id.to_owned(),
        title: "预付卡应用整治专班".to_owned(),
        purpose: "查清退款".to_owned(),
        division_code: "500151".to_owned(),
        lead: "500151-shichang".to_owned(),
        units: vec!["500151-gongan".to_owned(), "500151-wangxin".to_owned()],
        end_date: "2026-11-30".to_owned(),
        milestones: vec![
            pb::PlanMilestone { title: "下架".to_owned(), due_time: at(NOW + Micros::HOUR), ..Default::default() },
            pb::PlanMilestone {
                title: "退款".to_owned(), due_time: at(NOW + 5 * Micros::HOUR), ..Default::default()
            },
        ],
    }
}

#[tokio::test]
async fn a_task_force_holds_marked_orders_warns_when_it_is_behind_and_ends_with_its_matters() {
    let city = City::open().await;
    let formed = city.form(force("f")).await.unwrap();
    assert!(formed.active && !formed.behind);
    let order = city.ordinary().await;
    let hold = |id: &str, order: &str| {
        let request =
            pb::HoldOrderRequest { name: formed.name.clone(), request_id: id.to_owned(), work_order: order.to_owned() };
        city.as_actor(&leader(), request)
    };
    let unmarked = problem_of(city.task_forces().hold_order(hold("h", &order)).await).unwrap_err();
    assert_eq!((unmarked.reason.as_str(), unmarked.fields[0].path.as_str()), ("NOT_MARKED", "workOrder"));
    let supervise = pb::SuperviseWorkOrderRequest {
        name: order.clone(),
        request_id: "s".to_owned(),
        text: "挂牌督办".to_owned(),
        limit: Some(pb::Limit { amount: 4, unit: "hour".to_owned() }),
        marked: true,
        ..Default::default()
    };
    city.cooperation().supervise_work_order(city.as_actor(&supervisor(), supervise)).await.unwrap();
    let held = problem_of(city.task_forces().hold_order(hold("h1", &order)).await).unwrap();
    assert_eq!(held.work_orders, std::slice::from_ref(&order));
    let twice = problem_of(city.task_forces().hold_order(hold("h2", &order)).await).unwrap_err();
    assert_eq!(twice.reason, "HELD_ALREADY");
    city.clock.advance(2 * Micros::HOUR);
    while city.fire_due().await > 0 {}
    let get = || city.as_actor(&leader(), pb::GetTaskForceRequest { name: formed.name.clone() });
    let behind = city.task_forces().get_task_force(get()).await.unwrap().into_inner();
    assert_eq!((behind.behind, behind.milestones[0].missed, behind.milestones[1].missed), (true, true, false));
    let reach =
        |n: i32| pb::ReachMilestoneRequest { name: formed.name.clone(), request_id: format!("r{n}"), milestone: n };
    let lead = Actor::member(Role::DepartmentHandler, "h", "500151-shichang".parse().unwrap());
    let reached = problem_of(city.task_forces().reach_milestone(city.as_actor(&lead, reach(1))).await).unwrap();
    assert!(!reached.behind && reached.milestones[0].reached && reached.milestones[0].missed);
    let none = problem_of(city.task_forces().reach_milestone(city.as_actor(&lead, reach(3))).await).unwrap_err();
    assert_eq!((none.reason.as_str(), none.fields[0].path.as_str()), ("MILESTONES_INVALID", "milestone"));
    let dissolve = |id: &str| {
        let request =
            pb::DissolveTaskForceRequest {
                name: formed.name.clone(), request_id: id.into(), result: "已办结".into()
            };
        city.as_actor(&leader(), request)
    };
    let open = problem_of(city.task_forces().dissolve_task_force(dissolve("d")).await).unwrap_err();
    assert_eq!((open.code, open.reason.as_str()), (Code::Refused, "ORDERS_OPEN"));
    let cancel = pb::CancelWorkOrderRequest {
        name: order,
        request_id: "c".into(),
        reason: "已解决".into(),
        ..Default::default()
    };
    city.client().cancel_work_order(city.by_dispatcher(cancel)).await.unwrap();
    let ended = problem_of(city.task_forces().dissolve_task_force(dissolve("d2")).await).unwrap();
    assert_eq!((ended.active, ended.result.as_str()), (false, "已办结"));
    assert_eq!(
        problem_of(city.task_forces().dissolve_task_force(dissolve("d3")).await).unwrap_err().reason,
        "STATE_REFUSES"
    );
}

#[tokio::test]
async fn a_task_force_without_an_end_or_a_known_lead_is_refused() {
    let city = City::open().await;
    let change = |change: fn(&mut pb::FormTaskForceRequest)| {
        let mut request = force("f");
        change(&mut request);
        request
    };
    for (request, reason, field) in [
        (change(|r| r.end_date.clear()), "END_MISSING", "endDate"),
        (change(|r| r.end_date = "2026-11-21".into()), "END_NOT_LATER", "endDate"),
        (change(|r| r.lead = "500151-nobody".into()), "UNIT_UNKNOWN", "lead"),
        (change(|r| r.units.clear()), "UNITS_INVALID", "units"),
        (change(|r| r.title.clear()), "NAME_MISSING", "title"),
        (change(|r| r.milestones.reverse()), "MILESTONES_INVALID", "milestones"),
        (change(|r| r.division_code = "500109".into()), "PLACE_OUT_OF_REACH", "divisionCode"),
    ] {
        let refused = city.form(request).await.unwrap_err();
        assert_eq!((refused.reason.as_str(), refused.fields[0].path.as_str()), (reason, field));
    }
}
