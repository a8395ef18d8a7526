//! Care lists: purpose, basis and end, or nobody is on one; the person is sealed and every look recorded.

use civic::{Actor, CaseId, Role};
use mesh::{Code, Problem};
use proto::dispatch::v1 as pb;

use crate::city::{City, OTHER_TOWN, TOWN};
use crate::tasks::{GRID, NEXT_DAY, problem_of, tick, worker};

const NAME: &str = "李淑珍";
const PHONE: &str = "13900004321";
const BASIS: &str = "李淑珍家申请，社区登记";

pub(crate) fn enter(id: &str) -> pb::EnterCareRequest {
    pb::EnterCareRequest {
        request_id: id.to_owned(),
        purpose: "living-alone".to_owned(),
        basis: BASIS.to_owned(),
        consent: true,
        division_code: GRID.to_owned(),
        person: Some(pb::CarePerson {
            name: NAME.to_owned(),
            phone: PHONE.to_owned(),
            address: "中兴路8号2单元301".to_owned(),
            remark: "听力不好，请敲门".to_owned(),
        }),
        end_date: "2027-05-31".to_owned(),
        visit_days: 0,
    }
}

impl City {
    async fn enter(&self, request: pb::EnterCareRequest) -> Result<pb::CareEntry, Problem> {
        problem_of(self.care().enter_care(self.by(Role::VillageDesk, "500151001001", request)).await)
    }

    async fn look_at(&self, who: &Actor, name: &str, reason: &str) -> Result<pb::CareEntry, Problem> {
        let request = pb::GetCareEntryRequest { name: name.to_owned(), reason: reason.to_owned() };
        problem_of(self.care().get_care_entry(self.as_actor(who, request)).await)
    }

    async fn visits(&self, who: &Actor) -> Vec<pb::Task> {
        self.day_of(who, "").await.into_iter().filter(|task| !task.care_entry.is_empty()).collect()
    }

    /// Makes the lists of the next day.
    async fn next_day(&self) {
        self.clock.advance(NEXT_DAY);
        while self.fire_due().await > 0 {}
    }
}

#[tokio::test]
async fn whoever_is_cared_for_is_visited_at_the_interval_and_an_ended_entry_yields_no_task() {
    let city = City::with_roster().await;
    let me = worker("w1", GRID);
    let entry = city.enter(pb::EnterCareRequest { visit_days: 2, ..enter("e") }).await.unwrap();
    assert_eq!(
        (entry.state(), entry.purpose_name.as_str(), entry.person),
        (pb::CareState::CaredFor, "独居老人关爱", None)
    );
    city.next_day().await;
    let visits = city.visits(&me).await;
    assert_eq!((visits.len(), visits[0].care_entry.as_str()), (1, entry.name.as_str()));
    assert!(city.visits(&worker("w2", "500151001001002")).await.is_empty(), "one visit, by one worker");
    city.tick(&me, tick(&visits[0].name)).await.unwrap();
    city.clock.advance(4 * civic::Micros::HOUR);
    city.next_day().await;
    assert!(city.visits(&me).await.is_empty(), "not yet");
    city.clock.advance(4 * civic::Micros::HOUR);
    city.next_day().await;
    assert_eq!(city.visits(&me).await.len(), 1);
    let end =
        pb::EndCareEntryRequest { name: entry.name.clone(), request_id: "end".into(), reason: "已搬离".into() };
    let by_desk = |request| city.by(Role::VillageDesk, "500151001001", request);
    let ended = problem_of(city.care().end_care_entry(by_desk(end.clone())).await).unwrap();
    assert_eq!(ended.state(), pb::CareState::Ended);
    let again = pb::EndCareEntryRequest { request_id: "again".into(), ..end };
    assert_eq!(problem_of(city.care().end_care_entry(by_desk(again)).await).unwrap_err().reason, "STATE_REFUSES");
    city.clock.advance(4 * civic::Micros::HOUR);
    city.next_day().await;
    assert!(city.visits(&me).await.is_empty(), "also the one that was not done has left the list");
}

