//! Events that take effect and timers that fire, in the trace of whoever caused them.

use crate::telemetry;
use casebook::{Bundle, DueTimer, Effects, Fire, GiveUp, StoreError};
use queue::Envelope;
use std::sync::Arc;

/// A service's effects with a span for each event of a recorded trace. It ends when the effect is decided on; the transaction that carries it,
/// with those of other events, has no trace of its own. What follows from the event is told as that span's child.
pub struct Traced(Arc<dyn Effects>);

impl Traced {
    #[must_use]
    pub fn new(effects: Arc<dyn Effects>) -> Self {
        Self(effects)
    }
}

impl Effects for Traced {
    fn effect(&self, event: &Envelope) -> Result<Option<Bundle>, GiveUp> {
        let Some((_span, trace)) = telemetry::consumer_span(event) else { return self.0.effect(event) };
        let event = Envelope { traceparent: trace.to_string(), ..event.clone() };
        self.0.effect(&event)
    }

    fn acts_on(&self) -> &'static [&'static str] {
        self.0.acts_on()
    }
}

/// A service's timers with a span for each that fires in a recorded trace: that of the command which armed it.
pub struct TracedTimers(Arc<dyn Fire>);

impl TracedTimers {
    #[must_use]
    pub fn new(fire: Arc<dyn Fire>) -> Self {
        Self(fire)
    }
}

#[tonic::async_trait]
impl Fire for TracedTimers {
    async fn fire(&self, timer: DueTimer) -> Result<(), StoreError> {
        let Some((_span, trace)) = telemetry::timer_span(&timer) else { return self.0.fire(timer).await };
        self.0.fire(DueTimer { traceparent: trace.to_string(), ..timer }).await
    }
}
