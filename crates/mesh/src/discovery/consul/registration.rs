//! This process in Consul's catalogue: registered, registered again when the agent forgot it, gone before it stops taking calls.

use super::{Consul, ConsulError, SOON};
use crate::drain::Drain;
use crate::error::Chain;
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::oneshot;

/// How often the agent asks for the health of this process; one that says nothing within a second is critical.
const CHECK_EVERY: &str = "2s";
const CHECK_WITHIN: &str = "1s";

/// A process that died is forgotten after this, the least that Consul knows.
const FORGET_AFTER: &str = "1m";

/// How often this process looks whether the agent still knows it.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// After a failed look or registration.
const AGAIN: Duration = Duration::from_secs(1);

/// What is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// By which others look it up.
    pub name: &'static str,
    /// Where others call it.
    pub host: String,
    /// See `host`.
    pub port: u16,
    /// It is called encrypted.
    pub tls: bool,
}

impl Service {
    /// One for each address: who begins again at the same takes the place of the one before.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}-{}-{}", self.name, self.host.replace(':', "."), self.port)
    }

    /// The agent checks the gRPC health of the whole process, and what is not checked yet does not pass.
    fn registration(&self) -> Value {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        json!({
            "ID": self.id(),
            "Name": self.name,
            "Address": self.host,
            "Port": self.port,
            "Check": {
                "Name": "gRPC health",
                "GRPC": format!("{host}:{}", self.port),
                "GRPCUseTLS": self.tls,
                // The agent asks by address, and has no certificate: health is answered to everybody.
                "TLSSkipVerify": self.tls,
                "Interval": CHECK_EVERY,
                "Timeout": CHECK_WITHIN,
                "DeregisterCriticalServiceAfter": FORGET_AFTER,
            },
        })
    }
}

/// A registration to be kept.
pub struct Registered {
    consul: Consul,
    service: Service,
    gone: oneshot::Sender<()>,
}

impl Consul {
    /// The registration, and what ends when it is taken back or given up.
    pub fn register(&self, service: Service) -> (Registered, impl Future<Output = ()> + Send + 'static) {
        let (gone, is_gone) = oneshot::channel();
        let farewell = async move {
            // Dropped unsent when the keeper was stopped hard: then nobody waits either.
            let _ = is_gone.await;
        };
        (Registered { consul: self.clone(), service, gone }, farewell)
    }
}

impl Registered {
    /// Registers and sees that it stays so until the drain begins; then takes it back, once.
    pub async fn keep(self, drain: Drain) {
        while !drain.has_begun() {
            // A request is never broken off: one that arrives after the end would register a process that is gone.
            let pause = match self.see_to_it().await {
                Ok(()) => LOOK_EVERY,
                Err(error) => {
                    tracing::warn!(service = self.service.name, error = %Chain(&error), "discovery.consul.unregistered");
                    AGAIN
                }
            };
            tokio::select! {
                () = drain.begun() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        let path = format!("/v1/agent/service/deregister/{}", self.service.id());
        if let Err(error) = self.consul.ask(Method::PUT, &path, Bytes::new(), SOON).await {
            tracing::warn!(service = self.service.name, error = %Chain(&error), "discovery.consul.not_taken_back");
        }
        // Nobody waits when the process ended otherwise.
        let _ = self.gone.send(());
    }

    async fn see_to_it(&self) -> Result<(), ConsulError> {
        let path = format!("/v1/agent/service/{}", self.service.id());
        match self.consul.ask(Method::GET, &path, Bytes::new(), SOON).await {
            Ok(_) => return Ok(()),
            Err(ConsulError::Refused(StatusCode::NOT_FOUND)) => {}
            Err(error) => return Err(error),
        }
        let body = Bytes::from(self.service.registration().to_string());
        self.consul.ask(Method::PUT, "/v1/agent/service/register?replace-existing-checks=true", body, SOON).await?;
        tracing::info!(service = self.service.name, id = self.service.id(), "discovery.consul.registered");
        Ok(())
    }
}
