//! `jiewang case list`: the filters of the list as flags, page after page up to a limit.

use super::show::{field, local};
use crate::args::Connection;
use crate::client::Client;
use crate::exit::Failure;
use crate::output::Finding;
use clap::Args;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proto::intake::v1::ReportState;
use proto::types::v1::{Lamp, Urgency, WorkOrderState};
use serde_json::Value;

/// The largest page there is (docs/contract.md, HTTP and JSON).
const LARGEST_PAGE: usize = 200;

/// `jiewang case list`
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Reports instead of work orders
    #[arg(long)]
    pub reports: bool,
    /// Only those in this division
    #[arg(long, value_name = "CODE")]
    pub division: Option<String>,
    /// Only those in this state, such as in-progress; of reports such as with-unit
    #[arg(long)]
    pub state: Option<String>,
    /// green, yellow or red
    #[arg(long, value_parser = lamp, conflicts_with = "reports")]
    pub lamp: Option<String>,
    /// Only those this unit answers for
    #[arg(long, value_name = "CODE", conflicts_with = "reports")]
    pub unit: Option<String>,
    /// Only those of this category
    #[arg(long, value_name = "CODE", conflicts_with = "reports")]
    pub category: Option<String>,
    /// level-one to level-four
    #[arg(long, value_parser = urgency, conflicts_with = "reports")]
    pub urgency: Option<String>,
    /// Only reports whose category or division a person must decide
    #[arg(long, requires = "reports")]
    pub needs_person: bool,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    pub limit: usize,
    #[command(flatten)]
    pub connection: Connection,
}

pub(super) async fn ask(args: &ListArgs, client: &Client) -> Result<Finding, Failure> {
    let (path, key) = if args.reports { ("/v1/reports", "reports") } else { ("/v1/workOrders", "workOrders") };
    let filter = args.filter()?;
    let mut found = Vec::new();
    let mut token = String::new();
    while found.len() < args.limit {
        let size = (args.limit - found.len()).min(LARGEST_PAGE);
        let mut page: Value = client.get(&format!("{path}?{}", query(&filter, size, &token))).await?;
        if let Value::Array(cases) = page[key].take() {
            found.extend(cases);
        }
        token = field(&page, "nextPageToken");
        if token.is_empty() {
            break;
        }
    }
    if !token.is_empty() {
        eprintln!("there are more: raise --limit or narrow the filter");
    }
    Ok(finding(args.reports, found))
}

impl ListArgs {
    fn filter(&self) -> Result<Vec<(&'static str, String)>, Failure> {
        let state = self.state.as_deref().map(|text| state(text, self.reports)).transpose().map_err(Failure::Usage)?;
        let given = [
            ("divisionCode", self.division.clone()),
            ("state", state),
            ("lamp", self.lamp.clone()),
            ("unit", self.unit.clone()),
            ("category", self.category.clone()),
            ("urgency", self.urgency.clone()),
            ("needsPerson", self.needs_person.then(|| "true".to_owned())),
        ];
        Ok(given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
    }
}

fn query(filter: &[(&'static str, String)], size: usize, token: &str) -> String {
    let mut query = format!("pageSize={size}");
    let page_token = (!token.is_empty()).then(|| ("pageToken", token.to_owned()));
    for (name, value) in filter.iter().cloned().chain(page_token) {
        query.push_str(&format!("&{name}={}", utf8_percent_encode(&value, NON_ALPHANUMERIC)));
    }
    query
}

fn finding(reports: bool, found: Vec<Value>) -> Finding {
    let head = if reports {
        vec!["NAME", "STATE", "CATEGORY", "PLACE", "UNIT", "FILED", "DUE"]
    } else {
        vec!["NAME", "STATE", "LAMP", "URGENCY", "CATEGORY", "PLACE", "UNIT", "DUE"]
    };
    let category = |case: &Value| field(&case["category"], "displayName");
    let row = |case: &Value| {
        if reports {
            let place = field(&case["location"], "displayName");
            let times = [local(&field(case, "createTime")), local(&field(case, "dueTime"))];
            let start = [field(case, "name"), field(case, "state"), category(case), place, field(case, "unit")];
            start.into_iter().chain(times).collect()
        } else {
            let start = ["name", "state", "lamp", "urgency"].map(|name| field(case, name));
            let rest =
                [category(case), field(case, "divisionName"), field(case, "unit"), local(&field(case, "dueTime"))];
            start.into_iter().chain(rest).collect()
        }
    };
    let rows = found.iter().map(row).collect();
    let names = found.iter().map(|case| field(case, "name")).collect();
    Finding { value: Value::Array(found), head, rows, names }
}

/// `in-progress` for IN_PROGRESS: either may be typed.
fn word(text: &str) -> String {
    text.replace('-', "_").to_uppercase()
}

fn state(text: &str, reports: bool) -> Result<String, String> {
    let word = word(text);
    let known = if reports {
        ReportState::from_str_name(&word).is_some_and(|state| state != ReportState::Unspecified)
    } else {
        WorkOrderState::from_str_name(&word).is_some_and(|state| state != WorkOrderState::Unspecified)
    };
    let states = if reports {
        "filed, with-unit, being-handled, answered, done and ended"
    } else {
        "created, assigned, accepted, in-progress, resolved, verified, closed, returned, suspended, merged, cancelled and handed-over"
    };
    if known { Ok(word) } else { Err(format!("there is no state {text:?}; the states are {states}")) }
}

fn lamp(text: &str) -> Result<String, String> {
    let word = word(text);
    let known = Lamp::from_str_name(&word).is_some_and(|lamp| lamp != Lamp::Unspecified);
    if known { Ok(word) } else { Err("a lamp is green, yellow or red".to_owned()) }
}

fn urgency(text: &str) -> Result<String, String> {
    let word = word(text);
    let known = Urgency::from_str_name(&word).is_some_and(|urgency| urgency != Urgency::Unspecified);
    if known { Ok(word) } else { Err("an urgency is level-one, level-two, level-three or level-four".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_as_typed_and_as_written_in_the_contract() {
        assert_eq!(state("in-progress", false).unwrap(), "IN_PROGRESS");
        assert_eq!(state("HANDED_OVER", false).unwrap(), "HANDED_OVER");
        assert_eq!(state("with-unit", true).unwrap(), "WITH_UNIT");
        assert!(state("with-unit", false).is_err());
        assert!(state("work-order-state-unspecified", false).is_err());
        assert_eq!(lamp("red").unwrap(), "RED");
        assert!(urgency("level-five").is_err());
    }

    #[test]
    fn what_is_typed_cannot_add_to_the_query() {
        let filter = [("unit", "a&state=CLOSED b".to_owned())];
        assert_eq!(query(&filter, 50, "t/+"), "pageSize=50&unit=a%26state%3DCLOSED%20b&pageToken=t%2F%2B");
    }
}
