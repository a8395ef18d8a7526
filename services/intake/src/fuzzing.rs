//! What holds for any bytes from outside, a function for each kind of input. The fuzz targets call them (e2e/fuzz), and seeded tests do.

use crate::catalog::{FILES, fuzzing::one};
use crate::domain::{Report, classifier, likeness, selection::Selection};
use casebook::fuzzing::life;
use civic::Taxonomy;
use std::sync::LazyLock;

/// The texts of an operator's catalog with lines of `%%` between them, each among the shipped others; sentences and pairs that a model is
/// trained and weighed with.
pub fn catalog(bytes: &[u8]) {
    static TAXONOMY: LazyLock<Taxonomy> = LazyLock::new(Taxonomy::builtin);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for (name, part) in FILES.iter().zip(text.split("%%\n")).filter(|(_, part)| !part.is_empty()) {
        if let Err(error) = one(name, part, &TAXONOMY) {
            assert!(!error.to_string().is_empty());
        }
    }
    let _ = (classifier::sentences::read(text, &TAXONOMY).is_ok(), likeness::evaluate::read(text).is_ok());
}

/// A trained model, its sum and its taxonomy made right.
pub fn model(bytes: &[u8]) {
    static TAXONOMY: LazyLock<Taxonomy> = LazyLock::new(Taxonomy::builtin);
    assert!(classifier::Classifier::load(bytes, &TAXONOMY).is_err(), "nobody has made its sum");
    let model = classifier::file::of_here(bytes, &TAXONOMY);
    if let Some(Ok(model)) = model.map(|bytes| classifier::Classifier::load(&bytes, &TAXONOMY)) {
        let _ = model.guess("路灯不亮");
    }
}

/// A report (the first byte even) or a selection of the year as it lies in the database.
pub fn stored(bytes: &[u8]) {
    if let Some((kind, events)) = bytes.split_first() {
        if kind % 2 == 0 { life::<Report>(events) } else { life::<Selection>(events) }
    }
}
