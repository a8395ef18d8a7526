//! The only HTTP edge. One request is: find the route, JSON to wire bytes, one gRPC call, wire bytes to JSON.
//!
//! Routes, JSON shapes and the OpenAPI document all come from `proto::DESCRIPTORS` and its `google.api.http` annotations, so that
//! a new rpc needs no code here. Reading order: `server` (sockets, drain), `edge` (the walk of one request), `routes`, `transcode`
//! with `json` (the careful way, which also words every refusal) and `wire` (the quick way for ordinary bodies), `call`, `stream`.
mod call;
mod config;
mod descriptors;
mod edge;
#[doc(hidden)]
pub mod fuzzing;
mod json;
mod limits;
mod meters;
mod openapi;
mod pages;
mod problem;
mod query;
mod reason;
mod reply;
mod routes;
mod seats;
mod server;
mod stream;
mod transcode;
mod upstream;
mod wire;

pub use config::{Config, ConfigError};
pub use descriptors::BuildError;
pub use server::{Error, serve};
pub use upstream::Upstreams;
