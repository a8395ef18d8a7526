//! A witness beside each service's log, and the check of what it has kept.

use super::{folder::Folder, settings::Settings};
use casebook::{Casebook, KEY_BYTES};
use civic::Clock;
use guard::audit::{AuditError, Proof, Report, Signed, SigningKey, VerifyingKey, Witness, check, prove};
use mesh::Chassis;
use queue::{EventSource as _, Partition, Position};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the logs of a cluster are witnessed with.
#[derive(Clone)]
pub struct Audit {
    path: PathBuf,
    secret: [u8; KEY_BYTES],
}

impl Audit {
    /// In the folder that the settings name, else in the data folder's `audit`.
    pub(super) fn of(folder: &Folder, settings: &Settings) -> Self {
        let path = settings.audit.clone().unwrap_or_else(|| folder.path().join("audit"));
        Self { path, secret: folder.secret() }
    }

    /// Of a service's log.
    pub fn witness(&self, book: &Casebook, clock: Arc<dyn Clock>) -> Result<Witness, AuditError> {
        Witness::resume(&self.path, book.clone(), clock, SigningKey::derive(&self.secret))
    }

    /// Whether a service's log is what was witnessed, in this folder or in another one.
    pub async fn check(
        &self,
        book: &Casebook,
        path: Option<&Path>,
        kept: Option<&Signed>,
    ) -> Result<Report, AuditError> {
        check(book, path.unwrap_or(&self.path), &self.public_key(), kept).await
    }

    /// Checks its signatures.
    pub fn public_key(&self) -> VerifyingKey {
        SigningKey::derive(&self.secret).public()
    }

    /// That a record was there when it was signed.
    pub async fn prove(
        &self,
        book: &Casebook,
        path: Option<&Path>,
        (partition, position): (Partition, Position),
    ) -> Result<Option<Proof>, AuditError> {
        prove(book, path.unwrap_or(&self.path), partition, position).await
    }

    /// Begins to witness. Files that cannot be gone on with stop the witness and not the service: somebody has to look at them.
    pub(super) fn begin(&self, chassis: &Chassis, books: &[Casebook]) {
        for book in books {
            let (audit, book, clock, drain) = (self.clone(), book.clone(), chassis.clock(), chassis.drain());
            chassis.tasks().spawn_worker(format!("{}.audit", book.service()), async move {
                let service = book.service().to_owned();
                let begun = tokio::task::spawn_blocking(move || audit.witness(&book, clock)).await;
                match begun.map_err(|ended| ended.to_string()).and_then(|begun| begun.map_err(|e| e.to_string())) {
                    Ok(witness) => witness.keep(drain.begun()).await,
                    Err(error) => {
                        metrics::counter!("guard_audit_failed_total", "service" => service.clone()).increment(1);
                        tracing::error!(service, error, "jiewang.audit.not_begun");
                        drain.begun().await;
                    }
                }
            });
        }
    }
}
