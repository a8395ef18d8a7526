//! What a report is about, learnt from sentences: a linear model behind the keyword rules.
//!
//! The rules ([`super::classify`]) are the floor: what they are sure of holds. Where they are not, this model is asked, and
//! where it is not sure either, a person decides; what that person decides is a sentence to learn from.
//!
//! A text becomes a set of [`features`] (words, characters, pairs of characters) hashed into a fixed space; every category has
//! a weight for each, and multinomial logistic regression ([`train`]) finds them. One class of its own stands for "none of
//! ours": a greeting is not a street lamp. A model belongs to the taxonomy that it was trained for and is refused by any other
//! ([`file`]); it carries its words with it, so that an operator's keyword list cannot change what its features mean.
//! [`evaluate`] measures one on sentences that it has not seen. ADR 23 says why it is so small and so plain.

pub mod evaluate;
mod features;
pub mod file;
pub mod sentences;
pub mod train;

use civic::taxonomy::Taxonomy;
use features::Features;
pub(super) use features::stable_hash;
pub use file::ModelError;
use std::collections::HashMap;

/// The model of this release: trained by `jiewang classifier train` on the seen part of `catalog/sentences.tsv`.
pub const BUILTIN: &[u8] = include_bytes!("../../catalog/classifier.model");

/// Weights of one feature: where they lie, and how rare the feature was.
#[derive(Debug, Clone, Copy)]
struct Row {
    start: u32,
    count: u16,
    rarity: f32,
}

/// A model, ready to be asked. Some hundred kilobytes; asking needs no lock and one small vector.
#[derive(Debug)]
pub struct Classifier {
    features: Features,
    /// Codes of the classes; the empty one is "none of ours".
    codes: Vec<String>,
    rows: HashMap<u32, Row>,
    /// (class, weight) of all rows, one after the other.
    weights: Vec<(u16, f32)>,
    /// Divides the scores before they become chances, so that they come nearer to how often it is right.
    temperature: f32,
    /// Of any feature: that of one met once.
    rarest: f32,
}

/// The best class of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guess<'m> {
    /// `None`: the text is about none of our categories.
    pub category: Option<&'m str>,
    /// 0..=100
    pub confidence: u8,
}

impl Classifier {
    /// The model of this release, which its taxonomy must be able to read.
    pub fn builtin() -> Self {
        Self::load(BUILTIN, &Taxonomy::builtin()).expect("the shipped model is read by a test")
    }

    /// Reads a model file. Nothing of it is used when any of it is wrong.
    pub fn load(bytes: &[u8], taxonomy: &Taxonomy) -> Result<Self, ModelError> {
        let model = file::read(bytes, taxonomy)?;
        Ok(Self::of(&model))
    }

    /// A model just trained, as it will be after it was written and read.
    pub fn of(model: &file::Model) -> Self {
        let mut rows = HashMap::with_capacity(model.rows.len());
        let mut weights = Vec::new();
        for row in &model.rows {
            let start = u32::try_from(weights.len()).expect("a model file is far smaller than 4 GB");
            let count = u16::try_from(row.weights.len()).expect("a row has fewer weights than there are classes");
            weights.extend(row.weights.iter().map(|(class, weight)| (*class, f32::from(*weight) * model.scale)));
            rows.insert(row.bucket, Row { start, count, rarity: row.rarity() });
        }
        Self {
            features: Features::new(&model.words, model.bits),
            codes: model.codes.clone(),
            rows,
            weights,
            temperature: model.temperature,
            rarest: model.rows.iter().map(file::ModelRow::rarity).fold(0.0, f32::max),
        }
    }

    /// What a text is about. A text of which nothing is known is about nothing, with confidence 0.
    pub fn guess(&self, text: &str) -> Guess<'_> {
        let scores = self.scores(text);
        let Some((best, top)) = best(&scores) else {
            return Guess { category: None, confidence: 0 };
        };
        let all: f32 = scores.iter().map(|score| ((score - top) / self.temperature).exp()).sum();
        let code = self.codes[best].as_str();
        Guess { category: (!code.is_empty()).then_some(code), confidence: percent(1.0 / all) }
    }

    /// Score of every class; empty when no feature of the text is known.
    fn scores(&self, text: &str) -> Vec<f32> {
        let features = self.features.of(text);
        let known: Vec<Row> = features.iter().filter_map(|bucket| self.rows.get(bucket).copied()).collect();
        if known.is_empty() {
            return Vec::new();
        }
        // What was never met is as rare as can be: a text of strange words with one known among them is not sure of it.
        let strange = (features.len() - known.len()) as f32 * self.rarest * self.rarest;
        let length = (known.iter().map(|row| row.rarity * row.rarity).sum::<f32>() + strange).sqrt();
        let mut scores = vec![0.0; self.codes.len()];
        for row in known {
            let from = row.start as usize;
            for (class, weight) in &self.weights[from..from + usize::from(row.count)] {
                scores[usize::from(*class)] += weight * row.rarity / length;
            }
        }
        scores
    }
}

/// The greatest, the first of equals.
fn best(scores: &[f32]) -> Option<(usize, f32)> {
    let mut best: Option<(usize, f32)> = None;
    for (class, score) in scores.iter().enumerate() {
        if best.is_none_or(|(_, top)| *score > top) {
            best = Some((class, *score));
        }
    }
    best
}

fn percent(chance: f32) -> u8 {
    (chance.clamp(0.0, 1.0) * 100.0).floor() as u8
}

#[cfg(test)]
mod tests;
