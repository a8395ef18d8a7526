//! See `crate::fuzzing`.

use super::{CatalogError, Limits, Rules, knowledge, read};
use civic::Taxonomy;

/// One of the files by its name, and what the reports would be held against it.
pub(crate) fn one(name: &str, text: &str, taxonomy: &Taxonomy) -> Result<(), CatalogError> {
    match name {
        "limits.toml" => read::check(&toml::from_str::<Limits>(text)?),
        "keywords.csv" => asked(&Rules::new(&read::keywords(text, taxonomy)?, &[])?),
        "emergencies.csv" => asked(&Rules::new(&[], &read::emergencies(text)?)?),
        "urgencies.csv" => read::urgencies(text, taxonomy).map(drop),
        "channels.csv" => read::channels(text).map(drop),
        "transfers.csv" => read::transfers(text).map(drop),
        "consultations.toml" => knowledge::read(text).map(drop),
        _ => Ok(()),
    }
}

fn asked(rules: &Rules) -> Result<(), CatalogError> {
    let _ = rules.read("路灯不亮，有人触电");
    Ok(())
}
