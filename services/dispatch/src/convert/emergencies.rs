//! Emergencies and plans as callers ask for them and see them.

use casebook::{Case as _, Filter, Found};
use civic::{CaseId, Micros};
use prost::Message as _;
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::stored::EmergencyEvent;
use proto::dispatch::v1::stored::emergency_event::Event as Body;
use proto::types::v1::{Category, TimelineEntry};

use super::answer::Answers;
use super::listing::{place, size};
use super::reader::Reader;
use super::timeline::Language;
use super::verb::verbs;
use super::{order_name, timestamp};
use crate::app::arranging::Loading;
use crate::app::{Desk, Listing};
use crate::catalog::plans::{PLANS, STEPS, fault_of};
use crate::catalog::{Plan, Plans};
use crate::domain::arrangement::Version;
use crate::domain::emergency::{Action, Emergency, Party, Phase, Standing, Step};
use crate::error::Error;

/// Bytes of a file of plans: every replica holds them, and every load writes them.
const LARGEST_FILE: usize = 512 * 1024;

/// The id in `emergencies/<id>`.
///
/// # Errors
/// Not found.
pub fn emergency_id(name: &str) -> Result<CaseId, Error> {
    name.strip_prefix("emergencies/").and_then(|id| id.parse().ok()).ok_or(Error::NOT_FOUND)
}

verbs! {
    Step<String>;
    AcknowledgeActionRequest as "AcknowledgeAction": |asked, _reader| Some(Step::Acknowledge { action: asked.action });
    ReportActionRequest as "ReportAction": |asked, reader| Some(Step::Report {
        text: reader.text("text", asked.text, "TEXT_MISSING"),
        action: asked.action,
    });
    FinishActionRequest as "FinishAction": |asked, reader| Some(Step::Done {
        result: reader.text("result", asked.result, "RESULT_MISSING"),
        action: asked.action,
    });
    CallActionRequest as "CallAction": |asked, reader| {
        let action = asked.action;
        let called = reader.unit("unit", &asked.unit);
        called.map(|called| Step::Call { action, unit: called.unit, unit_name: called.name })
    };
    EndEmergencyRequest as "EndEmergency": |asked, reader| Some(Step::End {
        result: reader.text("result", asked.result, "RESULT_MISSING"),
    });
}

/// Filter and page of a list.
///
/// # Errors
/// Every field at fault.
pub fn listing(request: pb::ListEmergenciesRequest, desk: &Desk) -> Result<Listing, Error> {
    let mut reader = Reader::new(desk);
    if pb::emergency::State::try_from(request.state).is_err() {
        reader.fault("state", "STATE_UNKNOWN", "not a value of this field");
    }
    let filter = Filter {
        place: place(&request.division_code, desk, &mut reader),
        state: (request.state != 0).then_some(i64::from(request.state)),
        ..Filter::default()
    };
    let size = size(request.page_size, &mut reader);
    reader.finish(Some(Listing { filter, size, token: request.page_token }))
}

/// A set of plans, if it is one, checked against the duty list in force and today's places.
///
/// # Errors
/// Every field at fault; of the files the first one and its line.
pub fn plans_loading(mut request: pb::LoadEmergencyPlansRequest, desk: &Desk) -> Result<Loading, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    super::arrangements::version(&mut reader, &request.version);
    let note = reader.optional_text("note", request.note).unwrap_or_default();
    let files = [("plans", &request.plans), ("steps", &request.steps)];
    if let Some((field, _)) = files.into_iter().find(|(_, text)| text.len() > LARGEST_FILE) {
        reader.fault(field, "PLANS_TOO_LARGE", "a file of plans has at most 512 KiB");
    } else if let Err(error) = Plans::parse(&request.version, &request.plans, &request.steps)
        .and_then(|plans| plans.check(&desk.catalog, &desk.view))
    {
        let (field, reason) = fault_of(&error);
        reader.fault(field, reason, &error.to_string());
    }
    let files = vec![(STEPS.to_owned(), request.steps), (PLANS.to_owned(), request.plans)];
    let request_key = Some((request_id, body));
    reader.finish(Some(Loading { request: request_key, name: request.version, files, note }))
}

/// Its files are not told again.
#[must_use]
pub fn plans(version: &Version, desk: &Desk) -> pb::EmergencyPlans {
    let count = desk.plans.iter().count();
    pb::EmergencyPlans {
        version: version.name.clone(),
        plans: i32::try_from(count).unwrap_or(i32::MAX),
        load_time: Some(timestamp(version.at)),
        loaded_by: version.by.clone(),
        note: version.note.clone(),
    }
}

/// A plan in force.
#[must_use]
pub fn plan(plan: &Plan, version: &str) -> pb::EmergencyPlan {
    let step = |step: &crate::catalog::PlanStep| pb::EmergencyPlanStep {
        step: step.step.clone(),
        after: step.after.clone(),
        chain: step.chain.iter().map(ToString::to_string).collect(),
        minutes: i32::try_from(step.minutes).unwrap_or(i32::MAX),
        text: step.text.clone(),
    };
    pb::EmergencyPlan {
        name: format!("emergencyPlans/{}", plan.code),
        display_name: plan.name.clone(),
        version: version.to_owned(),
        categories: plan.categories.clone(),
        division_code: plan.place.as_ref().map(ToString::to_string).unwrap_or_default(),
        text: plan.text.clone(),
        steps: plan.steps.iter().map(step).collect(),
    }
}

