//! After filing: supplements, urging, withdrawal, refusal, transfer to emergency lines, checks of what was resolved on the spot.

use crate::city::{City, code_and_reason, complaint, refusal};
use civic::{Actor, Micros, Role};
use intake::config::Config;
use mesh::{Code, Problem};
use proto::intake::v1::{
    AgreeToLookRequest, Attachment, CheckReportRequest, CreateReportRequest, EmergencyLine, EndingCause,
    EraseReporterRequest, ErasureGround, GetReportRequest, GetReportTimelineRequest, ListReportsRequest, LookPurpose,
    OnTheSpot, RefusalGround, RefuseReportRequest, Report, ReportKind, ReportState, Reporter, SupplementReportRequest,
    TrackReportRequest, TransferReportRequest, UnmaskReporterRequest, UrgeReportRequest, WithdrawReportRequest,
};

fn supplement(report: &Report, request_id: &str, last4: &str) -> SupplementReportRequest {
    SupplementReportRequest {
        name: report.name.clone(),
        request_id: request_id.to_owned(),
        phone_last4: last4.to_owned(),
        text: "隔壁楼栋的灯也坏了".to_owned(),
        ..SupplementReportRequest::default()
    }
}

fn urge(report: &Report, request_id: &str, last4: &str) -> UrgeReportRequest {
    UrgeReportRequest {
        name: report.name.clone(),
        request_id: request_id.to_owned(),
        phone_last4: last4.to_owned(),
        ..UrgeReportRequest::default()
    }
}

fn withdraw(report: &Report, request_id: &str, last4: &str) -> WithdrawReportRequest {
    WithdrawReportRequest {
        name: report.name.clone(),
        request_id: request_id.to_owned(),
        phone_last4: last4.to_owned(),
        note: "自己修好了".to_owned(),
        ..WithdrawReportRequest::default()
    }
}

fn refuse(report: &Report, ground: RefusalGround) -> RefuseReportRequest {
    RefuseReportRequest {
        name: report.name.clone(),
        request_id: "refuse".to_owned(),
        ground: ground.into(),
        ..RefuseReportRequest::default()
    }
}

fn transfer(report: &Report, request_id: &str, to: EmergencyLine) -> TransferReportRequest {
    TransferReportRequest {
        name: report.name.clone(),
        request_id: request_id.to_owned(),
        to: to.into(),
        ..TransferReportRequest::default()
    }
}

fn check(report: &Report, request_id: &str) -> CheckReportRequest {
    CheckReportRequest {
        name: report.name.clone(),
        request_id: request_id.to_owned(),
        confirmed: true,
        ..CheckReportRequest::default()
    }
}

async fn get(city: &City, report: &Report) -> Report {
    let request = GetReportRequest { name: report.name.clone() };
    city.client().get_report(city.by_dispatcher(request)).await.unwrap().into_inner()
}

/// Types of the public events of one report, in order.
async fn told(city: &City, report: &Report) -> Vec<String> {
    let id: civic::CaseId = report.name["reports/".len()..].parse().unwrap();
    let heard = queue::EventSource::read(&city.cases, id.partition(4), 0, 100).await.unwrap();
    heard.into_iter().map(|event| event.r#type).collect()
}

fn said(problem: &Problem) -> (Code, String) {
    let (code, reason) = code_and_reason(problem);
    (code, reason.to_owned())
}

#[tokio::test]
async fn the_reporter_adds_to_a_report_by_the_secret_and_reads_nothing_by_it() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    for _ in 0..2 {
        let own = city.client().supplement_report(supplement(&report, "s", "1234")).await.unwrap().into_inner();
        assert_eq!((own.name.as_str(), own.etag.as_str()), (report.name.as_str(), "2"));
        let hidden = (own.text.is_empty(), own.reporter.is_none(), own.location.is_none(), own.supplements.is_empty());
        assert_eq!(hidden, (true, true, true, true), "four digits are no key to what was told");
    }
    let seen = get(&city, &report).await;
    let texts: Vec<_> = seen.supplements.iter().map(|added| (added.by.as_str(), added.text.as_str())).collect();
    assert_eq!(texts, [("citizen", "隔壁楼栋的灯也坏了")]);
    assert_eq!(seen.text, complaint("a").text, "appended, never edited");
    assert_eq!(told(&city, &report).await, ["report.filed.v1", "report.supplemented.v1"]);
}

