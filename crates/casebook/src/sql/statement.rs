//! Texts of multi-row statements. A chunk has a power of two of rows, so that few texts exist and each is prepared once.

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

/// Rows in one statement at most. 20 columns of 256 rows stay below SQLite's 32,766 and PostgreSQL's 65,535 parameters.
pub(super) const MAX_ROWS: usize = 256;

/// A statement whose rows are repeated: `head VALUES (...),(...) tail`, or `head (...) tail` for a list of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    pub(super) head: &'static str,
    pub(super) columns: usize,
    pub(super) tail: &'static str,
    pub(super) form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Form {
    /// `VALUES ($1,$2),($3,$4)`
    Values,
    /// `($1,$2,$3)`
    Keys,
}

type Texts = HashMap<(&'static str, &'static str, usize), Arc<str>>;

/// How a parameter is written. `$1` is a *name* to SQLite, and binding asks for the name of every parameter: a search through all
/// names each time, which was most of a commit's processor time with thousands of parameters. `?` has no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// `?`
    Sqlite,
    /// `$1`
    Postgres,
}

/// Texts made so far, for one kind of database.
pub(super) struct Statements {
    mark: Mark,
    texts: Mutex<Texts>,
}

impl Statements {
    pub(super) fn new(mark: Mark) -> Self {
        Self { mark, texts: Mutex::default() }
    }

    pub(super) fn text(&self, shape: Shape, rows: usize) -> Arc<str> {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.entry((shape.head, shape.tail, rows)).or_insert_with(|| build(shape, rows, self.mark)).clone()
    }
}

/// Prepared texts that a connection keeps: those of every table and number of rows, and those of lists with their filters.
pub(super) const PREPARED: usize = 500;
/// So many rows or fewer go in one statement, whatever their number: a commit under light load is mostly the cost of its statements.
const EXACT: usize = 16;

/// Sizes of the chunks that `rows` are cut into, largest first: 200 = 128 + 64 + 8, and 77 = 64 + 13. Few texts have to be prepared.
pub(super) fn chunks(mut rows: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let size = match rows {
            0 => return None,
            MAX_ROWS.. => MAX_ROWS,
            1..=EXACT => rows,
            some => 1 << some.ilog2(),
        };
        rows -= size;
        Some(size)
    })
}

fn build(shape: Shape, rows: usize, mark: Mark) -> Arc<str> {
    let mut text = String::with_capacity(shape.head.len() + shape.tail.len() + rows * shape.columns * 6 + 16);
    text.push_str(shape.head);
    let mut number = 0;
    let mut placeholders = |text: &mut String, count| placeholders(text, &mut number, count, mark);
    match shape.form {
        Form::Values => {
            text.push_str(" VALUES ");
            for row in 0..rows {
                text.push_str(if row == 0 { "(" } else { ",(" });
                placeholders(&mut text, shape.columns);
                text.push(')');
            }
        }
        Form::Keys => {
            text.push_str(" (");
            placeholders(&mut text, rows * shape.columns);
            text.push(')');
        }
    }
    text.push(' ');
    text.push_str(shape.tail);
    text.into()
}

fn placeholders(text: &mut String, number: &mut usize, count: usize, mark: Mark) {
    for i in 0..count {
        *number += 1;
        let comma = if i == 0 { "" } else { "," };
        match mark {
            Mark::Sqlite => write!(text, "{comma}?"),
            Mark::Postgres => write!(text, "{comma}${number}"),
        }
        .expect("writing to a string cannot fail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_add_up_and_are_powers_of_two_but_for_the_last() {
        for rows in 0..1500 {
            let sizes: Vec<usize> = chunks(rows).collect();
            assert_eq!(sizes.iter().sum::<usize>(), rows);
            assert!(sizes.iter().all(|s| (s.is_power_of_two() || *s <= EXACT) && *s <= MAX_ROWS));
        }
    }

    #[test]
    fn texts_number_their_parameters() {
        let shape = Shape { head: "INSERT INTO t", columns: 2, tail: "ON CONFLICT DO NOTHING", form: Form::Values };
        assert_eq!(&*build(shape, 2, Mark::Postgres), "INSERT INTO t VALUES ($1,$2),($3,$4) ON CONFLICT DO NOTHING");
        assert_eq!(&*build(shape, 2, Mark::Sqlite), "INSERT INTO t VALUES (?,?),(?,?) ON CONFLICT DO NOTHING");
    }
}
