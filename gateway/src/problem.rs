//! RFC 9457 problem details in the shape of the contract, from the edge's own refusals or from a service's status.
use crate::reason::{Code, Language, Reason};
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;
use tonic_types::StatusExt;

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
        Self {
            path: path.into(),
            reason: reason.as_str().into(),
            detail: Detail::Edge(reason, note.into()),
        }
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
            retry_after: matches!(reason.code(), Code::Exhausted | Code::Unavailable)
                .then_some(Duration::from_secs(1)),
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

    /// A service's status: code by the contract's table, the rest from ErrorInfo, BadRequest and RetryInfo.
    pub(crate) fn of_status(status: &tonic::Status) -> Self {
        let code = Code::of_grpc(status.code());
        let details = status.get_error_details();
        let Some(info) = details.error_info() else {
            return Self::of_bare_status(code, status);
        };
        let fields = details
            .bad_request()
            .map(|bad| bad.field_violations.as_slice())
            .unwrap_or_default();
        Self {
            code,
            status: code.http(),
            reason: info.reason.clone().into(),
            detail: Detail::Service(status.message().to_owned()),
            fields: fields
                .iter()
                .map(|field| FieldFault {
                    path: field.field.clone(),
                    reason: field.reason.clone().into(),
                    detail: Detail::Service(field.description.clone()),
                })
                .collect(),
            retry_after: details.retry_info().and_then(|retry| retry.retry_delay),
            allow: None,
            law: info.metadata.get("law").cloned(),
        }
    }

    /// A status without our details comes from the transport or from a layer, not from a service's rules.
    fn of_bare_status(code: Code, status: &tonic::Status) -> Self {
        let reason = match code {
            Code::Unavailable
                if matches!(
                    status.code(),
                    tonic::Code::DeadlineExceeded | tonic::Code::Cancelled
                ) =>
            {
                Reason::DeadlineExceeded
            }
            Code::Unavailable => Reason::UpstreamUnavailable,
            Code::Internal => Reason::Internal,
            Code::Invalid
            | Code::Unauthenticated
            | Code::Denied
            | Code::NotFound
            | Code::Conflict
            | Code::Refused
            | Code::Exhausted => {
                return Self {
                    code,
                    status: code.http(),
                    reason: code.slug().replace('-', "_").to_ascii_uppercase().into(),
                    detail: Detail::Service(status.message().to_owned()),
                    fields: Vec::new(),
                    retry_after: None,
                    allow: None,
                    law: None,
                };
            }
        };
        reason.into()
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
            r#type: format!("/docs#{}", self.code.slug()),
            title: self.code.title(language),
            status: self.status,
            detail,
            reason: &self.reason,
            law: self.law.as_deref(),
            fields: self
                .fields
                .iter()
                .map(|field| Field {
                    path: &field.path,
                    reason: &field.reason,
                    detail: field.detail.text(language),
                })
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
