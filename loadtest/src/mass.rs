//! A mass incident over HTTP: so many reports of one matter, all but the first merged into the first one's order, which is then answered and
//! closed. From the answer and from the closing it is measured until every member has been told, which is until intake knows of each.

use crate::{
    figures::{Asked, Sheet},
    flight::{Flown, fly},
    local::{Answer, HttpClient, Local, http, post_json},
};
use anyhow::Context;
use casebook::Scope;
use civic::{Actor, CaseId, Role};
use dispatch::domain::work_order::WorkOrder;
use jiewang::cluster::Rooms;
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

const IN_FLIGHT: usize = 64;
/// Water supply, in one town: the duty list knows the unit.
const CATEGORY: &str = "0614";
const TOWN: &str = "500151001";
const UNIT: &str = "500151001-minsheng";
const PHONE: &str = "13800138000";
/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// What calls the gateway.
#[derive(Clone)]
struct Desk {
    client: HttpClient,
    base: String,
}

impl Desk {
    async fn post(&self, path: &str, token: &str, body: &Value) -> anyhow::Result<Answer> {
        let answer = post_json(&self.client, &format!("{}{path}", self.base), token, "", body).await?;
        anyhow::ensure!(answer.status == 200, "{path}: {} {}", answer.status, answer.body);
        Ok(answer)
    }
}

/// One incident of so many reports.
pub async fn run(sheet: &mut Sheet, reports: usize) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let local = Local::start(dir.path(), Rooms::ALL).await?;
    let desk = Desk { client: http(), base: format!("http://{}", local.http) };
    let mut filed = file(&desk, &local, reports).await?;
    filed.sort_by(|one, other| one["workOrder"].as_str().cmp(&other["workOrder"].as_str()));
    let first = filed[0].clone();
    let parent = first["workOrder"].as_str().context("no work order")?.to_owned();
    let members: Vec<String> =
        filed[1..].iter().filter_map(|one| Some(one["workOrder"].as_str()?.to_owned())).collect();
    let merged = merge(&desk, &local, &parent, members).await?;
    sheet.row(format!("merged into one order, {IN_FLIGHT} at a time"), merged.rate(), "/s", Asked::Nothing);
    sheet.row("processor time per merge, generator included", merged.cpu_micros(), "µs", Asked::Nothing);
    sheet.row("written per merge", merged.bytes(), "bytes", Asked::Nothing);
    local.drained().await?;
    let unit = member(&local, Role::DepartmentHandler, UNIT)?;
    desk.post(&format!("/v1/{parent}:accept"), &unit, &json!({"requestId": "accept"})).await?;
    let answer = json!({"requestId": "resolve", "result": "更换主管", "reply": "供水已恢复"});
    desk.post(&format!("/v1/{parent}:resolve"), &unit, &answer).await?;
    sheet.row("from the answer until every member is told", told(&local, &parent).await?, "s", Asked::Nothing);
    let word = json!({
        "requestId": "rate", "trackingNumber": first["trackingNumber"], "phoneLast4": &PHONE[7..],
        "answered": true, "solved": true, "satisfied": true,
    });
    desk.post("/v1/reports:rate", &local.token, &word).await?;
    sheet.row("from the closing until every member is told", told(&local, &parent).await?, "s", Asked::Nothing);
    let state = stored(&local, &parent).await?;
    sheet.row("state of the parent", state.0 as f64, "bytes", Asked::Nothing);
    sheet.row("members that it counts", f64::from(state.1), "", Asked::AtLeast((reports - 1) as f64));
    local.stop().await
}

async fn file(desk: &Desk, local: &Local, reports: usize) -> anyhow::Result<Vec<Value>> {
    let (filed, all) = (Arc::new(Mutex::new(Vec::with_capacity(reports))), desk.clone());
    let (kept, token) = (filed.clone(), local.token.clone());
    let flown = fly(IN_FLIGHT, PATIENCE, reports, move |n| {
        let (desk, kept, token) = (all.clone(), kept.clone(), token.clone());
        async move {
            let report = json!({
                "requestId": format!("mass-{n}"), "kind": "HELP", "channel": "HOTLINE_12345", "categoryCode": CATEGORY,
                "text": format!("家里停水了，第 {n} 个电话。"), "location": {"divisionCode": TOWN}, "reporter": {"phone": PHONE},
            });
            let answer = desk.post("/v1/reports", &token, &report).await;
            let answer = answer.inspect_err(|error| println!("  report {n}: {error:#}"));
            answer.map(|answer| kept.lock().unwrap_or_else(PoisonError::into_inner).push(answer.body)).is_ok()
        }
    })
    .await;
    anyhow::ensure!(flown.done == reports, "{} reports were filed", flown.done);
    local.drained().await?;
    Ok(std::mem::take(&mut *filed.lock().unwrap_or_else(PoisonError::into_inner)))
}

async fn merge(desk: &Desk, local: &Local, parent: &str, members: Vec<String>) -> anyhow::Result<Flown> {
    let (desk, token) = (desk.clone(), member(local, Role::TownDispatcher, TOWN)?);
    let (many, members, parent) = (members.len(), Arc::new(members), parent.to_owned());
    let flown = fly(IN_FLIGHT, PATIENCE, many, move |n| {
        let (desk, token, parent, members) = (desk.clone(), token.clone(), parent.clone(), members.clone());
        async move {
            let body = json!({"requestId": format!("merge-{n}"), "into": parent});
            let answer = desk.post(&format!("/v1/{}:merge", members[n]), &token, &body).await;
            answer.inspect_err(|error| println!("  merge {n}: {error:#}")).is_ok()
        }
    })
    .await;
    anyhow::ensure!(flown.done == many, "{} of {many} were merged", flown.done);
    Ok(flown)
}

fn member(local: &Local, role: Role, unit: &str) -> anyhow::Result<String> {
    Ok(local.mint(&Actor { role, subject: format!("bench {role}"), unit: Some(unit.parse()?), head: false }))
}

/// Seconds until nothing is left to tell, and intake has heard all of it.
async fn told(local: &Local, parent: &str) -> anyhow::Result<f64> {
    let began = Instant::now();
    while order(local, parent).await?.head.members.is_some_and(|members| members.telling.is_some()) {
        anyhow::ensure!(began.elapsed() < PATIENCE, "the members are not told");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    local.drained().await?;
    Ok(began.elapsed().as_secs_f64())
}

async fn order(local: &Local, name: &str) -> anyhow::Result<WorkOrder> {
    let id: CaseId = name.trim_start_matches("workOrders/").parse()?;
    let book = local.book(dispatch::NAME)?;
    Ok(book.get::<WorkOrder>(&Scope::All, id).await?.state)
}

/// Bytes of the state as it is stored, and members counted.
async fn stored(local: &Local, name: &str) -> anyhow::Result<(usize, u32)> {
    let id: CaseId = name.trim_start_matches("workOrders/").parse()?;
    let row = local.book(dispatch::NAME)?.store().load(id).await?.context("no parent")?;
    Ok((row.state.len(), order(local, name).await?.head.members.unwrap_or_default().joined))
}
