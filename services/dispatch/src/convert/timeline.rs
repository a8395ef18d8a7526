//! The history of an order in plain words.

use casebook::Case as _;
use civic::{CaseId, Micros, Role};
use prost::bytes::Bytes;
use proto::dispatch::v1::stored::work_order_event::Event as Body;
use proto::dispatch::v1::stored::{self, WorkOrderEvent};
use proto::types::v1::{TimelineEntry, WorkOrderState};

use super::answer::Answers;
use super::timestamp;
use crate::domain::work_order::{WorkOrder, heard};
use crate::error::Error;

/// The languages that words are there for.
#[derive(Debug, Copy, Clone, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    Chinese,
    English,
}

impl Language {
    /// The first of ours that an `Accept-Language` header names, in its own order; Chinese when it names none.
    #[must_use]
    pub fn of_header(header: &str) -> Self {
        let known = |tag: &str| match tag.trim().get(..2)?.to_ascii_lowercase().as_str() {
            "zh" => Some(Self::Chinese),
            "en" => Some(Self::English),
            _ => None,
        };
        header.split(',').find_map(known).unwrap_or_default()
    }

    pub(crate) const fn choose(self, zh: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::Chinese => zh,
            Self::English => en,
        }
    }
}

impl Answers<'_> {
    /// All lines. Of a run of orders that were merged into this one, or of pages of them that were told, the last line stands for all: a mass
    /// incident has thousands.
    ///
    /// # Errors
    /// Sealed text that cannot be opened.
    pub fn entries(
        &self,
        id: CaseId,
        history: &[(i64, WorkOrderEvent)],
        language: Language,
    ) -> Result<Vec<TimelineEntry>, Error> {
        let order = history.iter().fold(None, |order, (_, event)| WorkOrder::evolve(order, event));
        let reads = order.is_some_and(|order| self.desk.reads(&self.asking.actor, id, &order));
        let runs = history
            .chunk_by(|(_, one), (_, next)| (joins(one) && joins(next)) || (tells_a_page(one) && tells_a_page(next)));
        let last = runs.filter_map(|run| Some((run.len(), run.last()?)));
        let entry = |(events, (version, event)): (usize, &(i64, WorkOrderEvent))| {
            let mut entry = self.entry(id, *version, event, reads, language)?;
            if events > 1 {
                entry.text = format!("{} ({events})", entry.text);
            }
            Ok(entry)
        };
        last.map(entry).collect()
    }

    /// One line. Reasons are for those who work on the order: a citizen, and who knows the order's header alone, reads the words without.
    fn entry(
        &self,
        id: CaseId,
        version: i64,
        event: &WorkOrderEvent,
        reads: bool,
        language: Language,
    ) -> Result<TimelineEntry, Error> {
        // A ruling comes by way of intake; who decided stands in it. After a reform nobody did.
        let by = match &event.event {
            Some(Body::Reclassified(body)) if !body.ruled_by.is_empty() => &body.ruled_by,
            Some(Body::ReportSpoke(body)) => &body.told_by,
            Some(Body::SpotCheckFailed(body)) => &body.told_by,
            Some(_) | None => &event.by,
        };
        let (role, unit) = by.split_once('@').unwrap_or((by, ""));
        let shown = reads && self.asking.actor.role != Role::Citizen;
        let reason = if shown { self.reason(id, event)? } else { String::new() };
        Ok(TimelineEntry {
            version,
            time: Some(timestamp(Micros(event.at_us))),
            r#type: WorkOrder::event_type(event).to_owned(),
            actor_role: role.to_owned(),
            actor_unit: unit.to_owned(),
            reason,
            text: words(event, language),
        })
    }

    /// The step's own reason, else the note that came with it.
    fn reason(&self, id: CaseId, event: &WorkOrderEvent) -> Result<String, Error> {
        let own = event.event.as_ref().and_then(own_reason).filter(|reason| !reason.is_empty());
        let sealed = civic::Private::from_sealed(own.unwrap_or(&event.note).to_vec());
        self.app.open(id, &sealed)
    }
}

fn joins(event: &WorkOrderEvent) -> bool {
    matches!(event.event, Some(Body::MemberJoined(_)))
}

fn tells_a_page(event: &WorkOrderEvent) -> bool {
    matches!(&event.event, Some(Body::MembersTold(told)) if !told.done)
}

