//! Those who live the seeded cases: the hotline that files, the units that accept and resolve, the citizens who rate. They use the
//! services as their gRPC faces do, one floor below.

use super::plan::{CATEGORY, Life, TOWN, VILLAGE, Where};
use crate::seed::plan::Fate;
use anyhow::Context;
use async_trait::async_trait;
use casebook::{Ask, Casebook};
use civic::{Actor, CaseId, Clock as _, DivisionCode, Role, SeededRng, SettableClock, Tier, Tree, UnitCode};
use dispatch::{
    app::{Asked, Asking},
    domain::work_order::{Opinion, Step},
};
use intake::{
    domain::report::{Command, Facts, Rating, Report},
    peers::{Merging, OrderView, Rated, Word, WorkOrders},
};
use mesh::{Caller, PositionKey, Problem, TokenKey};
use prost::Message as _;
use proto::{
    dispatch::v1::{AcceptWorkOrderRequest, RateWorkOrderRequest, ResolveWorkOrderRequest, StartWorkOrderRequest},
    intake::v1::{Channel, CreateReportRequest, ReportKind, Reporter},
    types::v1::{Location, Urgency},
};
use std::{collections::HashMap, sync::Arc};

const PHONE: &str = "13800138000";
const KNOWN: &str = "盏路灯不亮，晚上看不清路，请派人修理。";
/// Words that no keyword rule takes for anything.
const UNKNOWN: &str = "件事情想请你们来看一看，具体的见面再说，谢谢。";

/// See the module.
pub(super) struct People {
    intake: intake::Service,
    dispatch: dispatch::Service,
    orders: Arc<Orders>,
    hotline: intake::app::Asking,
    /// Towns other than the one that filters ask for.
    towns: Vec<String>,
    /// What the town units answer for, of the ordinary urgency and without an approval.
    categories: Vec<String>,
    /// Who answers, by category and place.
    units: HashMap<(String, String), UnitCode>,
}

/// A filed report on its way.
pub(super) struct Filed {
    pub(super) n: usize,
    pub(super) life: Life,
    pub(super) id: CaseId,
    unit: UnitCode,
}

impl People {
    pub(super) fn new(
        intake: &Casebook,
        dispatch: &Casebook,
        clock: &SettableClock,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let tree = Tree::chongqing();
        let clock: Arc<dyn civic::Clock> = Arc::new(clock.clone());
        // Of no use here but to the gRPC faces, which nobody calls.
        let positions = PositionKey::new(&TokenKey::from_bytes([0; 32]));
        let policies: Arc<dyn mesh::Policies> = Arc::new(guard::policy::Guard::open(None)?);
        let seams = dispatch::Seams {
            cases: dispatch.clone(),
            tree: tree.clone(),
            calendar: Arc::new(civic::Calendar::china()),
            clock: clock.clone(),
            rng: Arc::new(SeededRng::new(seed ^ 2)),
            positions: positions.clone(),
            policies: Arc::clone(&policies),
        };
        let dispatch = dispatch::Service::open(&dispatch::config::Config::default(), seams)?;
        let orders = Arc::new(Orders(dispatch.clone()));
        let seams = intake::Seams {
            cases: intake.clone(),
            tree,
            clock,
            // Not the cluster's: ids must not depend on who else draws.
            rng: Arc::new(SeededRng::new(seed ^ 1)),
            orders: orders.clone(),
            positions,
            policies,
        };
        let intake = intake::Service::open(&intake::config::Config::default(), seams)?;
        let actor = Actor::member(Role::Integrator, "bench", "50".parse()?);
        let hotline = intake::app::Asking { caller: Caller::known(actor), ..Default::default() };
        let mut people = Self {
            intake,
            dispatch,
            orders,
            hotline,
            towns: Vec::new(),
            categories: Vec::new(),
            units: HashMap::new(),
        };
        people.look_around()?;
        Ok(people)
    }

