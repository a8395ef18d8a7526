//! What a report must do, said a second time and as plainly as possible, and a driver that holds the rules against it.
//!
//! The table is read from the module doc of `domain::report`, so that doc, rules and test cannot drift apart.

use casebook::{Case, Row};
use civic::{CaseId, Micros, Place, Private};
use intake::domain::report::{
    Addition, Agreeing, Answer, Attention, Category, Check, Classification, Command, Ending, Erasure, ErasureGround,
    Facts, Head, Judgement, LookPurpose, OrderStep, Phase, Rating, Reform, Refusal, Refusing, Report, Reporter, Signed,
    SpotCheck, Unmask, Urge, Whereabouts, Work,
};
use intake::domain::{Channel, FoundBy, Ground, Kind, Line, OrderState, Urgency};
use prost::Message;
use proto::events::v1::report_amended::{self as amended, What};
use proto::events::v1::{PublicEvent, ReportAmended, ReportClassified, public_event};
use proto::intake::v1::stored::{ReportEvent, report_event::Event};
use std::collections::BTreeMap;

const DOC: &str = include_str!("../../src/domain/report.rs");

/// (state, command) -> cell, and (order's state -> report's state), from the doc.
pub(crate) struct Table {
    pub(crate) cells: BTreeMap<(String, String), String>,
    pub(crate) follows: BTreeMap<String, String>,
}

impl Table {
    pub(crate) fn from_doc() -> Self {
        let rows: Vec<Vec<String>> = DOC
            .lines()
            .filter_map(|line| line.strip_prefix("//! "))
            .filter(|line| line.contains('|'))
            .map(|line| line.split('|').map(|cell| cell.trim().to_owned()).collect())
            .collect();
        let second = rows.iter().position(|row| row[0] == "order").unwrap();
        let header = &rows[0];
        let mut cells = BTreeMap::new();
        for row in &rows[1..second] {
            for (command, cell) in header[1..].iter().zip(&row[1..]) {
                cells.insert((row[0].clone(), command.clone()), cell.clone());
            }
        }
        let follows = rows[second + 1..].iter().map(|row| (row[0].clone(), row[1].clone())).collect();
        Self { cells, follows }
    }

    pub(crate) fn cell(&self, state: &str, command: &str) -> &str {
        &self.cells[&(state.to_owned(), command.to_owned())]
    }
}

pub(crate) type Publish = fn(CaseId, &ReportEvent) -> Option<(String, Vec<u8>)>;

pub(crate) type Decided = Result<Vec<ReportEvent>, Refusal>;

/// The rules under test: the real ones, or a copy with a bug planted in one of them.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) decide: fn(Option<&Report>, &Command, &Facts) -> Decided,
    pub(crate) evolve: fn(Option<Report>, &ReportEvent) -> Option<Report>,
    pub(crate) index: fn(&Report) -> Row,
    pub(crate) publish: Publish,
}

pub(crate) const REAL: Rules =
    Rules { decide: Report::decide, evolve: Report::evolve, index: Report::index, publish: Report::publish };

/// The report as the oracle remembers it.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    phase: String,
    due: Option<Micros>,
    work: Option<Work>,
    order_version: i64,
    category: String,
    place: Place,
    urgency: Urgency,
    needs_person: bool,
    rating: Option<Rating>,
    erased: bool,
    number: String,
    ending: Option<Ending>,
    supplements: usize,
    /// In all, day of the last, on that day.
    urged: (u32, i64, u32),
    looks: usize,
    /// When and by whom a look was agreed to.
    agreed: Option<(Micros, Vec<u8>)>,
    transfers: Vec<Line>,
    /// Drawn for a check, and what it found.
    check: Option<Option<bool>>,
    /// An answer given at once did not stand.
    declined: bool,
}

/// Days since the epoch in China.
const fn day(at: Micros) -> i64 {
    (at.0 + 8 * 3_600_000_000).div_euclid(86_400_000_000)
}

