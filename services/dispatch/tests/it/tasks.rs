//! A grid worker's day: made from rules, care lists and roster, ticked off, carried over, stood in for.

use civic::{Actor, CaseId, Clock as _, Micros, Role};
use dispatch::domain::day::Day;
use dispatch::domain::work_order::Author;
use dispatch::domain::worklist::{Beginning, Command, Worklist};
use mesh::{Code, Problem};
use proto::dispatch::v1 as pb;
use tonic::{Response, Status};

use crate::city::{City, TOWN};
use crate::world::facts;

const POSTS: &str = "post,unit,worker\np1,500151001001001,w1\np2,500151001001002,w2\n";
pub(crate) const GRID: &str = "500151001001001";
const TODAY: &str = "2026-11-22";
/// To the hour at which the next lists are made: it is about noon.
pub(crate) const NEXT_DAY: i64 = 20 * Micros::HOUR;

pub(crate) fn worker(subject: &str, grid: &str) -> Actor {
    Actor::member(Role::GridWorker, subject, grid.parse().unwrap())
}

pub(crate) fn problem_of<T>(answer: Result<Response<T>, Status>) -> Result<T, Problem> {
    answer.map(Response::into_inner).map_err(|status| Problem::from_status(&status))
}

impl City {
    pub(crate) async fn load_roster(&self, id: &str, posts: &str, absences: &str) -> Result<pb::Roster, Problem> {
        let request = pb::LoadRosterRequest {
            request_id: id.to_owned(),
            division_code: TOWN.to_owned(),
            posts: posts.to_owned(),
            absences: absences.to_owned(),
            note: String::new(),
        };
        problem_of(self.tasks().load_roster(self.by_dispatcher(request)).await)
    }

    /// With its lists made.
    pub(crate) async fn with_roster() -> Self {
        let city = Self::open().await;
        city.load_roster("roster", POSTS, "").await.unwrap();
        assert_eq!(city.fire_due().await, 1, "loading arms the making of the lists");
        city
    }

    pub(crate) async fn day_of(&self, who: &Actor, date: &str) -> Vec<pb::Task> {
        let request = pb::ListTasksRequest { date: date.to_owned(), post: String::new() };
        self.tasks().list_tasks(self.as_actor(who, request)).await.unwrap().into_inner().tasks
    }

    pub(crate) async fn tick(&self, who: &Actor, request: pb::TickTaskRequest) -> Result<pb::Task, Problem> {
        problem_of(self.tasks().tick_task(self.as_actor(who, request)).await)
    }
}

pub(crate) fn tick(name: &str) -> pb::TickTaskRequest {
    pb::TickTaskRequest {
        name: name.to_owned(),
        request_id: format!("tick {name}"),
        note: "通道畅通".to_owned(),
        ..pb::TickTaskRequest::default()
    }
}

fn rules(tasks: &[pb::Task]) -> Vec<&str> {
    tasks.iter().map(|task| task.rule.as_str()).collect()
}

fn told(problem: &Problem) -> (Code, &str, Vec<&str>) {
    let fields = problem.fields.iter().map(|field| field.path.as_str()).collect();
    (problem.code, problem.reason.as_str(), fields)
}

#[tokio::test]
async fn a_day_has_the_duties_of_the_grid_and_is_ticked_off_with_evidence() {
    let city = City::with_roster().await;
    let me = worker("w1", GRID);
    let tasks = city.day_of(&me, "").await;
    assert_eq!(rules(&tasks), ["fire-lane", "hazard", "dispute", "anti-fraud", "environment"]);
    assert!(tasks.iter().all(|task| task.worker == "w1" && task.date == TODAY && task.carried_days == 0));
    assert_eq!((tasks[0].text.as_str(), tasks[0].post.as_str()), ("查看消防通道是否畅通", "500151001/p1"));
    let report = format!("reports/{}", CaseId::from_bytes([7; 16]));
    let photo = pb::Photo { uri: "files/1.jpg".to_owned(), sha256: "ab".repeat(32) };
    let full = pb::TickTaskRequest { photo: Some(photo.clone()), report: report.clone(), ..tick(&tasks[0].name) };
    let done = city.tick(&me, full.clone()).await.unwrap();
    assert_eq!((done.state(), done.note.as_str(), done.report), (pb::TaskState::Done, "通道畅通", report));
    assert_eq!((done.photo, done.tick_time.is_some()), (Some(photo), true));
    assert_eq!(city.tick(&me, full).await.unwrap().name, tasks[0].name, "the same request again is answered again");
    assert_eq!(city.day_of(&me, TODAY).await[0].state(), pb::TaskState::Done);
    assert!(city.day_of(&me, "2026-11-21").await.is_empty() && city.day_of(&me, "2026-11-23").await.is_empty());
}

