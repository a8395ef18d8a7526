//! Who sees which reports, page by page, and who may decide what a report is about.

use crate::city::{City, code_and_reason, complaint, refusal};
use casebook::Ask;
use civic::taxonomy::Taxonomy;
use civic::{Actor, Micros, Role};
use intake::domain::OrderState;
use intake::domain::classifier::sentences::Sentence;
use intake::domain::report::{self, Attention, Command, Facts, OrderStep, Work};
use mesh::Code;
use proto::intake::v1::{
    Channel as Door, ClassifyReportRequest, CreateReportRequest, GetReportRequest, GetReportTimelineRequest,
    ListReportsRequest, Report, ReportState, Reporter, UrgeReportRequest,
};
use proto::types::v1::{Location, Urgency};

fn get(name: &str) -> GetReportRequest {
    GetReportRequest { name: name.to_owned() }
}

fn in_division(request_id: &str, code: &str) -> CreateReportRequest {
    let location = Some(Location { division_code: code.to_owned(), ..Location::default() });
    CreateReportRequest { location, ..complaint(request_id) }
}

#[tokio::test]
async fn a_report_outside_the_callers_scope_does_not_exist_for_them() {
    let city = City::open().await;
    let report = city.file(in_division("a", "500151001")).await;
    let seen = [
        (Role::CityDispatcher, "50", true),
        (Role::DistrictDispatcher, "500151", true),
        (Role::TownDispatcher, "500151001", true),
        (Role::Commander, "500151", true),
        (Role::Integrator, "50-rexian", true),
        (Role::DistrictDispatcher, "500103", false),
        (Role::TownDispatcher, "500151002", false),
        (Role::GridWorker, "500151001001", false),
        (Role::DepartmentHandler, "500151-chengguan", false),
        (Role::Operator, "50", false),
        (Role::Auditor, "50", false),
        (Role::Citizen, "", false),
    ];
    for (role, unit, sees) in seen {
        let answer = city.client().get_report(city.by(role, unit, get(&report.name))).await;
        assert_eq!(answer.is_ok(), sees, "{role} of {unit}");
        if !sees {
            assert_eq!(code_and_reason(&refusal(answer)), (Code::NotFound, "NOT_FOUND"), "{role} of {unit}");
        }
    }
}

#[tokio::test]
async fn a_machine_knows_what_it_sent_and_nothing_else_of_its_territory() {
    let city = City::open().await;
    let machine = |subject: &str| Actor::member(Role::Integrator, subject, "500151".parse().unwrap());
    let (own, other) = (machine("sluices"), machine("police"));
    let file = async |actor, request| {
        city.client().create_report(city.by_actor(actor, request)).await.unwrap().into_inner().name
    };
    let (sent, foreign) = (file(&own, complaint("a")).await, file(&other, complaint("b")).await);
    let of_a_citizen = CreateReportRequest { channel: Door::CitizenWeb.into(), ..complaint("c") };
    let told = city.client().create_report(tonic::Request::new(of_a_citizen)).await.unwrap().into_inner().name;
    city.client().get_report(city.by_actor(&own, get(&sent))).await.unwrap();
    let list = city.by_actor(&own, ListReportsRequest { page_size: 200, ..ListReportsRequest::default() });
    let listed = city.client().list_reports(list).await.unwrap().into_inner().reports;
    assert_eq!(listed.into_iter().map(|report| report.name).collect::<Vec<_>>(), [sent.as_str()]);
    for name in [foreign, told] {
        let timeline = GetReportTimelineRequest { name: name.clone() };
        let urge = UrgeReportRequest { name: name.clone(), request_id: name.clone(), ..UrgeReportRequest::default() };
        let refused = [
            refusal(city.client().get_report(city.by_actor(&own, get(&name))).await),
            refusal(city.client().get_report_timeline(city.by_actor(&own, timeline)).await),
            refusal(city.client().urge_report(city.by_actor(&own, urge)).await),
        ];
        assert!(refused.iter().all(|problem| code_and_reason(problem) == (Code::NotFound, "NOT_FOUND")), "{refused:?}");
    }
    let urge = UrgeReportRequest { name: sent, request_id: "urge".to_owned(), ..UrgeReportRequest::default() };
    city.client().urge_report(city.by_actor(&own, urge)).await.unwrap();
}

#[tokio::test]
async fn without_a_token_there_is_nothing_to_look_at() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let problem = refusal(city.client().get_report(get(&report.name)).await);
    assert_eq!(code_and_reason(&problem), (Code::Unauthenticated, "TOKEN_MISSING"));
    let problem = refusal(city.client().list_reports(ListReportsRequest::default()).await);
    assert_eq!(code_and_reason(&problem), (Code::Unauthenticated, "TOKEN_MISSING"));
}

