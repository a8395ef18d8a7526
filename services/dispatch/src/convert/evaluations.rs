//! Evaluations upwards.

use civic::{CaseId, UnitCode};
use prost::Message as _;
use proto::dispatch::v1 as pb;

use super::reader::Reader;
use crate::app::Desk;
use crate::app::evaluating::Scoring;
use crate::domain::evaluation::{BEST, Evaluation, Rate, Recommendation, Summary};
use crate::domain::month::Month;
use crate::error::Error;

/// A score as it was given.
///
/// # Errors
/// Every field at fault.
pub fn scoring(mut request: pb::CreateEvaluationRequest, desk: &Desk) -> Result<Scoring, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let unit = reader.unit("unit", &request.unit);
    if !(1..=BEST).contains(&request.score) {
        reader.fault("score", "SCORE_INVALID", "1 (poor) to 5 (excellent)");
    }
    let recommendation = Recommendation::from_number(request.recommendation);
    if recommendation.is_none() && request.recommendation != 0 {
        reader.fault("recommendation", "RECOMMENDATION_UNKNOWN", "not a value of this field");
    }
    let score = request.score;
    let rate = unit.map(|unit| Rate { unit: unit.unit, score, recommendation });
    reader.finish(rate.map(|rate| Scoring { request_id, body, rate }))
}

/// Of which unit and month the numbers are asked for.
///
/// # Errors
/// Every field at fault.
pub fn summary_of(request: &pb::SummarizeEvaluationsRequest, desk: &Desk) -> Result<(UnitCode, Month), Error> {
    let mut reader = Reader::new(desk);
    let unit = reader.unit("unit", &request.unit);
    let month = request.month.parse().ok();
    if month.is_none() {
        reader.fault("month", "MONTH_INVALID", "a month is written 2026-11");
    }
    reader.finish(unit.zip(month).map(|(unit, month)| (unit.unit, month)))
}

/// What the rater is told.
#[must_use]
pub fn evaluation(id: CaseId, evaluation: &Evaluation) -> pb::Evaluation {
    pb::Evaluation {
        name: format!("evaluations/{id}"),
        unit: evaluation.unit.to_string(),
        month: evaluation.month.to_string(),
        score: evaluation.score,
        recommendation: evaluation.recommendation.map_or(0, Recommendation::number),
    }
}

/// What the rated are told.
#[must_use]
pub fn summary(unit: &UnitCode, month: Month, summary: Option<Summary>) -> pb::EvaluationSummary {
    let named = pb::EvaluationSummary {
        unit: unit.to_string(),
        month: month.to_string(),
        withheld: summary.is_none(),
        ..pb::EvaluationSummary::default()
    };
    let Some(summary) = summary else { return named };
    let [commend_head, replace_head] = summary.recommended;
    pb::EvaluationSummary {
        raters: i32::try_from(summary.raters).unwrap_or(i32::MAX),
        scores: summary.scores.to_vec(),
        commend_head,
        replace_head,
        ..named
    }
}