impl Known {
    fn of(report: &Report) -> Self {
        Self {
            phase: report.phase.name().to_owned(),
            due: report.phase.due(),
            work: report.phase.work().cloned(),
            order_version: report.head.order_version,
            category: report.head.category.code.clone(),
            place: report.head.whereabouts.place.clone(),
            urgency: report.head.urgency,
            needs_person: report.head.needs_person,
            rating: report.head.rating,
            erased: report.head.erased,
            number: report.head.tracking_number.clone(),
            ending: if let Phase::Stopped(stopped) = &report.phase { Some(stopped.ending) } else { None },
            supplements: report.later.supplements.len(),
            looks: report.later.looks.len(),
            agreed: report.later.agreement.as_ref().map(|agreed| (agreed.at, agreed.person.clone())),
            urged: (report.later.urges.total, report.later.urges.last.map_or(0, day), report.later.urges.that_day),
            transfers: report.later.transfers.iter().map(|transfer| transfer.to).collect(),
            check: report.later.check.as_ref().map(|check| match check {
                SpotCheck::Pending => None,
                SpotCheck::Made { confirmed, .. } => Some(*confirmed),
            }),
            declined: false,
        }
    }
}

/// One case, driven command by command.
pub(crate) struct Driver<'t> {
    table: &'t Table,
    rules: Rules,
    state: Option<Report>,
    known: Option<Known>,
    history: Vec<ReportEvent>,
    /// The report was filed with an answer.
    answered: bool,
    /// When.
    filed: Micros,
    now: Micros,
}

type Wrong = String;

impl<'t> Driver<'t> {
    pub(crate) fn new(table: &'t Table, rules: Rules) -> Self {
        Self {
            table,
            rules,
            state: None,
            known: None,
            history: Vec::new(),
            answered: false,
            filed: BEGINNING,
            now: BEGINNING,
        }
    }

    /// One command. Wrong as soon as rules and oracle disagree.
    pub(crate) fn step(&mut self, command: &Command) -> Result<(), Wrong> {
        self.now = self.now + 1;
        if let (None, Command::File(head)) = (&self.known, command) {
            (self.answered, self.filed) = (head.answer.is_some(), self.now);
        }
        let before = self.known.as_ref().map_or("(none)", |known| known.phase.as_str()).to_owned();
        let expected = self.expect(&before, command);
        let decided = (self.rules.decide)(self.state.as_ref(), command, &Facts { now: self.now });
        match (&expected, decided) {
            (Err(()), Err(_)) => return Ok(()),
            (Err(()), Ok(_)) => return Err(format!("{before}: {} must be refused", command.name())),
            (Ok(_), Err(refusal)) => return Err(format!("{before}: {} was refused: {refusal}", command.name())),
            (Ok(after), Ok(events)) => {
                // A ruling or a rating is somebody's act and stands in the history also when it repeats what was known.
                let act = matches!(
                    command,
                    Command::Classify(_)
                        | Command::Rate(_)
                        | Command::Judge(_)
                        | Command::Unmask(_)
                        | Command::Agree(_)
                );
                let changes = act || *after != self.known;
                if changes && events.is_empty() {
                    return Err(format!("{before}: {} must write", command.name()));
                }
                if !changes && !events.is_empty() {
                    return Err(format!("{before}: {} has nothing to write", command.name()));
                }
                for event in events {
                    let evolved = (self.rules.evolve)(self.state.take(), &event);
                    self.state = Some(evolved.ok_or("an event of ours cannot be read")?);
                    self.history.push(event);
                }
            }
        }
        let urgency = self.known.as_ref().map(|known| known.urgency);
        self.known = expected.unwrap_or(None);
        self.compare(&before, command)?;
        self.told(command, urgency)?;
        self.told_of_work(command, &before)?;
        self.told_of_later(command)
    }

    pub(crate) fn pass(&mut self, hours: u8) {
        self.now = self.now + i64::from(hours) * 3_600_000_000;
    }