    /// Finds towns, categories and who answers for them, in the shipped catalog.
    fn look_around(&mut self) -> anyhow::Result<()> {
        let (desk, counter) = (self.dispatch.app().desk(), self.intake.app().desk());
        let towns: Vec<DivisionCode> = desk
            .view
            .divisions()
            .filter(|d| d.tier == Tier::Town && !d.local && d.code.as_str() != TOWN)
            .map(|d| d.code.clone())
            .collect();
        let place_of = |code: &DivisionCode| desk.view.place(code).context("a listed place");
        let ordinary = intake::domain::Urgency::LevelThree;
        let town = place_of(towns.first().context("the tree has towns")?)?;
        let fits = |code: &str| {
            let duty = desk.catalog.duty(code, &town, desk.now);
            counter.catalog.urgency_of(code) >= ordinary
                && duty.is_some_and(|(d, _)| !d.reply_approval && d.urgency.number() >= ordinary.number())
        };
        let all = desk.catalog.taxonomy().iter().map(|category| category.code.to_string());
        self.categories = all.filter(|code| fits(code)).collect();
        anyhow::ensure!(self.categories.len() >= 10, "the catalog has few ordinary categories");
        let mut known: Vec<(String, DivisionCode)> = [TOWN, VILLAGE]
            .iter()
            .map(|code| Ok((CATEGORY.to_owned(), code.parse()?)))
            .collect::<anyhow::Result<_>>()?;
        for category in &self.categories {
            known.extend(towns.iter().map(|town| (category.clone(), town.clone())));
        }
        for (category, code) in known {
            let duty = desk.catalog.duty(&category, &place_of(&code)?, desk.now);
            let (_, unit) = duty.with_context(|| format!("nobody answers for {category} in {code}"))?;
            self.units.insert((category, code.to_string()), unit);
        }
        self.towns = towns.iter().map(ToString::to_string).collect();
        Ok(())
    }

    pub(super) fn intake(&self) -> &Casebook {
        self.intake.app().cases()
    }

    pub(super) fn dispatch(&self) -> &Casebook {
        self.dispatch.app().cases()
    }

    fn category_and_place(&self, life: &Life) -> (&str, &str) {
        match life.place {
            Where::Town => (CATEGORY, TOWN),
            Where::Village => (CATEGORY, VILLAGE),
            Where::Elsewhere(at) => {
                (&self.categories[life.pick % self.categories.len()], &self.towns[at % self.towns.len()])
            }
        }
    }

    /// Files the `n`th report at its own time.
    pub(super) async fn file(&self, n: usize, life: Life, clock: &SettableClock) -> anyhow::Result<Filed> {
        let (category, place) = self.category_and_place(&life);
        let unit = self.units[&(category.to_owned(), place.to_owned())].clone();
        let app = self.intake.app();
        clock.set(life.at.max(clock.now()));
        let desk = app.desk();
        let asking = intake::app::Asking { traceparent: traceparent(n), ..self.hotline.clone() };
        let draft = intake::convert::draft::draft(request(n, &life, category, place), &asking, &desk);
        let filed = app.file(&asking, &desk, &draft.context("a seeded report is refused")?).await?;
        Ok(Filed { n, life, id: filed.done.id, unit })
    }

    /// One step of the unit that answers.
    pub(super) async fn unit(&self, filed: &Filed, step: Fate) -> anyhow::Result<()> {
        let name = format!("workOrders/{}", filed.id);
        let (result, reply) = ("已更换灯具".to_owned(), "路灯已修好，感谢反映。".to_owned());
        let (rpc, body, step) = match step {
            Fate::Accepted => {
                let body = AcceptWorkOrderRequest { name, ..Default::default() }.encode_to_vec();
                ("AcceptWorkOrder", body, Step::Accept)
            }
            Fate::InProgress => {
                let body = StartWorkOrderRequest { name, ..Default::default() }.encode_to_vec();
                ("StartWorkOrder", body, Step::Start)
            }
            Fate::Unplaced | Fate::Assigned | Fate::Resolved | Fate::Closed => {
                let told = (result.clone(), reply.clone());
                let body = ResolveWorkOrderRequest { name, result: told.0, reply: told.1, ..Default::default() };
                ("ResolveWorkOrder", body.encode_to_vec(), Step::Resolve { result, reply })
            }
        };
        let asked = Asked {
            id: filed.id,
            rpc,
            request_id: format!("seed-{}-{rpc}", filed.n),
            body,
            etag: None,
            note: None,
            step,
        };
        let actor = Actor::member(Role::DepartmentHandler, "bench", filed.unit.clone());
        let asking = Asking { actor, traceparent: traceparent(filed.n) };
        let app = self.dispatch.app();
        app.step(&asking, &app.desk(), asked)
            .await
            .with_context(|| format!("order {} of plan {:?}", filed.id, filed.life))?;
        Ok(())
    }

