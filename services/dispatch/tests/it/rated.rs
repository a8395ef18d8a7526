//! What the three rates are counted from: each order's facts, exclusions and their contest, and an outsider who counts for himself.

use std::collections::BTreeMap;

use civic::{Micros, Role};
use mesh::{Code, Problem};
use prost::Message as _;
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::rates_client::RatesClient;
use proto::events::v1::public_event::Event as Public;
use proto::events::v1::{PublicEvent, ReportFiled};
use proto::types::v1::WorkOrderState;
use queue::EventSource as _;

use crate::city::{City, OTHER_TOWN, SECTION, TOWN, rate, resolve};
use crate::tasks::problem_of;

/// Numerator and denominator of each rate.
type Counts = [(i32, i32); 3];

const LEFT_OUT_GROUND: pb::Ground = pb::Ground::BeyondAnybody;

fn exclude(name: &str, id: &str) -> pb::RequestExclusionRequest {
    pb::RequestExclusionRequest {
        name: name.to_owned(),
        request_id: id.to_owned(),
        ground: LEFT_OUT_GROUND.into(),
        rates: Vec::new(),
        reason: "产权纠纷待法院判决".to_owned(),
    }
}

fn decide(name: &str, id: &str, granted: bool) -> pb::DecideExclusionRequest {
    pb::DecideExclusionRequest {
        name: name.to_owned(),
        request_id: id.to_owned(),
        granted,
        reason: "已核实".to_owned(),
        etag: String::new(),
    }
}

impl City {
    fn rates(&self) -> RatesClient<mesh::Channel> {
        RatesClient::new(self.channel())
    }

    async fn facts(&self, name: &str) -> pb::OrderFacts {
        let request = self.by_dispatcher(pb::GetOrderFactsRequest { name: name.to_owned() });
        self.rates().get_order_facts(request).await.unwrap().into_inner()
    }

    /// Every page of the export, so many at a time.
    async fn exported(&self, request: pb::ListOrderFactsRequest) -> Vec<pb::OrderFacts> {
        let (mut all, mut token) = (Vec::new(), String::new());
        loop {
            let page = pb::ListOrderFactsRequest { page_token: token, ..request.clone() };
            let page = self.rates().list_order_facts(self.by_dispatcher(page)).await.unwrap().into_inner();
            all.extend(page.facts);
            token = page.next_page_token;
            if token.is_empty() {
                return all;
            }
        }
    }

    async fn ask_exclusion(&self, request: pb::RequestExclusionRequest) -> Result<pb::Exclusion, Problem> {
        problem_of(self.rates().request_exclusion(self.by_unit(request)).await)
    }

    async fn decide_exclusion(&self, request: pb::DecideExclusionRequest) -> Result<pb::Exclusion, Problem> {
        problem_of(self.rates().decide_exclusion(self.by_dispatcher(request)).await)
    }

    async fn resolved(&self, report: ReportFiled) -> String {
        let name = self.open_order(report).await;
        self.accept(&name, &format!("accept {name}")).await;
        let answer = pb::ResolveWorkOrderRequest { request_id: format!("resolve {name}"), ..resolve(&name) };
        self.client().resolve_work_order(self.by_unit(answer)).await.unwrap();
        name
    }

    async fn rated(&self, name: &str, satisfied: bool) {
        let request = pb::RateWorkOrderRequest { request_id: format!("{name} {satisfied}"), ..rate(name, satisfied) };
        self.client().rate_work_order(self.by_hotline(request)).await.unwrap();
    }

    /// The call-back: whom it reached said these.
    async fn verified(&self, name: &str, reached: bool, [answered, solved, satisfied]: [bool; 3]) {
        let request = pb::VerifyWorkOrderRequest {
            name: name.to_owned(),
            request_id: format!("verify {name}"),
            reached,
            answered,
            solved,
            satisfied,
            ..pb::VerifyWorkOrderRequest::default()
        };
        self.client().verify_work_order(self.by_dispatcher(request)).await.unwrap();
    }

    async fn closed(&self, name: &str) {
        let request = pb::CloseWorkOrderRequest {
            name: name.to_owned(),
            request_id: format!("close {name}"),
            ..pb::CloseWorkOrderRequest::default()
        };
        self.client().close_work_order(self.by_dispatcher(request)).await.unwrap();
    }

