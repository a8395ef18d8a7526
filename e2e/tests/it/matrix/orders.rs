//! Work orders and reports in the state that a verb leads from.

use super::cases::{Made, Maker, in_days};
use super::people::{People, Town};
use civic::Role;
use e2e::client::Client;
use e2e::matters::{LIGHTS, PAY};
use serde_json::{Value, json};

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    Assigned,
    Returned,
    Accepted,
    InProgress,
    Waiting,
    /// A suspension is asked for.
    Asked,
    Suspended,
    Resolved,
    /// With a reply that waits for approval.
    ReplyPending,
    Verified,
    Closed,
    ExclusionAsked,
    /// Another unit leads; the holder was called to a part.
    Called,
    /// The holder leads; another unit was called to a part.
    Leads,
    /// Of the district.
    Escalated,
    Supervised,
    SupervisionReplied,
    /// Under marked supervision.
    Marked,
    /// Everything that can be said about an order was said about it.
    Full,
}

/// The people of one order, who read what any of them has written.
struct Crew {
    citizen: Client,
    unit: Client,
    other: Client,
    town: Client,
    supervisor: Client,
    order: String,
    word: &'static str,
    inside: &'static str,
}

impl Maker {
    /// A report as somebody without a token files it, with a canary in each field.
    pub(super) async fn file(&self, town: &Town, category: &str, more: &[(&str, Value)]) -> (Client, Value) {
        let citizen = self.people.somebody(None);
        let mut body = self.told(town, category);
        for (field, value) in more {
            body[*field] = value.clone();
        }
        let filed = citizen.write("v1/reports", &body).await;
        (citizen, filed)
    }

    fn told(&self, town: &Town, category: &str) -> Value {
        json!({
            "requestId": self.request_id(), "kind": "HELP", "channel": "CITIZEN_WEB", "categoryCode": category,
            "text": format!("{}：路灯不亮，编号 {}", town.word, self.next()),
            "location": {"divisionCode": town.village, "address": format!("{}路八号", town.word)},
            "reporter": {"name": town.name, "phone": town.phone},
        })
    }

    /// The same told to the town's machine, which sends it: its own, as the table has it.
    async fn sent(&self, town: &Town, category: &str) -> (Client, Value) {
        let machine = self.people.somebody(Some(&People::actor(Role::Integrator, town, "")));
        let mut body = self.told(town, category);
        body["channel"] = "HOTLINE_12345".into();
        body["channelNumber"] = self.request_id().into();
        let filed = machine.write("v1/reports", &body).await;
        (self.people.somebody(None).after(&machine), filed)
    }

    /// Filed, and given to the holder. The report knows of its unit, too.
    pub(super) async fn report(&self, town: &Town, holder: &str) -> Made {
        let mut made = self.order(Stage::Assigned, town, holder).await;
        made.name = made.report.clone();
        self.knows(holder, &made.report).await;
        made
    }

    pub(super) async fn order(&self, stage: Stage, town: &Town, holder: &str) -> Made {
        let other = town.other_section();
        let (lead, called) = if stage == Stage::Called { (other.as_str(), holder) } else { (holder, other.as_str()) };
        let category = if stage == Stage::ReplyPending { PAY } else { LIGHTS };
        let (citizen, filed) = self.sent(town, category).await;
        let text = |field: &str| filed[field].as_str().unwrap().to_owned();
        let crew = Crew {
            unit: self.people.member(Role::DepartmentHandler, lead).after(&citizen),
            other: self.people.member(Role::DepartmentHandler, &other).after(&citizen),
            town: self.people.member(Role::TownDispatcher, town.code).after(&citizen),
            supervisor: self.people.member(Role::Supervisor, town.code).after(&citizen),
            citizen,
            order: text("workOrder"),
            word: town.word,
            inside: town.inside,
        };
        let seen = crew.town.read(&format!("v1/{}", crew.order)).await;
        if seen["unit"] != lead {
            crew.town.step(&crew.order, "assign", json!({"unit": lead, "note": crew.inside})).await;
        }
        crew.lead_to(stage, called).await;
        if stage == Stage::Full {
            crew.rate(&filed, town).await;
        }
        Made {
            name: crew.order.clone(),
            report: text("name"),
            number: text("trackingNumber"),
            beside: self.into.get(town.code).cloned().unwrap_or_default(),
        }
    }
}

impl Crew {
    async fn unit(&self, verb: &str, more: Value) {
        self.unit.step(&self.order, verb, more).await;
    }

    async fn town(&self, verb: &str, more: Value) {
        self.town.step(&self.order, verb, more).await;
    }

