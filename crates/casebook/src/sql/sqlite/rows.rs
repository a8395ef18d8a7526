//! Answers of SQLite, copied out of it.

use crate::error::StoreError;
use rusqlite::{Row, types::ValueRef};

/// What a statement answered: texts and bytes of all rows lie in one piece.
pub(in crate::sql) struct Rows {
    width: usize,
    cells: Vec<Cell>,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Cell {
    Null,
    Int(i64),
    /// No column of ours holds one.
    Real,
    Text(usize, usize),
    Blob(usize, usize),
}

impl Rows {
    pub(super) fn new(width: usize) -> Self {
        Self { width, cells: Vec::new(), bytes: Vec::new() }
    }

    pub(super) fn take(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        for column in 0..self.width {
            let cell = match row.get_ref(column)? {
                ValueRef::Null => Cell::Null,
                ValueRef::Integer(v) => Cell::Int(v),
                ValueRef::Real(_) => Cell::Real,
                ValueRef::Text(v) => self.keep(v, Cell::Text),
                ValueRef::Blob(v) => self.keep(v, Cell::Blob),
            };
            self.cells.push(cell);
        }
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8], cell: impl Fn(usize, usize) -> Cell) -> Cell {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        cell(start, self.bytes.len())
    }

    pub(in crate::sql) fn len(&self) -> usize {
        self.cells.len().checked_div(self.width).unwrap_or(0)
    }

    fn cell(&self, row: usize, column: usize) -> Result<Cell, StoreError> {
        let cell = self.cells.get(row * self.width + column).filter(|_| column < self.width);
        cell.copied().ok_or_else(|| StoreError::Corrupt { table: "?", row: format!("no column {column}") })
    }

    pub(in crate::sql) fn opt_int(&self, row: usize, column: usize) -> Result<Option<i64>, StoreError> {
        match self.cell(row, column)? {
            Cell::Null => Ok(None),
            Cell::Int(v) => Ok(Some(v)),
            other @ (Cell::Real | Cell::Text(..) | Cell::Blob(..)) => Err(mismatch(column, other)),
        }
    }

    pub(in crate::sql) fn opt_text(&self, row: usize, column: usize) -> Result<Option<String>, StoreError> {
        match self.cell(row, column)? {
            Cell::Null => Ok(None),
            text @ Cell::Text(from, to) => {
                let text = String::from_utf8(self.bytes[from..to].to_vec()).map_err(|_| mismatch(column, text))?;
                Ok(Some(text))
            }
            other @ (Cell::Int(_) | Cell::Real | Cell::Blob(..)) => Err(mismatch(column, other)),
        }
    }

    pub(in crate::sql) fn blob(&self, row: usize, column: usize) -> Result<Vec<u8>, StoreError> {
        match self.cell(row, column)? {
            Cell::Blob(from, to) => Ok(self.bytes[from..to].to_vec()),
            other @ (Cell::Null | Cell::Int(_) | Cell::Real | Cell::Text(..)) => Err(mismatch(column, other)),
        }
    }

    /// SQLite's columns hold either; rows of an older schema hold the other.
    pub(in crate::sql) fn text_or_blob(&self, row: usize, column: usize) -> Result<Vec<u8>, StoreError> {
        match self.cell(row, column)? {
            Cell::Text(from, to) | Cell::Blob(from, to) => Ok(self.bytes[from..to].to_vec()),
            other @ (Cell::Null | Cell::Int(_) | Cell::Real) => Err(mismatch(column, other)),
        }
    }

    pub(in crate::sql) fn int(&self, row: usize, column: usize) -> Result<i64, StoreError> {
        self.opt_int(row, column)?.ok_or_else(|| mismatch(column, Cell::Null))
    }

    pub(in crate::sql) fn text(&self, row: usize, column: usize) -> Result<String, StoreError> {
        self.opt_text(row, column)?.ok_or_else(|| mismatch(column, Cell::Null))
    }
}

/// Names the kind of the value, never the value: it may be somebody's.
fn mismatch(column: usize, cell: Cell) -> StoreError {
    let kind = match cell {
        Cell::Null => "nothing",
        Cell::Int(_) => "an integer",
        Cell::Real => "a real number",
        Cell::Text(..) => "text",
        Cell::Blob(..) => "bytes",
    };
    StoreError::Corrupt { table: "?", row: format!("column {column} holds {kind}") }
}
