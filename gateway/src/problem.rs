//! RFC 9457 problem details in the shape of the contract, from the edge's own refusals or from a service's status.
use crate::reason::{Language, Reason, title};
use mesh::Code;
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;

/// A field that is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct FieldFault {
    /// lowerCamelCase with dots and indexes: `attachments[2].uri`.
    pub(crate) path: String,
    pub(crate) reason: Cow<'static, str>,
    pub(crate) detail: Detail,
}

/// Words for people: our own in their language, or a service's as they are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Detail {
    Edge(Reason, String),
    Service(String),
}

impl Detail {
    fn text(&self, language: Language) -> String {
        match self {
            Self::Edge(reason, note) if note.is_empty() => reason.text(language).to_owned(),
            Self::Edge(reason, note) => format!("{}: {note}", reason.text(language)),
            Self::Service(text) => text.clone(),
        }
    }
}

impl FieldFault {
    pub(crate) fn new(path: impl Into<String>, reason: Reason, note: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.as_str().into(), detail: Detail::Edge(reason, note.into()) }
    }
}

impl From<mesh::ProblemField> for FieldFault {
    fn from(field: mesh::ProblemField) -> Self {
        Self { path: field.path, reason: field.reason.into(), detail: Detail::Service(field.detail) }
    }
}

/// How long to wait where nobody said: what is exhausted or unavailable frees up within a request's time.
const fn soon(code: Code) -> Option<Duration> {
    match code {
        Code::Exhausted | Code::Unavailable => Some(Duration::from_secs(1)),
        Code::Invalid
        | Code::Unauthenticated
        | Code::Denied
        | Code::NotFound
        | Code::Conflict
        | Code::Refused
        | Code::Internal => None,
    }
}

/// What is answered instead of a resource.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) status: u16,
    pub(crate) reason: Cow<'static, str>,
    pub(crate) detail: Detail,
    pub(crate) fields: Vec<FieldFault>,
    pub(crate) retry_after: Option<Duration>,
    /// Methods of the address, for 405.
    pub(crate) allow: Option<String>,
    /// Article that refuses, where a service names one.
    pub(crate) law: Option<String>,
}

impl From<Reason> for Problem {
    fn from(reason: Reason) -> Self {
        Self::new(reason, "")
    }
}

impl Problem {
    pub(crate) fn new(reason: Reason, note: impl Into<String>) -> Self {
        Self {
            code: reason.code(),
            status: reason.status(),
            reason: reason.as_str().into(),
            detail: Detail::Edge(reason, note.into()),
            fields: Vec::new(),
            // What is exhausted or unavailable at the edge frees up within a request's time.
            retry_after: matches!(reason.code(), Code::Exhausted | Code::Unavailable).then_some(Duration::from_secs(1)),
            allow: None,
            law: None,
        }
    }

    /// The first field's reason speaks for the whole; all are listed.
    pub(crate) fn of_fields(fields: Vec<FieldFault>) -> Self {
        let Some(first) = fields.first() else {
            return Reason::TypeMismatch.into();
        };
        Self {
            code: Code::Invalid,
            status: Code::Invalid.http(),
            reason: first.reason.clone(),
            detail: first.detail.clone(),
            fields,
            retry_after: None,
            allow: None,
            law: None,
        }
    }

    /// A service's status, as mesh reads it.
    pub(crate) fn of_status(status: &tonic::Status) -> Self {
        let problem = mesh::Problem::from_status(status);
        Self {
            code: problem.code,
            status: problem.code.http(),
            reason: problem.reason.into(),
            detail: Detail::Service(problem.detail),
            fields: problem.fields.into_iter().map(FieldFault::from).collect(),
            retry_after: problem.retry_after.or(soon(problem.code)),
            allow: None,
            law: problem.law,
        }
    }

    /// The document. An internal fault says its trace id and nothing else.
    pub(crate) fn render(&self, language: Language, trace: &str) -> Vec<u8> {
        let detail = match self.code {
            Code::Internal => format!("{} {trace}", language.pick("追踪号", "trace")),
            Code::Invalid
            | Code::Unauthenticated
            | Code::Denied
            | Code::NotFound
            | Code::Conflict
            | Code::Refused
            | Code::Exhausted
            | Code::Unavailable => self.detail.text(language),
        };
        let document = Document {
            r#type: format!("/docs#{}", self.code.as_str()),
            title: title(self.code, language),
            status: self.status,
            detail,
            reason: &self.reason,
            law: self.law.as_deref(),
            fields: self
                .fields
                .iter()
                .map(|field| Field { path: &field.path, reason: &field.reason, detail: field.detail.text(language) })
                .collect(),
            trace_id: trace,
        };
        serde_json::to_vec(&document).expect("strings and numbers always serialize")
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: String,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    law: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field<'a>>,
    trace_id: &'a str,
}

#[derive(Serialize)]
struct Field<'a> {
    path: &'a str,
    reason: &'a str,
    detail: String,
}
