//! How good a classification is, on sentences that nobody learnt from: the rules alone, the model alone, and both as a
//! report meets them.

use super::Classifier;
use super::sentences::Sentence;
use crate::domain::classify::Rules;
use std::collections::BTreeMap;

/// Share of the model's decisions that must be right: a wrong one sends an order to a wrong unit, which sends it back.
pub const WANTED: f64 = 0.85;

/// Confidences from which each of the two may decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    pub rules: u8,
    pub model: u8,
}

/// Who decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Keywords,
    Model,
    /// Neither was sure.
    Person,
}

/// One text, decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'m> {
    /// The best guess; empty when there is none.
    pub code: &'m str,
    pub confidence: u8,
    pub by: By,
}

/// The order of the floor: rules that are sure, else a model that is sure, else a person.
pub fn decide<'m>(text: &str, rules: &'m Rules, model: &'m Classifier, thresholds: Thresholds) -> Decision<'m> {
    let read = rules.read(text).category;
    if let Some((code, confidence)) = read.filter(|(_, confidence)| *confidence >= thresholds.rules) {
        return Decision { code, confidence, by: By::Keywords };
    }
    let guess = model.guess(text);
    match guess.category {
        Some(code) if guess.confidence >= thresholds.model => {
            Decision { code, confidence: guess.confidence, by: By::Model }
        }
        Some(_) | None => {
            let (code, confidence) = read.unwrap_or(("", 0));
            Decision { code, confidence, by: By::Person }
        }
    }
}

/// The lowest confidence from which so large a share of the model's decisions is right, on sentences that choose nothing else. 101, which
/// nothing reaches, when there is none.
pub fn threshold(validation: &[Sentence], model: &Classifier, wanted: f64) -> u8 {
    let guesses: Vec<(u8, bool)> = validation
        .iter()
        .filter_map(|sentence| {
            let guess = model.guess(&sentence.text);
            guess.category.map(|code| (guess.confidence, code == sentence.code))
        })
        .collect();
    let reached = |least: &u8| {
        let decided = guesses.iter().filter(|(confidence, _)| confidence >= least);
        let right = decided.clone().filter(|(_, right)| *right).count();
        right > 0 && share(right, decided.count()) >= wanted
    };
    (1..=100).find(reached).unwrap_or(101)
}

/// What came of a set of sentences.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Score {
    pub sentences: usize,
    /// Of those that belong to a category: the model's first guess was right.
    pub first_right: usize,
    pub in_scope: usize,
    /// Mean over the categories of 2PR/(P+R) of the model's first guess.
    pub macro_f1: f64,
    /// The model was below its threshold, or said "none of ours".
    pub abstained: usize,
    /// Of those that the model decided.
    pub decided_right: usize,
    /// Belongs to no category, and the model decided one all the same.
    pub intruders: usize,
    pub out_of_scope: usize,
    /// Rules and model together.
    pub together: Together,
    pub modules: BTreeMap<String, Module>,
}

/// What a report meets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Together {
    pub by_rules: usize,
    pub rules_right: usize,
    pub by_model: usize,
    pub model_right: usize,
    pub to_a_person: usize,
}

/// One work module of the taxonomy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Module {
    pub sentences: usize,
    pub first_right: usize,
    pub decided: usize,
    pub decided_right: usize,
}

/// Of one category: how often it was meant, guessed, and both.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    meant: u32,
    guessed: u32,
    both: u32,
}

/// Measures on sentences that the model has not seen.
pub fn evaluate(unseen: &[Sentence], rules: &Rules, model: &Classifier, thresholds: Thresholds) -> Score {
    let mut score = Score { sentences: unseen.len(), ..Score::default() };
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for sentence in unseen {
        let guess = model.guess(&sentence.text);
        let (code, said) = (sentence.code.as_str(), guess.category.unwrap_or_default());
        let decided = !said.is_empty() && guess.confidence >= thresholds.model;
        let right = said == code;
        score.abstained += usize::from(!decided);
        score.decided_right += usize::from(decided && right);
        tallies.entry(said).or_default().guessed += 1;
        tallies.entry(code).or_default().meant += 1;
        tallies.entry(code).or_default().both += u32::from(right);
        if code.is_empty() {
            score.out_of_scope += 1;
            score.intruders += usize::from(decided);
        } else {
            score.in_scope += 1;
            score.first_right += usize::from(right);
            let module = score.modules.entry(code[..2].to_owned()).or_default();
            module.sentences += 1;
            module.first_right += usize::from(right);
            module.decided += usize::from(decided);
            module.decided_right += usize::from(decided && right);
        }
        score.together.count(decide(&sentence.text, rules, model, thresholds), code);
    }
    score.macro_f1 = macro_f1(&tallies);
    score
}

impl Together {
    fn count(&mut self, decision: Decision<'_>, meant: &str) {
        let right = usize::from(decision.code == meant);
        match decision.by {
            By::Keywords => (self.by_rules, self.rules_right) = (self.by_rules + 1, self.rules_right + right),
            By::Model => (self.by_model, self.model_right) = (self.by_model + 1, self.model_right + right),
            By::Person => self.to_a_person += 1,
        }
    }
}

impl Score {
    /// Share of the first guesses that were right, of sentences that belong to a category.
    pub fn accuracy(&self) -> f64 {
        share(self.first_right, self.in_scope)
    }

    /// Share of the model's decisions that were right.
    pub fn precision(&self) -> f64 {
        share(self.decided_right, self.sentences - self.abstained)
    }

    /// Share of the sentences that the model left to a person.
    pub fn abstentions(&self) -> f64 {
        share(self.abstained, self.sentences)
    }
}

/// A part of a whole; nothing of nothing is nothing.
pub fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Over the categories that were meant at least once; one that was never guessed right counts 0.
fn macro_f1(tallies: &BTreeMap<&str, Tally>) -> f64 {
    let meant: Vec<f64> = tallies
        .iter()
        .filter(|(code, tally)| !code.is_empty() && tally.meant > 0)
        .map(|(_, tally)| 2.0 * f64::from(tally.both) / f64::from(tally.meant + tally.guessed))
        .collect();
    let categories = u32::try_from(meant.len()).expect("a taxonomy has fewer categories");
    if categories == 0 { 0.0 } else { meant.iter().sum::<f64>() / f64::from(categories) }
}
