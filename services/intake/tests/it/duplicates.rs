//! Reports about the same matter are shown to whoever may see them, and stay two reports. What keywords do not know, the
//! model says, or a person.

use crate::city::{City, code_and_reason, complaint, refusal};
use civic::taxonomy::Taxonomy;
use civic::{Micros, Role};
use intake::catalog::Catalog;
use intake::domain::classifier::evaluate::By;
use intake::domain::classifier::sentences;
use mesh::Code;
use proto::intake::v1::{
    ClassifyReportRequest, CreateReportRequest, GetReportRequest, ListDuplicatesRequest, Report, WithdrawReportRequest,
};
use proto::types::v1::Location;

const DAY: i64 = 24 * 3_600 * Micros::SECOND;

fn told(request_id: &str, place: &str, text: &str) -> CreateReportRequest {
    let location = Some(Location { division_code: place.to_owned(), ..Location::default() });
    CreateReportRequest { location, text: text.to_owned(), ..complaint(request_id) }
}

async fn likely(city: &City, report: &Report) -> Vec<(String, i32)> {
    let asked = city.by_dispatcher(ListDuplicatesRequest { name: report.name.clone() });
    let answer = city.client().list_duplicates(asked).await.unwrap().into_inner();
    answer.duplicates.into_iter().map(|found| (found.name, found.score)).collect()
}

#[tokio::test]
async fn the_same_lamp_told_twice_is_found_and_other_matters_are_not() {
    let city = City::open().await;
    let first = city.file(told("a", "500151001", "12号楼门前的路灯不亮，晚上好黑")).await;
    for (id, place, text) in [
        ("b", "500151001", "18号楼门前的路灯不亮，晚上好黑"),
        ("c", "500151001", "12号楼垃圾三天没人清运，臭得很"),
        ("d", "500151002", "12号楼门前的路灯不亮，晚上好黑"),
        ("e", "500151001", "12号楼门前的路灯修好了，不用来了"),
    ] {
        city.file(told(id, place, text)).await;
    }
    let second = city.file(told("f", "500151001", "12号楼门前路灯不亮了，晚上黑得很")).await;
    let found = likely(&city, &second).await;
    assert_eq!(found.iter().map(|(name, _)| name).collect::<Vec<_>>(), [&first.name], "{found:?}");
    assert!((50..=100).contains(&found[0].1));
    assert_eq!(likely(&city, &first).await[0].0, second.name);
    assert_eq!(city.open_reports().await.len(), 6, "nothing was merged");
}

#[tokio::test]
async fn a_lamp_that_fails_again_after_a_month_is_another_matter() {
    let city = City::open().await;
    city.file(told("a", "500151001", "12号楼门前的路灯不亮")).await;
    city.clock.advance(31 * DAY);
    let again = city.file(told("b", "500151001", "12号楼门前的路灯不亮")).await;
    assert_eq!(likely(&city, &again).await, []);
}

#[tokio::test]
async fn staff_who_file_see_likely_duplicates_at_once_and_a_citizen_sees_none() {
    let city = City::open().await;
    let first = city.file(told("a", "500151001", "12号楼门前的路灯不亮，晚上好黑")).await;
    assert_eq!(first.likely_duplicates, []);
    let second = city.file(told("b", "500151001", "12号楼门前路灯不亮了，晚上黑得很")).await;
    assert_eq!(second.likely_duplicates.iter().map(|found| &found.name).collect::<Vec<_>>(), [&first.name]);
    let web =
        CreateReportRequest { channel: 0, ..told("c", "500151001", "12号楼门前的路灯不亮，晚上好黑") };
    let own = city.client().create_report(web).await.unwrap().into_inner();
    assert_eq!(own.likely_duplicates, [], "whose reports there are is nobody's business");
    let far = city.by(Role::TownDispatcher, "500151002", told("d", "500151001", "12号楼门前的路灯不亮，晚上好黑"));
    assert_eq!(city.client().create_report(far).await.unwrap().into_inner().likely_duplicates, []);
    assert_eq!(city.open_reports().await.len(), 4, "nothing was merged");
}