    /// Dispatch hears of everything that came later, and of nothing that people wrote.
    fn told_of_later(&self, command: &Command) -> Result<(), Wrong> {
        let (Some(known), Some(event)) = (&self.known, self.history.last()) else { return Ok(()) };
        let (name, what) = match command {
            Command::Supplement(_) => ("supplemented", What::Supplemented(amended::Supplemented { attachments: 0 })),
            Command::Urge(_) => ("urged", What::Urged(amended::Urged { total: known.urged.0.cast_signed() })),
            Command::Withdraw(_) => ("withdrawn", What::Withdrawn(amended::Withdrawn {})),
            Command::Refuse(refusing) => {
                let (ground, (text, _)) = (refusing.ground.number(), refusing.ground.words());
                let (text, law) = (text.to_owned(), refusing.ground.law().to_owned());
                ("refused", What::Refused(amended::Refused { ground, text, law }))
            }
            Command::Transfer { to, .. } => {
                ("transferred", What::Transferred(amended::Transferred { to: to.number() }))
            }
            Command::Check(check) => ("checked", What::Checked(amended::Checked { confirmed: check.confirmed })),
            Command::File(_)
            | Command::Classify(_)
            | Command::Step(_)
            | Command::Rate(_)
            | Command::Judge(_)
            | Command::Unmask(_)
            | Command::Agree(_)
            | Command::Reform(_)
            | Command::Erase(_) => {
                return Ok(());
            }
        };
        let by =
            if matches!(command, Command::Supplement(_) | Command::Withdraw(_)) { "citizen" } else { "grid-leader@5" };
        let must = ReportAmended { report: ID.to_string(), at_us: self.now.0, by: by.to_owned(), what: Some(what) };
        let public = PublicEvent { event: Some(public_event::Event::ReportAmended(must)) };
        let must = (format!("report.{name}.v1"), public.encode_to_vec());
        let told = (self.rules.publish)(ID, event);
        if told.as_ref() == Some(&must) { Ok(()) } else { Err(format!("told {told:?}, must tell {public:?}")) }
    }

    /// Dispatch hears of every report that is somebody's work, once, when it becomes that; and of an answer that there was one.
    fn told_of_work(&self, command: &Command, before: &str) -> Result<(), Wrong> {
        let Some(known) = &self.known else { return Ok(()) };
        let names: Vec<String> =
            self.history.iter().filter_map(|event| (self.rules.publish)(ID, event)).map(|(name, _)| name).collect();
        let opened = names.iter().filter(|name| *name == "report.filed.v1").count();
        let must = usize::from(!self.answered || known.declined);
        if opened != must {
            return Err(format!("{before}: {}: told {names:?}", command.name()));
        }
        let answered = names.iter().filter(|name| *name == "report.answered.v1").count();
        if answered == usize::from(self.answered) { Ok(()) } else { Err(format!("told {names:?}")) }
    }

    /// Dispatch is told what holds after a ruling, whichever part of it was decided, and the urgency only when it was raised.
    fn told(&self, command: &Command, before: Option<Urgency>) -> Result<(), Wrong> {
        let (Command::Classify(ruling), Some(known), Some(event)) = (command, &self.known, self.history.last()) else {
            return Ok(());
        };
        let raised = if before == Some(known.urgency) { 0 } else { known.urgency.number() };
        let must = ReportClassified {
            report: ID.to_string(),
            category_code: known.category.clone(),
            division_code: known.place.code.to_string(),
            urgency: raised,
            at_us: self.now.0,
            by: ruling.by.replace('/', "@"),
        };
        let public = PublicEvent { event: Some(public_event::Event::ReportClassified(must)) };
        let must = ("report.classified.v1".to_owned(), public.encode_to_vec());
        let told = (self.rules.publish)(ID, event);
        if told.as_ref() == Some(&must) { Ok(()) } else { Err(format!("told {told:?}, must tell {public:?}")) }
    }

    fn compare(&self, before: &str, command: &Command) -> Result<(), Wrong> {
        let declined = self.known.as_ref().is_some_and(|known| known.declined);
        let have = self.state.as_ref().map(|state| Known { declined, ..Known::of(state) });
        if have != self.known {
            return Err(format!("{before}: {}: have {have:?}, must be {:?}", command.name(), self.known));
        }
        let Some(state) = &self.state else { return Ok(()) };
        let row = (self.rules.index)(state);
        let phase = state.phase.name();
        let classify = |known: &Known| known.needs_person && known.phase != "Told";
        let waits = self.known.as_ref().is_some_and(|known| classify(known) || known.check == Some(None));
        let wrong = row.open != !matches!(phase, "Told" | "Done" | "Ended" | "Stopped")
            || row.flagged != waits
            || row.unit != state.phase.work().map(|work| work.unit.clone())
            || row.place.as_deref() != Some(state.head.whereabouts.place.code.as_str());
        if wrong { Err(format!("{before}: {}: the index row is wrong: {row:?}", command.name())) } else { Ok(()) }
    }

