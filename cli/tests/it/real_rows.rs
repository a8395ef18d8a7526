//! Every row of the real table becomes a report, and what became of it can be told.

use jiewang::verb::load::source::Rows;
use jiewang::verb::replay::script::{Script, Turn};
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

const FILE: &str = "../../shared/data/service-requests/311-open.csv.gz";

/// `None`, and a word about it, where the file is not.
fn real() -> Option<Rows> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if !path.exists() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{FILE} must be there");
        eprintln!("skipped: {FILE} is not there");
        return None;
    }
    Some(Rows::open(&path).unwrap())
}

/// The whole replay takes minutes (docs/replay.md); that it can begin, and how it must end, is in the script.
#[test]
fn the_history_of_the_three_cities_is_whole_but_for_seven_closings() {
    let Some(rows) = real() else { return };
    let script = Script::read(rows.histories().unwrap(), &mut |line| panic!("{line}"));
    let closed = script.happenings.iter().filter(|happening| happening.turn == Turn::Closed).count();
    assert_eq!((script.scenes.len(), closed, script.backwards.len()), (104_173, 87_072, 7));
    let due = |city| script.scenes.iter().filter(move |s| s.history.city == city && s.history.due.is_some()).count();
    assert_eq!((due("boston"), due("chicago"), due("nyc")), (21_035, 0, 3));
    assert_eq!(script.end.to_string(), "2024-06-04T04:55:49+08:00");
}

#[test]
fn all_rows_of_the_three_cities_are_mapped_and_none_is_mistaken_for_another() {
    let Some(rows) = real() else { return };
    assert_eq!(rows.table(), "open311");
    let (mut ids, mut cities, mut towns) = (HashSet::new(), BTreeMap::<String, u32>::new(), HashSet::new());
    for row in rows {
        let filing = row.filing.unwrap_or_else(|error| panic!("line {}: {error}", row.line));
        assert!(filing.request_id.len() <= 64 && filing.channel_number == filing.request_id);
        assert!(filing.occur_time.ends_with('Z') && filing.text.chars().count() <= 1000, "line {}", row.line);
        let (city, _) = filing.request_id.split_once('/').unwrap();
        *cities.entry(city.to_owned()).or_default() += 1;
        towns.insert(filing.location.division_code);
        assert!(ids.insert(filing.request_id), "line {}: the request id came before", row.line);
    }
    let expected = [("boston", 48_087), ("chicago", 55_317), ("nyc", 769)];
    assert_eq!(cities, expected.map(|(city, rows)| (city.to_owned(), rows)).into());
    assert_eq!(ids.len(), 104_173);
    assert!(towns.len() > 100, "the work is spread over {} places", towns.len());
}