#[tokio::test]
async fn guesses_at_a_name_are_braked_like_guesses_at_its_number() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    for guess in 0..5 {
        let problem = refusal(city.client().urge_report(urge(&report, "u", &format!("000{guess}"))).await);
        assert_eq!(said(&problem), (Code::NotFound, "NOT_FOUND".to_owned()));
    }
    let problem = refusal(city.client().withdraw_report(withdraw(&report, "w", "1234")).await);
    assert_eq!(said(&problem), (Code::Exhausted, "TOO_MANY_GUESSES".to_owned()));
    assert_eq!(city.events().await, 1);
}

#[tokio::test]
async fn without_a_secret_only_staff_of_the_place_act() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let without = supplement(&report, "s", "");
    let problem = refusal(city.client().supplement_report(without.clone()).await);
    assert_eq!(said(&problem), (Code::Invalid, "SECRET_MISSING".to_owned()));
    let elsewhere = city.by(Role::TownDispatcher, "500103001", without.clone());
    assert_eq!(said(&refusal(city.client().supplement_report(elsewhere).await)).0, Code::NotFound);
    let handler = city.by(Role::DepartmentHandler, "500151-chengguan", without.clone());
    let problem = refusal(city.client().supplement_report(handler).await);
    assert_eq!(said(&problem), (Code::Denied, "ROLE_DENIED".to_owned()));
    let attachment = Attachment { uri: "files/1".to_owned(), sha256: "ab".repeat(32), content_type: String::new() };
    let photo =
        SupplementReportRequest { text: String::new(), attachments: vec![attachment.clone()], ..without.clone() };
    let added = city.client().supplement_report(city.by_hotline(photo)).await.unwrap().into_inner();
    assert_eq!(added.supplements[0].attachments, [attachment]);
    assert_eq!(added.supplements[0].by, "integrator/50-rexian");
    let empty = SupplementReportRequest { text: " ".to_owned(), ..without };
    let problem = refusal(city.client().supplement_report(city.by_hotline(empty)).await);
    assert_eq!(said(&problem), (Code::Invalid, "SUPPLEMENT_EMPTY".to_owned()));
}

#[tokio::test]
async fn a_matter_is_urged_so_often_a_day_whoever_does_it() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    for n in 0..2 {
        city.client().urge_report(urge(&report, &n.to_string(), "1234")).await.unwrap();
    }
    let third = city.client().urge_report(city.by_hotline(urge(&report, "h", ""))).await.unwrap().into_inner();
    assert_eq!(third.urges.unwrap().total, 3);
    let problem = refusal(city.client().urge_report(urge(&report, "more", "1234")).await);
    assert_eq!(said(&problem), (Code::Refused, "URGED_ENOUGH_TODAY".to_owned()));
    assert!(problem.law.is_some());
    let again = city.client().urge_report(urge(&report, "0", "1234")).await.unwrap().into_inner();
    assert_eq!(again.urges.unwrap().total, 1, "the same request has the answer it had");
    city.clock.advance(24 * 3_600 * Micros::SECOND);
    let next_day = city.client().urge_report(urge(&report, "next", "1234")).await.unwrap().into_inner();
    assert_eq!(next_day.urges.unwrap().total, 4);
}

