//! The development issuer (`jiewang up --sign-in`, docs/adr/0056): an OpenID Connect provider without passwords, on loopback alone. Whoever
//! opens its page chooses whom to be. Authorization code with PKCE (RFC 6749, 7636) for programs of this machine (RFC 8252), tokens as
//! of the city's own provider, under a key that lives as long as the process.

mod codes;
mod page;
mod request;

use axum::extract::{DefaultBodyLimit, Form, Query, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, LOCATION, REFERRER_POLICY};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use civic::{Actor, Clock, Micros, Rng};
use codes::{Codes, Granted};
use guard::identity::{Signer, Terms};
use request::{Asked, Chosen, Granting, Redeemed, Refused};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

/// A working day; then one signs in again.
const SHIFT_SECONDS: i64 = 8 * 3600;
/// `acr` of whoever ticked that a second factor was used, and of whoever did not.
const STRONG: &str = "development-strong";
const WEAK: &str = "development";
/// Longer than any honest form.
const LONGEST: usize = 16 << 10;

/// See the module.
pub(crate) struct SignIn {
    address: SocketAddr,
    audience: String,
    signer: Signer,
    codes: Codes,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

type Us = State<Arc<SignIn>>;

impl SignIn {
    /// At an address of loopback, for tokens with this audience. The key is new.
    ///
    /// # Errors
    /// When the machine has no chance to make a key of.
    pub(crate) fn new(
        address: SocketAddr,
        audience: String,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> anyhow::Result<Self> {
        let signer = Signer::fresh()?;
        Ok(Self { address, audience, signer, codes: Codes::default(), clock, rng })
    }

    /// What is asked of its tokens.
    ///
    /// # Panics
    /// Never: an http URL of loopback names an issuer.
    #[must_use]
    pub(crate) fn terms(&self) -> Terms {
        let issuer = self.issuer().parse().expect("an http URL of loopback names an issuer");
        Terms { strong: vec![STRONG.to_owned()], ..Terms::new(issuer, self.audience.clone()) }
    }

    fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Until `stop` ends.
    pub(crate) async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()> + Send + 'static) {
        let us = Arc::new(self);
        let router = axum::Router::new()
            .route("/", get(open_page).post(hand_out))
            .route("/.well-known/openid-configuration", get(discover))
            .route("/keys", get(keys))
            .route("/authorize", get(ask).post(grant))
            .route("/token", post(redeem))
            .layer(DefaultBodyLimit::max(LONGEST))
            .layer(from_fn_with_state(us.clone(), guarded))
            .with_state(us);
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop).await {
            tracing::error!(%error, "jiewang.sign_in.failed");
        }
    }

    fn now(&self) -> Micros {
        self.clock.now()
    }

    /// What services are shown (RFC 9068).
    fn access_token(&self, client: &str, actor: &Actor, acr: &str) -> String {
        let now = self.now().0 / Micros::SECOND;
        let mut claims = json!({
            "iss": self.issuer(), "sub": actor.subject, "aud": self.audience, "client_id": client, "role": actor.role.as_str(),
            "head": actor.head, "acr": acr, "iat": now, "exp": now + SHIFT_SECONDS, "jti": codes::random(&*self.rng),
        });
        if let Some(unit) = &actor.unit {
            claims["unit"] = unit.as_str().into();
        }
        self.signer.sign("at+jwt", &claims)
    }

    /// What the program that asked is told of the person (OpenID Connect Core 2).
    fn id_token(&self, granted: &Granted) -> String {
        let now = self.now().0 / Micros::SECOND;
        let mut claims = json!({
            "iss": self.issuer(), "sub": granted.actor.subject, "aud": granted.client, "acr": granted.acr,
            "iat": now, "exp": now + SHIFT_SECONDS,
        });
        if let Some(nonce) = &granted.nonce {
            claims["nonce"] = nonce.as_str().into();
        }
        self.signer.sign("JWT", &claims)
    }

    fn person(&self, chosen: &Chosen) -> Result<(Actor, &'static str), Refused> {
        let actor = chosen.person()?.actor(self.now()).map_err(|error| Refused::invalid(error.to_string()))?;
        Ok((actor, if chosen.strong.is_some() { STRONG } else { WEAK }))
    }
}

/// Only under its own name, so that no page from elsewhere reaches it by a name that it has pointed at loopback.
async fn guarded(us: Us, request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if host != us.address.to_string() && host != format!("localhost:{}", us.address.port()) {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
        ),
        (REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// OpenID Connect Discovery 1.0, 3.
async fn discover(us: Us) -> Response {
    let issuer = us.issuer();
    answer(&json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "scopes_supported": ["openid"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "acr_values_supported": [WEAK, STRONG],
    }))
}

async fn keys(us: Us) -> Response {
    answer(&us.signer.keys())
}

/// For whoever tries the API by hand: a page, and then a token to copy.
async fn open_page(us: Us) -> Html<String> {
    Html(page::choose(&us.issuer(), None))
}

async fn hand_out(us: Us, Form(chosen): Form<Chosen>) -> Result<Html<String>, Refused> {
    let (actor, acr) = us.person(&chosen)?;
    Ok(Html(page::handed_out(&actor, &us.access_token("jiewang-page", &actor, acr))))
}

/// RFC 6749, 4.1.1.
async fn ask(us: Us, Query(asked): Query<Asked>) -> Result<Html<String>, Refused> {
    asked.check()?;
    Ok(Html(page::choose(&us.issuer(), Some(&asked))))
}

/// The page's answer: back to the program, with a code.
async fn grant(us: Us, Form(Granting { asked, chosen }): Form<Granting>) -> Result<Response, Refused> {
    asked.check()?;
    let (actor, acr) = us.person(&chosen)?;
    let granted = Granted::of(&asked, actor, acr);
    let code = us.codes.grant(granted, us.now(), &*us.rng);
    let back =
        HeaderValue::try_from(asked.back_with(&code)).map_err(|_| Refused::invalid("redirect_uri".to_owned()))?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, back)]).into_response())
}

/// RFC 6749, 4.1.3.
async fn redeem(us: Us, Form(redeemed): Form<Redeemed>) -> Result<Response, Refused> {
    redeemed.check()?;
    let granted = us.codes.redeem(&redeemed, us.now()).ok_or(Refused::GRANT)?;
    let access = us.access_token(&granted.client, &granted.actor, granted.acr);
    Ok(answer(&json!({
        "access_token": access, "token_type": "Bearer", "expires_in": SHIFT_SECONDS, "scope": "openid",
        "id_token": us.id_token(&granted),
    })))
}

fn answer(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}
