//! A text as a set of numbers: its words, its characters, and pairs of characters that stand beside each other.
//!
//! Words come from jieba with the model's own short word list; characters and pairs carry what no list knows (dialect, names,
//! typos). Digits are all the same digit and punctuation parts words: a lamp's number says nothing about the category.

use jieba_rs::Jieba;
use std::fmt;

/// Characters of a text that are looked at. What a matter is stands at its beginning; ten thousand characters of history
/// would cost two milliseconds and drown it.
const LOOKED_AT: usize = 400;

/// FNV-1a, 64 bits: stable for ever, which the standard library's hasher does not promise.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// How sure jieba is of a word of the list against two of its parts: all are equally common, so the longer wins.
const FREQUENCY: usize = 1_000;

/// Turns texts into features. Built once per model.
pub(super) struct Features {
    jieba: Jieba,
    mask: u32,
}

impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Features").field("mask", &self.mask).finish_non_exhaustive()
    }
}

impl Features {
    /// `bits`: the space has 2^bits places.
    pub(super) fn new(words: &[String], bits: u8) -> Self {
        let mut jieba = Jieba::empty();
        for word in words {
            jieba.add_word(word, Some(FREQUENCY), None);
        }
        Self { jieba, mask: (1_u32 << bits) - 1 }
    }

    /// The features of a text, each once, in order.
    pub(super) fn of(&self, text: &str) -> Vec<u32> {
        let mut found = Vec::new();
        for run in runs(text) {
            self.gather(&run, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn gather(&self, run: &str, found: &mut Vec<u32>) {
        for token in self.jieba.cut(run, false) {
            if token.word.chars().nth(1).is_some() {
                found.push(self.bucket(b'w', token.word));
            }
        }
        let starts: Vec<usize> = run.char_indices().map(|(at, _)| at).chain([run.len()]).collect();
        for (kind, width) in [(b'c', 1), (b'p', 2)] {
            for ends in starts.windows(width + 1) {
                found.push(self.bucket(kind, &run[ends[0]..ends[width]]));
            }
        }
    }

    fn bucket(&self, kind: u8, text: &str) -> u32 {
        let hash = fnv([kind].into_iter().chain(text.bytes()));
        // The upper half is the better mixed one.
        u32::try_from(hash >> 32).expect("32 bits are left") & self.mask
    }
}

/// The same of a slice.
pub(in crate::domain) fn stable_hash(bytes: &[u8]) -> u64 {
    fnv(bytes.iter().copied())
}

/// A stable hash of bytes.
pub(super) fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

/// Stretches of letters and digits, in lower case, all digits alike.
pub(super) fn runs(text: &str) -> Vec<String> {
    let mut runs = vec![String::new()];
    for character in text.chars().take(LOOKED_AT) {
        let run = runs.last_mut().expect("there is always one");
        if character.is_numeric() && character.is_ascii() {
            run.push('0');
        } else if character.is_alphanumeric() {
            run.extend(character.to_lowercase());
        } else if !run.is_empty() {
            runs.push(String::new());
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}
