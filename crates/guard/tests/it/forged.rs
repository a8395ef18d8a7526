//! Tokens that somebody made up, and providers that are not what they say.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use civic::{Clock, SystemClock};
use guard::identity::{Pace, Provider, Terms};
use mesh::Issuer;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Serves two documents to whoever asks, and counts.
struct Fake {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    pair: Arc<Ed25519KeyPair>,
    _serving: JoinSet<()>,
}

impl Fake {
    async fn start(change: impl FnOnce(&mut Value, &mut Value)) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let pair = Arc::new(Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap());
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let mut discovery =
            json!({"issuer": format!("http://{address}"), "jwks_uri": format!("http://{address}/keys")});
        let mut keys = json!({"keys": [
            {"kty": "OKP", "crv": "Ed25519", "kid": "good", "use": "sig", "x": x},
            {"kty": "oct", "kid": "shared", "alg": "HS256", "k": x},
            {"kty": "OKP", "crv": "Ed25519", "kid": "sealing", "use": "enc", "x": x},
        ]});
        change(&mut discovery, &mut keys);
        let asked = Arc::new(AtomicUsize::new(0));
        let (counted, documents) = (Arc::clone(&asked), [discovery.to_string(), keys.to_string()]);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 2048];
                let read = stream.read(&mut head).await.unwrap_or(0);
                let which = usize::from(!head[..read].starts_with(b"GET /.well-known"));
                counted.fetch_add(1, Ordering::SeqCst);
                let body = &documents[which];
                let answer =
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { address, asked, pair, _serving: serving }
    }

    fn provider(&self) -> Provider {
        let issuer = format!("http://{}", self.address).parse().unwrap();
        Provider::new(Terms::new(issuer, "jiewang"), Pace::default()).unwrap()
    }

    fn claims(&self) -> Value {
        let seconds = SystemClock.now().0 / 1_000_000;
        json!({"iss": format!("http://{}", self.address), "aud": "jiewang", "sub": "s", "exp": seconds + 60})
    }

    fn signed(&self, header: &Value, claims: &Value) -> String {
        let text = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
        let tag = self.pair.sign(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag))
    }
}

async fn said(provider: &Provider, token: &str) -> &'static str {
    provider.bearer(token, SystemClock.now()).await.map_or_else(|fault| fault.reason, |_| "BELIEVED")
}

#[tokio::test]
async fn only_the_key_s_own_algorithm_and_a_signing_key_of_the_set_are_believed() {
    let fake = Fake::start(|_, _| {}).await;
    let provider = fake.provider();
    let header = |alg: &str, kid: &str| json!({"alg": alg, "kid": kid, "typ": "at+jwt"});
    assert_eq!(said(&provider, &fake.signed(&header("EdDSA", "good"), &fake.claims())).await, "BELIEVED");
    for alg in ["none", "HS256", "HS512", "ES256", "RS256", "PS512", ""] {
        let forged = fake.signed(&header(alg, "good"), &fake.claims());
        assert_eq!(said(&provider, &forged).await, "TOKEN_INVALID", "{alg}");
        let unsigned = format!("{}.", forged.rsplit_once('.').unwrap().0);
        assert_eq!(said(&provider, &unsigned).await, "TOKEN_INVALID", "{alg}, unsigned");
    }
    for kid in ["shared", "sealing", "unknown", ""] {
        assert_eq!(
            said(&provider, &fake.signed(&header("EdDSA", kid), &fake.claims())).await,
            "TOKEN_INVALID",
            "{kid}"
        );
    }
    for header in [
        json!({"alg": "EdDSA"}),
        json!({"alg": "EdDSA", "kid": "good", "crit": ["b64"], "b64": false}),
        json!({"alg": "EdDSA", "kid": 7}),
        json!([]),
    ] {
        assert_eq!(said(&provider, &fake.signed(&header, &fake.claims())).await, "TOKEN_INVALID", "{header}");
    }
}

#[tokio::test]
async fn claims_are_those_of_this_issuer_for_this_cluster() {
    let fake = Fake::start(|_, _| {}).await;
    let provider = fake.provider();
    let header = json!({"alg": "EdDSA", "kid": "good"});
    let with = |name: &str, value: Value| {
        let mut claims = fake.claims();
        claims[name] = value;
        fake.signed(&header, &claims)
    };
    assert_eq!(said(&provider, &with("aud", json!(["x", "jiewang"]))).await, "BELIEVED");
    for (name, value) in [
        ("iss", json!("http://127.0.0.1:1")),
        ("iss", Value::Null),
        ("aud", json!("another")),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("sub", Value::Null),
        ("sub", json!("service/intake")),
        ("sub", json!("reports/01k9")),
        ("exp", json!("soon")),
        ("exp", Value::Null),
        ("role", json!("root")),
        ("nbf", json!(4_000_000_000_i64)),
    ] {
        assert_eq!(said(&provider, &with(name, value.clone())).await, "TOKEN_INVALID", "{name} {value}");
    }
    assert_eq!(said(&provider, &with("exp", json!(1_000_000))).await, "TOKEN_EXPIRED");
    assert_eq!(said(&provider, &with("pad", json!("x".repeat(9000)))).await, "TOKEN_INVALID", "huge");
}

#[tokio::test]
async fn no_byte_of_a_token_can_be_changed() {
    let fake = Fake::start(|_, _| {}).await;
    let provider = fake.provider();
    let token = fake.signed(&json!({"alg": "EdDSA", "kid": "good"}), &fake.claims());
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(said(&provider, &changed).await, "TOKEN_INVALID", "byte {at}");
    }
    assert_eq!(said(&provider, &token).await, "BELIEVED");
}

#[tokio::test]
async fn names_of_keys_that_are_made_up_cost_the_issuer_little() {
    let fake = Fake::start(|_, _| {}).await;
    let provider = fake.provider();
    for kid in 0..200 {
        let token = fake.signed(&json!({"alg": "EdDSA", "kid": kid.to_string()}), &fake.claims());
        assert_eq!(said(&provider, &token).await, "TOKEN_INVALID");
    }
    assert_eq!(fake.asked.load(Ordering::SeqCst), 2, "once for discovery, once for the keys");
}

#[tokio::test]
async fn a_provider_that_is_another_or_sends_elsewhere_is_not_believed() {
    let elsewhere = ["http://192.0.2.1/keys", "file:///etc/passwd", "//keys", ""];
    for at in elsewhere {
        let fake = Fake::start(|discovery, _| discovery["jwks_uri"] = at.into()).await;
        let token = fake.signed(&json!({"alg": "EdDSA", "kid": "good"}), &fake.claims());
        assert_eq!(said(&fake.provider(), &token).await, "ISSUER_UNREACHABLE", "{at}");
    }
    let fake = Fake::start(|discovery, _| discovery["issuer"] = "http://127.0.0.1:1".into()).await;
    let token = fake.signed(&json!({"alg": "EdDSA", "kid": "good"}), &fake.claims());
    assert_eq!(said(&fake.provider(), &token).await, "ISSUER_UNREACHABLE");
    let fake = Fake::start(|_, keys| *keys = json!({"keys": "none"})).await;
    let token = fake.signed(&json!({"alg": "EdDSA", "kid": "good"}), &fake.claims());
    assert_eq!(said(&fake.provider(), &token).await, "ISSUER_UNREACHABLE");
}
