//! One look at a time over HTTP: an order, its clock, a report, and each filter that lists permit, first and twentieth page of ten.
//! Both sizes are served at once and asked in turn, so that whatever the machine does meanwhile happens to both.

use crate::{
    disk,
    figures::{Asked, Sheet, median},
    local::{HttpClient, Local, get_json, http},
    seed::{
        Seeded,
        plan::{CATEGORY, DISTRICT, TOWN, UNIT, VILLAGE},
    },
};
use anyhow::Context;
use civic::{Actor, CaseId, Role};
use jiewang::cluster::{Rooms, folder};
use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};
use sqlx::Row as _;
use std::{path::Path, time::Instant};

/// How much slower a look may be at the larger size.
const RATIO: f64 = 1.3;
const PAGE: usize = 10;
const TWENTIETH: usize = 20;
/// Looks before those that count.
const WARM: usize = 30;

fn filters() -> Vec<String> {
    let places = [DISTRICT, TOWN, VILLAGE].map(|code| format!("divisionCode={code}"));
    let orders = ["", "state=ASSIGNED", "state=CLOSED", "lamp=YELLOW", "lamp=RED"].map(str::to_owned).into_iter();
    let orders = orders.chain([format!("unit={UNIT}"), format!("category={CATEGORY}")]);
    let orders = orders.chain((1..=4).map(|n| format!("urgency=LEVEL_{}", ["ONE", "TWO", "THREE", "FOUR"][n - 1])));
    let reports = ["", "state=FILED", "state=WITH_UNIT", "state=DONE", "needsPerson=true"].map(str::to_owned);
    let of = |collection: &'static str| move |filter: String| format!("{collection}?pageSize={PAGE}&{filter}");
    let orders = orders.chain(places.clone()).map(of("workOrders"));
    orders.chain(reports.into_iter().chain(places).map(of("reports"))).collect()
}

/// A served folder and somebody who may look at everything.
struct Window {
    local: Local,
    client: HttpClient,
    token: String,
    ids: Vec<CaseId>,
}

/// `samples` looks of each kind at each size; with one size only the times are told.
pub async fn run(sheet: &mut Sheet, seeded: &[Seeded], samples: usize) -> anyhow::Result<()> {
    let mut windows = Vec::new();
    for seeded in seeded {
        windows.push(Window::open(&seeded.folder, samples).await?);
    }
    for (name, path) in
        [("get an order", "workOrders/{}"), ("its clock", "workOrders/{}/clock"), ("get a report", "reports/{}")]
    {
        let times = measure(&windows, samples, |window, n| Ok(path.replace("{}", &window.ids[n].to_string()))).await?;
        report(sheet, name, &times);
    }
    for filter in filters() {
        let name = filter.replace(&format!("pageSize={PAGE}&"), "");
        let times = measure(&windows, samples, |_, _| Ok(filter.clone())).await?;
        report(sheet, &format!("{name}, first page"), &times);
        let mut last = Vec::new();
        for window in &windows {
            last.push(window.twentieth(&filter).await.with_context(|| name.clone())?);
        }
        let at = |window: &Window| windows.iter().position(|w| std::ptr::eq(w, window)).unwrap_or(0);
        let times = measure(&windows, samples, |window, _| Ok(last[at(window)].clone())).await?;
        report(sheet, &format!("{name}, page {TWENTIETH}"), &times);
    }
    for window in windows {
        window.local.stop().await?;
    }
    Ok(())
}

/// Medians in microseconds, by window.
async fn measure(
    windows: &[Window],
    samples: usize,
    path: impl Fn(&Window, usize) -> anyhow::Result<String>,
) -> anyhow::Result<Vec<f64>> {
    let mut times = vec![Vec::with_capacity(samples); windows.len()];
    for n in 0..WARM + samples {
        for (window, times) in windows.iter().zip(&mut times) {
            let path = path(window, n % window.ids.len())?;
            let began = Instant::now();
            let answer = get_json(&window.client, &window.url(&path), &window.token).await?;
            let micros = began.elapsed().as_secs_f64() * 1e6;
            anyhow::ensure!(answer.status == 200, "{path}: {} {}", answer.status, answer.body);
            if n >= WARM {
                times.push(micros);
            }
        }
    }
    Ok(times.iter().map(|times| median(times)).collect())
}

fn report(sheet: &mut Sheet, name: &str, times: &[f64]) {
    match times {
        [small, .., large] => {
            sheet.row(format!("{name} ({small:.0} then {large:.0} µs)"), large / small, "", Asked::AtMost(RATIO));
        }
        [one] => sheet.row(name, *one, "µs", Asked::Nothing),
        [] => {}
    }
}

impl Window {
    async fn open(folder: &Path, samples: usize) -> anyhow::Result<Self> {
        let ids = some_ids(folder, samples).await?;
        let local = Local::start(folder, Rooms::ALL).await?;
        local.settled().await?;
        let actor =
            Actor { role: Role::CityDispatcher, subject: "bench".into(), unit: Some("50".parse()?), head: false };
        Ok(Self { token: local.mint(&actor), local, client: http(), ids })
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/v1/{path}", self.local.http)
    }

    /// The path of the twentieth page, reached by nineteen others. That it is full shows the two hundred matches.
    async fn twentieth(&self, path: &str) -> anyhow::Result<String> {
        let mut page = path.to_owned();
        for _ in 1..TWENTIETH {
            let answer = get_json(&self.client, &self.url(&page), &self.token).await?;
            let token = answer.body["nextPageToken"].as_str().filter(|token| !token.is_empty());
            page = format!("{path}&pageToken={}", token.context("the seed has too few matches")?);
        }
        let answer = get_json(&self.client, &self.url(&page), &self.token).await?;
        let list = answer.body.as_object().and_then(|body| body.values().find_map(|value| value.as_array()));
        anyhow::ensure!(list.is_some_and(|list| list.len() == PAGE), "page {TWENTIETH} is not full");
        Ok(page)
    }
}

/// Ids spread evenly over all cases, open and closed.
async fn some_ids(folder_path: &Path, count: usize) -> anyhow::Result<Vec<CaseId>> {
    let mut connection = disk::open(&folder::database(folder_path, dispatch::NAME)).await?;
    let ends = sqlx::query("SELECT min(id), max(id) FROM cases").fetch_one(&mut connection).await?;
    let number = |column| anyhow::Ok(u128::from_be_bytes(ends.try_get::<Vec<u8>, _>(column)?[..].try_into()?));
    let (from, to): (u128, u128) = (number(0)?, number(1)?);
    let mut rng = SmallRng::seed_from_u64(crate::seed::SEED);
    let mut ids = Vec::with_capacity(count);
    while ids.len() < count {
        let at = rng.random_range(from..=to).to_be_bytes().to_vec();
        let found = sqlx::query("SELECT id FROM cases WHERE id >= ? ORDER BY id LIMIT 1").bind(at);
        let id: Vec<u8> = found.fetch_one(&mut connection).await?.try_get(0)?;
        ids.push(CaseId::from_bytes(id[..].try_into()?));
    }
    Ok(ids)
}