fn own_reason(body: &Body) -> Option<&Bytes> {
    match body {
        Body::ReplyRefused(body) => Some(&body.reason),
        Body::Returned(body) => Some(&body.reason),
        Body::SuspensionRequested(body) => Some(&body.reason),
        Body::ExtensionRequested(body) => Some(&body.reason),
        Body::RequestDeclined(body) => Some(&body.reason),
        Body::CitizenAwaited(body) => Some(&body.reason),
        Body::Reopened(body) => Some(&body.reason),
        Body::Cancelled(body) => Some(&body.reason),
        Body::Resolved(body) => Some(&body.result),
        Body::Rated(body) => Some(&body.comment),
        Body::PartAnswered(body) => Some(&body.answer),
        Body::PartReleased(body) => Some(&body.reason),
        Body::SteppedAside(body) => Some(&body.reason),
        Body::SupervisionNoticed(body) => Some(&body.text),
        Body::SupervisionReplied(body) => Some(&body.text),
        Body::SupervisionReviewed(body) => Some(&body.text),
        Body::TierMoved(body) => Some(&body.reason),
        Body::PartsCalled(_)
        | Body::PartReportedIn(_)
        | Body::PartsLate(_)
        | Body::SupervisionLate(_)
        | Body::Created(_)
        | Body::Assigned(_)
        | Body::Accepted(_)
        | Body::Started(_)
        | Body::ReplyApproved(_)
        | Body::Verified(_)
        | Body::Closed(_)
        | Body::Reassigned(_)
        | Body::RequestApproved(_)
        | Body::Resumed(_)
        | Body::CitizenAnswered(_)
        | Body::LampTurned(_)
        | Body::AcceptOverdue(_)
        | Body::CalendarChanged(_)
        | Body::ReportSpoke(_)
        | Body::Merged(_)
        | Body::ParentStepped(_)
        | Body::MemberJoined(_)
        | Body::MembersTold(_)
        | Body::SpotCheckFailed(_)
        | Body::Reclassified(_) => None,
    }
}

/// What happened, and to which unit where that is the news.
fn words(event: &WorkOrderEvent, language: Language) -> String {
    let Some(body) = &event.event else { return language.choose("未知事项", "unknown step").to_owned() };
    let said = plain_words(body, language);
    if let Body::Assigned(body) = body {
        format!("{said}{}", body.unit_name)
    } else if let Body::Reassigned(body) = body {
        format!("{said}{}", body.unit_name)
    } else if let Body::PartsCalled(body) = body {
        let names: Vec<_> = body.parts.iter().map(|part| part.unit_name.as_str()).collect();
        format!("{said}{}", names.join("、"))
    } else if let Body::TierMoved(stored::TierMoved { to: Some(to), .. }) = body {
        format!("{said}{}{}", language.choose("，派单至", ", assigned to "), to.unit_name)
    } else {
        said.to_owned()
    }
}

fn plain_words(body: &Body, language: Language) -> &'static str {
    let (zh, en) = match body {
        Body::Created(_) => ("工单生成", "opened"),
        Body::Assigned(body) if body.by_ruling => ("指挥中心裁定由其办理：", "assigned by the centre's ruling to "),
        Body::Assigned(_) => ("派单至", "assigned to "),
        Body::Reassigned(_) => ("转办至", "reassigned to "),
        Body::Accepted(_) => ("签收", "accepted"),
        Body::Started(_) => ("开始办理", "work began"),
        Body::Resolved(body) if body.reply_pending => ("办结，答复待审核", "resolved, the reply waits for approval"),
        Body::Resolved(_) => ("办结", "resolved"),
        Body::ReplyApproved(_) => ("答复审核通过", "reply approved"),
        Body::ReplyRefused(_) => ("答复退回修改", "reply refused"),
        Body::Verified(body) if body.next_round => ("核查未解决，再次办理", "call-back: not solved, next round"),
        Body::Verified(body) if !body.reached => ("核查：未联系上诉求人", "verified: the citizen could not be reached"),
        Body::Verified(_) => ("核查通过", "verified"),
        Body::Rated(body) if body.next_round => ("诉求人不满意，再次办理", "the citizen is not satisfied, next round"),
        Body::Rated(body) if body.closes => ("诉求人满意，结案", "the citizen is satisfied, closed"),
        Body::Rated(_) => ("诉求人评价", "rated by the citizen"),
        Body::Closed(_) => ("结案", "closed"),
        Body::Returned(_) => ("退回", "returned"),
        Body::SuspensionRequested(_) => ("申请挂账", "suspension requested"),
        Body::ExtensionRequested(_) => ("申请延期", "extension requested"),
        Body::RequestApproved(_) => ("申请通过", "request approved"),
        Body::RequestDeclined(_) => ("申请未通过", "request declined"),
        Body::Resumed(body) if body.by_timer => ("挂账到期，恢复办理", "the suspension ended, work goes on"),
        Body::Resumed(_) => ("恢复办理", "resumed"),
        Body::CitizenAwaited(_) => ("等待诉求人答复", "waiting for the citizen"),
        Body::CitizenAnswered(_) => ("诉求人已答复", "the citizen answered"),
        Body::Reopened(_) => ("重新办理", "reopened"),
        Body::Cancelled(_) => ("撤销", "cancelled"),
        Body::LampTurned(body) if !body.told.is_empty() => {
            ("总时限亮红灯，已告知上一级指挥中心", "total clock: red lamp, the next tier's command centre was told")
        }
        Body::LampTurned(body) => lamp_words(&body.clock, body.lamp),
        Body::AcceptOverdue(_) => ("超时未签收", "not accepted in time"),
        Body::Reclassified(body) if body.ruled_by.is_empty() => {
            ("区划调整，所属区县随之变更", "divisions reformed, the place lies in another district")
        }
        Body::Reclassified(_) => ("类别或地点已由工作人员确定", "category or place decided by a person"),
        Body::ReportSpoke(spoke) => heard::words(spoke),
        Body::CalendarChanged(_) => ("工作日历更新，时限重算", "calendar changed, due dates computed anew"),
        Body::Merged(_)
        | Body::MemberJoined(_)
        | Body::MembersTold(_)
        | Body::ParentStepped(_)
        | Body::SpotCheckFailed(_) => family_words(body),
        Body::SteppedAside(_) | Body::TierMoved(_) => away_words(body),
        Body::PartsCalled(_)
        | Body::PartReportedIn(_)
        | Body::PartAnswered(_)
        | Body::PartReleased(_)
        | Body::PartsLate(_) => part_words(body),
        Body::SupervisionNoticed(_)
        | Body::SupervisionReplied(_)
        | Body::SupervisionReviewed(_)
        | Body::SupervisionLate(_) => supervision_words(body),
    };
    language.choose(zh, en)
}