    async fn cancelled(&self, name: &str) {
        let request = pb::CancelWorkOrderRequest {
            name: name.to_owned(),
            request_id: format!("cancel {name}"),
            reason: "误报".to_owned(),
            ..pb::CancelWorkOrderRequest::default()
        };
        self.client().cancel_work_order(self.by_dispatcher(request)).await.unwrap();
    }
}

/// Counted from the facts alone.
fn counted(facts: &[pb::OrderFacts]) -> Counts {
    let mut counts = Counts::default();
    for fact in facts.iter().flat_map(|facts| &facts.rates) {
        let (met, all) = &mut counts[usize::try_from(fact.rate - 1).unwrap()];
        *met += i32::from(fact.counts && fact.met);
        *all += i32::from(fact.counts);
    }
    counts
}

fn grounds(facts: &pb::OrderFacts) -> Vec<pb::Ground> {
    facts.rates.iter().map(pb::RateFact::ground).collect()
}

/// What an outsider keeps of one order.
#[derive(Default)]
struct Seen {
    closed: bool,
    round: i32,
    word: Option<[bool; 3]>,
    /// Round and rates.
    left_out: Option<(i32, Vec<i32>)>,
}

/// Counted from the feed's events alone, with the kind of each report as intake's feed tells it. The rules are written here anew.
async fn counted_from_events(city: &City, reports: &BTreeMap<String, ReportFiled>) -> Counts {
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    for partition in 0..city.cases.partitions() {
        for event in city.cases.read(partition, 0, 10_000).await.unwrap() {
            if event.data.is_empty() {
                continue;
            }
            match PublicEvent::decode(event.data).unwrap().event.unwrap() {
                Public::WorkOrderChanged(changed) => {
                    let order = seen.entry(changed.work_order.clone()).or_default();
                    order.closed = changed.state() == WorkOrderState::Closed;
                    order.round = changed.round;
                    if let Some(word) = changed.word.filter(|word| word.reached) {
                        order.word = Some([word.answered, word.solved, word.satisfied]);
                    }
                }
                Public::ExclusionDecided(decided) if decided.granted => {
                    let order = seen.entry(decided.work_order).or_default();
                    order.left_out = Some((decided.round, decided.rates));
                }
                Public::ExclusionDecided(_)
                | Public::ReportFiled(_)
                | Public::ReportClassified(_)
                | Public::ReportAmended(_)
                | Public::ReportAnswered(_)
                | Public::EmergencyChanged(_)
                | Public::WarningChanged(_)
                | Public::WarningPlaceChanged(_) => {}
            }
        }
    }
    let mut counts = Counts::default();
    for (id, order) in seen.iter().filter(|(_, order)| order.closed) {
        let consult = reports[id].kind == 1;
        for (at, number) in (1..=3).enumerate() {
            let out =
                order.left_out.as_ref().is_some_and(|(round, rates)| *round == order.round && rates.contains(&number));
            if let Some(word) = order.word.filter(|_| !(out || consult && number == 2)) {
                counts[at].0 += i32::from(word[at]);
                counts[at].1 += 1;
            }
        }
    }
    counts
}

/// Orders with every end there is; answers with the reports behind them and the names by what became of them.
async fn every_end(city: &City) -> (BTreeMap<String, ReportFiled>, BTreeMap<&'static str, String>) {
    let (mut reports, mut names) = (BTreeMap::new(), BTreeMap::new());
    for (end, change) in [
        ("satisfied", ReportFiled::default()),
        ("not satisfied", ReportFiled::default()),
        ("unreachable", ReportFiled::default()),
        ("unreachable after a word", ReportFiled::default()),
        ("anonymous", ReportFiled { anonymous: true, ..ReportFiled::default() }),
        ("anonymous that spoke", ReportFiled { anonymous: true, ..ReportFiled::default() }),
        ("no reply", ReportFiled { no_reply: true, ..ReportFiled::default() }),
        ("consultation", ReportFiled { kind: 1, ..ReportFiled::default() }),
        ("left out", ReportFiled::default()),
        ("left out of one", ReportFiled::default()),
        ("asked in vain", ReportFiled::default()),
        ("cancelled", ReportFiled::default()),
        ("open", ReportFiled::default()),
    ] {
        city.clock.advance(Micros::MINUTE);
        let mut report = city.report("0101", TOWN);
        report.anonymous = change.anonymous;
        report.no_reply = change.no_reply;
        report.kind = if change.kind == 0 { report.kind } else { change.kind };
        reports.insert(report.report.clone(), report.clone());
        let name = city.resolved(report).await;
        names.insert(end, name);
    }
    (reports, names)
}

