//! Citizens' suggestions: grouped by what they are about, and the quarterly ten from nomination to choice.

use crate::city::{City, code_and_reason, complaint, refusal};
use crate::oracle::head;
use casebook::Ask;
use civic::{Actor, CaseId, Micros, Role};
use intake::domain::report::{self, Attention, Command, Facts, Head, OrderStep, Work};
use intake::domain::{Kind, OrderState};
use mesh::Code;
use proto::intake::v1::suggestions_client::SuggestionsClient;
use proto::intake::v1::{
    ChooseSelectionRequest, CreateReportRequest, GetSelectionRequest, Idea, ListSuggestionsRequest,
    NominateSuggestionRequest, OpenSelectionRequest, PubliciseSelectionRequest, Report, ReportKind,
    ScoreSuggestionRequest, Selection, SelectionState, StrikeSuggestionRequest,
};
use proto::types::v1::Location;

fn client(city: &City) -> SuggestionsClient<mesh::Channel> {
    SuggestionsClient::new(city.channel())
}

async fn suggest(city: &City, id: &str, theme: &str, text: &str) -> Report {
    let request = CreateReportRequest {
        kind: ReportKind::Suggestion.into(),
        theme: theme.to_owned(),
        text: text.to_owned(),
        ..complaint(id)
    };
    city.file(request).await
}

fn id(report: &Report) -> CaseId {
    report.name["reports/".len()..].parse().unwrap()
}

/// What dispatch tells of the report's order.
async fn stepped(city: &City, report: &Report, order: OrderState, unit: &str) {
    let (unit, now) = (unit.to_owned(), city.clock_now());
    let work = Work { order, unit, unit_name: String::new(), due: None, reply_ready: false, parent: None };
    let step = Command::Step(OrderStep {
        at: now,
        step: "stepped".to_owned(),
        work,
        attention: Attention::default(),
        order_version: 1,
    });
    city.cases.execute(Ask::<report::Report>::new(id(report), step, Facts { now })).await.unwrap();
}

fn opening(request_id: &str) -> OpenSelectionRequest {
    OpenSelectionRequest {
        request_id: request_id.to_owned(),
        quarter: "2026Q4".to_owned(),
        division_code: "500151".to_owned(),
        panel: ["a", "b", "c"].map(str::to_owned).to_vec(),
    }
}

async fn opened(city: &City) -> Selection {
    let request = city.by(Role::Commander, "500151", opening("open"));
    client(city).open_selection(request).await.unwrap().into_inner()
}

fn nominate(selection: &Selection, id: &str, reports: &[&Report]) -> NominateSuggestionRequest {
    NominateSuggestionRequest {
        name: selection.name.clone(),
        request_id: id.to_owned(),
        theme: format!("主意{id}"),
        reports: reports.iter().map(|report| report.name.clone()).collect(),
        ..NominateSuggestionRequest::default()
    }
}

fn score(selection: &Selection, id: &str, idea: i32, points: i32) -> ScoreSuggestionRequest {
    ScoreSuggestionRequest { name: selection.name.clone(), request_id: id.to_owned(), idea, points }
}

/// By a member of the panel, or somebody who says so.
fn by_member<T>(city: &City, subject: &str, message: T) -> tonic::Request<T> {
    let unit = Some("500151".parse().unwrap());
    city.by_actor(&Actor { role: Role::Liaison, subject: subject.to_owned(), unit, head: false }, message)
}

fn publicise(selection: &Selection) -> PubliciseSelectionRequest {
    let (name, request_id) = (selection.name.clone(), "p".to_owned());
    PubliciseSelectionRequest { name, request_id, ..PubliciseSelectionRequest::default() }
}

fn choose(selection: &Selection) -> ChooseSelectionRequest {
    let (name, request_id) = (selection.name.clone(), "c".to_owned());
    ChooseSelectionRequest { name, request_id, ..ChooseSelectionRequest::default() }
}

#[tokio::test]
async fn suggestions_with_similar_texts_are_proposed_together_and_nothing_is_stored() {
    let city = City::open().await;
    let one = suggest(&city, "a", "夜间公交", "建议夜间增加公交车班次，下夜班的人没车坐").await;
    let other = suggest(&city, "b", "", "建议夜间增加公交班次，下夜班没有车坐").await;
    let alone = suggest(&city, "c", "", "滨江公园可以多种些桂花树").await;
    city.file(complaint("d")).await;
    let before = city.events().await;
    let request = city.by(Role::DistrictDispatcher, "500151", ListSuggestionsRequest::default());
    let groups = client(&city).list_suggestions(request).await.unwrap().into_inner().groups;
    let told: Vec<(&str, &[String])> =
        groups.iter().map(|group| (group.proposed_theme.as_str(), group.reports.as_slice())).collect();
    assert_eq!(told, [("夜间公交", &[other.name, one.name][..]), ("滨江公园可以多种些桂花树", &[alone.name][..])]);
    assert_eq!(city.events().await, before);
    let elsewhere = city.by(Role::DistrictDispatcher, "500101", ListSuggestionsRequest::default());
    assert_eq!(client(&city).list_suggestions(elsewhere).await.unwrap().into_inner().groups, []);
}