#[tokio::test]
async fn a_withdrawn_report_is_over_for_its_reporter_at_once_and_dispatch_hears_of_it() {
    let city = City::open().await;
    let report = city.file(CreateReportRequest { text: "你好".to_owned(), ..complaint("a") }).await;
    let own = city.client().withdraw_report(withdraw(&report, "w", "1234")).await.unwrap().into_inner();
    assert_eq!((own.state(), own.ending.unwrap().cause()), (ReportState::Ended, EndingCause::Withdrawn));
    let claim = TrackReportRequest {
        tracking_number: report.tracking_number.clone(),
        phone_last4: "1234".to_owned(),
        ..TrackReportRequest::default()
    };
    let tracked = city.client().track_report(claim).await.unwrap().into_inner();
    assert_eq!((tracked.state_text.as_str(), tracked.name.as_str()), ("已按您的要求撤回", report.name.as_str()));
    assert_eq!(told(&city, &report).await, ["report.filed.v1", "report.withdrawn.v1"]);
    assert_eq!(city.open_reports().await, [], "nobody need classify it any more");
    let timeline = GetReportTimelineRequest { name: report.name.clone() };
    let entries = city.client().get_report_timeline(city.by_dispatcher(timeline)).await.unwrap().into_inner().entries;
    assert_eq!((entries[1].reason.as_str(), entries[1].actor_role.as_str()), ("自己修好了", "citizen"));
    for problem in [
        refusal(city.client().withdraw_report(withdraw(&report, "again", "1234")).await),
        refusal(city.client().urge_report(urge(&report, "u", "1234")).await),
        refusal(city.client().supplement_report(supplement(&report, "s", "1234")).await),
        refusal(city.client().refuse_report(city.by_dispatcher(refuse(&report, RefusalGround::InPetition))).await),
    ] {
        assert_eq!(said(&problem), (Code::Refused, "STATE_REFUSES".to_owned()));
    }
    assert_eq!(city.events().await, 2);
}

#[tokio::test]
async fn a_refusal_names_a_ground_of_the_list_and_the_reporter_is_told_the_law() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let missing = refuse(&report, RefusalGround::Unspecified);
    let problem = refusal(city.client().refuse_report(city.by_dispatcher(missing.clone())).await);
    assert_eq!(said(&problem), (Code::Invalid, "GROUND_MISSING".to_owned()));
    let unknown = RefuseReportRequest { ground: 99, ..missing };
    let problem = refusal(city.client().refuse_report(city.by_dispatcher(unknown)).await);
    assert_eq!(said(&problem), (Code::Invalid, "GROUND_UNKNOWN".to_owned()));
    let concluded = refuse(&report, RefusalGround::ReviewConcluded);
    let worker = city.by(Role::GridLeader, "500151001", concluded.clone());
    assert_eq!(said(&refusal(city.client().refuse_report(worker).await)), (Code::Denied, "ROLE_DENIED".to_owned()));
    let refused = city.client().refuse_report(city.by_dispatcher(concluded)).await.unwrap().into_inner();
    assert_eq!(refused.ending.unwrap().law, "《信访工作条例》第三十六条");
    let claim = TrackReportRequest {
        tracking_number: report.tracking_number.clone(),
        phone_last4: "1234".to_owned(),
        ..TrackReportRequest::default()
    };
    let tracked = city.client().track_report(claim).await.unwrap().into_inner();
    assert!(tracked.state_text.starts_with("不予受理：") && tracked.state_text.contains("第三十六条"), "{tracked:?}");
    assert_eq!(told(&city, &report).await, ["report.filed.v1", "report.refused.v1"]);
}

#[tokio::test]
async fn words_of_an_emergency_advise_a_transfer_until_it_is_on_record() {
    let city = City::open().await;
    let fire = CreateReportRequest { text: "三楼着火了，有人昏迷".to_owned(), ..complaint("a") };
    let report = city.file(fire).await;
    let advice: Vec<_> = report.transfer_advice().collect();
    assert_eq!(advice, [EmergencyLine::Line119, EmergencyLine::Line120]);
    let request = transfer(&report, "t", EmergencyLine::Line119);
    let passed = city.client().transfer_report(city.by_hotline(request.clone())).await.unwrap().into_inner();
    assert_eq!(passed.transfer_advice().collect::<Vec<_>>(), [EmergencyLine::Line120]);
    assert_eq!(
        (passed.transfers[0].to(), passed.transfers[0].by.as_str()),
        (EmergencyLine::Line119, "integrator/50-rexian")
    );
    let twice = TransferReportRequest { request_id: "t2".to_owned(), ..request };
    let problem = refusal(city.client().transfer_report(city.by_hotline(twice)).await);
    assert_eq!(said(&problem), (Code::Refused, "ALREADY_TRANSFERRED".to_owned()));
    let nowhere = transfer(&report, "t3", EmergencyLine::Unspecified);
    let problem = refusal(city.client().transfer_report(city.by_hotline(nowhere)).await);
    assert_eq!(said(&problem), (Code::Invalid, "LINE_MISSING".to_owned()));
    assert_eq!(told(&city, &report).await, ["report.filed.v1", "report.transferred.v1"]);
    let idea = CreateReportRequest {
        kind: ReportKind::Suggestion.into(),
        text: "建议演练：着火了怎么办".to_owned(),
        theme: "消防".to_owned(),
        ..complaint("b")
    };
    let idea = city.file(idea).await;
    assert_eq!((idea.transfer_advice, idea.theme.as_str()), (Vec::new(), "消防"));
    let themed = CreateReportRequest { theme: "消防".to_owned(), ..complaint("c") };
    let problem = city.refusal(city.by_hotline(themed)).await;
    assert_eq!(said(&problem), (Code::Invalid, "THEME_WITHOUT_SUGGESTION".to_owned()));
}

