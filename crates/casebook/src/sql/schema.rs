//! The tables. One text for both databases; `BLOB` becomes `BYTEA` and `WITHOUT ROWID` nothing on PostgreSQL.
//!
//! Why the shapes: `cases` and `events` have wide rows and so keep a rowid with a narrow index beside it; narrow tables are
//! stored in their key. Partial indexes hold open cases only, so that a million closed ones cost a list nothing.
//! All times are microseconds since the epoch, UTC; ids are the sixteen bytes of a UUIDv7.

/// Version of this schema. A database with a newer one is refused.
pub(super) const VERSION: i64 = 8;

/// Each step brings a database from the version before to its own, in one transaction.
pub(super) const MIGRATIONS: [Migration; 8] = [
    Migration { version: 1, both: FIRST, sqlite: "", postgres: "" },
    Migration { version: 2, both: SECOND, sqlite: "", postgres: "" },
    Migration { version: 3, both: THIRD, sqlite: "", postgres: "" },
    Migration { version: 4, both: FOURTH, sqlite: "", postgres: "" },
    Migration { version: 5, both: FIFTH, sqlite: FIFTH_SQLITE, postgres: "" },
    Migration { version: 6, both: SIXTH, sqlite: SIXTH_SQLITE, postgres: SIXTH_POSTGRES },
    Migration { version: 7, both: "", sqlite: SEVENTH_SQLITE, postgres: SEVENTH_POSTGRES },
    Migration { version: 8, both: EIGHTH, sqlite: "", postgres: "" },
];

pub(super) struct Migration {
    pub(super) version: i64,
    pub(super) both: &'static str,
    /// What follows it on SQLite.
    pub(super) sqlite: &'static str,
    /// What follows it on PostgreSQL.
    pub(super) postgres: &'static str,
}

const FIRST: &str = "
CREATE TABLE cases (
  id BLOB NOT NULL PRIMARY KEY, kind TEXT NOT NULL, version BIGINT NOT NULL, schema BIGINT NOT NULL, state BLOB NOT NULL,
  owner TEXT NOT NULL, epoch BIGINT NOT NULL,
  open BIGINT NOT NULL, st BIGINT NOT NULL, urgency BIGINT NOT NULL, category TEXT, district TEXT, town TEXT, village TEXT,
  grid TEXT, unit TEXT, place TEXT, yellow_at BIGINT, red_at BIGINT, lamp BIGINT NOT NULL, flagged BIGINT NOT NULL
);
CREATE INDEX cases_unit ON cases (unit, id) WHERE open = 1 AND unit IS NOT NULL;
CREATE INDEX cases_town ON cases (town, id) WHERE open = 1 AND town IS NOT NULL;
CREATE INDEX cases_village ON cases (village, id) WHERE open = 1 AND village IS NOT NULL;
CREATE INDEX cases_grid ON cases (grid, id) WHERE open = 1 AND grid IS NOT NULL;
CREATE INDEX cases_district ON cases (district, id) WHERE open = 1 AND district IS NOT NULL;
CREATE INDEX cases_category ON cases (category, id) WHERE open = 1 AND category IS NOT NULL;
CREATE INDEX cases_lamp ON cases (lamp, id) WHERE open = 1 AND lamp > 0;
CREATE INDEX cases_urgency ON cases (urgency, id) WHERE open = 1 AND urgency > 0;
CREATE INDEX cases_flagged ON cases (id) WHERE open = 1 AND flagged = 1;
CREATE INDEX cases_state ON cases (st, id);

CREATE TABLE events (
  case_id BLOB NOT NULL, version BIGINT NOT NULL, kind TEXT NOT NULL, type TEXT NOT NULL, at BIGINT NOT NULL, actor TEXT NOT NULL,
  place TEXT NOT NULL, traceparent TEXT NOT NULL, payload BLOB NOT NULL,
  PRIMARY KEY (case_id, version)
);
CREATE TABLE event_log (
  part BIGINT NOT NULL, position BIGINT NOT NULL, case_id BLOB NOT NULL, version BIGINT NOT NULL,
  PRIMARY KEY (part, position)
) WITHOUT ROWID;
CREATE TABLE unplaced (
  part BIGINT NOT NULL, case_id BLOB NOT NULL, version BIGINT NOT NULL,
  PRIMARY KEY (part, case_id, version)
) WITHOUT ROWID;
CREATE TABLE heads (part BIGINT NOT NULL PRIMARY KEY, position BIGINT NOT NULL) WITHOUT ROWID;