    async fn supervise(&self, marked: bool) {
        let notice = json!({
            "text": self.inside, "marked": marked, "limit": {"amount": "2", "unit": "workingDay"}, "note": self.inside,
        });
        self.supervisor.step(&self.order, "supervise", notice).await;
    }

    /// From ASSIGNED on.
    async fn lead_to(&self, stage: Stage, called: &str) {
        let word = json!({"reason": self.inside, "note": self.inside});
        match stage {
            Stage::Assigned => {}
            Stage::Returned => self.unit("return", word).await,
            Stage::Escalated => self.town("escalate", word).await,
            Stage::Supervised => self.supervise(false).await,
            Stage::Marked => self.supervise(true).await,
            Stage::SupervisionReplied => {
                self.supervise(false).await;
                self.unit("replySupervision", json!({"text": self.inside})).await;
            }
            Stage::Accepted
            | Stage::InProgress
            | Stage::Waiting
            | Stage::Asked
            | Stage::Suspended
            | Stage::Resolved
            | Stage::ReplyPending
            | Stage::Verified
            | Stage::Closed
            | Stage::ExclusionAsked
            | Stage::Called
            | Stage::Leads
            | Stage::Full => {
                self.unit("accept", json!({"note": self.inside})).await;
                self.work(stage, called).await;
            }
        }
    }

    /// From ACCEPTED on.
    async fn work(&self, stage: Stage, called: &str) {
        let word = json!({"reason": self.inside, "note": self.inside});
        match stage {
            Stage::Called | Stage::Leads => {
                self.unit("coHandle", json!({"units": [called], "note": self.inside})).await
            }
            Stage::InProgress => self.unit("start", json!({})).await,
            Stage::Waiting => {
                self.unit("start", json!({})).await;
                self.unit("waitForCitizen", word).await;
            }
            Stage::Asked => self.suspend(false).await,
            Stage::Suspended => self.suspend(true).await,
            Stage::Resolved | Stage::ReplyPending => self.resolve().await,
            Stage::Verified => self.verify().await,
            Stage::Closed => {
                self.verify().await;
                self.town("close", json!({"note": self.inside})).await;
            }
            Stage::ExclusionAsked => {
                self.verify().await;
                self.exclude().await;
            }
            Stage::Full => self.say_everything(called).await,
            Stage::Accepted
            | Stage::Assigned
            | Stage::Returned
            | Stage::Escalated
            | Stage::Supervised
            | Stage::SupervisionReplied
            | Stage::Marked => {}
        }
    }

    async fn suspend(&self, granted: bool) {
        let until = in_days(3);
        self.unit("requestSuspension", json!({"until": until, "reason": self.inside, "note": self.inside})).await;
        if granted {
            self.town("approve", json!({"note": self.inside})).await;
        }
    }

    async fn resolve(&self) {
        self.unit("resolve", json!({"result": self.inside, "reply": self.word, "note": self.inside})).await;
    }

    async fn verify(&self) {
        self.resolve().await;
        let word = json!({"reached": true, "answered": true, "solved": true, "satisfied": true, "note": self.inside});
        self.town("verify", word).await;
    }

    async fn exclude(&self) {
        self.unit("requestExclusion", json!({"ground": "OUTSIDE_COMPETENCE", "reason": self.inside})).await;
    }

    async fn say_everything(&self, called: &str) {
        let word = json!({"reason": self.inside, "note": self.inside});
        self.unit("start", json!({"note": self.inside})).await;
        self.unit("waitForCitizen", word.clone()).await;
        self.unit("citizenAnswered", json!({"note": self.inside})).await;
        self.suspend(false).await;
        self.town("decline", word).await;
        self.supervise(false).await;
        self.unit("replySupervision", json!({"text": self.inside})).await;
        self.supervisor.step(&self.order, "reviewSupervision", json!({"satisfied": true, "text": self.inside})).await;
        self.unit("coHandle", json!({"units": [called], "note": self.inside})).await;
        let part = format!("{}/parts/1", self.order);
        self.other.step(&part, "answerPart", json!({"answer": self.inside})).await;
        self.resolve().await;
    }

    /// The last word, and what the unit says to it.
    async fn rate(&self, filed: &Value, town: &Town) {
        let body = json!({
            "requestId": format!("rate {}", self.order), "trackingNumber": filed["trackingNumber"],
            "phoneLast4": town.last_four(), "answered": true, "solved": true, "satisfied": true, "comment": self.word,
        });
        self.citizen.write("v1/reports:rate", &body).await;
        self.exclude().await;
    }
}
