//! A thousand reports kept in the repository: written by us, of no person, over all categories and two hundred towns.

use anyhow::Context;
use serde_json::{Value, json};

const LINES: &str = include_str!("../corpus.jsonl");

/// Bodies of `POST /v1/reports` without their request ids.
pub struct Corpus(Vec<Value>);

impl Corpus {
    pub fn load() -> anyhow::Result<Self> {
        let reports: Result<Vec<Value>, _> = LINES.lines().map(serde_json::from_str).collect();
        Ok(Self(reports.context("the corpus cannot be read")?))
    }

    /// The `n`th body of an endless run, with its request id.
    pub fn body(&self, n: usize, request_id: &str) -> Value {
        let mut body = self.0[n % self.0.len()].clone();
        body["requestId"] = json!(request_id);
        body
    }

    /// The same as a gRPC request.
    pub fn request(&self, n: usize, request_id: &str) -> proto::intake::v1::CreateReportRequest {
        use proto::{intake::v1 as intake, types::v1 as types};
        let report = &self.0[n % self.0.len()];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let reporter = &report["reporter"];
        intake::CreateReportRequest {
            request_id: request_id.to_owned(),
            kind: intake::ReportKind::from_str_name(&text(&report["kind"])).unwrap_or_default().into(),
            channel: intake::Channel::Hotline12345.into(),
            text: text(&report["text"]),
            category_code: text(&report["categoryCode"]),
            location: Some(types::Location {
                division_code: text(&report["location"]["divisionCode"]),
                ..Default::default()
            }),
            reporter: Some(intake::Reporter {
                name: text(&reporter["name"]),
                phone: text(&reporter["phone"]),
                anonymous: reporter["anonymous"] == json!(true),
                ..Default::default()
            }),
            urgency: types::Urgency::from_str_name(&text(&report["urgency"])).unwrap_or_default().into(),
            ..Default::default()
        }
    }
}

/// A random (version 4) id from a seeded stream: request ids as clients choose them.
pub fn random_id(rng: &mut impl rand::Rng) -> String {
    format!("{:032x}", rng.random::<u128>())
}