CREATE TABLE timers (
  case_id BLOB NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, due BIGINT NOT NULL, generation BIGINT NOT NULL,
  PRIMARY KEY (case_id, name)
) WITHOUT ROWID;
CREATE INDEX timers_due ON timers (due, case_id, name);

CREATE TABLE uniques (
  name TEXT NOT NULL PRIMARY KEY, content BLOB NOT NULL, case_id BLOB NOT NULL, version BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE leases (
  producer TEXT NOT NULL, part BIGINT NOT NULL, holder TEXT NOT NULL, epoch BIGINT NOT NULL, until BIGINT NOT NULL,
  consumed BIGINT NOT NULL,
  PRIMARY KEY (producer, part)
) WITHOUT ROWID;
CREATE TABLE parked (
  producer TEXT NOT NULL, subject TEXT NOT NULL, position BIGINT NOT NULL, part BIGINT NOT NULL, envelope BLOB NOT NULL,
  reason TEXT NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (producer, subject, position)
) WITHOUT ROWID;
CREATE TABLE journal (
  at BIGINT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, reason TEXT NOT NULL
);
";

/// Lists without a filter walk open cases only. The tables of requests are made anew with this version.
const SECOND: &str = "CREATE INDEX IF NOT EXISTS cases_open ON cases (id) WHERE open = 1;";

/// Of a case's timers only the earliest is armed; before, all were.
const THIRD: &str = "DELETE FROM timers WHERE EXISTS (SELECT 1 FROM timers AS e WHERE e.case_id = timers.case_id
  AND (e.due < timers.due OR (e.due = timers.due AND e.name < timers.name)));";

/// Further lists of a case. They lie beside the row, too, so that reading a case says all of it.
const FOURTH: &str = "ALTER TABLE cases ADD COLUMN tags TEXT;
CREATE TABLE tagged (tag TEXT NOT NULL, case_id BLOB NOT NULL, PRIMARY KEY (tag, case_id)) WITHOUT ROWID;";

/// Lists of closed cases of a town or a unit.
const FIFTH: &str = "
CREATE INDEX cases_closed_town ON cases (town, st, id) WHERE open = 0 AND town IS NOT NULL;
CREATE INDEX cases_closed_unit ON cases (unit, st, id) WHERE open = 0 AND unit IS NOT NULL;
";

/// What is left of the indexes when the one writer remembers open cases ([`super::open_cases`]), and a log that is only appended to
/// ([`super::appended`]): a partition's rows stand in the order of their positions, whatever lies between them. Rows of different
/// partitions may stand in any order, so those that are there are laid down by position.
const FIFTH_SQLITE: &str = "
DROP INDEX cases_unit; DROP INDEX cases_town; DROP INDEX cases_village; DROP INDEX cases_grid; DROP INDEX cases_district;
DROP INDEX cases_category; DROP INDEX cases_lamp; DROP INDEX cases_urgency; DROP INDEX cases_flagged; DROP INDEX cases_state;
CREATE INDEX cases_closed ON cases (st, id) WHERE open = 0;

ALTER TABLE event_log RENAME TO event_log_keyed;
CREATE TABLE event_log (
  n INTEGER PRIMARY KEY, part BIGINT NOT NULL, position BIGINT NOT NULL, case_id BLOB NOT NULL, version BIGINT NOT NULL
);
INSERT INTO event_log (part, position, case_id, version)
  SELECT part, position, case_id, version FROM event_log_keyed ORDER BY position, part;
DROP TABLE event_log_keyed;
CREATE TABLE log_marks (
  part BIGINT NOT NULL, position BIGINT NOT NULL, n BIGINT NOT NULL,
  PRIMARY KEY (part, position)
) WITHOUT ROWID;
INSERT INTO log_marks (part, position, n) SELECT part, position, n FROM event_log WHERE position % 64 = 0;
";