#[tokio::test]
async fn an_entry_ends_by_itself_the_day_after_its_last() {
    let city = City::with_roster().await;
    let me = worker("w1", GRID);
    let entry =
        city.enter(pb::EnterCareRequest { end_date: "2026-11-23".into(), visit_days: 1, ..enter("e") }).await.unwrap();
    city.next_day().await;
    assert_eq!(city.visits(&me).await.len(), 1, "its last day");
    city.clock.advance(4 * civic::Micros::HOUR);
    city.next_day().await;
    assert!(city.visits(&me).await.is_empty());
    let desk = Actor::member(Role::VillageDesk, "v", "500151001001".parse().unwrap());
    assert_eq!(city.look_at(&desk, &entry.name, "核对").await.unwrap().state(), pb::CareState::Ended);
}

#[tokio::test]
async fn nobody_is_entered_without_purpose_basis_consent_and_an_end_within_its_time() {
    let city = City::open().await;
    let without = |change: fn(&mut pb::EnterCareRequest)| {
        let mut request = enter("e");
        change(&mut request);
        request
    };
    for (request, code, reason, field) in [
        (without(|r| r.end_date.clear()), Code::Invalid, "END_MISSING", "endDate"),
        (without(|r| r.end_date = "2026-11-22".into()), Code::Invalid, "END_NOT_LATER", "endDate"),
        (without(|r| r.end_date = "2020-01-01".into()), Code::Invalid, "END_NOT_LATER", "endDate"),
        (without(|r| r.end_date = "2027-11-23".into()), Code::Invalid, "END_TOO_FAR", "endDate"),
        (without(|r| r.end_date = "next year".into()), Code::Invalid, "DATE_INVALID", "endDate"),
        (without(|r| r.purpose = "former-convicts".into()), Code::Invalid, "PURPOSE_UNKNOWN", "purpose"),
        (without(|r| r.basis.clear()), Code::Invalid, "BASIS_MISSING", "basis"),
        (without(|r| r.consent = false), Code::Invalid, "CONSENT_MISSING", "consent"),
        (without(|r| r.person = None), Code::Invalid, "NAME_MISSING", "person.name"),
        (without(|r| r.visit_days = -1), Code::Invalid, "VISIT_DAYS_INVALID", "visitDays"),
        (without(|r| r.division_code = "110101001001001".into()), Code::Invalid, "DIVISION_UNKNOWN", "divisionCode"),
        (without(|r| r.division_code = "500151002001".into()), Code::Denied, "PLACE_OUT_OF_REACH", "divisionCode"),
    ] {
        let refused = city.enter(request).await.unwrap_err();
        let fields: Vec<_> = refused.fields.iter().map(|field| field.path.as_str()).collect();
        assert_eq!((refused.code, refused.reason.as_str(), fields), (code, reason, vec![field]));
    }
    let others = [
        (Role::DepartmentHandler, "500151001-pingan"),
        (Role::DistrictDispatcher, "500151"),
        (Role::CityDispatcher, "50"),
    ];
    for (role, unit) in others {
        let refused = problem_of(city.care().enter_care(city.by(role, unit, enter("e"))).await).unwrap_err();
        assert_eq!(refused.reason, "ROLE_DENIED", "{role}");
    }
    let list = city.by(Role::VillageDesk, "500151001001", pb::ListCareEntriesRequest::default());
    assert!(city.care().list_care_entries(list).await.unwrap().into_inner().care_entries.is_empty());
}

