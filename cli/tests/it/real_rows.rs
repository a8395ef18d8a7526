//! Every row of the real table becomes a report.

use jiewang::verb::load::source::Rows;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

const FILE: &str = "../../shared/data/service-requests/311-open.csv.gz";

#[test]
fn all_rows_of_the_three_cities_are_mapped_and_none_is_mistaken_for_another() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if !path.exists() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{FILE} must be there");
        eprintln!("skipped: {FILE} is not there");
        return;
    }
    let rows = Rows::open(&path).unwrap();
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
