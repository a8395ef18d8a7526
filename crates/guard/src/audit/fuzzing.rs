//! See `crate::fuzzing`.

use super::{Chain, Digest, Proof, Signed, SigningKey, VerifyingKey, Whose, folder};
use casebook::KEY_BYTES;

/// The witness's files and a proof that somebody shows: records in binary, checkpoints a line each, a proof as JSON.
pub fn audit(bytes: &[u8]) {
    let whose = Whose { cluster: "500151".to_owned(), service: "intake".to_owned(), partitions: 4 };
    let mut chain = Chain::begin(&whose);
    let mut taken = 0_usize;
    for (partition, position, digest) in folder::entries(bytes) {
        taken += usize::from(chain.extend(partition, position, digest));
    }
    assert!(taken * 42 <= bytes.len());
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(digest) = Digest::try_from(text.to_owned()) {
        assert_eq!(digest.to_string(), text);
    }
    if let Some(key) = VerifyingKey::from_hex(text) {
        assert_eq!(key.to_hex(), text);
    }
    if let Ok(checkpoints) = folder::lines(text) {
        let _ = folder::witnessed(&checkpoints);
        let _ = checkpoints.iter().map(signed_anew).count();
    }
    if let Ok(proof) = serde_json::from_str::<Proof>(text) {
        shown(proof);
    }
}

/// What somebody else wrote was not signed here; what is signed here is found to be.
fn signed_anew(line: &Signed) -> Signed {
    let key = SigningKey::derive(&[7; KEY_BYTES]);
    assert!(!key.public().has_signed(line));
    let signed = key.sign(line.checkpoint.clone());
    assert!(key.public().has_signed(&signed));
    signed
}

/// A proof is checked as far as it goes, also when the signature in it holds.
fn shown(mut proof: Proof) {
    let text = serde_json::to_string(&proof).expect("a proof is JSON");
    assert_eq!(serde_json::from_str::<Proof>(&text).ok().as_ref(), Some(&proof));
    proof.signed = signed_anew(&proof.signed);
    let _ = proof.check(&SigningKey::derive(&[7; KEY_BYTES]).public());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::ProofError;

    const AT_THE_LAST: &str = include_str!("../../../../e2e/fuzz/seeds/guard_audit/a-proof-at-the-last-position");
    const UNCOUNTED: &str = include_str!("../../../../e2e/fuzz/seeds/guard_audit/more-records-than-can-be-counted");

    #[test]
    fn a_proof_at_the_last_position_with_more_behind_it_proves_nothing() {
        let mut proof: Proof = serde_json::from_str(AT_THE_LAST).unwrap();
        proof.signed = signed_anew(&proof.signed);
        let key = SigningKey::derive(&[7; KEY_BYTES]).public();
        assert_eq!(proof.check(&key), Err(ProofError::Chain));
    }

    #[test]
    fn checkpoints_that_tell_more_records_than_can_be_counted_cut_none() {
        assert_eq!(folder::witnessed(&folder::lines(UNCOUNTED).unwrap()), usize::MAX);
    }
}
