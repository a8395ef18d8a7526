//! Requests for what comes after filing.

use super::asked::{etag, secret};
use super::draft::attachments;
use super::{Checks, given, report_id};
use crate::app::{Act, Asking, Deed, Desk, Secret};
use crate::domain::Line;
use crate::domain::ground::Ground;
use crate::domain::report::{ErasureGround, LookPurpose};
use crate::error::Error;
use civic::Role;
use prost::Message;
use proto::intake::v1::{
    AgreeToLookRequest, CheckReportRequest, EraseReporterRequest, RefuseReportRequest, SupplementReportRequest,
    TransferReportRequest, UnmaskReporterRequest, UrgeReportRequest, WithdrawReportRequest,
};

/// What every one of these requests carries.
struct Common {
    name: String,
    request_id: String,
    etag: String,
    note: String,
    body: Vec<u8>,
}

/// Takes a request apart: its id is no part of what makes two requests the same.
macro_rules! common {
    ($request:ident, $note:ident) => {{
        let request_id = std::mem::take(&mut $request.request_id);
        let body = $request.encode_to_vec();
        let name = std::mem::take(&mut $request.name);
        let (etag, note) = (std::mem::take(&mut $request.etag), std::mem::take(&mut $request.$note));
        Common { name, request_id, etag, note, body }
    }};
}

fn act(mut checks: Checks, common: Common, secret: Option<Secret>, deed: Option<Deed>) -> Result<Act, Error> {
    let id = report_id(&common.name)?;
    checks.request_id(&common.request_id);
    let etag = etag(&mut checks, &common.etag);
    checks.done()?;
    let deed = deed.expect("a deed that is none is a violation");
    let Common { request_id, note, body, .. } = common;
    Ok(Act { id, request_id, etag, secret, note: given(note), deed, body })
}

/// Staff act without a secret; whoever shows one acts as the reporter. Somebody without a role over reports needs one.
fn claim(checks: &mut Checks, asking: &Asking, last4: String, pin: String) -> Option<Secret> {
    let shown = !last4.is_empty() || !pin.is_empty();
    let outside = asking.caller.actor.is_none() || matches!(asking.caller.role(), Role::Citizen | Role::Volunteer);
    (shown || outside).then(|| secret(checks, last4, pin))
}

fn noted(checks: &mut Checks, note: &str, desk: &Desk) {
    checks.length("note", "NOTE_TOO_LONG", note, desk.catalog.limits.note_characters);
}

pub fn supplement(mut request: SupplementReportRequest, asking: &Asking, desk: &Desk) -> Result<Act, Error> {
    let mut checks = Checks::default();
    let common = common!(request, text);
    let secret = claim(&mut checks, asking, request.phone_last4, request.pin);
    checks.length("text", "TEXT_TOO_LONG", &common.note, desk.catalog.limits.supplement_characters);
    if common.note.trim().is_empty() && request.attachments.is_empty() {
        checks.refuse("text", "SUPPLEMENT_EMPTY", "a text or an attachment is required");
    }
    let attachments = attachments(&mut checks, request.attachments, desk);
    act(checks, common, secret, Some(Deed::Supplement(attachments)))
}

pub fn urge(mut request: UrgeReportRequest, asking: &Asking, desk: &Desk) -> Result<Act, Error> {
    let mut checks = Checks::default();
    let common = common!(request, note);
    let secret = claim(&mut checks, asking, request.phone_last4, request.pin);
    noted(&mut checks, &common.note, desk);
    act(checks, common, secret, Some(Deed::Urge))
}

pub fn withdraw(mut request: WithdrawReportRequest, asking: &Asking, desk: &Desk) -> Result<Act, Error> {
    let mut checks = Checks::default();
    let common = common!(request, note);
    let secret = claim(&mut checks, asking, request.phone_last4, request.pin);
    noted(&mut checks, &common.note, desk);
    act(checks, common, secret, Some(Deed::Withdraw))
}

pub fn refuse(mut request: RefuseReportRequest, desk: &Desk) -> Result<Act, Error> {
    let mut checks = Checks::default();
    let common = common!(request, note);
    noted(&mut checks, &common.note, desk);
    let ground = Ground::from_number(request.ground);
    if ground.is_none() {
        let reason = if request.ground == 0 { "GROUND_MISSING" } else { "GROUND_UNKNOWN" };
        checks.refuse("ground", reason, "one of the grounds of the contract");
    }
    act(checks, common, None, ground.map(Deed::Refuse))
}

pub fn transfer(mut request: TransferReportRequest, desk: &Desk) -> Result<Act, Error> {
    let mut checks = Checks::default();
    let common = common!(request, note);
    noted(&mut checks, &common.note, desk);
    let line = Line::from_number(request.to);
    if line.is_none() {
        let reason = if request.to == 0 { "LINE_MISSING" } else { "LINE_UNKNOWN" };
        checks.refuse("to", reason, "one of LINE_110, LINE_119, LINE_120");
    }
    act(checks, common, None, line.map(Deed::Transfer))
}

pub fn check(mut request: CheckReportRequest, desk: &Desk) -> Result<Act, Error> {
    let mut checks = Checks::default();
    let common = common!(request, note);
    noted(&mut checks, &common.note, desk);
    act(checks, common, None, Some(Deed::Check { confirmed: request.confirmed }))
}

/// A written reason, and a purpose out of the list.
pub fn unmask(mut request: UnmaskReporterRequest, desk: &Desk) -> Result<Act, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let UnmaskReporterRequest { name, reason, purpose, .. } = request;
    look(Common { name, request_id, etag: String::new(), note: reason, body }, purpose, desk, Deed::Unmask)
}

/// The same of a second person's agreement.
pub fn agree(mut request: AgreeToLookRequest, desk: &Desk) -> Result<Act, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let AgreeToLookRequest { name, reason, purpose, .. } = request;
    look(Common { name, request_id, etag: String::new(), note: reason, body }, purpose, desk, Deed::Agree)
}

fn look(common: Common, purpose: i32, desk: &Desk, deed: fn(LookPurpose) -> Deed) -> Result<Act, Error> {
    let mut checks = Checks::default();
    checks.length("reason", "NOTE_TOO_LONG", &common.note, desk.catalog.limits.note_characters);
    if common.note.trim().is_empty() {
        checks.refuse("reason", "REASON_MISSING", "say why the reporter has to be known");
    }
    let known = LookPurpose::from_number(purpose);
    if known.is_none() {
        let reason = if purpose == 0 { "PURPOSE_MISSING" } else { "PURPOSE_UNKNOWN" };
        checks.refuse("purpose", reason, "one of the purposes of the contract");
    }
    act(checks, common, None, known.map(deed))
}

/// A ground out of the list. In no words: they would go with the key.
pub fn erase(mut request: EraseReporterRequest) -> Result<Act, Error> {
    let mut checks = Checks::default();
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let known = ErasureGround::from_number(request.ground);
    if known.is_none() {
        let reason = if request.ground == 0 { "GROUND_MISSING" } else { "GROUND_UNKNOWN" };
        checks.refuse("ground", reason, "one of the grounds of article 47");
    }
    let common = Common { name: request.name, request_id, etag: String::new(), note: String::new(), body };
    act(checks, common, None, known.map(Deed::Erase))
}
