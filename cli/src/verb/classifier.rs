//! `jiewang classifier`: learn from labelled sentences, and from what persons decided, what reports are about, and say how well that was
//! learnt. Reads and writes files; no running cluster is asked. A model takes effect as `intake/classifier.model` in a catalog folder.

use crate::args::Stores;
use crate::exit::{Exit, Failure};
use crate::output::{Finding, Printer};
use civic::taxonomy::Taxonomy;
use clap::{Args, Subcommand};
use intake::catalog::Catalog;
use intake::domain::classifier::evaluate::{Score, Thresholds, WANTED, evaluate, share, threshold};
use intake::domain::classifier::sentences::{self, Parts, Sentence};
use intake::domain::classifier::{Classifier, train};
use intake::domain::classify::Rules;
use queue::EventSource as _;
use serde_json::json;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// Draws the lines between training, validation and test: the release's.
const SPLIT: u8 = 0;

/// `jiewang classifier`
#[derive(Args, Debug)]
pub struct ClassifierArgs {
    #[command(subcommand)]
    pub verb: ClassifierVerb,
}

/// What to do with a model.
#[derive(Subcommand, Debug)]
pub enum ClassifierVerb {
    /// Train a model on the training part of a file of labelled sentences
    Train(TrainArgs),
    /// Choose a model's threshold on the validation part of a file of labelled sentences, and measure it on the test part
    Evaluate(EvaluateArgs),
}

/// `jiewang classifier train`
#[derive(Args, Debug)]
pub struct TrainArgs {
    /// Lines of code<TAB>text under a header of these two words; the code - says: none of our categories
    pub file: PathBuf,
    /// Where the model goes
    #[arg(long)]
    pub out: PathBuf,
    /// Orders the sentences: the same seed gives the same model
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Learn also from every report of the folder whose category a person gave. Their texts are opened in memory; only the model is written
    #[arg(long)]
    pub rulings: bool,
    #[command(flatten)]
    pub stores: Stores,
    /// Learn from all sentences. Then nothing is left to measure by
    #[arg(long)]
    pub all: bool,
}

/// `jiewang classifier evaluate`
#[derive(Args, Debug)]
pub struct EvaluateArgs {
    /// As for train; only the parts that train leaves out are asked
    pub file: PathBuf,
    /// Else the model of this release
    #[arg(long)]
    pub model: Option<PathBuf>,
    /// Confidence from which the model decides, instead of the one that validation chooses
    #[arg(long, value_parser = clap::value_parser!(u8).range(..=100))]
    pub threshold: Option<u8>,
}

/// Trains or measures.
///
/// # Errors
/// When a file cannot be read or is not what it should be.
pub async fn run(args: &ClassifierArgs, printer: &Printer) -> Result<Exit, Failure> {
    match &args.verb {
        ClassifierVerb::Train(args) => train(args, printer).await,
        ClassifierVerb::Evaluate(args) => measure(args, printer),
    }
}

async fn train(args: &TrainArgs, printer: &Printer) -> Result<Exit, Failure> {
    let taxonomy = Taxonomy::builtin();
    let sentences = read(&args.file, &taxonomy)?;
    let whole = Parts { train: sentences, ..Parts::default() };
    let mut parts = if args.all { whole } else { sentences::split(whole.train, SPLIT) };
    let ruled = if args.rulings { rulings(&args.stores, &taxonomy).await? } else { Vec::new() };
    let rulings = ruled.len();
    parts.train.extend(ruled);
    let keywords = Catalog::shipped_keywords(&taxonomy).map_err(|error| invalid(&args.file, error))?;
    let model = train::train(&parts.train, &keywords, &taxonomy, args.seed);
    let bytes = model.to_bytes();
    let failed = |source| Failure::Io { doing: format!("write {}", args.out.display()), source };
    fs::write(&args.out, &bytes).map_err(failed)?;
    let (features, words) = model.size();
    let (train, validation, test) = (parts.train.len(), parts.validation.len(), parts.test.len());
    let counts = [train, rulings, validation, test, features, words, bytes.len()];
    printer.print(&Finding {
        value: json!({"taxonomy": taxonomy.version(), "train": train, "rulings": rulings, "validation": validation, "test": test,
            "features": features, "words": words, "bytes": bytes.len()}),
        head: vec!["TRAIN", "RULINGS", "VALIDATION", "TEST", "FEATURES", "WORDS", "BYTES"],
        rows: vec![counts.iter().map(ToString::to_string).collect()],
        names: vec![args.out.display().to_string()],
    })?;
    Ok(Exit::Ok)
}

