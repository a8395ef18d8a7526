//! Lines of the log in JSON.

use std::fmt;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

/// Puts the `trace_id` of the call being served before the members of a line, recorded trace or not, under the name that OpenTelemetry
/// gives it in logs of other forms than OTLP. A line that belongs to no call has none.
pub(super) struct InTrace<F>(pub(super) F);

impl<S, N, F> FormatEvent<S, N> for InTrace<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let Some(call) = crate::call::current() else { return self.0.format_event(context, writer, event) };
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        let members = line.strip_prefix('{').ok_or(fmt::Error)?;
        write!(writer, "{{\"trace_id\":\"{}\",{members}", call.trace.trace_id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CURRENT, Call, Caller};
    use crate::trace::TraceContext;
    use std::io;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_about_a_call_names_its_trace_and_another_one_names_none() {
        let lines = Lines::default();
        let writer = lines.clone();
        let log = tracing_subscriber::fmt().json().with_writer(move || writer.clone());
        let log = log.map_event_format(InTrace).finish();
        let trace = TraceContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00").unwrap();
        tracing::subscriber::with_default(log, || {
            let call = Arc::new(Call::inside(Caller::anonymous(), trace));
            CURRENT.sync_scope(call, || tracing::info!(report = "r", "filed"));
            tracing::info!("idle");
        });
        let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let (filed, idle) = written.split_once('\n').unwrap();
        assert!(filed.starts_with(r#"{"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","timestamp":"#), "{filed}");
        assert!(filed.contains(r#""report":"r""#) && filed.ends_with('}'), "{filed}");
        assert!(!idle.contains("trace_id") && idle.contains("idle"), "{idle}");
    }
}
