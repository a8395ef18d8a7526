//! Emergencies: the table of the module, the plans that are refused, and the rpcs.

use casebook::Case as _;
use civic::{Actor, CaseId, Micros, Private, Role};
use dispatch::catalog::{Catalog, Plans};
use dispatch::domain::emergency::{
    Action, Command, Emergency, Facts, Opening, Party, Planned, Refusal, State, Step, Verb, id_of,
};
use mesh::{Channel, Code, Problem};
use proptest::prelude::*;
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::emergencies_client::EmergenciesClient;
use proto::dispatch::v1::stored::EmergencyEvent;
use proto::events::v1::public_event::Event as Public;
use proto::events::v1::{Envelope, PublicEvent, ReportFiled, StreamEventsRequest};

use crate::city::{City, TOWN, code_and_reason, refusal};
use crate::world::{NOW, person, view};

const VILLAGE: &str = "500151001001";
const GRID: &str = "500151001001-wangge";
const DOCTOR: &str = "500151001-weisheng";
const HEALTH: &str = "500151-weijian";
const DEVICE: i32 = 7;
const MEDICAL: &str = "0411";

fn sealed(text: &str) -> Private<String> {
    Private::from_sealed(text.as_bytes().to_vec())
}

fn party(unit: &str) -> Party {
    Party { unit: unit.parse().unwrap(), unit_name: format!("单位{unit}"), role: None }
}

fn planned(name: &str, after: &[&str], chain: &[&str], minutes: u32) -> Planned {
    Planned {
        name: name.to_owned(),
        text: "到场".to_owned(),
        after: after.iter().map(|step| (*step).to_owned()).collect(),
        chain: chain.iter().map(|unit| party(unit)).collect(),
        minutes,
    }
}

/// Two at once, one after the first, one that has nobody to call and one behind it.
pub(crate) fn opening() -> Opening {
    Opening {
        work_order: crate::world::REPORT.to_owned(),
        plan: "medical".to_owned(),
        plan_version: "p".to_owned(),
        plan_name: "急救".to_owned(),
        category: MEDICAL.to_owned(),
        category_name: "突发疾病急救".to_owned(),
        place: view().place(&VILLAGE.parse().unwrap()).unwrap(),
        tree_version: "t".to_owned(),
        alarm: true,
        actions: vec![
            planned("grid", &[], &[GRID, VILLAGE, TOWN], 2),
            planned("doctor", &[], &[DOCTOR, HEALTH], 3),
            planned("family", &["grid"], &[VILLAGE], 10),
            planned("nobody", &[], &[], 1),
            planned("later", &["nobody", "doctor"], &[TOWN], 5),
        ],
        owner: "test".to_owned(),
    }
}

pub(crate) fn facts_of(now: Micros, author: dispatch::domain::work_order::Author) -> Facts {
    Facts { now, author, view: view().clone(), root: "50".parse().unwrap() }
}

/// An emergency with its history.
#[derive(Debug, Clone)]
struct Told {
    emergency: Emergency,
    events: Vec<EmergencyEvent>,
    now: Micros,
}

impl Told {
    fn opened() -> Self {
        let command = Command::Open(Box::new(opening()));
        let facts = facts_of(NOW, dispatch::domain::work_order::Author::Report);
        let events = Emergency::decide(None, &command, &facts).unwrap();
        let emergency = Emergency::evolve(None, &events[0]).unwrap();
        Self { emergency, events, now: NOW }
    }

    fn take(&mut self, command: &Command, author: dispatch::domain::work_order::Author) -> Result<usize, Refusal> {
        let events = Emergency::decide(Some(&self.emergency), command, &facts_of(self.now, author))?;
        for event in &events {
            assert!(Emergency::legal(Some(&self.emergency), event), "{event:?} in {:?}", self.emergency);
            self.emergency = Emergency::evolve(Some(self.emergency.clone()), event).unwrap();
        }
        self.events.extend(events.iter().cloned());
        Ok(events.len())
    }

    fn step(&mut self, role: Role, unit: &str, step: Step<Private<String>>) -> Result<usize, Refusal> {
        let actor = Actor::member(role, "p", unit.parse().unwrap());
        self.take(&Command::Step { step, note: None }, person(actor))
    }

