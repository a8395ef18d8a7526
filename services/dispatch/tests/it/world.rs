//! Who there is in the model's town, and what a random operation means in it.

use std::sync::{Arc, LazyLock};

use civic::{Actor, Calendar, CaseId, Limit, Measure, Micros, Place, Private, Role, Tier, Tree, UnitCode, View};
use dispatch::catalog::Catalog;
use dispatch::domain::urgency::Urgency;
use dispatch::domain::work_order::{
    Answering, Author, CallBack, Command, Facts, News, Notice, Opening, Opinion, Ruling, Standing, Step, Verb,
};

/// 2026-11-22, about noon in China.
pub(crate) const NOW: Micros = Micros(1_795_320_000_000_000);
pub(crate) const REPORT: &str = "01k9zzzzzzzzzzzzzzzzzzzzzz";
/// The last one is the neighbouring town's.
pub(crate) const UNITS: [&str; 4] = ["500151001-pingan", "500151001-zhifa", "500151001", "500151002-pingan"];

static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| Arc::new(Catalog::builtin()));
static CALENDARS: LazyLock<[Arc<Calendar>; 2]> =
    LazyLock::new(|| [Arc::new(Calendar::china()), Arc::new(Calendar::empty())]);
/// The town, a village of it, its neighbour, their district.
pub(crate) const PLACES: [&str; 4] = ["500151001", "500151001001", "500151002", "500151"];
static VIEW: LazyLock<View> = LazyLock::new(|| Tree::chongqing().today(NOW));
static PLACED: LazyLock<[Place; 4]> = LazyLock::new(|| PLACES.map(|code| VIEW.place(&code.parse().unwrap()).unwrap()));

pub(crate) fn calendar(index: usize) -> &'static Arc<Calendar> {
    &CALENDARS[index % 2]
}

pub(crate) fn view() -> &'static View {
    &VIEW
}

pub(crate) fn catalog() -> Arc<Catalog> {
    Arc::clone(&CATALOG)
}

/// Role, unit, subject, head. Numbers stand for people: h1 has two roles.
const PEOPLE: [(Role, &str, &str, bool); 21] = [
    (Role::TownDispatcher, "500151001", "d1", false),
    (Role::TownDispatcher, "500151001", "d2", false),
    (Role::DepartmentHandler, "500151001-pingan", "h1", false),
    (Role::DepartmentHandler, "500151001-pingan", "h2", true),
    (Role::DepartmentHandler, "500151001-zhifa", "h3", false),
    (Role::DepartmentHandler, "500151001", "h4", false),
    (Role::TownDispatcher, "500151001", "h1", false),
    (Role::DistrictDispatcher, "500151", "d4", false),
    (Role::Integrator, "50-rexian", "12345", false),
    (Role::Citizen, "", "reports/01k9zzzzzzzzzzzzzzzzzzzzzz", false),
    (Role::Citizen, "", "reports/01k9yyyyyyyyyyyyyyyyyyyyyy", false),
    (Role::Operator, "50", "o1", false),
    (Role::TownDispatcher, "500151002", "d3", false),
    // A dispatcher who sits in the very section that handles it.
    (Role::TownDispatcher, "500151001-pingan", "d5", false),
    (Role::DepartmentHandler, "500151002-pingan", "h5", false),
    // Heads: of the town's centre, of another section, of the tier above.
    (Role::Commander, "500151001", "c1", true),
    (Role::DepartmentHandler, "500151001-zhifa", "h6", true),
    (Role::DistrictDispatcher, "500151", "d6", true),
    (Role::CityDispatcher, "50", "d7", false),
    (Role::Supervisor, "500151", "s1", false),
    // A department of the tier above, which a town can only whistle for.
    (Role::DepartmentHandler, "500151-gongan", "h7", false),
];

pub(crate) fn actor(index: u8) -> Actor {
    let (role, unit, subject, head) = PEOPLE[usize::from(index) % PEOPLE.len()];
    let unit = (!unit.is_empty()).then(|| unit.parse().unwrap());
    Actor { role, subject: subject.to_owned(), unit, head }
}

pub(crate) fn people() -> u8 {
    u8::try_from(PEOPLE.len()).unwrap()
}

/// As the app does with a keyed hash: persons apart, names nowhere.
pub(crate) fn reference(subject: &str) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (byte, letter) in bytes.iter_mut().zip(subject.bytes().rev()) {
        *byte = letter;
    }
    bytes
}

