//! What each later event makes of a report. `None`: it cannot belong there.

use super::super::{Phase, Report, encode};
use super::{Agreement, Ending, LOOKS, Look, LookPurpose, SpotCheck, Stopped, Supplement, Transfer, Urges};
use crate::domain::emergency::Line;
use crate::domain::ground::Ground;
use civic::Micros;
use proto::intake::v1::stored::{Checked, LookAgreed, Refused, Supplemented, Transferred, Unmasked, Urged, Withdrawn};

pub(in super::super) fn supplemented(mut report: Report, added: &Supplemented) -> Report {
    report.later.supplements.push(Supplement {
        at: Micros(added.at_us),
        by: added.by.clone(),
        text: encode::unsealed(&added.text),
        attachments: added.attachments.iter().map(encode::attachment).collect(),
    });
    report
}

pub(in super::super) fn urged(mut report: Report, urged: &Urged) -> Option<Report> {
    let (total, that_day) = (u32::try_from(urged.total).ok()?, u32::try_from(urged.today).ok()?);
    report.later.urges = Urges { total, last: Some(Micros(urged.at_us)), that_day };
    Some(report)
}

pub(in super::super) fn withdrawn(report: Report, withdrawn: &Withdrawn) -> Report {
    stopped(report, Ending::Withdrawn, withdrawn.at_us, &withdrawn.by)
}

pub(in super::super) fn refused(report: Report, refused: &Refused) -> Option<Report> {
    let ground = Ground::from_number(refused.ground)?;
    Some(stopped(report, Ending::Refused(ground), refused.at_us, &refused.by))
}

fn stopped(mut report: Report, ending: Ending, at_us: i64, by: &str) -> Report {
    let work = report.phase.work().cloned();
    report.phase = Phase::Stopped(Stopped { ending, at: Micros(at_us), by: by.to_owned(), work });
    // Nobody need look at where it belongs any more.
    report.head.needs_person = false;
    report
}

pub(in super::super) fn transferred(mut report: Report, transferred: &Transferred) -> Option<Report> {
    let to = Line::from_number(transferred.to)?;
    report.later.transfers.push(Transfer { to, at: Micros(transferred.at_us), by: transferred.by.clone() });
    Some(report)
}

pub(in super::super) fn checked(mut report: Report, checked: &Checked) -> Report {
    let (confirmed, at, by) = (checked.confirmed, Micros(checked.at_us), checked.by.clone());
    report.later.check = Some(SpotCheck::Made { confirmed, at, by });
    report
}

pub(in super::super) fn unmasked(mut report: Report, unmasked: &Unmasked) -> Option<Report> {
    let purpose = LookPurpose::from_number(unmasked.purpose)?;
    report.later.looks.push(Look { at: Micros(unmasked.at_us), by: unmasked.by.clone(), purpose });
    // One look for each agreement.
    if !unmasked.agreed_by.is_empty() {
        report.later.agreement = None;
    }
    let more = report.later.looks.len().saturating_sub(LOOKS);
    report.later.looks.drain(..more);
    Some(report)
}

pub(in super::super) fn look_agreed(mut report: Report, agreed: &LookAgreed) -> Option<Report> {
    let purpose = LookPurpose::from_number(agreed.purpose)?;
    let (at, by, person) = (Micros(agreed.at_us), agreed.by.clone(), agreed.person.to_vec());
    report.later.agreement = Some(Agreement { at, by, purpose, person });
    Some(report)
}
