//! `jiewang token`: a development token. Real identities come from the guard's issuer; production refuses these.

use crate::exit::{Exit, Failure};
use crate::folder;
use crate::output::{Finding, Format, Printer};
use civic::{Actor, Clock, DivisionCode, Micros, Role, SystemClock, Tree, UnitCode};
use clap::Args;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

/// `jiewang token`
#[derive(Args, Debug)]
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
    let actor = actor(args, now)?;
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

fn actor(args: &TokenArgs, now: Micros) -> Result<Actor, Failure> {
    // A head is another person than the handlers of the unit: nobody approves the own reply.
    let who = if args.head { "dev-head" } else { "dev" };
    let subject = match (&args.subject, &args.unit) {
        (Some(subject), _) => subject.clone(),
        (None, Some(unit)) => format!("{who}-{}-{unit}", args.role),
        (None, None) => format!("{who}-{}", args.role),
    };
    match (&args.unit, args.role) {
        (None, Role::Citizen | Role::Volunteer) => {}
        (None, role) => return Err(Failure::Usage(format!("a {role} acts for a unit: name it with --unit"))),
        (Some(unit), _) => known_place(&unit.place(), now)?,
    }
    Ok(Actor { role: args.role, subject, unit: args.unit.clone(), head: args.head })
}

/// Grids are the operator's data, so they are known by their village.
fn known_place(place: &DivisionCode, now: Micros) -> Result<(), Failure> {
    const VILLAGE_DIGITS: usize = 12;
    let view = Tree::chongqing().today(now);
    let digits = &place.as_str()[..place.as_str().len().min(VILLAGE_DIGITS)];
    let code: DivisionCode = digits.parse().map_err(|_| Failure::Usage(format!("{place} is no place")))?;
    if view.get(&code).is_some() {
        return Ok(());
    }
    let successor = view.successor(&code);
    let instead = successor.map(|code| format!(": {code} answers for it today")).unwrap_or_default();
    Err(Failure::Usage(format!("there is no place {place} in today's divisions{instead}")))
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

    fn asked(role: Role, unit: Option<&str>) -> Result<Actor, Failure> {
        let unit = unit.map(|unit| unit.parse().unwrap());
        let args = TokenArgs { role, unit, subject: None, head: false, cluster: None, ttl: Duration::from_secs(60) };
        // 2026-11-22
        actor(&args, Micros(1_795_276_800_000_000))
    }

    #[test]
    fn work_roles_need_a_unit_of_a_place_that_exists() {
        assert_eq!(asked(Role::TownDispatcher, Some("500151001")).unwrap().subject, "dev-town-dispatcher-500151001");
        assert!(asked(Role::Citizen, None).is_ok());
        assert!(asked(Role::GridWorker, Some("500151001001001")).is_ok(), "a grid is known by its village");
        for (role, unit, says) in [
            (Role::TownDispatcher, None, "--unit"),
            (Role::DepartmentHandler, Some("509999-gongan"), "no place 509999"),
            (Role::GridWorker, Some("500151001999001"), "no place 500151001999001"),
            (Role::DistrictDispatcher, Some("500105"), "500194 answers for it today"),
        ] {
            let failure = asked(role, unit).unwrap_err();
            assert_eq!(failure.exit(), Exit::Usage);
            assert!(failure.to_string().contains(says), "{failure}");
        }
    }

    #[test]
    fn times_have_a_unit_and_a_bound() {
        assert_eq!(lasting("90m"), Ok(Duration::from_secs(5400)));
        for text in ["", "12", "h", "-1h", "0s", "367d", "1.5h", "99999999999999999999d", "12小"] {
            assert!(lasting(text).is_err(), "{text}");
        }
    }
}