    fn take_by_doctor(&mut self, verb: Verb) {
        assert_eq!(self.step(Role::DepartmentHandler, DOCTOR, step(verb, "doctor")), Ok(1));
    }

    fn fire(&mut self, later: Micros) -> usize {
        self.now = later;
        self.take(&Command::Fire, dispatch::domain::work_order::Author::Timer).unwrap()
    }

    fn action(&self, name: &str) -> &Action {
        self.emergency.action(name).unwrap()
    }

    fn called(&self, name: &str) -> Vec<String> {
        self.action(name).called().map(|party| party.unit.to_string()).collect()
    }
}

/// A life with every event in it.
pub(crate) fn life() -> Vec<EmergencyEvent> {
    let mut told = Told::opened();
    told.fire(NOW + 2 * Micros::MINUTE);
    told.step(Role::VillageDesk, VILLAGE, step(Verb::Acknowledge, "grid")).unwrap();
    told.step(Role::VillageDesk, VILLAGE, step(Verb::Report, "grid")).unwrap();
    told.step(Role::VillageDesk, VILLAGE, step(Verb::Done, "grid")).unwrap();
    told.step(Role::TownDispatcher, TOWN, step(Verb::Call, "doctor")).unwrap();
    told.step(Role::TownDispatcher, TOWN, step(Verb::End, "")).unwrap();
    told.events
}

fn step(verb: Verb, action: &str) -> Step<Private<String>> {
    let action = action.to_owned();
    match verb {
        Verb::Acknowledge => Step::Acknowledge { action },
        Verb::Report => Step::Report { action, text: sealed("text") },
        Verb::Done => Step::Done { action, result: sealed("result") },
        Verb::Call => {
            Step::Call { action, unit: "500151-minzheng".parse().unwrap(), unit_name: "民政局".to_owned() }
        }
        Verb::End => Step::End { result: sealed("result") },
    }
}

/// By somebody who may.
fn by_right(verb: Verb) -> (Role, &'static str) {
    match verb {
        Verb::Acknowledge | Verb::Report | Verb::Done => (Role::DepartmentHandler, DOCTOR),
        Verb::Call | Verb::End => (Role::TownDispatcher, TOWN),
    }
}

/// The action "doctor" in each standing.
fn in_state(state: State) -> Told {
    let mut told = Told::opened();
    match state {
        State::Called => {}
        State::Waiting => panic!("the doctor never waits"),
        State::Unanswered => {
            told.fire(NOW + 3 * Micros::MINUTE);
            told.fire(NOW + 6 * Micros::MINUTE);
        }
        State::Acknowledged => told.take_by_doctor(Verb::Acknowledge),
        State::Done => told.take_by_doctor(Verb::Done),
    }
    assert_eq!(told.action("doctor").state(), state);
    told
}

/// Verb, from, to, from the module's documentation.
fn table() -> Vec<(Verb, Vec<State>, String)> {
    let source = include_str!("../../src/domain/emergency.rs");
    let rows =
        source.lines().filter_map(|line| line.strip_prefix("//! ")).filter(|line| line.matches('|').count() == 3);
    let state = |name: &str| *State::ALL.iter().find(|state| state.as_str() == name.trim()).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let verb = *Verb::ALL.iter().find(|verb| verb.as_str() == cells[0]).unwrap();
        (verb, cells[1].split(',').map(state).collect(), cells[2].to_owned())
    };
    rows.filter(|line| !line.starts_with("verb ")).map(row).collect()
}

