//! Warnings: the tables of the modules, whom they go down to, and the rpcs.

use std::collections::BTreeSet;

use casebook::Case as _;
use civic::{Actor, CaseId, Micros, Private, Role};
use dispatch::domain::warning::place::{Calling, Command, Standing, WarningPlace};
use dispatch::domain::warning::{self, Facts, Issue, Level, Recipient, Refusal, Terms, Warning, recipients};
use dispatch::domain::work_order::Author;
use mesh::{Channel, Code, Problem};
use proptest::prelude::*;
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::stored::{WarningEvent, WarningPlaceEvent};
use proto::dispatch::v1::warnings_client::WarningsClient;
use tonic::{Request, Status};

use crate::city::{City, TOWN, code_and_reason, refusal};
use crate::world::{NOW, person, view};

const DISTRICT: &str = "500151";
const VILLAGE: &str = "500151001001";
const GRID: &str = "500151001001-wangge";
const TERMS: Terms =
    Terms { expires: Micros(NOW.0 + Micros::DAY), acknowledge_minutes: 10, answer_minutes: 60, calls: 3 };

fn sealed(text: &str) -> Private<String> {
    Private::from_sealed(text.as_bytes().to_vec())
}

fn facts(now: Micros, author: Author, in_force: bool) -> Facts {
    Facts { now, author, view: view().clone(), in_force }
}

fn by(role: Role, unit: &str) -> Author {
    person(Actor::member(role, "p", unit.parse().unwrap()))
}

fn recipient(level: Level) -> Recipient {
    let code = match level {
        Level::District => DISTRICT,
        Level::Town => TOWN,
        Level::Village | Level::Household => VILLAGE,
    };
    Recipient { level, code: code.parse().unwrap() }
}

fn call(level: Level) -> Command {
    let recipient = recipient(level);
    Command::Call(Box::new(Calling {
        warning: CaseId::from_bytes([7; 16]),
        place: view().place(&recipient.code).unwrap(),
        above: recipient.above(view()),
        recipient,
        terms: TERMS,
    }))
}

/// Who answers at a level.
fn own(level: Level) -> Author {
    match level {
        Level::District => by(Role::DistrictDispatcher, DISTRICT),
        Level::Town => by(Role::TownDispatcher, TOWN),
        Level::Village => by(Role::VillageDesk, VILLAGE),
        Level::Household => by(Role::GridWorker, GRID),
    }
}

fn answer() -> Command {
    Command::Answer { result: sealed("done"), reached: 300, unreached: 2 }
}

/// A place with its history.
#[derive(Debug, Clone)]
struct Told {
    place: WarningPlace,
    events: Vec<WarningPlaceEvent>,
}

impl Told {
    fn called(level: Level) -> Self {
        let events = WarningPlace::decide(None, &call(level), &facts(NOW, Author::Timer, true)).unwrap();
        Self { place: WarningPlace::evolve(None, &events[0]).unwrap(), events }
    }

    fn take(&mut self, command: &Command, facts: &Facts) -> Result<usize, Refusal> {
        let events = WarningPlace::decide(Some(&self.place), command, facts)?;
        for event in &events {
            assert!(WarningPlace::legal(Some(&self.place), event), "{event:?} in {:?}", self.place);
            self.place = WarningPlace::evolve(Some(self.place.clone()), event).unwrap();
        }
        self.events.extend(events.iter().cloned());
        Ok(events.len())
    }

    fn take_own(&mut self, command: &Command) {
        let level = self.place.level;
        assert_eq!(self.take(command, &facts(NOW, own(level), true)), Ok(1));
    }

    fn fire(&mut self, now: Micros) -> usize {
        self.take(&Command::Fire, &facts(now, Author::Timer, true)).unwrap()
    }
}

/// Lives with every event of a place in them, one after the other.
pub(crate) fn lives() -> Vec<Vec<WarningPlaceEvent>> {
    let mut heard = Told::called(Level::Household);
    heard.take(&Command::Acknowledge, &facts(NOW, own(Level::Household), true)).unwrap();
    heard.take(&answer(), &facts(NOW, own(Level::Household), true)).unwrap();
    let mut silent = Told::called(Level::Village);
    for minutes in [10, 20, 30] {
        silent.fire(NOW + minutes * Micros::MINUTE);
    }
    let mut over = Told::called(Level::Town);
    over.take(&Command::Fire, &facts(NOW + 10 * Micros::MINUTE, Author::Timer, false)).unwrap();
    vec![heard.events, silent.events, over.events]
}

