//! One key of either suite.

use aes_gcm::{
    AesGcm, KeyInit as _,
    aead::{Aead as _, Payload, consts::U12},
};
use casebook::{KEY_BYTES, Suite};
use ring::aead;
use sm4::Sm4;

pub(super) const NONCE: usize = aead::NONCE_LEN;
/// Bytes that sealing adds behind the text.
pub(super) const TAG: usize = 16;
/// Of the secret's 32 bytes SM4 takes the first half.
const SM4_KEY: usize = 16;

pub(super) type Nonce = [u8; NONCE];

/// See the module.
pub(super) enum Cipher {
    Aes(Box<aead::LessSafeKey>),
    Sm(Box<AesGcm<Sm4, U12>>),
}

impl Cipher {
    pub(super) fn new(suite: Suite, secret: &[u8; KEY_BYTES]) -> Self {
        match suite {
            Suite::Aes => {
                let key = aead::UnboundKey::new(&aead::AES_256_GCM, secret).expect("AES-256 takes 32 bytes");
                Self::Aes(Box::new(aead::LessSafeKey::new(key)))
            }
            Suite::Sm => {
                let key = AesGcm::new_from_slice(&secret[..SM4_KEY]).expect("SM4 takes 16 bytes");
                Self::Sm(Box::new(key))
            }
        }
    }

    /// Appends ciphertext and tag.
    pub(super) fn seal(&self, nonce: Nonce, bound: &[u8], plain: &[u8], into: &mut Vec<u8>) {
        match self {
            Self::Aes(key) => {
                let start = into.len();
                into.extend_from_slice(plain);
                let nonce = aead::Nonce::assume_unique_for_key(nonce);
                let tag = key.seal_in_place_separate_tag(nonce, aead::Aad::from(bound), &mut into[start..]);
                into.extend_from_slice(tag.expect("a text of some kilobytes is within GCM's bound").as_ref());
            }
            Self::Sm(key) => {
                let sealed = key.encrypt(&nonce.into(), Payload { msg: plain, aad: bound });
                into.extend(sealed.expect("a text of some kilobytes is within GCM's bound"));
            }
        }
    }

    /// `None`: changed, or of another key.
    pub(super) fn open(&self, nonce: Nonce, bound: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Aes(key) => {
                let mut bytes = sealed.to_vec();
                let nonce = aead::Nonce::assume_unique_for_key(nonce);
                let plain = key.open_in_place(nonce, aead::Aad::from(bound), &mut bytes).ok()?.len();
                bytes.truncate(plain);
                Some(bytes)
            }
            Self::Sm(key) => key.decrypt(&nonce.into(), Payload { msg: sealed, aad: bound }).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        let hex: String = hex.split_whitespace().collect();
        std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
    }

    /// RFC 8998, appendix A.1: SM4-GCM.
    #[test]
    fn sm4_gcm_is_the_standards() {
        let mut secret = [0; KEY_BYTES];
        secret[..SM4_KEY].copy_from_slice(&bytes::<16>("0123456789abcdeffedcba9876543210"));
        let key = Cipher::new(Suite::Sm, &secret);
        let plain: [u8; 64] = bytes(
            "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd
             eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",
        );
        let aad: [u8; 20] = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let mut sealed = Vec::new();
        key.seal(bytes("00001234567800000000abcd"), &aad, &plain, &mut sealed);
        let expected: [u8; 80] = bytes(
            "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735
             d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d
             83de3541e4c2b58177e065a9bf7b62ec",
        );
        assert_eq!(sealed, expected);
        assert_eq!(key.open(bytes("00001234567800000000abcd"), &aad, &sealed).as_deref(), Some(&plain[..]));
    }
}
