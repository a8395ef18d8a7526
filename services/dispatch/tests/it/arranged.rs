//! What operators load while the service runs: calendars and duty lists, on one replica and on two.

use std::sync::Arc;
use std::time::Duration;

use casebook::JournalEntry;
use casebook::store::Span;
use civic::{Actor, Calendar, CaseId, Micros, Role, Tree};
use dispatch::config::Config;
use dispatch::{Seams, Service};
use mesh::{Channel, Code, Problem};
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::arrangements_client::ArrangementsClient;
use tonic::{Request, Response, Status};

use crate::city::{City, SECTION};

/// Monday after the model's present is declared a holiday, and the year is known whole.
const HOLIDAY: &str = "2026-10-01,holiday,国庆节\n2026-11-23,holiday,假日\n";

impl City {
    fn operators(&self) -> ArrangementsClient<Channel> {
        ArrangementsClient::new(self.channel())
    }

    fn by_operator<T>(&self, message: T) -> Request<T> {
        let actor = Actor::member(Role::Operator, "o1", "50".parse().unwrap());
        self.as_actor(&actor, message)
    }

    async fn load(&self, version: &str, days: &str) -> Result<pb::Calendar, Problem> {
        self.load_by(self.by_operator(calendar(version, days))).await
    }

    async fn load_by(&self, request: Request<pb::LoadCalendarRequest>) -> Result<pb::Calendar, Problem> {
        problem_of(self.operators().load_calendar(request).await)
    }

    async fn due(&self, name: &str) -> (i64, String, bool) {
        let ask = pb::GetWorkOrderClockRequest { name: name.to_owned() };
        let clock = self.client().get_work_order_clock(self.by_dispatcher(ask)).await.unwrap().into_inner();
        // The total clock counts calendar days, which no arrangement moves.
        let unit = clock.unit.unwrap();
        (unit.due_time.unwrap().seconds, unit.calendar_version, unit.provisional)
    }

    /// The instant at which something happens next to an order.
    async fn next(&self, name: &str) -> Micros {
        let id: CaseId = name.trim_start_matches("workOrders/").parse().unwrap();
        let timers = self.cases.store().timers_between(Span { after: None, upto: None }).await.unwrap();
        timers.into_iter().filter(|timer| timer.case == id).map(|timer| timer.due).min().unwrap()
    }

    async fn journal(&self) -> Vec<(String, String, String, String)> {
        let told = |e: JournalEntry| (e.actor, e.action, e.subject, e.reason);
        let mut entries: Vec<_> = self.cases.store().journalled(100).await.unwrap().into_iter().map(told).collect();
        entries.sort();
        entries
    }

    /// A second service over the same cases, as another process has one.
    fn replica(&self) -> Service {
        let seams = Seams {
            cases: self.cases.clone(),
            tree: Tree::chongqing(),
            calendar: Arc::new(Calendar::china()),
            clock: Arc::new(self.clock.clone()),
            rng: Arc::new(civic::SeededRng::new(5)),
            positions: self.positions(),
            policies: Arc::new(guard::policy::Guard::open(None).unwrap()),
        };
        Service::open(&Config::default(), seams).unwrap()
    }
}

fn problem_of<T>(answer: Result<Response<T>, Status>) -> Result<T, Problem> {
    answer.map(Response::into_inner).map_err(|status| Problem::from_status(&status))
}

fn calendar(version: &str, days: &str) -> pb::LoadCalendarRequest {
    pb::LoadCalendarRequest {
        request_id: format!("load {version} {}", days.len()),
        version: version.to_owned(),
        days: days.to_owned(),
        note: "国务院通知".to_owned(),
    }
}

fn in_force(service: &Service) -> String {
    service.app().versions_in_force().0
}

#[tokio::test]
async fn a_calendar_moves_open_clocks_and_their_timers_while_the_service_runs() {
    let city = City::open().await;
    let name = city.ordinary().await;
    // Then the next thing to happen is a lamp that turns.
    city.accept(&name, "a").await;
    let (before, lamp) = (city.due(&name).await.0, city.next(&name).await);
    let loaded = city.load("2026-b", HOLIDAY).await.unwrap();
    assert_eq!(
        (loaded.name.as_str(), loaded.years.as_slice(), loaded.settled),
        ("calendars/2026-b", &[2026][..], false)
    );
    assert_eq!(city.service.app().settle(Duration::ZERO).await.unwrap(), 1);
    let (after, version, _) = city.due(&name).await;
    assert!(after > before, "a day more");
    assert!(version.ends_with("+2026-b"), "{version}");
    assert!(city.next(&name).await > lamp, "its timer, too");
    let listed =
        city.operators().list_calendars(city.by_operator(pb::ListCalendarsRequest {})).await.unwrap().into_inner();
    assert_eq!((listed.calendars.len(), listed.calendars[0].settled, listed.in_force), (1, true, version));
    assert_eq!(city.service.app().settle(Duration::ZERO).await.unwrap(), 0, "nothing moves twice");
}

