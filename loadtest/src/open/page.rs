//! The result as one page of HTML that needs nothing else: no script, no style sheet, no font from elsewhere.

mod chart;

use super::{
    tally::{Counts, Second},
    told::{Quantiles, Told, millis},
};
use chart::{Axis, Chart, Line};
use hdrhistogram::Histogram;
use std::fmt::Write as _;

const STYLE: &str = include_str!("page/style.css");

/// The whole page.
#[must_use]
pub fn page(told: &Told) -> String {
    let title = format!("Load of {}", told.machine.date);
    let mut body = format!("<h1>{}</h1>\n<p>{}</p>\n", escape(&title), escape(&told.machine.words()));
    if !told.whole {
        body.push_str("<p><strong>The run was stopped before its end.</strong></p>\n");
    }
    body.push_str(&asked(told));
    body.push_str(&latencies(told));
    body.push_str(&phases(told));
    body.push_str(&charts(told));
    body.push_str(&outcomes(told));
    body.push_str(&delays(told));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escape(&title)
    )
}

/// Text as HTML; reasons come from whoever answered.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = String::from("<table>\n<tr>");
    for cell in head {
        let _infallible = write!(text, "<th>{}</th>", escape(cell));
    }
    text.push_str("</tr>\n");
    for row in rows {
        text.push_str("<tr>");
        for cell in row {
            let _infallible = write!(text, "<td>{}</td>", escape(&cell));
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</table>\n");
    text
}

fn asked(told: &Told) -> String {
    let rows = told.asked.iter().map(|(name, value)| vec![(*name).to_owned(), value.clone()]);
    format!("<h2>What was asked for</h2>\n{}", table(&["", ""], rows))
}

fn latencies(told: &Told) -> String {
    let row = |(name, counts): (&'static str, &Counts)| {
        let cells = [name.to_owned(), counts.total().to_string(), counts.ok().to_string()];
        let of = |histogram| Quantiles::of(histogram).map_or([f64::NAN; 5], |quantiles| quantiles.all());
        let figures = of(&counts.from_due).into_iter().chain(of(&counts.from_sent));
        let figures = figures.map(|figure| if figure.is_nan() { "–".to_owned() } else { format!("{figure:.1}") });
        cells.into_iter().chain(figures).collect()
    };
    let head = ["kind", "requests", "ok", "p50", "p90", "p99", "p99.9", "max", "p50", "p90", "p99", "p99.9", "max"];
    format!(
        "<h2>Latency in milliseconds</h2>\n<p>The first five from the instant at which a request was due, the last five from that at \
         which it was sent. Who waits in the street counts from the first.</p>\n<p>Goodput: {:.1} requests served a second.</p>\n{}",
        told.goodput(),
        table(&head, told.rows().map(row))
    )
}

/// Before the storm, in it, and after it; nothing where there was none.
fn phases(told: &Told) -> String {
    if told.tally.phases.len() < 2 {
        return String::new();
    }
    let row = |name: &str, kind: &str, counts: &Counts| {
        let quantiles = Quantiles::of(&counts.from_due);
        let figure = |of: fn(Quantiles) -> f64| quantiles.map_or_else(|| "–".to_owned(), |q| format!("{:.1}", of(q)));
        let counted = [counts.total().to_string(), counts.ok().to_string(), figure(|q| q.p50), figure(|q| q.p99)];
        [name.to_owned(), kind.to_owned()].into_iter().chain(counted).collect::<Vec<_>>()
    };
    let rows = told
        .tally
        .phases
        .iter()
        .flat_map(|phase| phase.kinds.iter().map(|(kind, counts)| row(phase.name, kind.as_str(), counts)));
    let recovered = told.recovered().map_or_else(
        || "After the storm the p99 of a second did not come back to twice what it was before.".to_owned(),
        |seconds| format!("{seconds} s after the storm the p99 of a second was at most twice what it was before."),
    );
    let table = table(&["due", "kind", "requests", "ok", "p50", "p99"], rows);
    format!("<h2>Before, in and after the storm</h2>\n<p>{recovered}</p>\n{table}")
}

fn charts(told: &Told) -> String {
    let seconds = &told.tally.seconds;
    let line = |name, of: fn(&Second) -> f64| Line {
        name,
        points: seconds.iter().enumerate().map(|(n, second)| (n as f64 + 0.5, of(second))).collect(),
    };
    let time = Axis::linear("seconds", seconds.len().max(1) as f64);
    let most = seconds.iter().map(|second| second.offered.max(second.ok).max(second.failed)).max().unwrap_or(0);
    let rates = Chart {
        title: "Requests a second",
        x: time.clone(),
        y: Axis::linear("requests", most.max(1) as f64),
        lines: vec![
            line("due", |s| s.offered as f64),
            line("served", |s| s.ok as f64),
            line("refused or given up", |s| s.failed as f64),
            line("held by the bound", |s| s.held as f64),
        ],
        marks: &told.marks,
    };
    let latencies = Chart {
        title: "Latency from due, of what came back in the second",
        x: time,
        y: milliseconds(&told.tally.all),
        lines: vec![
            line("p50", |s| measured(s.p50)),
            line("p99", |s| measured(s.p99)),
            line("the slowest", |s| measured(s.max)),
        ],
        marks: &told.marks,
    };
    let by_share = Chart {
        title: "Latency by share of all requests",
        x: Axis::nines("share"),
        y: milliseconds(&told.tally.all),
        lines: vec![
            Line { name: "from due", points: shares(&told.tally.all.from_due) },
            Line { name: "from sent", points: shares(&told.tally.all.from_sent) },
        ],
        marks: &[],
    };
    [rates, latencies, by_share].iter().map(Chart::svg).collect()
}

/// From the fastest that was sent to the slowest that was due.
fn milliseconds(all: &Counts) -> Axis {
    let least = if all.from_sent.is_empty() { all.from_due.min() } else { all.from_sent.min() };
    Axis::decades("ms", millis(least.max(1)), millis(all.from_due.max().max(1)))
}

/// A second in which nothing came back has no latency.
fn measured(micros: u64) -> f64 {
    if micros == 0 { f64::NAN } else { millis(micros) }
}

/// From the fastest to 99.999 %, the slow end drawn out.
fn shares(histogram: &Histogram<u64>) -> Vec<(f64, f64)> {
    const STEPS: u32 = 100;
    if histogram.is_empty() {
        return Vec::new();
    }
    let share = |step: u32| 1.0 - 10_f64.powf(-5.0 * f64::from(step) / f64::from(STEPS));
    (0..=STEPS).map(|step| (share(step), millis(histogram.value_at_quantile(share(step))))).collect()
}

fn outcomes(told: &Told) -> String {
    let row = |(name, counts): (&'static str, &Counts)| {
        let said: Vec<Vec<String>> = counts
            .outcomes
            .iter()
            .map(|(outcome, count)| vec![name.to_owned(), outcome.clone(), count.to_string()])
            .collect();
        said
    };
    format!("<h2>Outcomes</h2>\n{}", table(&["kind", "outcome", "requests"], told.rows().flat_map(row)))
}

fn delays(told: &Told) -> String {
    let rows = told.delays().map(|(what, delay)| vec![what.to_owned(), delay]);
    format!("<h2>Between due and sent</h2>\n{}", table(&["", ""], rows.into_iter()))
}