#[tokio::test]
async fn a_tick_of_another_worker_or_day_or_without_evidence_is_refused_and_changes_nothing() {
    let city = City::with_roster().await;
    let (me, other) = (worker("w1", GRID), worker("w2", "500151001001002"));
    let name = city.day_of(&me, "").await[0].name.clone();
    let list = name.rsplit_once('-').unwrap().0.to_owned();
    let without = |request: pb::TickTaskRequest| pb::TickTaskRequest { note: " ".to_owned(), ..request };
    let on = |date: &str| pb::TickTaskRequest { date: date.to_owned(), ..tick(&name) };
    let photo = pb::Photo { uri: "files/1.jpg".to_owned(), sha256: "no".to_owned() };
    for (who, request, expected) in [
        (&other, tick(&name), (Code::Denied, "TASK_OTHER_WORKER", vec!["name"])),
        (&me, on("2026-11-21"), (Code::Refused, "TASK_OTHER_DAY", vec!["date"])),
        (&me, on("2026-11-23"), (Code::Refused, "TASK_OTHER_DAY", vec!["date"])),
        (&me, on("tomorrow"), (Code::Invalid, "DATE_INVALID", vec!["date"])),
        (&me, without(tick(&name)), (Code::Invalid, "EVIDENCE_MISSING", vec!["note"])),
        (
            &me,
            pb::TickTaskRequest { photo: Some(photo), ..tick(&name) },
            (Code::Invalid, "PHOTO_INVALID", vec!["photo"]),
        ),
        (
            &me,
            pb::TickTaskRequest { report: "reports/x".into(), ..tick(&name) },
            (Code::Invalid, "REPORT_INVALID", vec!["report"]),
        ),
        (&me, tick(&format!("{list}-99")), (Code::NotFound, "TASK_UNKNOWN", vec!["name"])),
        (&me, tick("tasks/none"), (Code::NotFound, "NOT_FOUND", vec![])),
        (&worker("w1", "500151002001001"), tick(&name), (Code::NotFound, "NOT_FOUND", vec![])),
    ] {
        let refused = city.tick(who, request.clone()).await.unwrap_err();
        assert_eq!(told(&refused), expected, "{request:?}");
    }
    assert!(city.day_of(&me, "").await.iter().all(|task| task.state() == pb::TaskState::Due));
    city.tick(&me, tick(&name)).await.unwrap();
    let again = pb::TickTaskRequest { request_id: "another".to_owned(), ..tick(&name) };
    assert_eq!(told(&city.tick(&me, again).await.unwrap_err()), (Code::Refused, "TASK_DONE", vec!["name"]));
}

#[tokio::test]
async fn what_was_not_done_is_carried_over_and_what_was_comes_again_after_its_interval() {
    let city = City::with_roster().await;
    let me = worker("w1", GRID);
    for task in city.day_of(&me, "").await.iter().filter(|task| task.rule != "hazard") {
        city.tick(&me, tick(&task.name)).await.unwrap();
    }
    city.clock.advance(NEXT_DAY);
    let late = tick(&city.day_of(&me, TODAY).await[1].name);
    assert_eq!(city.tick(&me, late.clone()).await.unwrap_err().reason, "TASK_OTHER_DAY", "its list has run out");
    assert_eq!(city.fire_due().await, 1);
    let next = city.day_of(&me, "").await;
    // Weekly ones rest; the undone one is the same task.
    assert_eq!(rules(&next), ["hazard", "fire-lane", "environment"]);
    assert_eq!((next[0].name.as_str(), next[0].carried_days, next[0].since.as_str()), (late.name.as_str(), 1, TODAY));
    assert_eq!(next[1].carried_days, 0);
    city.tick(&me, pb::TickTaskRequest { request_id: "late".to_owned(), ..late }).await.unwrap();
    let before = city.day_of(&me, TODAY).await;
    assert_eq!(before.len(), 5, "the day before is told as it ended");
    assert_eq!(before[1].state(), pb::TaskState::Due);
    city.clock.advance(6 * Micros::DAY);
    assert_eq!(city.fire_due().await, 1, "days that nothing ran are not made up for");
    assert_eq!(rules(&city.day_of(&me, "").await), ["fire-lane", "environment", "hazard", "dispute", "anti-fraud"]);
}

