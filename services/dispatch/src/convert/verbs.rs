//! The requests of the verbs. They share name, request id, etag and note; what is their own stands in one line each.

use prost::Message;
use proto::dispatch::v1 as pb;

use super::order_id;
use super::reader::Reader;
use crate::app::{Asked, Desk};
use crate::domain::work_order::{CallBack, Opinion, Step};
use crate::error::Error;

/// A verb's request.
pub trait VerbRequest: Message + Default {
    /// Name of the rpc: request ids are unique per caller and rpc.
    const RPC: &'static str;

    /// Takes the request id out, so that what is left is the body that the id stands for.
    fn take_request_id(&mut self) -> String;

    /// Name, etag and note, and the verb with what it carries. `None` when a fault was noted.
    fn into_parts(self, reader: &mut Reader<'_>) -> (String, String, String, Option<Step<String>>);
}

/// The verb as it was asked for.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn asked<R: VerbRequest>(mut request: R, desk: &Desk) -> Result<Asked, Error> {
    let request_id = request.take_request_id();
    let body = request.encode_to_vec();
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let (name, etag, note, step) = request.into_parts(&mut reader);
    let id = order_id(&name)?;
    let etag = reader.etag(&etag);
    let note = reader.optional_text("note", note);
    let step = reader.finish(step)?;
    Ok(Asked { id, rpc: R::RPC, request_id, body, etag, note, step })
}

/// Twenty-one generated types have the same four fields and no trait of their own to read them by.
macro_rules! verbs {
    ($($request:ident as $rpc:literal: |$asked:ident, $reader:ident| $step:expr;)+) => {$(
        impl VerbRequest for pb::$request {
            const RPC: &'static str = $rpc;

            fn take_request_id(&mut self) -> String {
                std::mem::take(&mut self.request_id)
            }

            fn into_parts(mut self, $reader: &mut Reader<'_>) -> (String, String, String, Option<Step<String>>) {
                let name = std::mem::take(&mut self.name);
                let etag = std::mem::take(&mut self.etag);
                let note = std::mem::take(&mut self.note);
                let $asked = self;
                (name, etag, note, $step)
            }
        }
    )+};
}

const REASON: &str = "REASON_MISSING";

verbs! {
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
}