/// Lives of a warning: lifted, and run out.
pub(crate) fn warnings() -> Vec<Vec<WarningEvent>> {
    let end = [(warning::Command::Lift { reason: sealed("雨停") }, NOW), (warning::Command::Expire, TERMS.expires)];
    end.map(|(end, now)| {
        let mut state = None;
        let mut told = Vec::new();
        let commands = [issue(DISTRICT, &[TOWN]), warning::Command::Spread { upto: 5 }, end];
        for command in commands {
            let author = by(Role::DistrictDispatcher, DISTRICT);
            for event in Warning::decide(state.as_ref(), &command, &facts(now, author, true)).unwrap() {
                assert!(Warning::legal(state.as_ref(), &event));
                state = Warning::evolve(state, &event);
                told.push(event);
            }
        }
        told
    })
    .into()
}

fn issue(issuer: &str, places: &[&str]) -> warning::Command {
    warning::Command::Issue(Box::new(Issue {
        kind: "暴雨".to_owned(),
        text: sealed("text"),
        issuer: view().place(&issuer.parse().unwrap()).unwrap(),
        places: places.iter().map(|code| code.parse().unwrap()).collect(),
        terms: TERMS,
        total: 9,
        tree_version: "t".to_owned(),
        owner: "test".to_owned(),
    }))
}

