//! The vault behind its seam: what is sealed is opened by whoever has the case's keys, and by nobody else.

use casebook::{Keys, SealError, Sealer as _, Suite};
use civic::{CaseId, Private, SeededRng};
use guard::vault::{KeyRing, KeySource, Vault, fresh_line};
use std::sync::Arc;

const SUITES: [Suite; 2] = [Suite::Aes, Suite::Sm];

fn subject(n: u8) -> CaseId {
    CaseId::from_bytes([n; 16])
}

fn first(suite: Suite) -> KeyRing {
    KeyRing::derived(suite, &[9; 32])
}

/// A process: each draws its own secrets.
fn process(suite: Suite, seed: u64) -> Vault {
    Vault::new(suite, first(suite), Arc::new(SeededRng::new(seed)))
}

/// Seals in one commit, on top of the keys that lie there; answers with the texts and what lies there then.
fn committed(vault: &Vault, subject: CaseId, keys: &Keys, texts: &[&str]) -> (Vec<Private<String>>, Keys) {
    let sealed = vault.seal_all(subject, texts);
    let payload: Vec<u8> = sealed.iter().flat_map(|sealed| [b"\x0a\x40", sealed.sealed()].concat()).collect();
    let keys = vault.keep(subject, keys, &[b"another event", &payload]);
    (sealed, keys)
}

fn opened(vault: &Vault, subject: CaseId, keys: &Keys, sealed: &[Private<String>]) -> Vec<Result<String, SealError>> {
    vault.learn(subject, keys);
    sealed.iter().map(|sealed| vault.open(subject, sealed)).collect()
}

#[test]
fn what_one_process_sealed_another_opens_with_the_keys_of_its_case() {
    for suite in SUITES {
        let (one, two) = (process(suite, 1), process(suite, 2));
        let texts = ["", "张三", "张三", "铜梁区巴川街道"];
        let (sealed, keys) = committed(&one, subject(1), &Keys::default(), &texts);
        assert_ne!(sealed[1].sealed(), sealed[2].sealed(), "each text has a nonce of its own");
        assert_eq!(two.open(subject(1), &sealed[1]), Err(SealError::NotAtHand));
        for vault in [&two, &one] {
            assert_eq!(opened(vault, subject(1), &keys, &sealed), texts.map(|text| Ok(text.to_owned())));
        }
        // Known now: the second process seals under the same key, and nothing is added.
        assert_eq!(committed(&two, subject(1), &keys, &["李四"]).1, keys);
    }
}

#[test]
fn two_processes_that_did_not_know_of_each_other_leave_both_keys() {
    let (one, two, three) = (process(Suite::Aes, 1), process(Suite::Aes, 2), process(Suite::Aes, 3));
    let (first, keys) = committed(&one, subject(1), &Keys::default(), &["first"]);
    let (second, both) = committed(&two, subject(1), &keys, &["second"]);
    assert!(both.as_bytes().starts_with(keys.as_bytes()) && both != keys);
    let sealed = [first, second].concat();
    assert_eq!(opened(&three, subject(1), &both, &sealed), ["first", "second"].map(|text| Ok(text.to_owned())));
    // The row as it was before: the second text's own process opens it all the same.
    assert_eq!(opened(&two, subject(1), &keys, &sealed[1..]), [Ok("second".to_owned())]);
}

#[test]
fn nothing_is_kept_for_events_of_which_nothing_was_sealed() {
    let vault = process(Suite::Aes, 1);
    drop(vault.seal_all(subject(1), &["a command that came to nothing"]));
    assert_eq!(vault.keep(subject(1), &Keys::default(), &[b"an event"]), Keys::default());
}