#[tokio::test]
async fn a_suggestion_that_was_dealt_with_is_still_of_its_quarter_and_one_that_nobody_can_read_hides_no_other() {
    let city = City::open().await;
    let done = suggest(&city, "a", "", "建议夜间增加公交车班次").await;
    let over = suggest(&city, "b", "", "公园多种桂花树").await;
    let open = suggest(&city, "c", "", "菜市场门口装个钟").await;
    stepped(&city, &done, OrderState::Closed, "500151-jiaotong").await;
    stepped(&city, &over, OrderState::Cancelled, "500151-yuanlin").await;
    let (now, unreadable) = (city.clock_now(), Head { kind: Kind::Suggestion, ..head("7", "0612", false) });
    let ask =
        Ask::<report::Report>::new(CaseId::from_bytes([0xff; 16]), Command::File(Box::new(unreadable)), Facts { now });
    city.cases.execute(ask).await.unwrap();
    let listed = async || {
        let request = city.by(Role::DistrictDispatcher, "500151", ListSuggestionsRequest::default());
        let groups = client(&city).list_suggestions(request).await.unwrap().into_inner().groups;
        groups.into_iter().flat_map(|group| group.reports).collect::<Vec<_>>()
    };
    assert_eq!(listed().await, [open.name, done.name]);
    city.clock.advance(101 * Micros::DAY);
    assert_eq!(listed().await, Vec::<String>::new(), "of another quarter");
}

#[tokio::test]
async fn a_quarter_goes_from_nomination_to_choice() {
    let city = City::open().await;
    let first = suggest(&city, "a", "", "建议夜间增加公交车班次").await;
    let second = suggest(&city, "b", "", "公园多种桂花树").await;
    let selection = opened(&city).await;
    assert_eq!((selection.state(), selection.panel, selection.ideas.len()), (SelectionState::Open, 3, 0));
    assert_eq!(opened(&city).await, selection, "the same request gets the same answer");
    for (id, report) in [("n1", &first), ("n2", &second)] {
        let request = city.by(Role::DistrictDispatcher, "500151", nominate(&selection, id, &[report]));
        client(&city).nominate_suggestion(request).await.unwrap();
    }
    for (member, idea, points) in [("a", 1, 6), ("b", 1, 7), ("a", 2, 9), ("b", 2, 9), ("c", 2, 10)] {
        let request = by_member(&city, member, score(&selection, &format!("{member}{idea}"), idea, points));
        let seen = client(&city).score_suggestion(request).await.unwrap().into_inner();
        assert!(seen.ideas.iter().all(|idea| idea.mean_hundredths == 0), "a first mean would be a vote: {seen:?}");
    }
    let request = city.by(Role::Commander, "500151", publicise(&selection));
    let published = client(&city).publicise_selection(request).await.unwrap().into_inner();
    let ranks: Vec<_> = published.ideas.iter().map(|idea| (idea.rank, idea.scores, idea.mean_hundredths)).collect();
    assert_eq!(ranks, [(2, 2, 650), (1, 3, 933)]);
    let early = refusal(client(&city).choose_selection(city.by(Role::Commander, "500151", choose(&selection))).await);
    assert_eq!(code_and_reason(&early), (Code::Refused, "PUBLICITY_RUNS"));
    let strike = StrikeSuggestionRequest {
        name: selection.name.clone(),
        request_id: "s".to_owned(),
        idea: 1,
        reason: "已有单位在实施".to_owned(),
        ..StrikeSuggestionRequest::default()
    };
    client(&city).strike_suggestion(city.by(Role::DistrictDispatcher, "500151", strike)).await.unwrap();
    city.clock.advance(8 * Micros::DAY);
    let request = city.by(Role::Commander, "500151", choose(&selection));
    let chosen = client(&city).choose_selection(request).await.unwrap().into_inner();
    assert_eq!(chosen.ideas.iter().map(|idea| idea.chosen).collect::<Vec<_>>(), [false, true]);
    assert_eq!(chosen.ideas[0].struck, "已有单位在实施");
}

