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
    Edge(Reason, Box<str>),
    Service(Box<str>),
}

impl Detail {
    fn text(&self, language: Language) -> String {
        match self {
            Self::Edge(reason, note) if note.is_empty() => reason.text(language).to_owned(),
            Self::Edge(reason, note) => format!("{}: {note}", reason.text(language)),
            Self::Service(text) => text.to_string(),
        }
    }
}

impl FieldFault {
    pub(crate) fn new(path: impl Into<String>, reason: Reason, note: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.as_str().into(), detail: Detail::Edge(reason, note.into().into()) }
    }
}

impl From<mesh::ProblemField> for FieldFault {
    fn from(field: mesh::ProblemField) -> Self {
        Self { path: field.path, reason: field.reason.into(), detail: Detail::Service(field.detail.into()) }
    }
}

/// How long to wait where nobody said: what is exhausted or unavailable frees up within a request's time.
const fn soon(code: Code) -> Option<u32> {
    match code {
        Code::Exhausted | Code::Unavailable => Some(1),
        Code::Invalid
        | Code::Unauthenticated
        | Code::Denied
        | Code::NotFound
        | Code::Conflict
        | Code::Refused
        | Code::Internal => None,
    }
}

/// Rounded up: trying at the stated second must not be too early.
fn whole_seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).unwrap_or(u32::MAX)
}

/// What is answered instead of a resource.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) status: u16,
    pub(crate) reason: Cow<'static, str>,
    pub(crate) detail: Detail,
    pub(crate) fields: Vec<FieldFault>,
    /// Seconds.
    pub(crate) retry_after: Option<u32>,
    /// Methods of the address, for 405.
    pub(crate) allow: Option<Box<str>>,
    /// The rule that refuses, where a service names one.
    pub(crate) law: Option<Box<str>>,
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
            detail: Detail::Edge(reason, note.into().into()),
            fields: Vec::new(),
            retry_after: soon(reason.code()),
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
            detail: Detail::Service(problem.detail.into()),
            fields: problem.fields.into_iter().map(FieldFault::from).collect(),
            retry_after: problem.retry_after.map(whole_seconds).or(soon(problem.code)),
            allow: None,
            law: problem.law.map(Into::into),
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