/// A city that checks everything that was resolved on the spot.
async fn checking(percent: u8) -> (tempfile::TempDir, City) {
    let folder = tempfile::tempdir().unwrap();
    let shipped = include_str!("../../catalog/limits.toml");
    let limits = shipped.replace("spot_checks_percent = 5", &format!("spot_checks_percent = {percent}"));
    std::fs::write(folder.path().join("limits.toml"), limits).unwrap();
    let config = Config { catalog: Some(folder.path().to_owned()), ..Config::default() };
    let city = City::open_with(&config).await;
    (folder, city)
}

fn resolved(request_id: &str) -> CreateReportRequest {
    CreateReportRequest {
        on_the_spot: Some(OnTheSpot { result: "已更换灯泡".to_owned() }), ..complaint(request_id)
    }
}

#[tokio::test]
async fn what_was_resolved_on_the_spot_is_checked_once_by_a_second_person() {
    let (_folder, city) = checking(100).await;
    let filed = city.client().create_report(city.by_dispatcher(resolved("a"))).await.unwrap().into_inner();
    assert_eq!((filed.flagged, filed.needs_person, filed.spot_check.clone().unwrap().pending), (true, false, true));
    let list = |flagged, needs_person| ListReportsRequest { flagged, needs_person, ..ListReportsRequest::default() };
    let listed = city.client().list_reports(city.by_dispatcher(list(true, false))).await.unwrap().into_inner();
    assert_eq!(listed.reports.len(), 1);
    let listed = city.client().list_reports(city.by_dispatcher(list(false, true))).await.unwrap().into_inner();
    assert_eq!(listed.reports.len(), 0, "nobody need classify it");
    let himself = refusal(city.client().check_report(city.by_dispatcher(check(&filed, "c"))).await);
    assert_eq!(said(&himself), (Code::Refused, "CHECKER_IS_REPORTER".to_owned()));
    let second = Actor::member(Role::TownDispatcher, "second", "500151001".parse().unwrap());
    let another = |request_id: &str| city.by_actor(&second, check(&filed, request_id));
    let checked = city.client().check_report(another("d")).await.unwrap().into_inner();
    let made = checked.spot_check.unwrap();
    assert_eq!((made.pending, made.confirmed, made.by.as_str()), (false, true, "town-dispatcher/500151001"));
    assert!(!checked.flagged);
    let twice = refusal(city.client().check_report(another("e")).await);
    assert_eq!(said(&twice), (Code::Refused, "CHECK_NOT_DUE".to_owned()));
    let machine = refusal(city.client().check_report(city.by_hotline(check(&filed, "m"))).await);
    assert_eq!(said(&machine), (Code::Denied, "ROLE_DENIED".to_owned()));
}

#[tokio::test]
async fn about_the_share_of_the_catalog_is_drawn_and_nothing_else() {
    let (_folder, city) = checking(20).await;
    let mut drawn = 0;
    for n in 0..200 {
        let report = city.file(resolved(&n.to_string())).await;
        drawn += usize::from(report.spot_check.is_some());
    }
    assert!((20..=60).contains(&drawn), "{drawn} of 200, by ids that the seed of the test gives");
    assert!(city.file(complaint("other")).await.spot_check.is_none());
    let (_folder, none) = checking(0).await;
    assert!(none.file(resolved("a")).await.spot_check.is_none());
}

