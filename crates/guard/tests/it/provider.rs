//! Tokens of a real provider that is not ours, its keys, and their rotation.

use civic::{Actor, Clock, Micros, Role, SystemClock};
use guard::identity::{Pace, Provider, Terms};
use mesh::{Fault, Issuer};
use std::sync::Arc;
use std::time::Duration;
use testkit::OidcServer;

const MACHINES: &[(&str, &str, &str)] = &[
    ("hotline", "ES256", r#"{"role": "integrator", "unit": "50"}"#),
    ("police", "RS256", r#"{"role": "integrator", "unit": "500151"}"#),
    ("nobody", "ES256", "{}"),
    ("weak", "ES256", r#"{"role": "supervisor", "unit": "500151", "acr": "password"}"#),
    ("strong", "ES256", r#"{"role": "supervisor", "unit": "500151", "acr": "two-factors"}"#),
    ("impostor", "ES256", r#"{"role": "root", "unit": "50"}"#),
];

/// Looks often, so that a test need not wait.
const QUICK: Pace =
    Pace { look: Duration::from_millis(50), again: Duration::from_millis(10), believed: Duration::from_secs(1) };

fn provider(server: &OidcServer, audience: &str, pace: Pace) -> Provider {
    let strong = vec!["two-factors".to_owned()];
    let terms = Terms { strong, ..Terms::new(server.issuer().parse().unwrap(), audience) };
    Provider::new(terms, pace).unwrap()
}

async fn asked(provider: &Provider, token: &str) -> Result<Actor, &'static str> {
    asked_at(provider, token, SystemClock.now()).await
}

async fn asked_at(provider: &Provider, token: &str, now: Micros) -> Result<Actor, &'static str> {
    provider.bearer(token, now).await.map(|bearer| bearer.actor).map_err(|fault: Fault| fault.reason)
}

#[tokio::test]
async fn tokens_of_another_s_provider_say_who_calls() {
    let Some(server) = OidcServer::start("tokens_of_another_s_provider_say_who_calls", MACHINES) else { return };
    let provider = provider(&server, "jiewang", Pace::default());
    let token = |machine| server.token(machine).unwrap();
    let integrator = |subject: &str, unit: &str| Actor {
        role: Role::Integrator,
        subject: subject.to_owned(),
        unit: Some(unit.parse().unwrap()),
        head: false,
    };
    assert_eq!(asked(&provider, &token("hotline")).await, Ok(integrator("hotline", "50")), "ES256");
    assert_eq!(asked(&provider, &token("police")).await, Ok(integrator("police", "500151")), "RS256");
    assert_eq!(asked(&provider, &token("nobody")).await, Ok(Actor::alone(Role::Citizen, "nobody")));
    assert_eq!(asked(&provider, &token("impostor")).await, Err("TOKEN_INVALID"));
    assert_eq!(asked(&provider, &token("weak")).await, Err("STRONGER_AUTHENTICATION_NEEDED"));
    assert_eq!(asked(&provider, &token("strong")).await.map(|actor| actor.role), Ok(Role::Supervisor));
}

#[tokio::test]
async fn a_token_holds_for_its_audience_and_its_time() {
    let Some(server) = OidcServer::start("a_token_holds_for_its_audience_and_its_time", MACHINES) else { return };
    let token = server.token("hotline").unwrap();
    let other = provider(&server, "another-city", Pace::default());
    assert_eq!(asked(&other, &token).await, Err("TOKEN_INVALID"));
    let provider = provider(&server, "jiewang", Pace::default());
    let now = SystemClock.now();
    let later = |seconds: i64| Micros(now.0 + seconds * Micros::SECOND);
    assert_eq!(asked_at(&provider, &token, later(-60)).await, Err("TOKEN_INVALID"), "not yet");
    assert!(asked_at(&provider, &token, later(500)).await.is_ok());
    // Also when it is remembered.
    assert_eq!(asked_at(&provider, &token, later(700)).await, Err("TOKEN_EXPIRED"));
}

#[tokio::test]
async fn keys_are_followed_when_they_rotate() {
    let Some(mut server) = OidcServer::start("keys_are_followed_when_they_rotate", MACHINES) else { return };
    let provider = Arc::new(provider(&server, "jiewang", QUICK));
    let old = server.token("hotline").unwrap();
    assert!(asked(&provider, &old).await.is_ok());
    server.rotate(&["second", "first"]);
    let new = server.token("hotline").unwrap();
    tokio::time::sleep(QUICK.again).await;
    assert!(asked(&provider, &new).await.is_ok(), "a name that is not known is looked for at once");
    assert!(asked(&provider, &old).await.is_ok(), "the old key is still there");
    server.rotate(&["second"]);
    let (followed, stop) = (Arc::clone(&provider), tokio::sync::oneshot::channel::<()>());
    let mut following = tokio::task::JoinSet::new();
    following.spawn(async move { followed.follow(async { drop(stop.1.await) }).await });
    let mut said = asked(&provider, &old).await;
    for _ in 0..100 {
        if said.is_err() {
            break;
        }
        tokio::time::sleep(QUICK.look).await;
        said = asked(&provider, &old).await;
    }
    assert_eq!(said, Err("TOKEN_INVALID"), "whoever had the key that was withdrawn is nobody");
    assert!(asked(&provider, &new).await.is_ok());
    drop(stop.0);
    following.join_next().await.unwrap().unwrap();
}

#[tokio::test]
async fn a_provider_that_is_away_is_believed_for_a_while() {
    let Some(mut server) = OidcServer::start("a_provider_that_is_away_is_believed_for_a_while", MACHINES) else {
        return;
    };
    let [known, unknown] = [QUICK, QUICK].map(|pace| provider(&server, "jiewang", pace));
    let token = server.token("hotline").unwrap();
    assert!(asked(&known, &token).await.is_ok());
    server.stop();
    assert!(asked(&known, &token).await.is_ok());
    assert_eq!(asked(&unknown, &token).await, Err("ISSUER_UNREACHABLE"), "the caller may try again");
    tokio::time::sleep(QUICK.believed).await;
    assert_eq!(asked(&known, &token).await, Err("ISSUER_UNREACHABLE"), "keys that nobody vouches for any more");
    server.rotate(&["first"]);
    tokio::time::sleep(QUICK.again).await;
    assert!(asked(&known, &token).await.is_ok());
    assert!(asked(&unknown, &token).await.is_ok());
}