#[test]
fn every_pair_of_standing_and_verb_does_what_the_table_says() {
    let table = table();
    assert_eq!(table.len(), Verb::ALL.len());
    for (verb, from, to) in table {
        assert_eq!(from, verb.leads_from(), "{}", verb.as_str());
        for state in [State::Called, State::Unanswered, State::Acknowledged, State::Done] {
            let mut told = in_state(state);
            let before = told.emergency.clone();
            let (role, unit) = by_right(verb);
            let taken = told.step(role, unit, step(verb, "doctor"));
            let what = format!("{} from {}", verb.as_str(), state.as_str());
            if !from.contains(&state) {
                assert_eq!(taken.unwrap_err().reason(), "ACTION_STATE_REFUSES", "{what}");
                assert_eq!(told.emergency, before, "{what}: nothing changed");
                continue;
            }
            assert_eq!(taken, Ok(1), "{what}");
            let after = told.action("doctor").state();
            assert_eq!(if to == "as it was" { state.as_str() } else { &to }, after.as_str(), "{what}");
            assert_eq!(told.emergency.is_running(), verb != Verb::End);
        }
        let mut waiting = Told::opened();
        let (role, unit) = by_right(verb);
        let refused = waiting.step(role, unit, step(verb, "family"));
        assert_eq!(refused.is_ok(), verb == Verb::End, "{} from waiting", verb.as_str());
    }
}

#[test]
fn what_is_over_takes_no_step_and_calls_nobody() {
    for verb in Verb::ALL {
        let mut told = Told::opened();
        told.step(Role::TownDispatcher, TOWN, step(Verb::End, "")).unwrap();
        let (role, unit) = by_right(verb);
        assert_eq!(told.step(role, unit, step(verb, "doctor")), Err(Refusal::Ended));
        assert!(told.emergency.timers().is_empty());
        assert_eq!(told.fire(NOW + Micros::DAY), 0);
        assert_eq!(told.take(&Command::Open(Box::new(opening())), dispatch::domain::work_order::Author::Report), Ok(0));
    }
    let author = dispatch::domain::work_order::Author::Timer;
    assert_eq!(Emergency::decide(None, &Command::Fire, &facts_of(NOW, author)), Err(Refusal::NotOpened));
}

#[test]
fn steps_begin_together_and_those_behind_others_wait_for_them() {
    let mut told = Told::opened();
    assert_eq!((told.called("grid"), told.called("doctor")), (vec![GRID.to_owned()], vec![DOCTOR.to_owned()]));
    assert_eq!(told.action("nobody").state(), State::Unanswered, "whoever cannot be called is told of at once");
    assert_eq!(told.action("later").state(), State::Waiting, "the doctor is not there yet");
    assert!(told.emergency.index().flagged);
    told.step(Role::GridWorker, GRID, step(Verb::Done, "grid")).unwrap();
    assert_eq!(told.action("family").state(), State::Called);
    told.step(Role::DepartmentHandler, DOCTOR, step(Verb::Done, "doctor")).unwrap();
    assert_eq!(told.called("later"), [TOWN], "an action that nobody answered for does not hold up the rest");
}

#[test]
fn a_silent_party_is_followed_by_the_next_and_the_last_by_the_dispatcher() {
    let mut told = Told::opened();
    assert_eq!(told.fire(NOW + 2 * Micros::MINUTE - 1), 0, "never early");
    assert_eq!(told.fire(NOW + 2 * Micros::MINUTE), 1);
    assert_eq!(told.called("grid"), [GRID, VILLAGE]);
    assert_eq!(told.fire(NOW + 2 * Micros::MINUTE), 0, "once");
    // Everybody who was called may still take it on, the first as well.
    let mut late = told.clone();
    late.step(Role::GridWorker, GRID, step(Verb::Acknowledge, "grid")).unwrap();
    assert_eq!(late.step(Role::VillageDesk, VILLAGE, step(Verb::Done, "grid")).unwrap_err().reason(), "NOT_CALLED");
    told.fire(NOW + 4 * Micros::MINUTE);
    told.fire(NOW + 6 * Micros::MINUTE);
    assert_eq!((told.action("grid").state(), told.called("grid").len()), (State::Unanswered, 3));
    let last = Emergency::publish(CaseId::from_bytes([1; 16]), told.events.last().unwrap()).unwrap().1;
    let Some(Public::EmergencyChanged(changed)) =
        <PublicEvent as prost::Message>::decode(last.as_slice()).unwrap().event
    else {
        panic!("it is an emergency's")
    };
    assert!(changed.unanswered.contains(&"grid".to_owned()), "{changed:?}");
    assert_eq!(changed.centre, TOWN, "the dispatchers of the owning tier are told");
    told.step(Role::TownDispatcher, TOWN, step(Verb::Call, "grid")).unwrap();
    assert_eq!(told.called("grid").last().unwrap(), "500151-minzheng");
    let again = told.step(Role::TownDispatcher, TOWN, step(Verb::Call, "grid"));
    assert_eq!(again.unwrap_err().reason(), "UNIT_CALLED_ALREADY");
}