pub(crate) fn facts(now: Micros, author: Author, calendar_index: usize) -> Facts {
    Facts {
        now,
        author,
        catalog: catalog(),
        calendar: Arc::clone(calendar(calendar_index)),
        view: VIEW.clone(),
        root: "50".parse().unwrap(),
    }
}

pub(crate) fn person(actor: Actor) -> Author {
    let reference = reference(&actor.subject);
    Author::Person { actor, reference }
}

pub(crate) fn answering(index: u8) -> Answering {
    let code = UNITS[usize::from(index) % UNITS.len()];
    Answering { unit: code.parse::<UnitCode>().unwrap(), name: format!("单位{code}") }
}

/// Units that are called to do a part: of the town, of its neighbour, of the district.
pub(crate) const CALLED: [&str; 5] = [UNITS[0], UNITS[1], UNITS[2], UNITS[3], "500151-gongan"];

fn called(choice: u8) -> Vec<Answering> {
    let unit = |index: u8| {
        let code = CALLED[usize::from(index) % CALLED.len()];
        Answering { unit: code.parse().unwrap(), name: format!("单位{code}") }
    };
    if choice & 0x80 == 0 { vec![unit(choice)] } else { vec![unit(choice), unit(choice / 7)] }
}

/// 督办: every other one is marked, with two milestones.
fn notice(choice: u8, now: Micros) -> Notice<Private<String>> {
    let marked = choice & 1 != 0;
    let milestones = [Micros::HOUR, 3 * Micros::DAY].map(|ahead| (text("milestone"), now + ahead));
    Notice {
        text: text("notice"),
        limit: Limit::new(2 + u32::from(choice), Measure::Hour),
        marked,
        task_force: marked.then(|| answering(choice)),
        milestones: if marked { milestones.to_vec() } else { Vec::new() },
    }
}

pub(crate) fn opening(variant: u8) -> Opening {
    Opening {
        report: REPORT.to_owned(),
        tracking_number: "12345678901234567".to_owned(),
        sender: String::new(),
        category: "0101".to_owned(),
        category_name: "社会治安隐患".to_owned(),
        urgency: Urgency::ALL[usize::from(variant) % 4],
        place: PLACED[0].clone(),
        report_kind: 3,
        anonymous: false,
        no_reply: false,
        accepted: NOW,
        due: None,
        reply_approval: variant & 4 != 0,
        answering: (variant & 8 == 0).then(|| answering(variant >> 4)),
        note: None,
        tree_version: "t".to_owned(),
        owner: "test".to_owned(),
    }
}

pub(crate) fn open(variant: u8) -> Command {
    Command::Open(Box::new(opening(variant)))
}

/// What a ruling may say: `which` picks category and place, `choice` the rest.
pub(crate) fn ruling(which: u8, choice: u8) -> Ruling {
    const CATEGORIES: [&str; 3] = ["0101", "0612", ""];
    let category = CATEGORIES[usize::from(which) % CATEGORIES.len()];
    // The town twice, so that most histories go on in it.
    let places = [Some(0), Some(0), Some(1), Some(2), Some(3), None];
    let place = places[usize::from(which / 3) % places.len()];
    Ruling {
        category: category.to_owned(),
        category_name: format!("类别{category}"),
        place: place.map(|place: usize| PLACED[place].clone()),
        urgency: (choice & 1 != 0).then(|| Urgency::ALL[usize::from(choice >> 2) % 4]),
        reply_approval: [None, Some(true), Some(false)][usize::from(choice >> 4) % 3],
        answering: (choice & 2 != 0).then(|| answering(choice >> 6)),
        tree_version: "t".to_owned(),
        by: "city-dispatcher@50".to_owned(),
    }
}

fn text(word: &str) -> Private<String> {
    Private::from_sealed(word.as_bytes().to_vec())
}

/// Dates that are asked for: in the past, near, far.
pub(crate) fn until(choice: u8, now: Micros) -> Micros {
    const AHEAD: [i64; 5] = [-Micros::HOUR, Micros::HOUR, 3 * Micros::DAY, 30 * Micros::DAY, 400 * Micros::DAY];
    now + AHEAD[usize::from(choice) % AHEAD.len()]
}

