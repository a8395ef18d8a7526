//! Reading of the catalog's files, line by line, each line checked.

use super::{CatalogError, Limits, Problem};
use crate::domain::classify::Keyword;
use crate::domain::emergency::{Calls, Line};
use crate::domain::kind::{Channel, Urgency};
use civic::Role;
use civic::taxonomy::Taxonomy;
use std::collections::BTreeSet;

/// Separates words and roles inside a column.
const SEPARATOR: char = '|';

/// The rows of a file with their line numbers, after its header was checked.
fn rows(file: &'static str, header: &'static str, text: &str) -> Result<Vec<(u64, csv::StringRecord)>, CatalogError> {
    let columns = header.split(',').count();
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let found = reader.headers().is_ok_and(|found| found.iter().eq(header.split(',')));
    if !found {
        return Err(CatalogError::File { file, problem: Problem::Header(header) });
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let line = |record: &csv::StringRecord| record.position().map_or(0, csv::Position::line);
        match record {
            Ok(record) if record.len() == columns => rows.push((line(&record), record)),
            Ok(record) => {
                return Err(CatalogError::Line { file, line: line(&record), problem: Problem::Columns(columns) });
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                return Err(CatalogError::Line { file, line, problem: Problem::Columns(columns) });
            }
        }
    }
    Ok(rows)
}

pub(super) fn keywords(text: &str, taxonomy: &Taxonomy) -> Result<Vec<Keyword>, CatalogError> {
    const FILE: &str = "keywords.csv";
    let mut seen = BTreeSet::new();
    let mut keywords = Vec::new();
    for (line, row) in rows(FILE, "category,weight,words", text)? {
        let refuse = |problem| CatalogError::Line { file: FILE, line, problem };
        let category = &row[0];
        if taxonomy.get(category).is_none() {
            return Err(refuse(Problem::Category(category.to_owned())));
        }
        let weight = row[1].parse().ok().filter(|weight| (1..=100).contains(weight)).ok_or(refuse(Problem::Weight))?;
        for word in row[2].split(SEPARATOR).map(str::trim) {
            if word.is_empty() {
                return Err(refuse(Problem::EmptyWord));
            }
            if !seen.insert(word.to_owned()) {
                return Err(refuse(Problem::RepeatedWord(word.to_owned())));
            }
            keywords.push(Keyword { word: word.to_owned(), category: category.to_owned(), weight });
        }
    }
    Ok(keywords)
}

pub(super) fn emergencies(text: &str) -> Result<Vec<String>, CatalogError> {
    const FILE: &str = "emergencies.csv";
    let mut words: Vec<String> = Vec::new();
    for (line, row) in rows(FILE, "word", text)? {
        let refuse = |problem| CatalogError::Line { file: FILE, line, problem };
        if row[0].is_empty() {
            return Err(refuse(Problem::EmptyWord));
        }
        if words.iter().any(|word| *word == row[0]) {
            return Err(refuse(Problem::RepeatedWord(row[0].to_owned())));
        }
        words.push(row[0].to_owned());
    }
    Ok(words)
}

pub(super) fn transfers(text: &str) -> Result<Calls, CatalogError> {
    const FILE: &str = "transfers.csv";
    let mut calls: Vec<(Line, String)> = Vec::new();
    for (line, row) in rows(FILE, "line,words", text)? {
        let refuse = |problem| CatalogError::Line { file: FILE, line, problem };
        let to = Line::from_digits(&row[0]).ok_or_else(|| refuse(Problem::EmergencyLine))?;
        for word in row[1].split(SEPARATOR).map(str::trim) {
            if word.is_empty() {
                return Err(refuse(Problem::EmptyWord));
            }
            let call = (to, word.to_owned());
            if calls.contains(&call) {
                return Err(refuse(Problem::RepeatedWord(word.to_owned())));
            }
            calls.push(call);
        }
    }
    Ok(Calls::new(calls))
}

/// Prefixes of category codes, longest first; `*` becomes the empty prefix.
pub(super) fn urgencies(text: &str, taxonomy: &Taxonomy) -> Result<Vec<(String, Urgency)>, CatalogError> {
    const FILE: &str = "urgencies.csv";
    let mut urgencies: Vec<(String, Urgency)> = Vec::new();
    for (line, row) in rows(FILE, "category,urgency", text)? {
        let refuse = |problem| CatalogError::Line { file: FILE, line, problem };
        let prefix = if &row[0] == "*" { "" } else { &row[0] };
        if !taxonomy.iter().any(|category| category.code.starts_with(prefix)) {
            return Err(refuse(Problem::Category(prefix.to_owned())));
        }
        if urgencies.iter().any(|(known, _)| known == prefix) {
            return Err(refuse(Problem::RepeatedWord(row[0].to_owned())));
        }
        let urgency = level(&row[1]).ok_or(refuse(Problem::Urgency))?;
        urgencies.push((prefix.to_owned(), urgency));
    }
    if !urgencies.iter().any(|(prefix, _)| prefix.is_empty()) {
        return Err(CatalogError::File { file: FILE, problem: Problem::MissingDefault });
    }
    urgencies.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
    Ok(urgencies)
}