async fn live(city: &City) -> (BTreeMap<String, ReportFiled>, BTreeMap<&'static str, String>) {
    let (reports, names) = every_end(city).await;
    for end in ["satisfied", "anonymous that spoke", "consultation", "left out", "asked in vain"] {
        city.rated(&names[end], true).await;
    }
    city.verified(&names["left out of one"], true, [true, true, false]).await;
    city.closed(&names["left out of one"]).await;
    city.verified(&names["not satisfied"], true, [true, true, false]).await;
    city.closed(&names["not satisfied"]).await;
    let again = &names["unreachable after a word"];
    city.rated(again, false).await;
    let answer = pb::ResolveWorkOrderRequest { request_id: format!("again {again}"), ..resolve(again) };
    city.client().resolve_work_order(city.by_unit(answer)).await.unwrap();
    for (end, on_file) in
        [("unreachable", false), ("unreachable after a word", false), ("anonymous", true), ("no reply", true)]
    {
        // Nobody is called about the last two: what the file shows is no citizen's word.
        city.verified(&names[end], false, [false, on_file, false]).await;
        city.closed(&names[end]).await;
    }
    city.cancelled(&names["cancelled"]).await;
    (reports, names)
}

#[tokio::test]
async fn each_order_says_for_each_rate_whether_it_counts_and_why_not() {
    use pb::Ground::{
        CancelledWithoutResult, ConsultationOnly, NoReplyWanted, NotOver, ReporterAnonymous, ReporterUnreachable,
        Unspecified,
    };
    let city = City::open().await;
    let (_, names) = live(&city).await;
    for (end, expected, met) in [
        ("satisfied", [Unspecified; 3], [true; 3]),
        ("not satisfied", [Unspecified; 3], [true, true, false]),
        ("unreachable", [ReporterUnreachable; 3], [false; 3]),
        ("unreachable after a word", [Unspecified; 3], [true, false, false]),
        ("anonymous", [ReporterAnonymous; 3], [false; 3]),
        ("anonymous that spoke", [Unspecified; 3], [true; 3]),
        ("no reply", [NoReplyWanted; 3], [false; 3]),
        ("consultation", [Unspecified, ConsultationOnly, Unspecified], [true, false, true]),
        ("cancelled", [CancelledWithoutResult; 3], [false; 3]),
        ("open", [NotOver; 3], [false; 3]),
    ] {
        let facts = city.facts(&names[end]).await;
        assert_eq!(grounds(&facts), expected, "{end}");
        assert_eq!(facts.rates.iter().map(|fact| fact.met).collect::<Vec<_>>(), met, "{end}");
        let counts = expected.map(|ground| ground == Unspecified);
        assert_eq!(facts.rates.iter().map(|fact| fact.counts).collect::<Vec<_>>(), counts, "{end}");
    }
}

#[tokio::test]
async fn an_outsider_finds_the_same_rates_in_the_facts_and_in_the_events_of_the_feed() {
    let city = City::open().await;
    let (reports, names) = live(&city).await;
    let resolution = vec![pb::Rate::Resolution.into()];
    city.ask_exclusion(exclude(&names["left out"], "x1")).await.unwrap();
    let one = pb::RequestExclusionRequest { rates: resolution, ..exclude(&names["left out of one"], "x2") };
    city.ask_exclusion(one).await.unwrap();
    city.ask_exclusion(exclude(&names["asked in vain"], "x3")).await.unwrap();
    for (end, granted) in [("left out", true), ("left out of one", true), ("asked in vain", false)] {
        city.decide_exclusion(decide(&names[end], end, granted)).await.unwrap();
    }
    let facts = city.exported(pb::ListOrderFactsRequest { page_size: 2, ..Default::default() }).await;
    assert_eq!(facts.len(), 11, "every closed order, and no other");
    // Satisfied, not satisfied, a word before, anonymous that spoke, consultation, out of one, in vain.
    let expected = [(7, 7), (4, 5), (4, 7)];
    assert_eq!(counted(&facts), expected);
    assert_eq!(counted_from_events(&city, &reports).await, expected);
    let cancelled = pb::ListOrderFactsRequest { state: WorkOrderState::Cancelled.into(), ..Default::default() };
    assert_eq!(city.exported(cancelled).await.len(), 1);
}