#[test]
fn who_may_do_what_is_refused_by_role_place_and_call() {
    let refused = |role, unit: &str, verb| Told::opened().step(role, unit, step(verb, "doctor")).unwrap_err().reason();
    assert_eq!(refused(Role::Citizen, DOCTOR, Verb::Acknowledge), "ROLE_DENIED");
    assert_eq!(refused(Role::DepartmentHandler, HEALTH, Verb::Acknowledge), "NOT_CALLED");
    assert_eq!(refused(Role::DistrictDispatcher, "500151", Verb::End), "ROLE_DENIED");
    assert_eq!(refused(Role::TownDispatcher, "500151002", Verb::End), "UNIT_DENIED");
    assert_eq!(
        Told::opened().step(Role::GridWorker, GRID, step(Verb::Done, "x")).unwrap_err().reason(),
        "ACTION_UNKNOWN"
    );
    let far =
        Step::Call { action: "doctor".to_owned(), unit: "500152-weijian".parse().unwrap(), unit_name: String::new() };
    assert_eq!(Told::opened().step(Role::TownDispatcher, TOWN, far).unwrap_err().reason(), "UNIT_OUT_OF_REACH");
}

#[test]
fn a_party_with_a_role_is_answered_for_by_that_role_only() {
    let mut opening = opening();
    opening.actions[0].chain[0].role = Some(Role::GridWorker);
    let facts = facts_of(NOW, dispatch::domain::work_order::Author::Report);
    let events = Emergency::decide(None, &Command::Open(Box::new(opening)), &facts).unwrap();
    let emergency = Emergency::evolve(None, &events[0]).unwrap();
    let mut told = Told { emergency, events, now: NOW };
    let leader = told.step(Role::GridLeader, GRID, step(Verb::Acknowledge, "grid"));
    assert_eq!(leader.unwrap_err().reason(), "NOT_CALLED");
    told.step(Role::GridWorker, GRID, step(Verb::Acknowledge, "grid")).unwrap();
}

const PLANS: &str = "plan,name_zh,categories,place,text_zh\n";
const STEPS: &str = "plan,step,after,chain,minutes,text_zh\n";

fn reason(plans: &str, steps: &str) -> Option<(&'static str, &'static str)> {
    let read = Plans::parse("v", &format!("{PLANS}{plans}"), &format!("{STEPS}{steps}"));
    let checked = read.and_then(|plans| plans.check(&Catalog::builtin(), view()));
    checked.err().map(|error| dispatch::catalog::plans::fault_of(&error))
}