    fn expect(&self, before: &str, command: &Command) -> Result<Option<Known>, ()> {
        let cell = self.table.cell(before, command.name());
        if cell == "refused" {
            return Err(());
        }
        let Some(known) = &self.known else {
            let Command::File(head) = command else { return Err(()) };
            return Ok(Some(Known::of(&Report::filed((**head).clone()))));
        };
        let mut known = known.clone();
        match command {
            Command::File(_) => return Err(()),
            Command::Classify(Classification { category: None, place: None, .. }) => return Err(()),
            Command::Classify(Classification { category, urgency, place, .. }) => {
                known.urgency = urgency.map_or(known.urgency, |urgency| urgency.min(known.urgency));
                known.category = category.clone().unwrap_or(known.category);
                known.place = place.clone().unwrap_or(known.place);
                known.needs_person = known.category.is_empty();
            }
            Command::Supplement(Addition { most, .. }) if known.supplements >= *most => return Err(()),
            Command::Supplement(_) => known.supplements += 1,
            Command::Urge(urge) => {
                let today = if known.urged.1 == day(self.now) { known.urged.2 } else { 0 };
                if today >= urge.most_a_day {
                    return Err(());
                }
                known.urged = (known.urged.0 + 1, day(self.now), today + 1);
            }
            Command::Withdraw(_) => stop(&mut known, Ending::Withdrawn),
            Command::Refuse(refusing) => stop(&mut known, Ending::Refused(refusing.ground)),
            Command::Transfer { to, .. } if known.transfers.contains(to) => return Err(()),
            Command::Transfer { to, .. } => {
                known.transfers.push(*to);
                if known.phase == "Told" {
                    known.phase = "Filed".to_owned();
                    known.declined = true;
                }
            }
            Command::Judge(judgement) if self.now.0 - self.filed.0 > i64::from(judgement.days) * DAY => return Err(()),
            Command::Judge(judgement) => {
                known.rating = Some(judgement.rating);
                if !judgement.rating.satisfied {
                    known.phase = "Filed".to_owned();
                    known.declined = true;
                }
            }
            Command::Reform(reform) => known.place = reform.place.clone(),
            Command::Check(check) if known.check != Some(None) || check.person == FILER => return Err(()),
            Command::Check(check) => known.check = Some(Some(check.confirmed)),
            Command::Agree(agreeing) => known.agreed = Some((self.now, agreeing.person.to_vec())),
            Command::Unmask(look) => self.look(&mut known, look)?,
            Command::Step(step) => self.follow(&mut known, step),
            Command::Rate(rating) => known.rating = Some(*rating),
            Command::Erase(_) => known.erased = true,
        }
        Ok(Some(known))
    }

    fn look(&self, known: &mut Known, look: &Unmask) -> Result<(), ()> {
        let other = |(at, who): &(Micros, Vec<u8>)| self.now.0 - at.0 <= DAY && *who != look.person;
        if !look.alone && !known.agreed.as_ref().is_some_and(other) {
            return Err(());
        }
        known.agreed = known.agreed.take().filter(|_| look.alone);
        known.looks = (known.looks + 1).min(20);
        Ok(())
    }

    fn follow(&self, known: &mut Known, step: &OrderStep) {
        let shown = match step.work.parent {
            Some(parent) if step.work.order == OrderState::Merged => parent,
            Some(_) | None => step.work.order,
        };
        let phase = self.table.follows[&format!("{shown:?}")].clone();
        let stopped = known.phase == "Stopped";
        if stopped && phase != "Done" {
            return;
        }
        let mut work = (phase != "Opened").then(|| step.work.clone());
        if let (Some(work), Some(before)) = (&mut work, known.work.as_ref().filter(|_| !stopped)) {
            let stayed = (before.order, before.parent) == (work.order, work.parent);
            work.reply_ready |= before.reply_ready && stayed;
        }
        let seen = (&phase, &work, step.work.due) != (&known.phase, &known.work, known.due);
        if step.order_version <= known.order_version || !seen {
            return;
        }
        known.phase = phase;
        known.due = step.work.due;
        known.work = work;
        known.ending = None;
        known.order_version = step.order_version;
    }

