//! The selection as the casebook sees it.

use super::{Command, Facts, Phase, Refusal, Selection, rules};
use casebook::{Case, Row, Timer};
use civic::{CaseId, Micros};
use proto::intake::v1::stored::{SelectionEvent, selection_event::Event};

impl Case for Selection {
    const KIND: &'static str = "selection";
    const SCHEMA: i64 = 1;
    type Event = SelectionEvent;
    type Command = Command;
    type Facts = Facts;
    type Refusal = Refusal;

    fn decide(state: Option<&Self>, command: &Command, facts: &Facts) -> Result<Vec<SelectionEvent>, Refusal> {
        rules::decide(state, command, facts)
    }

    fn evolve(state: Option<Self>, event: &SelectionEvent) -> Option<Self> {
        rules::evolve(state, event)
    }

    fn index(&self) -> Row {
        Row {
            open: !matches!(self.phase, Phase::Chosen { .. }),
            state: i64::from(self.phase.number()),
            ..Row::at(&self.place)
        }
    }

    /// Nothing is chosen by itself: somebody looks whether an objection came.
    fn timers(&self) -> Vec<Timer> {
        Vec::new()
    }

    fn event_type(event: &SelectionEvent) -> &'static str {
        match &event.event {
            Some(Event::Opened(_)) => "selection.opened",
            Some(Event::Nominated(_)) => "selection.nominated",
            Some(Event::Scored(_)) => "selection.scored",
            Some(Event::Publicised(_)) => "selection.publicised",
            Some(Event::Struck(_)) => "selection.struck",
            Some(Event::Chosen(_)) => "selection.chosen",
            None => "selection.unreadable",
        }
    }

    fn event_time(event: &SelectionEvent) -> Micros {
        Micros(match &event.event {
            Some(Event::Opened(opened)) => opened.at_us,
            Some(Event::Nominated(nominated)) => nominated.at_us,
            Some(Event::Scored(scored)) => scored.at_us,
            Some(Event::Publicised(published)) => published.at_us,
            Some(Event::Struck(struck)) => struck.at_us,
            Some(Event::Chosen(chosen)) => chosen.at_us,
            None => 0,
        })
    }

    fn event_actor(event: &SelectionEvent) -> String {
        match &event.event {
            Some(Event::Opened(opened)) => opened.by.clone(),
            Some(Event::Nominated(nominated)) => nominated.by.clone(),
            Some(Event::Publicised(published)) => published.by.clone(),
            Some(Event::Struck(struck)) => struck.by.clone(),
            Some(Event::Chosen(chosen)) => chosen.by.clone(),
            // Raters are hidden.
            Some(Event::Scored(_)) | None => String::new(),
        }
    }

    /// Internal: no other service works on it.
    fn publish(_: CaseId, _: &SelectionEvent) -> Option<(String, Vec<u8>)> {
        None
    }

    fn legal(state: Option<&Self>, event: &SelectionEvent) -> bool {
        match (state.map(|selection| &selection.phase), &event.event) {
            (None, Some(Event::Opened(_)))
            | (Some(Phase::Open), Some(Event::Nominated(_) | Event::Scored(_) | Event::Publicised(_)))
            | (Some(Phase::Publicised { .. }), Some(Event::Struck(_) | Event::Chosen(_))) => true,
            (None | Some(Phase::Open | Phase::Publicised { .. } | Phase::Chosen { .. }), _) => false,
        }
    }
}
