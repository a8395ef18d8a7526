//! Scopes, filters, pages.

use crate::{
    kinds::{Command, Labels, Parcel},
    world::World,
};
use casebook::{Filter, Page, PlaceColumn, Scope};
use civic::CaseId;
use std::collections::{BTreeMap, BTreeSet};
use testkit::Seed;

fn maybe(seed: &Seed, prefix: &str) -> Option<String> {
    (seed.below(4) > 0).then(|| format!("{prefix}{}", seed.below(3)))
}

/// With one of the ids before as its parent, sometimes.
fn labels(seed: &Seed, ids: &[CaseId]) -> Labels {
    let small = |bound| i64::try_from(seed.below(bound)).unwrap();
    Labels {
        district: maybe(seed, "d"),
        town: maybe(seed, "t"),
        village: maybe(seed, "v"),
        grid: maybe(seed, "g"),
        unit: maybe(seed, "u"),
        category: maybe(seed, "c"),
        state: small(3),
        urgency: small(3),
        lamp: small(3),
        flagged: seed.below(2) == 0,
        text: String::new(),
        shares: (0..seed.below(3)).map(|unit| format!("u{unit}")).collect(),
        parent: ids.first().filter(|_| seed.below(3) == 0).map(ToString::to_string),
        sender: (seed.below(2) == 0).then(|| format!("s{}", seed.below(3))),
    }
}

fn column(seed: &Seed) -> (PlaceColumn, String) {
    let all =
        [(PlaceColumn::District, "d"), (PlaceColumn::Town, "t"), (PlaceColumn::Village, "v"), (PlaceColumn::Grid, "g")];
    let (column, prefix) = all[usize::try_from(seed.below(4)).unwrap()];
    (column, format!("{prefix}{}", seed.below(4)))
}

fn scope(seed: &Seed, ids: &[CaseId]) -> Scope {
    match seed.below(7) {
        0 | 1 => Scope::All,
        2 => Scope::Unit(format!("u{}", seed.below(4))),
        3 => Scope::Case(ids[usize::try_from(seed.below(u64::try_from(ids.len()).unwrap())).unwrap()]),
        4 => Scope::Nothing,
        5 => Scope::Sender(format!("s{}", seed.below(3))),
        _ => {
            let (column, code) = column(seed);
            Scope::Place(column, code)
        }
    }
}

fn filter(seed: &Seed, ids: &[CaseId]) -> Filter {
    let few = || seed.below(3) == 0;
    let small = || Some(i64::try_from(seed.below(3)).unwrap());
    Filter {
        place: few().then(|| column(seed)),
        state: few().then(small).flatten(),
        lamp: few().then(small).flatten(),
        unit: few().then(|| format!("u{}", seed.below(3))),
        category: few().then(|| format!("c{}", seed.below(3))),
        urgency: few().then(small).flatten(),
        flagged: few().then(|| seed.below(2) == 0),
        parent: ids.first().copied().filter(|_| few()),
    }
}

async fn list(w: &World, scope: &Scope, filter: &Filter, page: &Page) -> Vec<CaseId> {
    w.sure(async || w.book.list::<Parcel>(scope, filter, page).await).await.iter().map(|f| f.id).collect()
}

pub(super) async fn scope_and_filter_admit_exactly_what_the_list_shows(w: &World) {
    let mut ids = Vec::new();
    for i in 0..60 {
        let id = w.id();
        w.clock.advance(1);
        w.run(id, Command::Open(labels(&w.seed, &ids))).await.unwrap();
        if i % 2 == 0 {
            w.run(id, Command::Label(labels(&w.seed, &ids))).await.unwrap();
        }
        if i % 5 == 0 {
            w.run(id, Command::Close).await.unwrap();
        }
        ids.push(id);
    }
    let mut rows = BTreeMap::new();
    for row in w.sure(async || w.store.scan(None, 1000).await).await {
        rows.insert(row.id, row.row);
    }
    for _ in 0..150 {
        let (scope, filter) = (scope(&w.seed, &ids), filter(&w.seed, &ids));
        let listed = list(w, &scope, &filter, &Page { size: 1000, after: None }).await;
        let expected: Vec<CaseId> =
            rows.iter().filter(|(id, row)| scope.admits(**id, row) && filter.admits(row)).map(|(id, _)| *id).collect();
        assert_eq!(listed, expected, "{scope:?} {filter:?}");
        let asked: Vec<CaseId> = ids.iter().copied().chain([w.id()]).collect();
        let several = w.sure(async || w.book.get_several::<Parcel>(&scope, &asked).await).await;
        let several: BTreeSet<CaseId> = several.iter().map(|found| found.id).collect();
        let admitted = rows.iter().filter(|(id, row)| scope.admits(**id, row)).map(|(id, _)| *id).collect();
        assert_eq!(several, admitted, "{scope:?}");
        for id in &ids {
            let known = w.until(async || w.book.get::<Parcel>(&scope, *id).await).await.is_ok();
            assert_eq!(known, scope.admits(*id, &rows[id]), "{scope:?} {id}");
        }
    }
}

