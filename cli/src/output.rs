//! Writing what a verb found: a table for people, JSON or YAML for programs, names for the next command.

mod table;
mod yaml;

use crate::exit::Failure;
use clap::ValueEnum;
use serde_json::Value;
use std::io::{self, Write};

/// `-o`
#[derive(Copy, Clone, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    Table,
    Json,
    Yaml,
    /// Names only, one a line
    Name,
}

/// What a verb found, in every way it may be asked for.
pub struct Finding {
    pub value: Value,
    pub head: Vec<&'static str>,
    pub rows: Vec<Vec<String>>,
    /// What `-o name` prints.
    pub names: Vec<String>,
}

/// Writes to standard output in the format asked for.
#[derive(Debug)]
pub struct Printer {
    format: Format,
}

impl Printer {
    /// Of that format.
    #[must_use]
    pub const fn new(format: Format) -> Self {
        Self { format }
    }

    /// The format asked for.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Writes a finding.
    ///
    /// # Errors
    /// When standard output does not take it.
    pub fn print(&self, finding: &Finding) -> Result<(), Failure> {
        self.write(finding, &mut io::stdout().lock()).map_err(Failure::Output)
    }

    /// Writes a finding to `out`.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write(&self, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
        match self.format {
            Format::Table => writeln!(out, "{}", table::render(&finding.head, &finding.rows))?,
            Format::Json => {
                serde_json::to_writer_pretty(&mut *out, &finding.value)?;
                writeln!(out)?;
            }
            Format::Yaml => out.write_all(yaml::render(&finding.value).as_bytes())?,
            Format::Name => {
                for name in &finding.names {
                    writeln!(out, "{name}")?;
                }
            }
        }
        out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(format: Format) -> String {
        let finding = Finding {
            value: json!({"name": "workOrders/1", "unit": "500151-gongan"}),
            head: vec!["NAME", "UNIT"],
            rows: vec![vec!["workOrders/1".to_owned(), "500151-gongan".to_owned()]],
            names: vec!["workOrders/1".to_owned()],
        };
        let mut out = Vec::new();
        Printer::new(format).write(&finding, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_format_says_the_same() {
        assert_eq!(written(Format::Table), "NAME          UNIT\nworkOrders/1  500151-gongan\n");
        assert_eq!(serde_json::from_str::<Value>(&written(Format::Json)).unwrap()["unit"], "500151-gongan");
        assert_eq!(written(Format::Yaml), "name: workOrders/1\nunit: \"500151-gongan\"\n");
        assert_eq!(written(Format::Name), "workOrders/1\n");
    }
}