#[tokio::test]
async fn a_malformed_or_unknown_name_is_not_found() {
    let city = City::open().await;
    for name in ["reports/x", "workOrders/01k9aaaaaaaaaaaaaaaaaaaaaa", "", "reports/01k9aaaaaaaaaaaaaaaaaaaaaa"] {
        let problem = refusal(city.client().get_report(city.by_dispatcher(get(name))).await);
        assert_eq!(code_and_reason(&problem), (Code::NotFound, "NOT_FOUND"), "{name}");
    }
}

#[tokio::test]
async fn handlers_do_not_learn_who_filed_a_secret_report() {
    let city = City::open().await;
    let reporter = Reporter { secret: true, ..complaint("a").reporter.unwrap() };
    let channel_number = "02368884321".to_owned();
    let request = CreateReportRequest { reporter: Some(reporter), channel_number, ..complaint("a") };
    let report = city.file(request).await;
    let read = async |role, unit| {
        let answer = city.client().get_report(city.by(role, unit, get(&report.name))).await.unwrap().into_inner();
        (answer.reporter.unwrap(), answer.channel_number)
    };
    let (desk, number) = read(Role::TownDispatcher, "500151001").await;
    assert_eq!(number, "02368884321");
    assert_eq!((desk.name.as_str(), desk.phone.as_str()), ("张*", "138****1234"));
    let (commander, number) = read(Role::Commander, "500151001").await;
    assert_eq!(number, "", "it may be the number they called from");
    assert_eq!((commander.name.as_str(), commander.phone.as_str(), commander.secret), ("", "", true));
}

#[tokio::test]
async fn a_list_is_walked_page_by_page_and_every_report_comes_once() {
    let city = City::open().await;
    for n in 0..7 {
        city.clock.advance(1_000);
        city.file(in_division(&n.to_string(), if n % 2 == 0 { "500151001" } else { "500103" })).await;
    }
    let mut names = Vec::new();
    let mut page = ListReportsRequest { page_size: 3, division_code: "500151".to_owned(), ..Default::default() };
    loop {
        let answer = city.client().list_reports(city.by_dispatcher(page.clone())).await.unwrap().into_inner();
        names.extend(answer.reports.into_iter().map(|report| report.name));
        if answer.next_page_token.is_empty() {
            break;
        }
        page.page_token = answer.next_page_token;
    }
    assert_eq!(names.len(), 4);
    assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "oldest first");
}

#[tokio::test]
async fn a_page_token_of_another_list_caller_or_hand_is_refused() {
    let city = City::open().await;
    for n in 0..3 {
        city.file(complaint(&n.to_string())).await;
    }
    let first = ListReportsRequest { page_size: 1, ..ListReportsRequest::default() };
    let token = city.client().list_reports(city.by_dispatcher(first)).await.unwrap().into_inner().next_page_token;
    let with = |token: &str| ListReportsRequest { page_size: 2, page_token: token.to_owned(), ..Default::default() };
    assert!(city.client().list_reports(city.by_dispatcher(with(&token))).await.is_ok(), "another size is fine");
    let mut tampered = token.clone();
    tampered.replace_range(3..4, if &token[3..4] == "0" { "1" } else { "0" });
    let filtered = ListReportsRequest { division_code: "500151".to_owned(), ..with(&token) };
    let others = [
        city.by_dispatcher(with(&tampered)),
        city.by_dispatcher(with("爱")),
        city.by_dispatcher(filtered),
        city.by_hotline(with(&token)),
    ];
    for request in others {
        let problem = refusal(city.client().list_reports(request).await);
        assert_eq!(code_and_reason(&problem), (Code::Invalid, "PAGE_TOKEN_INVALID"));
        assert_eq!(problem.fields[0].path, "pageToken");
    }
}

#[tokio::test]
async fn a_list_is_refused_a_size_a_state_and_a_division_that_cannot_be() {
    let city = City::open().await;
    let wrongs = [
        (ListReportsRequest { page_size: -1, ..Default::default() }, "PAGE_SIZE_INVALID"),
        (ListReportsRequest { page_size: 201, ..Default::default() }, "PAGE_SIZE_INVALID"),
        (ListReportsRequest { state: 77, ..Default::default() }, "STATE_UNKNOWN"),
        (ListReportsRequest { division_code: "509999".to_owned(), ..Default::default() }, "DIVISION_UNKNOWN"),
        (ListReportsRequest { division_code: "x".to_owned(), ..Default::default() }, "DIVISION_UNKNOWN"),
    ];
    for (request, reason) in wrongs {
        let problem = refusal(city.client().list_reports(city.by_dispatcher(request)).await);
        assert_eq!(code_and_reason(&problem), (Code::Invalid, reason));
    }
}

