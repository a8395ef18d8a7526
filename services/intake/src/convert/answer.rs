//! Reports as callers see them: private parts masked, words in the caller's language.

mod later;

pub use later::own;

use super::language::Language;
use super::timestamp;
use crate::app::{Desk, Duplicate, Moment, Plain, Tracked};
use crate::domain::Line;
use crate::domain::draft::Draft;
use crate::domain::ground::Ground;
use crate::domain::report::{Answer, Attachment, Category, Ending, Head, Phase, Report, Whereabouts, Work};
use casebook::Case;
use civic::{CaseId, mask_name, mask_phone};
use proto::intake::v1::{self as wire, stored::report_event::Event};
use proto::types::v1::{self as types, TimelineEntry};

impl Plain {
    /// What was just filed, as it was told: the answer need not open what was sealed a moment ago.
    pub fn of(draft: Draft) -> Self {
        Self {
            text: draft.text,
            channel_number: draft.channel_number,
            address: draft.told.address.unwrap_or_default(),
            name: draft.reporter.name.unwrap_or_default(),
            phone: draft.reporter.phone.map(String::from).unwrap_or_default(),
            on_the_spot: draft.on_the_spot.unwrap_or_default(),
            theme: draft.theme.unwrap_or_default(),
            supplements: Vec::new(),
            withheld: false,
        }
    }
}

/// Likely duplicates, as they were ranked.
pub fn duplicates(likely: &[Duplicate]) -> wire::ListDuplicatesResponse {
    let named = |found: &Duplicate| wire::LikelyDuplicate {
        name: format!("reports/{}", found.id),
        score: i32::from(found.score),
    };
    wire::ListDuplicatesResponse { duplicates: likely.iter().map(named).collect() }
}

/// A report with its private parts. `pin` is set in the answer to its filing only.
pub fn report(
    id: CaseId,
    version: i64,
    report: &Report,
    plain: Plain,
    desk: &Desk,
    language: Language,
) -> wire::Report {
    let Report { head, phase, later: _ } = report;
    let mut answer = wire::Report {
        name: format!("reports/{id}"),
        tracking_number: head.tracking_number.clone(),
        work_order: work_order(id, phase),
        pin: String::new(),
        category: Some(category(&head.category, desk)),
        etag: version.to_string(),
        state: phase.number(),
        kind: head.kind.number(),
        channel: head.channel.number(),
        channel_number: plain.channel_number,
        text: plain.text,
        location: Some(location(&head.whereabouts, plain.address, plain.withheld, desk)),
        reporter: Some(reporter(head, &plain.name, &plain.phone)),
        occur_time: head.occurred.map(timestamp),
        urgency: head.urgency.number(),
        attachments: head.attachments.iter().map(attachment).collect(),
        on_the_spot: head.on_the_spot.as_ref().map(|_| wire::OnTheSpot { result: plain.on_the_spot }),
        create_time: Some(timestamp(head.filed_at)),
        needs_person: head.needs_person,
        erased: head.erased,
        unit: phase.work().map(|work| work.unit.clone()).unwrap_or_default(),
        work_order_state: phase.order().map_or(0, |order| order.number()),
        due_time: phase.due().map(timestamp),
        theme: plain.theme,
        answer: head.answer.as_ref().map(known),
        ..wire::Report::default()
    };
    later::fill(&mut answer, report, plain.supplements, language);
    if plain.withheld {
        answer.attachments.clear();
        answer.reporter = None;
        answer.answer = None;
        answer.content_withheld = true;
    }
    answer
}

/// There is none while an answer stands that was given at once.
pub(super) fn work_order(id: CaseId, phase: &Phase) -> String {
    if matches!(phase, Phase::Told { .. }) { String::new() } else { format!("workOrders/{id}") }
}

fn known(answer: &Answer) -> wire::KnownAnswer {
    wire::KnownAnswer {
        text: answer.text.clone(),
        law: answer.law.clone(),
        article: answer.article.clone(),
        edition: answer.edition.clone(),
        entry: answer.entry.clone(),
        confidence: i32::from(answer.confidence),
    }
}