pub(crate) fn opinion(choice: u8) -> Opinion {
    Opinion { answered: choice & 1 != 0, solved: choice & 2 != 0, satisfied: choice & 4 != 0 }
}

/// An order that this one may be merged into; now and then itself.
pub(crate) fn other(choice: u8) -> CaseId {
    const OTHERS: [&str; 2] = ["01k9yyyyyyyyyyyyyyyyyyyyyy", "01k9xxxxxxxxxxxxxxxxxxxxxx"];
    let id = if choice.is_multiple_of(8) { REPORT } else { OTHERS[usize::from(choice % 2)] };
    id.parse().unwrap()
}

/// What a parent may have to tell.
pub(crate) fn news(number: u32, choice: u8) -> News {
    const STANDINGS: [Standing; 4] =
        [Standing::BeingHandled, Standing::Answered, Standing::Closed, Standing::Cancelled];
    let standing = STANDINGS[usize::from(choice) % 4];
    let window_until = if standing.is_answered() { NOW + 15 * Micros::DAY } else { Micros(0) };
    News { number, standing, window_until }
}

/// Mostly one of the first two.
fn part(choice: u8) -> u32 {
    [1, 2, 1, 3][usize::from(choice) % 4]
}

/// A step of a verb with what it carries, by one number.
pub(crate) fn step(verb: Verb, choice: u8, now: Micros) -> Step<Private<String>> {
    let reason = text("reason");
    match verb {
        Verb::Assign => Step::Assign { to: answering(choice), assignee: String::new() },
        Verb::Accept => Step::Accept,
        Verb::Start => Step::Start,
        Verb::Resolve => Step::Resolve { result: text("result"), reply: text("reply") },
        Verb::ApproveReply => Step::ApproveReply,
        Verb::RefuseReply => Step::RefuseReply { reason },
        Verb::Verify => Step::Verify(CallBack { reached: choice & 8 != 0, opinion: opinion(choice) }),
        Verb::Rate => Step::Rate { opinion: opinion(choice), comment: None },
        Verb::Close => Step::Close,
        Verb::Return => Step::Return { reason, proposed: None },
        Verb::Rule => Step::Rule { to: answering(choice) },
        Verb::Reassign => Step::Reassign { to: answering(choice), assignee: String::new() },
        Verb::RequestSuspension => Step::RequestSuspension { until: until(choice, now), reason },
        Verb::RequestExtension => Step::RequestExtension { until: until(choice, now), reason },
        Verb::Approve => Step::Approve,
        Verb::Decline => Step::Decline { reason },
        Verb::Resume => Step::Resume,
        Verb::WaitForCitizen => Step::WaitForCitizen { reason },
        Verb::CitizenAnswered => Step::CitizenAnswered,
        Verb::Reopen => Step::Reopen { reason },
        Verb::Cancel => Step::Cancel { reason },
        Verb::Merge => Step::Merge { into: other(choice), news: news(u32::from(choice / 4 % 2), choice) },
        Verb::CoHandle => Step::CoHandle { units: called(choice), limit: None },
        Verb::Whistle => Step::Whistle { units: called(choice), limit: Some(Limit::new(3, Measure::Hour)) },
        Verb::ReportIn => Step::ReportIn { part: part(choice) },
        Verb::AnswerPart => Step::AnswerPart { part: part(choice), answer: text("answer") },
        Verb::ReleasePart => Step::ReleasePart { part: part(choice), reason },
        Verb::StepAside => {
            let assignee = if choice & 1 == 0 { String::new() } else { "colleague".to_owned() };
            Step::StepAside { assignee, reason }
        }
        Verb::Supervise => Step::Supervise(Box::new(notice(choice, now))),
        Verb::ReplySupervision => {
            Step::ReplySupervision { text: text("reply"), reached: (1..=u32::from(choice % 4)).collect() }
        }
        Verb::ReviewSupervision => Step::ReviewSupervision { satisfied: choice & 1 != 0, text: text("review") },
        Verb::Escalate => {
            let to = [None, Some(Tier::District), Some(Tier::City), Some(Tier::Town)][usize::from(choice) % 4];
            Step::Escalate { to, reason }
        }
        Verb::HandDown => {
            let into = [None, Some(0), Some(1), Some(3)][usize::from(choice) % 4];
            Step::HandDown { into: into.map(|place: usize| PLACED[place].clone()), reason }
        }
    }
}
