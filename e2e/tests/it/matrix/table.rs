//! The table file: one row for each rpc and relation, one column for each role, and for whoever has no token.

use civic::Role;
use std::collections::BTreeMap;
use std::path::PathBuf;

pub(super) const NOBODY: &str = "nobody";

/// How the caller stands to the case that is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Relation {
    /// It lies in the caller's place, or the caller's unit has it.
    Own,
    /// The caller acts for the twin town.
    Foreign,
    /// It is about no particular case.
    None,
}

impl Relation {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Foreign => "foreign",
            Self::None => "none",
        }
    }
}

/// Rpc, relation.
pub(super) type Key = (String, String);

/// Cells by rpc and relation, in the order of the columns, and a remark on each row.
#[derive(Debug, Default, Clone)]
pub(super) struct Table(pub(super) BTreeMap<Key, (Vec<String>, String)>);

pub(super) fn columns() -> Vec<&'static str> {
    Role::all().iter().map(|role| role.as_str()).chain([NOBODY]).collect()
}

fn header() -> Vec<&'static str> {
    ["rpc", "relation"].into_iter().chain(columns()).chain(["remark"]).collect()
}

pub(super) fn file() -> PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/authorization-matrix.csv").into()
}

impl Table {
    pub(super) fn read() -> Self {
        let text = std::fs::read_to_string(file()).unwrap_or_default();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let mut rows = reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>());
        let Some(first) = rows.next() else { return Self::default() };
        assert_eq!(first, header(), "the columns of {}", file().display());
        let mut table = Self::default();
        for row in rows {
            let key = (row[0].clone(), row[1].clone());
            let cells = row[2..row.len() - 1].to_vec();
            let before = table.0.insert(key, (cells, row[row.len() - 1].clone()));
            assert!(before.is_none(), "two rows of {} {}", row[0], row[1]);
        }
        table
    }

    pub(super) fn write(&self) {
        let mut writer = csv::Writer::from_path(file()).unwrap();
        writer.write_record(header()).unwrap();
        for ((rpc, relation), (cells, remark)) in &self.0 {
            let row = [rpc, relation].into_iter().chain(cells).chain([remark]);
            writer.write_record(row).unwrap();
        }
        writer.flush().unwrap();
    }

    /// What is not as it stands in `stated`, of the rows that were observed; and rows that one has and the other has not.
    pub(super) fn differences(&self, stated: &Self) -> Vec<String> {
        let mut found = Vec::new();
        for ((rpc, relation), (cells, _)) in &self.0 {
            let Some((expected, _)) = stated.0.get(&(rpc.clone(), relation.clone())) else {
                found.push(format!("{rpc} {relation}: the table has no such row"));
                continue;
            };
            for ((role, cell), expected) in columns().iter().zip(cells).zip(expected) {
                if cell != expected {
                    found.push(format!("{rpc} {relation} {role}: the table says {expected}, the answer was {cell}"));
                }
            }
        }
        found
    }

    /// Remarks outlive what is observed anew.
    pub(super) fn with_remarks_of(&self, before: &Self) -> Self {
        let mut table = self.clone();
        for (key, (_, remark)) in &mut table.0 {
            *remark = before.0.get(key).map(|(_, remark)| remark.clone()).unwrap_or_default();
        }
        table
    }

    /// Rows that are nobody's.
    pub(super) fn unknown(&self, observed: &Self) -> Vec<String> {
        let strange = self.0.keys().filter(|key| !observed.0.contains_key(*key));
        strange.map(|(rpc, relation)| format!("{rpc} {relation}: the row is of no rpc or relation")).collect()
    }
}