/// As the reporter reads it: the answer and where it is written.
fn cited(answer: &Answer) -> String {
    format!("{}（依据：《{}》{}）", answer.text, answer.law, answer.article)
}

fn category(category: &Category, desk: &Desk) -> types::Category {
    let known = desk.catalog.taxonomy.get(&category.code);
    types::Category {
        code: category.code.clone(),
        display_name: known.map(|known| known.name_zh.to_string()).unwrap_or_default(),
        confidence: i32::from(category.confidence),
        by: category.by.clone(),
    }
}

/// Exactly where, for who reads the report; for who knows of it only, in which division.
fn location(whereabouts: &Whereabouts, address: String, withheld: bool, desk: &Desk) -> types::Location {
    let code = &whereabouts.place.code;
    let coordinates = whereabouts.coordinates.filter(|_| !withheld);
    types::Location {
        latitude: coordinates.map(|(latitude, _)| latitude),
        longitude: coordinates.map(|(_, longitude)| longitude),
        division_code: code.as_str().to_owned(),
        address,
        found_by: whereabouts.found_by.name().to_owned(),
        confidence: i32::from(whereabouts.confidence),
        display_name: desk.view.full_name(code).unwrap_or_default(),
    }
}

fn reporter(head: &Head, name: &str, phone: &str) -> wire::Reporter {
    let reporter = &head.reporter;
    wire::Reporter {
        name: mask_name(name),
        phone: mask_phone(phone),
        anonymous: reporter.anonymous,
        secret: reporter.secret,
        no_reply: reporter.no_reply,
    }
}

fn attachment(attachment: &Attachment) -> wire::Attachment {
    wire::Attachment {
        uri: attachment.uri.clone(),
        sha256: attachment.sha256.clone(),
        content_type: attachment.content_type.clone(),
    }
}

/// What a reporter may know. The order's own view, where there is one, is fresher than the report's.
pub fn tracked(tracked: Tracked, language: Language) -> wire::TrackedReport {
    let report = tracked.report.state;
    let (ending, urges) = (later::ending(&report.phase, language), later::urges(&report.later.urges));
    let transferred_to = report.later.transfers.iter().map(|transfer| transfer.to.number()).collect();
    let looks = report.later.looks.iter().map(later::look).collect();
    let Report { head, phase, later: _ } = report;
    let (phase, reply) = match tracked.order {
        None => {
            let told = head.answer.as_ref().filter(|_| matches!(phase, Phase::Told { .. }));
            let reply = told.map(cited).unwrap_or_default();
            (phase, reply)
        }
        Some(order) => {
            let unit = phase.work().map(|work| work.unit.clone()).unwrap_or_default();
            let reply_ready = !order.reply.is_empty();
            let work = Work {
                order: order.state,
                unit,
                unit_name: order.unit_name,
                due: order.due,
                reply_ready,
                parent: order.parent,
            };
            (Phase::following(work), order.reply)
        }
    };
    wire::TrackedReport {
        tracking_number: head.tracking_number,
        state: phase.number(),
        state_text: state_text(&phase, language),
        responsible_unit: phase.work().map(|work| work.unit_name.clone()).unwrap_or_default(),
        due_time: phase.due().map(timestamp),
        create_time: Some(timestamp(head.filed_at)),
        reply,
        name: format!("reports/{}", tracked.report.id),
        ending,
        urges,
        transferred_to,
        looks,
    }
}

fn state_text(phase: &Phase, language: Language) -> String {
    let words = match phase {
        Phase::Told { satisfied: false } => language.pick(
            "已当场答复；如未解答您的问题，请在评价中说明，将转为工单办理",
            "Answered at once; if that does not help, say so in your rating and it becomes a work order",
        ),
        Phase::Told { satisfied: true } => {
            language.pick("已当场答复，您已表示满意", "Answered at once, to your satisfaction")
        }
        Phase::Filed | Phase::Opened { .. } => {
            language.pick("已受理，正在确定承办单位", "Received; a responsible unit is being found")
        }
        Phase::WithUnit(_) => language.pick("已交办，等待承办单位签收", "Given to the responsible unit"),
        Phase::BeingHandled(_) => language.pick("承办单位正在办理", "The responsible unit is working on it"),
        Phase::Answered(_) => {
            language.pick("承办单位已答复，请您评价", "The unit has answered; please tell us what you think")
        }
        Phase::Done(_) => language.pick("已办结", "Closed"),
        Phase::Ended(_) => language.pick("已终止", "Ended without a result"),
        Phase::Stopped(stopped) => match stopped.ending {
            Ending::Withdrawn => language.pick("已按您的要求撤回", "Withdrawn as you asked"),
            Ending::Refused(ground) => {
                let (zh, en) = ground.words();
                let (head, why) = (language.pick("不予受理：", "Not taken: "), language.pick(zh, en));
                return format!("{head}{why}（{}）", ground.law());
            }
        },
    };
    words.to_owned()
}