    /// The citizen is satisfied. As intake's own use case, without the two looks by which a number proves to be the caller's.
    pub(super) async fn rate(&self, filed: &Filed) -> anyhow::Result<()> {
        let rating = Rating { answered: true, solved: true, satisfied: true };
        let word = Word { request_id: format!("seed-{}-rate", filed.n), rating, comment: String::new() };
        let rated = self.orders.rate(filed.id, &word).await;
        rated.map_err(|problem| anyhow::anyhow!("order {} is not rated: {problem}", filed.id))?;
        let app = self.intake.app();
        let body = [true, true, true].map(u8::from);
        let caller = format!("reports/{}", filed.id);
        let request = app.cases().request_key(&caller, "RateReport", &word.request_id, &body);
        let facts = Facts { now: app.desk().now };
        let ask = Ask::<Report>::new(filed.id, Command::Rate(rating), facts);
        app.cases().execute(ask.with_request(request).with_traceparent(traceparent(filed.n))).await?;
        Ok(())
    }
}

fn traceparent(n: usize) -> String {
    format!("00-{:032x}-{:016x}-00", (n as u128 + 1) << 64 | 0x5eed, n + 1)
}

fn request(n: usize, life: &Life, category: &str, place: &str) -> CreateReportRequest {
    let known = life.fate != Fate::Unplaced;
    let words = if known { KNOWN } else { UNKNOWN };
    // An idea is of the lowest urgency whatever it is about; the ordinary is left unsaid.
    let (kind, urgency) = match life.urgency {
        1 => (ReportKind::Complaint, Urgency::LevelOne),
        2 => (ReportKind::Complaint, Urgency::LevelTwo),
        4 => (ReportKind::Suggestion, Urgency::Unspecified),
        _ => (ReportKind::Complaint, Urgency::Unspecified),
    };
    CreateReportRequest {
        request_id: format!("seed-{n}"),
        kind: kind.into(),
        channel: Channel::Hotline12345.into(),
        text: format!("第 {n} {words}"),
        category_code: if known { category.to_owned() } else { String::new() },
        location: Some(Location { division_code: place.to_owned(), ..Default::default() }),
        reporter: Some(Reporter { name: "王某".to_owned(), phone: PHONE.to_owned(), ..Default::default() }),
        urgency: urgency.into(),
        ..Default::default()
    }
}

/// Dispatch as intake calls it for a reporter, without the wire.
struct Orders(dispatch::Service);

#[async_trait]
impl WorkOrders for Orders {
    async fn look(&self, _: CaseId) -> Option<OrderView> {
        None
    }

    /// Nobody merges in a seeded life.
    async fn merge(&self, actor: &Actor, report: CaseId, merging: &Merging) -> Result<Rated, Problem> {
        intake::peers::NoDispatch.merge(actor, report, merging).await
    }

    async fn rate(&self, report: CaseId, word: &Word) -> Result<Rated, Problem> {
        let name = format!("workOrders/{report}");
        let Rating { answered, solved, satisfied } = word.rating;
        let body = RateWorkOrderRequest { name, answered, solved, satisfied, ..Default::default() }.encode_to_vec();
        let asked = Asked {
            id: report,
            rpc: "RateWorkOrder",
            request_id: word.request_id.clone(),
            body,
            etag: None,
            note: None,
            step: Step::Rate { opinion: Opinion { answered, solved, satisfied }, comment: None },
        };
        let actor = Actor::alone(Role::Citizen, format!("reports/{report}"));
        let app = self.0.app();
        let done = app.step(&Asking { actor, traceparent: String::new() }, &app.desk(), asked).await;
        done.map_err(|error| Problem::from_status(&error.into()))?;
        Ok(Rated { order: None, position: None })
    }
}
