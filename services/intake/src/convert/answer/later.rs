//! What has come since a report was filed, as answers show it.

use super::{Language, attachment, timestamp};
use crate::domain::report::{Ending, Look, Phase, Report, SpotCheck, Urges};
use civic::CaseId;
use proto::intake::v1 as wire;

/// Fills in what came later. `texts` are those of the supplements, opened.
pub(super) fn fill(answer: &mut wire::Report, report: &Report, texts: Vec<String>, language: Language) {
    let later = &report.later;
    let supplement = |(supplement, text): (&crate::domain::report::Supplement, String)| wire::Supplement {
        time: Some(timestamp(supplement.at)),
        by: supplement.by.trim_end_matches('/').to_owned(),
        text,
        attachments: supplement.attachments.iter().map(attachment).collect(),
    };
    answer.supplements = later.supplements.iter().zip(texts).map(supplement).collect();
    answer.urges = urges(&later.urges);
    answer.ending = ending(&report.phase, language);
    answer.transfers = later.transfers.iter().map(transfer).collect();
    let advised = report.head.transfer_advice.iter().filter(|line| !later.was_transferred_to(**line));
    answer.transfer_advice = advised.map(|line| line.number()).collect();
    answer.spot_check = later.check.as_ref().map(spot_check);
    answer.flagged = report.is_flagged();
}

pub(super) fn urges(urges: &Urges) -> Option<wire::Urges> {
    let last = urges.last?;
    let total = i32::try_from(urges.total).unwrap_or(i32::MAX);
    Some(wire::Urges { total, last_time: Some(timestamp(last)) })
}

pub(super) fn ending(phase: &Phase, language: Language) -> Option<wire::Ending> {
    let Phase::Stopped(stopped) = phase else { return None };
    let told = wire::Ending {
        time: Some(timestamp(stopped.at)),
        by: stopped.by.trim_end_matches('/').to_owned(),
        ..wire::Ending::default()
    };
    Some(match stopped.ending {
        Ending::Withdrawn => wire::Ending { cause: wire::EndingCause::Withdrawn.into(), ..told },
        Ending::Refused(ground) => {
            let (zh, en) = ground.words();
            wire::Ending {
                cause: wire::EndingCause::Refused.into(),
                ground: ground.number(),
                text: language.pick(zh, en).to_owned(),
                law: ground.law().to_owned(),
                ..told
            }
        }
    })
}

/// The unit, and never which person of it.
pub(super) fn look(look: &Look) -> wire::Look {
    let unit = look.by.split_once('/').map_or("", |(_, unit)| unit).to_owned();
    wire::Look { time: Some(timestamp(look.at)), unit, purpose: look.purpose.number() }
}

fn transfer(transfer: &crate::domain::report::Transfer) -> wire::Transfer {
    wire::Transfer { to: transfer.to.number(), time: Some(timestamp(transfer.at)), by: transfer.by.clone() }
}

fn spot_check(check: &SpotCheck) -> wire::SpotCheck {
    match check {
        SpotCheck::Pending => wire::SpotCheck { pending: true, ..wire::SpotCheck::default() },
        SpotCheck::Made { confirmed, at, by } => {
            wire::SpotCheck { pending: false, confirmed: *confirmed, time: Some(timestamp(*at)), by: by.clone() }
        }
    }
}

/// What the reporter hears who has just acted: where it stands, and nothing of what was told. Four digits are no key to that.
#[must_use]
pub fn own(id: CaseId, version: i64, report: &Report, language: Language) -> wire::Report {
    wire::Report {
        name: format!("reports/{id}"),
        tracking_number: report.head.tracking_number.clone(),
        work_order: super::work_order(id, &report.phase),
        etag: version.to_string(),
        state: report.phase.number(),
        create_time: Some(timestamp(report.head.filed_at)),
        due_time: report.phase.due().map(timestamp),
        urges: urges(&report.later.urges),
        ending: ending(&report.phase, language),
        ..wire::Report::default()
    }
}
