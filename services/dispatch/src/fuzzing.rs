//! What holds for any bytes from outside, a function for each kind of input. The fuzz targets call them (e2e/fuzz), and seeded tests do.

use crate::catalog::{Catalog, Plans};
use crate::domain::day::Day;
use crate::domain::month::Month;
use crate::domain::urgency::Urgency;
use crate::domain::work_order::TimerName;
use crate::domain::{arrangement, building_day, care, duty, emergency, evaluation, exclusion, interview, roster};
use crate::domain::{task_force, warning, work_order, worklist};
use crate::stream::cursor::Cursor;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casebook::fuzzing::life;
use std::fmt::Display;
use std::str::FromStr;

/// `Last-Event-ID` of the stream, days, months, urgencies, names of timers.
pub fn words(bytes: &[u8]) {
    cursor(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(cursor) = Cursor::decode(text) {
        assert_eq!(Cursor::decode(&cursor.encode()).as_ref(), Some(&cursor));
        assert!(cursor.unread(&[1; 4]).len() <= 4);
    }
    reads_back::<Day>(text);
    reads_back::<Month>(text);
    reads_back::<TimerName>(text);
    if let Ok(urgency) = text.parse::<Urgency>() {
        assert_eq!(urgency.as_str(), text);
    }
}

/// The bytes as positions, with their layout and the sum that a cursor ends with.
fn cursor(bytes: &[u8]) {
    if let Some(cursor) = Cursor::decode(&URL_SAFE_NO_PAD.encode(Cursor::summed(bytes))) {
        assert_eq!(Cursor::decode(&cursor.encode()).as_ref(), Some(&cursor));
    }
}

fn reads_back<T: FromStr + Display + PartialEq>(text: &str) {
    if let Ok(read) = text.parse::<T>() {
        assert!(read.to_string().parse::<T>().is_ok_and(|again| again == read), "{read}");
    }
}

/// The files of an operator's catalog, or its plans and their steps: texts with lines of `%%` between them. A file that is not there is the
/// shipped one.
pub fn catalog(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    const FILES: [&str; 6] = ["units.csv", "duties.csv", "limits.csv", "tasks.csv", "care.csv", "categories.csv"];
    for (name, part) in FILES.iter().zip(text.split("%%\n")).filter(|(_, part)| !part.is_empty()) {
        let file = ((*name).to_owned(), part.to_owned());
        if let Ok(catalog) = Catalog::of("own", &[file]) {
            assert_eq!(catalog.version(), "own");
        }
    }
    let (plans, steps) = text.split_once("%%\n").unwrap_or((text, ""));
    if let Ok(plans) = Plans::parse("own", plans, steps) {
        assert_eq!(plans.version(), "own");
    }
}

/// A life of one of the kinds (the first byte) as it lies in the database.
pub fn stored(bytes: &[u8]) {
    const LIVES: [fn(&[u8]); 14] = [
        life::<work_order::WorkOrder>,
        life::<emergency::Emergency>,
        life::<warning::Warning>,
        life::<warning::place::WarningPlace>,
        life::<arrangement::Arrangement>,
        life::<roster::Roster>,
        life::<worklist::Worklist>,
        life::<care::CareEntry>,
        life::<duty::Duty>,
        life::<building_day::BuildingDay>,
        life::<interview::Interview>,
        life::<task_force::TaskForce>,
        life::<exclusion::Exclusion>,
        life::<evaluation::Evaluation>,
    ];
    if let Some((kind, events)) = bytes.split_first() {
        LIVES[usize::from(*kind) % LIVES.len()](events);
    }
}
