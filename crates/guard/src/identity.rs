//! Who calls: access tokens of the city's identity provider (OpenID Connect), verified in every process (docs/adr/0051).
//!
//! [`Provider`] finds the provider's keys by discovery, keeps them and follows their rotation. A token is a JWT (RFC 7519, RFC 9068) signed
//! with one of them. Its claims are read by the rules of `claims`; the library `jsonwebtoken` takes it apart and asks `ring_keys` about
//! the signature.

mod claims;
mod directory;
pub(crate) mod fuzzing;
mod keys;
mod provider;
mod ring_keys;
mod signer;

pub use claims::{STRONGER_NEEDED, needs_strong};
pub use directory::IssuerUrl;
pub use provider::{Pace, Provider, Terms};
pub use signer::{NoKey, Signer, challenge};