impl Answers<'_> {
    /// The emergency, all of it: whoever is called must know who else is.
    ///
    /// # Errors
    /// Sealed text that cannot be opened.
    pub fn emergency(&self, found: &Found<Emergency>) -> Result<pb::Emergency, Error> {
        let Found { id, version, state: Emergency { head, actions, phase } } = found;
        let (end, result) = match phase {
            Phase::Running => (None, String::new()),
            Phase::Ended(ended) => (Some(timestamp(ended.at)), self.app.open(*id, &ended.result)?),
        };
        let category =
            Category { code: head.category.clone(), display_name: head.category_name.clone(), ..Category::default() };
        Ok(pb::Emergency {
            name: format!("emergencies/{id}"),
            etag: version.to_string(),
            state: found.state.number(),
            work_order: order_name(head.work_order),
            plan: format!("emergencyPlans/{}", head.plan),
            plan_version: head.plan_version.clone(),
            plan_name: head.plan_name.clone(),
            category: Some(category),
            division_code: head.place.code.to_string(),
            division_name: self.desk.view.full_name(&head.place.code).unwrap_or_default(),
            alarm: head.alarm,
            centre: head.centre.to_string(),
            actions: actions.iter().map(|action| self.action(*id, action)).collect::<Result<_, _>>()?,
            create_time: Some(timestamp(head.opened)),
            update_time: Some(timestamp(head.updated)),
            end_time: end,
            result,
        })
    }

    fn action(&self, id: CaseId, action: &Action) -> Result<pb::EmergencyAction, Error> {
        let party = |(index, party): (usize, &Party)| pb::EmergencyParty {
            unit: party.unit.to_string(),
            unit_name: party.unit_name.clone(),
            role: party.role.map(|role| role.to_string()).unwrap_or_default(),
            call_time: action.calls.iter().find(|call| call.party == index).map(|call| timestamp(call.at)),
        };
        let (unit, acknowledged, done, result) = match &action.standing {
            Standing::Waiting | Standing::Called | Standing::Unanswered => (None, None, None, None),
            Standing::Acknowledged { unit, at } => (Some(unit), Some(*at), None, None),
            Standing::Done { unit, acknowledged, at, result } => {
                (Some(unit), Some(*acknowledged), Some(*at), Some(result))
            }
        };
        let named = action.chain.iter().find(|party| Some(&party.unit) == unit);
        Ok(pb::EmergencyAction {
            action: action.name.clone(),
            text: action.text.clone(),
            state: action.state().number(),
            after: action.after.clone(),
            chain: action.chain.iter().enumerate().map(party).collect(),
            due_time: action.due().map(timestamp),
            unit: unit.map(ToString::to_string).unwrap_or_default(),
            unit_name: named.map(|party| party.unit_name.clone()).unwrap_or_default(),
            acknowledge_time: acknowledged.map(timestamp),
            done_time: done.map(timestamp),
            report: self.opened(id, action.report.as_ref())?,
            result: self.opened(id, result)?,
        })
    }

    fn opened(&self, id: CaseId, sealed: Option<&civic::Private<String>>) -> Result<String, Error> {
        sealed.map_or_else(|| Ok(String::new()), |sealed| self.app.open(id, sealed))
    }

    /// One line of its history.
    ///
    /// # Errors
    /// Sealed text that cannot be opened.
    pub fn emergency_entry(
        &self,
        id: CaseId,
        (version, event): &(i64, EmergencyEvent),
        language: Language,
    ) -> Result<TimelineEntry, Error> {
        let (role, unit) = event.by.split_once('@').unwrap_or((&event.by, ""));
        let own = match &event.event {
            Some(Body::Reported(body)) => &body.text,
            Some(Body::Done(body)) => &body.result,
            Some(Body::Ended(body)) => &body.result,
            Some(Body::Opened(_) | Body::Acknowledged(_) | Body::Added(_) | Body::Late(_)) | None => &event.note,
        };
        Ok(TimelineEntry {
            version: *version,
            time: Some(timestamp(Micros(event.at_us))),
            r#type: Emergency::event_type(event).to_owned(),
            actor_role: role.to_owned(),
            actor_unit: unit.to_owned(),
            reason: self.app.open(id, &civic::Private::from_sealed(own.to_vec()))?,
            text: words(event, language),
        })
    }
}

/// What happened, whom it calls, and what nobody has taken on.
fn words(event: &EmergencyEvent, language: Language) -> String {
    let (happened, action) = match &event.event {
        Some(Body::Opened(_)) => (language.choose("启动预案", "plan started"), ""),
        Some(Body::Acknowledged(body)) => (language.choose("已响应", "acknowledged"), body.action.as_str()),
        Some(Body::Reported(body)) => (language.choose("报告进展", "progress"), body.action.as_str()),
        Some(Body::Done(body)) => (language.choose("已完成", "done"), body.action.as_str()),
        Some(Body::Added(body)) => (language.choose("加呼", "another party called"), body.action.as_str()),
        Some(Body::Late(_)) => (language.choose("逾时未响应", "not acknowledged in time"), ""),
        Some(Body::Ended(_)) => (language.choose("处置结束", "ended"), ""),
        None => ("", ""),
    };
    let mut told = vec![happened.to_owned()];
    told.extend((!action.is_empty()).then(|| action.to_owned()));
    let calls = language.choose("呼叫", "calls");
    told.extend(event.calls.iter().map(|call| format!("{calls} {} → {}", call.action, call.unit)));
    let nobody = language.choose("无人响应，已告指挥中心", "nobody answered, the centre was told");
    told.extend(event.unanswered.iter().map(|action| format!("{action}: {nobody}")));
    told.join("; ")
}