/// Canaries that no answer to a handler and no event may contain.
const NAME: &str = "欧阳金丝雀";
const PHONE: &str = "13955557788";

#[tokio::test]
async fn who_reported_in_secret_reaches_no_handler_and_no_event() {
    let city = City::open().await;
    let secret = CreateReportRequest {
        channel_number: PHONE.to_owned(),
        reporter: Some(Reporter {
            name: NAME.to_owned(),
            phone: PHONE.to_owned(),
            secret: true,
            ..Reporter::default()
        }),
        ..complaint("a")
    };
    let report = city.file(secret).await;
    city.client().supplement_report(supplement(&report, "s", "7788")).await.unwrap();
    city.client().urge_report(urge(&report, "u", "7788")).await.unwrap();
    city.client().withdraw_report(withdraw(&report, "w", "7788")).await.unwrap();
    let desk = |request| city.by(Role::VillageDesk, "500151001", request);
    let seen =
        city.client().get_report(desk(GetReportRequest { name: report.name.clone() })).await.unwrap().into_inner();
    let timeline = GetReportTimelineRequest { name: report.name.clone() };
    let request = city.by(Role::VillageDesk, "500151001", timeline);
    let history = city.client().get_report_timeline(request).await.unwrap().into_inner();
    let hidden = seen.reporter.clone().unwrap();
    assert_eq!((hidden.name.as_str(), hidden.phone.as_str(), hidden.secret), ("", "", true));
    let mut shown = format!("{seen:?}{history:?}").into_bytes();
    let id: civic::CaseId = report.name["reports/".len()..].parse().unwrap();
    for event in queue::EventSource::read(&city.cases, id.partition(4), 0, 100).await.unwrap() {
        shown.extend_from_slice(&event.data);
        shown.extend_from_slice(format!("{event:?}").as_bytes());
    }
    for canary in [NAME, PHONE, "欧阳", "****7788"] {
        assert!(!shown.windows(canary.len()).any(|bytes| bytes == canary.as_bytes()), "{canary}");
    }
}

fn unmask(report: &Report, request_id: &str, purpose: LookPurpose) -> UnmaskReporterRequest {
    UnmaskReporterRequest {
        name: report.name.clone(),
        request_id: request_id.to_owned(),
        purpose: purpose.into(),
        reason: "电话回访".to_owned(),
    }
}

