//! Intake's data: limits and thresholds, keyword rules, emergency words, default urgencies, and who may stand at which door.
//!
//! The release ships a default of every file in `catalog/`; an operator's folder replaces those it contains. Everything is
//! checked while it is read, and a line that cannot be taken is named. A catalog that was read is immutable: reports pin its version.

pub(crate) mod fuzzing;
mod knowledge;
mod read;

pub use knowledge::EntryProblem;

use crate::domain::classifier::evaluate::{Decision, Thresholds as Sureness, decide};
use crate::domain::classifier::{self, Classifier, ModelError};
use crate::domain::classify::{Keyword, Rules};
use crate::domain::consultation::Knowledge;
use crate::domain::emergency::Calls;
use crate::domain::kind::{Channel, Urgency};
use crate::domain::locate::{Bounds, Thresholds};
use civic::Role;
use civic::taxonomy::Taxonomy;
use serde::Deserialize;
use std::path::Path;

/// One consistent set of the files.
#[derive(Debug)]
pub struct Catalog {
    pub limits: Limits,
    pub rules: Rules,
    pub model: Classifier,
    pub taxonomy: Taxonomy,
    /// Longest prefix first; the last one is the default for everything.
    urgencies: Vec<(String, Urgency)>,
    doors: Vec<(Channel, Vec<Role>)>,
    pub calls: Calls,
    /// What consultations are answered from at once.
    pub knowledge: Knowledge,
    version: String,
}

/// The numbers of `limits.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub version: String,
    pub text_characters: usize,
    pub address_characters: usize,
    pub name_characters: usize,
    pub channel_number_characters: usize,
    pub result_characters: usize,
    pub note_characters: usize,
    pub attachments: usize,
    pub attachment_uri_characters: usize,
    /// Of one supplement's text; and how many a report may have.
    #[serde(default = "default_supplement_characters")]
    pub supplement_characters: usize,
    #[serde(default = "default_supplements")]
    pub supplements: usize,
    /// 催单 of one matter on one day.
    #[serde(default = "default_urges_a_day")]
    pub urges_a_day: u32,
    /// Share of what was resolved on the spot that a second person checks.
    #[serde(default = "default_spot_checks_percent")]
    pub spot_checks_percent: u8,
    #[serde(default = "default_theme_characters")]
    pub theme_characters: usize,
    /// Days for which the ten of a quarter are published before they are chosen.
    #[serde(default = "default_publicity_days")]
    pub publicity_days: u16,
    pub future_tolerance_seconds: u32,
    pub category_sure: u8,
    pub category_guess: u8,
    /// Absent in the limits of operators from before the model.
    #[serde(default = "default_model_sure")]
    pub model_sure: u8,
    /// Likeness from which a consultation is answered at once; 101: never.
    #[serde(default = "default_answer_sure")]
    pub answer_sure: u8,
    /// Days in which such an answer may be declined.
    #[serde(default = "default_answer_days")]
    pub answer_days: u16,
    pub place_sure: u8,
    pub place_guess: u8,
    pub territory: Bounds,
}

// An operator's file of an earlier release does not have these.
const fn default_supplement_characters() -> usize {
    2_000
}

const fn default_supplements() -> usize {
    20
}

const fn default_urges_a_day() -> u32 {
    3
}

const fn default_spot_checks_percent() -> u8 {
    5
}

const fn default_theme_characters() -> usize {
    64
}

/// As long as other lists of the kind are published.
const fn default_publicity_days() -> u16 {
    7
}

/// Measured on 103 texts that nobody tuned it by: 46 right answers, and one to a question that the base does not know (ADR 33).
const fn default_answer_sure() -> u8 {
    60
}

/// As long as a citizen may rate an order.
const fn default_answer_days() -> u16 {
    15
}

/// Chosen on validation sentences: from there on 85 in a hundred of the model's decisions are right.
const fn default_model_sure() -> u8 {
    93
}

/// The files of a catalog, all but the model as text.
#[derive(Debug, Clone, Copy)]
pub struct Files<'f> {
    pub limits: &'f str,
    pub keywords: &'f str,
    pub emergencies: &'f str,
    pub urgencies: &'f str,
    pub channels: &'f str,
    pub model: &'f [u8],
    pub transfers: &'f str,
    pub consultations: &'f str,
}

/// Names of the files, as a folder holds them.
pub const FILES: [&str; 8] = [
    "limits.toml",
    "keywords.csv",
    "emergencies.csv",
    "urgencies.csv",
    "channels.csv",
    "transfers.csv",
    "consultations.toml",
    "classifier.model",
];

/// The files this release ships.
const BUILTIN: Files<'static> = Files {
    limits: include_str!("../catalog/limits.toml"),
    keywords: include_str!("../catalog/keywords.csv"),
    emergencies: include_str!("../catalog/emergencies.csv"),
    urgencies: include_str!("../catalog/urgencies.csv"),
    channels: include_str!("../catalog/channels.csv"),
    model: classifier::BUILTIN,
    transfers: include_str!("../catalog/transfers.csv"),
    consultations: include_str!("../catalog/consultations.toml"),
};

