//! Training: multinomial logistic regression by stochastic gradient descent whose weights are averaged over all steps, so
//! that the last sentences seen do not have the last word. Same sentences, same seed, same bytes, on every machine.
//!
//! The keyword list and the names of the categories are learnt as if they were short sentences: what the operators already
//! know about their words need not be found out again from ten sentences a category.

use super::features::Features;
use super::file::{BITS, Model, ModelRow, fingerprint};
use super::sentences::{Sentence, held_back};
use crate::domain::classify::Keyword;
use civic::taxonomy::Taxonomy;
use std::collections::BTreeMap;

/// Rounds over all sentences. More change nothing that the held-back fifth would notice.
const ROUNDS: u32 = 30;
/// Length of the first steps; texts are of length 1, so that it may be this long.
const STEP: f32 = 3.0;
/// Pull of every weight towards zero, in one step of its feature.
const DECAY: f32 = 1e-3;
/// Chances below this are not worth a step: nine in ten steps are saved.
const NEGLIGIBLE: f32 = 1e-3;
/// Weights of a feature that are kept, the heaviest first; the others were noise.
const KEPT: usize = 10;
/// Draws the line inside the seen sentences by which the temperature is found.
const SALT: u8 = 255;

/// A text as training sees it.
struct Lesson {
    class: usize,
    /// (row, value), of length 1.
    features: Vec<(usize, f32)>,
    /// How much it counts: a keyword counts as much as its weight says.
    counts: f32,
}

/// What every lesson was made with.
struct Course {
    codes: Vec<String>,
    buckets: Vec<u32>,
    rarities: Vec<f32>,
    words: Vec<String>,
    lessons: Vec<Lesson>,
    /// Lessons that find the temperature.
    probes: Vec<usize>,
}

/// Trains a model. `seed` orders the sentences.
pub fn train(sentences: &[Sentence], keywords: &[Keyword], taxonomy: &Taxonomy, seed: u64) -> Model {
    let course = prepare(sentences, keywords, taxonomy);
    let probing: Vec<usize> = (0..course.lessons.len()).filter(|lesson| !course.probes.contains(lesson)).collect();
    let probed = Weights::learn(&course, &probing, seed);
    let all: Vec<usize> = (0..course.lessons.len()).collect();
    let learnt = Weights::learn(&course, &all, seed);
    let temperature = temperature(&course, &probed);
    model(course, &learnt, taxonomy, temperature)
}

fn prepare(sentences: &[Sentence], keywords: &[Keyword], taxonomy: &Taxonomy) -> Course {
    let mut words: Vec<String> = keywords.iter().map(|keyword| keyword.word.clone()).collect();
    words.sort_unstable();
    words.dedup();
    let features = Features::new(&words, BITS);
    let codes: Vec<String> =
        std::iter::once(String::new()).chain(taxonomy.iter().map(|category| category.code.to_string())).collect();
    let said = sentences.iter().map(|sentence| (sentence.code.as_str(), sentence.text.as_str(), 1.0));
    let names = taxonomy.iter().map(|category| (&*category.code, &*category.name_zh, 1.0));
    let listed = keywords
        .iter()
        .map(|keyword| (keyword.category.as_str(), keyword.word.as_str(), f32::from(keyword.weight) / 100.0));
    let texts: Vec<(&str, Vec<u32>, f32)> =
        said.chain(names).chain(listed).map(|(code, text, counts)| (code, features.of(text), counts)).collect();

    let mut met: BTreeMap<u32, usize> = BTreeMap::new();
    for bucket in texts.iter().flat_map(|(_, buckets, _)| buckets) {
        *met.entry(*bucket).or_default() += 1;
    }
    let rarity = |with: usize| ModelRow::new(0, (count(texts.len()) / count(with)).ln(), Vec::new()).rarity();
    let buckets: Vec<u32> = met.keys().copied().collect();
    let rarities: Vec<f32> = met.values().map(|with| rarity(*with)).collect();
    let lesson = |(code, found, counts): &(&str, Vec<u32>, f32)| Lesson {
        class: codes.binary_search_by(|known| known.as_str().cmp(code)).expect("sentences were checked against it"),
        features: unit(found, &buckets, &rarities),
        counts: *counts,
    };
    let lessons = texts.iter().map(lesson).collect();
    let probes = (0..sentences.len()).filter(|index| held_back(&sentences[*index].text, SALT)).collect();
    Course { buckets, rarities, words, lessons, probes, codes }
}

fn unit(found: &[u32], buckets: &[u32], rarities: &[f32]) -> Vec<(usize, f32)> {
    let row = |bucket: &u32| buckets.binary_search(bucket).expect("every bucket was counted");
    let rows: Vec<usize> = found.iter().map(row).collect();
    let length = rows.iter().map(|row| rarities[*row] * rarities[*row]).sum::<f32>().sqrt();
    rows.into_iter().map(|row| (row, rarities[row] / length)).collect()
}

/// Weights of every row for every class, averaged.
struct Weights {
    classes: usize,
    average: Vec<f32>,
}

