//! Evaluation upwards: only above, once a month, and nobody can tell who it was.

use civic::{Actor, Micros, Role};
use mesh::{Code, Problem};
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::evaluations_client::EvaluationsClient;

use crate::city::{City, SECTION, TOWN};
use crate::tasks::problem_of;

const STATION: &str = "500151001-paichusuo";
const NOVEMBER: &str = "2026-11";

fn score(unit: &str, score: i32, id: &str) -> pb::CreateEvaluationRequest {
    pb::CreateEvaluationRequest { request_id: id.to_owned(), unit: unit.to_owned(), score, recommendation: 0 }
}

fn leader(subject: &str) -> Actor {
    Actor::member(Role::GridLeader, subject, "500151001001-wangge".parse().unwrap())
}

fn village(code: &str) -> Actor {
    Actor::member(Role::VillageDesk, format!("clerk of {code}"), code.parse().unwrap())
}

fn town() -> Actor {
    Actor::member(Role::TownDispatcher, "t", TOWN.parse().unwrap())
}

impl City {
    fn evaluations(&self) -> EvaluationsClient<mesh::Channel> {
        EvaluationsClient::new(self.channel())
    }

    async fn evaluate(&self, who: &Actor, request: pb::CreateEvaluationRequest) -> Result<pb::Evaluation, Problem> {
        problem_of(self.evaluations().create_evaluation(self.as_actor(who, request)).await)
    }

    async fn summary(&self, who: &Actor, unit: &str, month: &str) -> Result<pb::EvaluationSummary, Problem> {
        let request = pb::SummarizeEvaluationsRequest { unit: unit.to_owned(), month: month.to_owned() };
        problem_of(self.evaluations().summarize_evaluations(self.as_actor(who, request)).await)
    }
}

#[tokio::test]
async fn the_rated_read_nothing_of_fewer_than_five_and_numbers_only_of_a_month_that_is_over() {
    let city = City::open().await;
    let rated = Actor::member(Role::DepartmentHandler, "h", SECTION.parse().unwrap());
    for n in 1..=4 {
        city.evaluate(&leader(&format!("l{n}")), score(SECTION, n, "e")).await.unwrap();
    }
    assert_eq!(city.summary(&rated, SECTION, NOVEMBER).await.unwrap_err().reason, "MONTH_NOT_OVER");
    city.clock.advance(30 * Micros::DAY);
    let few = city.summary(&rated, SECTION, NOVEMBER).await.unwrap();
    assert_eq!((few.withheld, few.raters, few.scores), (true, 0, Vec::new()), "not even how many");
    for n in 1..=5 {
        let given = city.evaluate(&leader(&format!("l{n}")), score(SECTION, 4, "e2")).await.unwrap();
        assert_eq!(given.month, "2026-12", "another month, another word");
    }
    city.clock.advance(31 * Micros::DAY);
    let enough = city.summary(&rated, SECTION, "2026-12").await.unwrap();
    assert_eq!((enough.withheld, enough.raters, enough.scores), (false, 5, vec![0, 0, 0, 5, 0]));
    assert!(city.summary(&rated, SECTION, NOVEMBER).await.unwrap().withheld);
}

#[tokio::test]
async fn one_rater_rates_a_unit_once_a_month() {
    let city = City::open().await;
    let one = city.evaluate(&leader("l1"), score(SECTION, 3, "e")).await.unwrap();
    assert_eq!(city.evaluate(&leader("l1"), score(SECTION, 3, "e")).await.unwrap(), one, "the same request again");
    let second = city.evaluate(&leader("l1"), score(SECTION, 5, "other")).await.unwrap_err();
    assert_eq!((second.code, second.reason.as_str()), (Code::Refused, "EVALUATED_ALREADY"));
    city.evaluate(&leader("l1"), score(STATION, 5, "station")).await.unwrap();
    let desk = village("500151001001");
    city.evaluate(&desk, score(SECTION, 5, "v")).await.unwrap();
    let colleague = Actor { subject: "another clerk".to_owned(), ..desk };
    assert_eq!(city.evaluate(&colleague, score(SECTION, 1, "v")).await.unwrap_err().reason, "EVALUATED_ALREADY");
}

