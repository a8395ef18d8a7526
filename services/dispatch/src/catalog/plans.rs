//! Emergency plans (预案): what is done at once in an emergency of a kind in a place. Data with a version of its own, beside the duty list.
//!
//! ```text
//! plans.csv        plan,name_zh,categories,place,text_zh       categories parted by spaces; an empty place is the whole territory
//! plan_steps.csv   plan,step,after,chain,minutes,text_zh       steps of `after` parted by spaces: done before; empty: at once
//! ```
//!
//! A chain says who is called, and who next when nobody acknowledges within the minutes: `[role@]<tier>/<slug>` parted by ` > `. A unit
//! is named as in the duty list; with a role, only members who have it answer for the unit. Of the plans for a kind the one of the
//! narrowest place that holds the matter is taken.

use std::collections::{BTreeMap, BTreeSet};

use civic::{DivisionCode, Role, Tier, UnitCode, View};
use serde::Deserialize;

use super::error::{CatalogError, PlanProblem, Problem};
use super::table::{at, rows};
use super::{Catalog, code_is_plain};

/// Names of the files.
pub const PLANS: &str = "plans.csv";
pub const STEPS: &str = "plan_steps.csv";
/// An emergency's state holds its plan's steps with their chains: both stay small.
const STEPS_AT_MOST: usize = 32;
pub(crate) const CHAIN_AT_MOST: usize = 16;
/// A call that may wait longer than a day is no emergency's.
const MINUTES_AT_MOST: u32 = 24 * 60;

/// The plans in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plans {
    version: String,
    plans: BTreeMap<String, Plan>,
    by_category: BTreeMap<String, Vec<String>>,
}

/// One plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub code: String,
    pub name: String,
    pub categories: Vec<String>,
    /// `None`: the whole territory.
    pub place: Option<DivisionCode>,
    pub text: String,
    pub steps: Vec<PlanStep>,
    /// Line in its file.
    line: u64,
}

/// What somebody is called to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanStep {
    pub step: String,
    pub after: Vec<String>,
    pub chain: Vec<PartyRule>,
    /// To acknowledge.
    pub minutes: u32,
    pub text: String,
    line: u64,
}

/// Who is called, by tier: at a place, the unit of the place of that tier which the matter lies in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartyRule {
    pub role: Option<Role>,
    pub tier: Tier,
    pub slug: String,
}

#[derive(Deserialize)]
struct PlanRow {
    plan: String,
    name_zh: String,
    categories: String,
    place: String,
    text_zh: String,
}

#[derive(Deserialize)]
struct StepRow {
    plan: String,
    step: String,
    after: String,
    chain: String,
    minutes: String,
    text_zh: String,
}

impl Plans {
    /// The plans this release ships with.
    #[must_use]
    pub fn builtin() -> Self {
        let (plans, steps) = (include_str!("../../catalog/plans.csv"), include_str!("../../catalog/plan_steps.csv"));
        let version = include_str!("../../catalog/PLANS_VERSION").trim();
        Self::parse(version, plans, steps).expect("the shipped plans are checked by a test")
    }

    /// Reads the texts and checks what needs nothing else to be checked by.
    ///
    /// # Errors
    /// The first file and line that cannot be taken.
    pub fn parse(version: &str, plans: &str, steps: &str) -> Result<Self, CatalogError> {
        let mut read: BTreeMap<String, Plan> = BTreeMap::new();
        for (line, row) in rows::<PlanRow>(PLANS, plans)? {
            let plan = plan(row, line).map_err(|problem| wrong(PLANS, line, problem))?;
            if read.insert(plan.code.clone(), plan).is_some() {
                return Err(wrong(PLANS, line, PlanProblem::Code));
            }
        }
        for (line, row) in rows::<StepRow>(STEPS, steps)? {
            take_step(&mut read, row, line).map_err(|problem| wrong(STEPS, line, problem))?;
        }
        for plan in read.values() {
            in_some_order(plan)?;
        }
        Ok(Self { version: version.to_owned(), by_category: by_category(&read)?, plans: read })
    }