#[test]
fn a_plan_that_could_not_be_carried_out_is_refused_by_field_and_reason() {
    const P: &str = "p,预案,0411,,x\n";
    let bad = [
        (P, "p,s,,pilot@town/,5,做\n", ("steps", "ROLE_UNKNOWN")),
        (P, "p,s,,citizen@town/,5,做\n", ("steps", "ROLE_UNKNOWN")),
        (P, "p,s,,town/nosuch,5,做\n", ("steps", "UNIT_UNKNOWN")),
        (P, "p,s,,village/weisheng,5,做\n", ("steps", "UNIT_UNKNOWN")),
        (P, "p,s,,town,5,做\n", ("steps", "UNIT_UNKNOWN")),
        (P, "p,s,,town/ > district/ > town/,5,做\n", ("steps", "FALLBACK_LOOP")),
        (P, "p,a,b,town/,5,做\np,b,a,town/,5,做\n", ("steps", "STEP_LOOP")),
        (P, "p,a,a,town/,5,做\n", ("steps", "STEP_LOOP")),
        (P, "p,a,c,town/,5,做\n", ("steps", "PLAN_INVALID")),
        (P, "p,s,,town/,5,\n", ("steps", "STEP_EMPTY")),
        (P, "p,s,,,5,做\n", ("steps", "STEP_EMPTY")),
        (P, "", ("plans", "STEP_EMPTY")),
        (P, "p,s,,town/,0,做\n", ("steps", "LIMIT_INVALID")),
        (P, "p,s,,town/,1441,做\n", ("steps", "LIMIT_INVALID")),
        (P, "p,s,,town/,x,做\n", ("steps", "LIMIT_INVALID")),
        (P, "q,s,,town/,5,做\n", ("steps", "PLAN_INVALID")),
        (P, "p,s,,town/,5,做\np,s,,town/,5,做\n", ("steps", "PLAN_INVALID")),
        ("p,预案,9999,,x\n", "p,s,,town/,5,做\n", ("plans", "CATEGORY_UNKNOWN")),
        ("p,预案,0411,500112,x\n", "p,s,,town/,5,做\n", ("plans", "DIVISION_UNKNOWN")),
        ("P,预案,0411,,x\n", "", ("plans", "PLAN_INVALID")),
        ("p,,0411,,x\n", "", ("plans", "PLAN_INVALID")),
        ("p,预案,0411,,x\nq,预案,0411,,x\n", "p,s,,town/,5,做\nq,s,,town/,5,做\n", ("plans", "PLAN_INVALID")),
    ];
    for (plans, steps, expected) in bad {
        assert_eq!(reason(plans, steps), Some(expected), "{plans}{steps}");
    }
    assert_eq!(reason(P, "p,s,,liaison@town/ > town/,5,做\n"), None);
}

#[test]
fn the_shipped_plans_are_whole_and_the_narrowest_is_taken() {
    let plans = Plans::builtin();
    plans.check(&Catalog::builtin(), view()).unwrap();
    let village = VILLAGE.parse().unwrap();
    for (category, plan) in [("0411", "medical"), ("0403", "flood"), ("0401", "high-rise-fire"), ("0408", "gas-leak")] {
        let found = plans.find(category, &village, view()).unwrap();
        assert_eq!(found.code, plan);
        let root = "50".parse().unwrap();
        for step in &found.steps {
            let catalog = Catalog::builtin();
            let units: Vec<_> = step.chain.iter().filter_map(|party| party.code(&village, view(), &root)).collect();
            assert_eq!(units.len(), step.chain.len(), "{plan} {}", step.step);
            assert!(units.iter().all(|unit| catalog.unit(unit.as_str(), view()).is_ok()), "{plan} {}", step.step);
        }
    }
    assert!(plans.find("0612", &village, view()).is_none());
    let two = "wide,广,0411,,x\nnarrow,窄,0411,500151001,x\n";
    let steps = "wide,s,,town/,5,做\nnarrow,s,,town/,5,做\n";
    let plans = Plans::parse("v", &format!("{PLANS}{two}"), &format!("{STEPS}{steps}")).unwrap();
    assert_eq!(plans.find("0411", &village, view()).unwrap().code, "narrow");
    assert_eq!(plans.find("0411", &"500151002".parse().unwrap(), view()).unwrap().code, "wide");
}

/// One operation: verb or timer, who, which action, after how many seconds.
type Op = (u8, u8, u8, u8);

const PEOPLE: [(Role, &str); 7] = [
    (Role::GridWorker, GRID),
    (Role::VillageDesk, VILLAGE),
    (Role::TownDispatcher, TOWN),
    (Role::DepartmentHandler, DOCTOR),
    (Role::DepartmentHandler, HEALTH),
    (Role::DistrictDispatcher, "500151"),
    (Role::Citizen, GRID),
];

