//! Limits of what is served: tables of the file of settings, and above them `--set`.

use serde::{Deserialize, Serialize};
use std::str::FromStr;
use toml::{Table, Value};

/// Under the names of their tables.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    pub gateway: gateway::Config,
    pub mesh: mesh::Config,
    pub intake: IntakeLimits,
}

/// Those of intake.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct IntakeLimits {
    pub guesses: intake::config::Guesses,
}

/// Limits that serve nothing.
#[derive(Debug, thiserror::Error)]
pub enum LimitsError {
    #[error(transparent)]
    Gateway(#[from] gateway::ConfigError),
    #[error(transparent)]
    Mesh(#[from] mesh::ConfigError),
    #[error(transparent)]
    Intake(#[from] intake::config::ConfigError),
}

impl Limits {
    /// The tables that there are.
    pub(super) const TABLES: [&str; 3] = ["gateway", "mesh", "intake"];

    /// The defaults, above them these tables, above them what was set.
    pub(super) fn read(mut tables: Table, set: &[Limit]) -> Result<Self, toml::de::Error> {
        for Limit(one) in set {
            lay(&mut tables, one.clone());
        }
        tables.try_into()
    }

    /// Refuses limits under which nothing could be served.
    pub fn validate(&self) -> Result<(), LimitsError> {
        self.gateway.validate()?;
        self.mesh.validate()?;
        self.intake.guesses.validate()?;
        Ok(())
    }
}

fn lay(below: &mut Table, above: Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => lay(below, above),
            (_, value) => drop(below.insert(key, value)),
        }
    }
}

/// One of them, such as `gateway.requests=256`.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit(Table);

/// Why a text sets no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    #[error("a limit is given as TABLE.KEY=NUMBER, such as gateway.requests=256")]
    Shape,
    #[error("there are limits of {}", Limits::TABLES.join(", "))]
    Table,
}

impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let (key, _) = text.split_once('=').ok_or(LimitError::Shape)?;
        let (table, _) = key.trim().split_once('.').ok_or(LimitError::Shape)?;
        if !Limits::TABLES.contains(&table) {
            return Err(LimitError::Table);
        }
        text.parse().map(Self).map_err(|_not_toml| LimitError::Shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_lies_above_the_file_and_the_file_above_the_defaults() {
        let file = "[gateway]\nrequests = 7\nstreams = 8\n[mesh.transport]\nmax-connections = 9".parse().unwrap();
        let set: Vec<Limit> =
            ["gateway.requests=70", "mesh.transport.read-within-ms = 50"].map(|t| t.parse().unwrap()).into();
        let limits = Limits::read(file, &set).unwrap();
        assert_eq!((limits.gateway.requests, limits.gateway.streams), (70, 8));
        assert_eq!(limits.gateway.connections, gateway::Config::default().connections);
        let transport = limits.mesh.transport;
        assert_eq!((transport.max_connections, transport.read_within.as_millis()), (9, 50));
    }

    #[test]
    fn what_is_no_limit_is_refused() {
        let read = |text: &str| text.parse::<Limit>();
        assert_eq!(read("requests=1"), Err(LimitError::Shape));
        assert_eq!(read("gateway.requests"), Err(LimitError::Shape));
        assert_eq!(read("gateway.requests=many"), Err(LimitError::Shape));
        assert_eq!(read("dispatch.requests=1"), Err(LimitError::Table));
        let error = Limits::read(Table::new(), &[read("gateway.request=1").unwrap()]).unwrap_err();
        assert!(error.to_string().contains("unknown field `request`"), "{error}");
        assert!(Limits::read(Table::new(), &[read("gateway.requests=-1").unwrap()]).is_err());
    }
}
