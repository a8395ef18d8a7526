//! The requests of the work order's verbs. What is each one's own stands in one line.

use proto::dispatch::v1 as pb;

use super::reader::Reader;
use super::verb::verbs;
use crate::domain::work_order::{CallBack, News, Notice, Opinion, Step};

const REASON: &str = "REASON_MISSING";
const TEXT: &str = "TEXT_MISSING";

verbs! {
    Step<String>;
    AssignWorkOrderRequest as "AssignWorkOrder": |asked, reader| {
        let assignee = reader.assignee(asked.assignee);
        reader.unit("unit", &asked.unit).map(|to| Step::Assign { to, assignee })
    };
    AcceptWorkOrderRequest as "AcceptWorkOrder": |_asked, _reader| Some(Step::Accept);
    StartWorkOrderRequest as "StartWorkOrder": |_asked, _reader| Some(Step::Start);
    ResolveWorkOrderRequest as "ResolveWorkOrder": |asked, reader| Some(Step::Resolve {
        result: reader.text("result", asked.result, "RESULT_MISSING"),
        reply: reader.text("reply", asked.reply, "REPLY_MISSING"),
    });
    ApproveReplyWorkOrderRequest as "ApproveReplyWorkOrder": |_asked, _reader| Some(Step::ApproveReply);
    RefuseReplyWorkOrderRequest as "RefuseReplyWorkOrder": |asked, reader| Some(Step::RefuseReply {
        reason: reader.text("reason", asked.reason, REASON),
    });
    VerifyWorkOrderRequest as "VerifyWorkOrder": |asked, _reader| Some(Step::Verify(CallBack {
        reached: asked.reached,
        opinion: Opinion { answered: asked.answered, solved: asked.solved, satisfied: asked.satisfied },
    }));
    RateWorkOrderRequest as "RateWorkOrder": |asked, reader| Some(Step::Rate {
        opinion: Opinion { answered: asked.answered, solved: asked.solved, satisfied: asked.satisfied },
        comment: reader.optional_text("comment", asked.comment),
    });
    CloseWorkOrderRequest as "CloseWorkOrder": |_asked, _reader| Some(Step::Close);
    ReturnWorkOrderRequest as "ReturnWorkOrder": |asked, reader| {
        let reason = reader.text("reason", asked.reason, REASON);
        let proposed = reader.optional_unit("proposedUnit", &asked.proposed_unit);
        proposed.map(|proposed| Step::Return { reason, proposed })
    };
    RuleWorkOrderRequest as "RuleWorkOrder": |asked, reader| {
        reader.unit("unit", &asked.unit).map(|to| Step::Rule { to })
    };
    ReassignWorkOrderRequest as "ReassignWorkOrder": |asked, reader| {
        let assignee = reader.assignee(asked.assignee);
        reader.unit("unit", &asked.unit).map(|to| Step::Reassign { to, assignee })
    };
    RequestSuspensionWorkOrderRequest as "RequestSuspensionWorkOrder": |asked, reader| {
        let reason = reader.text("reason", asked.reason, REASON);
        reader.until(asked.until.as_ref()).map(|until| Step::RequestSuspension { until, reason })
    };
    RequestExtensionWorkOrderRequest as "RequestExtensionWorkOrder": |asked, reader| {
        let reason = reader.text("reason", asked.reason, REASON);
        reader.until(asked.until.as_ref()).map(|until| Step::RequestExtension { until, reason })
    };
    ApproveWorkOrderRequest as "ApproveWorkOrder": |_asked, _reader| Some(Step::Approve);
    DeclineWorkOrderRequest as "DeclineWorkOrder": |asked, reader| Some(Step::Decline {
        reason: reader.text("reason", asked.reason, REASON),
    });
    ResumeWorkOrderRequest as "ResumeWorkOrder": |_asked, _reader| Some(Step::Resume);
    WaitForCitizenWorkOrderRequest as "WaitForCitizenWorkOrder": |asked, reader| Some(Step::WaitForCitizen {
        reason: reader.text("reason", asked.reason, REASON),
    });
    CitizenAnsweredWorkOrderRequest as "CitizenAnsweredWorkOrder": |_asked, _reader| Some(Step::CitizenAnswered);
    ReopenWorkOrderRequest as "ReopenWorkOrder": |asked, reader| Some(Step::Reopen {
        reason: reader.text("reason", asked.reason, REASON),
    });
    CancelWorkOrderRequest as "CancelWorkOrder": |asked, reader| Some(Step::Cancel {
        reason: reader.text("reason", asked.reason, REASON),
    });
    MergeWorkOrderRequest as "MergeWorkOrder": |asked, reader| {
        reader.order("into", &asked.into).map(|into| Step::Merge { into, news: News::NONE })
    };
    CoHandleRequest as "CoHandle": |asked, reader| {
        let limit = reader.optional_limit(asked.limit.as_ref());
        reader.units(&asked.units).map(|units| Step::CoHandle { units, limit })
    };
    WhistleRequest as "Whistle": |asked, reader| {
        let limit = reader.optional_limit(asked.limit.as_ref());
        reader.units(&asked.units).map(|units| Step::Whistle { units, limit })
    };
    ReportInPartRequest as "ReportInPart": |asked, _reader| Some(Step::ReportIn { part: part(&asked.part) });
    AnswerPartRequest as "AnswerPart": |asked, reader| Some(Step::AnswerPart {
        part: part(&asked.part),
        answer: reader.text("answer", asked.answer, "ANSWER_MISSING"),
    });
    ReleasePartRequest as "ReleasePart": |asked, reader| Some(Step::ReleasePart {
        part: part(&asked.part),
        reason: reader.text("reason", asked.reason, REASON),
    });
    StepAsideWorkOrderRequest as "StepAsideWorkOrder": |asked, reader| Some(Step::StepAside {
        assignee: reader.assignee(asked.assignee),
        reason: reader.text("reason", asked.reason, REASON),
    });
    SuperviseWorkOrderRequest as "SuperviseWorkOrder": |asked, reader| notice(asked, reader);
    ReplySupervisionRequest as "ReplySupervision": |asked, reader| Some(Step::ReplySupervision {
        text: reader.text("text", asked.text, TEXT),
        reached: asked.reached,
    });
    ReviewSupervisionRequest as "ReviewSupervision": |asked, reader| Some(Step::ReviewSupervision {
        satisfied: asked.satisfied,
        text: reader.text("text", asked.text, TEXT),
    });
    EscalateWorkOrderRequest as "EscalateWorkOrder": |asked, reader| {
        let reason = reader.text("reason", asked.reason, REASON);
        reader.tier(&asked.tier).map(|to| Step::Escalate { to, reason })
    };
    HandDownWorkOrderRequest as "HandDownWorkOrder": |asked, reader| {
        let reason = reader.text("reason", asked.reason, REASON);
        reader.division(&asked.division_code).map(|into| Step::HandDown { into, reason })
    };
}

/// Parts are counted from 1: what is no number is the name of no part.
fn part(number: &str) -> u32 {
    number.parse().ok().filter(|part: &u32| part.to_string() == number).unwrap_or(0)
}

fn notice(asked: pb::SuperviseWorkOrderRequest, reader: &mut Reader<'_>) -> Option<Step<String>> {
    let text = reader.text("text", asked.text, TEXT);
    let task_force =
        if asked.task_force.is_empty() { None } else { Some(reader.unit("taskForce", &asked.task_force)?) };
    let milestones = reader.milestones(asked.milestones);
    if !asked.marked && (task_force.is_some() || !milestones.is_empty()) {
        reader.fault("marked", "MILESTONES_INVALID", "task force and milestones are a marked supervision's");
    }
    let limit = reader.limit(asked.limit.as_ref())?;
    Some(Step::Supervise(Box::new(Notice { text, limit, marked: asked.marked, task_force, milestones })))
}
