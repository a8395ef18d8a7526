//! Reading of `consultations.toml`, entry by entry, each checked: an answer without a source is no answer.

use super::CatalogError;
use crate::domain::consultation::{Entry, Knowledge, Source};
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeSet;

/// An answer is read on a telephone's screen, or aloud.
const ANSWER_CHARACTERS: usize = 600;
/// One form is no comparison.
const FORMS: usize = 2;

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryProblem {
    #[error("a key is 1 to 64 lower-case letters, digits and hyphens")]
    Key,
    #[error("the key stands in the file already")]
    RepeatedKey,
    #[error("at least {FORMS} questions are needed, none of them empty")]
    Questions,
    #[error("the question {0} stands in the file already")]
    RepeatedQuestion(String),
    #[error("an answer has 1 to {ANSWER_CHARACTERS} characters")]
    Answer,
    #[error("law and article are required")]
    Source,
    #[error("edition and valid_until are dates, YYYY-MM-DD")]
    Date,
    #[error("valid_until lies before the edition of the law")]
    ValidBeforeEdition,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    entry: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    key: String,
    questions: Vec<String>,
    answer: String,
    law: String,
    article: String,
    edition: String,
    valid_until: String,
}

pub(super) fn read(text: &str) -> Result<Knowledge, CatalogError> {
    let file: File = toml::from_str(text).map_err(CatalogError::Consultations)?;
    let (mut keys, mut forms) = (BTreeSet::new(), BTreeSet::new());
    let mut entries = Vec::with_capacity(file.entry.len());
    for written in file.entry {
        let key = written.key.clone();
        let refuse = |problem| CatalogError::Consultation { key: key.clone(), problem };
        if !keys.insert(key.clone()) {
            return Err(refuse(EntryProblem::RepeatedKey));
        }
        let repeated = written.questions.iter().find(|form| !forms.insert((*form).clone()));
        if let Some(form) = repeated {
            return Err(refuse(EntryProblem::RepeatedQuestion(form.clone())));
        }
        entries.push(entry(written).map_err(refuse)?);
    }
    Ok(Knowledge::new(entries))
}

fn entry(written: Written) -> Result<Entry, EntryProblem> {
    let Written { key, questions, answer, law, article, edition, valid_until } = written;
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(1..=64).contains(&key.len()) || !key.bytes().all(letter) {
        return Err(EntryProblem::Key);
    }
    if questions.len() < FORMS || questions.iter().any(|form| form.trim().is_empty()) {
        return Err(EntryProblem::Questions);
    }
    let answer = answer.trim().to_owned();
    if !(1..=ANSWER_CHARACTERS).contains(&answer.chars().count()) {
        return Err(EntryProblem::Answer);
    }
    if law.trim().is_empty() || article.trim().is_empty() {
        return Err(EntryProblem::Source);
    }
    let date = |text: &str| text.parse::<Date>().map_err(|_| EntryProblem::Date);
    let (edition, valid_until) = (date(&edition)?, date(&valid_until)?);
    if valid_until < edition {
        return Err(EntryProblem::ValidBeforeEdition);
    }
    Ok(Entry { key, questions, answer, source: Source { law, article, edition }, valid_until })
}
