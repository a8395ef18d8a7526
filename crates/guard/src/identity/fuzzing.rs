//! See `crate::fuzzing`.

use super::claims::Claims;
use super::directory::{Discovered, IssuerUrl};
use super::keys::Keys;
use super::{Pace, Provider, Terms};
use civic::Micros;
use jsonwebtoken::jwk::JwkSet;
use std::sync::LazyLock;
use std::time::Duration;

const NOW: Micros = Micros(1_795_276_800_000_000);

/// The public key of RFC 8037, appendix A.2: nobody here has the other half.
const KNOWN: &[u8] =
    br#"{"keys":[{"kty":"OKP","kid":"k","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// What comes from the city's provider and from whoever says that he has a token of it: the text as a token, the bytes as claims, as a set
/// of keys and as the document of discovery.
pub fn token(bytes: &[u8]) {
    claims(bytes);
    let provider = provider();
    if let Ok(set) = serde_json::from_slice::<JwkSet>(bytes) {
        let keys = Keys::of(&set);
        assert!(keys.holds_all_of(&Keys::of(&set)));
        for key in set.keys.iter().filter_map(|jwk| keys.get(jwk.common.key_id.as_deref()?)) {
            assert!(provider.verify("eyJhbGciOiJFUzI1NiJ9.e30.AAAA", key).is_err());
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(issuer) = text.parse::<IssuerUrl>() {
        assert_eq!(issuer.to_string().parse(), Ok(issuer));
    }
    if let Ok(header) = jsonwebtoken::decode_header(text) {
        let _ = (header.kid, header.crit);
    }
    let known = Keys::of(&serde_json::from_slice(KNOWN).expect("the standard's example is read"));
    let key = known.get("k").expect("the standard's example has a key");
    assert!(provider.verify(text, key).is_err(), "nobody has signed it");
}

/// Claims whose signature held: whom they name is nobody of the cluster's own, and not for ever behind us.
fn claims(bytes: &[u8]) {
    if let Ok(found) = serde_json::from_slice::<Discovered>(bytes) {
        let _ = found.keys();
    }
    let Ok(claims) = serde_json::from_slice::<Claims>(bytes) else { return };
    if let Ok(bearer) = claims.bearer(&terms(), NOW) {
        let subject = &bearer.actor.subject;
        assert!(bearer.until > NOW && !subject.is_empty() && subject.bytes().all(|byte| byte.is_ascii_graphic()));
        assert!(!subject.starts_with("reports/") && !subject.starts_with("service"));
    }
}

fn terms() -> Terms {
    let issuer = "http://localhost:1".parse().expect("an issuer on this machine");
    Terms { strong: vec!["gold".to_owned()], ..Terms::new(issuer, "jiewang") }
}

fn provider() -> &'static Provider {
    static PROVIDER: LazyLock<Provider> = LazyLock::new(|| {
        let pace = Pace { look: Duration::MAX, again: Duration::MAX, believed: Duration::MAX };
        Provider::new(terms(), pace).expect("an issuer on this machine needs no roots")
    });
    &PROVIDER
}
