//! Inputs that nobody wrote: seeds from `e2e/fuzz/seeds`, changed at random, for what the fuzzer tries at length on another day.
//!
//! Not guided by coverage; that is the fuzzer's part. Here every run of the tests tries some thousands, and a seed repeats them.

use crate::Seed;
use std::path::Path;

/// No input is longer: parsers are quick, and what is wrong is wrong in a small one.
const LONGEST: usize = 4096;

/// Numbers and signs at which parsers have their edges.
const EDGES: [&str; 14] = [
    "0",
    "-1",
    "1e999",
    "4294967295",
    "9223372036854775807",
    "18446744073709551616",
    "\"",
    "\\u0000",
    "\u{feff}",
    "，",
    "\u{10ffff}",
    "null",
    "\r\n",
    ",,",
];

/// Calls `property` with each seed of the target and with so many changed ones. Whatever panics is repeated by the seed that is printed, and
/// the input is printed with it.
///
/// # Panics
/// When the target has no seeds, and whenever the property does.
pub fn feed(target: &str, times: usize, property: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../e2e/fuzz/seeds").join(target);
    let seeds = read(&folder);
    assert!(!seeds.is_empty(), "{} has no seeds", folder.display());
    let chance = Seed::from_env();
    let changed = (0..times).map(|_| changed(&seeds, &chance));
    for input in seeds.iter().cloned().chain(changed) {
        let shown = Shown(&input);
        property(&input);
        drop(shown);
    }
}

fn read(folder: &Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read(path).ok()).collect()
}

/// Says what was tried when it is dropped in a panic.
struct Shown<'a>(&'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input: b\"{}\"", self.0.escape_ascii());
        }
    }
}

/// One of the seeds with one to eight changes.
fn changed(seeds: &[Vec<u8>], chance: &Seed) -> Vec<u8> {
    let mut input = pick(seeds, chance).clone();
    for _ in 0..=chance.below(8) {
        change(&mut input, seeds, chance);
        input.truncate(LONGEST);
    }
    input
}

fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], chance: &Seed) {
    let (from, to) = span(input.len(), chance);
    match chance.below(7) {
        0 => input.truncate(from),
        1 => drop(input.drain(from..to)),
        2 => input.iter_mut().skip(from).take(1).for_each(|byte| *byte ^= 1 << chance.below(8)),
        3 => input.iter_mut().skip(from).take(1).for_each(|byte| *byte = chance.next().to_le_bytes()[0]),
        4 => replace(input, from, to, pick(&EDGES, chance).as_bytes()),
        5 => {
            let again = input[from..to].to_vec();
            replace(input, to, to, &again);
        }
        _ => {
            let other = pick(seeds, chance);
            let (begin, end) = span(other.len(), chance);
            replace(input, from, to, &other[begin..end]);
        }
    }
}

fn replace(input: &mut Vec<u8>, from: usize, to: usize, by: &[u8]) {
    drop(input.splice(from..to, by.iter().copied()));
}

/// A part of so many bytes, mostly a short one.
fn span(length: usize, chance: &Seed) -> (usize, usize) {
    let from = index(length + 1, chance);
    let longest = if chance.per_mille(800) { 16 } else { LONGEST };
    (from, from + index((length - from).min(longest) + 1, chance))
}

fn pick<'a, T>(from: &'a [T], chance: &Seed) -> &'a T {
    &from[index(from.len(), chance)]
}

fn index(bound: usize, chance: &Seed) -> usize {
    usize::try_from(chance.below(bound as u64)).expect("below a length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_changes_the_same_and_changes_something() {
        let seeds = vec![b"a,b,c\n1,2,3\n".to_vec(), b"{}".to_vec()];
        let all = |seed: Seed| (0..500).map(|_| changed(&seeds, &seed)).collect::<Vec<_>>();
        let once = all(Seed::new(3));
        assert_eq!(once, all(Seed::new(3)));
        let unlike: std::collections::BTreeSet<_> = once.iter().collect();
        assert!(unlike.len() > 300 && once.iter().all(|input| input.len() <= LONGEST), "{}", unlike.len());
    }
}
