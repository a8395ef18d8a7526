//! Events that take effect, in the trace of whoever caused them.

use crate::telemetry;
use casebook::{Bundle, Effects, GiveUp};
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
        let Some((span, trace)) = telemetry::consumer_span(event) else { return self.0.effect(event) };
        let event = Envelope { traceparent: trace.to_string(), ..event.clone() };
        span.in_scope(|| self.0.effect(&event))
    }

    fn acts_on(&self) -> &'static [&'static str] {
        self.0.acts_on()
    }
}
