//! Settings from a file, below flags and environment and above the built-in defaults: what the file says takes the place of a default.
//!
//! A key is the name of a flag of `up` or `serve`, its value what the flag takes; a flag that may be repeated takes an array.

use super::{Args, ClusterArgs, Limits, Verb};
use clap::{CommandFactory as _, FromArgMatches as _, Parser as _, error::ContextKind};
use std::{
    error::Error as _,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// Flags that say what is done, not how a process is set up.
const NO_SETTINGS: [&str; 6] = ["config", "check_config", "print_config", "output", "help", "room"];

/// Why a command line was not understood.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    #[error(transparent)]
    Line(#[from] clap::Error),
    #[error("{0}")]
    Limit(toml::de::Error),
    #[error("{}: {problem}", path.display())]
    File { path: PathBuf, problem: FileProblem },
}

/// What is wrong with a file of settings.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("is no TOML: {0}")]
    NotToml(#[from] toml::de::Error),
    #[error("there is no setting {key}; there are {known}")]
    Unknown { key: String, known: String },
    #[error("{0} takes a text, a number or an array of texts")]
    Shape(String),
    #[error("{0}")]
    Limit(toml::de::Error),
    /// Without the value, which may hold a password.
    #[error("{flag} {problem}")]
    Value { flag: String, problem: String },
}

impl FileProblem {
    fn of_value(error: &clap::Error) -> Self {
        let flag = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
        let problem = error.source().map_or_else(|| error.kind().to_string(), ToString::to_string);
        Self::Value { flag, problem }
    }
}

/// Reads a command line, and the file of settings that it or the environment names.
///
/// # Errors
/// What clap says of the line (a call for help among them), and what is wrong with the file.
pub fn parse(line: impl IntoIterator<Item = OsString>) -> Result<Args, ParseError> {
    let line: Vec<OsString> = line.into_iter().collect();
    let mut args = Args::try_parse_from(&line)?;
    let Some((verb, cluster)) = cluster_of(&mut args) else { return Ok(args) };
    let Some(path) = cluster.config.clone() else {
        cluster.limits = Limits::read(Table::new(), &cluster.set).map_err(ParseError::Limit)?;
        return Ok(args);
    };
    with_file(&line, verb, &path).map_err(|problem| ParseError::File { path, problem })
}

/// The settings that a file may change, and the verb that they belong to.
fn cluster_of(args: &mut Args) -> Option<(&'static str, &mut ClusterArgs)> {
    match &mut args.verb {
        Verb::Up(up) => Some(("up", &mut up.cluster)),
        Verb::Serve(serve) => Some(("serve", &mut serve.cluster)),
        Verb::Token(_)
        | Verb::Load(_)
        | Verb::Replay(_)
        | Verb::Case(_)
        | Verb::Queue(_)
        | Verb::Verify(_)
        | Verb::Audit(_)
        | Verb::Vault(_)
        | Verb::Catalog(_)
        | Verb::Classifier(_)
        | Verb::Calendar(_)
        | Verb::Certs(_)
        | Verb::Doctor(_)
        | Verb::Completion(_) => None,
    }
}

fn with_file(line: &[OsString], verb: &str, path: &Path) -> Result<Args, FileProblem> {
    with_text(line, verb, &std::fs::read_to_string(path)?)
}

/// The line again, above what a file says.
pub(crate) fn with_text(line: &[OsString], verb: &str, text: &str) -> Result<Args, FileProblem> {
    let table: Table = text.parse()?;
    let mut command = Args::command();
    let known = settings(&command, verb);
    let (limits, table): (Table, Table) =
        table.into_iter().partition(|(key, _)| Limits::TABLES.contains(&key.as_str()));
    for (key, value) in table {
        let id = key.replace('-', "_");
        if key.contains('_') || !known.contains(&id) {
            let names = known.iter().map(|id| id.replace('_', "-"));
            let tables = Limits::TABLES.map(|table| format!("[{table}]"));
            let known = names.chain(tables).collect::<Vec<_>>().join(", ");
            return Err(FileProblem::Unknown { key, known });
        }
        let values = texts(value).ok_or(FileProblem::Shape(key))?;
        command = command.mut_subcommand(verb, |verb| verb.mut_arg(id, |arg| arg.default_values(values)));
    }
    // The line was understood before: what is not understood now stands in the file.
    let matches = command.try_get_matches_from(line).map_err(|error| FileProblem::of_value(&error))?;
    let mut args = Args::from_arg_matches(&matches).map_err(|error| FileProblem::of_value(&error))?;
    if let Some((_, cluster)) = cluster_of(&mut args) {
        cluster.limits = Limits::read(limits, &cluster.set).map_err(FileProblem::Limit)?;
    }
    Ok(args)
}

/// The settings of a verb, by the ids that clap knows them by.
fn settings(command: &clap::Command, verb: &str) -> Vec<String> {
    let verb = command.find_subcommand(verb).expect("a verb of ours");
    let ids = verb.get_arguments().map(|arg| arg.get_id().as_str().to_owned());
    ids.filter(|id| !NO_SETTINGS.contains(&id.as_str())).collect()
}

fn texts(value: Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Integer(number) => Some(vec![number.to_string()]),
        Value::Array(values) => values.into_iter().map(|value| value.as_str().map(str::to_owned)).collect(),
        Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Table(_) => None,
    }
}
