//! Suggestions and selections, both ways.

use super::asked::etag;
use super::draft::division;
use super::{Checks, report_id, timestamp};
use crate::app::{Desk, Group, Opening, Shown, Step, What};
use crate::domain::selection::{Idea, PANEL, POINTS, Phase, REPORTS_OF_ONE, Selection};
use crate::error::Error;
use civic::{CaseId, DivisionCode};
use prost::Message;
use proto::intake::v1 as wire;

const COLLECTION: &str = "selections/";
/// A subject as tokens carry it.
const SUBJECT_CHARACTERS: usize = 200;

fn selection_id(name: &str) -> Result<CaseId, Error> {
    name.strip_prefix(COLLECTION).and_then(|id| id.parse().ok()).ok_or(Error::NOT_FOUND)
}

/// The place that a list is narrowed by.
pub fn place(code: &str, desk: &Desk) -> Result<Option<DivisionCode>, Error> {
    let mut checks = Checks::default();
    let code = known(&mut checks, code, desk);
    checks.done()?;
    Ok(code)
}

fn known(checks: &mut Checks, code: &str, desk: &Desk) -> Option<DivisionCode> {
    let code = division(checks, "divisionCode", code)?;
    if desk.view.place(&code).is_none() {
        checks.refuse("divisionCode", "DIVISION_UNKNOWN", "no such division");
    } else if !desk.view.contains(&desk.map.root, &code) {
        checks.refuse("divisionCode", "OUTSIDE_TERRITORY", "the division lies outside the territory");
    }
    Some(code)
}

pub fn opening(mut request: wire::OpenSelectionRequest, desk: &Desk) -> Result<Opening, Error> {
    let mut checks = Checks::default();
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    checks.request_id(&request_id);
    if !is_quarter(&request.quarter) {
        checks.refuse("quarter", "QUARTER_INVALID", "a year and a quarter, such as 2026Q4");
    }
    if request.division_code.is_empty() {
        checks.refuse("divisionCode", "DIVISION_UNKNOWN", "a division is required");
    }
    let place = known(&mut checks, &request.division_code, desk);
    let mut panel = request.panel;
    panel.sort_unstable();
    panel.dedup();
    let named = panel.iter().all(|subject| !subject.is_empty() && subject.chars().count() <= SUBJECT_CHARACTERS);
    if !PANEL.contains(&panel.len()) || !named {
        checks.refuse("panel", "PANEL_INVALID", format!("{} to {} different subjects", PANEL.start(), PANEL.end()));
    }
    checks.done()?;
    let place = place.expect("a division that is none is a violation");
    Ok(Opening { request_id, quarter: request.quarter, place, panel, body })
}

fn is_quarter(text: &str) -> bool {
    let Some((year, quarter)) = text.split_once('Q') else { return false };
    year.len() == 4 && year.bytes().all(|digit| digit.is_ascii_digit()) && matches!(quarter, "1" | "2" | "3" | "4")
}

pub fn nominate(mut request: wire::NominateSuggestionRequest, desk: &Desk) -> Result<Step, Error> {
    let mut checks = Checks::default();
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let most = desk.catalog.limits.theme_characters;
    if request.theme.trim().is_empty() {
        checks.refuse("theme", "THEME_MISSING", "an idea has a theme, in the words of whoever nominates it");
    }
    checks.length("theme", "THEME_TOO_LONG", &request.theme, most);
    let mut reports: Vec<CaseId> = Vec::new();
    for (at, name) in request.reports.iter().enumerate() {
        match report_id(name) {
            Ok(id) if !reports.contains(&id) => reports.push(id),
            Ok(_) => {}
            Err(_) => checks.refuse(format!("reports[{at}]"), "REPORTS_INVALID", "no such report"),
        }
    }
    if !(1..=REPORTS_OF_ONE).contains(&request.reports.len()) {
        checks.refuse("reports", "REPORTS_INVALID", format!("1 to {REPORTS_OF_ONE} suggestions"));
    }
    let what = What::Nominate { theme: request.theme, reports };
    step(checks, &request.name, request_id, &request.etag, Some(what), body)
}

pub fn score(mut request: wire::ScoreSuggestionRequest) -> Result<Step, Error> {
    let mut checks = Checks::default();
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let points = u8::try_from(request.points).ok().filter(|points| POINTS.contains(points));
    if points.is_none() {
        checks.refuse("points", "POINTS_INVALID", format!("{} to {} points", POINTS.start(), POINTS.end()));
    }
    let idea = idea(&mut checks, request.idea);
    let what = idea.zip(points).map(|(idea, points)| What::Score { idea, points });
    step(checks, &request.name, request_id, "", what, body)
}

pub fn publicise(mut request: wire::PubliciseSelectionRequest) -> Result<Step, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    step(Checks::default(), &request.name, request_id, &request.etag, Some(What::Publicise), body)
}

