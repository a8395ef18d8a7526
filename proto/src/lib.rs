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

/// `jiewang.types`
pub mod types {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("jiewang.types.v1");
    }
}

/// `jiewang.events`: what services tell each other.
pub mod events {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("jiewang.events.v1");
    }
}

/// `jiewang.intake`
pub mod intake {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("jiewang.intake.v1");
        /// Events of a report as intake stores them: internal, additive.
        pub mod stored {
            tonic::include_proto!("jiewang.intake.v1.stored");
        }
    }
}

/// `jiewang.dispatch`
pub mod dispatch {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("jiewang.dispatch.v1");
        /// Events of a work order as dispatch stores them: internal, additive.
        pub mod stored {
            tonic::include_proto!("jiewang.dispatch.v1.stored");
        }
    }
}

/// `jiewang.queue`: what operators see of events that could not take effect.
pub mod queue {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("jiewang.queue.v1");
    }
}