/// They come to the training part whole: what is measured by are the sentences of the file.
async fn rulings(stores: &Stores, taxonomy: &Taxonomy) -> Result<Vec<Sentence>, Failure> {
    let cluster = super::verify::open(stores).await?;
    let intake = cluster.books.iter().find(|book| book.service() == intake::NAME);
    let intake = intake.ok_or_else(|| Failure::Configuration("the folder has no intake".to_owned()))?;
    Ok(intake::rulings(intake, taxonomy).await?)
}

fn measure(args: &EvaluateArgs, printer: &Printer) -> Result<Exit, Failure> {
    let taxonomy = Taxonomy::builtin();
    let parts = sentences::split(read(&args.file, &taxonomy)?, SPLIT);
    let model = match &args.model {
        Some(path) => {
            let failed = |source| Failure::Io { doing: format!("read {}", path.display()), source };
            let bytes = fs::read(path).map_err(failed)?;
            Classifier::load(&bytes, &taxonomy).map_err(|error| invalid(path, error))?
        }
        None => Classifier::builtin(),
    };
    let catalog = Catalog::builtin();
    let limits = &catalog.limits;
    let chosen = threshold(&parts.validation, &model, WANTED);
    let thresholds = Thresholds { rules: limits.category_sure, model: args.threshold.unwrap_or(chosen) };
    let rules: &Rules = &catalog.rules;
    printer.print(&finding(&evaluate(&parts.test, rules, &model, thresholds), &taxonomy, thresholds))?;
    Ok(Exit::Ok)
}

fn read(path: &Path, taxonomy: &Taxonomy) -> Result<Vec<Sentence>, Failure> {
    let failed = |source| Failure::Io { doing: format!("read {}", path.display()), source };
    let text = fs::read_to_string(path).map_err(failed)?;
    sentences::read(&text, taxonomy).map_err(|error| invalid(path, error))
}

fn invalid(path: &Path, error: impl Error + Send + Sync + 'static) -> Failure {
    Failure::Invalid { path: path.to_path_buf(), source: Box::new(error) }
}

fn finding(score: &Score, taxonomy: &Taxonomy, thresholds: Thresholds) -> Finding {
    let part = |part: usize, whole: usize| format!("{:.1} % ({part} of {whole})", share(part, whole) * 100.0);
    let (decided, together) = (score.sentences - score.abstained, score.together);
    let mut rows = vec![
        vec!["test sentences, by which nothing was chosen".to_owned(), score.sentences.to_string()],
        vec!["model, first guess right".to_owned(), part(score.first_right, score.in_scope)],
        vec!["model, macro-F1".to_owned(), format!("{:.3}", score.macro_f1)],
        vec![format!("model, abstains below {}", thresholds.model), part(score.abstained, score.sentences)],
        vec!["model, right where it decides".to_owned(), part(score.decided_right, decided)],
        vec!["model, decides on what is none of ours".to_owned(), part(score.intruders, score.out_of_scope)],
        vec!["both, by rules and right".to_owned(), part(together.rules_right, together.by_rules)],
        vec!["both, by the model and right".to_owned(), part(together.model_right, together.by_model)],
        vec!["both, left to a person".to_owned(), part(together.to_a_person, score.sentences)],
    ];
    for (code, module) in &score.modules {
        let name =
            taxonomy.iter().find(|category| category.module() == code).map_or("", |category| &category.module_zh);
        let decided = part(module.decided_right, module.decided);
        let guessed = part(module.first_right, module.sentences);
        rows.push(vec![format!("{code} {name}"), format!("first guess {guessed}, decided {decided}")]);
    }
    Finding {
        value: json!({"sentences": score.sentences, "accuracy": score.accuracy(), "macroF1": score.macro_f1,
            "abstentions": score.abstentions(), "precision": score.precision(), "threshold": thresholds.model,
            "byRules": together.by_rules, "rulesRight": together.rules_right, "byModel": together.by_model,
            "modelRight": together.model_right, "toAPerson": together.to_a_person}),
        head: vec!["WHAT", "RESULT"],
        names: rows.iter().map(|row| row.join(": ")).collect(),
        rows,
    }
}
