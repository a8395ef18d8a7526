//! gRPC health, as probes and other languages' clients ask for it.

use crate::readiness::Readiness;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// gRPC health of every service, from the readiness checks.
pub(super) struct Health {
    pub(super) reporter: HealthReporter,
    pub(super) services: Vec<&'static str>,
    pub(super) readiness: Readiness,
}

impl Health {
    pub(super) async fn follow(self) {
        let mut changes = self.readiness.changes();
        loop {
            for service in &self.services {
                self.report(service, self.readiness.serves(service)).await;
            }
            // The empty name is the process, as the health protocol has it.
            self.report("", self.readiness.is_ready()).await;
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    async fn report(&self, service: &str, ready: bool) {
        let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        self.reporter.set_service_status(service, status).await;
    }
}