#[tokio::test]
async fn who_reported_is_shown_with_a_purpose_and_a_reason_and_the_reporter_sees_which_unit_looked() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    assert_eq!(report.reporter.as_ref().unwrap().phone, "138****1234");
    let asked = unmask(&report, "u", LookPurpose::CallBack);
    let shown = city.client().unmask_reporter(city.by_dispatcher(asked.clone())).await.unwrap().into_inner();
    assert_eq!((shown.reporter_name.as_str(), shown.phone.as_str()), ("张三", "13800001234"));
    // The same request again is the same look.
    city.client().unmask_reporter(city.by_dispatcher(asked)).await.unwrap();
    assert_eq!(city.events().await, 2);
    let claim = TrackReportRequest {
        tracking_number: report.tracking_number.clone(),
        phone_last4: "1234".to_owned(),
        ..TrackReportRequest::default()
    };
    let tracked = city.client().track_report(claim).await.unwrap().into_inner();
    let looks: Vec<_> = tracked.looks.iter().map(|look| (look.unit.as_str(), look.purpose())).collect();
    assert_eq!(looks, [("500151001", LookPurpose::CallBack)]);
    let history = city.by_dispatcher(GetReportTimelineRequest { name: report.name.clone() });
    let history = city.client().get_report_timeline(history).await.unwrap().into_inner();
    let last = history.entries.last().unwrap();
    assert_eq!((last.r#type.as_str(), last.reason.as_str()), ("report.unmasked", "电话回访"));
    assert_eq!(told(&city, &report).await, ["report.filed.v1", ""], "nobody else hears of it but its place in the log");
}

#[tokio::test]
async fn nobody_looks_without_a_reason_and_only_whoever_calls_back_or_supervises_looks_at_all() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let asked = |request_id: &str| unmask(&report, request_id, LookPurpose::HandleCase);
    let silent = UnmaskReporterRequest { reason: " ".to_owned(), ..asked("a") };
    let problem = refusal(city.client().unmask_reporter(city.by_dispatcher(silent)).await);
    assert_eq!(said(&problem), (Code::Invalid, "REASON_MISSING".to_owned()));
    for (purpose, reason) in [(0, "PURPOSE_MISSING"), (9, "PURPOSE_UNKNOWN")] {
        let request = UnmaskReporterRequest { purpose, ..asked("b") };
        let problem = refusal(city.client().unmask_reporter(city.by_dispatcher(request)).await);
        assert_eq!(said(&problem), (Code::Invalid, reason.to_owned()));
    }
    for (role, unit) in
        [(Role::GridWorker, "500151001001001"), (Role::DepartmentHandler, "500151-gongan"), (Role::Operator, "50")]
    {
        let problem = refusal(city.client().unmask_reporter(city.by(role, unit, asked("c"))).await);
        assert_eq!(said(&problem), (Code::Denied, "ROLE_DENIED".to_owned()), "{role}");
    }
    let elsewhere = city.by(Role::TownDispatcher, "500103001", asked("d"));
    let problem = refusal(city.client().unmask_reporter(elsewhere).await);
    assert_eq!(said(&problem), (Code::NotFound, "NOT_FOUND".to_owned()));
    assert_eq!(city.events().await, 1, "nothing was shown, and nothing is on record as shown");
}

fn agree(report: &Report, request_id: &str, purpose: LookPurpose) -> AgreeToLookRequest {
    AgreeToLookRequest {
        name: report.name.clone(),
        request_id: request_id.to_owned(),
        purpose: purpose.into(),
        reason: "核查督办事项".to_owned(),
    }
}

/// 双人: a supervisor looks once for each time that somebody else agreed to that purpose, within a day.
#[tokio::test]
async fn a_supervisor_looks_with_a_second_person_s_agreement_once_and_to_that_purpose() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let of = |subject: &str| Actor::member(Role::Supervisor, subject, "500151001".parse().unwrap());
    let (supervisor, colleague) = (of("one"), of("other"));
    let look = async |request_id: &str, purpose| {
        let asked = city.by_actor(&supervisor, unmask(&report, request_id, purpose));
        city.client().unmask_reporter(asked).await
    };
    let consent = async |who: &Actor, request_id: &str| {
        let request = city.by_actor(who, agree(&report, request_id, LookPurpose::HandleCase));
        city.client().agree_to_look(request).await.unwrap();
    };
    let refused = async |request_id: &str, purpose| {
        let problem = refusal(look(request_id, purpose).await);
        assert_eq!(said(&problem), (Code::Refused, "SECOND_PERSON_MISSING".to_owned()), "{request_id}");
    };
    refused("alone", LookPurpose::HandleCase).await;
    consent(&supervisor, "own").await;
    refused("agreed to oneself", LookPurpose::HandleCase).await;
    consent(&colleague, "first").await;
    refused("another purpose", LookPurpose::CallBack).await;
    let shown = look("seen", LookPurpose::HandleCase).await.unwrap().into_inner();
    assert_eq!(shown.phone, "13800001234");
    look("seen", LookPurpose::HandleCase).await.unwrap();
    refused("again", LookPurpose::HandleCase).await;
    consent(&colleague, "second").await;
    city.clock.advance(Micros::DAY + 1);
    refused("the day after", LookPurpose::HandleCase).await;
    let worker = city.by(Role::DepartmentHandler, "500151001-minsheng", agree(&report, "w", LookPurpose::HandleCase));
    assert_eq!(said(&refusal(city.client().agree_to_look(worker).await)).1, "ROLE_DENIED");
    let district = city.by(Role::DistrictDispatcher, "500151", agree(&report, "d", LookPurpose::HandleCase));
    assert_eq!(said(&refusal(city.client().agree_to_look(district).await)).1, "CONTENT_WITHHELD");
}

