//! A roster as CSV: who works at which post, and who stands in for whom. All of it is taken, or nothing.

use std::collections::BTreeSet;

use civic::{DivisionCode, Place, Tier, UnitCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::reader::Reader;
use crate::app::Desk;
use crate::domain::day::Day;
use crate::domain::roster::{Absence, POSTS_AT_MOST, Post};

/// Characters of the name of a post, and of a reference to a worker.
const LONGEST: usize = 64;
/// Slug of a grid team.
const GRID_TEAM: &str = "wangge";

#[derive(Deserialize)]
struct PostRow {
    post: String,
    unit: String,
    worker: String,
}

#[derive(Deserialize)]
struct AbsenceRow {
    worker: String,
    stand_in: String,
    from: String,
    to: String,
}

/// The posts, by their names.
pub(super) fn posts(reader: &mut Reader<'_>, desk: &Desk, town: &DivisionCode, text: &str) -> Option<Vec<Post>> {
    let rows = rows::<PostRow>(reader, "posts", text)?;
    let mut posts: Vec<Post> = Vec::new();
    for (line, row) in rows {
        match post(&row, desk, town) {
            Ok(post) if posts.iter().any(|known| known.post == post.post) => {
                return fault(reader, "posts", line, "the post stands there already");
            }
            Ok(post) => posts.push(post),
            Err(why) => return fault(reader, "posts", line, why),
        }
    }
    if posts.len() > POSTS_AT_MOST {
        return fault(reader, "posts", 0, "a roster has at most 2,000 posts");
    }
    posts.sort_by(|a, b| a.post.cmp(&b.post));
    Some(posts)
}

fn post(row: &PostRow, desk: &Desk, town: &DivisionCode) -> Result<Post, &'static str> {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if row.post.is_empty() || row.post.len() > LONGEST || !plain(&row.post) {
        return Err("a post is named by up to 64 letters, digits, dashes and underscores");
    }
    if !is_reference(&row.worker) {
        return Err("a worker is a reference of at most 64 characters without spaces");
    }
    let unit: UnitCode = row.unit.parse().map_err(|_| "the unit is none")?;
    let place: Place = desk.locate(&unit.place()).ok_or("the unit's place does not exist today")?;
    if place.town.as_ref() != Some(town) {
        return Err("the unit's place does not lie in the town");
    }
    // A grid is its own team; above it the team has a name.
    let team = match place.tier() {
        Tier::Grid => unit.slug().is_none(),
        Tier::City | Tier::District | Tier::Town | Tier::Village => unit.slug() == Some(GRID_TEAM),
    };
    if !team {
        return Err("the unit is a grid or a grid team");
    }
    Ok(Post { post: row.post.clone(), unit, worker: row.worker.clone(), place })
}

/// Who is away, in the order in which it was told; nobody stands in for whom he waits for.
pub(super) fn absences(reader: &mut Reader<'_>, posts: &[Post], text: &str) -> Option<Vec<Absence>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let workers: BTreeSet<&str> = posts.iter().map(|post| post.worker.as_str()).collect();
    let mut absences: Vec<Absence> = Vec::new();
    for (line, row) in rows::<AbsenceRow>(reader, "absences", text)? {
        let absence = match absence(row, &workers) {
            Ok(absence) => absence,
            Err(why) => return fault(reader, "absences", line, why),
        };
        let overlaps =
            |other: &Absence| other.worker == absence.worker && other.from <= absence.to && absence.from <= other.to;
        if absences.iter().any(overlaps) {
            return fault(reader, "absences", line, "the worker is away then already");
        }
        absences.push(absence);
    }
    Some(absences)
}

fn absence(row: AbsenceRow, workers: &BTreeSet<&str>) -> Result<Absence, &'static str> {
    if !workers.contains(row.worker.as_str()) {
        return Err("the worker has no post");
    }
    if !is_reference(&row.stand_in) || row.stand_in == row.worker {
        return Err("somebody else stands in: a reference of at most 64 characters without spaces");
    }
    let day = |text: &str| text.parse::<Day>().map_err(|_| "a date is written 2026-01-31");
    let (from, to) = (day(&row.from)?, day(&row.to)?);
    if to < from {
        return Err("the last day lies before the first");
    }
    Ok(Absence { worker: row.worker, stand_in: row.stand_in, from, to })
}

fn is_reference(text: &str) -> bool {
    (1..=LONGEST).contains(&text.chars().count()) && !text.contains(char::is_whitespace)
}

fn rows<T: DeserializeOwned>(reader: &mut Reader<'_>, path: &str, text: &str) -> Option<Vec<(u64, T)>> {
    let mut csv = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for row in csv.deserialize::<T>() {
        let line = u64::try_from(rows.len()).unwrap_or(u64::MAX).saturating_add(2);
        match row {
            Ok(row) => rows.push((line, row)),
            Err(_) => return fault(reader, path, line, "not readable as CSV with the documented columns"),
        }
    }
    Some(rows)
}

fn fault<T>(reader: &mut Reader<'_>, path: &str, line: u64, why: &str) -> Option<T> {
    let detail = if line == 0 { why.to_owned() } else { format!("line {line}: {why}") };
    reader.fault(path, "ROSTER_INVALID", &detail);
    None
}
