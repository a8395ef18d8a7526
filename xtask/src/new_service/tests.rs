//! A repository of a few lines, and the anchors and templates of this one.

use super::*;
use std::collections::BTreeSet;

fn this() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn lock() -> String {
    fs::read_to_string(this().join("Cargo.lock")).unwrap()
}

#[test]
fn a_name_is_one_lower_case_word_that_nothing_here_has() {
    for good in ["points", "mediation", "a"] {
        name::judge(good, &lock()).unwrap();
    }
    for (bad, why) in [
        ("", "one word"),
        ("Points", "one word"),
        ("two-words", "one word"),
        ("积分", "one word"),
        ("a1", "one word"),
        (&*"a".repeat(25), "one word"),
        ("match", "word of Rust"),
        ("gateway", "something else"),
        ("specimen", "something else"),
        ("intake", "Cargo.lock"),
        ("tokio", "Cargo.lock"),
    ] {
        let refused = name::judge(bad, &lock()).unwrap_err().to_string();
        assert!(refused.contains(why), "{bad}: {refused}");
    }
}

#[test]
fn every_anchor_stands_in_its_file_once() {
    for joint in JOINTS {
        let text = fs::read_to_string(this().join(joint.file)).unwrap();
        joint.put(&text, "x").unwrap();
    }
    let anchors: BTreeSet<_> = JOINTS.iter().map(|joint| (joint.file, joint.anchor)).collect();
    assert_eq!(anchors.len(), JOINTS.len());
}

#[test]
fn a_line_is_put_above_its_anchor_and_as_far_in() {
    let joint = &JOINTS[2];
    let text = format!("enum Room {{\n    Intake,\n    {}\n    Gateway,\n}}\n", joint.anchor);
    let wanted = format!("enum Room {{\n    Intake,\n    Points,\n    {}\n    Gateway,\n}}\n", joint.anchor);
    assert_eq!(joint.put(&text, &named(joint.line, "points")).unwrap(), wanted);
}

#[test]
fn an_anchor_that_is_missing_or_there_twice_is_named_with_its_file() {
    let joint = &JOINTS[2];
    for text in [String::new(), format!("{0}\n{0}\n", joint.anchor)] {
        let refused = joint.put(&text, "x").unwrap_err().to_string();
        assert!(refused.contains(joint.file) && refused.contains(joint.anchor), "{refused}");
    }
}

#[test]
fn every_file_of_the_templates_gets_a_place_of_its_own_under_the_new_name() {
    let files = files(&this(), "points").unwrap();
    let paths: BTreeSet<_> = files.iter().map(|file| file.path.strip_prefix(this()).unwrap().to_owned()).collect();
    assert_eq!(paths.len(), files.len());
    for wanted in [
        "services/points/src/lib.rs",
        "services/points/README.md",
        "proto/jiewang/points/v1/points.proto",
        "cli/src/cluster/rooms/points.rs",
        "cli/tests/it/points.rs",
    ] {
        assert!(paths.contains(Path::new(wanted)), "{wanted} is not among {paths:?}");
    }
    for file in &files {
        assert!(!file.text.to_lowercase().contains(SPECIMEN[0]), "{}", file.path.display());
        assert!(!file.text.is_empty(), "{}", file.path.display());
    }
}

#[test]
fn a_file_that_is_there_is_somebodys_and_nothing_is_written() {
    let refused = files(&this(), "intake").err().unwrap().to_string();
    assert!(refused.contains("intake") && refused.contains("there already"), "{refused}");
}
