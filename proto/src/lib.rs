//! Generated messages, clients and servers of every package, and the descriptor set that gateway and reflection read.
#![allow(
    clippy::allow_attributes_without_reason,
    clippy::all,
    clippy::wildcard_enum_match_arm,
    clippy::too_many_lines,
    unreachable_pub,
    reason = "generated code"
)]

/// Encoded `FileDescriptorSet` with imports, `google.api.http` annotations and comments.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

mod packages {
    include!(concat!(env!("OUT_DIR"), "/packages.rs"));
}

/// `jiewang.dispatch.v1` is [`dispatch::v1`], and the events that dispatch stores are [`dispatch::v1::stored`]; so it is for every package.
pub use packages::jiewang::*;
