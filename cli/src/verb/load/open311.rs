//! Rows of the open 311 table of Boston, Chicago and New York, as matters of Chongqing.
//!
//! Real arrivals, real words, borrowed places: a city's neighbourhoods stand for towns here and its request types for our
//! categories, by two tables that `docs/open311-mapping.md` explains. Request id and channel number are `<city>/<request id>`,
//! which is unique over the three cities; nothing of a row depends on when or where it is loaded.

use super::filing::{Filing, History, Location, Reporter, RowError, id};
use civic::{Micros, Taxonomy};
use csv::StringRecord;
use jiff::civil::{Date, DateTime};
use std::collections::HashMap;

const CATEGORIES: &str = include_str!("../../../data/open311-categories.csv");
const PLACES: &str = include_str!("../../../data/open311-places.csv");

/// The columns that are used, in the order of [`Columns`].
const COLUMNS: [&str; 9] =
    ["city", "request_id", "created_at", "precision", "due_at", "type", "detail", "queue", "district"];

const CLOSED_AT: &str = "closed_at";

/// Stands for every district of a city that has no line of its own.
const ANY: &str = "*";

/// By city, then by type or district.
type Lookup = HashMap<Box<str>, HashMap<Box<str>, Box<str>>>;

/// The table with its mapping.
#[derive(Debug)]
pub struct Open311 {
    at: [usize; COLUMNS.len()],
    /// Only a history needs it.
    closed_at: Option<usize>,
    categories: Lookup,
    places: Lookup,
    taxonomy: Taxonomy,
}

/// One row, its texts trimmed.
struct Request<'r> {
    city: &'r str,
    request_id: &'r str,
    created_at: &'r str,
    precision: &'r str,
    due_at: &'r str,
    kind: &'r str,
    detail: &'r str,
    queue: &'r str,
    district: &'r str,
}

impl Open311 {
    /// The table, when the header has its columns; others may stand among them.
    pub(super) fn recognise(header: &[&str]) -> Option<Self> {
        let mut at = [0; COLUMNS.len()];
        for (place, name) in at.iter_mut().zip(COLUMNS) {
            *place = header.iter().position(|column| *column == name)?;
        }
        let (categories, places) = (lookup(CATEGORIES), lookup(PLACES));
        let closed_at = header.iter().position(|column| *column == CLOSED_AT);
        Some(Self { at, closed_at, categories, places, taxonomy: Taxonomy::builtin() })
    }

    /// The header says when requests were closed.
    pub(super) const fn has_history(&self) -> bool {
        self.closed_at.is_some()
    }

    /// A row with everything that became of it.
    pub(super) fn history(&self, record: &StringRecord) -> Result<History, RowError> {
        let filing = self.filing(record)?;
        let request = self.request(record);
        let closed_at = self.closed_at.and_then(|index| record.get(index)).unwrap_or_default().trim();
        Ok(History {
            city: request.city.to_owned(),
            created: created(&request)?,
            due: (!request.due_at.is_empty()).then(|| civil(request.due_at, "due_at")).transpose()?,
            closed: (!closed_at.is_empty()).then(|| instant(closed_at, request.precision, CLOSED_AT)).transpose()?,
            filing,
        })
    }

    pub(super) fn filing(&self, record: &StringRecord) -> Result<Filing, RowError> {
        let request = self.request(record);
        for (name, text) in [("city", request.city), ("request_id", request.request_id), ("type", request.kind)] {
            if text.is_empty() {
                return Err(RowError::Empty(name));
            }
        }
        let category = self.category(&request)?;
        let place = self.place(&request)?;
        let created = created(&request)?;
        let urgency = urgency(created, request.due_at)?;
        let number = id(format!("{}/{}", request.city, request.request_id), "request_id")?;
        Ok(Filing {
            request_id: number.clone(),
            kind: "COMPLAINT".to_owned(),
            channel: "OPEN311".to_owned(),
            channel_number: number,
            text: self.text(&request, category),
            category_code: category.to_owned(),
            location: Location { division_code: place.to_owned(), ..Location::default() },
            // The published tables name nobody, so there is nobody to answer.
            reporter: Reporter { no_reply: true, ..Reporter::default() },
            occur_time: rfc3339(created),
            urgency: urgency.to_owned(),
        })
    }

