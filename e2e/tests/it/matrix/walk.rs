//! The walk through the cells.

use super::asked::{Said, over_grpc, over_http, over_sse};
use super::cases::{Made, Of};
use super::cluster::{Running, World, contains};
use super::examples::{At, Example, LET_THROUGH, example};
use super::people::{HERE, People, THERE, Town, forbidden, holder, role};
use super::rpcs::Rpc;
use super::table::{Key, Relation, Table, columns};
use civic::{Actor, Role};
use futures_util::StreamExt as _;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{Mutex, OnceCell};

/// Rows that are walked at once.
const ROWS_AT_ONCE: usize = 24;

/// Cases for reading, made once.
type Shared = Mutex<HashMap<(Of, String), Arc<OnceCell<Made>>>>;

impl Running {
    /// Streams first: they hear of everything that is done later.
    pub(super) async fn walk(&mut self, rows: Vec<(Rpc, Relation)>) -> Table {
        let (streams, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(rpc, _)| rpc.streams);
        let (world, shared) = (&self.world, Shared::default());
        let mut table = Table::default();
        for rows in [streams, others] {
            let walked = rows.into_iter().map(|(rpc, relation)| row(world, &shared, rpc, relation));
            let mut walked = futures_util::stream::iter(walked).buffer_unordered(ROWS_AT_ONCE);
            while let Some((key, cells)) = walked.next().await {
                table.0.insert(key, (cells, String::new()));
            }
        }
        table
    }
}

/// The cells of one row, caller by caller.
async fn row(world: &World, shared: &Shared, rpc: Rpc, relation: Relation) -> (Key, Vec<String>) {
    let example = example(rpc.short()).expect("rows are of rpcs with an example");
    let mut fresh = HashMap::new();
    let mut cells = Vec::new();
    for column in columns() {
        let role = role(column);
        let holder = if relation == Relation::Foreign { HERE.section() } else { holder(role, &HERE) };
        let key = (example.of, if depends_on_holder(example.of) { holder.clone() } else { String::new() });
        let made = match fresh.remove(&key) {
            Some(made) => made,
            None if rpc.reads => shared_case(world, shared, &key, &holder).await,
            None => world.maker.make(example.of, &HERE, &holder).await,
        };
        let said = cell(world, &rpc, &example, relation, (role, &made, &holder)).await;
        // What was done has used the case up.
        if said.status != 200 {
            fresh.insert(key, made);
        }
        cells.push(value(&rpc, &said));
    }
    ((rpc.name.clone(), relation.as_str().to_owned()), cells)
}

const fn depends_on_holder(of: Of) -> bool {
    matches!(of, Of::Order(_) | Of::Report | Of::Force | Of::Selection(_))
}

async fn shared_case(world: &World, shared: &Shared, key: &(Of, String), holder: &str) -> Made {
    let made = Arc::clone(shared.lock().await.entry(key.clone()).or_default());
    made.get_or_init(|| world.maker.make(key.0, &HERE, holder)).await.clone()
}

async fn cell(
    world: &World,
    rpc: &Rpc,
    example: &Example,
    relation: Relation,
    (role, made, holder): (Option<Role>, &Made, &str),
) -> Said {
    let caller = if relation == Relation::Foreign { &THERE } else { &HERE };
    let report = match relation {
        Relation::Foreign => &world.reports.1,
        Relation::Own | Relation::None if made.report.is_empty() => &world.reports.0,
        Relation::Own | Relation::None => &made.report,
    };
    let actor = role.map(|role| People::actor(role, caller, report));
    let known = &world.maker.into[caller.code];
    let at = At { town: &HERE, caller, role, made, known, holder, number: world.maker.next() };
    let said = ask(world, rpc, (example.body)(&at), (role, actor.as_ref(), caller), made).await;
    // Who shows the secret hears what the reporter hears.
    let by_secret = rpc.short() == "Reports/TrackReport" || rpc.short() == "Reports/RateReport";
    let hears = if by_secret { Some(Role::Citizen) } else { role };
    // Who may asks for the reporter of this town's report.
    let asked_for = rpc.short() == "Reports/UnmaskReporter" && meets(role, relation);
    let shown = |word: &str| asked_for && [HERE.name, HERE.phone].contains(&word);
    for word in words(world, hears, caller) {
        if !shown(&word) && contains(&said.bytes, &word) {
            let column = role.map_or("nobody", Role::as_str);
            world.leak(format!("{} {} {column}: the answer ({}) has {word}", rpc.name, relation.as_str(), said.status));
        }
    }
    let column = role.map_or("nobody", Role::as_str);
    let headers = withheld(&said.bytes);
    let headers = headers.iter().map(|header| header.as_bytes());
    let whole = Some(&*said.bytes).filter(|_| has_header_only(role) && ABOUT_ONE.contains(&rpc.short()));
    for header in headers.chain(whole) {
        if let Some(word) = HERE.words().into_iter().find(|word| contains(header, word)) {
            world.leak(format!("{} {} {column}: {word} is in no header", rpc.name, relation.as_str()));
        }
    }
    world.note_seen(&said.bytes);
    said
}