fn random(ops: &[Op]) -> Result<(), TestCaseError> {
    let mut told = Told::opened();
    for (what, who, which, seconds) in ops {
        told.now = told.now + i64::from(*seconds) * Micros::SECOND;
        let before = told.emergency.clone();
        let names = ["grid", "doctor", "family", "nobody", "later", "unknown"];
        let name = names[usize::from(*which) % names.len()];
        let taken = match what % 8 {
            0..=4 => {
                let (role, unit) = PEOPLE[usize::from(*who) % PEOPLE.len()];
                let verb = Verb::ALL[usize::from(*what % 8)];
                // Ending is rare, or histories would be short.
                if verb == Verb::End && seconds % 16 != 0 { Ok(0) } else { told.step(role, unit, step(verb, name)) }
            }
            5..=7 => Ok(told.fire(told.now)),
            _ => unreachable!(),
        };
        if taken.is_err() {
            prop_assert_eq!(&told.emergency, &before, "a refusal changes nothing");
        }
        check(&told)?;
        // Later steps cannot be earlier.
        prop_assert!(told.emergency.head.updated >= before.head.updated);
    }
    let replayed = told.events.iter().fold(None, Emergency::evolve);
    prop_assert_eq!(replayed.as_ref(), Some(&told.emergency), "the events give the state");
    Ok(())
}

/// What holds after every step.
fn check(told: &Told) -> Result<(), TestCaseError> {
    let emergency = &told.emergency;
    for action in &emergency.actions {
        let called: Vec<_> = action.calls.iter().map(|call| call.party).collect();
        prop_assert!(called.windows(2).all(|pair| pair[0] < pair[1]), "each party is called once, in order");
        prop_assert!(action.calls.iter().all(|call| call.due > call.at));
        let over = |name: &String| {
            matches!(emergency.action(name).unwrap().state(), State::Done | State::Unanswered)
                || !action.calls.is_empty()
        };
        prop_assert!(
            action.state() == State::Waiting || action.after.iter().all(over),
            "{} began too early",
            action.name
        );
        if action.state() == State::Unanswered {
            prop_assert_eq!(action.calls.len(), action.chain.len(), "nobody in the chain was left out");
        }
    }
    let open = emergency.actions.iter().any(|action| action.state() == State::Called);
    prop_assert_eq!(!emergency.timers().is_empty(), open && emergency.is_running(), "a call always has its timer");
    // Whatever is due has been told once a timer has fired.
    Ok(())
}

#[test]
fn random_histories_keep_every_call_alive_and_replay_to_the_same_state() {
    let seed = testkit::Seed::from_env();
    let config = ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() };
    let rng = proptest::test_runner::TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &seed.bytes());
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(config, rng);
    let strategy = prop::collection::vec(any::<Op>(), 1..50);
    if let Err(wrong) = runner.run(&strategy, |ops| random(&ops)) {
        panic!("{wrong}");
    }
}

impl City {
    fn emergencies(&self) -> EmergenciesClient<Channel> {
        EmergenciesClient::new(self.channel())
    }

    /// As intake tells of it, through the consumer's own hand; answers with the emergency's name when there is one.
    async fn told(&self, report: &ReportFiled) -> Option<String> {
        let data = PublicEvent { event: Some(Public::ReportFiled(report.clone())) };
        let data = prost::Message::encode_to_vec(&data).into();
        let envelope = Envelope { data, ..Envelope::default() };
        assert!(self.service.effects().effect(&envelope).unwrap().is_some(), "an order at the least");
        self.open_order(report.clone()).await;
        let alarm = self.service.app().alarm(report, "")?;
        let id = self.cases.execute::<Emergency>(alarm).await.unwrap().id;
        Some(format!("emergencies/{id}"))
    }

    fn alarm(&self, category: &str, channel: i32) -> ReportFiled {
        ReportFiled { channel, ..self.report(category, VILLAGE) }
    }
}

fn acknowledge(name: &str, action: &str, request_id: &str) -> pb::AcknowledgeActionRequest {
    pb::AcknowledgeActionRequest {
        name: name.to_owned(),
        request_id: request_id.to_owned(),
        action: action.to_owned(),
        ..pb::AcknowledgeActionRequest::default()
    }
}