/// Rows of the table in a module's documentation.
fn table(source: &'static str) -> Vec<Vec<&'static str>> {
    let rows =
        source.lines().filter_map(|line| line.strip_prefix("//! ")).filter(|line| line.matches('|').count() == 3);
    rows.skip(1).map(|line| line.split('|').map(str::trim).collect()).collect()
}

#[test]
fn every_pair_of_standing_and_word_does_what_the_table_says() {
    let table = table(include_str!("../../src/domain/warning/place.rs"));
    assert_eq!(table.len(), Standing::ALL.len());
    for (row, standing) in table.iter().zip(Standing::ALL) {
        assert_eq!(row[0], standing.as_str());
        for level in Level::ALL {
            let mut told = Told::called(level);
            match standing {
                Standing::Called => {}
                Standing::Acknowledged => told.take_own(&Command::Acknowledge),
                Standing::Answered => told.take_own(&answer()),
            }
            for (cell, command) in row[1..].iter().zip([Command::Acknowledge, answer()]) {
                let mut told = told.clone();
                let before = told.place.clone();
                match told.take(&command, &facts(NOW, own(level), true)) {
                    Ok(_) => assert_eq!(told.place.standing().as_str(), *cell, "{level:?}"),
                    Err(refusal) => {
                        assert_eq!((*cell, refusal.reason()), ("refused", "PLACE_STATE_REFUSES"));
                        assert_eq!(told.place, before, "nothing changed");
                    }
                }
                for over in [facts(NOW, own(level), false), facts(TERMS.expires, own(level), true)] {
                    assert_eq!(told.clone().take(&command, &over), Err(Refusal::Over));
                }
            }
            let fired = told.fire(NOW + 3 * Micros::HOUR);
            assert_eq!(fired == 0, row[3] == "nothing", "{standing:?}");
        }
    }
    let nobody = WarningPlace::decide(None, &Command::Acknowledge, &facts(NOW, own(Level::Town), true));
    assert_eq!(nobody, Err(Refusal::NotFound));
}

#[test]
fn every_pair_of_state_and_command_of_a_warning_does_what_the_table_says() {
    let table = table(include_str!("../../src/domain/warning.rs"));
    let author = || by(Role::DistrictDispatcher, DISTRICT);
    for row in table {
        let [lifted, expired] = warnings().try_into().unwrap();
        let events = match row[0] {
            "in force" => lifted[..2].to_vec(),
            "lifted" => lifted,
            "expired" => expired,
            other => panic!("the table says {other}"),
        };
        let state = events.iter().fold(None, Warning::evolve);
        let commands = [
            warning::Command::Spread { upto: 7 },
            warning::Command::Lift { reason: sealed("x") },
            warning::Command::Expire,
        ];
        for (cell, command) in row[1..].iter().zip(commands) {
            let decided = Warning::decide(state.as_ref(), &command, &facts(TERMS.expires, author(), true));
            match *cell {
                "refused" => assert_eq!(decided, Err(Refusal::Over)),
                "nothing" => assert_eq!(decided, Ok(Vec::new())),
                to => {
                    let after = Warning::evolve(state.clone(), &decided.unwrap()[0]).unwrap();
                    let number = ["in force", "lifted", "expired"].iter().position(|state| *state == to).unwrap() + 1;
                    assert_eq!(after.number(), i32::try_from(number).unwrap());
                }
            }
        }
    }
}

#[test]
fn a_silent_place_is_called_again_so_often_and_then_the_level_above_is_told() {
    let mut told = Told::called(Level::Village);
    assert_eq!(told.fire(NOW + 10 * Micros::MINUTE - 1), 0, "never early");
    for (minutes, calls) in [(10, 2), (20, 3), (30, 3)] {
        assert_eq!(told.fire(NOW + minutes * Micros::MINUTE), 1);
        assert_eq!(told.place.calls, calls);
    }
    assert!(told.place.silent && told.place.next_call().is_none());
    assert_eq!(told.fire(NOW + 40 * Micros::MINUTE), 0, "nobody is called again");
    let last = told.events.last().unwrap();
    assert_eq!(
        (WarningPlace::event_type(last), last.after.as_ref().unwrap().above.as_str()),
        ("warningPlace.silent", TOWN)
    );
    // A late word counts, and calls nobody again.
    told.take(&Command::Acknowledge, &facts(NOW + Micros::HOUR, own(Level::Village), true)).unwrap();
    assert!(told.place.next_call().is_none());
    let mut unanswered = told.clone();
    told.take(&answer(), &facts(NOW + Micros::HOUR, own(Level::Village), true)).unwrap();
    assert!(told.place.timers().is_empty());
    // A place that says nothing to the end owes nothing when the warning is over.
    let end: Vec<_> = unanswered.place.timers().iter().map(|timer| timer.due).collect();
    assert_eq!(end, [TERMS.expires]);
    assert_eq!(unanswered.fire(TERMS.expires), 1);
    assert!(unanswered.place.over && !unanswered.place.is_open());
}

#[test]
fn whoever_acknowledged_and_then_says_nothing_is_called_again_as_well() {
    let mut told = Told::called(Level::Town);
    told.take(&Command::Acknowledge, &facts(NOW, own(Level::Town), true)).unwrap();
    assert_eq!(told.fire(NOW + 10 * Micros::MINUTE), 0, "an hour to act");
    assert_eq!(told.fire(NOW + 60 * Micros::MINUTE), 1);
    assert_eq!(told.place.calls, 2);
}

#[test]
fn each_place_answers_for_itself() {
    let people = [
        (Role::DistrictDispatcher, DISTRICT),
        (Role::TownDispatcher, TOWN),
        (Role::TownDispatcher, "500151002"),
        (Role::VillageDesk, VILLAGE),
        (Role::VillageDesk, "500151001002"),
        (Role::GridWorker, GRID),
        (Role::GridLeader, GRID),
        (Role::GridWorker, "500151001002-wangge"),
        (Role::Citizen, VILLAGE),
        (Role::CityDispatcher, "50"),
        (Role::GridWorker, "500151001001001"),
        (Role::GridWorker, "500151001002001"),
    ];
    let allowed = [
        (Level::District, vec![0]),
        (Level::Town, vec![1]),
        (Level::Village, vec![3]),
        (Level::Household, vec![5, 6, 10]),
    ];
    for (level, may) in allowed {
        for (who, (role, unit)) in people.into_iter().enumerate() {
            let taken = Told::called(level).take(&Command::Acknowledge, &facts(NOW, by(role, unit), true));
            assert_eq!(taken.is_ok(), may.contains(&who), "{role} {unit} at {level:?}: {taken:?}");
        }
    }
}

#[test]
fn a_warning_is_given_inside_the_own_place_by_its_dispatchers() {
    let decide = |role, unit: &str, issuer, places: &[&str]| {
        let decided = Warning::decide(None, &issue(issuer, places), &facts(NOW, by(role, unit), true));
        decided.map(|events| events.len()).map_err(|refusal| (refusal.reason(), refusal.field()))
    };
    assert_eq!(decide(Role::DistrictDispatcher, DISTRICT, DISTRICT, &[TOWN, VILLAGE]), Ok(1));
    let outside = Err(("PLACE_OUT_OF_REACH", Some("divisionCodes[1]".to_owned())));
    assert_eq!(decide(Role::DistrictDispatcher, DISTRICT, DISTRICT, &[TOWN, "500152"]), outside);
    assert_eq!(decide(Role::TownDispatcher, TOWN, DISTRICT, &[TOWN]), Err(("ROLE_DENIED", None)));
    assert_eq!(decide(Role::TownDispatcher, "500151002", TOWN, &[TOWN]), Err(("UNIT_DENIED", None)));
    assert_eq!(decide(Role::VillageDesk, VILLAGE, VILLAGE, &[VILLAGE]), Err(("ROLE_DENIED", None)));
}

#[test]
fn a_warning_goes_down_every_level_between_and_below_once() {
    let code = |text: &str| text.parse().unwrap();
    let one = recipients(view(), &code("50"), &[code(VILLAGE), code(TOWN), code(VILLAGE)]);
    let levels: Vec<_> = one.iter().map(|recipient| recipient.level).collect();
    assert!(levels.is_sorted(), "highest level first");
    let villages = view().children(&code(TOWN)).count();
    assert_eq!(one.len(), 2 + 2 * villages, "the district, the town, its villages, their households");
    let city = recipients(view(), &code("50"), &[code("50")]);
    let distinct: BTreeSet<_> = city.iter().map(|recipient| recipient.id(CaseId::from_bytes([9; 16]))).collect();
    assert_eq!(distinct.len(), city.len(), "each has an id of its own");
    assert!(
        city.windows(2).all(|pair| pair[0].id(CaseId::from_bytes([9; 16])) < pair[1].id(CaseId::from_bytes([9; 16])))
    );
    let villages = city.iter().filter(|recipient| recipient.level == Level::Village).count();
    assert!(villages > 11_000, "{villages}");
    for recipient in &city {
        assert_eq!(Recipient::of_name(&recipient.name()).as_ref(), Some(recipient));
    }
    for name in ["", "50", "500151001-households", "500151001001-x", "x"] {
        assert_eq!(Recipient::of_name(name), None, "{name}");
    }
}

type Op = (u8, u8, bool);

fn random(level: u8, ops: &[Op]) -> Result<(), TestCaseError> {
    let level = Level::ALL[usize::from(level) % 4];
    let (mut told, mut now) = (Told::called(level), NOW);
    for (what, minutes, in_force) in ops {
        now = now + i64::from(*minutes) * Micros::MINUTE;
        let before = told.place.clone();
        let (command, author) = match what % 5 {
            0 => (Command::Acknowledge, own(level)),
            1 if what / 5 % 3 == 0 => (answer(), own(level)),
            2 => (Command::Acknowledge, by(Role::Citizen, VILLAGE)),
            3 => (call(level), Author::Timer),
            _ => (Command::Fire, Author::Timer),
        };
        if told.take(&command, &facts(now, author, *in_force || what % 2 == 0)).is_err() {
            prop_assert_eq!(&told.place, &before, "a refusal changes nothing");
        }
        prop_assert!(told.place.calls <= TERMS.calls, "bounded");
        let armed = !told.place.timers().is_empty();
        prop_assert_eq!(told.place.is_open(), armed, "whoever owes a word is called again or learns of the end");
    }
    let replayed = told.events.iter().fold(None, WarningPlace::evolve);
    prop_assert_eq!(replayed, Some(told.place));
    Ok(())
}

#[test]
fn random_histories_of_a_place_are_bounded_and_replay_to_the_same_state() {
    let seed = testkit::Seed::from_env();
    let config = ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() };
    let rng = proptest::test_runner::TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &seed.bytes());
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(config, rng);
    let strategy = (any::<u8>(), prop::collection::vec(any::<Op>(), 1..30));
    if let Err(wrong) = runner.run(&strategy, |(level, ops)| random(level, &ops)) {
        panic!("{wrong}");
    }
}

