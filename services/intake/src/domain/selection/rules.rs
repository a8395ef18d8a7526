//! `decide` and `evolve` of a selection, by the table in [`super`].

use super::{Command, Facts, IDEAS, Idea, Phase, Refusal, Selection};
use civic::{CaseId, DivisionCode, Micros, Place};
use prost::bytes::Bytes;
use proto::intake::v1::stored::{
    IdeaNominated, IdeaScored, IdeaStruck, SelectionChosen, SelectionEvent, SelectionOpened, SelectionPublicised,
    selection_event::Event,
};

type Decided = Result<Event, Refusal>;

pub(super) fn decide(
    state: Option<&Selection>,
    command: &Command,
    facts: &Facts,
) -> Result<Vec<SelectionEvent>, Refusal> {
    let at_us = facts.now.0;
    let event = match (state, command) {
        (None, Command::Open { quarter, place, panel, by }) => Event::Opened(SelectionOpened {
            at_us,
            by: by.clone(),
            quarter: quarter.clone(),
            place: place.code.as_str().to_owned(),
            district: text(place.district.as_ref()),
            town: text(place.town.as_ref()),
            village: text(place.village.as_ref()),
            grid: text(place.grid.as_ref()),
            panel: panel.iter().map(|member| Bytes::copy_from_slice(member)).collect(),
        }),
        (None, _) => return Err(Refusal::State { state: "(none)", attempted: command.name() }),
        (Some(selection), Command::Nominate { theme, reports, by }) => nominate(selection, theme, reports, by, at_us)?,
        (Some(selection), Command::Score { idea, member, points }) => {
            open(selection, command)?;
            score(selection, *idea, member, *points, at_us)?
        }
        (Some(selection), Command::Publicise { days, by }) => {
            open(selection, command)?;
            publicise(selection, *days, by, facts)?
        }
        (Some(selection), Command::Strike { idea, reason, by }) => strike(selection, *idea, reason, by, at_us)?,
        (Some(selection), Command::Choose { by }) => choose(selection, by, facts)?,
        (Some(selection), Command::Open { .. }) => return Err(refused(selection, command)),
    };
    Ok(vec![SelectionEvent { event: Some(event) }])
}

fn refused(selection: &Selection, command: &Command) -> Refusal {
    Refusal::State { state: selection.phase.name(), attempted: command.name() }
}

fn open(selection: &Selection, command: &Command) -> Result<(), Refusal> {
    match selection.phase {
        Phase::Open => Ok(()),
        Phase::Publicised { .. } | Phase::Chosen { .. } => Err(refused(selection, command)),
    }
}

fn nominate(selection: &Selection, theme: &str, reports: &[CaseId], by: &str, at_us: i64) -> Decided {
    let Phase::Open = selection.phase else {
        return Err(Refusal::State { state: selection.phase.name(), attempted: "nominate" });
    };
    if selection.ideas.len() >= IDEAS {
        return Err(Refusal::TooManyIdeas);
    }
    if selection.ideas.iter().any(|idea| idea.reports.iter().any(|report| reports.contains(report))) {
        return Err(Refusal::AlreadyNominated);
    }
    let reports = reports.iter().map(|report| Bytes::copy_from_slice(report.as_bytes())).collect();
    Ok(Event::Nominated(IdeaNominated { at_us, by: by.to_owned(), theme: theme.to_owned(), reports }))
}

fn score(selection: &Selection, idea: usize, member: &[u8; 16], points: u8, at_us: i64) -> Decided {
    if !selection.panel.contains(member) {
        return Err(Refusal::NotOfThePanel);
    }
    let found = selection.ideas.get(idea).ok_or(Refusal::IdeaUnknown)?;
    if found.scores.iter().any(|(by, _)| by == member) {
        return Err(Refusal::AlreadyScored);
    }
    let member = Bytes::copy_from_slice(member);
    Ok(Event::Scored(IdeaScored { at_us, idea: number(idea), member, points: i32::from(points) }))
}

fn publicise(selection: &Selection, days: u16, by: &str, facts: &Facts) -> Decided {
    let ten = selection.best();
    if ten.is_empty() {
        return Err(Refusal::NothingScored);
    }
    let until = facts.now + i64::from(days) * Micros::DAY;
    let ten = ten.into_iter().map(number).collect();
    Ok(Event::Publicised(SelectionPublicised { at_us: facts.now.0, by: by.to_owned(), ten, until_us: until.0 }))
}

