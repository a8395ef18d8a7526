//! Pairs that we wrote, and what shelves keep and forget.

use super::evaluate::{BUILTIN, evaluate, read, split};
use super::{LIKELY, Neighbourhood, Print, Shelves, Shelving, Sketch, WINDOW, score};
use civic::{CaseId, Micros};
use proptest::prelude::*;

const HOUR: i64 = 3_600 * Micros::SECOND;

const SEED: u64 = 7;
const TOWN: Neighbourhood = Neighbourhood { town: 500_151_001, village: 0 };

fn sketch(text: &str, hours: i64) -> Sketch {
    let print = Print::of(text, SEED);
    Sketch { at: Micros(hours * HOUR), print, category: 612, coordinates: None, place: TOWN }
}

fn id(number: u8) -> CaseId {
    CaseId::from_bytes([number; 16])
}

#[test]
fn there_are_five_hundred_pairs_and_half_of_them_are_traps() {
    let pairs = read(BUILTIN).unwrap();
    let traps = pairs.iter().filter(|pair| !pair.same).count();
    assert!(pairs.len() >= 500);
    assert!(traps * 2 >= pairs.len(), "{traps} of {}", pairs.len());
    assert_eq!(read("header\n1\t-\t2\t-\t-\ta"), Err(2));
}

#[test]
fn duplicates_are_found_and_traps_are_not_on_the_half_that_the_weights_were_not_set_by() {
    let (tuned, held_out) = split(read(BUILTIN).unwrap());
    for (name, pairs) in [("tuned", tuned), ("held out", held_out)] {
        // Prints estimate: another seed errs otherwise.
        for seed in [SEED, 99, 12_345] {
            let measured = evaluate(&pairs, seed);
            println!("{name}: {measured:?} precision {:.3} recall {:.3}", measured.precision(), measured.recall());
            assert!(measured.precision() >= 0.85, "{name}: {measured:?}");
            assert!(measured.recall() >= 0.90, "{name}: {measured:?}");
        }
    }
}

#[test]
fn the_same_words_about_another_lamp_or_after_it_was_mended_are_no_duplicate() {
    let first = sketch("12号楼门前的路灯不亮", 0);
    assert!(score(&first, &sketch("12号楼门前路灯不亮了", 5)) >= LIKELY);
    assert_eq!(score(&first, &sketch("18号楼门前的路灯不亮", 5)), 0);
    assert_eq!(score(&first, &sketch("12号楼门前的路灯修好了，谢谢", 5)), 0);
    assert_eq!(score(&first, &sketch("12号楼门前的路灯不亮", 31 * 24)), 0);
    let at = |metres: f32| Sketch { coordinates: Some((29.5 + metres / 111_195.0, 106.5)), ..first };
    assert!(score(&at(0.0), &at(50.0)) > score(&at(0.0), &at(500.0)));
    assert_eq!(score(&at(0.0), &at(900.0)), 0);
}

#[test]
fn another_village_is_another_matter_and_an_unknown_one_may_be_the_same() {
    let at =
        |village| Sketch { place: Neighbourhood { village, ..TOWN }, ..sketch("12号楼门前的路灯不亮", 0) };
    assert_eq!(score(&at(500_151_001_001), &at(500_151_001_002)), 0);
    assert!(score(&at(500_151_001_001), &at(0)) >= LIKELY);
}

#[test]
fn prints_under_different_seeds_have_nothing_in_common() {
    let text = "巷口三根路灯都不亮，晚上黑得很";
    let (here, there) = (Print::of(text, 1), Print::of(text, 2));
    assert!(here.shared(&there) < 0.1, "{}", here.shared(&there));
}

#[test]
fn a_print_says_little_of_an_empty_text() {
    let empty = sketch("  ，。", 0);
    assert!(score(&empty, &sketch("路灯不亮", 0)) < LIKELY);
}

#[test]
fn what_is_asked_for_is_not_its_own_duplicate_and_the_likeliest_comes_first() {
    let mut shelves = Shelves::new(Shelving::default());
    let asked = sketch("12号楼门前的路灯不亮", 3);
    shelves.put(id(1), sketch("12号楼门前的路灯不亮", 0));
    shelves.put(id(2), sketch("12号楼前面路灯坏了不亮", 1));
    shelves.put(id(3), asked);
    shelves.put(id(4), Sketch { place: Neighbourhood { town: 500_151_002, village: 0 }, ..asked });
    let like = shelves.like(&asked, Some(id(3)), 10);
    assert_eq!(like.first().map(|(id, _)| *id), Some(id(1)));
    assert!(like.iter().all(|(found, _)| *found != id(3) && *found != id(4)));
    assert_eq!(shelves.like(&asked, Some(id(3)), 0), []);
    let nowhere = Sketch { place: Neighbourhood::default(), ..asked };
    assert_eq!(shelves.like(&nowhere, None, 10), []);
    assert!(shelves.holds(asked.place, asked.at, id(3)) && !shelves.holds(asked.place, asked.at, id(9)));
}

#[test]
fn the_same_report_laid_twice_lies_once() {
    let mut shelves = Shelves::new(Shelving::default());
    for _ in 0..2 {
        shelves.put(id(1), sketch("路灯不亮", 0));
    }
    assert_eq!(shelves.kept(), 1);
}

proptest! {
    #[test]
    fn shelves_never_keep_more_than_their_capacity_and_count_right(hours in prop::collection::vec((0_u8..4, 0_i64..2_000), 1..200)) {
        let mut shelves = Shelves::new(Shelving { capacity: 20 });
        let print = sketch("路灯不亮", 0);
        for (number, (place, hour)) in hours.iter().enumerate() {
            let case = CaseId::from_bytes((number as u128).to_be_bytes());
            let place = Neighbourhood { town: u64::from(*place), village: 0 };
            shelves.put(case, Sketch { at: Micros(hour * HOUR), place, ..print });
            if number % 3 == 0 {
                shelves.take(case, Micros(hour * HOUR));
                prop_assert!(!shelves.holds(place, Micros(hour * HOUR), case));
            }
            prop_assert!(shelves.kept() <= 20);
            prop_assert_eq!(shelves.kept(), shelves.shelves.values().map(|shelf| shelf.len()).sum::<usize>());
        }
    }

    #[test]
    fn a_score_does_not_hang_on_who_came_first(a in "[路灯不亮坏了三号楼前0-9]{0,20}", b in "[路灯不亮坏了三号楼前0-9]{0,20}", hours in 0_i64..900) {
        let (a, b) = (sketch(&a, 0), sketch(&b, hours));
        prop_assert_eq!(score(&a, &b), score(&b, &a));
        prop_assert!(hours * HOUR <= WINDOW || score(&a, &b) == 0);
    }
}
