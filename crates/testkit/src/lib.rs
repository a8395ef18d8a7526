//! What tests of every crate share: faults on purpose, servers of their own, and a checker of what clients saw.
//!
//! A dev-dependency only, and small: whoever tests with it compiles nothing of ours along.

pub mod fault;
pub mod history;
pub mod line;
pub mod mutate;
pub mod proxy;
pub mod seed;
pub mod server;

pub use fault::{Fault, Faults};
pub use line::Line;
pub use mutate::feed;
pub use proxy::CutProxy;
pub use seed::Seed;
pub use server::{ConsulServer, OidcServer, PostgresServer, RedisServer, RotelServer, free_port};
