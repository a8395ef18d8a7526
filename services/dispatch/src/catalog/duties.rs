//! Duties: who answers for a category at a tier, from when to when.

use std::collections::BTreeMap;

use civic::{Place, Taxonomy, Tier, UnitCode};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::error::{CatalogError, Problem};
use super::table::{at, date, flag, rows};
use super::units::Units;
use crate::domain::day::Day;
use crate::domain::duty::{Change, Line};
use crate::domain::urgency::Urgency;

const FILE: &str = "duties.csv";

/// One line of the duty list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// Who answers.
    pub unit: UnitRule,
    /// Who is called in when the unit alone cannot do it.
    pub co_handling: Vec<UnitRule>,
    /// When the report does not say.
    pub urgency: Urgency,
    /// The reply to the citizen needs an approval.
    pub reply_approval: bool,
    /// On which law the duty rests, where one was found.
    pub basis: Option<Basis>,
    /// First day.
    pub from: Date,
    /// First day on which it no longer holds.
    pub to: Option<Date>,
}

/// Law and article, in the words of the law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    pub law: String,
    pub article: String,
}

/// A unit by its tier: at a place, the unit of that place of the tier which the matter lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitRule {
    pub tier: Tier,
    /// Empty: the place's own desk.
    pub slug: String,
}

impl UnitRule {
    /// The unit's code for a matter at `place`; `None` when the place does not reach down to the tier.
    #[must_use]
    pub fn code(&self, place: &Place) -> Option<UnitCode> {
        // The city is no column of a place; the only place of its tier is the one that the code names.
        let at = match self.tier {
            Tier::City => (place.tier() == Tier::City).then_some(&place.code),
            Tier::District | Tier::Town | Tier::Village | Tier::Grid => place.at(self.tier),
        }?;
        if self.slug.is_empty() { Some(UnitCode::desk(at)) } else { format!("{at}-{}", self.slug).parse().ok() }
    }
}

#[derive(Deserialize, Serialize)]
struct Row {
    category: String,
    tier: String,
    unit: String,
    co_handling: String,
    urgency: String,
    reply_approval: String,
    law: String,
    article: String,
    from: String,
    to: String,
}

#[derive(Debug)]
pub(super) struct Duties {
    lists: BTreeMap<Tier, BTreeMap<String, Vec<Duty>>>,
}

impl Duties {
    pub(super) fn parse(text: &str, taxonomy: &Taxonomy, units: &Units) -> Result<Self, CatalogError> {
        let mut lists: BTreeMap<Tier, BTreeMap<String, Vec<Duty>>> = BTreeMap::new();
        for (line, row) in rows::<Row>(FILE, text)? {
            let (tier, duty) = duty(&row, taxonomy, units).map_err(|problem| at(FILE, line, problem))?;
            let listed = lists.entry(tier).or_default().entry(row.category).or_default();
            if listed.iter().any(|other| overlap(other, &duty)) {
                return Err(at(FILE, line, Problem::Overlap));
            }
            listed.push(duty);
        }
        Ok(Self { lists })
    }

    pub(super) fn find(&self, category: &str, tier: Tier, on: Date) -> Option<&Duty> {
        let listed = self.lists.get(&tier)?.get(category)?;
        listed.iter().find(|duty| duty.from <= on && duty.to.is_none_or(|to| on < to))
    }

    pub(super) fn len(&self) -> usize {
        self.lists.values().flat_map(BTreeMap::values).map(Vec::len).sum()
    }
}

fn overlap(a: &Duty, b: &Duty) -> bool {
    let begins_before = |a: &Duty, b: &Duty| b.to.is_none_or(|end| a.from < end);
    begins_before(a, b) && begins_before(b, a)
}

fn duty(row: &Row, taxonomy: &Taxonomy, units: &Units) -> Result<(Tier, Duty), Problem> {
    taxonomy.get(&row.category).ok_or(Problem::Category)?;
    let tier = Tier::ALL.into_iter().find(|tier| tier.as_str() == row.tier).ok_or(Problem::Tier)?;
    let co_handling = row.co_handling.split_whitespace().map(|rule| unit(rule, tier, units));
    let (from, to) = (date(&row.from)?, (!row.to.is_empty()).then(|| date(&row.to)).transpose()?);
    if to.is_some_and(|to| to <= from) {
        return Err(Problem::Date);
    }
    let duty = Duty {
        unit: unit(&row.unit, tier, units)?,
        co_handling: co_handling.collect::<Result<_, _>>()?,
        urgency: row.urgency.parse().map_err(|_| Problem::Urgency)?,
        reply_approval: flag(&row.reply_approval)?,
        basis: basis(&row.law, &row.article)?,
        from,
        to,
    };
    Ok((tier, duty))
}

/// `town/pingan`; a list can only name units of its own tier or above, because only those are known for all its places.
fn unit(text: &str, list: Tier, units: &Units) -> Result<UnitRule, Problem> {
    let (tier, slug) = text.split_once('/').ok_or(Problem::Unit)?;
    let tier = Tier::ALL.into_iter().find(|known| known.as_str() == tier).ok_or(Problem::Unit)?;
    // Tiers order from the city down.
    if tier > list || !units.has(tier, slug) {
        return Err(Problem::Unit);
    }
    Ok(UnitRule { tier, slug: slug.to_owned() })
}

fn basis(law: &str, article: &str) -> Result<Option<Basis>, Problem> {
    match (law.is_empty(), article.is_empty()) {
        (true, true) => Ok(None),
        (false, false) => Ok(Some(Basis { law: law.to_owned(), article: article.to_owned() })),
        (true, false) | (false, true) => Err(Problem::Basis),
    }
}

/// The file with a change in it, from a day on: what held then ends, what was planned for later days goes, and, unless the duty retires, the
/// new line stands. Open orders do not ask the file.
///
/// # Errors
/// The file cannot be read, or has no such duty to retire.
pub fn amended(text: &str, change: Change, line: &Line, from: Day) -> Result<String, CatalogError> {
    let mut kept: Vec<Row> = Vec::new();
    let mut held = false;
    for (number, mut row) in rows::<Row>(FILE, text)? {
        if row.category != line.category || row.tier != line.tier.as_str() {
            kept.push(row);
            continue;
        }
        let begins = date(&row.from).map_err(|problem| at(FILE, number, problem))?;
        let ends =
            if row.to.is_empty() { None } else { Some(date(&row.to).map_err(|problem| at(FILE, number, problem))?) };
        if begins < from.date() {
            if ends.is_none_or(|ends| ends > from.date()) {
                row.to = from.to_string();
                held = true;
            }
            kept.push(row);
        }
    }
    match change {
        Change::Enter | Change::Adjust => kept.push(Row {
            category: line.category.clone(),
            tier: line.tier.as_str().to_owned(),
            unit: line.unit.clone(),
            co_handling: line.co_handling.join(" "),
            urgency: line.urgency.as_str().to_owned(),
            reply_approval: line.reply_approval.to_string(),
            law: line.law.clone(),
            article: line.article.clone(),
            from: from.to_string(),
            to: String::new(),
        }),
        Change::Retire if !held => return Err(CatalogError::Whole { file: FILE, problem: Problem::NoSuchDuty }),
        Change::Retire => {}
    }
    written(&kept)
}

fn written(rows: &[Row]) -> Result<String, CatalogError> {
    let unwritable = |error: &dyn std::fmt::Display| CatalogError::Unreadable { file: FILE, why: error.to_string() };
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(|error| unwritable(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| unwritable(&error))?;
    String::from_utf8(bytes).map_err(|error| unwritable(&error))
}
