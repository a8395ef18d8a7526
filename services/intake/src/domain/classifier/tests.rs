//! The model of this release, and models that are none.

use super::evaluate::{Score, Thresholds, WANTED, evaluate, threshold};
use super::sentences::{self, Sentence, SentenceProblem};
use super::{BUILTIN, Classifier, ModelError, train};
use crate::catalog::Catalog;
use crate::domain::classify::Keyword;
use civic::taxonomy::Taxonomy;
use std::collections::BTreeMap;

fn small() -> Taxonomy {
    let lines = "code,module,module_zh,module_en,section,name_zh,name_en\n\
        0612,06,城市管理,City,minsheng,路灯故障,Lamps\n0703,07,生态环保,Noise,minsheng,施工噪声,Noise\n";
    Taxonomy::load_csv("small", lines).unwrap()
}

fn lessons() -> Vec<Sentence> {
    let said = [
        ("0612", "巷口的路灯不亮了"),
        ("0612", "灯杆倒了没人扶"),
        ("0612", "三根路灯全黑"),
        ("0703", "工地打桩吵得睡不着"),
        ("0703", "半夜施工噪音大"),
        ("0703", "挖机从早响到晚"),
        ("", "你好"),
        ("", "讲个笑话"),
    ];
    said.map(|(code, text)| Sentence { code: code.to_owned(), text: text.to_owned() }).to_vec()
}

fn keywords() -> Vec<Keyword> {
    vec![Keyword { word: "路灯".to_owned(), category: "0612".to_owned(), weight: 80 }]
}

fn shipped() -> Score {
    let (taxonomy, catalog) = (Taxonomy::builtin(), Catalog::builtin());
    let parts = sentences::split(sentences::read(sentences::BUILTIN, &taxonomy).unwrap(), 0);
    let thresholds = Thresholds { rules: catalog.limits.category_sure, model: catalog.limits.model_sure };
    evaluate(&parts.test, &catalog.rules, &Classifier::builtin(), thresholds)
}

