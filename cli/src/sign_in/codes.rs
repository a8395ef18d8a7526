//! Codes that were granted and are to be redeemed, once and soon (RFC 6749, 4.1.2; RFC 7636, 4.6).

use super::request::{Asked, Redeemed};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use civic::{Actor, Micros, Rng};
use guard::identity::challenge;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// From the page to the program that asked is a redirect.
const HOLDS: i64 = 60 * Micros::SECOND;

/// What a code stands for.
#[derive(Debug, Clone)]
pub(super) struct Granted {
    pub(super) client: String,
    redirect: String,
    challenge: String,
    pub(super) nonce: Option<String>,
    pub(super) actor: Actor,
    pub(super) acr: &'static str,
}

impl Granted {
    pub(super) fn of(asked: &Asked, actor: Actor, acr: &'static str) -> Self {
        let Asked { client_id, redirect_uri, code_challenge, nonce, .. } = asked.clone();
        Self { client: client_id, redirect: redirect_uri, challenge: code_challenge, nonce, actor, acr }
    }

    fn is_for(&self, redeemed: &Redeemed) -> bool {
        self.client == redeemed.client_id
            && self.redirect == redeemed.redirect_uri
            && self.challenge == challenge(&redeemed.code_verifier)
    }
}

/// By code; with the instant from which it holds no more.
#[derive(Debug, Default)]
pub(super) struct Codes(Mutex<HashMap<String, (Micros, Granted)>>);

impl Codes {
    pub(super) fn grant(&self, granted: Granted, now: Micros, rng: &dyn Rng) -> String {
        let code = random(rng);
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|_, (until, _)| *until > now);
        codes.insert(code.clone(), (Micros(now.0 + HOLDS), granted));
        code
    }

    /// Whoever shows a code uses it up, rightly or wrongly.
    pub(super) fn redeem(&self, redeemed: &Redeemed, now: Micros) -> Option<Granted> {
        let (until, granted) = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&redeemed.code)?;
        (until > now && granted.is_for(redeemed)).then_some(granted)
    }
}

/// 192 bits that nobody guesses.
pub(super) fn random(rng: &dyn Rng) -> String {
    let mut bytes = [0; 24];
    rng.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use civic::{Role, SystemRng};

    const NOW: Micros = Micros(1_795_276_800_000_000);
    // RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn granted() -> Granted {
        Granted {
            client: "console".into(),
            redirect: "http://127.0.0.1:5173/back".into(),
            challenge: CHALLENGE.into(),
            nonce: None,
            actor: Actor::alone(Role::Citizen, "dev-citizen"),
            acr: "development",
        }
    }

    fn redeemed(code: &str, change: impl FnOnce(&mut serde_json::Value)) -> Redeemed {
        let mut form = serde_json::json!({
            "grant_type": "authorization_code", "code": code, "redirect_uri": "http://127.0.0.1:5173/back",
            "client_id": "console", "code_verifier": VERIFIER,
        });
        change(&mut form);
        serde_json::from_value(form).unwrap()
    }

    #[test]
    fn a_code_is_redeemed_once_soon_and_by_whom_it_was_granted_to() {
        let codes = Codes::default();
        let grant = || codes.grant(granted(), NOW, &SystemRng);
        let code = grant();
        assert!(codes.redeem(&redeemed(&code, |_| {}), NOW).is_some());
        assert!(codes.redeem(&redeemed(&code, |_| {}), NOW).is_none(), "twice");
        let late = Micros(NOW.0 + HOLDS);
        assert!(codes.redeem(&redeemed(&grant(), |_| {}), late).is_none(), "a minute later");
        for (field, other) in
            [("client_id", "other"), ("redirect_uri", "http://127.0.0.1:5174/back"), ("code_verifier", CHALLENGE)]
        {
            let code = grant();
            assert!(codes.redeem(&redeemed(&code, |form| form[field] = other.into()), NOW).is_none(), "{field}");
            assert!(codes.redeem(&redeemed(&code, |_| {}), NOW).is_none(), "a wrong {field} has used it up");
        }
    }
}
