//! The mapping of single rows, and that its tables speak of categories and places there are.

use super::*;
use civic::{DivisionCode, Tier, Tree};

const HEADER: [&str; 10] =
    ["city", "request_id", "created_at", "precision", "due_at", "type", "detail", "queue", "district", "lat"];

fn table() -> Open311 {
    Open311::recognise(&HEADER).unwrap()
}

fn filing(row: [&str; 9]) -> Result<Filing, RowError> {
    let mut record = StringRecord::from(row.to_vec());
    record.push_field("42.3");
    table().filing(&record)
}

const DEAD_ANIMAL: [&str; 9] = [
    "boston",
    "101002935226",
    "2019-06-15T10:25:00",
    "s",
    "2019-06-18T04:30:00",
    "Pick up Dead Animal",
    "Pick up Dead Animal",
    "PWDx_District 09: East Boston",
    "East Boston",
];

#[test]
fn a_row_becomes_a_report_of_the_same_matter_at_a_town() {
    let filing = filing(DEAD_ANIMAL).unwrap();
    assert_eq!(filing.request_id, "boston/101002935226");
    assert_eq!(filing.channel_number, filing.request_id);
    assert_eq!((filing.kind.as_str(), filing.channel.as_str()), ("COMPLAINT", "OPEN311"));
    assert_eq!(filing.category_code, "0123");
    assert_eq!(filing.location.division_code.len(), 9);
    assert_eq!(filing.occur_time, "2019-06-15T02:25:00Z");
    assert_eq!(filing.urgency, "LEVEL_THREE");
    assert_eq!(
        filing.text,
        "波士顿311热线转来：动物尸体处理（Pick up Dead Animal）。原受理队列：PWDx_District 09: East Boston。原所在片区：East Boston。"
    );
    let json = serde_json::to_value(&filing).unwrap();
    assert_eq!(json["reporter"], serde_json::json!({"noReply": true}), "nobody is named");
    assert!(json["location"].get("latitude").is_none(), "a point over there is no point here");
}

#[test]
fn a_bare_day_begins_at_midnight_of_chongqing() {
    let row =
        ["chicago", "11-04174585", "2011-11-28", "d", "", "Sanitation Code Violation", "Garbage in alley", "", "51"];
    let filing = filing(row).unwrap();
    assert_eq!((filing.occur_time.as_str(), filing.urgency.as_str()), ("2011-11-27T16:00:00Z", ""));
    assert!(filing.text.contains("Garbage in alley"));
}

#[test]
fn a_district_nobody_mapped_is_the_citys_district() {
    for (district, place) in [(" ", "500151"), ("", "500151"), ("Atlantis", "500151")] {
        let mut row = DEAD_ANIMAL;
        row[8] = district;
        assert_eq!(filing(row).unwrap().location.division_code, place, "{district:?}");
    }
}

#[test]
fn urgency_follows_the_time_the_city_gave_itself() {
    let start = Micros::from_local("2015-09-21T05:49:00".parse().unwrap());
    for (due, level) in [
        ("2015-09-22T05:49:54", "LEVEL_TWO"),
        ("2015-09-24T05:49:00", "LEVEL_THREE"),
        ("2015-09-30T05:49:00", "LEVEL_FOUR"),
        ("", ""),
    ] {
        assert_eq!(urgency(start, due).unwrap(), level, "{due}");
    }
    assert!(urgency(start, "2015-09-20T00:00:00").is_err());
}

#[test]
fn what_cannot_be_read_says_which_column() {
    for (column, value, says) in [
        (0, "paris", "no mapping for the city \"paris\""),
        (0, "", "column city is empty"),
        (1, "", "column request_id is empty"),
        (2, "yesterday", "column created_at holds no date and time"),
        (4, "soon", "column due_at holds no date and time"),
        (5, "Dragons", "no category for the type \"Dragons\" of boston"),
    ] {
        let mut row = DEAD_ANIMAL;
        row[column] = value;
        let error = filing(row).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let mut row = DEAD_ANIMAL;
    let long = "9".repeat(60);
    row[1] = &long;
    assert!(matches!(filing(row), Err(RowError::IdTooLong(_))));
}

#[test]
fn every_category_and_place_of_the_tables_exists_under_the_name_beside_it() {
    let taxonomy = Taxonomy::builtin();
    let rows = |csv: &'static str| csv::Reader::from_reader(csv.as_bytes()).into_records().map(Result::unwrap);
    let mut types = 0;
    for record in rows(CATEGORIES) {
        let category = taxonomy.get(&record[2]).unwrap_or_else(|| panic!("no category {record:?}"));
        assert_eq!(*category.name_zh, record[3], "{record:?}");
        types += 1;
    }
    assert_eq!(types, 69);
    let view = Tree::chongqing().on(jiff::civil::date(2026, 11, 22));
    for record in rows(PLACES) {
        let code: DivisionCode = record[2].parse().unwrap();
        let place = view.get(&code).unwrap_or_else(|| panic!("no place {record:?}"));
        assert_eq!(place.name, record[3], "{record:?}");
        assert!(matches!(place.tier, Tier::District | Tier::Town), "{record:?}");
    }
    assert!(table().places.values().all(|city| city.contains_key(ANY)));
}