#[tokio::test]
async fn a_list_is_looked_at_for_a_month_and_then_no_more() {
    let city = City::with_roster().await;
    let me = worker("w1", GRID);
    city.clock.advance(31 * Micros::DAY);
    city.fire_due().await;
    assert_eq!(city.day_of(&me, TODAY).await.len(), 5, "as it ended");
    let list = pb::ListTasksRequest { date: "2026-11-21".to_owned(), post: String::new() };
    let refused = problem_of(city.tasks().list_tasks(city.as_actor(&me, list)).await).unwrap_err();
    assert_eq!(told(&refused), (Code::Invalid, "DATE_TOO_EARLY", vec!["date"]));
}

/// Duty roster: who stands in for whom, from when to when.
#[tokio::test]
async fn who_stands_in_has_the_day_of_who_is_absent_for_as_long_as_that() {
    let city = City::with_roster().await;
    let (me, other) = (worker("w1", GRID), worker("w2", "500151001001002"));
    let away = "worker,stand_in,from,to\nw1,w2,2026-11-22,2026-11-22\n";
    city.load_roster("away", POSTS, away).await.unwrap();
    assert_eq!(city.fire_due().await, 1);
    let both = city.day_of(&other, "").await;
    assert_eq!((both.len(), city.day_of(&me, "").await.len()), (10, 0), "nothing was made twice");
    let of_absent = both.iter().find(|task| task.post == "500151001/p1").unwrap();
    assert_eq!(city.tick(&me, tick(&of_absent.name)).await.unwrap_err().reason, "TASK_OTHER_WORKER");
    assert_eq!(city.tick(&other, tick(&of_absent.name)).await.unwrap().worker, "w2");
    city.clock.advance(NEXT_DAY);
    city.fire_due().await;
    assert_eq!(city.day_of(&me, "").await.first().map(|task| task.worker.clone()), Some("w1".to_owned()));
}

#[tokio::test]
async fn a_leader_gives_a_task_beside_the_duties_and_sees_the_list_of_a_post() {
    let city = City::with_roster().await;
    let me = worker("w1", GRID);
    let assign = |date: &str| pb::AssignTaskRequest {
        request_id: format!("assign {date}"),
        post: "500151001/p1".to_owned(),
        text: "通知停水".to_owned(),
        date: date.to_owned(),
    };
    let today = city.tasks().assign_task(city.by_dispatcher(assign(""))).await.unwrap().into_inner();
    assert_eq!((today.rule.as_str(), today.text.as_str(), today.worker.as_str()), ("", "通知停水", "w1"));
    city.tasks().assign_task(city.by_dispatcher(assign("2026-11-23"))).await.unwrap();
    assert_eq!(city.day_of(&me, "").await.len(), 6, "the other one stands on tomorrow's list");
    let list = pb::ListTasksRequest { date: String::new(), post: "500151001/p1".to_owned() };
    let seen = city.tasks().list_tasks(city.by_dispatcher(list.clone())).await.unwrap().into_inner();
    assert_eq!((seen.date.as_str(), seen.tasks.len()), (TODAY, 6));
    for (request, expected) in [
        (city.by_dispatcher(assign("2026-11-21")), (Code::Invalid, "DATE_NOT_LATER", vec!["date"])),
        (city.as_actor(&me, assign("2026-11-24")), (Code::Denied, "ROLE_DENIED", vec![])),
        (
            city.by(Role::TownDispatcher, "500151002", assign("2026-11-24")),
            (Code::Denied, "PLACE_OUT_OF_REACH", vec!["divisionCode"]),
        ),
    ] {
        let refused = problem_of(city.tasks().assign_task(request).await).unwrap_err();
        assert_eq!(told(&refused), expected);
    }
    let nobody = pb::AssignTaskRequest { post: "500151001/p9".to_owned(), ..assign("2026-11-24") };
    let refused = problem_of(city.tasks().assign_task(city.by_dispatcher(nobody)).await).unwrap_err();
    assert_eq!(told(&refused), (Code::Invalid, "POST_UNKNOWN", vec!["post"]));
    let denied = problem_of(city.tasks().list_tasks(city.as_actor(&me, list)).await).unwrap_err();
    assert_eq!(denied.reason, "ROLE_DENIED", "a worker sees the own day only");
    city.clock.advance(NEXT_DAY);
    city.fire_due().await;
    let next = city.day_of(&me, "").await;
    assert_eq!(next.iter().filter(|task| task.rule.is_empty()).count(), 2);
}

