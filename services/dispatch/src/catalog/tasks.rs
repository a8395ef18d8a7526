//! Daily tasks (照单履职) as rules, and the purposes of care lists. A grid worker's list is "6+1": six duties from here, and what is assigned.
//!
//! A rule is about the grid, or visits those on one care list. There is no third way to select: a rule that picked people by age, record,
//! origin or anything else about them cannot be written down (domain, lines not crossed: 5).

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::control;
use super::error::{CatalogError, Problem};
use super::table::{at, date, flag, rows};

const TASKS: &str = "tasks.csv";
const CARE: &str = "care.csv";
/// Days from one time to the next at most, also of a visit.
pub const LONGEST_INTERVAL: i32 = 366;
/// Three years: whoever is to be visited longer is entered again, and asked again.
const LONGEST_CARE: i32 = 1_100;
const LONGEST_CODE: usize = 40;

/// Something that grid workers do each so many days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRule {
    pub code: String,
    pub selects: Selects,
    /// Days from one time to the next.
    pub every: i32,
    pub name: String,
    pub from: Date,
    /// First day on which it no longer holds.
    pub to: Option<Date>,
}

/// What a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selects {
    Grid,
    /// Whoever is on the lists of this purpose.
    Care(String),
}

/// Why people are on a care list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// Nobody is entered without the person's consent, or the guardian's.
    pub consent: bool,
    /// Days of an entry at most.
    pub longest: i32,
    pub name: String,
}

#[derive(Debug)]
pub struct Tasks(Vec<TaskRule>);

#[derive(Debug)]
pub struct Purposes(BTreeMap<String, Purpose>);

#[derive(Deserialize)]
struct TaskRow {
    code: String,
    selects: String,
    every: i32,
    name_zh: String,
    name_en: String,
    from: String,
    to: String,
}

#[derive(Deserialize)]
struct CareRow {
    purpose: String,
    consent: String,
    longest: i32,
    name_zh: String,
    name_en: String,
}

impl Tasks {
    pub(super) fn parse(text: &str, care: &Purposes) -> Result<Self, CatalogError> {
        let mut rules: Vec<TaskRule> = Vec::new();
        for (line, row) in rows::<TaskRow>(TASKS, text)? {
            let rule = rule(row, care).map_err(|problem| at(TASKS, line, problem))?;
            if rules.iter().any(|known| known.code == rule.code) {
                return Err(at(TASKS, line, Problem::Code));
            }
            rules.push(rule);
        }
        Ok(Self(rules))
    }

    /// The rules that hold on a day.
    pub fn on(&self, day: Date) -> impl Iterator<Item = &TaskRule> {
        self.0.iter().filter(move |rule| rule.from <= day && rule.to.is_none_or(|to| day < to))
    }

    /// The rule of this code.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&TaskRule> {
        self.0.iter().find(|rule| rule.code == code)
    }
}

impl Purposes {
    pub(super) fn parse(text: &str) -> Result<Self, CatalogError> {
        let mut purposes = BTreeMap::new();
        for (line, row) in rows::<CareRow>(CARE, text)? {
            let (code, purpose) = purpose(row).map_err(|problem| at(CARE, line, problem))?;
            if purposes.insert(code, purpose).is_some() {
                return Err(at(CARE, line, Problem::Code));
            }
        }
        Ok(Self(purposes))
    }

    /// The purpose of this code.
    #[must_use]
    pub fn get(&self, purpose: &str) -> Option<&Purpose> {
        self.0.get(purpose)
    }
}

fn rule(row: TaskRow, care: &Purposes) -> Result<TaskRule, Problem> {
    if control::is_meant([&row.code, &row.name_zh, &row.name_en]) {
        return Err(Problem::Control);
    }
    let selects = match (row.selects.as_str(), row.selects.strip_prefix("care/")) {
        ("grid", _) => Selects::Grid,
        (_, Some(purpose)) if care.get(purpose).is_some() => Selects::Care(purpose.to_owned()),
        (_, Some(_) | None) => return Err(Problem::Selection),
    };
    if !(1..=LONGEST_INTERVAL).contains(&row.every) {
        return Err(Problem::Days);
    }
    let (from, to) = (date(&row.from)?, (!row.to.is_empty()).then(|| date(&row.to)).transpose()?);
    if to.is_some_and(|to| to <= from) {
        return Err(Problem::Date);
    }
    Ok(TaskRule { code: code(row.code)?, selects, every: row.every, name: name(row.name_zh, &row.name_en)?, from, to })
}

fn purpose(row: CareRow) -> Result<(String, Purpose), Problem> {
    if control::is_meant([&row.purpose, &row.name_zh, &row.name_en]) {
        return Err(Problem::Control);
    }
    if !(1..=LONGEST_CARE).contains(&row.longest) {
        return Err(Problem::Days);
    }
    let (consent, name) = (flag(&row.consent)?, name(row.name_zh, &row.name_en)?);
    Ok((code(row.purpose)?, Purpose { consent, longest: row.longest, name }))
}

fn code(text: String) -> Result<String, Problem> {
    let plain = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if plain && (1..=LONGEST_CODE).contains(&text.len()) { Ok(text) } else { Err(Problem::Code) }
}

/// Both are asked for, the Chinese one is shown.
fn name(zh: String, en: &str) -> Result<String, Problem> {
    if zh.is_empty() || en.is_empty() { Err(Problem::Name) } else { Ok(zh) }
}
