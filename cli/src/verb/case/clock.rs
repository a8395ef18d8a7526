//! `jiewang case clock`: why the due time is what it is.

use super::CaseName;
use super::show::{field, local};
use crate::client::Client;
use crate::exit::Failure;
use crate::output::Finding;
use serde_json::Value;

pub(super) async fn ask(name: &CaseName, client: &Client) -> Result<Finding, Failure> {
    let order = name.work_order();
    let clock: Value = client.get(&format!("/v1/{order}/clock")).await?;
    let mut rows = Vec::new();
    for which in ["total", "unit"] {
        if clock[which].is_object() {
            explain(which, &clock[which], &mut rows);
        }
    }
    let head = vec!["CLOCK", "WHAT", "FROM", "TO", "BY", "WHY"];
    Ok(Finding { value: clock, head, rows, names: vec![order.to_string()] })
}

/// The limit, each segment, then the times that follow from them.
fn explain(which: &str, clock: &Value, rows: &mut Vec<Vec<String>>) {
    let mut row = |cells: [String; 5]| rows.push(std::iter::once(which.to_owned()).chain(cells).collect());
    let none = String::new;
    let limit = format!("limit {} {}", field(&clock["limit"], "amount"), field(&clock["limit"], "unit"));
    row([limit, none(), none(), none(), field(clock, "calendarVersion")]);
    for segment in clock["segments"].as_array().into_iter().flatten() {
        let times = ["from", "to"].map(|end| local(&field(segment, end)));
        let [from, to] = times;
        row([field(segment, "kind"), from, to, field(segment, "by"), field(segment, "reason")]);
    }
    let provisional = if clock["provisional"] == Value::Bool(true) { "beyond the loaded calendar" } else { "" };
    for (name, label) in [("yellowTime", "yellow"), ("dueTime", "due"), ("stopTime", "stopped")] {
        let time = field(clock, name);
        if !time.is_empty() {
            row([label.to_owned(), none(), local(&time), none(), provisional.to_owned()]);
        }
    }
    row([format!("lamp {}", field(clock, "lamp")), none(), none(), none(), none()]);
}
