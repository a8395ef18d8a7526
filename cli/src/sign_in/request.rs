//! What programs and the page send.

use crate::person::Person;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use std::net::IpAddr;

/// An authorization request with PKCE.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Asked {
    pub(super) response_type: String,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    #[serde(default)]
    pub(super) scope: String,
    #[serde(default)]
    pub(super) state: String,
    #[serde(default)]
    pub(super) nonce: Option<String>,
    pub(super) code_challenge: String,
    pub(super) code_challenge_method: String,
}

impl Asked {
    /// Any program of this machine may ask; the code goes to this machine alone.
    pub(super) fn check(&self) -> Result<(), Refused> {
        let Self { response_type, client_id, redirect_uri, code_challenge, code_challenge_method, .. } = self;
        let wrong = |what: &str| Err(Refused::invalid(what.to_owned()));
        if !is_here(redirect_uri) {
            return wrong("redirect_uri is an http URL of this machine (127.0.0.1, [::1] or localhost)");
        }
        if client_id.is_empty() {
            return wrong("client_id is any name of the program");
        }
        if response_type != "code" {
            return Err(Refused {
                error: "unsupported_response_type",
                description: "response_type is code".to_owned(),
            });
        }
        if code_challenge_method != "S256" || code_challenge.len() != 43 {
            return wrong("code_challenge is SHA-256 of the verifier, code_challenge_method S256");
        }
        Ok(())
    }

    /// The page's hidden fields.
    pub(super) fn fields(&self) -> [(&'static str, &str); 8] {
        [
            ("response_type", &self.response_type),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", &self.scope),
            ("state", &self.state),
            ("nonce", self.nonce.as_deref().unwrap_or_default()),
            ("code_challenge", &self.code_challenge),
            ("code_challenge_method", &self.code_challenge_method),
        ]
    }

    /// Where the browser goes with the code.
    pub(super) fn back_with(&self, code: &str) -> String {
        let Self { redirect_uri, state, .. } = self;
        let joint = if redirect_uri.contains('?') { '&' } else { '?' };
        let state = percent_encoding::utf8_percent_encode(state, percent_encoding::NON_ALPHANUMERIC);
        format!("{redirect_uri}{joint}code={code}&state={state}")
    }
}

fn is_here(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let here = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    here && uri.scheme_str() == Some("http") && !url.contains(['#', '@'])
}

/// Whom somebody chose at the page.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Chosen {
    pub(super) role: String,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    head: Option<String>,
    #[serde(default)]
    pub(super) strong: Option<String>,
}

impl Chosen {
    pub(super) fn person(&self) -> Result<Person, Refused> {
        let role = self.role.parse().map_err(|_| Refused::invalid(format!("there is no role {}", self.role)))?;
        let unit = match self.unit.trim() {
            "" => None,
            unit => Some(unit.parse().map_err(|_| Refused::invalid(format!("{unit} is no unit")))?),
        };
        let subject = Some(self.subject.trim().to_owned()).filter(|subject| !subject.is_empty());
        if subject.as_ref().is_some_and(|subject| !subject.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(Refused::invalid("a subject is a reference without spaces, never a name".to_owned()));
        }
        Ok(Person { role, unit, subject, head: self.head.is_some() })
    }
}

/// The page's answer to a program's request.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Granting {
    #[serde(flatten)]
    pub(super) asked: Asked,
    #[serde(flatten)]
    pub(super) chosen: Chosen,
}

/// A code to be exchanged for tokens.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Redeemed {
    grant_type: String,
    #[serde(default)]
    pub(super) code: String,
    #[serde(default)]
    pub(super) redirect_uri: String,
    #[serde(default)]
    pub(super) client_id: String,
    #[serde(default)]
    pub(super) code_verifier: String,
}

impl Redeemed {
    pub(super) fn check(&self) -> Result<(), Refused> {
        let description = "grant_type is authorization_code".to_owned();
        (self.grant_type == "authorization_code")
            .then_some(())
            .ok_or(Refused { error: "unsupported_grant_type", description })
    }
}

/// RFC 6749, 4.1.2.1 and 5.2. Shown and never sent on: who develops sees it at once.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    error: &'static str,
    description: String,
}

impl Refused {
    pub(super) const GRANT: Self = Self { error: "invalid_grant", description: String::new() };

    pub(super) const fn invalid(description: String) -> Self {
        Self { error: "invalid_request", description }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = json!({"error": self.error, "error_description": self.description}).to_string();
        (StatusCode::BAD_REQUEST, [("content-type", "application/json")], body).into_response()
    }
}
