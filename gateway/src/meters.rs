//! Counts and times per rpc, as handles made once: a request only adds to them.
use crate::routes::Table;
use metrics::{Counter, Histogram};
use std::time::Instant;

/// Handles by the route's index.
pub(crate) struct Meters {
    routes: Vec<Meter>,
    /// What leads to no route, and the fixed pages.
    other: Meter,
}

struct Meter {
    /// By the first digit of the status: 2xx, 4xx, 5xx.
    answered: [Counter; 3],
    seconds: Histogram,
}

impl Meters {
    pub(crate) fn new(table: &Table) -> Self {
        Self {
            routes: table.routes.iter().map(|route| Meter::new(route.rpc.full_name())).collect(),
            other: Meter::new("none"),
        }
    }

    pub(crate) fn count(&self, route: Option<usize>, status: u16, since: Instant) {
        let meter = route.and_then(|index| self.routes.get(index)).unwrap_or(&self.other);
        let class = match status {
            ..400 => 0,
            400..500 => 1,
            500.. => 2,
        };
        meter.answered[class].increment(1);
        meter.seconds.record(since.elapsed().as_secs_f64());
    }
}

impl Meter {
    fn new(rpc: &str) -> Self {
        let counter = |class: &'static str| metrics::counter!("jiewang_http_requests_total", "rpc" => rpc.to_owned(), "class" => class);
        Self {
            answered: ["2xx", "4xx", "5xx"].map(counter),
            seconds: metrics::histogram!("jiewang_http_request_seconds", "rpc" => rpc.to_owned()),
        }
    }
}
