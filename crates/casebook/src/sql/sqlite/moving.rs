//! Moving the write-ahead log into the file.
//!
//! Left to itself SQLite does it inside the COMMIT that crosses a limit, and everybody who waits for that commit waits for tens of
//! megabytes. Here the commit that finds the log long has a thread of the pool move it: readers and the writer go on meanwhile. What
//! the writer has appended by then is short; it moves that itself, after its next commit, and so the log begins anew. That bounds the
//! log: it never grows by more than what is committed during one move.
//!
//! A move that fails (the disk is full) loses nothing: the log holds everything, and the next long commit tries again.

use rusqlite::{Connection, OpenFlags, hooks::Wal};
use std::{
    cell::Cell,
    ffi::c_int,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::watch;

/// Pages in the log, 32 MB of them: a page written often is moved once, and what is moved at a time stays far below the disk's second.
const LONG: u32 = 16_000;

thread_local! {
    /// Pages in the log after the COMMIT that this thread has just run: SQLite tells a hook, and a hook has nobody else to tell.
    static PAGES: Cell<u32> = const { Cell::new(0) };
}

/// Has the hook called in place of SQLite's own move.
pub(super) fn count_pages(writer: &Connection) {
    fn note(_: &Wal, pages: c_int) -> rusqlite::Result<()> {
        PAGES.set(u32::try_from(pages).unwrap_or(0));
        Ok(())
    }
    writer.wal_hook(Some(note));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Idle,
    /// A thread is at it.
    Moving,
    /// It is done; the rest is the writer's.
    Moved,
}

/// See the module. Whoever has a connection to the file holds this too, and lets it go after the connection.
pub(super) struct Mover {
    path: PathBuf,
    stage: Mutex<Stage>,
    /// Says nothing: its end says that the last connection is closed.
    open: watch::Sender<()>,
}

impl Mover {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, stage: Mutex::new(Stage::Idle), open: watch::Sender::default() }
    }

    /// Ends when the file is closed.
    pub(super) fn closed(&self) -> impl Future<Output = ()> + use<> {
        let mut open = self.open.subscribe();
        async move { while open.changed().await.is_ok() {} }
    }

    /// Runs a COMMIT and sees to the log after it.
    pub(super) fn watch(
        self: &Arc<Self>,
        writer: &Connection,
        commit: impl FnOnce() -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        PAGES.set(0);
        commit()?;
        let pages = PAGES.get();
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        match *stage {
            Stage::Idle if pages >= LONG => {
                *stage = Stage::Moving;
                let mover = Arc::clone(self);
                // Nobody waits for it: what it did is seen in the stage.
                drop(tokio::task::spawn_blocking(move || mover.move_beside()));
            }
            Stage::Moved => {
                *stage = Stage::Idle;
                move_log(writer);
            }
            Stage::Idle | Stage::Moving => {}
        }
        Ok(())
    }

    fn move_beside(&self) {
        match super::connect(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE) {
            Ok(beside) => move_log(&beside),
            Err(error) => tracing::warn!(%error, "casebook.log.not_moved"),
        }
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = Stage::Moved;
    }
}

/// Stops nobody: what a reader still needs stays in the log.
fn move_log(connection: &Connection) {
    let moved = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    if let Err(error) = moved {
        tracing::warn!(%error, "casebook.log.not_moved");
    }
}