#[tokio::test]
async fn everybody_reads_the_published_ten_without_a_token_and_nothing_of_how_they_came_to_it() {
    let city = City::open().await;
    let selection = opened(&city).await;
    for (id, text) in [("a", "建议夜间增加公交车班次"), ("b", "公园多种桂花树")] {
        let report = suggest(&city, id, "", text).await;
        let request = city.by(Role::DistrictDispatcher, "500151", nominate(&selection, id, &[&report]));
        client(&city).nominate_suggestion(request).await.unwrap();
    }
    for (member, idea) in [("a", 2), ("b", 2), ("a", 1)] {
        let request = by_member(&city, member, score(&selection, &format!("{member}{idea}"), idea, 8));
        client(&city).score_suggestion(request).await.unwrap();
    }
    let get = || GetSelectionRequest { name: selection.name.clone() };
    let early = refusal(client(&city).get_selection(get()).await);
    assert_eq!(code_and_reason(&early), (Code::Unauthenticated, "TOKEN_MISSING"));
    let publish = city.by(Role::Commander, "500151", publicise(&selection));
    let whole = client(&city).publicise_selection(publish).await.unwrap().into_inner();
    let idea = Idea { number: 2, theme: "主意b".to_owned(), rank: 1, ..Idea::default() };
    let must = Selection {
        name: selection.name.clone(),
        quarter: "2026Q4".to_owned(),
        division_code: "500151".to_owned(),
        state: SelectionState::Publicised.into(),
        ideas: vec![idea],
        publicity_end_time: whole.publicity_end_time,
        ..Selection::default()
    };
    assert_eq!(client(&city).get_selection(get()).await.unwrap().into_inner(), must);
    let citizen = city.by(Role::Citizen, "", get());
    assert_eq!(client(&city).get_selection(citizen).await.unwrap().into_inner(), must);
    let far = city.by(Role::DistrictDispatcher, "500101", get());
    assert_eq!(client(&city).get_selection(far).await.unwrap().into_inner(), must);
    let near = city.by(Role::DistrictDispatcher, "500151", get());
    assert_eq!(client(&city).get_selection(near).await.unwrap().into_inner(), whole);
    let means: Vec<_> = whole.ideas.iter().map(|idea| (idea.scores, idea.mean_hundredths)).collect();
    assert_eq!(means, [(1, 0), (2, 800)], "the mean of one is that one's vote");
    let unknown = GetSelectionRequest { name: "selections/00000000000000000000000000".to_owned() };
    assert_eq!(refusal(client(&city).get_selection(unknown).await).code, Code::Unauthenticated);
}

#[tokio::test]
async fn a_second_vote_a_strangers_vote_and_what_is_no_suggestion_are_refused_and_change_nothing() {
    let city = City::open().await;
    let report = suggest(&city, "a", "", "建议夜间增加公交车班次").await;
    let lamp = city.file(complaint("b")).await;
    let selection = opened(&city).await;
    let by_dispatcher = |message| city.by(Role::DistrictDispatcher, "500151", message);
    let none = refusal(client(&city).nominate_suggestion(by_dispatcher(nominate(&selection, "n", &[&lamp]))).await);
    assert_eq!(
        (code_and_reason(&none), none.fields[0].path.as_str()),
        ((Code::Invalid, "NOT_A_SUGGESTION"), "reports[0]")
    );
    client(&city).nominate_suggestion(by_dispatcher(nominate(&selection, "n1", &[&report]))).await.unwrap();
    let twice = refusal(client(&city).nominate_suggestion(by_dispatcher(nominate(&selection, "n2", &[&report]))).await);
    assert_eq!(code_and_reason(&twice), (Code::Refused, "ALREADY_NOMINATED"));
    client(&city).score_suggestion(by_member(&city, "a", score(&selection, "v1", 1, 9))).await.unwrap();
    let before = city.events().await;
    for (member, points, code, reason) in
        [("a", 10, Code::Refused, "ALREADY_SCORED"), ("b", 11, Code::Invalid, "POINTS_INVALID")]
    {
        let problem =
            refusal(client(&city).score_suggestion(by_member(&city, member, score(&selection, "v2", 1, points))).await);
        assert_eq!(code_and_reason(&problem), (code, reason));
    }
    let stranger = city.by(Role::Commander, "500151", score(&selection, "v3", 1, 10));
    let problem = refusal(client(&city).score_suggestion(stranger).await);
    assert_eq!(code_and_reason(&problem), (Code::Denied, "NOT_OF_THE_PANEL"));
    let unseen = by_member(&city, "z", score(&selection, "v4", 1, 10));
    assert_eq!(refusal(client(&city).score_suggestion(unseen).await).code, Code::NotFound);
    let one_voice = city.by(Role::Commander, "500151", publicise(&selection));
    let problem = refusal(client(&city).publicise_selection(one_voice).await);
    assert_eq!(code_and_reason(&problem), (Code::Refused, "NOTHING_SCORED"));
    assert_eq!(city.events().await, before);
}

