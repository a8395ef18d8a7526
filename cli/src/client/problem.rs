//! A problem document (RFC 9457) of the gateway, read leniently: a proxy's answer still becomes a sentence.

use http::StatusCode;
use serde::Deserialize;
use std::fmt;
use std::time::Duration;

/// Why the gateway refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub status: StatusCode,
    /// UPPER_SNAKE and stable; `HTTP_<status>` where the answer was no problem document.
    pub reason: String,
    pub detail: String,
    pub fields: Vec<Field>,
    pub trace_id: String,
    /// From the header `Retry-After`.
    pub retry_after: Option<Duration>,
}

/// A field the gateway complains of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Field {
    pub path: String,
    pub reason: String,
    pub detail: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Document {
    title: String,
    detail: String,
    reason: String,
    fields: Vec<Field>,
    trace_id: String,
}

impl Problem {
    pub(crate) fn read(status: StatusCode, body: &[u8], retry_after: Option<Duration>) -> Self {
        let document = serde_json::from_slice::<Document>(body).unwrap_or_default();
        let or = |text: String, other: String| if text.is_empty() { other } else { text };
        Self {
            status,
            reason: or(document.reason, format!("HTTP_{}", status.as_u16())),
            detail: or(document.detail, document.title),
            fields: document.fields,
            trace_id: document.trace_id,
            retry_after,
        }
    }

    /// The same request may well succeed later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(
            self.status,
            StatusCode::TOO_MANY_REQUESTS
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::BAD_GATEWAY
                | StatusCode::GATEWAY_TIMEOUT
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason)?;
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        for field in &self.fields {
            write!(f, "; {} {}", field.path, field.reason)?;
            if !field.detail.is_empty() {
                write!(f, " ({})", field.detail)?;
            }
        }
        if !self.trace_id.is_empty() {
            write!(f, " [trace {}]", self.trace_id)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_reason_fields_and_trace() {
        let body = br#"{"type":"about:blank","title":"Invalid","status":400,"detail":"a field is wrong","reason":"PHONE_INVALID",
            "fields":[{"path":"reporter.phone","reason":"PHONE_INVALID","detail":"no phone number"}],"traceId":"4bf9"}"#;
        let problem = Problem::read(StatusCode::BAD_REQUEST, body, None);
        let line = "PHONE_INVALID: a field is wrong; reporter.phone PHONE_INVALID (no phone number) [trace 4bf9]";
        assert_eq!(problem.to_string(), line);
    }

    #[test]
    fn an_answer_that_is_no_problem_document_still_has_a_reason() {
        let problem = Problem::read(StatusCode::BAD_GATEWAY, b"<html>", None);
        assert_eq!((problem.reason.as_str(), problem.may_pass()), ("HTTP_502", true));
    }
}
