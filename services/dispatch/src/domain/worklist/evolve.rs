//! What a list is after an event.

use civic::{Micros, Private};
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::WorklistEvent;
use proto::dispatch::v1::stored::worklist_event::Event as Body;

use super::{Evidence, Item, Source, Ticked, Worklist};
use crate::catalog::LONGEST_INTERVAL;
use crate::domain::day::Day;
use crate::domain::work_order::stored_place::place;

pub(super) fn evolve(state: Option<Worklist>, event: &WorklistEvent) -> Option<Worklist> {
    match event.event.as_ref()? {
        Body::Begun(body) => begun(state, body),
        Body::Assigned(body) => {
            let mut state = state?;
            let text = Some(Private::from_sealed(body.text.to_vec()));
            let since = body.date.parse().ok()?;
            state.items.push(Item { number: body.number, source: Source::Assigned, text, since, done: None });
            state.next = body.number.checked_add(1)?;
            Some(state)
        }
        Body::Ticked(body) => ticked(state?, body, Micros(event.at_us)),
    }
}

fn begun(state: Option<Worklist>, body: &stored::DayBegun) -> Option<Worklist> {
    let day: Day = body.date.parse().ok()?;
    let unit = body.unit.parse().ok()?;
    let mut state = match state {
        Some(state) => state,
        None => Worklist {
            post: body.post.clone(),
            place: place(body.place.as_ref())?,
            unit,
            worker: String::new(),
            day,
            items: Vec::new(),
            last: Vec::new(),
            next: 1,
        },
    };
    if let Some(moved) = &body.place {
        state.place = place(Some(moved))?;
    }
    state.unit = body.unit.parse().ok()?;
    state.worker = body.worker.clone();
    state.day = day;
    state.last.retain(|(_, done)| day.since(*done) < LONGEST_INTERVAL);
    state.items.retain(|item| item.done.is_none() && !body.dropped.contains(&item.number));
    for task in &body.opened {
        let source = Source::read(task)?;
        state.items.push(Item { number: task.number, source, text: None, since: day, done: None });
        state.next = task.number.checked_add(1)?;
    }
    Some(state)
}

fn ticked(mut state: Worklist, body: &stored::TaskTicked, at: Micros) -> Option<Worklist> {
    let day = state.day;
    let item = state.items.iter_mut().find(|item| item.number == body.number)?;
    let evidence = Evidence {
        note: (!body.note.is_empty()).then(|| Private::from_sealed(body.note.to_vec())),
        photo: (!body.photo_uri.is_empty()).then(|| (body.photo_uri.clone(), body.photo_sha256.clone())),
        report: body.report.clone(),
    };
    item.done = Some(Ticked { at, evidence });
    let source = item.source.clone();
    if source != Source::Assigned {
        state.last.retain(|(done, _)| *done != source);
        state.last.push((source, day));
        state.last.sort();
    }
    Some(state)
}

pub(super) fn legal(state: Option<&Worklist>, event: &WorklistEvent) -> bool {
    let undone =
        |state: &Worklist, number: u32| state.items.iter().any(|item| item.number == number && item.done.is_none());
    match (state, &event.event) {
        (None, Some(Body::Begun(body))) => body.place.is_some() && body.dropped.is_empty(),
        (Some(state), Some(Body::Begun(body))) => {
            body.date.parse::<Day>().is_ok_and(|day| day > state.day)
                && body.dropped.iter().all(|number| undone(state, *number))
                && body.opened.iter().all(|task| task.number >= state.next)
        }
        (Some(state), Some(Body::Assigned(body))) => body.number == state.next,
        (Some(state), Some(Body::Ticked(body))) => undone(state, body.number),
        (None, Some(Body::Assigned(_) | Body::Ticked(_))) | (_, None) => false,
    }
}
