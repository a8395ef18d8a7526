//! Times by route and status, under the names of OpenTelemetry's semantic conventions for HTTP servers; rate and errors are the
//! histogram's counts.
use crate::routes::Table;
use metrics::{Histogram, Label};
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};
use std::time::Instant;

/// By the route's index.
pub(crate) struct Meters {
    routes: Vec<Meter>,
    /// What leads to no route, and the fixed pages.
    other: Meter,
}

struct Meter {
    labels: Vec<Label>,
    /// Made when a status is first answered: a route has few.
    seconds: RwLock<BTreeMap<u16, Histogram>>,
}

impl Meters {
    pub(crate) fn new(table: &Table) -> Self {
        let of_route = |(method, route): (&str, &str)| {
            let route = Label::new("http_route", route.to_owned());
            Meter::new(vec![Label::new("http_request_method", method.to_owned()), route])
        };
        let routes = table.routes.iter().map(|route| of_route((route.method.as_str(), &route.template.text)));
        Self {
            routes: routes.collect(),
            other: Meter::new(vec![Label::from_static_parts("http_request_method", "_OTHER")]),
        }
    }

    pub(crate) fn count(&self, route: Option<usize>, status: u16, since: Instant) {
        let meter = route.and_then(|index| self.routes.get(index)).unwrap_or(&self.other);
        meter.record(status, since.elapsed().as_secs_f64());
    }
}

impl Meter {
    fn new(mut labels: Vec<Label>) -> Self {
        labels.push(Label::from_static_parts("url_scheme", "http"));
        Self { labels, seconds: RwLock::default() }
    }

    fn record(&self, status: u16, seconds: f64) {
        if let Some(known) = self.seconds.read().unwrap_or_else(PoisonError::into_inner).get(&status) {
            return known.record(seconds);
        }
        let mut all = self.seconds.write().unwrap_or_else(PoisonError::into_inner);
        all.entry(status).or_insert_with(|| self.of(status)).record(seconds);
    }

    fn of(&self, status: u16) -> Histogram {
        let mut labels = self.labels.clone();
        labels.push(Label::new("http_response_status_code", status.to_string()));
        if status >= 500 {
            labels.push(Label::new("error_type", status.to_string()));
        }
        metrics::histogram!("http_server_request_duration_seconds", labels)
    }
}