#[tokio::test]
async fn the_export_is_of_the_callers_scope_and_days_and_names_nobody() {
    let city = City::open().await;
    let name = city.resolved(city.report("0101", TOWN)).await;
    city.rated(&name, true).await;
    let of =
        |from: &str, to: &str| pb::ListOrderFactsRequest { from: from.into(), to: to.into(), ..Default::default() };
    for (from, to, found) in [
        ("", "", 1),
        ("2026-11-22", "2026-11-22", 1),
        ("2026-11-23", "", 0),
        ("", "2026-11-21", 0),
        ("2026-11-01", "2026-11-30", 1),
    ] {
        assert_eq!(city.exported(of(from, to)).await.len(), found, "{from} to {to}");
    }
    let elsewhere = city.by(Role::TownDispatcher, OTHER_TOWN, pb::ListOrderFactsRequest::default());
    assert!(city.rates().list_order_facts(elsewhere).await.unwrap().into_inner().facts.is_empty());
    let one = city.by(Role::TownDispatcher, OTHER_TOWN, pb::GetOrderFactsRequest { name: name.clone() });
    assert_eq!(problem_of(city.rates().get_order_facts(one).await).unwrap_err().code, Code::NotFound);
    let exported = format!("{:?}", city.exported(of("", "")).await);
    for told in ["12345678901234567", "谢谢", "已现场处置"] {
        assert!(!exported.contains(told), "{told}");
    }
    for (request, reason, field) in [
        (of("november", ""), "DATE_INVALID", "from"),
        (of("", "2026-11-31"), "DATE_INVALID", "to"),
        (pb::ListOrderFactsRequest { state: 77, ..of("", "") }, "STATE_UNKNOWN", "state"),
        (pb::ListOrderFactsRequest { page_size: 201, ..of("", "") }, "PAGE_SIZE_INVALID", "pageSize"),
        (pb::ListOrderFactsRequest { page_token: "x".into(), ..of("", "") }, "PAGE_TOKEN_INVALID", "pageToken"),
    ] {
        let refused = problem_of(city.rates().list_order_facts(city.by_dispatcher(request)).await).unwrap_err();
        assert_eq!((refused.reason.as_str(), refused.fields[0].path.as_str()), (reason, field));
    }
}

#[tokio::test]
async fn the_unit_asks_once_a_round_and_somebody_outside_it_decides() {
    let city = City::open().await;
    let name = city.resolved(city.report("0101", TOWN)).await;
    let refused = city.ask_exclusion(exclude(&name, "early")).await.unwrap_err();
    assert_eq!((refused.code, refused.reason.as_str()), (Code::Refused, "STATE_REFUSES"), "nobody was asked yet");
    city.rated(&name, true).await;
    assert_eq!(city.decide_exclusion(decide(&name, "none", true)).await.unwrap_err().code, Code::NotFound);
    let stranger = city.by(Role::DepartmentHandler, "500151001-minsheng", exclude(&name, "s"));
    assert_eq!(problem_of(city.rates().request_exclusion(stranger).await).unwrap_err().code, Code::NotFound);
    let centre = city.by_dispatcher(exclude(&name, "c"));
    assert_eq!(problem_of(city.rates().request_exclusion(centre).await).unwrap_err().reason, "ROLE_DENIED");
    let asked = city.ask_exclusion(exclude(&name, "x")).await.unwrap();
    assert_eq!((asked.state(), asked.rates.len(), asked.round), (pb::ExclusionState::ExclusionRequested, 3, 1));
    assert_eq!(city.ask_exclusion(exclude(&name, "x")).await.unwrap(), asked, "the same request again");
    assert_eq!(city.ask_exclusion(exclude(&name, "y")).await.unwrap_err().reason, "EXCLUSION_ASKED_ALREADY");
    assert!(city.facts(&name).await.rates.iter().all(|fact| fact.counts), "asking alone takes nothing out");
    let waiting = city.rates().list_exclusions(city.by_dispatcher(pb::ListExclusionsRequest::default())).await;
    assert_eq!(waiting.unwrap().into_inner().exclusions, [asked]);
    let own = problem_of(city.rates().decide_exclusion(city.by_unit(decide(&name, "own", true))).await);
    assert_eq!(own.unwrap_err().reason, "ROLE_DENIED");
    let district = city.by(Role::DistrictDispatcher, "500151", decide(&name, "d", true));
    assert_eq!(problem_of(city.rates().decide_exclusion(district).await).unwrap_err().reason, "ROLE_DENIED");
    let decided = city.decide_exclusion(decide(&name, "z", true)).await.unwrap();
    assert_eq!((decided.state(), decided.decision_reason.as_str()), (pb::ExclusionState::ExclusionGranted, "已核实"));
    assert_eq!(city.decide_exclusion(decide(&name, "again", false)).await.unwrap_err().reason, "STATE_REFUSES");
    let facts = city.facts(&name).await;
    assert_eq!(grounds(&facts), [LEFT_OUT_GROUND; 3]);
    assert_eq!(facts.word.map(|word| word.satisfied), Some(true), "the reporter's word stays as it was");
}