#[test]
fn what_was_changed_or_is_anothers_cannot_be_opened() {
    for suite in SUITES {
        let vault = process(suite, 1);
        let (sealed, keys) = committed(&vault, subject(1), &Keys::default(), &["金丝雀"]);
        let (_, others) = committed(&vault, subject(2), &Keys::default(), &["another"]);
        assert_eq!(opened(&vault, subject(2), &others, &sealed), [Err(SealError::Unreadable)]);
        assert_eq!(
            opened(&process(suite, 2), subject(2), &keys, &sealed),
            [Err(SealError::Unreadable)],
            "moved with its keys"
        );
        let fresh = process(suite, 3);
        for at in 0..sealed[0].sealed().len() {
            let mut changed = sealed[0].sealed().to_vec();
            changed[at] ^= 1;
            let changed = [Private::from_sealed(changed)];
            assert_eq!(opened(&fresh, subject(1), &keys, &changed), [Err(SealError::Unreadable)], "byte {at}");
        }
        for at in 0..keys.as_bytes().len() {
            let mut changed = keys.as_bytes().to_vec();
            changed[at] ^= 1;
            let found = opened(&fresh, subject(1), &Keys::from_bytes(changed), &sealed);
            assert_eq!(found, [Err(SealError::Unreadable)], "byte {at} of the keys");
        }
    }
}

#[test]
fn destroyed_keys_are_gone_also_for_the_process_that_made_them() {
    let vault = process(Suite::Aes, 1);
    let (sealed, _) = committed(&vault, subject(1), &Keys::default(), &["张三"]);
    assert_eq!(opened(&vault, subject(1), &Keys::destroyed(), &sealed), [Err(SealError::Destroyed)]);
    let (later, keys) = committed(&vault, subject(1), &Keys::destroyed(), &["said afterwards"]);
    assert!(keys.are_destroyed(), "no later command brings them back");
    assert_eq!(opened(&process(Suite::Aes, 2), subject(1), &keys, &later), [Err(SealError::Destroyed)]);
}

#[test]
fn of_a_ring_only_the_keys_that_something_lies_under_are_needed() {
    let folder = tempfile::tempdir().unwrap();
    let (file, sealed_under_one) = (folder.path().join("keys"), process(Suite::Aes, 1));
    let (sealed, keys) = committed(&sealed_under_one, subject(1), &Keys::default(), &["张三"]);
    std::fs::write(&file, fresh_line(Some(&first(Suite::Aes)), &SeededRng::new(5)).unwrap()).unwrap();
    let with_first = KeySource::Folder { file: file.clone(), secret: [9; 32] };
    let without = KeySource::File(file);
    let vault =
        |source: &KeySource| Vault::new(Suite::Aes, source.ring(Suite::Aes).unwrap(), Arc::new(SeededRng::new(2)));
    assert_eq!(opened(&vault(&with_first), subject(1), &keys, &sealed), [Ok("张三".to_owned())]);
    assert_eq!(opened(&vault(&without), subject(1), &keys, &sealed), [Err(SealError::Unreadable)]);
}

#[test]
fn a_source_that_gives_no_ring_says_why_and_shows_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let given = |text: &str| text.parse::<KeySource>().unwrap().ring(Suite::Aes).err().unwrap().to_string();
    assert!(given(&format!("file:{}", path.display())).contains("cannot be read"));
    std::fs::write(&path, format!("1 {}\n2 nothing", "0a".repeat(32))).unwrap();
    let told = given(&format!("file:{}", path.display()));
    assert!(told.contains("line 2") && !told.contains("0a0a") && !told.contains("nothing"), "{told}");
    assert!(given("env:JIEWANG_NO_SUCH_VARIABLE").contains("JIEWANG_NO_SUCH_VARIABLE"));
    assert!(given("exec:/bin/false").contains("ended with"));
    for wrong in ["", "file:", "keys", "kms:key"] {
        assert!(wrong.parse::<KeySource>().is_err(), "{wrong}");
    }
}

/// As one would let a key management service decrypt it.
#[test]
fn a_program_gives_the_ring() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("ask");
    std::fs::write(&program, format!("#!/bin/sh\necho '3 {}'\n", "0b".repeat(32))).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    let ring = format!("exec:{}", program.display()).parse::<KeySource>().unwrap().ring(Suite::Sm).unwrap();
    assert_eq!(ring.wrapping_keys().iter().map(|key| key.number).collect::<Vec<_>>(), [3]);
}
