//! Random reforms against a tree that is copied whole for every date.

use std::collections::BTreeMap;

use civic::{DivisionCode, Tier, Tree};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;

const DISTRICTS: usize = 5;
const TOWNS: usize = 12;

fn code(text: &str) -> DivisionCode {
    text.parse().unwrap()
}

fn district(number: usize) -> DivisionCode {
    code(&format!("50010{number}"))
}

/// Towns lie in the first two districts to begin with.
fn town(number: usize) -> DivisionCode {
    code(&format!("50010{}{number:03}", number % 2))
}

#[derive(Clone, Debug)]
enum Reform {
    Move(usize, usize),
    Rename(usize),
    Dissolve(usize, usize),
}

/// A place of the copied tree: its name, and what it lies in.
type Copied = BTreeMap<DivisionCode, (String, Option<DivisionCode>)>;

fn base() -> (String, Copied) {
    let mut copied: Copied = BTreeMap::from([(code("50"), ("市".to_owned(), None))]);
    for number in 0..DISTRICTS {
        copied.insert(district(number), (format!("{number}区"), Some(code("50"))));
    }
    for number in 0..TOWNS {
        copied.insert(town(number), (format!("{number}镇"), Some(district(number % 2))));
    }
    let csv = copied.iter().map(|(code, (name, _))| format!("{code},{name}\n")).collect();
    (csv, copied)
}

/// The rows for a reform that is possible, with its effect on the copy.
fn carry_out(copied: &mut Copied, reform: &Reform, day: Date) -> String {
    match reform {
        Reform::Move(number, to) if copied.contains_key(&district(*to)) => {
            let moved = copied.get_mut(&town(*number)).unwrap();
            moved.1 = Some(district(*to));
            format!("{day},move,{},{},{}\n", town(*number), moved.0, district(*to))
        }
        Reform::Rename(number) => {
            let renamed = copied.get_mut(&town(*number)).unwrap();
            renamed.0.insert(0, '新');
            format!("{day},rename,{},{},\n", town(*number), renamed.0)
        }
        Reform::Dissolve(number, into)
            if number != into && [*number, *into].iter().all(|n| copied.contains_key(&district(*n))) =>
        {
            let towns: Vec<usize> = (0..TOWNS).filter(|n| copied[&town(*n)].1 == Some(district(*number))).collect();
            let moves: String = towns.iter().map(|n| carry_out(copied, &Reform::Move(*n, *into), day)).collect();
            copied.remove(&district(*number));
            format!("{moves}{day},dissolve,{},,{}\n", district(*number), district(*into))
        }
        Reform::Move(..) | Reform::Dissolve(..) => String::new(),
    }
}

fn reforms() -> impl Strategy<Value = Vec<(i64, Reform)>> {
    let reform = prop_oneof![
        4 => (0..TOWNS, 0..DISTRICTS).prop_map(|(town, to)| Reform::Move(town, to)),
        2 => (0..TOWNS).prop_map(Reform::Rename),
        1 => (0..DISTRICTS, 0..DISTRICTS).prop_map(|(from, into)| Reform::Dissolve(from, into)),
    ];
    prop::collection::vec((0_i64..3, reform), 0..20)
}

fn agrees(tree: &Tree, day: Date, copied: &Copied) -> Result<(), TestCaseError> {
    let view = tree.on(day);
    prop_assert_eq!(view.divisions().count(), copied.len());
    for (code, (name, parent)) in copied {
        let division = view.get(code).unwrap();
        prop_assert_eq!((&division.name, &division.parent), (name, parent));
        prop_assert!(parent.iter().all(|parent| view.contains(parent, code)));
        let expected: Vec<&DivisionCode> =
            copied.iter().filter(|(_, (_, p))| p.as_ref() == Some(code)).map(|(c, _)| c).collect();
        let children: Vec<&DivisionCode> = view.children(code).map(|child| &child.code).collect();
        prop_assert_eq!(children, expected);
    }
    for gone in (0..DISTRICTS).map(district).filter(|code| !copied.contains_key(code)) {
        let successor = view.successor(&gone).unwrap();
        prop_assert!(
            view.get(&gone).is_none() && copied.contains_key(&successor) && successor.tier() == Tier::District
        );
        prop_assert_eq!(view.place(&gone).unwrap().district, Some(successor));
    }
    Ok(())
}

proptest! {
    #[test]
    fn every_date_shows_the_tree_as_it_was_then(reforms in reforms()) {
        let (csv, mut copied) = base();
        let mut day = date(2026, 1, 1);
        let mut dated = vec![(day, copied.clone())];
        let mut changes = String::new();
        for (days, reform) in &reforms {
            day += days.days();
            changes += &carry_out(&mut copied, reform, day);
            dated.push((day, copied.clone()));
        }
        let tree = Tree::load("t", &[&csv], &[&changes]).unwrap();
        // Of several reforms on one date the last copy is the date's.
        let by_date: BTreeMap<Date, &Copied> = dated.iter().map(|(day, copied)| (*day, copied)).collect();
        for (day, copied) in by_date {
            agrees(&tree, day, copied)?;
        }
        agrees(&tree, date(2025, 12, 31), &base().1)?;
    }
}