#[tokio::test]
async fn an_alarm_or_level_one_starts_the_plan_and_nothing_else_does() {
    let city = City::open().await;
    let plans = "plan,name_zh,categories,place,text_zh\nlight,路灯,0612,,x\n";
    let steps = "plan,step,after,chain,minutes,text_zh\nlight,look,,town/,5,看\n";
    city.service.app().replace_plans(Plans::parse("p2", plans, steps).unwrap());
    assert_eq!(city.told(&city.alarm("0612", 2)).await, None, "an ordinary report of a kind that has a plan");
    let alarm = city.alarm("0612", DEVICE);
    let name = city.told(&alarm).await.unwrap();
    assert_eq!(city.told(&alarm).await, Some(name.clone()), "the same message twice is the same emergency");
    let urgent = ReportFiled { urgency: 1, ..city.alarm("0612", 2) };
    assert!(city.told(&urgent).await.is_some());
    assert_eq!(city.told(&city.alarm("0101", DEVICE)).await, None, "no plan is for its kind");
    let request = city.by_dispatcher(pb::GetEmergencyRequest { name: name.clone() });
    let found = city.emergencies().get_emergency(request).await.unwrap().into_inner();
    assert_eq!((found.etag.as_str(), found.plan_version.as_str(), found.alarm), ("1", "p2", true));
    let report: CaseId = alarm.report.parse().unwrap();
    assert_eq!(name, format!("emergencies/{}", id_of(report)));
    assert_eq!(found.work_order, format!("workOrders/{report}"));
    let first = pb::ListEmergenciesRequest { page_size: 1, ..Default::default() };
    let listed = city.emergencies().list_emergencies(city.by_dispatcher(first)).await.unwrap().into_inner();
    assert_eq!((listed.emergencies.len(), listed.next_page_token.is_empty()), (1, false));
    let next = pb::ListEmergenciesRequest { page_size: 1, page_token: listed.next_page_token, ..Default::default() };
    let next = city.emergencies().list_emergencies(city.by_dispatcher(next)).await.unwrap().into_inner();
    assert_eq!((next.emergencies.len(), next.next_page_token.is_empty()), (1, true));
    let elsewhere = city.by(Role::TownDispatcher, "500151002", pb::GetEmergencyRequest { name });
    assert_eq!(refusal(city.emergencies().get_emergency(elsewhere).await).code, Code::NotFound);
}

#[tokio::test]
async fn a_called_unit_hears_of_its_call_on_its_stream_and_takes_it_on_once() {
    let city = City::open().await;
    let stream = city.by(Role::DepartmentHandler, HEALTH, StreamEventsRequest::default());
    let mut stream = city.events_client().stream_events(stream).await.unwrap().into_inner();
    let name = city.told(&city.alarm(MEDICAL, DEVICE)).await.unwrap();
    city.clock.advance(2 * Micros::MINUTE);
    let fired = city.fire_due().await;
    assert!(fired >= 1, "the emergency's timer and none of the order's");
    let event = stream.message().await.unwrap().unwrap();
    let Some(Public::EmergencyChanged(changed)) = event.data.unwrap().event else {
        panic!("not the order's: it is not theirs")
    };
    assert!(changed.calls.iter().any(|call| call.unit == HEALTH && call.action == "doctor"), "{changed:?}");
    assert_eq!(event.subject, name);
    let health = |message| city.by(Role::DepartmentHandler, HEALTH, message);
    let mine = city.by(Role::DepartmentHandler, HEALTH, pb::ListEmergenciesRequest::default());
    let mine = city.emergencies().list_emergencies(mine).await.unwrap().into_inner().emergencies;
    assert_eq!(mine.iter().map(|found| &found.name).collect::<Vec<_>>(), [&name], "it is in the list of whom it calls");
    let taken =
        city.emergencies().acknowledge_action(health(acknowledge(&name, "doctor", "1"))).await.unwrap().into_inner();
    let again =
        city.emergencies().acknowledge_action(health(acknowledge(&name, "doctor", "1"))).await.unwrap().into_inner();
    assert_eq!(taken, again, "the same request has one effect");
    let other = refusal(city.emergencies().acknowledge_action(health(acknowledge(&name, "doctor", "2"))).await);
    assert_eq!(code_and_reason(&other), (Code::Refused, "ACTION_STATE_REFUSES"));
    let empty = pb::FinishActionRequest {
        name: name.clone(),
        request_id: "3".into(),
        action: "doctor".into(),
        ..Default::default()
    };
    let empty = refusal(city.emergencies().finish_action(health_finish(&city, empty)).await);
    assert_eq!(code_and_reason(&empty), (Code::Invalid, "RESULT_MISSING"));
    let stale = pb::AcknowledgeActionRequest { etag: "1".into(), ..acknowledge(&name, "traffic", "4") };
    let traffic = city.by(Role::DepartmentHandler, "500151-jiaojing", stale);
    let stale = refusal(city.emergencies().acknowledge_action(traffic).await);
    assert_eq!(code_and_reason(&stale), (Code::Conflict, "ETAG_STALE"));
}