#[tokio::test]
async fn the_list_for_the_classifying_desk_shows_only_what_needs_a_person() {
    let city = City::open().await;
    city.file(complaint("a")).await;
    let unclear = city.file(CreateReportRequest { text: "你好".to_owned(), ..complaint("b") }).await;
    let request = ListReportsRequest { needs_person: true, state: ReportState::Filed.into(), ..Default::default() };
    let listed = city.client().list_reports(city.by_dispatcher(request)).await.unwrap().into_inner().reports;
    assert_eq!(listed.iter().map(|report| &report.name).collect::<Vec<_>>(), [&unclear.name]);
}

fn ruling(name: &str) -> ClassifyReportRequest {
    ClassifyReportRequest {
        name: name.to_owned(),
        request_id: "r".to_owned(),
        category_code: "0707".to_owned(),
        division_code: "500151002".to_owned(),
        note: "已电话核实".to_owned(),
        ..ClassifyReportRequest::default()
    }
}

#[tokio::test]
async fn a_dispatcher_decides_category_and_place_once() {
    let city = City::open().await;
    let report = city.file(CreateReportRequest { text: "你好".to_owned(), ..complaint("a") }).await;
    let request = ClassifyReportRequest { etag: report.etag.clone(), ..ruling(&report.name) };
    let ruled = city.client().classify_report(city.by_city(request.clone())).await.unwrap().into_inner();
    let category = ruled.category.clone().unwrap();
    assert_eq!(
        (category.code.as_str(), category.confidence, category.by.as_str()),
        ("0707", 100, "city-dispatcher/50")
    );
    assert_eq!(ruled.location.as_ref().unwrap().division_code, "500151002");
    assert!(!ruled.needs_person);
    let again = city.client().classify_report(city.by_city(request.clone())).await.unwrap().into_inner();
    assert_eq!(again, ruled);
    let stale = ClassifyReportRequest { request_id: "s".to_owned(), ..request };
    let problem = refusal(city.client().classify_report(city.by_city(stale)).await);
    assert_eq!(code_and_reason(&problem), (Code::Conflict, "ETAG_STALE"));
    let timeline = proto::intake::v1::GetReportTimelineRequest { name: report.name };
    let entries = city
        .client()
        .get_report_timeline(city.by(Role::TownDispatcher, "500151002", timeline))
        .await
        .unwrap()
        .into_inner()
        .entries;
    assert_eq!(
        (entries.len(), entries[1].reason.as_str(), entries[1].actor_role.as_str()),
        (2, "已电话核实", "city-dispatcher")
    );
}

#[tokio::test]
async fn a_ruling_clears_the_desk_raises_the_urgency_and_is_told_to_dispatch_once() {
    let city = City::open().await;
    let report = city.file(CreateReportRequest { text: "你好".to_owned(), ..complaint("a") }).await;
    assert!(report.needs_person);
    let gas = ClassifyReportRequest {
        category_code: "0401".to_owned(),
        division_code: String::new(),
        ..ruling(&report.name)
    };
    let ruled = city.client().classify_report(city.by_dispatcher(gas)).await.unwrap().into_inner();
    assert_eq!((ruled.needs_person, ruled.urgency()), (false, Urgency::LevelOne));
    let request = ListReportsRequest { needs_person: true, ..Default::default() };
    let listed = city.client().list_reports(city.by_dispatcher(request)).await.unwrap().into_inner().reports;
    assert_eq!(listed, []);
    let id: civic::CaseId = report.name["reports/".len()..].parse().unwrap();
    let heard = queue::EventSource::read(&city.cases, id.partition(4), 0, 100).await.unwrap();
    let kinds: Vec<_> = heard.iter().map(|event| event.r#type.as_str()).collect();
    assert_eq!(kinds, ["report.filed.v1", "report.classified.v1"]);
    let public: proto::events::v1::PublicEvent = prost::Message::decode(heard[1].data.clone()).unwrap();
    let Some(proto::events::v1::public_event::Event::ReportClassified(told)) = public.event else {
        panic!("another event")
    };
    assert_eq!((told.report, told.category_code.as_str(), told.urgency), (id.to_string(), "0401", 1));
    assert_eq!((told.division_code.as_str(), told.by.as_str()), ("500151001", "town-dispatcher@500151001"));
}

#[tokio::test]
async fn a_ruling_by_the_wrong_person_or_on_nothing_is_refused() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let base = ruling(&report.name);
    let refused = async |request| code_reason(refusal(city.client().classify_report(request).await));
    let as_machine = refused(city.by_hotline(base.clone())).await;
    assert_eq!(as_machine, (Code::Denied, "ROLE_DENIED".to_owned()));
    let elsewhere = refused(city.by(Role::TownDispatcher, "500103001", base.clone())).await;
    assert_eq!(elsewhere, (Code::NotFound, "NOT_FOUND".to_owned()));
    let wrongs = [
        (ClassifyReportRequest { category_code: "9999".to_owned(), ..base.clone() }, "CATEGORY_UNKNOWN"),
        (ClassifyReportRequest { division_code: "509999".to_owned(), ..base.clone() }, "DIVISION_UNKNOWN"),
        (ClassifyReportRequest { etag: "x".to_owned(), ..base.clone() }, "ETAG_INVALID"),
        (ClassifyReportRequest { etag: "01".to_owned(), ..base.clone() }, "ETAG_INVALID"),
        (ClassifyReportRequest { request_id: String::new(), ..base.clone() }, "REQUEST_ID_MISSING"),
        (
            ClassifyReportRequest { category_code: String::new(), division_code: String::new(), ..base },
            "NOTHING_TO_CLASSIFY",
        ),
    ];
    for (request, reason) in wrongs {
        assert_eq!(refused(city.by_dispatcher(request)).await, (Code::Invalid, reason.to_owned()));
    }
    assert_eq!(city.events().await, 1);
}