#[tokio::test]
async fn grid_leaders_villages_and_towns_nominate_upwards_what_they_may_see_and_nobody_from_outside_does() {
    const LEADER: &str = "500151001001-wangge";
    let city = City::open().await;
    let selection = opened(&city).await;
    let mut told = Vec::new();
    for (key, text) in [("a", "建议夜间增加公交车班次"), ("b", "公园多种桂花树"), ("c", "菜市场门口装个钟")]
    {
        let location = Some(Location { division_code: "500151001001".to_owned(), ..Location::default() });
        let request = CreateReportRequest { kind: ReportKind::Suggestion.into(), location, ..complaint(key) };
        told.push(city.file(CreateReportRequest { text: text.to_owned(), ..request }).await);
    }
    stepped(&city, &told[0], OrderState::Assigned, LEADER).await;
    let nominated = async |role, unit: &str, id: &str, report: &Report| {
        client(&city).nominate_suggestion(city.by(role, unit, nominate(&selection, id, &[report]))).await
    };
    for (role, unit) in [(Role::VillageDesk, "500101001001"), (Role::GridLeader, "500101001001-wangge")] {
        let problem = refusal(nominated(role, unit, "outside", &told[0]).await);
        assert_eq!(code_and_reason(&problem), (Code::NotFound, "NOT_FOUND"), "{unit}");
    }
    let problem = refusal(nominated(Role::GridLeader, LEADER, "other", &told[1]).await);
    assert_eq!(code_and_reason(&problem), (Code::Invalid, "REPORTS_INVALID"), "another's suggestion");
    nominated(Role::GridLeader, LEADER, "leader", &told[0]).await.unwrap();
    let grid = refusal(nominated(Role::GridLeader, "500151001001001", "grid", &told[0]).await);
    assert_eq!(
        code_and_reason(&grid),
        (Code::Invalid, "REPORTS_INVALID"),
        "reached from a grid, too: but the order is another unit's"
    );
    nominated(Role::VillageDesk, "500151001001", "desk", &told[1]).await.unwrap();
    let seen = nominated(Role::TownDispatcher, "500151001", "town", &told[2]).await.unwrap().into_inner();
    assert_eq!(seen.ideas.len(), 3);
    let publish = city.by(Role::TownDispatcher, "500151001", publicise(&selection));
    assert_eq!(refusal(client(&city).publicise_selection(publish).await).code, Code::NotFound, "only nominating");
}

#[tokio::test]
async fn one_selection_for_each_place_and_quarter_and_only_for_those_who_see_the_place() {
    let city = City::open().await;
    let selection = opened(&city).await;
    let again = city.by(Role::Commander, "500151", opening("again"));
    let first = client(&city).open_selection(again).await.unwrap().into_inner();
    assert_eq!(first, selection, "whoever lost the answer has no other way to its name");
    let other = OpenSelectionRequest { panel: ["a", "b", "d"].map(str::to_owned).to_vec(), ..opening("other") };
    let problem = refusal(client(&city).open_selection(city.by(Role::Commander, "500151", other)).await);
    assert_eq!(code_and_reason(&problem), (Code::Conflict, "ALREADY_OPENED"));
    let far = city.by(Role::Commander, "500101", opening("far"));
    assert_eq!(refusal(client(&city).open_selection(far).await).code, Code::NotFound);
    let get = GetSelectionRequest { name: selection.name.clone() };
    let far = city.by(Role::DistrictDispatcher, "500101", get);
    assert_eq!(refusal(client(&city).get_selection(far).await).code, Code::NotFound);
    let worker = city.by(Role::GridWorker, "500151", publicise(&selection));
    assert_eq!(
        code_and_reason(&refusal(client(&city).publicise_selection(worker).await)),
        (Code::Denied, "ROLE_DENIED")
    );
    let wrong = OpenSelectionRequest { quarter: "2026-4".to_owned(), panel: vec!["a".to_owned(); 5], ..opening("w") };
    let problem = refusal(client(&city).open_selection(city.by(Role::Commander, "500151", wrong)).await);
    let fields: Vec<_> = problem.fields.iter().map(|field| field.reason.as_str()).collect();
    assert_eq!(fields, ["QUARTER_INVALID", "PANEL_INVALID"]);
}