    /// I4: the events from the first on, over the wire, give the same state, byte for byte.
    pub(crate) fn finish(&self) -> Result<(), Wrong> {
        let mut replayed = None;
        for event in &self.history {
            let event = ReportEvent::decode(event.encode_to_vec().as_slice()).map_err(|error| error.to_string())?;
            replayed = Some((self.rules.evolve)(replayed, &event).ok_or("an event cannot be replayed")?);
        }
        let bytes = |state: &Option<Report>| postcard::to_stdvec(state).unwrap();
        if bytes(&replayed) != bytes(&self.state) {
            return Err("the replayed state differs".to_owned());
        }
        let filed = self.history.iter().filter(|event| matches!(event.event, Some(Event::Filed(_)))).count();
        if filed > 1 { Err("filed twice".to_owned()) } else { Ok(()) }
    }
}

/// Intake's own ending: the unit stays known, nothing is promised, nobody need look where it belongs.
fn stop(known: &mut Known, ending: Ending) {
    known.phase = "Stopped".to_owned();
    known.ending = Some(ending);
    known.due = None;
    known.needs_person = false;
}

/// When the model begins.
const BEGINNING: Micros = Micros(1_764_000_000_000_000);
const DAY: i64 = 86_400_000_000;

/// Who filed the report of the model.
const FILER: [u8; 16] = [1; 16];

/// The case of the model.
const ID: CaseId = CaseId::from_bytes([1; 16]);

pub(crate) fn place(code: &str) -> Place {
    let code: civic::DivisionCode = code.parse().unwrap();
    Place { district: Some(code.clone()), code, town: None, village: None, grid: None }
}

/// A report as app.rs would hand it to the rules.
pub(crate) fn head(number: &str, category: &str, needs_person: bool) -> Head {
    let sealed = |text: &str| Private::from_sealed(text.as_bytes().to_vec());
    Head {
        tracking_number: number.to_owned(),
        kind: Kind::Complaint,
        channel: Channel::Hotline12345,
        channel_number: Some(sealed("A-1")),
        text: sealed("text"),
        category: Category { code: category.to_owned(), confidence: 70, by: "keywords".to_owned() },
        whereabouts: Whereabouts {
            place: place("500151"),
            found_by: FoundBy::Address,
            confidence: 70,
            coordinates: Some((29.8, 106.05)),
            address: Some(sealed("address")),
        },
        reporter: Reporter { name: Some(sealed("name")), phone: Some(sealed("phone")), ..Reporter::default() },
        track_secret: Private::from_sealed(vec![7; 16]),
        occurred: Some(Micros(1_763_000_000_000_000)),
        due: None,
        urgency: Urgency::LevelThree,
        attachments: Vec::new(),
        on_the_spot: None,
        needs_person,
        filed_at: Micros(0),
        filed_by: "integrator/500151-rexian".to_owned(),
        catalog_version: "c".to_owned(),
        tree_version: "t".to_owned(),
        order_version: 0,
        rating: None,
        transfer_advice: Vec::new(),
        check_due: false,
        filer: FILER.to_vec(),
        sender: None,
        theme: None,
        answer: None,
        erased: false,
    }
}

/// A small command word, from which commands are made: few values, so that they meet each other often.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Op {
    File(u8),
    Classify {
        category: u8,
        place: bool,
    },
    Step {
        state: u8,
        version: i8,
        unit: bool,
        due: bool,
        reply: bool,
        /// Beyond the last state: none.
        parent: u8,
    },
    Rate(u8),
    Erase,
    Supplement,
    Urge,
    Withdraw,
    Refuse(u8),
    Transfer(u8),
    Check {
        confirmed: bool,
        by_filer: bool,
    },
    /// By a supervisor, or by who needs nobody's agreement.
    Unmask(bool),
    /// By who looks, or by another.
    Agree(bool),
    Judge {
        satisfied: bool,
    },
    Reform(bool),
    /// Hours pass. No command.
    Pass(u8),
}

fn refuse(n: u8) -> Command {
    let ground = Ground::ALL[usize::from(n) % Ground::ALL.len()];
    Command::Refuse(Refusing { signed: signed("grid-leader/5"), ground })
}

fn look(alone: bool) -> Command {
    let (signed, purpose) = (signed("city-dispatcher/50"), LookPurpose::CallBack);
    Command::Unmask(Unmask { signed, purpose, alone, person: FILER })
}

fn agree(by_looker: bool) -> Command {
    let (signed, purpose) = (signed("commander/50"), LookPurpose::CallBack);
    Command::Agree(Agreeing { signed, purpose, person: if by_looker { FILER } else { [2; 16] } })
}