impl Weights {
    fn learn(course: &Course, lessons: &[usize], seed: u64) -> Self {
        let classes = course.codes.len();
        let size = classes * course.buckets.len();
        // The average of w over all steps is w - late/steps, when `late` sums every change times the step it came at.
        let (mut weights, mut late) = (vec![0.0_f32; size], vec![0.0_f32; size]);
        let (mut order, mut chance) = (lessons.to_vec(), Chance(seed));
        let (mut step, mut scores) = (0_u32, Vec::new());
        for round in 0..ROUNDS {
            chance.shuffle(&mut order);
            let length = STEP / (1.0 + f32::from(u16::try_from(round).expect("few rounds")) * 0.15);
            for lesson in order.iter().map(|index| &course.lessons[*index]) {
                chances(&weights, classes, &lesson.features, &mut scores);
                let at = whole(step);
                for (class, had) in scores.iter().enumerate() {
                    let wanted = if class == lesson.class { 1.0 } else { 0.0 };
                    if class != lesson.class && *had < NEGLIGIBLE {
                        continue;
                    }
                    let push = length * lesson.counts * (wanted - had);
                    for (row, value) in &lesson.features {
                        let place = row * classes + class;
                        let change = push * value - DECAY * length * weights[place];
                        weights[place] += change;
                        late[place] += at * change;
                    }
                }
                step += 1;
            }
        }
        let steps = whole(step.max(1));
        let average = weights.iter().zip(&late).map(|(weight, late)| weight - late / steps).collect();
        Self { classes, average }
    }

    /// The row's weights that are worth keeping, relative to the row's mean: a shift of all classes changes no chance.
    fn kept(&self, row: usize) -> Vec<(usize, f32)> {
        let all = &self.average[row * self.classes..(row + 1) * self.classes];
        let mean = all.iter().sum::<f32>() / count(self.classes);
        let mut kept: Vec<(usize, f32)> = all.iter().map(|weight| weight - mean).enumerate().collect();
        kept.sort_by(|(_, a), (_, b)| b.abs().total_cmp(&a.abs()));
        kept.truncate(KEPT);
        kept.sort_by_key(|(class, _)| *class);
        kept
    }
}

/// The classes' chances for a text, into `scores`.
fn chances(weights: &[f32], classes: usize, features: &[(usize, f32)], scores: &mut Vec<f32>) {
    score(weights, classes, features, scores);
    let top = scores.iter().copied().fold(f32::MIN, f32::max);
    scores.iter_mut().for_each(|score| *score = (*score - top).exp());
    let all: f32 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= all);
}

fn score(weights: &[f32], classes: usize, features: &[(usize, f32)], scores: &mut Vec<f32>) {
    scores.clear();
    scores.resize(classes, 0.0);
    for (row, value) in features {
        for (score, weight) in scores.iter_mut().zip(&weights[row * classes..(row + 1) * classes]) {
            *score += weight * value;
        }
    }
}

/// The divisor under which sentences that were not learnt from are least surprising.
fn temperature(course: &Course, weights: &Weights) -> f32 {
    let surprise = |divisor: f32| -> f32 {
        let mut scores = Vec::new();
        let of = |lesson: &Lesson| {
            score(&weights.average, weights.classes, &lesson.features, &mut scores);
            let top = scores.iter().copied().fold(f32::MIN, f32::max);
            let all: f32 = scores.iter().map(|score| ((score - top) / divisor).exp()).sum();
            all.ln() - (scores[lesson.class] - top) / divisor
        };
        course.probes.iter().map(|index| &course.lessons[*index]).map(of).sum()
    };
    let divisors = (1..=40_u16).map(|twentieths| f32::from(twentieths) / 10.0);
    let best = divisors.map(|divisor| (divisor, surprise(divisor))).min_by(|(_, a), (_, b)| a.total_cmp(b));
    if course.probes.is_empty() { 1.0 } else { best.map_or(1.0, |(divisor, _)| divisor) }
}

fn model(course: Course, weights: &Weights, taxonomy: &Taxonomy, temperature: f32) -> Model {
    let kept: Vec<Vec<(usize, f32)>> = (0..course.buckets.len()).map(|row| weights.kept(row)).collect();
    let heaviest = kept.iter().flatten().map(|(_, weight)| weight.abs()).fold(f32::MIN_POSITIVE, f32::max);
    let scale = heaviest / f32::from(i8::MAX);
    let small = |(class, weight): &(usize, f32)| {
        let weight = quantum(weight / scale)?;
        Some((u16::try_from(*class).expect("fewer than 65,536 classes"), weight))
    };
    let row = |(index, kept): (usize, &Vec<(usize, f32)>)| {
        ModelRow::new(course.buckets[index], course.rarities[index], kept.iter().filter_map(small).collect())
    };
    let rows = kept.iter().enumerate().map(row).collect();
    Model {
        taxonomy: taxonomy.version().to_owned(),
        fingerprint: fingerprint(taxonomy),
        bits: BITS,
        temperature,
        scale,
        codes: course.codes,
        words: course.words,
        rows,
    }
}

/// The nearest whole number of -127..=127; `None` for zero, which need not be kept.
fn quantum(weight: f32) -> Option<i8> {
    let nearest = weight.round().clamp(-127.0, 127.0) as i8;
    (nearest != 0).then_some(nearest)
}

/// Exact up to sixteen million, and there are not so many.
fn count(number: usize) -> f32 {
    number as f32
}

/// An average may be off by a part in sixteen million.
fn whole(number: u32) -> f32 {
    number as f32
}

/// SplitMix64: the same order on every machine and with every release of any library.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn shuffle(&mut self, order: &mut [usize]) {
        for last in (1..order.len()).rev() {
            let other = usize::try_from(self.next() % (last as u64 + 1)).expect("not above an index");
            order.swap(last, other);
        }
    }
}
