//! Benches: the product and its limit in turn, in one run, on the same cores. Medians and ratios; nothing is asserted here, the
//! sheet says what was asked and whether it is met. README.md says what each part shows and what it does not.
//!
//! The limit of storing is [`raw`]: the same rows in prepared multi-row batches with the same pragmas. The limit of calling is
//! [`echo`]: a bare tonic server that answers with what it was built with. A report accepted over the wire needs both, so the
//! bound for a rate over the wire is `1/(1/raw + 1/echo)`.
//!
//! [`open`] is another program's: an open-loop load on a cluster that runs already.

pub mod accept;
pub mod apart;
pub mod calls;
pub mod corpus;
pub mod days;
pub mod disk;
pub mod echo;
pub mod figures;
pub mod fleet;
pub mod flight;
pub mod guarded;
pub mod lamps;
pub mod lifecycle;
pub mod local;
pub mod machine;
pub mod mass;
pub mod memory;
pub mod open;
pub mod overload;
pub mod peers;
pub mod postgres;
mod process;
pub mod raw;
pub mod reads;
mod refusing;
pub mod relay;
pub mod replicas;
pub mod role;
pub mod rolling;
mod screen;
pub mod seed;
pub mod server;
mod silent;
mod spans;
pub mod stream;
pub mod sustained;
pub mod text;
pub mod traced;
pub mod written;
