//! The vault: texts sealed and opened under keys of their subjects.

use super::{
    cipher::{Cipher, NONCE, TAG},
    keyring::KeyRing,
    wrapped::{LABEL, Label, Secret, entries, rewrapped, wrap},
};
use casebook::{Hasher, KEY_BYTES, Keys, SealError, Sealer, Suite, WrappingKey};
use civic::{CaseId, Private, Rng};
use memchr::memmem::Finder;
use quick_cache::sync::Cache;
use std::sync::{Arc, PoisonError, RwLock};

/// Subjects whose wrapped keys are remembered, of about 150 bytes each: more than a page of a list and all calls at work together read.
const REMEMBERED: usize = 131_072;

/// See the module above.
pub struct Vault {
    suite: Suite,
    ring: RwLock<Arc<KeyRing>>,
    mint: Mint,
    known: Cache<CaseId, Arc<Keys>>,
    rng: Arc<dyn Rng>,
}

/// Keys of subjects that have none yet, as long as this process lives.
struct Mint {
    label: Label,
    secret: Hasher,
    find: Finder<'static>,
}

impl Mint {
    fn new(suite: Suite, rng: &dyn Rng) -> Self {
        let (mut label, mut secret) = ([0; LABEL], [0; KEY_BYTES]);
        rng.fill(&mut label);
        rng.fill(&mut secret);
        Self { label, secret: Hasher::new(suite, &secret), find: Finder::new(&label).into_owned() }
    }

    fn of(&self, subject: CaseId) -> Secret {
        self.secret.hash(&[subject.as_bytes()])
    }
}

impl Vault {
    #[must_use]
    pub fn new(suite: Suite, ring: KeyRing, rng: Arc<dyn Rng>) -> Self {
        let mint = Mint::new(suite, &*rng);
        Self { suite, ring: RwLock::new(Arc::new(ring)), mint, known: Cache::new(REMEMBERED), rng }
    }

    fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on these keys wrap and unwrap. Whoever calls has noted the one in use where it is needed after a restart.
    pub(super) fn replace(&self, ring: KeyRing) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }

    pub(super) const fn suite(&self) -> Suite {
        self.suite
    }

    /// All keys of a case under the one in use; `None` when they are.
    pub(super) fn rewrapped(&self, subject: CaseId, keys: &Keys) -> Option<Keys> {
        rewrapped(&self.ring(), &*self.rng, subject, keys)
    }

    /// The key that a text is sealed under: the subject's latest, else one of this process's own.
    fn sealing(&self, subject: CaseId) -> (Label, Cipher) {
        let known = self.known.get(&subject);
        let latest = known.as_deref().and_then(|keys| entries(keys).next_back());
        let found = latest.filter(|entry| entry.label != self.mint.label);
        let found = found.and_then(|entry| Some((entry.label, entry.unwrap_with(&self.ring(), subject)?)));
        let (label, secret) = found.unwrap_or_else(|| (self.mint.label, self.mint.of(subject)));
        (label, Cipher::new(self.suite, &secret))
    }

    /// The key that a text of this label was sealed under.
    fn opening(&self, subject: CaseId, label: &Label) -> Result<Cipher, SealError> {
        let keys = self.known.get(&subject).ok_or(SealError::NotAtHand)?;
        if keys.are_destroyed() {
            return Err(SealError::Destroyed);
        }
        // What was read last may be of an instant before this process's own first commit.
        let secret = if *label == self.mint.label {
            self.mint.of(subject)
        } else {
            let entry = entries(&keys).find(|entry| entry.label == *label).ok_or(SealError::Unreadable)?;
            entry.unwrap_with(&self.ring(), subject).ok_or(SealError::Unreadable)?
        };
        Ok(Cipher::new(self.suite, &secret))
    }
}

impl Sealer for Vault {
    fn seal_all(&self, subject: CaseId, plain: &[&str]) -> Vec<Private<String>> {
        let (label, cipher) = self.sealing(subject);
        let seal = |plain: &&str| {
            let mut nonce = [0; NONCE];
            self.rng.fill(&mut nonce);
            let mut sealed = Vec::with_capacity(LABEL + NONCE + plain.len() + TAG);
            sealed.extend_from_slice(&label);
            sealed.extend_from_slice(&nonce);
            cipher.seal(nonce, subject.as_bytes(), plain.as_bytes(), &mut sealed);
            Private::from_sealed(sealed)
        };
        plain.iter().map(seal).collect()
    }

    fn open(&self, subject: CaseId, sealed: &Private<String>) -> Result<String, SealError> {
        let (label, rest) = sealed.sealed().split_first_chunk::<LABEL>().ok_or(SealError::Unreadable)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE>().ok_or(SealError::Unreadable)?;
        let cipher = self.opening(subject, label)?;
        let plain = cipher.open(*nonce, subject.as_bytes(), body).ok_or(SealError::Unreadable)?;
        String::from_utf8(plain).map_err(|_| SealError::Unreadable)
    }

    fn learn(&self, subject: CaseId, keys: &Keys) {
        if self.known.get(&subject).is_none_or(|known| *known != *keys) {
            self.known.insert(subject, Arc::new(keys.clone()));
        }
    }

    fn keep(&self, subject: CaseId, keys: &Keys, payloads: &[&[u8]]) -> Keys {
        let minted = || payloads.iter().any(|payload| self.mint.find.find(payload).is_some());
        let kept = entries(keys).any(|entry| entry.label == self.mint.label);
        if keys.are_destroyed() || kept || !minted() {
            return keys.clone();
        }
        let mut bytes = keys.as_bytes().to_vec();
        wrap(&self.ring(), &*self.rng, subject, &self.mint.label, &self.mint.of(subject), &mut bytes);
        Keys::from_bytes(bytes)
    }

    fn wrapping_keys(&self) -> Vec<WrappingKey> {
        self.ring().wrapping_keys()
    }
}
