//! A lock in which faults are planted. The advisories are made up, so that no real one has to stand here.

use super::{Advisory, Lockfile, Rules, carried, never_asked, refused, renew::written, rules};

const FAULT: &str = r#"```toml
[advisory]
id = "RUSTSEC-2000-0001"
package = "h2"
date = "2000-01-31"
url = "https://example.org/h2"
aliases = ["CVE-2000-0001"]
categories = ["denial-of-service"]

[affected.functions]
"h2::flood" = ["< 0.4.16"]

[versions]
patched = ["^0.3.27", ">= 0.4.16"]
unaffected = ["< 0.2.0"]
```

# A title in somebody's words

And a text in somebody's words.
"#;

/// Not a fault, but nobody looks after it any more.
fn left_alone(package: &str) -> String {
    format!(
        "```toml\n[advisory]\nid = \"RUSTSEC-2000-0002\"\npackage = \"{package}\"\ndate = \"2000-01-31\"\n\
         informational = \"unmaintained\"\n\n[versions]\npatched = []\n```\n\n# left alone\n"
    )
}

fn lock(h2: &str) -> Lockfile {
    const INDEX: &str = "registry+https://github.com/rust-lang/crates.io-index";
    let text = format!(
        "version = 4\n[[package]]\nname = \"mesh\"\nversion = \"0.1.0\"\ndependencies = [\"h2\"]\n\
         [[package]]\nname = \"h2\"\nversion = \"{h2}\"\nsource = \"{INDEX}\"\ndependencies = [\"slab\"]\n\
         [[package]]\nname = \"slab\"\nversion = \"0.4.9\"\nsource = \"{INDEX}\"\n"
    );
    text.parse().unwrap()
}

fn held(ignore: &str) -> Rules {
    rules(&format!("[advisories]\nunmaintained = \"workspace\"\nyanked = \"deny\"\nignore = [{ignore}]\n")).unwrap()
}

fn advisories(texts: &[&str]) -> Vec<Advisory> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn a_planted_version_with_a_known_fault_is_found() {
    let known = advisories(&[FAULT]);
    let found = refused(&known, &lock("0.4.15"), &held(""));
    let line = "RUSTSEC-2000-0001: a fault of h2 0.4.15; patched: ^0.3.27 or >=0.4.16; A title in somebody's words";
    assert_eq!(found, [line]);
    for good in ["0.4.16", "0.3.27", "0.1.9"] {
        assert_eq!(refused(&known, &lock(good), &held("")), [""; 0], "{good}");
    }
}

#[test]
fn only_deny_toml_makes_an_exception_and_only_while_it_is_needed() {
    let known = advisories(&[FAULT]);
    let ignore = r#"{ id = "RUSTSEC-2000-0001", reason = "no server here" }"#;
    assert_eq!(refused(&known, &lock("0.4.15"), &held(ignore)), [""; 0]);
    let idle = "deny.toml: RUSTSEC-2000-0001 is about nothing in Cargo.lock: take it out";
    assert_eq!(refused(&known, &lock("0.4.16"), &held(ignore)), [idle]);
    assert!(
        rules("[advisories]\nunmaintained = \"all\"\nyanked = \"deny\"\nignore = [\"RUSTSEC-2000-0001\"]\n").is_err()
    );
    assert!(rules("[advisories]\nunmaintained = \"all\"\nyanked = \"deny\"\nignore = []\nsilent = true\n").is_err());
}

#[test]
fn a_crate_that_nobody_looks_after_is_refused_where_we_name_it_ourselves() {
    let found = |package: &str| refused(&advisories(&[&left_alone(package)]), &lock("0.4.16"), &held("")).len();
    assert_eq!((found("h2"), found("slab")), (1, 0));
}

#[test]
fn facts_are_carried_and_sentences_are_not() {
    let carried = written(&FAULT.parse().unwrap()).unwrap();
    let again: Advisory = carried.parse().unwrap();
    let known: Advisory = FAULT.parse().unwrap();
    assert_eq!(
        (again.id(), &again.versions, &again.metadata.aliases),
        (known.id(), &known.versions, &known.metadata.aliases)
    );
    assert_eq!(again.title(), "see https://rustsec.org/advisories/RUSTSEC-2000-0001.html");
    assert!(!carried.contains("somebody"), "{carried}");
}

#[test]
fn a_crate_newer_than_the_folder_is_named() {
    assert_eq!(never_asked(&lock("0.4.16"), "h2\n").into_iter().collect::<Vec<_>>(), ["slab"]);
}

#[test]
fn a_folder_without_advisories_is_not_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    assert!(carried(folder.path()).unwrap().is_none());
    let of_crate = folder.path().join("crates/h2");
    std::fs::create_dir_all(&of_crate).unwrap();
    std::fs::write(of_crate.join("RUSTSEC-2000-0001.md"), FAULT).unwrap();
    assert_eq!(carried(folder.path()).unwrap().unwrap().len(), 1);
}