#[tokio::test]
async fn an_exclusion_ends_with_its_round() {
    let city = City::open().await;
    let name = city.resolved(city.report("0101", TOWN)).await;
    city.rated(&name, true).await;
    city.ask_exclusion(exclude(&name, "x")).await.unwrap();
    city.decide_exclusion(decide(&name, "z", true)).await.unwrap();
    city.rated(&name, false).await;
    assert_eq!(grounds(&city.facts(&name).await), [pb::Ground::NotOver; 3]);
    let answer = pb::ResolveWorkOrderRequest { request_id: "again".to_owned(), ..resolve(&name) };
    city.client().resolve_work_order(city.by_unit(answer)).await.unwrap();
    city.verified(&name, true, [true, true, true]).await;
    city.closed(&name).await;
    let facts = city.facts(&name).await;
    assert!(facts.rates.iter().all(|fact| fact.counts && fact.met), "{facts:?}");
    let second = city.ask_exclusion(exclude(&name, "second")).await.unwrap();
    assert_eq!((second.round, second.state()), (2, pb::ExclusionState::ExclusionRequested));
}

#[tokio::test]
async fn an_exclusion_needs_a_ground_of_the_list_and_a_reason() {
    let city = City::open().await;
    let name = city.resolved(city.report("0101", TOWN)).await;
    city.rated(&name, true).await;
    let without = |change: fn(&mut pb::RequestExclusionRequest)| {
        let mut request = exclude(&name, "x");
        change(&mut request);
        request
    };
    for (request, reason, field) in [
        (without(|r| r.ground = 0), "GROUND_INVALID", "ground"),
        (without(|r| r.ground = pb::Ground::ReporterAnonymous.into()), "GROUND_INVALID", "ground"),
        (without(|r| r.rates = vec![1, 1]), "RATES_INVALID", "rates"),
        (without(|r| r.rates = vec![4]), "RATES_INVALID", "rates"),
        (without(|r| r.reason.clear()), "REASON_MISSING", "reason"),
        (without(|r| r.request_id.clear()), "REQUEST_ID_MISSING", "requestId"),
    ] {
        let refused = city.ask_exclusion(request).await.unwrap_err();
        assert_eq!((refused.reason.as_str(), refused.fields[0].path.as_str()), (reason, field));
    }
    let look = city.by(Role::DepartmentHandler, SECTION, pb::GetExclusionRequest { name: name.clone() });
    assert_eq!(problem_of(city.rates().get_exclusion(look).await).unwrap_err().code, Code::NotFound, "nothing changed");
}

#[tokio::test]
async fn a_decision_falls_on_the_request_that_was_read_and_on_no_later_one() {
    let city = City::open().await;
    let name = city.resolved(city.report("0101", TOWN)).await;
    city.rated(&name, true).await;
    let read = city.ask_exclusion(exclude(&name, "x")).await.unwrap();
    city.rated(&name, false).await;
    let answer = pb::ResolveWorkOrderRequest { request_id: "again".to_owned(), ..resolve(&name) };
    city.client().resolve_work_order(city.by_unit(answer)).await.unwrap();
    city.verified(&name, true, [true, true, true]).await;
    city.closed(&name).await;
    let second = city.ask_exclusion(exclude(&name, "second")).await.unwrap();
    let on = |etag: &str| pb::DecideExclusionRequest { etag: etag.to_owned(), ..decide(&name, etag, true) };
    let stale = city.decide_exclusion(on(&read.etag)).await.unwrap_err();
    assert_eq!((stale.code, stale.reason.as_str()), (Code::Conflict, "ETAG_STALE"));
    let bad = city.decide_exclusion(on("x")).await.unwrap_err();
    assert_eq!((bad.reason.as_str(), bad.fields[0].path.as_str()), ("ETAG_INVALID", "etag"));
    let decided = city.decide_exclusion(on(&second.etag)).await.unwrap();
    assert_eq!((decided.round, decided.state()), (2, pb::ExclusionState::ExclusionGranted));
    assert_eq!(city.decide_exclusion(on(&second.etag)).await.unwrap(), decided, "the same request again");
}
