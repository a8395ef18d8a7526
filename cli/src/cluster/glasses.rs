//! The rpcs by which two people open one case to an operator (应急查看). Both acts stand in dispatch's journal before they are answered.

use super::parked::{timestamp, with_id};
use casebook::{Casebook, Journal, JournalEntry};
use civic::{Actor, CaseId, Clock};
use mesh::{Code, Fault, Glass};
use proto::guard::v1 as pb;
use proto::guard::v1::break_glass_server::{BreakGlass, BreakGlassServer};
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// A shift: whoever needs longer asks again.
const HOURS: std::ops::RangeInclusive<i32> = 1..=4;

/// The gRPC server; its acts stand in this book's journal.
pub(super) fn server(glass: Glass, journal: Casebook, clock: Arc<dyn Clock>) -> BreakGlassServer<Served> {
    BreakGlassServer::new(Served { glass, journal, clock })
}

/// See the module.
pub(super) struct Served {
    glass: Glass,
    journal: Casebook,
    clock: Arc<dyn Clock>,
}

impl Served {
    async fn record(&self, actor: &Actor, action: &str, case: CaseId, reason: String) -> Result<(), Fault> {
        let entry = JournalEntry {
            at: self.clock.now(),
            actor: format!("{}/{}", actor.role, actor.subject),
            action: action.to_owned(),
            subject: format!("reports/{case}"),
            reason,
        };
        let away = |error| {
            Fault::new(Code::Unavailable, "STORE_UNAVAILABLE", "the journal cannot be written, try again")
                .with_source(error)
        };
        self.journal.record(&[entry]).await.map_err(away)
    }
}

fn wrong(field: &str, reason: &'static str, detail: &str) -> Fault {
    Fault::new(Code::Invalid, reason, detail).field(field, reason, detail)
}

fn reason(text: &str) -> Result<String, Fault> {
    if text.trim().is_empty() {
        return Err(wrong("reason", "REASON_MISSING", "say why the case has to be seen"));
    }
    Ok(text.to_owned())
}

fn case(name: &str) -> Result<CaseId, Fault> {
    let id = name.strip_prefix("reports/").or_else(|| name.strip_prefix("workOrders/"));
    let invalid = || wrong("case", "CASE_INVALID", "reports/<id> or workOrders/<id>");
    id.and_then(|id| id.parse().ok()).ok_or_else(invalid)
}

#[tonic::async_trait]
impl BreakGlass for Served {
    async fn ask_break_glass(
        &self,
        request: Request<pb::AskBreakGlassRequest>,
    ) -> Result<Response<pb::BreakGlassTicket>, Status> {
        let actor = mesh::caller(&request).require()?.clone();
        let asked = request.into_inner();
        with_id(&asked.request_id)?;
        let (case, reason) = (case(&asked.case)?, reason(&asked.reason)?);
        self.record(&actor, "glass.asked", case, reason).await?;
        let (ticket, until) = self.glass.ask(&actor, case);
        Ok(Response::new(pb::BreakGlassTicket { ticket, expire_time: Some(timestamp(until)) }))
    }

    async fn agree_break_glass(
        &self,
        request: Request<pb::AgreeBreakGlassRequest>,
    ) -> Result<Response<pb::OpenedGlass>, Status> {
        let actor = mesh::caller(&request).require()?.clone();
        let agreed = request.into_inner();
        with_id(&agreed.request_id)?;
        let reason = reason(&agreed.reason)?;
        let hours = u8::try_from(agreed.hours).ok().filter(|_| HOURS.contains(&agreed.hours));
        let hours = hours.ok_or_else(|| wrong("hours", "HOURS_INVALID", "1 to 4"))?;
        let asked = self.glass.asked(&agreed.ticket)?;
        if asked.is_by(&actor.subject) {
            return Err(Fault::new(Code::Denied, "SAME_PERSON", "nobody agrees to what they asked for").into());
        }
        self.record(&actor, "glass.agreed", asked.case, format!("{hours} h: {reason}")).await?;
        let (token, until) = self.glass.agree(&asked, hours);
        let case = format!("reports/{}", asked.case);
        Ok(Response::new(pb::OpenedGlass { token, expire_time: Some(timestamp(until)), case }))
    }
}
