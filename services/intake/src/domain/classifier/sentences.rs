//! Labelled sentences: one `code<TAB>text` a line, `-` for a text that belongs to no category. Which of them a model may see
//! is decided by a stable hash of how a sentence begins, so that sentences that begin alike are on the same side.

use super::features::{fnv, runs};
use civic::taxonomy::Taxonomy;

/// The sentences of this release, invented for it.
pub const BUILTIN: &str = include_str!("../../../catalog/sentences.tsv");
pub(super) const HEADER: &str = "code\ttext";
/// Label of a text that belongs to no category.
pub(super) const NONE: &str = "-";
/// Letters that say how a sentence begins.
const STEM: usize = 6;
/// One sentence of the training part in so many is kept from the pass that finds the temperature.
const HELD_BACK: u64 = 5;

/// One labelled text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Empty: none of our categories.
    pub code: String,
    pub text: String,
}

/// A line that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("sentences, line {line}: {problem}")]
pub struct SentencesError {
    /// Counted from 1, the header included.
    pub line: usize,
    pub problem: SentenceProblem,
}

/// What is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SentenceProblem {
    #[error("the header must be code<TAB>text")]
    Header,
    #[error("a code, one tab and a text are needed")]
    Columns,
    #[error("no such category: {0}")]
    Category(String),
    #[error("there is no sentence at all")]
    Empty,
}

/// Reads a file of sentences.
pub fn read(text: &str, taxonomy: &Taxonomy) -> Result<Vec<Sentence>, SentencesError> {
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    let refuse = |line, problem| SentencesError { line, problem };
    if lines.next().map(|(_, header)| header.trim_start_matches('\u{feff}')) != Some(HEADER) {
        return Err(refuse(1, SentenceProblem::Header));
    }
    let mut sentences = Vec::new();
    for (line, row) in lines.filter(|(_, row)| !row.trim().is_empty()) {
        let (code, text) = row.split_once('\t').ok_or(refuse(line, SentenceProblem::Columns))?;
        if text.trim().is_empty() || text.contains('\t') {
            return Err(refuse(line, SentenceProblem::Columns));
        }
        if code != NONE && taxonomy.get(code).is_none() {
            return Err(refuse(line, SentenceProblem::Category(code.to_owned())));
        }
        let code = if code == NONE { String::new() } else { code.to_owned() };
        sentences.push(Sentence { code, text: text.trim().to_owned() });
    }
    if sentences.is_empty() { Err(refuse(1, SentenceProblem::Empty)) } else { Ok(sentences) }
}

/// The sentences of a file, parted: every sentence is used for one thing only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// What a model learns from: fourteen in twenty.
    pub train: Vec<Sentence>,
    /// What its threshold is chosen by: three in twenty.
    pub validation: Vec<Sentence>,
    /// What it is judged by, and nothing is chosen by: three in twenty.
    pub test: Vec<Sentence>,
}

/// Parts sentences. `seed` draws other lines; the release's model was made with seed 0.
pub fn split(sentences: Vec<Sentence>, seed: u8) -> Parts {
    let mut parts = Parts::default();
    for sentence in sentences {
        let part = match drawn(&sentence.text, seed) % 20 {
            0..14 => &mut parts.train,
            14..17 => &mut parts.validation,
            _ => &mut parts.test,
        };
        part.push(sentence);
    }
    parts
}

/// Whether a sentence of the training part is kept from the first pass, which finds the temperature.
pub(super) fn held_back(text: &str, salt: u8) -> bool {
    drawn(text, salt).is_multiple_of(HELD_BACK)
}

/// A number that hangs on how the sentence begins, and on the salt.
fn drawn(text: &str, salt: u8) -> u64 {
    let stem: String = runs(text).concat().chars().filter(|character| !character.is_ascii()).take(STEM).collect();
    fnv([salt].into_iter().chain(stem.bytes())) >> 32
}
