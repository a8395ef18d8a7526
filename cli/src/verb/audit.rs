//! `jiewang audit`: whether the logs are still what was witnessed. Needs no cluster that runs.

use super::verify::open;
use crate::args::{Room, Stores};
use crate::exit::{Exit, Failure};
use crate::output::{Finding, Printer};
use casebook::Casebook;
use clap::{Args, Subcommand};
use guard::audit::{AuditError, Report};
use queue::EventSource as _;
use serde_json::{Value, json};
use std::path::PathBuf;

/// `jiewang audit`
#[derive(Args, Debug)]
pub struct AuditArgs {
    #[command(subcommand)]
    pub verb: AuditVerb,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum AuditVerb {
    /// Compare the logs with what was witnessed, and that with what was signed; names the first record of each partition that does not hold
    Verify {
        #[command(flatten)]
        stores: Stores,
        /// Where the witness has kept it [default: the folder's audit]
        #[arg(long, env = "JIEWANG_AUDIT_DIR", value_name = "DIR")]
        audit_dir: Option<PathBuf>,
        /// Only this service's log: a process that runs one service witnesses only that
        #[arg(long, value_enum)]
        service: Option<Room>,
    },
}

/// Exit 0 when everything holds, 1 when something does not, and when nothing was witnessed.
pub async fn run(args: &AuditArgs, printer: &Printer) -> Result<Exit, Failure> {
    let AuditVerb::Verify { stores, audit_dir, service } = &args.verb;
    let cluster = open(stores).await?;
    let mut services = Vec::new();
    let wanted = |book: &&Casebook| service.is_none_or(|service| service.as_str() == book.service());
    for book in cluster.books.iter().filter(wanted) {
        let looked = match cluster.audit.check(book, audit_dir.as_deref()).await {
            Err(error @ (AuditError::Nothing(_) | AuditError::Broken { .. })) => Err(error.to_string()),
            Err(error) => return Err(Failure::Cluster(error.to_string())),
            Ok(report) => Ok(report),
        };
        services.push((book.service(), looked));
    }
    let holds = services.iter().all(|(_, looked)| looked.as_ref().is_ok_and(|report| report.findings.is_empty()));
    printer.print(&finding(&services, holds))?;
    Ok(if holds { Exit::Ok } else { Exit::Error })
}

type Looked = Result<Report, String>;

fn finding(services: &[(&str, Looked)], holds: bool) -> Finding {
    let (mut rows, mut found, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (service, looked) in services {
        let mut row = |what: &str, case: String| {
            rows.push(vec![(*service).to_owned(), what.to_owned(), case]);
        };
        match looked {
            Err(why) => {
                row(why, String::new());
                found.push(json!({"service": service, "case": null, "found": why}));
            }
            Ok(report) => {
                let signed = report.signed.map_or_else(String::new, |at| at.to_string());
                let Report { records, checkpoints, unsigned, .. } = report;
                row(
                    &format!(
                        "{records} records under {checkpoints} checkpoints, the last of {signed}; {unsigned} not signed yet"
                    ),
                    String::new(),
                );
                values.push(json!({
                    "service": service, "records": records, "checkpoints": checkpoints, "signed": signed, "unsigned": unsigned,
                }));
                for one in &report.findings {
                    let case = one.case.map(|case| case.to_string());
                    row(&one.found, case.clone().unwrap_or_default());
                    let place =
                        one.record.map(|(partition, position)| json!({"partition": partition, "position": position}));
                    found.push(json!({"service": service, "record": place, "case": case, "found": one.found}));
                }
            }
        }
    }
    let names = found.iter().filter_map(|one: &Value| one["case"].as_str().map(str::to_owned)).collect();
    let value = json!({"holds": holds, "services": values, "findings": found});
    Finding { head: vec!["SERVICE", "FOUND", "CASE"], rows, names, value }
}
