//! Cases of every kind to ask about, each with the town's word in every text.

use super::orders::Stage;
use super::people::{People, Town, unit_of};
use civic::{Clock as _, Micros, Role, SystemClock};
use e2e::client::Client;
use e2e::until;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};

/// What an rpc is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Of {
    /// No particular case.
    Nothing,
    /// A place that the body names.
    Place,
    Order(Stage),
    Report,
    Warning,
    Emergency {
        taken_on: bool,
    },
    Care,
    Interview,
    Force,
    BuildingDay,
    /// Duties lie in no place.
    Duty(DutyStage),
    Selection(SelectionStage),
    Task,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum DutyStage {
    Proposed,
    Reviewed,
    Admitted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum SelectionStage {
    Opened,
    Nominated,
    Scored,
    Published,
}

/// A case, and what else a request about it has to name.
#[derive(Debug, Clone, Default)]
pub(super) struct Made {
    pub(super) name: String,
    pub(super) report: String,
    pub(super) number: String,
    /// An order of the same town under marked supervision, or a suggestion.
    pub(super) beside: String,
}

#[derive(Clone)]
pub(super) struct Maker {
    pub(super) people: People,
    /// By town: the order that others are merged into.
    pub(super) into: std::collections::BTreeMap<&'static str, String>,
    count: std::sync::Arc<AtomicU32>,
}

pub(super) fn in_days(days: i64) -> String {
    jiff::Timestamp::from_microsecond((SystemClock.now() + days * Micros::DAY).0).unwrap().to_string()
}

pub(super) fn day_in(days: i64) -> String {
    in_days(days)[..10].to_owned()
}

fn named(answer: &Value) -> Made {
    Made { name: answer["name"].as_str().unwrap().to_owned(), ..Made::default() }
}

impl Maker {
    pub(super) fn of(people: People) -> Self {
        Self { people, into: std::collections::BTreeMap::new(), count: std::sync::Arc::default() }
    }

    pub(super) fn next(&self) -> u32 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    /// Long enough to be one person's wherever it comes from.
    pub(super) fn request_id(&self) -> String {
        format!("matrix-request-{:010}", self.next())
    }

    /// A case that the holder has, or that lies in the town.
    pub(super) async fn make(&self, of: Of, town: &Town, holder: &str) -> Made {
        match of {
            Of::Nothing | Of::Place => Made::default(),
            Of::Order(stage) => self.order(stage, town, holder).await,
            Of::Report => self.report(town, holder).await,
            Of::Warning => self.warning(town).await,
            Of::Emergency { taken_on } => self.emergency(town, taken_on).await,
            Of::Care => named(&self.write(Role::TownDispatcher, town, "careEntries", care(town, town.cared)).await),
            Of::Interview => named(&self.write(Role::Supervisor, town, "interviews", interview(town, town.talk)).await),
            Of::Force => {
                let force = self.write(Role::TownDispatcher, town, "taskForces", force(town, holder, town.word)).await;
                let marked = self.order(Stage::Marked, town, holder).await;
                Made { beside: marked.name, ..named(&force) }
            }
            Of::BuildingDay => self.building_day(town).await,
            Of::Duty(stage) => self.duty(stage, town).await,
            Of::Selection(stage) => self.selection(stage, town, holder).await,
            Of::Task => self.task(town).await,
        }
    }

    pub(super) fn member(&self, role: Role, town: &Town) -> Client {
        self.people.member(role, &unit_of(role, town).unwrap())
    }

    async fn write(&self, role: Role, town: &Town, path: &str, mut body: Value) -> Value {
        body["requestId"] = self.request_id().into();
        self.member(role, town).write(&format!("v1/{path}"), &body).await
    }

    async fn warning(&self, town: &Town) -> Made {
        let body = json!({
            "kind": town.word, "text": town.word, "divisionCodes": [town.village], "expireTime": in_days(1),
        });
        let made = named(&self.write(Role::TownDispatcher, town, "warnings", body).await);
        let desk = self.member(Role::VillageDesk, town);
        let path = format!("v1/{}/places", made.name);
        until("the village is warned", || async {
            desk.get(&path).await.ok().filter(|seen| seen.json["places"].to_string().contains(town.village))
        })
        .await;
        made
    }

    async fn emergency(&self, town: &Town, taken_on: bool) -> Made {
        let alarm = json!({
            "requestId": self.request_id(), "kind": "HELP", "channel": "DEVICE", "channelNumber": self.request_id(),
            "categoryCode": "0417", "text": town.word, "location": {"divisionCode": town.village, "address": town.word},
        });
        let machine = self.member(Role::Integrator, town);
        let filed = machine.write("v1/reports", &alarm).await;
        let dispatcher = self.member(Role::TownDispatcher, town).after(&machine);
        let of_it = |seen: Value| {
            let all = seen["emergencies"].as_array().cloned().unwrap_or_default();
            all.into_iter().find(|emergency| emergency["workOrder"] == filed["workOrder"])
        };
        let found = until("the plan is started", || async {
            let answer = dispatcher.get("v1/emergencies?pageSize=200").await.ok()?;
            of_it(answer.json)
        })
        .await;
        let made = named(&found);
        if taken_on {
            let path = format!("{}/actions/look:acknowledge", made.name);
            self.write(Role::GridWorker, town, &path, json!({"note": town.word})).await;
            let path = format!("{}/actions/look:report", made.name);
            self.write(Role::GridWorker, town, &path, json!({"text": town.word})).await;
        }
        made
    }

    async fn building_day(&self, town: &Town) -> Made {
        let body = json!({"divisionCode": town.village, "units": [town.section(), town.other_section()]});
        let made = named(&self.write(Role::DistrictDispatcher, town, "buildingDays", body).await);
        let decided = json!({
            "text": town.word, "category": "0612", "unit": town.section(), "dueTime": in_days(2),
        });
        self.write(Role::DistrictDispatcher, town, &format!("{}:decide", made.name), decided).await;
        made
    }

    async fn duty(&self, stage: DutyStage, town: &Town) -> Made {
        let made = named(&self.write(Role::DistrictDispatcher, town, "duties", duty()).await);
        if stage != DutyStage::Proposed {
            let agrees = json!({"agrees": true, "reason": "可以"});
            self.write(Role::TownDispatcher, town, &format!("{}:review", made.name), agrees).await;
        }
        if stage == DutyStage::Admitted {
            self.write(Role::CityDispatcher, town, &format!("{}:admit", made.name), json!({})).await;
        }
        made
    }

    async fn selection(&self, stage: SelectionStage, town: &Town, holder: &str) -> Made {
        let suggestion = self.suggestion(town, holder).await;
        let quarter = self.next();
        let body = json!({
            "quarter": format!("{}Q{}", 2026 + quarter / 4, quarter % 4 + 1), "divisionCode": town.code,
            "panel": panel(town),
        });
        let mut made = named(&self.write(Role::TownDispatcher, town, "selections", body).await);
        made.beside = suggestion;
        if stage == SelectionStage::Opened {
            return made;
        }
        let path = |verb: &str| format!("{}:{verb}", made.name);
        // What is published is for everybody: its theme is no canary.
        let theme = if stage == SelectionStage::Published { "小区晾衣杆" } else { town.word };
        let idea = json!({"theme": theme, "reports": [made.beside]});
        self.write(Role::TownDispatcher, town, &path("nominate"), idea).await;
        if matches!(stage, SelectionStage::Scored | SelectionStage::Published) {
            for role in [Role::CityDispatcher, Role::DistrictDispatcher] {
                self.write(role, town, &path("score"), json!({"idea": 1, "points": 8})).await;
            }
        }
        if stage == SelectionStage::Published {
            self.write(Role::TownDispatcher, town, &path("publicise"), json!({})).await;
        }
        made
    }

    /// One that the holder knows of.
    async fn suggestion(&self, town: &Town, holder: &str) -> String {
        let more = [("kind", "SUGGESTION".into()), ("theme", town.word.into())];
        let (citizen, filed) = self.file(town, "0612", &more).await;
        let (name, order) = (filed["name"].as_str().unwrap().to_owned(), filed["workOrder"].as_str().unwrap());
        let dispatcher = self.member(Role::TownDispatcher, town).after(&citizen);
        if dispatcher.read(&format!("v1/{order}")).await["unit"] != holder {
            dispatcher.step(order, "assign", json!({"unit": holder})).await;
        }
        self.knows(holder, &name).await;
        name
    }

    /// Waits until a report knows the unit that has it.
    pub(super) async fn knows(&self, holder: &str, report: &str) {
        let unit = self.people.member(Role::DepartmentHandler, holder);
        let path = format!("v1/{report}");
        until("the report knows its unit", || async { unit.get(&path).await.ok().filter(|seen| seen.status == 200) })
            .await;
    }

    /// The roster is the same each time, so that its lists stay.
    pub(super) async fn roster(&self, town: &Town) {
        self.write(Role::TownDispatcher, town, "rosters:load", roster(town)).await;
        let dispatcher = self.member(Role::TownDispatcher, town);
        let path = format!("v1/tasks?post={}/p1", town.code);
        until("the lists of the day are made", || async {
            dispatcher.get(&path).await.ok().filter(|seen| seen.json["tasks"].is_array())
        })
        .await;
    }

    async fn task(&self, town: &Town) -> Made {
        let body = json!({"post": format!("{}/p1", town.code), "text": town.word});
        named(&self.write(Role::TownDispatcher, town, "tasks:assign", body).await)
    }
}

/// Two who make cases, and the supervisor of a town who is asked about.
fn panel(town: &Town) -> [String; 3] {
    let maker = |role: Role| format!("maker-{role}-{}", unit_of(role, town).unwrap());
    [
        maker(Role::CityDispatcher),
        maker(Role::DistrictDispatcher),
        format!("{}-{}", Role::Supervisor, unit_of(Role::Supervisor, town).unwrap()),
    ]
}

pub(super) fn roster(town: &Town) -> Value {
    let team = town.grid_team();
    json!({"divisionCode": town.code, "posts": format!("post,unit,worker\np1,{team},grid-worker-{team}\n")})
}

pub(super) fn care(town: &Town, word: &str) -> Value {
    json!({
        "purpose": "living-alone", "basis": word, "consent": true, "divisionCode": town.village, "endDate": day_in(60),
        "person": {"name": word, "phone": "13955559999", "address": word, "remark": word},
    })
}

pub(super) fn interview(town: &Town, word: &str) -> Value {
    json!({
        "kind": "INTERVIEW", "party": format!("某{word}"), "divisionCode": town.village, "text": word,
        "followUp": word, "dueTime": in_days(2),
    })
}

pub(super) fn force(town: &Town, lead: &str, word: &str) -> Value {
    json!({
        "title": word, "purpose": word, "divisionCode": town.village, "lead": lead,
        "units": [town.other_section()], "endDate": day_in(30),
        "milestones": [{"title": word, "dueTime": in_days(3)}],
    })
}

pub(super) fn duty() -> Value {
    json!({
        "duty": {
            "category": "0101", "tier": "town", "unit": "town/zhifa", "coHandling": ["district/gongan"],
            "urgency": "LEVEL_TWO",
        },
        "from": day_in(40), "reason": "执法力量已下沉",
    })
}
