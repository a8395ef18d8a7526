//! What a service may be called.

use anyhow::bail;

/// Names stand in paths, addresses, streams of Redis and modules.
const LONGEST: usize = 24;

/// Words that Rust keeps for itself.
const KEPT: [&str; 52] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "union", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];
/// Names that mean something else where a service's name stands: crates of Rust's own, packages of the contract, the rooms that are none,
/// what the templates and their imports call things.
const TAKEN: [&str; 16] = [
    "alloc", "core", "std", "test", "main", "types", "events", "google", "gateway", "up", "cluster", "specimen",
    "books", "feeds", "room", "rooms",
];

/// One lower-case word that nothing here is called, `lock` being the text of Cargo.lock.
pub(super) fn judge(name: &str, lock: &str) -> anyhow::Result<()> {
    let letters = name.bytes().all(|b| b.is_ascii_lowercase());
    if name.is_empty() || name.len() > LONGEST || !letters {
        bail!("{name:?} is no name of a service: one word of 1 to {LONGEST} lower-case letters, such as \"points\"");
    }
    if KEPT.contains(&name) {
        bail!("{name} is a word of Rust: take another name");
    }
    if TAKEN.contains(&name) {
        bail!("{name} means something else here: take another name");
    }
    if lock.lines().any(|line| line.strip_prefix("name = ").is_some_and(|crate_| crate_.trim_matches('"') == name)) {
        bail!("{name} is the name of a crate in Cargo.lock: take another name");
    }
    Ok(())
}