#[tokio::test]
async fn a_roster_that_makes_no_sense_is_refused_by_its_line() {
    let city = City::open().await;
    for (posts, absences, detail) in [
        ("post,unit\n", "", "line 2"),
        ("post,unit,worker\np1,500151002001001,w1\n", "", "line 2: the unit's place does not lie in the town"),
        ("post,unit,worker\np1,500151001-pingan,w1\n", "", "line 2: the unit is a grid or a grid team"),
        ("post,unit,worker\np1,500151001001001,w 1\n", "", "line 2: a worker is a reference"),
        (
            "post,unit,worker\np1,500151001001001,w1\np1,500151001001002,w2\n",
            "",
            "line 3: the post stands there already",
        ),
        (POSTS, "worker,stand_in,from,to\nw9,w2,2026-11-22,2026-11-22\n", "line 2: the worker has no post"),
        (POSTS, "worker,stand_in,from,to\nw1,w1,2026-11-22,2026-11-22\n", "line 2: somebody else stands in"),
        (POSTS, "worker,stand_in,from,to\nw1,w2,2026-11-23,2026-11-22\n", "line 2: the last day lies before"),
        (
            POSTS,
            "worker,stand_in,from,to\nw1,w2,2026-11-22,2026-11-24\nw1,w2,2026-11-24,2026-11-25\n",
            "line 3: the worker is away",
        ),
    ] {
        let Err(refused) = city.load_roster(posts, posts, absences).await else {
            assert!(posts == "post,unit\n", "{posts}{absences}");
            continue;
        };
        assert_eq!((refused.code, refused.reason.as_str()), (Code::Invalid, "ROSTER_INVALID"));
        assert!(refused.fields[0].detail.starts_with(detail), "{refused:?}");
    }
    let elsewhere = pb::LoadRosterRequest {
        request_id: "elsewhere".to_owned(),
        division_code: TOWN.to_owned(),
        posts: POSTS.to_owned(),
        ..pb::LoadRosterRequest::default()
    };
    let other_town = city.by(Role::TownDispatcher, "500151002", elsewhere);
    let refused = problem_of(city.tasks().load_roster(other_town).await).unwrap_err();
    assert_eq!(told(&refused), (Code::Denied, "PLACE_OUT_OF_REACH", vec!["divisionCode"]));
}

/// A process that dies after some of the lists leaves the timer armed; whoever fires it makes the others, and none twice.
#[tokio::test]
async fn a_day_that_was_cut_off_in_the_middle_is_made_whole_and_nothing_twice() {
    let city = City::with_roster().await;
    let me = worker("w1", GRID);
    let name = city.day_of(&me, "").await[0].name.clone();
    let list: CaseId = name.trim_start_matches("tasks/").rsplit_once('-').unwrap().0.parse().unwrap();
    city.clock.advance(NEXT_DAY);
    let now = city.clock.now();
    let before = city.cases.get::<Worklist>(&casebook::Scope::All, list).await.unwrap();
    let beginning = Beginning {
        day: Day::of(now),
        post: before.state.post.clone(),
        place: before.state.place.clone(),
        unit: before.state.unit.clone(),
        worker: "w1".to_owned(),
        candidates: Vec::new(),
    };
    let ask = casebook::Ask::<Worklist>::new(list, Command::Begin(Box::new(beginning)), facts(now, Author::Timer, 0));
    city.cases.execute(ask).await.unwrap();
    let due = city.cases.store().due_timers(now, None, 10).await.unwrap();
    assert_eq!(city.fire_due().await, 1);
    let other = worker("w2", "500151001001002");
    assert_eq!(city.day_of(&other, "").await.len(), 5);
    for timer in due {
        city.service.timers().fire(timer).await.unwrap();
    }
    let history = city.cases.timeline::<Worklist>(&casebook::Scope::All, list).await.unwrap();
    assert_eq!(history.len(), 2, "one beginning a day");
}