#[test]
fn the_shipped_sentences_have_at_least_six_for_every_category_and_none_twice() {
    let taxonomy = Taxonomy::builtin();
    let sentences = sentences::read(sentences::BUILTIN, &taxonomy).unwrap();
    assert!(sentences.len() >= 2_000);
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for sentence in &sentences {
        *count.entry(&sentence.code).or_default() += 1;
    }
    for category in taxonomy.iter() {
        assert!(count.get(&*category.code).is_some_and(|count| *count >= 6), "{category}");
    }
    assert!(count[""] >= 150);
    let mut texts: Vec<&str> = sentences.iter().map(|sentence| sentence.text.as_str()).collect();
    texts.sort_unstable();
    assert!(texts.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn the_shipped_model_is_right_where_it_decides_on_sentences_that_nothing_was_chosen_by() {
    let score = shipped();
    println!("{score:?}");
    assert!(score.sentences >= 500);
    assert!(score.accuracy() >= 0.57 && score.macro_f1 >= 0.54, "{score:?}");
    assert!(score.intruders * 8 <= score.out_of_scope, "{score:?}");
    assert!(score.precision() >= 0.80, "{score:?}");
    assert!(score.abstentions() <= 0.70, "{score:?}");
}

#[test]
fn the_shipped_threshold_is_the_one_that_validation_chooses() {
    let parts = sentences::split(sentences::read(sentences::BUILTIN, &Taxonomy::builtin()).unwrap(), 0);
    let chosen = threshold(&parts.validation, &Classifier::builtin(), WANTED);
    assert_eq!(Catalog::builtin().limits.model_sure, chosen);
}

#[test]
fn a_text_is_known_by_words_that_stood_in_its_lessons() {
    let model = train::train(&lessons(), &keywords(), &small(), 7);
    let classifier = Classifier::load(&model.to_bytes(), &small()).unwrap();
    assert_eq!(classifier.guess("门口路灯又不亮").category, Some("0612"));
    assert_eq!(classifier.guess("工地半夜吵").category, Some("0703"));
    assert_eq!(classifier.guess("你好").category, None);
}

#[test]
fn of_what_was_never_heard_of_nothing_is_said() {
    let classifier = Classifier::of(&train::train(&lessons(), &keywords(), &small(), 7));
    for text in ["", "  ，。", "xyz", "鑫"] {
        let guess = classifier.guess(text);
        assert_eq!((guess.category, guess.confidence), (None, 0), "{text}");
    }
}

#[test]
fn the_same_sentences_and_seed_give_the_same_bytes() {
    let train = |seed| train::train(&lessons(), &keywords(), &small(), seed).to_bytes();
    assert_eq!(train(7), train(7));
    assert_ne!(train(7), train(8));
}

#[test]
fn a_model_of_another_taxonomy_is_refused_by_name() {
    let model = train::train(&lessons(), &keywords(), &small(), 7).to_bytes();
    let refused = Classifier::load(&model, &Taxonomy::builtin()).unwrap_err();
    let here = Taxonomy::builtin().version().to_owned();
    assert_eq!(refused, ModelError::OtherTaxonomy { of: "small".to_owned(), here });
    assert!(refused.to_string().starts_with("MODEL_OF_OTHER_TAXONOMY"));
    let renamed = "code,module,module_zh,module_en,section,name_zh,name_en\n\
        0612,06,城市管理,City,minsheng,路灯,Lamps\n0703,07,生态环保,Noise,minsheng,施工噪声,Noise\n";
    let renamed = Taxonomy::load_csv("small", renamed).unwrap();
    assert!(matches!(Classifier::load(&model, &renamed), Err(ModelError::OtherTaxonomy { .. })));
}

#[test]
fn a_file_that_was_cut_changed_or_is_none_is_refused() {
    let model = train::train(&lessons(), &keywords(), &small(), 7).to_bytes();
    for length in [0, 7, 15] {
        assert_eq!(Classifier::load(&model[..length], &small()).unwrap_err(), ModelError::Format);
    }
    assert_eq!(Classifier::load(&model[..model.len() - 1], &small()).unwrap_err(), ModelError::Damaged);
    for place in (16..model.len()).step_by(97) {
        let mut changed = model.clone();
        changed[place] ^= 1;
        assert_eq!(Classifier::load(&changed, &small()).unwrap_err(), ModelError::Damaged);
    }
    assert_eq!(Classifier::load(b"a,b,c and a good deal more", &small()).unwrap_err(), ModelError::Format);
}

#[test]
fn the_shipped_model_is_what_the_shipped_sentences_were_written_for() {
    assert!(Classifier::load(BUILTIN, &Taxonomy::builtin()).is_ok());
    assert!(BUILTIN.len() < 1_500_000, "{} bytes", BUILTIN.len());
}

#[test]
fn sentences_that_begin_alike_are_on_the_same_side() {
    let one = |text: &str| Sentence { code: String::new(), text: text.to_owned() };
    for stem in ["巷子路灯又不亮", "楼上装修天天吵", "小区停水没通知", "河里有人电打鱼"] {
        let parts = sentences::split(vec![one(stem), one(&format!("{stem}，快点")), one(&format!("{stem}12号"))], 0);
        let sizes = [parts.train.len(), parts.validation.len(), parts.test.len()];
        assert!(sizes.contains(&3), "{stem}: {sizes:?}");
    }
}

#[test]
fn a_line_that_cannot_be_taken_is_named() {
    let refused = |text: &str| sentences::read(text, &small()).unwrap_err();
    assert_eq!(refused("text\n").problem, SentenceProblem::Header);
    assert_eq!(refused("code\ttext\n").problem, SentenceProblem::Empty);
    assert_eq!(refused("code\ttext\n0612 路灯").problem, SentenceProblem::Columns);
    assert_eq!(refused("code\ttext\n0612\t").problem, SentenceProblem::Columns);
    let unknown = refused("code\ttext\n0612\t路灯\n9999\t龙");
    assert_eq!(unknown.to_string(), "sentences, line 3: no such category: 9999");
}

#[test]
fn a_model_with_more_weights_for_a_feature_than_classes_is_damaged() {
    let mut model = train::train(&lessons(), &keywords(), &small(), 7);
    let first = model.rows[0].weights[0];
    model.rows[0].weights = vec![first; usize::from(u16::MAX) + 1];
    assert_eq!(Classifier::load(&model.to_bytes(), &small()).unwrap_err(), ModelError::Damaged);
}