/// Tags of open and of closed cases apart: a list of what is open passes over nothing that is over.
const SIXTH: &str = "
CREATE TABLE tagged_apart (
  tag TEXT NOT NULL, is_open BIGINT NOT NULL, case_id BLOB NOT NULL, PRIMARY KEY (tag, is_open, case_id)
) WITHOUT ROWID;
INSERT INTO tagged_apart (tag, is_open, case_id)
  SELECT tagged.tag, cases.open, tagged.case_id FROM tagged JOIN cases ON cases.id = tagged.case_id;
DROP TABLE tagged;
ALTER TABLE tagged_apart RENAME TO tagged;
";

/// [`super::trace`]: SQLite's columns take bytes beside the text of before.
const SIXTH_POSTGRES: &str =
    "ALTER TABLE events ALTER COLUMN traceparent TYPE BYTEA USING convert_to(traceparent, 'UTF8');";

/// Those of open cases the one writer remembers ([`super::open_cases`]), and which cases are open it finds by the index of those that
/// are not.
const SIXTH_SQLITE: &str = "
DELETE FROM tagged WHERE is_open = 1;
DROP INDEX IF EXISTS cases_open; DROP INDEX cases_closed;
CREATE INDEX cases_closed ON cases (st, open, id) WHERE open = 0;
";

/// Every commit gives its events their positions itself ([`super::placing`]); before, a task gave them afterwards.
const SEVENTH_SQLITE: &str = "DROP TABLE unplaced;";

/// What waits for a position gets one.
const SEVENTH_POSTGRES: &str = "
WITH numbered AS (
  SELECT u.part, u.case_id, u.version,
    h.position + row_number() OVER (PARTITION BY u.part ORDER BY u.case_id, u.version) AS position
  FROM unplaced u JOIN heads h ON h.part = u.part
), placed AS (
  INSERT INTO event_log (part, position, case_id, version) SELECT part, position, case_id, version FROM numbered
  RETURNING part, position
)
UPDATE heads SET position = p.last FROM (SELECT part, MAX(position) AS last FROM placed GROUP BY part) p
WHERE heads.part = p.part;
DROP TABLE unplaced;
";

/// The wrapped key of what is sealed in a case, and which keys it may be wrapped under. The journal's records are numbered without a
/// gap, so that a witness can tell when one is gone.
const EIGHTH: &str = "ALTER TABLE cases ADD COLUMN sealed_by BLOB NOT NULL DEFAULT '';
CREATE TABLE wrapping_keys (number BIGINT NOT NULL PRIMARY KEY, fingerprint TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE journal_numbered (
  n BIGINT NOT NULL PRIMARY KEY, at BIGINT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, reason TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO journal_numbered (n, at, actor, action, subject, reason)
  SELECT row_number() OVER (ORDER BY at), at, actor, action, subject, reason FROM journal;
DROP TABLE journal;
ALTER TABLE journal_numbered RENAME TO journal;";

/// Before everything else, so that an unknown database can be asked who it is.
pub(super) const META: &str = "CREATE TABLE IF NOT EXISTS meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)";

/// Requests are kept for seven days and a little more, in tables that are dropped whole: a day's table is its number since the
/// epoch modulo nine, made anew at the first commit of the day.
pub(super) const REQUEST_TABLES: usize = 9;

/// On SQLite appended to by number, its index held in memory by the one writer; see [`super::newest`].
pub(super) fn requests_table(slot: usize, appended: bool) -> String {
    let columns = "body BLOB NOT NULL, case_id BLOB NOT NULL, version BIGINT NOT NULL";
    let keyed = if appended { "n INTEGER PRIMARY KEY, key BLOB NOT NULL" } else { "key BLOB NOT NULL PRIMARY KEY" };
    format!("DROP TABLE IF EXISTS requests_{slot}; CREATE TABLE requests_{slot} ({keyed}, {columns});")
}

/// The same text for PostgreSQL.
pub(super) fn for_postgres(sql: &str) -> String {
    sql.replace("BLOB", "BYTEA").replace(" WITHOUT ROWID", "")
}