impl Op {
    /// `clock` is the order's version so far: most steps come in order, some come late or twice.
    pub(crate) fn command(self, clock: &mut i64) -> Command {
        match self {
            Self::File(n) => {
                let head = head(&n.to_string(), ["", "0612"][usize::from(n % 2)], n % 3 == 0);
                // The last two are consultations that are answered at once.
                let answer = (n >= 6).then(answer);
                Command::File(Box::new(Head { check_due: (3..6).contains(&n), answer, ..head }))
            }
            Self::Supplement => {
                let text = Some(Private::from_sealed(b"more".to_vec()));
                Command::Supplement(Addition { by: "citizen/".to_owned(), text, attachments: Vec::new(), most: 2 })
            }
            Self::Urge | Self::Pass(_) => Command::Urge(Urge { signed: signed("grid-leader/5"), most_a_day: 2 }),
            Self::Withdraw => Command::Withdraw(signed("citizen/")),
            Self::Refuse(n) => refuse(n),
            Self::Transfer(n) => {
                Command::Transfer { to: Line::ALL[usize::from(n) % Line::ALL.len()], signed: signed("grid-leader/5") }
            }
            Self::Check { confirmed, by_filer } => {
                let person = if by_filer { FILER } else { [2; 16] };
                Command::Check(Check { signed: signed("grid-leader/5"), confirmed, person })
            }
            Self::Unmask(alone) => look(alone),
            Self::Agree(by_looker) => agree(by_looker),
            Self::Classify { category, place: placed } => {
                let rulings = [None, Some(("0612", Urgency::LevelThree)), Some(("0401", Urgency::LevelOne))];
                let ruling = rulings[usize::from(category % 3)];
                Command::Classify(Classification {
                    category: ruling.map(|(category, _)| category.to_owned()),
                    urgency: ruling.map(|(_, urgency)| urgency),
                    place: placed.then(|| place("500103")),
                    by: "city-dispatcher/50".to_owned(),
                    note: None,
                })
            }
            Self::Step { state, version, unit, due, reply, parent } => {
                *clock = (*clock + i64::from(version)).max(0);
                let order = OrderState::ALL[usize::from(state) % OrderState::ALL.len()];
                Command::Step(OrderStep {
                    at: Micros(*clock),
                    step: "stepped".to_owned(),
                    work: Work {
                        order,
                        unit: ["500151-chengguan", "500151-gongan"][usize::from(unit)].to_owned(),
                        unit_name: "unit".to_owned(),
                        due: due.then_some(Micros(1_770_000_000_000_000)),
                        reply_ready: reply,
                        parent: OrderState::ALL.get(usize::from(parent)).copied(),
                    },
                    attention: Attention::default(),
                    order_version: *clock,
                })
            }
            Self::Rate(n) => Command::Rate(Rating { answered: n & 1 == 1, solved: n & 2 == 2, satisfied: n & 4 == 4 }),
            Self::Judge { satisfied } => Command::Judge(judgement(satisfied)),
            Self::Reform(moved) => Command::Reform(Reform {
                place: place(["500151", "500109"][usize::from(moved)]),
                tree_version: "t2".to_owned(),
            }),
            Self::Erase => erase(),
        }
    }
}

pub(crate) fn erase() -> Command {
    Command::Erase(Erasure { by: "city-dispatcher/50".to_owned(), ground: ErasureGround::ConsentWithdrawn })
}

fn judgement(satisfied: bool) -> Judgement {
    let rating = Rating { answered: true, solved: satisfied, satisfied };
    Judgement { rating, signed: signed("citizen/"), days: 2 }
}

fn answer() -> Answer {
    Answer {
        entry: "entry".to_owned(),
        text: "text".to_owned(),
        law: "law".to_owned(),
        article: "1".to_owned(),
        edition: "2020-01-01".to_owned(),
        confidence: 80,
    }
}

fn signed(by: &str) -> Signed {
    Signed { by: by.to_owned(), note: Some(Private::from_sealed(b"note".to_vec())) }
}

/// Drives one history from its words.
pub(crate) fn run(table: &Table, rules: Rules, ops: &[Op]) -> Result<(), Wrong> {
    let mut driver = Driver::new(table, rules);
    let mut clock = 0;
    for op in ops {
        if let Op::Pass(hours) = op {
            driver.pass(*hours);
        } else {
            driver.step(&op.command(&mut clock))?;
        }
    }
    driver.finish()
}