impl City {
    pub(crate) fn warnings(&self) -> WarningsClient<Channel> {
        WarningsClient::new(self.channel())
    }

    pub(crate) fn warn(&self, request_id: &str, codes: &[&str]) -> pb::IssueWarningRequest {
        let expires = self.clock_now() + Micros::DAY;
        pb::IssueWarningRequest {
            request_id: request_id.to_owned(),
            kind: "暴雨红色预警".to_owned(),
            text: "三小时降雨量将达一百毫米".to_owned(),
            division_codes: codes.iter().map(|code| (*code).to_owned()).collect(),
            expire_time: Some(prost_types::Timestamp { seconds: expires.0 / 1_000_000, nanos: 0 }),
            ..pb::IssueWarningRequest::default()
        }
    }

    fn clock_now(&self) -> Micros {
        civic::Clock::now(&self.clock)
    }

    pub(crate) async fn issued(&self, request: Request<pb::IssueWarningRequest>) -> Result<pb::Warning, Status> {
        self.warnings().issue_warning(request).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn listed(&self, request: Request<pb::ListWarningPlacesRequest>) -> Vec<pb::WarningPlace> {
        self.warnings().list_warning_places(request).await.unwrap().into_inner().places
    }
}

#[tokio::test]
async fn a_town_warns_its_villages_and_sees_who_has_not_answered() {
    let city = City::open().await;
    let request = || city.by_dispatcher(city.warn("w", &[TOWN]));
    let issued = city.issued(request()).await.unwrap();
    assert_eq!(city.issued(request()).await.unwrap().name, issued.name, "the same request, the same warning");
    let rounds = usize::try_from(issued.places).unwrap() / 256 + 1;
    for _round in 0..rounds {
        city.fire_due().await;
    }
    let name = issued.name.clone();
    let list = |answered| pb::ListWarningPlacesRequest {
        parent: name.clone(),
        answered,
        page_size: 200,
        ..Default::default()
    };
    let all = city.listed(city.by_dispatcher(list(None))).await;
    assert_eq!(all.len(), usize::try_from(issued.places).unwrap());
    assert_eq!(all[0].name, format!("{name}/places/{VILLAGE}"), "by level and code");
    let answer = |id: &str, place: &str| answering(&name, id, place);
    let households = format!("{VILLAGE}-households");
    let desk = city.by(Role::VillageDesk, VILLAGE, answer("1", VILLAGE));
    let grid = city.by(Role::GridWorker, GRID, answer("1", &households));
    let (mut one, mut other) = (city.warnings(), city.warnings());
    let both = tokio::join!(one.answer_warning(desk), other.answer_warning(grid));
    assert_eq!(
        (both.0.unwrap().into_inner().state, both.1.unwrap().into_inner().reached),
        (3, 310),
        "two at once both count"
    );
    let left = city.listed(city.by_dispatcher(list(Some(false)))).await;
    let done = city.listed(city.by_dispatcher(list(Some(true)))).await;
    assert_eq!((left.len(), done.len()), (all.len() - 2, 2));
    assert_eq!(done[1].result, "已逐户通知，转移三户");
    let again = city.warnings().answer_warning(city.by(Role::VillageDesk, VILLAGE, answer("2", VILLAGE))).await;
    assert_eq!(code_and_reason(&refusal(again)), (Code::Refused, "PLACE_STATE_REFUSES"));
    let same = city.warnings().answer_warning(city.by(Role::VillageDesk, VILLAGE, answer("1", VILLAGE))).await;
    assert_eq!(same.unwrap().into_inner().state, 3, "the same request has one effect");
    let neighbour =
        city.warnings().answer_warning(city.by(Role::VillageDesk, "500151001002", answer("3", VILLAGE))).await;
    assert_eq!(refusal(neighbour).code, Code::NotFound, "what is not theirs they do not see");
    let owed = pb::ListWarningPlacesRequest { parent: "warnings/-".to_owned(), ..Default::default() };
    let owed = city.listed(city.by(Role::VillageDesk, "500151001002", owed)).await;
    assert_eq!(owed.len(), 2, "its own word and its households'");
    lifted(&city, &name).await;
}

#[tokio::test]
async fn whoever_works_in_a_warned_place_reads_the_warning_unless_the_role_may_know_of_nothing() {
    let city = City::open().await;
    let name = city.issued(city.by_dispatcher(city.warn("w", &[TOWN]))).await.unwrap().name;
    let section = format!("{TOWN}-minsheng");
    for (role, unit) in [(Role::DepartmentHandler, section.as_str()), (Role::GridWorker, GRID)] {
        let get = city.by(role, unit, pb::GetWarningRequest { name: name.clone() });
        assert_eq!(city.warnings().get_warning(get).await.unwrap().into_inner().name, name, "{role}");
    }
    for role in [Role::Analyst, Role::EnforcementOfficer, Role::Mediator, Role::Approver, Role::Auditor] {
        let get = city.by(role, &section, pb::GetWarningRequest { name: name.clone() });
        assert_eq!(code_and_reason(&refusal(city.warnings().get_warning(get).await)).0, Code::NotFound, "{role}");
        let list = pb::ListWarningPlacesRequest { parent: name.clone(), ..Default::default() };
        let places = city.warnings().list_warning_places(city.by(role, &section, list)).await;
        assert_eq!(refusal(places).code, Code::NotFound, "{role}");
    }
}

pub(crate) fn answering(name: &str, request_id: &str, place: &str) -> pb::AnswerWarningRequest {
    pb::AnswerWarningRequest {
        parent: name.to_owned(),
        request_id: request_id.to_owned(),
        place: place.to_owned(),
        result: "已逐户通知，转移三户".to_owned(),
        reached: 310,
        unreached: 0,
    }
}

/// By its own dispatcher only; then nothing is answered and nobody called.
async fn lifted(city: &City, name: &str) {
    let list = pb::ListWarningPlacesRequest {
        parent: name.to_owned(),
        answered: Some(false),
        page_size: 200,
        ..Default::default()
    };
    let lift = |id: &str, role, unit: &str| {
        let request_id = id.to_owned();
        let reason = "雨带东移".to_owned();
        city.by(role, unit, pb::LiftWarningRequest { name: name.to_owned(), request_id, reason, ..Default::default() })
    };
    let stranger = city.warnings().lift_warning(lift("4", Role::TownDispatcher, "500151002")).await;
    assert_eq!(refusal(stranger).code, Code::NotFound);
    let lifted = city.warnings().lift_warning(lift("5", Role::TownDispatcher, TOWN)).await.unwrap().into_inner();
    assert_eq!((lifted.state, lifted.reason.as_str()), (2, "雨带东移"));
    let late = city.by(Role::VillageDesk, "500151001002", answering(name, "6", "500151001002"));
    assert_eq!(code_and_reason(&refusal(city.warnings().answer_warning(late).await)), (Code::Refused, "WARNING_OVER"));
    city.clock.advance(10 * Micros::MINUTE);
    while city.fire_due().await > 0 {}
    let left = city.listed(city.by_dispatcher(list)).await;
    assert!(
        left.iter().all(|place| place.calls == 1 && place.due_time.is_none()),
        "nobody is called after the lifting"
    );
}

#[tokio::test]
async fn a_warning_that_cannot_be_given_is_refused_by_field_and_reason() {
    let city = City::open().await;
    let base = || city.warn("w", &[TOWN]);
    let far = Some(prost_types::Timestamp { seconds: city.clock_now().0 / 1_000_000 + 15 * 86_400, nanos: 0 });
    let bad = [
        (pb::IssueWarningRequest { kind: String::new(), ..base() }, "kind", "KIND_MISSING"),
        (pb::IssueWarningRequest { text: " ".to_owned(), ..base() }, "text", "TEXT_MISSING"),
        (pb::IssueWarningRequest { division_codes: Vec::new(), ..base() }, "divisionCodes", "PLACES_INVALID"),
        (
            pb::IssueWarningRequest { division_codes: vec!["500112".into()], ..base() },
            "divisionCodes[0]",
            "DIVISION_UNKNOWN",
        ),
        (pb::IssueWarningRequest { expire_time: None, ..base() }, "expireTime", "EXPIRY_INVALID"),
        (pb::IssueWarningRequest { expire_time: far, ..base() }, "expireTime", "EXPIRY_INVALID"),
        (pb::IssueWarningRequest { calls: 11, ..base() }, "calls", "LIMIT_INVALID"),
        (pb::IssueWarningRequest { answer_minutes: -1, ..base() }, "answerMinutes", "LIMIT_INVALID"),
        (city.warn("w", &[TOWN, "500151002"]), "divisionCodes[1]", "PLACE_OUT_OF_REACH"),
        (city.warn("w", &[DISTRICT]), "divisionCodes[0]", "PLACE_OUT_OF_REACH"),
    ];
    for (request, field, reason) in bad {
        let refused: Problem = refusal(city.issued(city.by_dispatcher(request)).await);
        assert_eq!((refused.fields[0].path.as_str(), refused.reason.as_str()), (field, reason));
    }
    let none = city.warnings().list_warnings(city.by_dispatcher(pb::ListWarningsRequest::default())).await.unwrap();
    assert!(none.into_inner().warnings.is_empty(), "nothing changed");
}