pub fn strike(mut request: wire::StrikeSuggestionRequest, desk: &Desk) -> Result<Step, Error> {
    let mut checks = Checks::default();
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    if request.reason.trim().is_empty() {
        checks.refuse("reason", "REASON_MISSING", "why it is struck off is published with it");
    }
    checks.length("reason", "NOTE_TOO_LONG", &request.reason, desk.catalog.limits.note_characters);
    let reason = request.reason;
    let what = idea(&mut checks, request.idea).map(|idea| What::Strike { idea, reason });
    step(checks, &request.name, request_id, &request.etag, what, body)
}

pub fn choose(mut request: wire::ChooseSelectionRequest) -> Result<Step, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    step(Checks::default(), &request.name, request_id, &request.etag, Some(What::Choose), body)
}

fn idea(checks: &mut Checks, number: i32) -> Option<usize> {
    let position = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    if position.is_none() {
        checks.refuse("idea", "IDEA_INVALID", "the number of an idea, from 1");
    }
    position
}

fn step(
    mut checks: Checks,
    name: &str,
    request_id: String,
    etag_text: &str,
    what: Option<What>,
    body: Vec<u8>,
) -> Result<Step, Error> {
    let id = selection_id(name)?;
    checks.request_id(&request_id);
    let etag = etag(&mut checks, etag_text);
    checks.done()?;
    let what = what.expect("an act that is none is a violation");
    Ok(Step { id, request_id, etag, what, body })
}

pub fn asked_for(request: &wire::GetSelectionRequest) -> Result<CaseId, Error> {
    selection_id(&request.name)
}

pub fn groups(groups: Vec<Group>) -> wire::ListSuggestionsResponse {
    let group = |group: Group| wire::SuggestionGroup {
        proposed_theme: group.proposed_theme,
        reports: group.reports.iter().map(|id| format!("reports/{id}")).collect(),
    };
    wire::ListSuggestionsResponse { groups: groups.into_iter().map(group).collect() }
}

pub fn shown(shown: &Shown) -> wire::Selection {
    match shown {
        Shown::Whole(found) => selection(found.id, found.version, &found.state),
        Shown::Published(found) => published(selection(found.id, found.version, &found.state)),
    }
}

/// The ten, the best first, and why one was struck off: named field by field, so that nothing is published by mistake.
fn published(whole: wire::Selection) -> wire::Selection {
    let wire::Selection { name, quarter, division_code, state, ideas, publicity_end_time, .. } = whole;
    let mut ideas: Vec<wire::Idea> = ideas.into_iter().filter(|idea| idea.rank > 0).collect();
    ideas.sort_by_key(|idea| idea.rank);
    let public = |idea: wire::Idea| {
        let wire::Idea { number, theme, rank, struck, chosen, .. } = idea;
        wire::Idea { number, theme, rank, struck, chosen, ..wire::Idea::default() }
    };
    let ideas = ideas.into_iter().map(public).collect();
    wire::Selection { name, quarter, division_code, state, ideas, publicity_end_time, ..wire::Selection::default() }
}

pub fn selection(id: CaseId, version: i64, selection: &Selection) -> wire::Selection {
    let number = |position: usize| i32::try_from(position + 1).unwrap_or(i32::MAX);
    let ten = selection.phase.ten();
    let chosen = matches!(selection.phase, Phase::Chosen { .. });
    // Raters are hidden: while votes come in, each step of the mean tells one, and the mean of one vote is that vote.
    let open = matches!(selection.phase, Phase::Open);
    let mean = |idea: &Idea| if open || idea.scores.len() < 2 { 0 } else { idea.mean_hundredths() };
    let idea = |(at, idea): (usize, &Idea)| {
        let rank = ten.iter().position(|other| *other == at).map_or(0, number);
        wire::Idea {
            number: number(at),
            theme: idea.theme.clone(),
            reports: idea.reports.iter().map(|id| format!("reports/{id}")).collect(),
            scores: i32::try_from(idea.scores.len()).unwrap_or(i32::MAX),
            mean_hundredths: i32::try_from(mean(idea)).unwrap_or(i32::MAX),
            rank,
            struck: idea.struck.clone().unwrap_or_default(),
            chosen: chosen && rank > 0 && idea.struck.is_none(),
        }
    };
    let until = match selection.phase {
        Phase::Publicised { until, .. } => Some(timestamp(until)),
        Phase::Open | Phase::Chosen { .. } => None,
    };
    wire::Selection {
        name: format!("{COLLECTION}{id}"),
        quarter: selection.quarter.clone(),
        division_code: selection.place.code.as_str().to_owned(),
        state: selection.phase.number(),
        panel: i32::try_from(selection.panel.len()).unwrap_or(i32::MAX),
        ideas: selection.ideas.iter().enumerate().map(idea).collect(),
        publicity_end_time: until,
        etag: version.to_string(),
    }
}