pub fn timeline(moments: Vec<Moment>, language: Language) -> wire::ReportTimeline {
    wire::ReportTimeline { entries: moments.into_iter().map(|moment| entry(moment, language)).collect() }
}

fn entry(moment: Moment, language: Language) -> TimelineEntry {
    let actor = Report::event_actor(&moment.event);
    let (role, unit) = actor.split_once('/').unwrap_or((&actor, ""));
    TimelineEntry {
        version: moment.version,
        time: Some(timestamp(Report::event_time(&moment.event))),
        r#type: Report::event_type(&moment.event).to_owned(),
        actor_role: role.to_owned(),
        actor_unit: unit.to_owned(),
        reason: moment.note,
        text: words(moment.event.event.as_ref(), language),
    }
}

fn words(event: Option<&Event>, language: Language) -> String {
    match event {
        Some(Event::Filed(_)) => language.pick("已受理", "Report received").to_owned(),
        Some(Event::Classified(_)) => {
            language.pick("已由工作人员确定类别或地点", "Category or place decided by a person").to_owned()
        }
        Some(Event::Supplemented(_)) => language.pick("补充材料", "Something was added").to_owned(),
        Some(Event::Urged(urged)) => format!("{} {}", language.pick("催单，累计", "Urged, in all"), urged.total),
        Some(Event::Withdrawn(_)) => language.pick("诉求人撤回", "Withdrawn by the reporter").to_owned(),
        Some(Event::Refused(refused)) => {
            let ground = Ground::from_number(refused.ground).map(Ground::words).unwrap_or_default();
            format!("{}{}", language.pick("不予受理：", "Not taken: "), language.pick(ground.0, ground.1))
        }
        Some(Event::Transferred(transferred)) => {
            let line = Line::from_number(transferred.to).map(Line::digits).unwrap_or_default();
            format!("{}{line}", language.pick("已转", "Passed on to "))
        }
        Some(Event::Checked(checked)) if checked.confirmed => {
            language.pick("抽查：属实", "Checked: resolved as told").to_owned()
        }
        Some(Event::Checked(_)) => language.pick("抽查：不属实", "Checked: not resolved as told").to_owned(),
        Some(Event::Unmasked(_)) => language.pick("查看诉求人信息", "Who reported was looked at").to_owned(),
        Some(Event::LookAgreed(_)) => {
            language.pick("同意查看诉求人信息", "A second person agreed to a look at who reported").to_owned()
        }
        Some(Event::OrderStepped(stepped)) => {
            let head = language.pick("工单状态更新", "The work order moved on");
            if stepped.unit_name.is_empty() { head.to_owned() } else { format!("{head}：{}", stepped.unit_name) }
        }
        Some(Event::Rated(rated)) if rated.satisfied => language.pick("群众评价：满意", "Rated: satisfied").to_owned(),
        Some(Event::Rated(_)) => language.pick("群众评价：不满意", "Rated: not satisfied").to_owned(),
        Some(Event::AnswerDeclined(_)) => {
            language.pick("当场答复未解决，转为工单", "The answer did not help; a work order is opened").to_owned()
        }
        Some(Event::PlaceFollowed(_)) => {
            language.pick("区划调整，所属区县变更", "Moved with its place by a reform").to_owned()
        }
        Some(Event::PersonErased(_)) => language.pick("个人信息已清除", "Personal data erased").to_owned(),
        None => String::new(),
    }
}
