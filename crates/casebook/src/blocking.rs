//! Work that holds its thread, such as a statement of SQLite or an fsync, on a thread where it may.

use crate::error::StoreError;

/// A panic of the work is a panic of whoever waits for it. When nobody waits any more the work still goes on to its end.
pub(crate) async fn blocking<T, F>(work: F) -> Result<T, StoreError>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done),
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(StoreError::Unavailable("the process is stopping".to_owned())),
        },
    }
}
