//! The sheet of a run: every figure with what was asked of it, and what a figure is worth nothing without: machine, commit, date.

use crate::machine::Machine;
use serde_json::{Value, json};
use std::{fmt::Write as _, path::Path};

/// Median of a few runs.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}

/// What two stages in a row can do at most when they share the same cores.
pub fn bound(raw: f64, echo: f64) -> f64 {
    1.0 / (1.0 / raw + 1.0 / echo)
}

/// What is asked of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Asked {
    /// Told for what it explains.
    Nothing,
    AtLeast(f64),
    AtMost(f64),
    Below(f64),
}

impl Asked {
    /// `None` where nothing is asked.
    pub fn met(self, value: f64) -> Option<bool> {
        match self {
            Self::Nothing => None,
            Self::AtLeast(bound) => Some(value >= bound),
            Self::AtMost(bound) => Some(value <= bound),
            Self::Below(bound) => Some(value < bound),
        }
    }

    fn words(self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::AtLeast(bound) => format!("at least {bound}"),
            Self::AtMost(bound) => format!("at most {bound}"),
            Self::Below(bound) => format!("under {bound}"),
        }
    }
}

struct Figure {
    part: &'static str,
    name: String,
    value: f64,
    unit: &'static str,
    asked: Asked,
}

/// All figures of a run, printed as they come.
pub struct Sheet {
    part: &'static str,
    figures: Vec<Figure>,
    notes: Vec<(&'static str, String)>,
    machine: Machine,
}

impl Default for Sheet {
    fn default() -> Self {
        Self { part: "", figures: Vec::new(), notes: Vec::new(), machine: Machine::of_this_run() }
    }
}

impl Sheet {
    /// A part begins, with how it was taken.
    pub fn part(&mut self, part: &'static str, how: &str) {
        self.part = part;
        println!("\n{part}: {how}");
        self.notes.push((part, how.to_owned()));
    }

    /// Something that is no number.
    pub fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        println!("  {text}");
        self.notes.push((self.part, text));
    }

    pub fn row(&mut self, name: impl Into<String>, value: f64, unit: &'static str, asked: Asked) {
        let figure = Figure { part: self.part, name: name.into(), value, unit, asked };
        let verdict = verdict(&figure);
        println!("{:<58} {value:>14.2} {unit:<8} {:<16} {verdict}", figure.name, asked.words());
        self.figures.push(figure);
    }

    pub fn machine(&self) -> String {
        self.machine.words()
    }

    /// Figures that miss what was asked.
    pub fn missed(&self) -> usize {
        self.figures.iter().filter(|f| f.asked.met(f.value) == Some(false)).count()
    }

    /// Writes `<date>-<commit>.json` and `.md` into a folder and answers with the stem.
    pub fn record(&self, folder: &Path) -> anyhow::Result<String> {
        std::fs::create_dir_all(folder)?;
        let stem = self.machine.stem();
        std::fs::write(folder.join(format!("{stem}.json")), format!("{:#}\n", self.json()))?;
        std::fs::write(folder.join(format!("{stem}.md")), self.markdown())?;
        Ok(stem)
    }

    fn json(&self) -> Value {
        let figure = |f: &Figure| {
            json!({
                "part": f.part, "name": f.name, "value": f.value, "unit": f.unit,
                "asked": f.asked.words(), "met": f.asked.met(f.value),
            })
        };
        let note = |(part, text): &(&'static str, String)| json!({"part": part, "text": text});
        let Machine { commit, date, .. } = &self.machine;
        json!({
            "machine": self.machine.json(), "commit": commit, "date": date,
            "figures": self.figures.iter().map(figure).collect::<Vec<_>>(),
            "notes": self.notes.iter().map(note).collect::<Vec<_>>(),
        })
    }

    fn markdown(&self) -> String {
        let mut text = format!("# Bench of {}\n\n{}\n", self.machine.date, self.machine.words());
        let mut part = "";
        for figure in &self.figures {
            if figure.part != part {
                part = figure.part;
                let notes = self.notes.iter().filter(|(of, _)| *of == part).map(|(_, text)| text.as_str());
                let notes = notes.collect::<Vec<_>>().join("\n\n");
                let _infallible = write!(
                    text,
                    "\n## {part}\n\n{notes}\n\n| figure | value | unit | asked | |\n|---|---:|---|---|---|\n"
                );
            }
            let Figure { name, value, unit, asked, .. } = figure;
            let _infallible =
                writeln!(text, "| {name} | {value:.2} | {unit} | {} | {} |", asked.words(), verdict(figure));
        }
        text
    }
}

fn verdict(figure: &Figure) -> &'static str {
    match figure.asked.met(figure.value) {
        None => "",
        Some(true) => "met",
        Some(false) => "NOT MET",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_held_to_what_was_asked_and_to_nothing_else() {
        assert_eq!(Asked::AtLeast(0.5).met(0.5), Some(true));
        assert_eq!(Asked::AtMost(12_288.0).met(12_289.0), Some(false));
        assert_eq!(Asked::Below(100.0).met(100.0), Some(false));
        assert_eq!(Asked::Nothing.met(f64::NAN), None);
        assert_eq!(Asked::AtLeast(0.5).met(f64::NAN), Some(false), "what could not be measured is not met");
    }

    #[test]
    fn a_sheet_is_recorded_with_every_figure_and_its_verdict() {
        let folder = tempfile::tempdir().unwrap();
        let mut sheet = Sheet::default();
        sheet.part("accept", "three rounds");
        sheet.row("gRPC / bound", 0.4, "", Asked::AtLeast(0.5));
        sheet.row("echo", 9000.0, "/s", Asked::Nothing);
        let stem = sheet.record(folder.path()).unwrap();
        let json: Value =
            serde_json::from_str(&std::fs::read_to_string(folder.path().join(format!("{stem}.json"))).unwrap())
                .unwrap();
        assert_eq!((&json["figures"][0]["met"], &json["figures"][1]["met"]), (&json!(false), &Value::Null));
        let table = std::fs::read_to_string(folder.path().join(format!("{stem}.md"))).unwrap();
        assert!(table.contains("| gRPC / bound | 0.40 |  | at least 0.5 | NOT MET |"), "{table}");
        assert_eq!(sheet.missed(), 1);
    }

    #[test]
    fn the_median_of_an_even_number_of_runs_lies_between_the_two_in_the_middle() {
        assert_eq!((median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0, 2.0, 3.0])), (2.0, 2.5));
        assert!(median(&[]).is_nan());
    }
}