/// Limits that reach into a year nobody has arranged are provisional until somebody has.
#[tokio::test]
async fn a_clock_beyond_the_calendar_is_provisional_until_its_year_is_loaded() {
    let city = City::open().await;
    city.clock.advance(37 * Micros::DAY);
    let name = city.ordinary().await;
    assert!(city.due(&name).await.2);
    let days = "2027-01-01,holiday,元旦\n2027-01-04,holiday,元旦\n2027-10-01,holiday,国庆节\n";
    city.load("2027", days).await.unwrap();
    city.service.app().settle(Duration::ZERO).await.unwrap();
    let (_, version, provisional) = city.due(&name).await;
    assert!(!provisional && version.ends_with("+2027"), "{version}");
}

#[tokio::test]
async fn only_operators_load_and_the_journal_tells_of_everybody_who_tried() {
    let city = City::open().await;
    let refused = city.load_by(city.by_dispatcher(calendar("a", HOLIDAY))).await.unwrap_err();
    assert_eq!((refused.code, refused.reason.as_str()), (Code::Denied, "ROLE_DENIED"));
    let nobody = city.load_by(Request::new(calendar("a", HOLIDAY))).await.unwrap_err();
    assert_eq!(nobody.reason, "TOKEN_MISSING");
    city.load("a", HOLIDAY).await.unwrap();
    let taken = city.load("a", "2026-10-01,holiday,国庆节\n").await.unwrap_err();
    assert_eq!((taken.code, taken.reason.as_str()), (Code::Conflict, "VERSION_TAKEN"));
    let entry = |actor: &str, action: &str, subject: &str, reason: &str| {
        (actor.to_owned(), action.to_owned(), subject.to_owned(), reason.to_owned())
    };
    let mut expected = [
        entry("operator/o1", "calendar.load", "a", "国务院通知"),
        entry("operator/o1", "calendar.load.refused", "a", "the version a has other content"),
        entry("town-dispatcher/town-dispatcher-1", "calendar.load.refused", "", "not an operator"),
    ];
    expected.sort();
    assert_eq!(city.journal().await, expected);
}

#[tokio::test]
async fn what_is_no_calendar_is_refused_with_its_line_and_nothing_changes() {
    let city = City::open().await;
    let before = in_force(&city.service);
    for (version, days, path, reason) in [
        ("a", "2027-10-01,feast,国庆节", "days", "CALENDAR_INVALID"),
        ("../a", HOLIDAY, "version", "VERSION_INVALID"),
        ("", HOLIDAY, "version", "VERSION_INVALID"),
    ] {
        let problem = city.load(version, days).await.unwrap_err();
        assert!(problem.fields.iter().any(|field| field.path == path && field.reason == reason), "{problem:?}");
    }
    let problem = city.load("a", "2026-10-01,holiday,国庆节\n2026-13-01,holiday,x").await.unwrap_err();
    assert!(problem.fields[0].detail.contains("line 2"), "{problem:?}");
    assert_eq!(in_force(&city.service), before);
}

