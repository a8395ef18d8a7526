//! The witness's files: `records`, 42 bytes for each record of the log, and `checkpoints`, one signed checkpoint in a line.

use super::{Chain, Checkpoint, Digest, Signed, Whose};
use casebook::StoreError;
use queue::{Partition, Position};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Partition, position, digest; numbers little endian.
const ENTRY: usize = 2 + 8 + 32;

/// A digest and its place in the log.
pub(super) type Record = (Partition, Position, Digest);

/// Why a log cannot be witnessed or checked.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("nothing was witnessed in {}", .0.display())]
    Nothing(PathBuf),
    #[error("{}: {problem}", path.display())]
    Broken { path: PathBuf, problem: String },
    /// It holds less than was witnessed: somebody has cut it, or put an old backup back.
    #[error("partition {partition} ends at {found}, and {witnessed} was witnessed: was an old backup put back?")]
    Shorter { partition: Partition, witnessed: Position, found: Position },
    #[error("{0}")]
    Interrupted(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The files of one service.
#[derive(Clone, Debug)]
pub struct Folder {
    records: PathBuf,
    checkpoints: PathBuf,
}

impl Folder {
    /// Below the folder of a process.
    #[must_use]
    pub fn of(path: &Path, service: &str) -> Self {
        let path = path.join(service);
        Self { records: path.join("records"), checkpoints: path.join("checkpoints") }
    }

    /// All digests in the order in which they were witnessed.
    pub(super) fn records(&self) -> Result<Vec<Record>, AuditError> {
        let bytes = read(&self.records)?;
        Ok(entries(&bytes).collect())
    }

    /// Every checkpoint, oldest first; the last line may be the rest of one that was never finished.
    pub(super) fn checkpoints(&self) -> Result<Vec<Signed>, AuditError> {
        let text = String::from_utf8_lossy(&read(&self.checkpoints)?).into_owned();
        lines(&text).map_err(|problem| AuditError::Broken { path: self.checkpoints.clone(), problem })
    }

    /// Where the witness goes on: behind what was signed last. What a crash has left beyond it is taken in again.
    pub(super) fn resume(&self, whose: &Whose) -> Result<(Chain, Option<Signed>), AuditError> {
        let parent = self.path();
        fs::create_dir_all(parent).map_err(|source| AuditError::Io { path: parent.to_owned(), source })?;
        self.cut_checkpoints()?;
        let checkpoints = self.checkpoints()?;
        self.cut_records(witnessed(&checkpoints))?;
        let mut chain = Chain::begin(whose);
        for (partition, position, record) in self.records()? {
            if !chain.extend(partition, position, record) {
                return Err(self.broken(format!("partition {partition} has no place for position {position}")));
            }
        }
        let Some(last) = checkpoints.last() else { return Ok((chain, None)) };
        if !last.checkpoint.is_of(whose) {
            let Checkpoint { cluster, service, .. } = &last.checkpoint;
            return Err(self.broken(format!("it is of {service} in {cluster}")));
        }
        if last.checkpoint.root != chain.root() {
            return Err(self.broken("it does not give what was signed last".to_owned()));
        }
        Ok((chain, Some(last.clone())))
    }

    /// To so many records, and so many bytes of checkpoints.
    pub(super) fn cut_back(&self, records: usize, checkpoints: u64) -> Result<(), AuditError> {
        self.cut_records(records)?;
        cut(&self.checkpoints, length(&self.checkpoints)?, checkpoints)
    }

    /// Bytes of checkpoints.
    pub(super) fn signed(&self) -> Result<u64, AuditError> {
        length(&self.checkpoints)
    }

    fn cut_records(&self, keep: usize) -> Result<(), AuditError> {
        cut(&self.records, length(&self.records)?, keep.saturating_mul(ENTRY) as u64)
    }

    /// A line that was never finished ends it.
    fn cut_checkpoints(&self) -> Result<(), AuditError> {
        const LONGEST: u64 = 64 << 10;
        let length = length(&self.checkpoints)?;
        let io = |source| AuditError::Io { path: self.checkpoints.clone(), source };
        if length == 0 {
            return Ok(());
        }
        let (begin, mut end) = (length.saturating_sub(LONGEST), Vec::new());
        let mut file = File::open(&self.checkpoints).map_err(io)?;
        file.seek(SeekFrom::Start(begin)).and_then(|_| file.read_to_end(&mut end)).map_err(io)?;
        let whole = end.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last as u64 + 1);
        cut(&self.checkpoints, length, begin + whole)
    }

    fn broken(&self, problem: String) -> AuditError {
        AuditError::Broken { path: self.records.clone(), problem }
    }

    /// The records, and when they are on the disk what was signed over them.
    pub(super) fn append(&self, records: &[Record], signed: &Signed) -> Result<(), AuditError> {
        let bytes = |(partition, position, digest): &Record| {
            [&partition.to_le_bytes()[..], &position.to_le_bytes(), &digest.0].concat()
        };
        append(&self.records, &records.iter().flat_map(bytes).collect::<Vec<u8>>())?;
        let mut line = serde_json::to_vec(signed).expect("a checkpoint is JSON");
        line.push(b'\n');
        append(&self.checkpoints, &line)
    }

    pub(super) fn path(&self) -> &Path {
        self.records.parent().expect("it lies in the service's folder")
    }
}

