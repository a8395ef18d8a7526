//! The file as a stream of rows: plain or gzip, one of the tables we know, one row in memory at a time.

use super::filing::{Filing, History, RowError};
use super::open311::Open311;
use super::own::Own;
use crate::exit::Failure;
use csv::{ByteRecord, ReaderBuilder, StringRecord};
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const BUFFER: usize = 256 << 10;

/// First bytes of every gzip file (RFC 1952); its name does not matter.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A row of the file and what it says.
#[derive(Debug)]
pub struct Row {
    /// Line on which it begins, from 1, the header included.
    pub line: u64,
    pub filing: Result<Filing, RowError>,
}

/// Why a file is no table of ours.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("the header cannot be read: {0}")]
    Header(#[from] csv::Error),
    #[error(
        "the header is neither that of the open 311 table (city, request_id, created_at, type, ...) nor our own (kind, channel, text, ...)"
    )]
    Unknown,
    #[error("no column of ours is called {0:?}")]
    Column(String),
    #[error("column {0} stands in the header twice")]
    Repeated(String),
    #[error("no history: it must be the open 311 table with the column closed_at")]
    NoHistory,
}

/// The tables we know.
#[derive(Debug)]
enum Table {
    Open311(Box<Open311>),
    Own(Own),
}

/// The rows of a file, in order.
pub struct Rows {
    reader: csv::Reader<Box<dyn Read>>,
    table: Table,
    columns: usize,
    record: ByteRecord,
    ended: bool,
    read: Arc<AtomicU64>,
    length: u64,
}

impl Rows {
    /// Opens a file and recognises its table.
    ///
    /// # Errors
    /// When it cannot be opened or is none of our tables.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let failed = |source| Failure::Io { doing: format!("open {}", path.display()), source };
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let rows = Self::of(file, length).map_err(failed)?;
        rows.map_err(|error| Failure::Invalid { path: path.to_path_buf(), source: error.into() })
    }

    /// The same of bytes in memory.
    pub(crate) fn of_bytes(bytes: Vec<u8>) -> io::Result<Result<Self, TableError>> {
        let length = bytes.len() as u64;
        Self::of(io::Cursor::new(bytes), length)
    }

    fn of(file: impl Read + 'static, length: u64) -> io::Result<Result<Self, TableError>> {
        let read = Arc::new(AtomicU64::new(0));
        let mut bytes = BufReader::with_capacity(BUFFER, Counting { inner: file, read: read.clone() });
        let gzip = bytes.fill_buf()?.starts_with(&GZIP);
        let plain: Box<dyn Read> = if gzip { Box::new(MultiGzDecoder::new(bytes)) } else { Box::new(bytes) };
        Ok(Self::recognise(plain, read, length))
    }

    fn recognise(plain: Box<dyn Read>, read: Arc<AtomicU64>, length: u64) -> Result<Self, TableError> {
        let mut reader = ReaderBuilder::new().flexible(true).buffer_capacity(BUFFER).from_reader(plain);
        let header = reader.headers()?.clone();
        let table = Table::recognise(&header)?;
        let columns = header.len();
        Ok(Self { reader, table, columns, record: ByteRecord::new(), ended: false, read, length })
    }

    /// Which table it is.
    #[must_use]
    pub fn table(&self) -> &'static str {
        match self.table {
            Table::Open311(_) => "open311",
            Table::Own(_) => "jiewang",
        }
    }

    /// Bytes of the file read so far, counted while the rows are taken, and its length.
    #[must_use]
    pub fn bytes(&self) -> (Arc<AtomicU64>, u64) {
        (self.read.clone(), self.length)
    }

    /// The rows with what became of them, each with its line.
    ///
    /// # Errors
    /// The table does not tell.
    pub fn histories(mut self) -> Result<impl Iterator<Item = (u64, Result<History, RowError>)>, TableError> {
        let tells = matches!(&self.table, Table::Open311(table) if table.has_history());
        let history = move || {
            let (line, read) = self.advance()?;
            Some((line, read.and_then(|()| self.history())))
        };
        if tells { Ok(std::iter::from_fn(history)) } else { Err(TableError::NoHistory) }
    }

    fn history(&self) -> Result<History, RowError> {
        let record = self.texts()?;
        match &self.table {
            Table::Open311(table) => table.history(&record),
            Table::Own(_) => Err(RowError::Empty("closed_at")),
        }
    }

    fn filing(&self) -> Result<Filing, RowError> {
        let record = self.texts()?;
        match &self.table {
            Table::Open311(table) => table.filing(&record),
            Table::Own(table) => table.filing(&record),
        }
    }

    fn texts(&self) -> Result<StringRecord, RowError> {
        if self.record.len() != self.columns {
            return Err(RowError::Columns { found: self.record.len(), expected: self.columns });
        }
        StringRecord::from_byte_record(self.record.clone()).map_err(|_| RowError::NotUtf8)
    }

    /// Reads the next record; `None` at the end. With its line, on which it begins.
    fn advance(&mut self) -> Option<(u64, Result<(), RowError>)> {
        if self.ended {
            return None;
        }
        let before = self.reader.position().line();
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => Some((self.record.position().map_or(before, csv::Position::line), Ok(()))),
            Ok(false) => None,
            // Of bytes, with any number of columns, only the file itself can fail: a gzip cut short, a disk.
            Err(error) => {
                self.ended = true;
                Some((before, Err(RowError::BrokenOff(error))))
            }
        }
    }
}

impl Table {
    fn recognise(header: &StringRecord) -> Result<Self, TableError> {
        let names: Vec<&str> = header.iter().map(|name| name.trim_start_matches('\u{feff}').trim()).collect();
        for (index, name) in names.iter().enumerate() {
            if names[..index].contains(name) {
                return Err(TableError::Repeated((*name).to_owned()));
            }
        }
        if let Some(table) = Open311::recognise(&names) {
            return Ok(Self::Open311(Box::new(table)));
        }
        Own::recognise(&names)?.map(Self::Own).ok_or(TableError::Unknown)
    }
}

impl Iterator for Rows {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let (line, read) = self.advance()?;
        Some(Row { line, filing: read.and_then(|()| self.filing()) })
    }
}

struct Counting<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
