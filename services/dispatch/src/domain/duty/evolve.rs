//! What a duty is after an event.

use civic::{Micros, Private};
use prost::bytes::Bytes;
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::DutyEvent;
use proto::dispatch::v1::stored::duty_event::Event as Body;

use super::{Change, Duty, Line, Proposal, Review, Standing};

fn private(bytes: &Bytes) -> Private<String> {
    Private::from_sealed(bytes.to_vec())
}

pub(super) fn evolve(state: Option<Duty>, event: &DutyEvent) -> Option<Duty> {
    let at = Micros(event.at_us);
    let body = event.event.as_ref()?;
    if let Body::Proposed(body) = body {
        return proposed(state, body, event);
    }
    let mut duty = Duty { updated: at, ..state? };
    match body {
        Body::Proposed(_) => return None,
        Body::Reviewed(body) => {
            duty.proposal.review =
                Some(Review { agrees: body.agrees, reason: private(&body.reason), by: event.by.clone() });
            duty.standing = Standing::Reviewed;
        }
        Body::Admitted(_) => {
            duty.admitted = Some(duty.proposal.line.clone());
            duty.standing = match duty.proposal.change {
                Change::Enter | Change::Adjust => Standing::Admitted,
                Change::Retire => Standing::Retired,
            };
            duty.admissions = duty.admissions.checked_add(1)?;
            duty.listed = None;
            duty.proposal.decided_by = event.by.clone();
        }
        Body::Refused(body) => {
            duty.standing = if duty.admitted.is_some() { Standing::Admitted } else { Standing::Refused };
            duty.proposal.refusal = Some(private(&body.reason));
            duty.proposal.decided_by = event.by.clone();
        }
        Body::Listed(body) => duty.listed = Some(body.version.clone()),
    }
    Some(duty)
}

fn proposed(state: Option<Duty>, body: &stored::DutyProposed, event: &DutyEvent) -> Option<Duty> {
    let proposal = Proposal {
        change: Change::read(&body.change)?,
        line: Line::read(body.duty.as_ref()?)?,
        from: body.from.parse().ok()?,
        reason: private(&body.reason),
        by: event.by.clone(),
        person: event.person.to_vec(),
        review: None,
        decided_by: String::new(),
        refusal: None,
    };
    let (standing, updated) = (Standing::Proposed, Micros(event.at_us));
    Some(match state {
        Some(duty) => Duty { proposal, standing, updated, ..duty },
        None => Duty { admitted: None, proposal, standing, updated, admissions: 0, listed: None },
    })
}

pub(super) fn legal(state: Option<&Duty>, event: &DutyEvent) -> bool {
    match (state, &event.event) {
        (None, Some(Body::Proposed(body))) => body.change == Change::Enter.as_str(),
        (Some(duty), Some(Body::Proposed(body))) => {
            duty.standing == Standing::Admitted && !duty.is_unlisted() && body.change != Change::Enter.as_str()
        }
        (Some(duty), Some(Body::Reviewed(_))) => duty.standing == Standing::Proposed,
        (Some(duty), Some(Body::Admitted(_))) => {
            duty.standing == Standing::Reviewed && duty.proposal.review.as_ref().is_some_and(|review| review.agrees)
        }
        (Some(duty), Some(Body::Refused(_))) => matches!(duty.standing, Standing::Proposed | Standing::Reviewed),
        (Some(duty), Some(Body::Listed(_))) => duty.is_unlisted(),
        (None, Some(Body::Reviewed(_) | Body::Admitted(_) | Body::Refused(_) | Body::Listed(_))) | (_, None) => false,
    }
}
