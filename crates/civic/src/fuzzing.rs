//! What holds for any bytes from outside, a function for each kind of input. The fuzz targets call them (e2e/fuzz), and seeded tests do.

use crate::{Atlas, Calendar, CaseId, DivisionCode, Gazetteer, Money, Phone, Taxonomy, TrackingNumber, Tree, UnitCode};
use crate::{mask_name, mask_phone};
use jiff::civil::date;
use std::fmt::{Debug, Display};
use std::str::FromStr;
use std::sync::LazyLock;

/// One word: numbers, codes, ids, amounts, and what masks leave of it.
pub fn words(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    only_spelling::<CaseId>(text);
    only_spelling::<DivisionCode>(text);
    if let Some(unit) = only_spelling::<UnitCode>(text) {
        assert!(text.starts_with(unit.place().as_str()) && unit.slug().is_none_or(|slug| text.ends_with(slug)));
    }
    if let Ok(amount) = text.parse::<Money>() {
        assert_eq!(amount.to_string().parse(), Ok(amount));
    }
    if let Ok(number) = TrackingNumber::parse(text) {
        assert_eq!(TrackingNumber::parse(&number.spoken()).as_ref(), Ok(&number));
        assert_eq!(number.as_str().len(), 17);
    }
    phone(text);
}

/// What is read is written in no other way.
fn only_spelling<T: FromStr + Display>(text: &str) -> Option<T> {
    let read = text.parse::<T>().ok()?;
    assert_eq!(read.to_string(), text);
    Some(read)
}

fn phone(text: &str) {
    if let Ok(phone) = Phone::parse(text) {
        assert_eq!(Phone::parse(phone.as_str()).as_ref(), Ok(&phone));
        assert!(phone.last4().len() == 4 && !phone.masked().contains(phone.as_str()));
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let masked = mask_phone(text);
    assert!(masked.len() == digits && masked.matches('*').count() >= digits.min(4), "{masked}");
    assert!(mask_name(text).chars().count() <= 2);
}

/// Maps that operators load: polygons as GeoJSON, points as CSV.
pub fn maps(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut atlas = Atlas::empty();
    if atlas.load_geojson(text, "code").is_err() {
        assert!(atlas.is_empty(), "nothing is added when anything is wrong");
    }
    let polygons = atlas.codes().count();
    let points = atlas.load_points_csv(text, 5_000.0).unwrap_or_default();
    assert_eq!(atlas.codes().count(), polygons + points);
    for (latitude, longitude) in [(29.5, 106.5), (0.0, 0.0), (90.0, 180.0), (-90.0, -180.0), (29.05, 106.05)] {
        if let Some((code, _, sure)) = atlas.locate(latitude, longitude) {
            assert!(sure <= 100 && atlas.codes().any(|known| *known == code));
        }
    }
}

/// Tables that operators load: calendars, categories, lists of places and their changes (behind a line of `%%`).
pub fn tables(bytes: &[u8]) {
    static CHINA: LazyLock<Calendar> = LazyLock::new(Calendar::china);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(calendar) = Calendar::load_csv("own", text) {
        let both = CHINA.extended(&calendar);
        assert!(calendar.years().all(|year| both.covers(year)));
        let _ = both.is_working_day(date(2026, 10, 1));
    }
    if let Ok(taxonomy) = Taxonomy::load_csv("own", text) {
        assert!(taxonomy.iter().all(|category| taxonomy.get(&category.code) == Some(category)));
    }
    let (list, changes) = text.split_once("%%\n").unwrap_or((text, ""));
    if let Ok(tree) = Tree::load("own", &[list], &[changes]) {
        for day in tree.dates().chain([date(1949, 10, 1)]) {
            walk(&tree, day);
        }
    }
}

/// Every place lies in places that stand, and nowhere twice.
fn walk(tree: &Tree, day: jiff::civil::Date) {
    let view = tree.on(day);
    for division in view.divisions() {
        let above = view.ancestors(&division.code).count();
        assert!(above <= 5, "{} lies in {above} places", division.code);
        assert!(view.place(&division.code).is_some() && view.full_name(&division.code).is_some());
    }
}

/// An address as somebody wrote it.
pub fn address(bytes: &[u8]) {
    static GAZETTEER: LazyLock<Gazetteer> = LazyLock::new(|| Gazetteer::new(&Tree::chongqing().on(date(2026, 11, 22))));
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let found = GAZETTEER.find(text);
    assert!(found.as_ref().is_none_or(|(_, sure)| *sure <= 100));
    same(&found, &GAZETTEER.find(text));
}

fn same<T: PartialEq + Debug>(one: &T, other: &T) {
    assert_eq!(one, other, "the same answer every time");
}
