//! `jiewang token`: a development token. Real identities come from the city's identity provider; where one is named, these are refused.

use crate::exit::{Exit, Failure};
use crate::folder;
use crate::output::{Finding, Format, Printer};
use crate::person::Person;
use civic::{Clock, Role, SystemClock, UnitCode};
use clap::Args;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

/// `jiewang token`
#[derive(Args, Debug, Clone)]
pub struct TokenArgs {
    /// Role in kebab case, such as town-dispatcher or grid-worker
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub role: Role,
    /// Unit acted for: `<place>-<slug>`, or a place's code for its own desk; citizens and volunteers may have none
    #[arg(long, value_name = "CODE")]
    pub unit: Option<UnitCode>,
    /// Reference to the person, never a name [default: dev-<role>-<unit>, for a head dev-head-<role>-<unit>]
    #[arg(long)]
    pub subject: Option<String>,
    /// A head of the unit
    #[arg(long, requires = "unit")]
    pub head: bool,
    /// Data folder of the cluster whose key signs [default: JIEWANG_DATA_DIR, else ./data]
    #[arg(long, value_name = "DIR")]
    pub cluster: Option<PathBuf>,
    /// How long it holds: a number with s, m, h or d
    #[arg(long, default_value = "12h", value_parser = lasting)]
    pub ttl: Duration,
}

/// Signs and prints. The last line of standard output is the token.
///
/// # Errors
/// When the unit is none, or there is no key to sign with.
pub fn run(args: &TokenArgs, printer: &Printer) -> Result<Exit, Failure> {
    let now = SystemClock.now();
    let TokenArgs { role, unit, subject, head, .. } = args.clone();
    let actor = Person { role, unit, subject, head }.actor(now).map_err(|error| Failure::Usage(error.to_string()))?;
    let key = folder::read_key(&folder::or_default(args.cluster.as_deref()))?;
    let token = mesh::mint(&key, &actor, now, args.ttl);
    match printer.format() {
        Format::Table | Format::Name => writeln!(std::io::stdout().lock(), "{token}").map_err(Failure::Output)?,
        Format::Json | Format::Yaml => printer.print(&Finding {
            value: json!({
                "token": token, "role": actor.role.as_str(), "unit": actor.unit.as_ref().map(UnitCode::as_str),
                "subject": actor.subject, "head": actor.head, "secondsLeft": args.ttl.as_secs(),
            }),
            head: Vec::new(),
            rows: Vec::new(),
            names: Vec::new(),
        })?,
    }
    Ok(Exit::Ok)
}

fn role(text: &str) -> Result<Role, String> {
    text.parse().map_err(|_| {
        let all: Vec<_> = Role::all().iter().map(|role| role.as_str()).collect();
        format!("there is no such role; the roles are {}", all.join(", "))
    })
}

fn lasting(text: &str) -> Result<Duration, String> {
    const YEAR: u64 = 366 * 24 * 3600;
    let wrong = || "a time is a number with s, m, h or d, such as 12h, and at most 366d".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        _ => return Err(wrong()),
    };
    let count: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    let total = count.checked_mul(seconds).filter(|total| (1..=YEAR).contains(total));
    total.map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_and_a_bound() {
        assert_eq!(lasting("90m"), Ok(Duration::from_secs(5400)));
        for text in ["", "12", "h", "-1h", "0s", "367d", "1.5h", "99999999999999999999d", "12小"] {
            assert!(lasting(text).is_err(), "{text}");
        }
    }
}