/// What a crash has left of a last entry was never signed.
pub(super) fn entries(bytes: &[u8]) -> impl Iterator<Item = Record> {
    bytes.chunks_exact(ENTRY).map(entry)
}

/// What a crash has left of a last line was never finished.
pub(super) fn lines(text: &str) -> Result<Vec<Signed>, String> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let line = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| format!("line {}: {error}", number + 1))
    };
    whole.lines().enumerate().map(line).collect()
}

/// So many records lie under the checkpoints.
pub(super) fn witnessed(checkpoints: &[Signed]) -> usize {
    let moved = checkpoints.iter().flat_map(|signed| &signed.checkpoint.moved);
    let heads: BTreeMap<Partition, Position> = moved.map(|(partition, position, _)| (*partition, *position)).collect();
    let counts = heads.values().filter_map(|position| usize::try_from(*position).ok());
    // Somebody else's file may say more than can be counted: then nothing is cut, and the heads do not agree.
    counts.fold(0, usize::saturating_add)
}

fn entry(bytes: &[u8]) -> Record {
    let (partition, rest) = bytes.split_first_chunk().expect("an entry has 42 bytes");
    let (position, rest) = rest.split_first_chunk().expect("an entry has 42 bytes");
    let digest = rest.first_chunk().expect("an entry has 42 bytes");
    (Partition::from_le_bytes(*partition), Position::from_le_bytes(*position), Digest(*digest))
}

/// Back to so many bytes, if there are more.
fn cut(path: &Path, length: u64, keep: u64) -> Result<(), AuditError> {
    if length <= keep {
        return Ok(());
    }
    let cut = || OpenOptions::new().write(true).open(path)?.set_len(keep);
    cut().map_err(|source| AuditError::Io { path: path.to_owned(), source })
}

/// Bytes of a file; none where there is none.
fn length(path: &Path) -> Result<u64, AuditError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        found => found.map(|found| found.len()).map_err(|source| AuditError::Io { path: path.to_owned(), source }),
    }
}

/// Nothing where there is no file.
fn read(path: &Path) -> Result<Vec<u8>, AuditError> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(|source| AuditError::Io { path: path.to_owned(), source }),
    }
}

fn append(path: &Path, bytes: &[u8]) -> Result<(), AuditError> {
    let write = || -> io::Result<()> {
        let mut file: File = OpenOptions::new().append(true).create(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_data()
    };
    write().map_err(|source| AuditError::Io { path: path.to_owned(), source })
}
