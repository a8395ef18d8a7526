//! `jiewang audit`: whether the logs are still what was witnessed. Needs no cluster that runs.

use super::verify::open;
use crate::args::{Room, Stores};
use crate::exit::{Exit, Failure};
use crate::output::{Finding, Printer};
use casebook::Casebook;
use clap::{Args, Subcommand};
use guard::audit::{AuditError, Proof, Report, Signed, VerifyingKey};
use queue::EventSource as _;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

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
        /// Checkpoints of before, as they were copied elsewhere: the last line of each service must still be among the witness's
        #[arg(long, value_name = "FILE")]
        kept: Vec<PathBuf>,
    },
    /// Write what shows without the database that a record was there when it was signed
    Prove(Prove),
    /// Whether such a file proves what it says; needs nothing but the cluster's public key
    CheckProof {
        file: PathBuf,
        /// Of the cluster that signed, as `public-key` tells it
        #[arg(long, value_name = "HEX")]
        public_key: String,
    },
    /// The key that a cluster's signatures are checked with, to be kept elsewhere
    PublicKey {
        #[command(flatten)]
        stores: Stores,
    },
}

/// Which record.
#[derive(Args, Debug)]
pub struct Prove {
    #[command(flatten)]
    pub stores: Stores,
    /// Where the witness has kept it [default: the folder's audit]
    #[arg(long, env = "JIEWANG_AUDIT_DIR", value_name = "DIR")]
    pub audit_dir: Option<PathBuf>,
    /// In whose log
    #[arg(long, value_enum)]
    pub service: Room,
    /// PARTITION/POSITION, as `verify` names it; `journal/NUMBER` for the journal
    #[arg(long)]
    pub record: String,
    /// Where to write it
    #[arg(long, value_name = "FILE")]
    pub into: PathBuf,
}

/// Exit 0 when everything holds, 1 when something does not, and when nothing was witnessed.
pub async fn run(args: &AuditArgs, printer: &Printer) -> Result<Exit, Failure> {
    match &args.verb {
        AuditVerb::Verify { stores, audit_dir, service, kept } => {
            let kept = kept.iter().map(|file| last_of(file)).collect::<Result<Vec<_>, _>>()?;
            verify(stores, (audit_dir.as_deref(), &kept), *service, printer).await
        }
        AuditVerb::Prove(asked) => prove(asked, printer).await,
        AuditVerb::CheckProof { file, public_key } => check_proof(file, public_key, printer),
        AuditVerb::PublicKey { stores } => {
            let key = open(stores).await?.audit.public_key().to_hex();
            let value = json!({"publicKey": key});
            printer.print(&Finding { head: vec!["PUBLIC KEY"], rows: vec![vec![key]], names: Vec::new(), value })?;
            Ok(Exit::Ok)
        }
    }
}

/// The last whole line of a copy of the witness's checkpoints.
fn last_of(file: &Path) -> Result<Signed, Failure> {
    let doing = || format!("read {}", file.display());
    let text = std::fs::read_to_string(file).map_err(|source| Failure::Io { doing: doing(), source })?;
    let whole = text.rfind('\n').map_or(text.as_str(), |end| &text[..end]);
    let wrong = |error| Failure::Configuration(format!("{} is no copy of checkpoints: {error}", file.display()));
    serde_json::from_str(whole.lines().last().unwrap_or_default()).map_err(wrong)
}

async fn prove(asked: &Prove, printer: &Printer) -> Result<Exit, Failure> {
    let cluster = open(&asked.stores).await?;
    let of_it = |book: &&Casebook| asked.service.as_str() == book.service();
    let none = || Failure::Configuration(format!("{} has no log", asked.service.as_str()));
    let book = cluster.books.iter().find(of_it).ok_or_else(none)?;
    let place = asked.record.split_once('/').and_then(|(partition, position)| {
        let partition = if partition == "journal" { book.partitions() } else { partition.parse().ok()? };
        Some((partition, position.parse().ok().filter(|position| *position > 0)?))
    });
    let wrong = || Failure::Configuration("a record is named PARTITION/POSITION, or journal/NUMBER".to_owned());
    let proof = cluster.audit.prove(book, asked.audit_dir.as_deref(), place.ok_or_else(wrong)?).await;
    let Some(proof) = proof.map_err(|error| Failure::Cluster(error.to_string()))? else {
        return Err(Failure::Cluster(format!("record {} is not there, or not under a signature yet", asked.record)));
    };
    let text = serde_json::to_vec_pretty(&proof).expect("a proof is JSON");
    let doing = || format!("write {}", asked.into.display());
    std::fs::write(&asked.into, text).map_err(|source| Failure::Io { doing: doing(), source })?;
    told(&proof, true, "", printer)
}

fn check_proof(file: &Path, public_key: &str, printer: &Printer) -> Result<Exit, Failure> {
    let doing = || format!("read {}", file.display());
    let text = std::fs::read(file).map_err(|source| Failure::Io { doing: doing(), source })?;
    let proof: Proof = serde_json::from_slice(&text)
        .map_err(|error| Failure::Configuration(format!("{} is no proof: {error}", file.display())))?;
    let key = VerifyingKey::from_hex(public_key);
    let key = key.ok_or_else(|| Failure::Configuration("a public key has 64 hexadecimal digits".to_owned()))?;
    let checked = proof.check(&key);
    let why = checked.as_ref().err().map(ToString::to_string).unwrap_or_default();
    told(&proof, checked.is_ok(), &why, printer)
}

fn told(proof: &Proof, holds: bool, why: &str, printer: &Printer) -> Result<Exit, Failure> {
    let Proof { partition, position, signed, .. } = proof;
    let at = signed.checkpoint.at.to_string();
    let row = vec![format!("{partition}/{position}"), at.clone(), why.to_owned()];
    let value =
        json!({"holds": holds, "record": {"partition": partition, "position": position}, "signed": at, "found": why});
    printer.print(&Finding { head: vec!["RECORD", "SIGNED", "FOUND"], rows: vec![row], names: Vec::new(), value })?;
    Ok(if holds { Exit::Ok } else { Exit::Error })
}

async fn verify(
    stores: &Stores,
    (audit_dir, kept): (Option<&Path>, &[Signed]),
    service: Option<Room>,
    printer: &Printer,
) -> Result<Exit, Failure> {
    let cluster = open(stores).await?;
    let mut services = Vec::new();
    let wanted = |book: &&Casebook| service.is_none_or(|service| service.as_str() == book.service());
    for book in cluster.books.iter().filter(wanted) {
        let of_it = |kept: &&Signed| kept.checkpoint.service == book.service();
        let looked = match cluster.audit.check(book, audit_dir, kept.iter().find(of_it)).await {
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
                let Report { records, checkpoints, unsigned, retired, .. } = report;
                row(
                    &format!(
                        "{records} records under {checkpoints} checkpoints, the last of {signed}; {unsigned} not signed yet, {retired} retired"
                    ),
                    String::new(),
                );
                values.push(json!({
                    "service": service, "records": records, "checkpoints": checkpoints, "signed": signed, "unsigned": unsigned,
                    "retired": retired,
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