#[tokio::test]
async fn the_person_is_shown_to_the_desk_and_the_visitor_only_and_every_look_is_recorded() {
    let city = City::with_roster().await;
    let entry = city.enter(enter("e")).await.unwrap();
    city.next_day().await;
    let (me, other) = (worker("w1", GRID), worker("w2", "500151001001002"));
    let seen = city.look_at(&me, &entry.name, "今日走访").await.unwrap();
    assert_eq!((seen.person.unwrap().name.as_str(), seen.basis.as_str()), (NAME, BASIS));
    let town = Actor::member(Role::TownDispatcher, "d", TOWN.parse().unwrap());
    assert!(city.look_at(&town, &entry.name, "名单复核").await.is_ok());
    let integrator = Actor::member(Role::Integrator, "i", "50".parse().unwrap());
    let next_town = Actor::member(Role::TownDispatcher, "n", OTHER_TOWN.parse().unwrap());
    for who in [&other, &integrator, &next_town] {
        assert_eq!(city.look_at(who, &entry.name, "看看").await.unwrap_err().code, Code::NotFound);
    }
    let refused = city.look_at(&me, &entry.name, "").await.unwrap_err();
    assert_eq!((refused.reason.as_str(), refused.fields[0].path.as_str()), ("REASON_MISSING", "reason"));
    let looks = city.cases.store().journalled(100).await.unwrap();
    let looks: Vec<_> = looks.into_iter().map(|look| (look.actor, look.action, look.subject, look.reason)).collect();
    let look = |who: &str, why: &str| (who.to_owned(), "careEntry.look".to_owned(), entry.name.clone(), why.to_owned());
    assert_eq!(looks.len(), 2, "{looks:?}");
    assert!(
        looks.contains(&look("grid-worker/w1", "今日走访")) && looks.contains(&look("town-dispatcher/d", "名单复核"))
    );
    let list = city.by(Role::Integrator, "50", pb::ListCareEntriesRequest::default());
    assert_eq!(problem_of(city.care().list_care_entries(list).await).unwrap_err().reason, "ROLE_DENIED");
}

#[tokio::test]
async fn between_two_visits_the_person_is_shown_to_no_visitor() {
    let city = City::with_roster().await;
    let me = worker("w1", GRID);
    let entry = city.enter(pb::EnterCareRequest { visit_days: 30, ..enter("e") }).await.unwrap();
    assert_eq!(city.look_at(&me, &entry.name, "看看").await.unwrap_err().code, Code::NotFound, "no list has it yet");
    city.next_day().await;
    let visit = city.visits(&me).await.remove(0);
    city.tick(&me, tick(&visit.name)).await.unwrap();
    assert!(city.look_at(&me, &entry.name, "补记").await.is_ok(), "the day of the visit");
    city.clock.advance(4 * civic::Micros::HOUR);
    city.next_day().await;
    assert!(city.visits(&me).await.is_empty());
    assert_eq!(city.look_at(&me, &entry.name, "看看").await.unwrap_err().code, Code::NotFound);
    let looks = city.cases.store().journalled(100).await.unwrap();
    assert_eq!(looks.len(), 1, "what was refused shows nothing");
}

/// Domain, lines not crossed: 5 and 10. What is stored of the person is ciphertext, and no list names anybody.
#[tokio::test]
async fn nothing_of_the_person_stands_in_the_clear_in_state_event_column_or_list() {
    let city = City::with_roster().await;
    let entry = city.enter(enter("e")).await.unwrap();
    let id: CaseId = entry.name.trim_start_matches("careEntries/").parse().unwrap();
    let row = city.cases.store().load(id).await.unwrap().unwrap();
    let events = city.cases.store().events(id, row.version).await.unwrap();
    let stored = [row.state.clone(), format!("{:?} {}", row.row, id).into_bytes()];
    for bytes in stored.iter().chain(events.iter().map(|event| &event.payload)) {
        for secret in [NAME, PHONE, "中兴路8号", "听力不好", "社区登记"] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
        }
    }
    assert_eq!((row.row.category, row.row.unit), (None, None), "no column says why somebody is cared for");
    let list = city.by(Role::VillageDesk, "500151001001", pb::ListCareEntriesRequest::default());
    let listed = city.care().list_care_entries(list).await.unwrap().into_inner();
    assert_eq!((listed.care_entries.len(), listed.care_entries[0].person.clone()), (1, None));
    assert_eq!(listed.care_entries[0].basis, "", "its words may name somebody");
    city.next_day().await;
    let day = format!("{:?}", city.visits(&worker("w1", GRID)).await);
    assert!(!day.contains(NAME) && !day.contains(PHONE), "{day}");
}