fn level(word: &str) -> Option<Urgency> {
    match word {
        "LEVEL_ONE" => Some(Urgency::LevelOne),
        "LEVEL_TWO" => Some(Urgency::LevelTwo),
        "LEVEL_THREE" => Some(Urgency::LevelThree),
        "LEVEL_FOUR" => Some(Urgency::LevelFour),
        _ => None,
    }
}

pub(super) fn channels(text: &str) -> Result<Vec<(Channel, Vec<Role>)>, CatalogError> {
    const FILE: &str = "channels.csv";
    let mut doors: Vec<(Channel, Vec<Role>)> = Vec::new();
    for (line, row) in rows(FILE, "channel,roles", text)? {
        let refuse = |problem| CatalogError::Line { file: FILE, line, problem };
        let channel = Channel::from_name(&row[0]).ok_or_else(|| refuse(Problem::Channel(row[0].to_owned())))?;
        if doors.iter().any(|(door, _)| *door == channel) {
            return Err(refuse(Problem::RepeatedChannel));
        }
        let role = |word: &str| word.parse::<Role>().map_err(|_| refuse(Problem::Role(word.to_owned())));
        let roles = row[1].split(SEPARATOR).map(str::trim).map(role).collect::<Result<Vec<_>, _>>()?;
        doors.push((channel, roles));
    }
    let missing = Channel::ALL.into_iter().find(|channel| !doors.iter().any(|(door, _)| door == channel));
    match missing {
        Some(channel) => Err(CatalogError::File { file: FILE, problem: Problem::MissingChannel(channel.name()) }),
        None => Ok(doors),
    }
}

/// Numbers that would make every report impossible, or every report sure, are mistakes.
pub(super) fn check(limits: &Limits) -> Result<(), CatalogError> {
    let refuse = |name, range| Err(CatalogError::File { file: "limits.toml", problem: Problem::Number(name, range) });
    let lengths = [
        ("text_characters", limits.text_characters),
        ("address_characters", limits.address_characters),
        ("name_characters", limits.name_characters),
        ("channel_number_characters", limits.channel_number_characters),
        ("result_characters", limits.result_characters),
        ("note_characters", limits.note_characters),
        ("attachment_uri_characters", limits.attachment_uri_characters),
        ("supplement_characters", limits.supplement_characters),
        ("theme_characters", limits.theme_characters),
    ];
    if let Some((name, _)) = lengths.iter().find(|(_, length)| !(1..=100_000).contains(length)) {
        return refuse(name, "1 to 100,000");
    }
    if limits.attachments > 1_000 {
        return refuse("attachments", "at most 1,000");
    }
    if limits.supplements > 100 {
        return refuse("supplements", "at most 100");
    }
    if limits.spot_checks_percent > 100 {
        return refuse("spot_checks_percent", "0 to 100");
    }
    let confidences = [
        ("category_guess", limits.category_guess, limits.category_sure),
        ("place_guess", limits.place_guess, limits.place_sure),
    ];
    if let Some((name, ..)) = confidences.iter().find(|(_, guess, sure)| guess > sure || *sure > 100) {
        return refuse(name, "at most the threshold of being sure, and that at most 100");
    }
    if limits.answer_sure > 101 {
        return refuse("answer_sure", "at most 101");
    }
    if limits.publicity_days > 366 {
        return refuse("publicity_days", "at most 366");
    }
    if limits.answer_days > 366 {
        return refuse("answer_days", "at most 366");
    }
    if limits.model_sure > 100 {
        return refuse("model_sure", "at most 100");
    }
    let bounds = &limits.territory;
    let on_earth = bounds.south >= -90.0 && bounds.north <= 90.0 && bounds.west >= -180.0 && bounds.east <= 180.0;
    if !on_earth || bounds.south >= bounds.north || bounds.west >= bounds.east {
        return refuse("territory", "a box on earth, south below north and west of east");
    }
    Ok(())
}
