//! A process that calls another one in a name that it vouches for: its own, or that of whoever it works for. Each call has a token of
//! its own that holds for that call only, so nothing lasting lies anywhere.

use crate::identity::{TokenKey, mint_own};
use civic::{Actor, Clock, Role};
use http::header::AUTHORIZATION;
use std::sync::Arc;
use std::time::Duration;

/// How long a token holds: one call, with room for clocks that differ.
const TOKEN_TTL: Duration = Duration::from_secs(60);

/// Subjects of tokens that services mint for themselves begin so.
pub const SERVICE_SUBJECT: &str = "service/";

/// See the module.
#[derive(Clone)]
pub struct Speaker {
    key: TokenKey,
    clock: Arc<dyn Clock>,
}

impl Speaker {
    /// With the cluster's key and the clock that its services check tokens against.
    #[must_use]
    pub fn new(key: TokenKey, clock: Arc<dyn Clock>) -> Self {
        Self { key, clock }
    }

    /// The message as a request that `actor` makes.
    #[must_use]
    pub fn speak<T>(&self, actor: &Actor, message: T) -> tonic::Request<T> {
        let token = mint_own(&self.key, actor, self.clock.now(), TOKEN_TTL);
        let bearer = format!("Bearer {token}").parse().expect("base64url is a header value");
        let mut request = tonic::Request::new(message);
        request.metadata_mut().insert(AUTHORIZATION.as_str(), bearer);
        request
    }

    /// The message as a request that a service makes in its own name.
    #[must_use]
    pub fn speak_as_service<T>(&self, service: &str, message: T) -> tonic::Request<T> {
        self.speak(&Actor::alone(Role::Integrator, format!("{SERVICE_SUBJECT}{service}")), message)
    }
}