#[tokio::test]
async fn what_is_over_is_no_duplicate_any_more() {
    let city = City::open().await;
    let first = city.file(told("a", "500151001", "12号楼门前的路灯不亮")).await;
    let withdraw = WithdrawReportRequest {
        name: first.name,
        request_id: "w".to_owned(),
        phone_last4: "1234".to_owned(),
        ..WithdrawReportRequest::default()
    };
    city.client().withdraw_report(withdraw).await.unwrap();
    let second = city.file(told("b", "500151001", "12号楼门前的路灯不亮")).await;
    assert_eq!(second.likely_duplicates, []);
}

#[tokio::test]
async fn a_report_that_a_ruling_moves_is_found_in_its_new_town_and_no_more_in_the_old() {
    let city = City::open().await;
    let moved = city.file(told("a", "500151001", "12号楼门前的路灯不亮，晚上好黑")).await;
    let ruling = ClassifyReportRequest {
        name: moved.name.clone(),
        request_id: "r".to_owned(),
        division_code: "500151002".to_owned(),
        ..ClassifyReportRequest::default()
    };
    city.client().classify_report(city.by_dispatcher(ruling)).await.unwrap();
    let here = city.file(told("b", "500151001", "12号楼门前的路灯不亮，晚上好黑")).await;
    assert_eq!(here.likely_duplicates, []);
    let there = city.file(told("c", "500151002", "12号楼门前的路灯不亮，晚上好黑")).await;
    assert_eq!(there.likely_duplicates.iter().map(|found| &found.name).collect::<Vec<_>>(), [&moved.name]);
}

#[tokio::test]
async fn after_a_restart_what_was_filed_before_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("intake.sqlite3");
    let first = {
        let city = City::open_file(&path).await;
        city.file(told("a", "500151001", "12号楼门前的路灯不亮，晚上好黑")).await
    };
    let city = City::open_file(&path).await;
    let second = city.file(told("b", "500151001", "12号楼门前路灯不亮了，晚上黑得很")).await;
    assert_eq!(second.likely_duplicates, [], "not read back yet");
    let mut after = civic::CaseId::from_bytes([0; 16]);
    assert_eq!(city.service.app().read_back(&mut after).await.unwrap(), 1);
    assert_eq!(city.service.app().read_back(&mut after).await.unwrap(), 0, "once is enough");
    assert_eq!(likely(&city, &second).await[0].0, first.name);
}

#[tokio::test]
async fn nobody_is_shown_a_duplicate_of_what_they_may_not_see() {
    let city = City::open().await;
    let report = city.file(told("a", "500151001", "12号楼门前的路灯不亮")).await;
    city.file(told("b", "500151001", "12号楼门前的路灯不亮")).await;
    let asked = || ListDuplicatesRequest { name: report.name.clone() };
    let near = city.by(Role::TownDispatcher, "500151001", asked());
    assert_eq!(city.client().list_duplicates(near).await.unwrap().into_inner().duplicates.len(), 1);
    let far = city.by(Role::TownDispatcher, "500151002", asked());
    let problem = refusal(city.client().list_duplicates(far).await);
    assert_eq!(code_and_reason(&problem), (Code::NotFound, "NOT_FOUND"));
    let problem = refusal(city.client().list_duplicates(asked()).await);
    assert_eq!(code_and_reason(&problem), (Code::Unauthenticated, "TOKEN_MISSING"));
}

#[tokio::test]
async fn what_keywords_do_not_know_the_model_decides_and_says_so() {
    let (city, catalog) = (City::open().await, Catalog::builtin());
    let sentences = sentences::read(sentences::BUILTIN, &Taxonomy::builtin()).unwrap();
    let by = |wanted: By| sentences.iter().find(|sentence| catalog.decide(&sentence.text).by == wanted).unwrap();
    for (wanted, named) in [(By::Keywords, "keywords"), (By::Model, "model")] {
        let text = &by(wanted).text;
        let filed = city.file(told(named, "500151001", text)).await;
        let asked = city.by_dispatcher(GetReportRequest { name: filed.name });
        let report = city.client().get_report(asked).await.unwrap().into_inner();
        let category = report.category.unwrap();
        assert_eq!((category.by.as_str(), category.code.is_empty()), (named, false), "{text}");
        assert!(!report.needs_person, "{text}");
    }
    let unsure = city.file(told("person", "500151001", &by(By::Person).text)).await;
    assert!(unsure.needs_person);
}
