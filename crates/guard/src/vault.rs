//! Personal data under a key of its subject's own, and those keys under the cluster's.
//!
//! ```text
//! text ── sealed under ──► the subject's key ── wrapped under ──► a key of the ring (file, environment, or a program that asks a KMS)
//!  in events, for ever       in the row of its case               never in a database
//! ```
//!
//! Rotation wraps the small keys anew and leaves the texts alone. Erasure takes the subject's key out of its row: nobody can read the
//! texts again, and the case stays as it was without them.
//!
//! A process makes no key before it is needed and remembers none that is not kept: it draws one secret at its start and a label for it,
//! and what it seals of a subject that has no key yet is sealed under a key derived from that secret and the subject. The label stands
//! before the sealed text. When a commit is decided whose events hold the label, that key is wrapped into the row, in the same
//! transaction. So no text can be committed without its key, whichever of several replicas sealed it, and nothing has to be tidied up
//! after a command that came to nothing.

mod cipher;
pub(crate) mod fuzzing;
mod keyring;
mod rotation;
mod sealing;
mod source;
mod wrapped;

pub use keyring::{KeyRing, RingError, fresh_line};
pub use rotation::{Rotated, Rotation, rotate};
pub use sealing::Vault;
pub use source::{KeySource, SourceError};