    /// Checks what they name against a catalog and the places of a day.
    ///
    /// # Errors
    /// The first file and line that names what there is not.
    pub fn check(&self, catalog: &Catalog, view: &View) -> Result<(), CatalogError> {
        for plan in self.plans.values() {
            let line = |problem| wrong(PLANS, plan.line, problem);
            if plan.place.as_ref().is_some_and(|place| view.get(place).is_none()) {
                return Err(line(PlanProblem::Place));
            }
            if plan.categories.iter().any(|category| catalog.taxonomy().get(category).is_none()) {
                return Err(line(PlanProblem::Category));
            }
            for step in &plan.steps {
                let known = |party: &PartyRule| catalog.tiers_of(&party.slug).contains(&party.tier);
                if !step.chain.iter().all(known) {
                    return Err(wrong(STEPS, step.line, PlanProblem::Party));
                }
            }
        }
        Ok(())
    }

    /// Which set this is.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// By code.
    pub fn iter(&self) -> impl Iterator<Item = &Plan> {
        self.plans.values()
    }

    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Plan> {
        self.plans.get(code)
    }

    /// Some plan is for this kind of emergency, somewhere.
    #[must_use]
    pub fn has(&self, category: &str) -> bool {
        self.by_category.contains_key(category)
    }

    /// The plan for an emergency of this kind in this place: of the narrowest place that holds it.
    #[must_use]
    pub fn find(&self, category: &str, place: &DivisionCode, view: &View) -> Option<&Plan> {
        let plans = self.by_category.get(category)?.iter().filter_map(|code| self.plans.get(code));
        let applies = |plan: &&Plan| plan.place.as_ref().is_none_or(|own| view.contains(own, place));
        plans.filter(applies).max_by_key(|plan| plan.place.as_ref().map(DivisionCode::tier))
    }
}

impl PartyRule {
    /// The unit's code for a matter at `place`; `None` when the place does not reach down to the tier, or the unit lies outside the territory.
    #[must_use]
    pub fn code(&self, place: &DivisionCode, view: &View, root: &DivisionCode) -> Option<UnitCode> {
        let at = view.ancestors(place).find(|division| division.tier == self.tier)?;
        if !view.contains(root, &at.code) {
            return None;
        }
        if self.slug.is_empty() {
            return Some(UnitCode::desk(&at.code));
        }
        format!("{}-{}", at.code, self.slug).parse().ok()
    }
}

impl std::fmt::Display for PartyRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(role) = self.role {
            write!(f, "{role}@")?;
        }
        write!(f, "{}/{}", self.tier.as_str(), self.slug)
    }
}

fn plan(row: PlanRow, line: u64) -> Result<Plan, PlanProblem> {
    let PlanRow { plan: code, name_zh: name, categories, place, text_zh: text } = row;
    if !code_is_plain(&code) {
        return Err(PlanProblem::Code);
    }
    if name.is_empty() {
        return Err(PlanProblem::Name);
    }
    let categories: Vec<String> = categories.split_whitespace().map(str::to_owned).collect();
    if categories.is_empty() {
        return Err(PlanProblem::Category);
    }
    let place = (!place.is_empty()).then(|| place.parse().map_err(|_| PlanProblem::Place)).transpose()?;
    Ok(Plan { code, name, categories, place, text, steps: Vec::new(), line })
}