fn code_reason(problem: mesh::Problem) -> (Code, String) {
    (problem.code, problem.reason)
}

#[tokio::test]
async fn what_a_person_decided_is_learnt_from_and_what_a_machine_said_is_not() {
    let city = City::open().await;
    let vague = city.file(CreateReportRequest { text: "你好\n在吗".to_owned(), ..complaint("a") }).await;
    city.file(complaint("b")).await;
    let rulings = || async { intake::rulings(&city.cases, &Taxonomy::builtin()).await.unwrap() };
    assert_eq!(rulings().await, []);
    city.client().classify_report(city.by_dispatcher(ruling(&vague.name))).await.unwrap();
    assert_eq!(rulings().await, [Sentence { code: "0707".to_owned(), text: "你好 在吗".to_owned() }]);
}

/// domain.md 1 and 10: city and district know a town's matter by its header until something brings it to them.
#[tokio::test]
async fn district_and_city_know_a_town_s_report_by_its_header_until_something_brings_it_to_them() {
    let city = City::open().await;
    let filed = city.file(complaint("a")).await;
    let by = |tier: usize| {
        [(Role::DistrictDispatcher, "500151"), (Role::CityDispatcher, "50"), (Role::Supervisor, "500151")][tier]
    };
    let look = async |tier: usize| {
        let (role, unit) = by(tier);
        let get = GetReportRequest { name: filed.name.clone() };
        city.client().get_report(city.by(role, unit, get)).await.unwrap().into_inner()
    };
    for tier in 0..3 {
        let header = look(tier).await;
        assert!(header.content_withheld && header.reporter.is_none() && header.channel_number.is_empty());
        assert_eq!((header.text.as_str(), &header.tracking_number), ("", &filed.tracking_number));
        let (role, unit) = by(tier);
        let listed = city.by(role, unit, ListReportsRequest::default());
        let listed = city.client().list_reports(listed).await.unwrap().into_inner().reports;
        assert_eq!(listed, [header], "list and get agree");
    }
    let handed_down = Attention::told("town", "district", false);
    let supervised = Attention::told("", "", true);
    let raised = Attention::told("district", "town", false);
    let mut version = 0;
    for (attention, due, reads) in [
        (handed_down, None, [true, false, true]),
        (supervised, None, [true, true, true]),
        (raised, None, [true, false, true]),
        (Attention::default(), Some(Micros(city.clock_now().0 + 1)), [false; 3]),
        (Attention::default(), Some(city.clock_now()), [true; 3]),
        (Attention::default(), None, [false; 3]),
    ] {
        version += 1;
        step(&city, &filed, attention, due, version).await;
        for (tier, reads) in reads.into_iter().enumerate() {
            let report = look(tier).await;
            assert_eq!(
                (!report.content_withheld, !report.text.is_empty()),
                (reads, reads),
                "{attention:?} {due:?} {tier}"
            );
        }
    }
}

/// What dispatch tells of the report's order.
async fn step(city: &City, report: &Report, attention: Attention, due: Option<Micros>, order_version: i64) {
    let (order, unit) = (OrderState::Assigned, "500151001-minsheng".to_owned());
    let work = Work { order, unit, unit_name: String::new(), due, reply_ready: false, parent: None };
    let now = city.clock_now();
    let step = Command::Step(OrderStep { at: now, step: "stepped".to_owned(), work, attention, order_version });
    let id = report.name["reports/".len()..].parse().unwrap();
    city.cases.execute(Ask::<report::Report>::new(id, step, Facts { now })).await.unwrap();
}
