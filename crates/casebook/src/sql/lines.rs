//! No query joins a person's cases (docs/lines.md): there is no column that knows a person, and no list asks by one. Whoever adds a column
//! says here what it is for.

use super::{
    schema::{META, MIGRATIONS, requests_table},
    term::ways,
};
use crate::scope::{Filter, PlaceColumn, Scope};
use civic::CaseId;
use rusqlite::Connection;
use std::collections::BTreeSet;

/// Every column there is, after all migrations. What people said and who they are lies in `state` and `payload` only, sealed.
const COLUMNS: &[(&str, &str)] = &[
    ("cases", "id kind version schema state owner epoch"),
    ("cases", "open st urgency category flagged"),
    ("cases", "district town village grid place"),
    ("cases", "unit yellow_at red_at lamp"),
    // Units with a share, the parent, and the machine that sent it, which is no person: `Tag` knows no fourth kind.
    ("cases", "tags"),
    // Wrapped keys, one set a case: a person with two cases has two.
    ("cases", "sealed_by"),
    ("wrapping_keys", "number fingerprint"),
    ("tagged", "tag is_open case_id"),
    // `actor` is a role and a unit, never a person.
    ("events", "case_id version kind type at actor place traceparent payload"),
    ("event_log", "n part position case_id version"),
    ("log_marks", "part position n"),
    ("heads", "part position"),
    ("timers", "case_id name kind due generation"),
    // A name is taken once and for ever, so it opens one case and joins none: tracking numbers and channels' numbers, hashed.
    ("uniques", "name content case_id version"),
    ("requests_0", "n key body case_id version"),
    ("leases", "producer part holder epoch until consumed"),
    ("parked", "producer subject position part envelope reason at"),
    // Who of the staff looked, replayed or gave up, and why: read from its end and asked by nothing.
    ("journal", "n at actor action subject reason"),
    ("meta", "name value"),
];

/// What lists ask by.
const ASKED: [&str; 11] =
    ["category", "district", "flagged", "grid", "lamp", "st", "tag", "town", "unit", "urgency", "village"];

fn migrated() -> Connection {
    let database = Connection::open_in_memory().unwrap();
    database.execute_batch(META).unwrap();
    for step in &MIGRATIONS {
        database.execute_batch(step.both).unwrap();
        database.execute_batch(step.sqlite).unwrap();
        // What PostgreSQL has alone changes rows and types, or this test would not see it.
        assert!(!["CREATE TABLE", "ADD COLUMN"].iter().any(|text| step.postgres.contains(text)), "{}", step.version);
    }
    database.execute_batch(&requests_table(0, true)).unwrap();
    database
}

fn strangers(database: &Connection) -> Vec<String> {
    let columns =
        "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY 1, 2";
    let mut statement = database.prepare(columns).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
    let known = |table: &str, column: &str| {
        COLUMNS.iter().any(|(of, columns)| *of == table && columns.split(' ').any(|name| name == column))
    };
    let strange = rows.map(Result::unwrap).filter(|(table, column)| !known(table, column));
    strange.map(|(table, column)| format!("{table}.{column}")).collect()
}

/// Domain, lines not crossed: 2.
#[test]
fn no_column_knows_a_person() {
    assert_eq!(strangers(&migrated()), [""; 0]);
}

#[test]
fn a_planted_column_of_a_person_is_found() {
    let database = migrated();
    database.execute_batch("ALTER TABLE cases ADD COLUMN reporter TEXT").unwrap();
    database
        .execute_batch("CREATE TABLE persons (phone TEXT, case_id BLOB); CREATE INDEX by_phone ON persons (phone)")
        .unwrap();
    assert_eq!(strangers(&database), ["cases.reporter", "persons.case_id", "persons.phone"]);
}

/// Every field is named, so that a new one does not compile before somebody was here.
#[test]
fn no_list_asks_by_a_person() {
    let filter = |place| Filter {
        place: Some((place, String::new())),
        state: Some(0),
        lamp: Some(0),
        unit: Some(String::new()),
        category: Some(String::new()),
        urgency: Some(0),
        flagged: Some(true),
        parent: Some(CaseId::from_bytes([0; 16])),
    };
    let places = [PlaceColumn::District, PlaceColumn::Town, PlaceColumn::Village, PlaceColumn::Grid];
    let scopes = places
        .map(|place| Scope::Place(place, String::new()))
        .into_iter()
        .chain([Scope::Unit(String::new()), Scope::Sender(String::new())]);
    let terms = scopes.zip(places.iter().cycle()).flat_map(|(scope, place)| ways(&scope, &filter(*place)));
    let asked: BTreeSet<&str> = terms.flatten().map(|(column, _)| column.name()).collect();
    assert_eq!(asked.into_iter().collect::<Vec<_>>(), ASKED);
}