pub(super) async fn a_row_that_matches_throughout_appears_exactly_once_while_writers_interleave(w: &World) {
    let mut stay = Vec::new();
    let mut leave = Vec::new();
    for i in 0..40 {
        w.clock.advance(1000);
        let id = w.parcel().await;
        if i % 4 == 0 { leave.push(id) } else { stay.push(id) }
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = list(w, &Scope::All, &Filter::default(), &Page { size: 7, after }).await;
        let more = page.len() > 7;
        seen.extend(page.into_iter().take(7));
        after = seen.last().copied();
        if let Some(id) = leave.pop() {
            w.run(id, Command::Close).await.unwrap();
        }
        for id in &stay {
            w.run(*id, Command::Weigh(1)).await.unwrap();
        }
        w.clock.advance(1000);
        if w.now().0 < crate::world::START.0 + 60_000 {
            w.parcel().await;
        }
        if !more {
            break;
        }
    }
    assert!(seen.is_sorted(), "in the order of creation");
    for id in stay {
        assert_eq!(seen.iter().filter(|s| **s == id).count(), 1, "{id}");
    }
}

pub(super) async fn closed_cases_are_listed_by_state_only(w: &World) {
    let id = w.parcel().await;
    w.run(id, Command::Close).await.unwrap();
    let page = Page { size: 10, after: None };
    assert_eq!(list(w, &Scope::All, &Filter::default(), &page).await, []);
    assert_eq!(list(w, &Scope::All, &Filter { state: Some(0), ..Filter::default() }, &page).await, [id]);
}

pub(super) async fn a_unit_s_list_holds_what_it_shares_in_once_page_by_page(w: &World) {
    let mut wanted = Vec::new();
    for i in 0..25 {
        w.clock.advance(1000);
        let id = w.id();
        let unit = (i % 3 == 0).then(|| "own".to_owned());
        let shares = if i % 4 == 0 { vec!["own".to_owned(), "other".to_owned()] } else { Vec::new() };
        if unit.is_some() || !shares.is_empty() {
            wanted.push(id);
        }
        w.run(id, Command::Open(Labels { unit, shares, ..Labels::default() })).await.unwrap();
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = list(w, &Scope::Unit("own".to_owned()), &Filter::default(), &Page { size: 4, after }).await;
        let more = page.len() > 4;
        seen.extend(page.into_iter().take(4));
        after = seen.last().copied();
        if !more {
            break;
        }
    }
    assert_eq!(seen, wanted);
    w.run(wanted[1], Command::Label(Labels::default())).await.unwrap();
    let left = list(w, &Scope::Unit("other".to_owned()), &Filter::default(), &Page { size: 100, after: None }).await;
    assert!(!left.contains(&wanted[1]) && left.contains(&wanted[0]), "a share that ended leaves the list");
}

pub(super) async fn members_are_listed_by_their_parent_also_when_they_are_over(w: &World) {
    let parent = w.parcel().await;
    let mut members = Vec::new();
    for _ in 0..3 {
        w.clock.advance(1000);
        let id = w.id();
        let labels = Labels { parent: Some(parent.to_string()), ..Labels::default() };
        w.run(id, Command::Open(labels)).await.unwrap();
        members.push(id);
    }
    w.run(members[1], Command::Close).await.unwrap();
    let filter = Filter { parent: Some(parent), ..Filter::default() };
    let page = Page { size: 10, after: None };
    assert_eq!(list(w, &Scope::All, &filter, &page).await, members);
    let rest = Page { size: 10, after: Some(members[0]) };
    assert_eq!(list(w, &Scope::All, &filter, &rest).await, members[1..]);
    assert_eq!(list(w, &Scope::Case(members[2]), &filter, &page).await, members[2..]);
}

pub(super) async fn page_tokens_open_only_under_their_binding(w: &World) {
    let (tokens, id) = (w.book.page_tokens(), w.id());
    let token = tokens.seal("list|me|open", id);
    assert_eq!(tokens.open("list|me|open", &token), Ok(id));
    assert!(tokens.open("list|you|open", &token).is_err());
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        assert!(tokens.open("list|me|open", &String::from_utf8(bytes).unwrap()).is_err(), "byte {at}");
    }
    for text in ["", "x", "é", &token[1..]] {
        assert!(tokens.open("list|me|open", text).is_err());
    }
}