fn take_step(plans: &mut BTreeMap<String, Plan>, row: StepRow, line: u64) -> Result<(), PlanProblem> {
    let StepRow { plan, step, after, chain, minutes, text_zh: text } = row;
    let plan = plans.get_mut(&plan).ok_or(PlanProblem::StepPlan)?;
    if !code_is_plain(&step) || plan.steps.iter().any(|other| other.step == step) {
        return Err(PlanProblem::StepCode);
    }
    if text.is_empty() || chain.is_empty() {
        return Err(PlanProblem::StepEmpty);
    }
    let minutes = minutes.parse().ok().filter(|minutes| (1..=MINUTES_AT_MOST).contains(minutes));
    let chain: Vec<PartyRule> = chain.split('>').map(|text| party(text.trim())).collect::<Result<_, _>>()?;
    let distinct: BTreeSet<&PartyRule> = chain.iter().collect();
    // Whoever did not answer would be asked again and again, and nobody else.
    if distinct.len() != chain.len() {
        return Err(PlanProblem::FallbackLoop);
    }
    if chain.len() > CHAIN_AT_MOST || plan.steps.len() == STEPS_AT_MOST {
        return Err(PlanProblem::TooLarge);
    }
    let after = after.split_whitespace().map(str::to_owned).collect();
    plan.steps.push(PlanStep { step, after, chain, minutes: minutes.ok_or(PlanProblem::Minutes)?, text, line });
    Ok(())
}

/// `grid-worker@village/wangge`, `town/`.
fn party(text: &str) -> Result<PartyRule, PlanProblem> {
    let (role, unit) = match text.split_once('@') {
        Some((role, unit)) => (Some(role.parse().map_err(|_| PlanProblem::Role)?), unit),
        None => (None, text),
    };
    if role.is_some_and(|role| !crate::domain::authority::answers_for_a_unit(role)) {
        return Err(PlanProblem::Role);
    }
    let (tier, slug) = unit.split_once('/').ok_or(PlanProblem::Party)?;
    let tier = Tier::ALL.into_iter().find(|known| known.as_str() == tier).ok_or(PlanProblem::Party)?;
    Ok(PartyRule { role, tier, slug: slug.to_owned() })
}

/// Every step can be begun: it is after known steps only, and none is in the end after itself.
fn in_some_order(plan: &Plan) -> Result<(), CatalogError> {
    if plan.steps.is_empty() {
        return Err(wrong(PLANS, plan.line, PlanProblem::StepEmpty));
    }
    let mut begun: BTreeSet<&str> = BTreeSet::new();
    for step in &plan.steps {
        if step.after.iter().any(|before| plan.steps.iter().all(|other| other.step != *before)) {
            return Err(wrong(STEPS, step.line, PlanProblem::After));
        }
    }
    for _round in &plan.steps {
        let ready = |step: &&PlanStep| step.after.iter().all(|before| begun.contains(before.as_str()));
        let ready: Vec<&str> = plan.steps.iter().filter(ready).map(|step| step.step.as_str()).collect();
        begun.extend(ready);
    }
    let stuck = plan.steps.iter().find(|step| !begun.contains(step.step.as_str()));
    match stuck {
        Some(step) => Err(wrong(STEPS, step.line, PlanProblem::StepLoop)),
        None => Ok(()),
    }
}

fn by_category(plans: &BTreeMap<String, Plan>) -> Result<BTreeMap<String, Vec<String>>, CatalogError> {
    let mut taken = BTreeSet::new();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for plan in plans.values() {
        for category in &plan.categories {
            if !taken.insert((category.as_str(), plan.place.as_ref())) {
                return Err(wrong(PLANS, plan.line, PlanProblem::Overlap));
            }
            found.entry(category.clone()).or_default().push(plan.code.clone());
        }
    }
    Ok(found)
}

fn wrong(file: &'static str, line: u64, problem: PlanProblem) -> CatalogError {
    at(file, line, problem.into())
}

/// Field of the request and reason of what is wrong with a set of plans.
#[must_use]
pub fn fault_of(error: &CatalogError) -> (&'static str, &'static str) {
    let CatalogError::Line { file, problem, .. } = error else { return ("plans", "PLAN_INVALID") };
    let field = if *file == STEPS { "steps" } else { "plans" };
    if let Problem::Plan(problem) = problem { (field, problem.reason()) } else { (field, "PLAN_INVALID") }
}
