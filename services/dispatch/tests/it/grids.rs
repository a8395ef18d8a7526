//! A grid worker whose unit is a grid. Grids are in no list of divisions, and yet whoever works for one lies in its village.

use civic::{Actor, Role};
use mesh::Code;
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::evaluations_client::EvaluationsClient;
use proto::events::v1::StreamEventsRequest;
use proto::events::v1::public_event::Event as Public;

use crate::city::{City, SECTION, TOWN, refusal};
use crate::tasks::{GRID, problem_of, worker};
use crate::warnings::answering;

const VILLAGE: &str = "500151001001";
/// Of the next village.
const OTHER_GRID: &str = "500151001002001";

fn leader(grid: &str) -> Actor {
    Actor::member(Role::GridLeader, "leader", grid.parse().unwrap())
}

impl City {
    /// A warning whose places are called.
    async fn warned(&self) -> String {
        let issued = self.issued(self.by_dispatcher(self.warn("w", &[TOWN]))).await.unwrap();
        for _round in 0..=issued.places / 256 {
            self.fire_due().await;
        }
        issued.name
    }
}

#[tokio::test]
async fn a_worker_of_a_grid_reads_a_warning_and_answers_for_the_households_of_the_village() {
    let city = City::open().await;
    let name = city.warned().await;
    let me = worker("w1", GRID);
    let get = || pb::GetWarningRequest { name: name.clone() };
    let seen = city.warnings().get_warning(city.as_actor(&me, get())).await.unwrap().into_inner();
    assert_eq!(seen.text, "三小时降雨量将达一百毫米");
    let list = pb::ListWarningPlacesRequest { parent: name.clone(), ..Default::default() };
    let places = city.listed(city.as_actor(&me, list)).await;
    let households = format!("{VILLAGE}-households");
    assert!(places.iter().any(|place| place.name == format!("{name}/places/{households}")), "{places:?}");
    let acknowledge =
        pb::AcknowledgeWarningRequest { parent: name.clone(), request_id: "a".to_owned(), place: households.clone() };
    let acknowledged = city.warnings().acknowledge_warning(city.as_actor(&me, acknowledge)).await.unwrap();
    assert_eq!(acknowledged.into_inner().state, 2);
    let answered = city.warnings().answer_warning(city.as_actor(&me, answering(&name, "b", &households))).await;
    assert_eq!(answered.unwrap().into_inner().reached, 310);
    let elsewhere = answering(&name, "c", "500151001002-households");
    let refused = refusal(city.warnings().answer_warning(city.as_actor(&me, elsewhere)).await);
    assert_eq!(refused.code, Code::NotFound, "the next village is not theirs");
}

#[tokio::test]
async fn a_worker_of_a_grid_is_told_on_the_stream_that_the_village_is_warned() {
    let city = City::open().await;
    let listen = |grid: &str| city.as_actor(&worker("w1", grid), StreamEventsRequest::default());
    let mut stream = city.events_client().stream_events(listen(GRID)).await.unwrap().into_inner();
    city.warned().await;
    let told = tokio::time::timeout(std::time::Duration::from_secs(20), stream.message()).await;
    let event = told.expect("an event within the bound").unwrap().unwrap();
    let Some(Public::WarningPlaceChanged(changed)) = event.data.unwrap().event else { panic!("another event") };
    assert_eq!((changed.step.as_str(), changed.division_code.as_str()), ("called", VILLAGE));
}

#[tokio::test]
async fn a_leader_of_a_grid_rates_the_town_above_and_gives_tasks_in_the_own_grid_only() {
    let city = City::with_roster().await;
    let rate = pb::CreateEvaluationRequest {
        request_id: "e".to_owned(),
        unit: SECTION.to_owned(),
        score: 4,
        recommendation: 0,
    };
    let mut evaluations = EvaluationsClient::new(city.channel());
    problem_of(evaluations.create_evaluation(city.as_actor(&leader(GRID), rate.clone())).await).unwrap();
    let stranger = city.as_actor(&leader("500151002001001"), rate);
    assert_eq!(problem_of(evaluations.create_evaluation(stranger).await).unwrap_err().reason, "UNIT_NOT_ABOVE");
    let assign = |post: &str| pb::AssignTaskRequest {
        request_id: format!("assign {post}"),
        post: format!("{TOWN}/{post}"),
        text: "通知停水".to_owned(),
        date: String::new(),
    };
    let given = city.tasks().assign_task(city.as_actor(&leader(GRID), assign("p1"))).await.unwrap().into_inner();
    assert_eq!(given.worker, "w1");
    for (who, post) in [(GRID, "p2"), (OTHER_GRID, "p1")] {
        let refused = problem_of(city.tasks().assign_task(city.as_actor(&leader(who), assign(post))).await);
        assert_eq!(refused.unwrap_err().reason, "PLACE_OUT_OF_REACH", "{who} gives {post} nothing");
    }
}