fn erase(report: &Report, request_id: &str, ground: ErasureGround) -> EraseReporterRequest {
    EraseReporterRequest { name: report.name.clone(), request_id: request_id.to_owned(), ground: ground.into() }
}

#[tokio::test]
async fn an_erased_reporter_is_readable_by_nobody_and_the_case_stays() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let asked = erase(&report, "e", ErasureGround::ConsentWithdrawn);
    let problem = refusal(city.client().erase_reporter(city.by_dispatcher(asked.clone())).await);
    assert_eq!(said(&problem), (Code::Refused, "STATE_REFUSES".to_owned()), "somebody still works on it");
    city.client().unmask_reporter(city.by_dispatcher(unmask(&report, "u", LookPurpose::CallBack))).await.unwrap();
    city.client().withdraw_report(withdraw(&report, "w", "1234")).await.unwrap();

    let erased = city.client().erase_reporter(city.by_dispatcher(asked.clone())).await.unwrap().into_inner();
    let again = city.client().erase_reporter(city.by_dispatcher(asked)).await.unwrap().into_inner();
    let once_more = erase(&report, "f", ErasureGround::RetentionOver);
    let once_more = city.client().erase_reporter(city.by_dispatcher(once_more)).await.unwrap().into_inner();
    assert!(erased == again && erased == once_more && erased.erased);
    let left = erased.reporter.unwrap();
    assert_eq!((erased.text.as_str(), left.name.as_str(), left.phone.as_str()), ("", "", ""));
    assert_eq!((&erased.category, &erased.tracking_number), (&report.category, &report.tracking_number));

    let claim = TrackReportRequest {
        tracking_number: report.tracking_number.clone(),
        phone_last4: "1234".to_owned(),
        ..TrackReportRequest::default()
    };
    assert_eq!(said(&refusal(city.client().track_report(claim).await)).1, "NOT_FOUND", "the look-up is gone with it");
    let look = city.by_dispatcher(unmask(&report, "v", LookPurpose::AnswerSubject));
    let shown = city.client().unmask_reporter(look).await.unwrap().into_inner();
    assert_eq!((shown.reporter_name.as_str(), shown.phone.as_str()), ("", ""));
    let history = city.by_dispatcher(GetReportTimelineRequest { name: report.name.clone() });
    let history = city.client().get_report_timeline(history).await.unwrap().into_inner();
    let told: Vec<_> = history.entries.iter().map(|entry| (entry.r#type.as_str(), entry.reason.as_str())).collect();
    let course = ["report.filed", "report.unmasked", "report.withdrawn", "report.personErased", "report.unmasked"];
    assert_eq!(told, course.map(|step| (step, "")), "the course stays, without the words");
    assert!(city.keys_of(&report).await.are_destroyed());
}

#[tokio::test]
async fn only_the_centre_erases_and_only_on_a_ground_of_the_law() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    city.client().withdraw_report(withdraw(&report, "w", "1234")).await.unwrap();
    for (ground, reason) in [(0, "GROUND_MISSING"), (9, "GROUND_UNKNOWN")] {
        let asked = EraseReporterRequest { ground, ..erase(&report, "e", ErasureGround::Unlawful) };
        let problem = refusal(city.client().erase_reporter(city.by_dispatcher(asked)).await);
        assert_eq!(said(&problem), (Code::Invalid, reason.to_owned()));
    }
    let asked = || erase(&report, "f", ErasureGround::Unlawful);
    for (role, unit) in [(Role::GridWorker, "500151001001001"), (Role::Supervisor, "50"), (Role::Operator, "50")] {
        let problem = refusal(city.client().erase_reporter(city.by(role, unit, asked())).await);
        assert_eq!(said(&problem), (Code::Denied, "ROLE_DENIED".to_owned()), "{role}");
    }
    let elsewhere = city.by(Role::TownDispatcher, "500103001", asked());
    assert_eq!(said(&refusal(city.client().erase_reporter(elsewhere).await)).1, "NOT_FOUND");
    assert!(!city.keys_of(&report).await.are_destroyed());
}