/// Matters in an answer that are shown by their headers.
fn withheld(bytes: &[u8]) -> Vec<String> {
    // Headers stand before the body, in braces of their own.
    let body = bytes.windows(2).position(|pair| pair == b"}{").map_or(bytes, |end| &bytes[end + 1..]);
    let Ok(answer) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
    let listed = ["reports", "workOrders"].into_iter().filter_map(|list| answer[list].as_array()).flatten();
    let matters = listed.chain([&answer]).filter(|matter| matter["contentWithheld"] == true);
    matters.map(Value::to_string).collect()
}

/// What these are asked about is over, or nothing has brought it to a tier above the town.
const ABOUT_ONE: [&str; 5] = [
    "Reports/GetReport",
    "Reports/GetReportTimeline",
    "Reports/UnmaskReporter",
    "WorkOrders/GetWorkOrder",
    "WorkOrders/GetWorkOrderTimeline",
];

/// domain.md 1 and 10: city and district know a town's matter by its header.
fn has_header_only(role: Option<Role>) -> bool {
    matches!(role, Some(Role::DistrictDispatcher | Role::CityDispatcher))
}

/// Is told who reported, with a purpose and a reason (domain.md 11.10).
fn meets(role: Option<Role>, relation: Relation) -> bool {
    let near = [Role::TownDispatcher, Role::Supervisor, Role::Integrator];
    role.is_some_and(|role| relation == Relation::Own && near.contains(&role))
}

/// What no answer to this caller may have.
fn words(world: &World, role: Option<Role>, caller: &Town) -> Vec<String> {
    let mut words: Vec<String> = forbidden(role, caller).into_iter().map(str::to_owned).collect();
    if caller.code == HERE.code && role != Some(Role::CityDispatcher) {
        words.extend(world.twin.iter().cloned());
    }
    words
}

async fn ask(
    world: &World,
    rpc: &Rpc,
    body: Value,
    (role, actor, caller): (Option<Role>, Option<&Actor>, &Town),
    made: &Made,
) -> Said {
    if rpc.http.is_none() {
        return over_grpc(&world.grpc, &world.people, actor, rpc).await;
    }
    let client = world.people.somebody(actor);
    if rpc.streams {
        let heard = super::asked::Heard::default();
        let column = role.map_or("nobody", Role::as_str).to_owned();
        world.streams.lock().unwrap().push((column, words(world, role, caller), heard.clone()));
        return over_sse(&client, rpc, heard, &world.readers).await;
    }
    let Value::Object(mut fields) = body else { panic!("an example is an object") };
    if rpc.asks_for("name") && !fields.contains_key("name") {
        fields.insert("name".to_owned(), made.name.clone().into());
    }
    if rpc.asks_for("requestId") {
        fields.insert("requestId".to_owned(), world.maker.request_id().into());
    }
    over_http(&client, rpc, fields).await
}

/// What stands in the table. A request that is wrong, or refused for a state, does not tell who may.
fn value(rpc: &Rpc, said: &Said) -> String {
    let let_through = LET_THROUGH.iter().any(|(name, _)| *name == rpc.short());
    match said.status {
        200 => "yes".to_owned(),
        400 | 409 | 422 if let_through => "yes".to_owned(),
        401 | 403 | 404 => said.status.to_string(),
        status => format!("{status} {}", said.reason),
    }
}

impl World {
    fn leak(&self, what: String) {
        self.leaks.lock().unwrap().push(what);
    }

    /// A canary that nobody ever sees proves nothing.
    fn note_seen(&self, bytes: &[u8]) {
        let seen = HERE.words().into_iter().filter(|word| contains(bytes, word));
        self.seen.lock().unwrap().extend(seen);
    }
}