fn health_finish<T>(city: &City, message: T) -> tonic::Request<T> {
    city.by(Role::DepartmentHandler, HEALTH, message)
}

fn load(version: &str, steps: &str) -> pb::LoadEmergencyPlansRequest {
    pb::LoadEmergencyPlansRequest {
        request_id: format!("{version} {}", steps.len()),
        version: version.to_owned(),
        plans: format!("{PLANS}p,预案,0411,,x\n"),
        steps: format!("{STEPS}{steps}"),
        note: "演练".to_owned(),
    }
}

#[tokio::test]
async fn plans_are_loaded_by_operators_and_pinned_by_what_runs() {
    let city = City::open().await;
    let operator = |message| city.by(Role::Operator, "50", message);
    let running = city.told(&city.alarm(MEDICAL, DEVICE)).await.unwrap();
    let bad: Problem = refusal(city.emergencies().load_emergency_plans(operator(load("a", "p,s,,town/,0,做\n"))).await);
    assert_eq!((bad.reason.as_str(), bad.fields[0].path.as_str()), ("LIMIT_INVALID", "steps"));
    let large = load("a", &format!("p,s,,town/,5,{}\n", "做".repeat(512 * 1024 / 3)));
    let large: Problem = refusal(city.emergencies().load_emergency_plans(operator(large)).await);
    assert_eq!((large.reason.as_str(), large.fields[0].path.as_str()), ("PLANS_TOO_LARGE", "steps"));
    let denied = city.by_dispatcher(load("a", "p,s,,town/,5,做\n"));
    assert_eq!(refusal(city.emergencies().load_emergency_plans(denied).await).reason, "ROLE_DENIED");
    let loaded =
        city.emergencies().load_emergency_plans(operator(load("a", "p,s,,town/,5,做\n"))).await.unwrap().into_inner();
    assert_eq!((loaded.version.as_str(), loaded.plans), ("a", 1));
    let taken = refusal(city.emergencies().load_emergency_plans(operator(load("a", "p,t,,town/,55,做\n"))).await);
    assert_eq!(code_and_reason(&taken), (Code::Conflict, "VERSION_TAKEN"));
    let ask = pb::ListEmergencyPlansRequest::default();
    let listed = city.emergencies().list_emergency_plans(city.by_dispatcher(ask)).await.unwrap().into_inner();
    assert_eq!((listed.in_force.as_str(), listed.emergency_plans[0].name.as_str()), ("a", "emergencyPlans/p"));
    let one = city.by_dispatcher(pb::GetEmergencyPlanRequest { name: "emergencyPlans/p".into() });
    assert_eq!(city.emergencies().get_emergency_plan(one).await.unwrap().into_inner().steps[0].minutes, 5);
    let gone = city.by_dispatcher(pb::GetEmergencyPlanRequest { name: "emergencyPlans/medical".into() });
    assert_eq!(refusal(city.emergencies().get_emergency_plan(gone).await).code, Code::NotFound);
    let old = city.by_dispatcher(pb::GetEmergencyRequest { name: running });
    assert_eq!(city.emergencies().get_emergency(old).await.unwrap().into_inner().plan_version, "plans-2026-11");
    let new = city.told(&city.alarm(MEDICAL, DEVICE)).await.unwrap();
    let new = city.by_dispatcher(pb::GetEmergencyRequest { name: new });
    assert_eq!(city.emergencies().get_emergency(new).await.unwrap().into_inner().plan_version, "a");
}