#[tokio::test]
async fn rating_goes_upwards_in_the_own_line_only() {
    let city = City::open().await;
    for (who, unit, reason) in [
        (leader("l"), "500151002-pingan", "UNIT_NOT_ABOVE"),
        (leader("l"), "500151-gongan", "UNIT_NOT_ABOVE"),
        (leader("l"), "500151001001-wangge", "UNIT_NOT_ABOVE"),
        (village("500151001001"), "500151-gongan", "UNIT_NOT_ABOVE"),
        (town(), SECTION, "UNIT_NOT_ABOVE"),
        (town(), "500151001001", "UNIT_NOT_ABOVE"),
        (town(), "50-gongan", "UNIT_NOT_ABOVE"),
        (Actor::member(Role::DepartmentHandler, "h", SECTION.parse().unwrap()), "500151-gongan", "ROLE_DENIED"),
        (Actor::member(Role::DistrictDispatcher, "d", "500151".parse().unwrap()), SECTION, "ROLE_DENIED"),
    ] {
        let refused = city.evaluate(&who, score(unit, 3, unit)).await.unwrap_err();
        assert_eq!((refused.code, refused.reason.as_str()), (Code::Denied, reason), "{} of {unit}", who.role);
    }
    city.evaluate(&town(), score("500151-gongan", 4, "up")).await.unwrap();
    let commend = pb::Recommendation::CommendHead.into();
    let about =
        |unit: &str| pb::CreateEvaluationRequest { recommendation: commend, ..score(unit, 5, &format!("r {unit}")) };
    let station = city.evaluate(&town(), about(STATION)).await.unwrap();
    assert_eq!(station.recommendation(), pb::Recommendation::CommendHead);
    for (who, unit) in [(town(), "500151-minzheng"), (leader("l"), STATION)] {
        let refused = city.evaluate(&who, about(unit)).await.unwrap_err();
        assert_eq!(
            (refused.reason.as_str(), refused.fields[0].path.as_str()),
            ("RECOMMENDATION_DENIED", "recommendation")
        );
    }
    for (request, reason, field) in [
        (score(SECTION, 0, "0"), "SCORE_INVALID", "score"),
        (score(SECTION, 6, "6"), "SCORE_INVALID", "score"),
        (score("nowhere", 3, "n"), "UNIT_UNKNOWN", "unit"),
        (
            pb::CreateEvaluationRequest { recommendation: 9, ..score(SECTION, 3, "9") },
            "RECOMMENDATION_UNKNOWN",
            "recommendation",
        ),
    ] {
        let refused = city.evaluate(&leader("l"), request).await.unwrap_err();
        assert_eq!((refused.reason.as_str(), refused.fields[0].path.as_str()), (reason, field));
    }
}

#[tokio::test]
async fn nothing_stored_or_told_of_a_rating_names_its_rater_and_others_do_not_read_it() {
    let city = City::open().await;
    let given = city.evaluate(&leader("zhang-san"), score(SECTION, 1, "e")).await.unwrap();
    let id = given.name.trim_start_matches("evaluations/").parse().unwrap();
    let row = city.cases.store().load(id).await.unwrap().unwrap();
    let events = city.cases.store().events(id, row.version).await.unwrap();
    let stored = format!("{:?} {:?}", row.row, events.iter().map(|event| &event.actor).collect::<Vec<_>>());
    let payloads = events.iter().map(|event| event.payload.clone());
    for bytes in payloads.chain([row.state, stored.into_bytes()]) {
        for secret in ["zhang-san", "500151001001", "wangge"] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
        }
    }
    city.clock.advance(30 * Micros::DAY);
    let other = Actor::member(Role::DepartmentHandler, "o", "500151001-minsheng".parse().unwrap());
    assert_eq!(city.summary(&other, SECTION, NOVEMBER).await.unwrap_err().reason, "UNIT_DENIED");
    assert!(city.summary(&town(), SECTION, NOVEMBER).await.unwrap().withheld);
    assert_eq!(city.summary(&town(), SECTION, "November").await.unwrap_err().reason, "MONTH_INVALID");
}