/// Why a catalog cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error("failed to read {file}")]
    Unreadable { file: &'static str, source: std::io::Error },
    #[error("{file}, line {line}: {problem}")]
    Line { file: &'static str, line: u64, problem: Problem },
    #[error("{file}: {problem}")]
    File { file: &'static str, problem: Problem },
    #[error("limits.toml: {0}")]
    Limits(#[from] toml::de::Error),
    #[error("classifier.model: {0}")]
    Model(#[from] ModelError),
    #[error("keywords.csv: too many words for one automaton")]
    Automaton(#[from] aho_corasick::BuildError),
    #[error("consultations.toml: {0}")]
    Consultations(toml::de::Error),
    #[error("consultations.toml, entry {key}: {problem}")]
    Consultation { key: String, problem: EntryProblem },
}

/// What is wrong with a file or a line of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("the header must be {0}")]
    Header(&'static str),
    #[error("not a line of comma-separated values with {0} columns")]
    Columns(usize),
    #[error("no such category: {0}")]
    Category(String),
    #[error("a weight is 1 to 100")]
    Weight,
    #[error("an empty word")]
    EmptyWord,
    #[error("the word {0} stands in the file already")]
    RepeatedWord(String),
    #[error("an urgency is LEVEL_ONE to LEVEL_FOUR")]
    Urgency,
    #[error("no such channel: {0}")]
    Channel(String),
    #[error("a line is 110, 119 or 120")]
    EmergencyLine,
    #[error("no such role: {0}")]
    Role(String),
    #[error("the channel stands in the file already")]
    RepeatedChannel,
    #[error("channel {0} is missing")]
    MissingChannel(&'static str),
    #[error("the default line * is missing")]
    MissingDefault,
    #[error("{0} must be {1}")]
    Number(&'static str, &'static str),
}

impl Catalog {
    /// The files of this release.
    pub fn builtin() -> Self {
        Self::parse(BUILTIN, Taxonomy::builtin()).expect("the shipped files are read by a test")
    }

    /// The keyword list of this release, without anything else of its catalog: a new model is trained on it before there is
    /// one to ship.
    pub fn shipped_keywords(taxonomy: &Taxonomy) -> Result<Vec<Keyword>, CatalogError> {
        read::keywords(BUILTIN.keywords, taxonomy)
    }

    /// An operator's folder: a file that is not there is this release's.
    pub fn load(folder: &Path, taxonomy: Taxonomy) -> Result<Self, CatalogError> {
        let file = |name: &'static str, builtin: &str| match std::fs::read_to_string(folder.join(name)) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(builtin.to_owned()),
            Err(source) => Err(CatalogError::Unreadable { file: name, source }),
        };
        let (limits, keywords) = (file("limits.toml", BUILTIN.limits)?, file("keywords.csv", BUILTIN.keywords)?);
        let emergencies = file("emergencies.csv", BUILTIN.emergencies)?;
        let (urgencies, channels) =
            (file("urgencies.csv", BUILTIN.urgencies)?, file("channels.csv", BUILTIN.channels)?);
        let transfers = file("transfers.csv", BUILTIN.transfers)?;
        let consultations = file("consultations.toml", BUILTIN.consultations)?;
        let model = match std::fs::read(folder.join("classifier.model")) {
            Ok(model) => model,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BUILTIN.model.to_owned(),
            Err(source) => return Err(CatalogError::Unreadable { file: "classifier.model", source }),
        };
        let files = Files {
            model: &model,
            limits: &limits,
            keywords: &keywords,
            emergencies: &emergencies,
            urgencies: &urgencies,
            channels: &channels,
            transfers: &transfers,
            consultations: &consultations,
        };
        Self::parse(files, taxonomy)
    }

    /// Checks and joins the files.
    pub fn parse(files: Files<'_>, taxonomy: Taxonomy) -> Result<Self, CatalogError> {
        let limits: Limits = toml::from_str(files.limits)?;
        read::check(&limits)?;
        let keywords = read::keywords(files.keywords, &taxonomy)?;
        let emergencies = read::emergencies(files.emergencies)?;
        let version = format!("{}+{}", limits.version, taxonomy.version());
        Ok(Self {
            rules: Rules::new(&keywords, &emergencies)?,
            model: Classifier::load(files.model, &taxonomy)?,
            urgencies: read::urgencies(files.urgencies, &taxonomy)?,
            doors: read::channels(files.channels)?,
            calls: read::transfers(files.transfers)?,
            knowledge: knowledge::read(files.consultations)?,
            limits,
            taxonomy,
            version,
        })
    }

    /// What a text is about and who is sure of it: the rules, else the model, else a person.
    pub fn decide(&self, text: &str) -> Decision<'_> {
        let sure = Sureness { rules: self.limits.category_sure, model: self.limits.model_sure };
        decide(text, &self.rules, &self.model, sure)
    }

    /// What a report pins: the limits' version and the taxonomy's.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How pressing a category is by itself; the empty category has the default.
    pub fn urgency_of(&self, category: &str) -> Urgency {
        let found = self.urgencies.iter().find(|(prefix, _)| category.starts_with(prefix.as_str()));
        found.map_or(Urgency::LevelThree, |(_, urgency)| *urgency)
    }

    /// Whether a role may file at this door.
    pub fn admits(&self, channel: Channel, role: Role) -> bool {
        self.doors.iter().any(|(door, roles)| *door == channel && roles.contains(&role))
    }

    pub fn place_thresholds(&self) -> Thresholds {
        Thresholds { sure: self.limits.place_sure, guess: self.limits.place_guess }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut Files<'static>)) -> String {
        let mut files = BUILTIN;
        change(&mut files);
        Catalog::parse(files, Taxonomy::builtin()).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_catalog_has_keywords_for_every_category() {
        let catalog = Catalog::builtin();
        let keywords = read::keywords(BUILTIN.keywords, &catalog.taxonomy).unwrap();
        assert!(keywords.len() >= 600);
        for category in catalog.taxonomy.iter() {
            assert!(keywords.iter().any(|keyword| *keyword.category == *category.code), "{category}");
        }
    }

    #[test]
    fn what_people_write_is_classified() {
        let catalog = Catalog::builtin();
        let cases = [
            ("小区门口的路灯坏了好几天，晚上太黑", "0612"),
            ("楼下烧烤店油烟直排，熏得睡不着", "0707"),
            ("工地半夜施工，噪音扰民", "0703"),
            ("包工头欠我们农民工工资三个月", "0212"),
            ("人行道上井盖缺失，很危险", "0610"),
            ("我想咨询低保怎么申请", "0901"),
            ("楼上漏水把我家天花板泡坏了", "0206"),
            ("有人私拉电线给电瓶车充电", "0109"),
        ];
        for (text, code) in cases {
            let (found, confidence) = catalog.rules.read(text).category.unwrap();
            assert_eq!(found, code, "{text}: {found} {confidence}");
        }
    }

    #[test]
    fn a_fire_is_an_emergency_and_a_fire_hazard_is_not() {
        let rules = Catalog::builtin().rules;
        assert!(rules.read("三楼着火了，有人被困").emergency);
        assert!(!rules.read("仓库存在火灾隐患").emergency);
    }

    #[test]
    fn the_longest_prefix_decides_the_urgency() {
        let catalog = Catalog::builtin();
        assert_eq!(catalog.urgency_of("0401"), Urgency::LevelOne);
        assert_eq!(catalog.urgency_of("0418"), Urgency::LevelTwo);
        assert_eq!(catalog.urgency_of("0612"), Urgency::LevelThree);
        assert_eq!(catalog.urgency_of(""), Urgency::LevelThree);
    }

    #[test]
    fn a_citizen_stands_at_the_web_and_not_at_the_hotline() {
        let catalog = Catalog::builtin();
        assert!(catalog.admits(Channel::CitizenWeb, Role::Citizen));
        assert!(!catalog.admits(Channel::Hotline12345, Role::Citizen));
        assert!(catalog.admits(Channel::GridWorker, Role::GridWorker));
        assert!(Channel::ALL.into_iter().all(|channel| !catalog.admits(channel, Role::Auditor)));
    }

    #[test]
    fn a_line_that_cannot_be_taken_is_named() {
        assert_eq!(
            with(|f| f.keywords = "category,weight,words\n0612,90,路灯\n9999,80,龙"),
            "keywords.csv, line 3: no such category: 9999"
        );
        assert_eq!(
            with(|f| f.keywords = "category,weight,words\n0612,101,路灯"),
            "keywords.csv, line 2: a weight is 1 to 100"
        );
        assert_eq!(
            with(|f| f.keywords = "category,weight,words\n0612,90,路灯|路灯"),
            "keywords.csv, line 2: the word 路灯 stands in the file already"
        );
        assert_eq!(with(|f| f.keywords = "words\n"), "keywords.csv: the header must be category,weight,words");
        assert_eq!(
            with(|f| f.urgencies = "category,urgency\n*,RED\n"),
            "urgencies.csv, line 2: an urgency is LEVEL_ONE to LEVEL_FOUR"
        );
        assert_eq!(
            with(|f| f.urgencies = "category,urgency\n04,LEVEL_ONE\n"),
            "urgencies.csv: the default line * is missing"
        );
        assert_eq!(with(|f| f.channels = "channel,roles\nFAX,citizen\n"), "channels.csv, line 2: no such channel: FAX");
        assert_eq!(with(|f| f.channels = "channel,roles\nPEER,mayor\n"), "channels.csv, line 2: no such role: mayor");
        assert_eq!(
            with(|f| f.channels = "channel,roles\nPEER,integrator\n"),
            "channels.csv: channel HOTLINE_12345 is missing"
        );
    }

    #[test]
    fn a_number_that_cannot_be_is_refused() {
        let zero: &'static str =
            Box::leak(BUILTIN.limits.replace("text_characters = 10000", "text_characters = 0").into());
        assert_eq!(with(|f| f.limits = zero), "limits.toml: text_characters must be 1 to 100,000");
        let unknown: &'static str = Box::leak(format!("colour = 1\n{}", BUILTIN.limits).into());
        assert!(with(|f| f.limits = unknown).contains("unknown field `colour`"));
    }
}