/// From a person, or to another tier.
fn away_words(body: &Body) -> (&'static str, &'static str) {
    if let Body::SteppedAside(body) = body {
        if body.assignee.is_empty() {
            ("回避，退回单位另行签收", "stepped aside, back to the unit")
        } else {
            ("回避，改由他人办理", "stepped aside, somebody else goes on")
        }
    } else if let Body::TierMoved(stored::TierMoved { down: true, .. }) = body {
        ("交办至下级", "handed down")
    } else {
        ("提级办理", "escalated")
    }
}

fn family_words(body: &Body) -> (&'static str, &'static str) {
    if let Body::Merged(_) = body {
        ("并案办理", "merged into another order")
    } else if let Body::MemberJoined(_) = body {
        ("有诉求并入", "another order was merged into this one")
    } else if let Body::MembersTold(told) = body {
        if told.done {
            ("已告知全部并案诉求", "all merged orders were told")
        } else {
            ("正在告知并案诉求", "merged orders are being told")
        }
    } else if let Body::ParentStepped(body) = body {
        parent_words(body)
    } else {
        ("抽查：当场解决不属实，再次办理", "checked: not resolved on the spot as told, next round")
    }
}

fn parent_words(body: &stored::ParentStepped) -> (&'static str, &'static str) {
    let state = body.news.as_ref().and_then(|news| WorkOrderState::try_from(news.parent_state).ok());
    match state {
        Some(WorkOrderState::Resolved) => ("所并工单已答复", "the order it was merged into was answered"),
        Some(WorkOrderState::Closed) => ("所并工单已结案", "the order it was merged into was closed"),
        Some(WorkOrderState::Cancelled) => ("所并工单已撤销", "the order it was merged into was cancelled"),
        Some(_) | None => ("所并工单再次办理", "the order it was merged into is being worked on again"),
    }
}

fn part_words(body: &Body) -> (&'static str, &'static str) {
    if let Body::PartsCalled(body) = body {
        if body.whistle { ("吹哨：", "whistled for ") } else { ("协办：", "called to co-handle: ") }
    } else if let Body::PartReportedIn(_) = body {
        ("报到", "reported in")
    } else if let Body::PartAnswered(_) = body {
        ("协办答复", "a part was answered")
    } else if let Body::PartReleased(_) = body {
        ("免除协办", "a part was released")
    } else {
        ("协办超时提醒", "a part is late")
    }
}

fn supervision_words(body: &Body) -> (&'static str, &'static str) {
    if let Body::SupervisionNoticed(body) = body {
        if body.marked { ("挂牌督办", "marked supervision") } else { ("督办", "supervised") }
    } else if let Body::SupervisionReplied(_) = body {
        ("督办回复", "replied to the supervision")
    } else if let Body::SupervisionReviewed(body) = body {
        if body.satisfied {
            ("督办办结", "the supervision ended")
        } else {
            ("督办复核不通过，再次回复", "the supervisor asks for another reply")
        }
    } else {
        ("督办逾期", "the supervision's date has passed")
    }
}

fn lamp_words(clock: &str, lamp: i32) -> (&'static str, &'static str) {
    match (clock, lamp) {
        ("total", 2) => ("总时限亮黄灯", "total clock: yellow lamp"),
        ("total", _) => ("总时限亮红灯", "total clock: red lamp"),
        (_, 2) => ("单位时限亮黄灯", "unit clock: yellow lamp"),
        (_, _) => ("单位时限亮红灯", "unit clock: red lamp"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_of_ours_wins_and_chinese_is_the_default() {
        let cases = [
            ("", Language::Chinese),
            ("en-GB,en;q=0.9", Language::English),
            ("fr, en", Language::English),
            ("zh-CN,en", Language::Chinese),
            ("de", Language::Chinese),
            ("語", Language::Chinese),
        ];
        for (header, language) in cases {
            assert_eq!(Language::of_header(header), language, "{header}");
        }
    }
}