#[tokio::test]
async fn the_same_request_is_answered_again_and_the_same_days_are_loaded_once() {
    let city = City::open().await;
    let first = city.load("a", HOLIDAY).await.unwrap();
    assert_eq!(city.load("a", HOLIDAY).await.unwrap(), first);
    let mut other = calendar("a", HOLIDAY);
    other.note = "other".to_owned();
    assert_eq!(city.load_by(city.by_operator(other)).await.unwrap_err().reason, "REQUEST_ID_REUSED");
    let again = pb::LoadCalendarRequest { request_id: "anew".to_owned(), ..calendar("a", HOLIDAY) };
    assert_eq!(city.load_by(city.by_operator(again)).await.unwrap().load_time, first.load_time);
    assert!(
        !city
            .service
            .app()
            .import(
                dispatch::domain::arrangement::Matter::Calendar,
                "a",
                vec![(dispatch::domain::arrangement::DAYS.to_owned(), HOLIDAY.to_owned())]
            )
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn another_replica_counts_by_it_as_soon_as_it_looks() {
    let city = City::open().await;
    let replica = city.replica();
    city.load("a", HOLIDAY).await.unwrap();
    assert_ne!(in_force(&replica), in_force(&city.service));
    replica.app().refresh().await.unwrap();
    assert_eq!(in_force(&replica), in_force(&city.service));
    // The other way round, and by the loop that runs in production.
    let loaded = city.replica();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let keeping = replica.keep_arranged(async { stopped.await.unwrap_or_default() });
    let watching = async {
        let days = "2027-10-01,holiday,国庆节\n";
        let files = vec![(dispatch::domain::arrangement::DAYS.to_owned(), days.to_owned())];
        loaded.app().import(dispatch::domain::arrangement::Matter::Calendar, "b", files).await.unwrap();
        while !in_force(&replica).ends_with("+a+b") {
            tokio::task::yield_now().await;
        }
        drop(stop);
    };
    let both = async { tokio::join!(keeping, watching) };
    tokio::time::timeout(Duration::from_secs(60), both).await.expect("it looks every second");
}

/// Cut off between the load and the end of its work, as by kill -9: whoever runs next finds it undone and does it.
#[tokio::test]
async fn a_recomputation_that_was_cut_off_is_begun_anew_by_the_next_process() {
    let city = City::open().await;
    let name = city.ordinary().await;
    let before = city.due(&name).await.0;
    city.load("a", HOLIDAY).await.unwrap();
    // Dropped where it waits between its two rounds.
    let cut = city.service.app().settle(Duration::from_secs(3600));
    assert!(tokio::time::timeout(Duration::from_millis(1), cut).await.is_err());
    let next = city.replica();
    next.app().refresh().await.unwrap();
    assert_eq!(next.app().settled_calendars(), 0);
    next.app().settle(Duration::ZERO).await.unwrap();
    assert_eq!(next.app().settled_calendars(), 1);
    assert!(city.due(&name).await.0 > before);
    let third = city.replica();
    third.app().refresh().await.unwrap();
    assert_eq!(third.app().settled_calendars(), 1, "it is done for good");
}

#[tokio::test]
async fn a_duty_list_holds_from_the_next_report_on() {
    let city = City::open().await;
    let before = city.ordinary().await;
    let shipped = include_str!("../../catalog/duties.csv");
    let duties = shipped.replacen("0101,town,town/pingan", "0101,town,town/minsheng", 1);
    assert_ne!(shipped, duties);
    let request = pb::LoadDutyListRequest {
        request_id: "1".to_owned(),
        version: "2026-c".to_owned(),
        duties: duties.clone(),
        ..pb::LoadDutyListRequest::default()
    };
    let loaded = problem_of(city.operators().load_duty_list(city.by_operator(request.clone())).await).unwrap();
    assert_eq!((loaded.name.as_str(), loaded.loaded_by.as_str()), ("dutyLists/2026-c", "operator/50"));
    let after = city.ordinary().await;
    assert_eq!(city.look(&after).await.unit, "500151001-minsheng");
    assert_eq!(city.look(&before).await.unit, SECTION, "orders keep what they were opened under");
    let replica = city.replica();
    replica.app().refresh().await.unwrap();
    assert_eq!(replica.app().versions_in_force().1, "2026-c");
    let wrong = pb::LoadDutyListRequest {
        request_id: "2".to_owned(),
        version: "2026-d".to_owned(),
        duties: duties.replacen("town/minsheng", "town/nobody", 1),
        ..pb::LoadDutyListRequest::default()
    };
    let problem = problem_of(city.operators().load_duty_list(city.by_operator(wrong)).await).unwrap_err();
    assert_eq!((problem.fields[0].path.as_str(), problem.fields[0].reason.as_str()), ("duties", "DUTY_LIST_INVALID"));
    let listed =
        city.operators().list_duty_lists(city.by_operator(pb::ListDutyListsRequest {})).await.unwrap().into_inner();
    assert_eq!((listed.duty_lists.len(), listed.in_force.as_str()), (1, "2026-c"));
    let denied = city.operators().list_duty_lists(city.by_dispatcher(pb::ListDutyListsRequest {})).await;
    assert_eq!(problem_of(denied).unwrap_err().reason, "ROLE_DENIED");
}
