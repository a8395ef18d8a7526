//! What is in the memory of a process stays there: names and keys are in it in the clear.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// No core dump is written of this process, neither to a file nor to a program that collects them, and nobody but root looks into it while
/// it runs.
///
/// # Errors
/// The system's; the process goes on all the same.
pub(crate) fn keep_private() -> std::io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    // A limit of zero does not hold for dumps that are piped to a collector (core(5)).
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}