    fn request<'r>(&self, record: &'r StringRecord) -> Request<'r> {
        let column = |index: usize| record.get(self.at[index]).unwrap_or_default().trim();
        Request {
            city: column(0),
            request_id: column(1),
            created_at: column(2),
            precision: column(3),
            due_at: column(4),
            kind: column(5),
            detail: column(6),
            queue: column(7),
            district: column(8),
        }
    }

    fn category(&self, request: &Request<'_>) -> Result<&str, RowError> {
        let city = self.categories.get(request.city).ok_or_else(|| RowError::City(request.city.to_owned()))?;
        let unknown = || RowError::Type { city: request.city.to_owned(), kind: request.kind.to_owned() };
        city.get(request.kind).map(AsRef::as_ref).ok_or_else(unknown)
    }

    fn place(&self, request: &Request<'_>) -> Result<&str, RowError> {
        let city = self.places.get(request.city);
        let place = city.and_then(|city| city.get(request.district).or_else(|| city.get(ANY)));
        place.map(AsRef::as_ref).ok_or_else(|| RowError::City(request.city.to_owned()))
    }

    /// What a clerk here would write down, with the words of the original in it.
    fn text(&self, request: &Request<'_>, category: &str) -> String {
        let name = self.taxonomy.get(category).map_or(category, |category| &category.name_zh);
        let mut text = format!("{}311热线转来：{name}（{}）。", city_name(request.city), request.kind);
        let detail = if request.detail == request.kind { "" } else { request.detail };
        for (label, value) in [("详情", detail), ("原受理队列", request.queue), ("原所在片区", request.district)]
        {
            if !value.is_empty() {
                text.push_str(label);
                text.push('：');
                text.push_str(value);
                text.push('。');
            }
        }
        text
    }
}

fn city_name(city: &str) -> &str {
    match city {
        "boston" => "波士顿",
        "chicago" => "芝加哥",
        "nyc" => "纽约",
        _ => city,
    }
}

/// A civil time is taken as China's, a bare day as its first moment.
fn created(request: &Request<'_>) -> Result<Micros, RowError> {
    instant(request.created_at, request.precision, "created_at")
}

fn instant(text: &str, precision: &str, column: &'static str) -> Result<Micros, RowError> {
    if precision == "d" {
        let day = text.parse::<Date>();
        return day.map(Micros::start_of_day).map_err(|_| RowError::Unreadable { column, what: "date" });
    }
    civil(text, column)
}

fn civil(text: &str, column: &'static str) -> Result<Micros, RowError> {
    text.parse::<DateTime>().map(Micros::from_local).map_err(|_| RowError::Unreadable { column, what: "date and time" })
}

/// By the time the city gave itself: within a day, within three, longer. Without a due time the category decides, which is
/// intake's own table, so nothing is said. Level one is for emergencies, and those do not come by this door.
fn urgency(created: Micros, due_at: &str) -> Result<&'static str, RowError> {
    const HOUR: i64 = 3_600_000_000;
    if due_at.is_empty() {
        return Ok("");
    }
    let given = civil(due_at, "due_at")?.0.saturating_sub(created.0);
    Ok(match given {
        ..0 => return Err(RowError::Unreadable { column: "due_at", what: "time behind created_at" }),
        // An hour of grace: cities write "one day" as a day and some minutes.
        given if given <= 25 * HOUR => "LEVEL_TWO",
        given if given <= 73 * HOUR => "LEVEL_THREE",
        _ => "LEVEL_FOUR",
    })
}

fn rfc3339(at: Micros) -> String {
    jiff::Timestamp::from_microsecond(at.0).map(|at| at.to_string()).unwrap_or_default()
}

/// `city,<key>,<value>,name` lines; the name is for the reader of the file.
fn lookup(csv: &str) -> Lookup {
    let mut lookup = Lookup::new();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    for record in reader.records() {
        let record = record.expect("the shipped tables are read by a test");
        lookup.entry(record[0].into()).or_default().insert(record[1].into(), record[2].into());
    }
    lookup
}

#[cfg(test)]
mod tests;
