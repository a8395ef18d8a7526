//! Line charts as SVG. Lines differ in colour and in dash, so that they are told apart without colours.

use super::escape;
use crate::open::told::Mark;
use std::fmt::Write as _;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 32.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 40.0;
/// The least that is seen of a mark.
const SLIVER: f64 = 2.0;

/// One chart with its heading.
pub(super) struct Chart<'m> {
    pub(super) title: &'static str,
    pub(super) x: Axis,
    pub(super) y: Axis,
    /// At most four have a style.
    pub(super) lines: Vec<Line>,
    pub(super) marks: &'m [Mark],
}

pub(super) struct Line {
    pub(super) name: &'static str,
    /// Not a number where nothing was measured: the line breaks there.
    pub(super) points: Vec<(f64, f64)>,
}

/// How values lie on an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scale {
    Linear,
    Decades,
    /// Of shares: as far from each other as their distances to one are in decades.
    Nines,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    label: &'static str,
    scale: Scale,
    ticks: Vec<f64>,
    low: f64,
    high: f64,
}

impl Axis {
    /// From nothing, with four to ten ticks at round numbers.
    pub(super) fn linear(label: &'static str, most: f64) -> Self {
        let decade = 10_f64.powf(most.log10().floor());
        let step = [0.1, 0.2, 0.5, 1.0].map(|part| part * decade).into_iter().find(|step| most / step <= 10.0);
        let step = step.unwrap_or(decade);
        let ticks = (0..=(most / step).ceil() as u32).map(|n| f64::from(n) * step).collect::<Vec<_>>();
        let high = ticks.last().copied().unwrap_or(most);
        Self { label, scale: Scale::Linear, ticks, low: 0.0, high }
    }

    /// A tick at each power of ten, from below the least to above the most.
    pub(super) fn decades(label: &'static str, least: f64, most: f64) -> Self {
        let first = least.log10().floor() as i32;
        let last = (most.log10().ceil() as i32).max(first + 1);
        let ticks: Vec<f64> = (first..=last).map(|exponent| 10_f64.powi(exponent)).collect();
        Self { label, scale: Scale::Decades, low: ticks[0], high: ticks[ticks.len() - 1], ticks }
    }

    pub(super) fn nines(label: &'static str) -> Self {
        let ticks = vec![0.0, 0.9, 0.99, 0.999, 0.9999, 0.99999];
        Self { label, scale: Scale::Nines, ticks, low: 0.0, high: 0.99999 }
    }

    /// 0 at the low end, 1 at the high one.
    fn part(&self, value: f64) -> f64 {
        let value = value.clamp(self.low, self.high);
        let place = |value: f64| match self.scale {
            Scale::Linear => value,
            Scale::Decades => value.log10(),
            Scale::Nines => -(1.0 - value).log10(),
        };
        (place(value) - place(self.low)) / (place(self.high) - place(self.low))
    }

    fn text(&self, value: f64) -> String {
        match self.scale {
            Scale::Linear | Scale::Decades => plain(value),
            Scale::Nines => format!("{} %", plain(value * 100.0)),
        }
    }
}

/// Without the noise of binary fractions.
fn plain(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn across(x: &Axis, value: f64) -> f64 {
    LEFT + x.part(value) * (WIDTH - LEFT - RIGHT)
}

fn down(y: &Axis, value: f64) -> f64 {
    HEIGHT - BOTTOM - y.part(value) * (HEIGHT - TOP - BOTTOM)
}

impl Chart<'_> {
    pub(super) fn svg(&self) -> String {
        let title = escape(self.title);
        let mut svg =
            format!("<h2>{title}</h2>\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\"><title>{title}</title>\n");
        self.write_marks(&mut svg);
        self.write_axes(&mut svg);
        for (n, line) in self.lines.iter().enumerate() {
            self.write_line(&mut svg, n, line);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn write_marks(&self, svg: &mut String) {
        for mark in self.marks {
            let (from, until) = (across(&self.x, mark.from), across(&self.x, mark.until));
            let _infallible = writeln!(
                svg,
                "<rect class=\"mark\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}</title></rect>",
                (until - from).max(SLIVER),
                HEIGHT - TOP - BOTTOM,
                escape(&mark.name)
            );
        }
    }

    fn write_axes(&self, svg: &mut String) {
        let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        for tick in &self.y.ticks {
            let (y, text) = (down(&self.y, *tick), self.y.text(*tick));
            let _infallible = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                LEFT - 6.0,
                y + 4.0
            );
        }
        for tick in &self.x.ticks {
            let (x, text) = (across(&self.x, *tick), self.x.text(*tick));
            let _infallible = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{x:.1} {bottom}v5\"/><text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>",
                bottom + 18.0
            );
        }
        let _infallible = writeln!(
            svg,
            "<text x=\"{right}\" y=\"{:.1}\" text-anchor=\"end\">{}</text><text x=\"4\" y=\"16\">{}</text>",
            HEIGHT - 6.0,
            self.x.label,
            self.y.label
        );
    }

    /// The line, and its entry in the legend above the chart.
    fn write_line(&self, svg: &mut String, n: usize, line: &Line) {
        let (mut path, mut command) = (String::new(), 'M');
        for (x, y) in &line.points {
            if y.is_nan() {
                command = 'M';
                continue;
            }
            let _infallible = write!(path, "{command}{:.1} {:.1}", across(&self.x, *x), down(&self.y, *y));
            command = 'L';
        }
        let at = LEFT + 20.0 + 190.0 * n as f64;
        let _infallible = writeln!(
            svg,
            "<path class=\"line l{n}\" d=\"{path}\"><title>{name}</title></path>\
             <path class=\"line l{n}\" d=\"M{at} 12h26\"/><text x=\"{:.1}\" y=\"16\">{name}</text>",
            at + 32.0,
            name = escape(line.name)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_round_ticks_and_holds_its_values() {
        for (most, ticks) in [(1.0, 11), (7.3, 9), (47.0, 11), (2_000.0, 11), (999.0, 11)] {
            let axis = Axis::linear("", most);
            assert_eq!(axis.ticks.len(), ticks, "{most}: {:?}", axis.ticks);
            assert!(axis.high >= most && axis.part(most) <= 1.0 && axis.part(0.0) == 0.0);
        }
        assert_eq!(Axis::decades("", 0.3, 480.0).ticks, [0.1, 1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(Axis::decades("", 2.0, 5.0).ticks, [1.0, 10.0]);
    }

    #[test]
    fn a_line_breaks_where_nothing_was_measured() {
        let points = vec![(0.0, 1.0), (1.0, f64::NAN), (2.0, 1.0), (3.0, 2.0)];
        let lines = vec![Line { name: "p99", points }];
        let chart = Chart { title: "", x: Axis::linear("", 3.0), y: Axis::linear("", 2.0), lines, marks: &[] };
        let svg = chart.svg();
        let path = svg.split("<path class=\"line l0\" d=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 1), "{path}");
    }

    #[test]
    fn each_nine_is_as_long_as_the_one_before() {
        let axis = Axis::nines("");
        let parts = [0.9, 0.99, 0.999].map(|share| (axis.part(share) * 100.0).round());
        assert_eq!(parts, [20.0, 40.0, 60.0]);
        assert_eq!((axis.text(0.999), axis.part(1.0)), ("99.9 %".to_owned(), 1.0));
    }
}
