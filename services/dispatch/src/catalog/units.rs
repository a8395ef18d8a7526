//! The units there are at each tier, and the code and name a unit has at a place.

use std::collections::BTreeMap;

use civic::{DivisionCode, Tier, UnitCode, View};
use serde::Deserialize;

use super::error::{CatalogError, Problem};
use super::table::{at, rows};

const FILE: &str = "units.csv";

/// A unit that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    pub code: UnitCode,
    /// With its place: 铜梁区巴川街道平安法治板块.
    pub name: String,
}

/// Why a text names no unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnitFault {
    #[error("not a unit code: <place>-<slug>, or the bare place code for a place's own desk")]
    Malformed,
    #[error("the unit's place does not exist today")]
    Place,
    #[error("there is no such unit at that tier")]
    Slug,
}

#[derive(Debug)]
pub(super) struct Units {
    /// By tier and slug; the empty slug is the place's own desk.
    names: BTreeMap<(Tier, String), String>,
}

#[derive(Deserialize)]
struct Row {
    slug: String,
    tiers: String,
    name_zh: String,
    name_en: String,
}

impl Units {
    pub(super) fn parse(text: &str) -> Result<Self, CatalogError> {
        let mut names = BTreeMap::new();
        for (line, row) in rows::<Row>(FILE, text)? {
            take(&mut names, &row).map_err(|problem| at(FILE, line, problem))?;
        }
        Ok(Self { names })
    }

    pub(super) fn has(&self, tier: Tier, slug: &str) -> bool {
        self.name(tier, slug).is_some()
    }

    pub(super) fn tiers_of(&self, slug: &str) -> Vec<Tier> {
        Tier::ALL.into_iter().filter(|tier| self.has(*tier, slug)).collect()
    }

    pub(super) fn find(&self, code: &str, view: &View) -> Result<Unit, UnitFault> {
        let code: UnitCode = code.parse().map_err(|_| UnitFault::Malformed)?;
        let place = code.place();
        let division = view.get(&place).ok_or(UnitFault::Place)?;
        let own = self.name(division.tier, code.slug().unwrap_or_default()).ok_or(UnitFault::Slug)?;
        let name = format!("{}{own}", place_name(&place, view));
        Ok(Unit { code, name })
    }

    fn name(&self, tier: Tier, slug: &str) -> Option<&str> {
        // A borrowed key of a pair would need its own ordering trait: one short allocation per look-up is cheaper to read.
        self.names.get(&(tier, slug.to_owned())).map(String::as_str)
    }
}

fn take(names: &mut BTreeMap<(Tier, String), String>, row: &Row) -> Result<(), Problem> {
    if row.name_zh.is_empty() || row.name_en.is_empty() {
        return Err(Problem::Name);
    }
    if !row.slug.is_empty() && format!("50-{}", row.slug).parse::<UnitCode>().is_err() {
        return Err(Problem::Slug);
    }
    let mut tiers = row.tiers.split_whitespace().peekable();
    tiers.peek().ok_or(Problem::Tier)?;
    for tier in tiers {
        let tier = Tier::ALL.into_iter().find(|known| known.as_str() == tier).ok_or(Problem::Tier)?;
        if names.insert((tier, row.slug.clone()), row.name_zh.clone()).is_some() {
            return Err(Problem::Slug);
        }
    }
    Ok(())
}

/// The place as people of the city say it: without the city's own name in front.
fn place_name(place: &DivisionCode, view: &View) -> String {
    let mut names: Vec<&str> = view.ancestors(place).map(|division| division.name.as_str()).collect();
    if names.len() > 1 {
        names.pop();
    }
    names.reverse();
    names.concat()
}
