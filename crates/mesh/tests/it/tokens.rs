//! Development tokens: the honest one, and all the others.

use crate::probe::{NOW, Served, ask, ask_with, to_read};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use civic::{Actor, Micros, Role, SeededRng};
use mesh::{Call, Caller, Code, Fault, Problem, TokenKey, mint, verify};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;

fn key() -> TokenKey {
    TokenKey::from_bytes([7; 32])
}

fn head_of_desk() -> Actor {
    Actor {
        role: Role::DepartmentHandler,
        subject: "s-42".into(),
        unit: Some("500151-gongan".parse().unwrap()),
        head: true,
    }
}

fn token() -> String {
    mint(&key(), &head_of_desk(), NOW, Duration::from_secs(60))
}

fn reason(result: Result<Actor, Fault>) -> &'static str {
    let fault = result.unwrap_err();
    assert_eq!(fault.code, Code::Unauthenticated);
    fault.reason
}

fn signed(header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let tag = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &[7; 32]), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn claims(change: impl FnOnce(&mut serde_json::Value)) -> String {
    let mut claims = serde_json::json!({
        "iss": mesh::ISSUER, "sub": "s", "role": "citizen", "iat": NOW.0 / 1_000_000, "exp": NOW.0 / 1_000_000 + 60,
    });
    change(&mut claims);
    claims.to_string()
}

const HEADER: &str = r#"{"typ":"JWT","alg":"HS256"}"#;

#[test]
fn token_says_who_speaks() {
    assert_eq!(verify(&key(), &token(), NOW).unwrap(), head_of_desk());
    // Another JWT library would order the header its own way.
    assert_eq!(verify(&key(), &signed(HEADER, &claims(|_| {})), NOW).unwrap().role, Role::Citizen);
}

#[test]
fn expired_token_says_so_from_the_second_it_ends() {
    let last = Micros(NOW.0 + 59_999_999);
    assert!(verify(&key(), &token(), last).is_ok());
    assert_eq!(reason(verify(&key(), &token(), Micros(last.0 + 1))), "TOKEN_EXPIRED");
}

#[test]
fn token_of_another_key_or_purpose_is_invalid() {
    assert_eq!(reason(verify(&TokenKey::from_bytes([8; 32]), &token(), NOW)), "TOKEN_INVALID");
    assert_eq!(reason(verify(&key().derive("something else"), &token(), NOW)), "TOKEN_INVALID");
}

#[test]
fn other_algorithms_are_invalid_whatever_they_carry() {
    for alg in ["none", "None", "HS512", "RS256", "ES256", ""] {
        let header = format!(r#"{{"alg":"{alg}"}}"#);
        let forged = signed(&header, &claims(|_| {}));
        assert_eq!(reason(verify(&key(), &forged, NOW)), "TOKEN_INVALID", "{alg}");
        let unsigned = format!("{}.", forged.rsplit_once('.').unwrap().0);
        assert_eq!(reason(verify(&key(), &unsigned, NOW)), "TOKEN_INVALID", "{alg}");
    }
}

#[test]
fn signed_nonsense_is_invalid() {
    let wrong = [
        claims(|claims| claims["iss"] = "someone else".into()),
        claims(|claims| claims["role"] = "emperor".into()),
        claims(|claims| claims["unit"] = "nowhere at all".into()),
        claims(|claims| claims["exp"] = serde_json::Value::Null),
        claims(|claims| claims["iat"] = (NOW.0 / 1_000_000 + 3600).into()),
        "[]".to_owned(),
        String::new(),
    ];
    for claims in wrong {
        assert_eq!(reason(verify(&key(), &signed(HEADER, &claims), NOW)), "TOKEN_INVALID", "{claims}");
    }
}

#[test]
fn huge_token_is_not_even_hashed() {
    let huge = signed(HEADER, &claims(|claims| claims["sub"] = "x".repeat(10_000).into()));
    assert_eq!(reason(verify(&key(), &huge, NOW)), "TOKEN_INVALID");
}

proptest! {
    #[test]
    fn token_changed_anywhere_is_invalid(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_.-]") {
        let mut forged = token();
        let at = at.index(forged.len());
        prop_assume!(forged[at..=at] != to);
        forged.replace_range(at..=at, &to);
        prop_assert_eq!(reason(verify(&key(), &forged, NOW)), "TOKEN_INVALID");
    }

    #[test]
    fn noise_is_invalid_and_never_panics(noise in ".{0,200}") {
        prop_assert_eq!(reason(verify(&key(), &noise, NOW)), "TOKEN_INVALID");
    }
}

#[tokio::test]
async fn service_sees_the_actor_of_the_token_and_a_citizen_without_one() {
    let served = Served::start().await;
    assert_eq!(ask(&served.tcp(), "who").await.unwrap()[0].actor, "citizen ");
    let channel = served.tcp().speaking_as(&token());
    assert_eq!(ask(&channel, "who").await.unwrap()[0].actor, "department-handler s-42");
    assert_eq!(ask(&channel, "must be known").await.unwrap()[0].actor, "s-42");
    let problem = Problem::from_status(&ask(&served.tcp(), "must be known").await.unwrap_err());
    assert_eq!((problem.code, problem.reason.as_str()), (Code::Unauthenticated, "TOKEN_MISSING"));
}

#[tokio::test]
async fn service_does_not_lend_its_token_to_an_anonymous_caller() {
    let served = Served::start().await;
    let trace = mesh::TraceSource::new(&SeededRng::new(3), 0.0).start();
    let call = Arc::new(Call::inside(Caller::anonymous(), trace));
    let own = served.tcp().speaking_as(&token());
    let who = async |channel: &mesh::Channel| {
        mesh::within(Arc::clone(&call), ask(channel, "who")).await.unwrap()[0].actor.clone()
    };
    assert_eq!(who(&served.tcp()).await, "citizen ");
    assert_eq!(who(&own).await, "department-handler s-42");
}

#[tokio::test]
async fn bad_token_is_refused_before_the_handler() {
    let served = Served::start().await;
    for (value, expected) in [
        (format!("Bearer {}x", token()), "TOKEN_INVALID"),
        (format!("Basic {}", token()), "TOKEN_INVALID"),
        ("Bearer".to_owned(), "TOKEN_INVALID"),
        (format!("Bearer {}", "x".repeat(8000)), "TOKEN_INVALID"),
    ] {
        let mut request = to_read("gate");
        request.metadata_mut().insert("authorization", value.parse().unwrap());
        let status = ask_with(&served.tcp(), request).await.unwrap_err();
        assert_eq!(Problem::from_status(&status).reason, expected);
        assert_eq!(status.code(), tonic::Code::Unauthenticated);
    }
    served.clock.set(Micros(NOW.0 + 61_000_000));
    let status = ask(&served.tcp().speaking_as(&token()), "gate").await.unwrap_err();
    assert_eq!(Problem::from_status(&status).reason, "TOKEN_EXPIRED");
    assert_eq!(served.arrived.available_permits(), 0);
}