fn strike(selection: &Selection, idea: usize, reason: &str, by: &str, at_us: i64) -> Decided {
    let Phase::Publicised { ten, .. } = &selection.phase else {
        return Err(Refusal::State { state: selection.phase.name(), attempted: "strike" });
    };
    let standing = ten.contains(&idea) && selection.ideas.get(idea).is_some_and(|idea| idea.struck.is_none());
    if !standing {
        return Err(Refusal::IdeaUnknown);
    }
    Ok(Event::Struck(IdeaStruck { at_us, by: by.to_owned(), idea: number(idea), reason: reason.to_owned() }))
}

fn choose(selection: &Selection, by: &str, facts: &Facts) -> Decided {
    let Phase::Publicised { until, .. } = &selection.phase else {
        return Err(Refusal::State { state: selection.phase.name(), attempted: "choose" });
    };
    if facts.now < *until {
        return Err(Refusal::PublicityRuns);
    }
    Ok(Event::Chosen(SelectionChosen { at_us: facts.now.0, by: by.to_owned() }))
}

/// `None`: a history that no decision wrote.
pub(super) fn evolve(state: Option<Selection>, event: &SelectionEvent) -> Option<Selection> {
    let Some(mut selection) = state else {
        let Event::Opened(opened) = event.event.as_ref()? else { return None };
        return read_opened(opened);
    };
    match event.event.as_ref()? {
        Event::Opened(_) => return None,
        Event::Nominated(nominated) => {
            let id = |bytes: &Bytes| Some(CaseId::from_bytes(bytes.as_ref().try_into().ok()?));
            let reports = nominated.reports.iter().map(id).collect::<Option<_>>()?;
            selection.ideas.push(Idea { theme: nominated.theme.clone(), reports, scores: Vec::new(), struck: None });
        }
        Event::Scored(scored) => {
            let member = scored.member.as_ref().try_into().ok()?;
            let idea = selection.ideas.get_mut(position(scored.idea)?)?;
            idea.scores.push((member, u8::try_from(scored.points).ok()?));
        }
        Event::Publicised(published) => {
            let ten: Vec<usize> = published.ten.iter().map(|idea| position(*idea)).collect::<Option<_>>()?;
            if ten.iter().any(|idea| *idea >= selection.ideas.len()) {
                return None;
            }
            selection.phase = Phase::Publicised { ten, until: Micros(published.until_us) };
        }
        Event::Struck(struck) => {
            let idea = selection.ideas.get_mut(position(struck.idea)?)?;
            idea.struck = Some(struck.reason.clone());
        }
        Event::Chosen(_) => {
            let ten = selection.phase.ten().to_vec();
            selection.phase = Phase::Chosen { ten };
        }
    }
    Some(selection)
}

fn read_opened(opened: &SelectionOpened) -> Option<Selection> {
    let tier = |code: &str| if code.is_empty() { Some(None) } else { code.parse::<DivisionCode>().ok().map(Some) };
    let place = Place {
        code: opened.place.parse().ok()?,
        district: tier(&opened.district)?,
        town: tier(&opened.town)?,
        village: tier(&opened.village)?,
        grid: tier(&opened.grid)?,
    };
    let panel = opened.panel.iter().map(|member| member.as_ref().try_into().ok()).collect::<Option<_>>()?;
    Some(Selection { quarter: opened.quarter.clone(), place, panel, ideas: Vec::new(), phase: Phase::Open })
}

fn text(code: Option<&DivisionCode>) -> String {
    code.map(|code| code.as_str().to_owned()).unwrap_or_default()
}

/// Numbers outside begin with 1.
fn number(position: usize) -> i32 {
    i32::try_from(position).map_or(i32::MAX, |position| position.saturating_add(1))
}

fn position(number: i32) -> Option<usize> {
    usize::try_from(number).ok()?.checked_sub(1)
}

impl Command {
    /// The verb, for refusals.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Nominate { .. } => "nominate",
            Self::Score { .. } => "score",
            Self::Publicise { .. } => "publicise",
            Self::Strike { .. } => "strike",
            Self::Choose { .. } => "choose",
        }
    }
}
