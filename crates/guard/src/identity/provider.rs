//! A provider whose tokens are believed: its keys as they were last seen, and the tokens that were verified with them.

use super::claims::Claims;
use super::directory::{Directory, DirectoryError, IssuerUrl};
use super::keys::{Key, Keys};
use super::ring_keys;
use civic::Micros;
use futures_util::future::{BoxFuture, FutureExt};
use jsonwebtoken::{Header, Validation};
use mesh::{Bearer, Code, Fault, Issuer};
use quick_cache::sync::Cache;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Longer than any honest token, and within what the gateway takes for all headers.
const LONGEST: usize = 8 * 1024;

/// Tokens that are remembered: a shift of a large city's people.
const REMEMBERED: usize = 50_000;

/// What is asked of a token.
#[derive(Clone, Debug)]
pub struct Terms {
    pub issuer: IssuerUrl,
    /// Whom the token is for: this cluster's name at the provider.
    pub audience: String,
    /// Values of `acr` that tell of a strong sign-in.
    pub strong: Vec<String>,
}

impl Terms {
    /// Without a strong sign-in.
    #[must_use]
    pub fn new(issuer: IssuerUrl, audience: impl Into<String>) -> Self {
        Self { issuer, audience: audience.into(), strong: Vec::new() }
    }
}

/// How often a provider is asked.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two looks at its keys while all is well; a key that was withdrawn is believed no longer than that.
    pub look: Duration,
    /// Between two looks for keys that tokens name and that are not known; and after a failure.
    pub again: Duration,
    /// How long keys are believed while the provider cannot be reached.
    pub believed: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { look: Duration::from_secs(60), again: Duration::from_secs(5), believed: Duration::from_secs(24 * 3600) }
    }
}

/// See the module.
pub struct Provider {
    terms: Terms,
    pace: Pace,
    directory: Directory,
    seen: RwLock<Arc<Seen>>,
    /// When it was last asked; held while it is.
    asked: Mutex<Option<Instant>>,
    /// By the digest of the token: those whose claims were believed, and with which keys.
    remembered: Cache<[u8; 32], (u64, Bearer)>,
}

/// What is known of it.
#[derive(Default)]
struct Seen {
    keys: Keys,
    /// Grows when a key is gone: what was verified before is verified again.
    generation: u64,
    at: Option<Instant>,
}

impl Provider {
    /// Nobody is asked yet.
    pub fn new(terms: Terms, pace: Pace) -> Result<Self, DirectoryError> {
        ring_keys::install();
        let directory = Directory::new(terms.issuer.clone())?;
        let (seen, asked) = (RwLock::default(), Mutex::default());
        Ok(Self { terms, pace, directory, seen, asked, remembered: Cache::new(REMEMBERED) })
    }

    /// Follows its keys until the drain.
    pub async fn follow(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let wait = if self.look().await { self.pace.look } else { self.pace.again };
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Whether tokens can be verified: keys are known, and not from too long ago.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.believed().is_some()
    }

    async fn look(&self) -> bool {
        let mut asked = self.asked.lock().await;
        *asked = Some(Instant::now());
        self.ask().await
    }

    async fn ask(&self) -> bool {
        match self.directory.keys().await {
            Ok(set) => {
                self.learn(Keys::of(&set));
                metrics::gauge!("guard_issuer_reached").set(1);
                true
            }
            Err(error) => {
                metrics::gauge!("guard_issuer_reached").set(0);
                tracing::warn!(error = &error as &dyn std::error::Error, "guard.issuer.failed");
                false
            }
        }
    }

    fn learn(&self, keys: Keys) {
        if keys.is_empty() {
            tracing::warn!("guard.issuer.no_keys");
        }
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        let generation = seen.generation + u64::from(!keys.holds_all_of(&seen.keys));
        *seen = Arc::new(Seen { keys, generation, at: Some(Instant::now()) });
    }

    fn believed(&self) -> Option<Arc<Seen>> {
        let seen = Arc::clone(&self.seen.read().unwrap_or_else(PoisonError::into_inner));
        let fresh = seen.at.is_some_and(|at| at.elapsed() < self.pace.believed);
        fresh.then_some(seen)
    }

    async fn bearer_of(&self, token: &str, now: Micros) -> Result<Bearer, Fault> {
        if token.len() > LONGEST {
            return Err(Fault::token_invalid());
        }
        let name = casebook::digest(&[token.as_bytes()]);
        if let (Some(seen), Some((generation, bearer))) = (self.believed(), self.remembered.get(&name))
            && generation == seen.generation
        {
            return if bearer.until > now { Ok(bearer) } else { Err(Fault::token_expired()) };
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Fault::token_invalid())?;
        let (seen, key_name) = self.keys_for(&header).await?;
        let key = seen.keys.get(&key_name).ok_or_else(Fault::token_invalid)?;
        let bearer = self.verify(token, key)?.bearer(&self.terms, now)?;
        self.remembered.insert(name, (seen.generation, bearer.clone()));
        Ok(bearer)
    }

    /// Keys among which the header's is, if it is anywhere: a name that is not known may be a new one.
    async fn keys_for(&self, header: &Header) -> Result<(Arc<Seen>, String), Fault> {
        // Extensions that must be understood (RFC 7515, 4.1.11) are not.
        let (Some(name), None) = (header.kid.clone(), &header.crit) else {
            return Err(Fault::token_invalid());
        };
        let has = |seen: &Arc<Seen>| seen.keys.get(&name).is_some();
        if let Some(seen) = self.believed().filter(has) {
            return Ok((seen, name));
        }
        self.look_again().await;
        let seen = self.believed().ok_or_else(unknown)?;
        Ok((seen, name))
    }

    /// Unless somebody has, just now: whoever makes up names costs the provider one question every few seconds.
    async fn look_again(&self) {
        let mut asked = self.asked.lock().await;
        if asked.is_none_or(|at| at.elapsed() >= self.pace.again) {
            *asked = Some(Instant::now());
            self.ask().await;
        }
    }

    pub(super) fn verify(&self, token: &str, key: &Key) -> Result<Claims, Fault> {
        let mut asked = Validation::new(key.algorithm);
        asked.set_issuer(&[&self.terms.issuer]);
        asked.set_audience(&[&self.terms.audience]);
        asked.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
        // By the clock of the process, in `claims`.
        asked.validate_exp = false;
        jsonwebtoken::decode(token, &key.key, &asked).map(|read| read.claims).map_err(|_| Fault::token_invalid())
    }
}

fn unknown() -> Fault {
    Fault::new(Code::Unavailable, "ISSUER_UNREACHABLE", "tokens cannot be verified now: try again")
        .with_retry_after(Duration::from_secs(5))
}

impl Issuer for Provider {
    fn bearer<'a>(&'a self, token: &'a str, now: Micros) -> BoxFuture<'a, Result<Bearer, Fault>> {
        self.bearer_of(token, now).boxed()
    }
}
