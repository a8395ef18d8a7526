//! A model as a file: eight letters that say what it is, a checksum, and the model. It names the taxonomy it was trained for.

use super::features::fnv;
use civic::taxonomy::Taxonomy;
use serde::{Deserialize, Serialize};

/// The last letter is the version of the format.
const MAGIC: &[u8; 8] = b"JWCLASS1";
const HEAD: usize = 16;
/// Smaller spaces collide, larger ones say nothing more: a release's sentences have some twenty thousand features.
pub(super) const BITS: u8 = 20;
/// Steps of a rarity in a row.
const RARITY_STEPS: f32 = 16.0;

/// Why a model file cannot be used. Nothing changes then: the model before stays in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    #[error("not a model of this format: train it again with this release")]
    Format,
    #[error("the model file was cut or changed: copy it again")]
    Damaged,
    #[error("MODEL_OF_OTHER_TAXONOMY: trained for {of}, and {here} is in force: train it again on this taxonomy")]
    OtherTaxonomy { of: String, here: String },
}

/// A trained model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    pub(super) taxonomy: String,
    pub(super) fingerprint: u64,
    pub(super) bits: u8,
    pub(super) temperature: f32,
    /// What a weight of 1 stands for.
    pub(super) scale: f32,
    pub(super) codes: Vec<String>,
    /// What jieba knows as words.
    pub(super) words: Vec<String>,
    /// In the order of their buckets.
    pub(super) rows: Vec<ModelRow>,
}

/// The weights of one feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ModelRow {
    pub(super) bucket: u32,
    rarity: u8,
    pub(super) weights: Vec<(u16, i8)>,
}

impl ModelRow {
    pub(super) fn new(bucket: u32, rarity: f32, weights: Vec<(u16, i8)>) -> Self {
        let rarity = (rarity * RARITY_STEPS).round().clamp(1.0, 255.0) as u8;
        Self { bucket, rarity, weights }
    }

    /// How rare the feature was among the sentences: the logarithm of all by those with it.
    pub(super) fn rarity(&self) -> f32 {
        f32::from(self.rarity) / RARITY_STEPS
    }
}

impl Model {
    /// Number of features, and of words in its list.
    pub fn size(&self) -> (usize, usize) {
        (self.rows.len(), self.words.len())
    }

    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = postcard::to_stdvec(self).expect("numbers and texts are always encoded");
        let sum = fnv(body.iter().copied());
        [&MAGIC[..], &sum.to_le_bytes(), &body].concat()
    }
}

pub(super) fn read(bytes: &[u8], taxonomy: &Taxonomy) -> Result<Model, ModelError> {
    let (head, body) = bytes.split_at_checked(HEAD).ok_or(ModelError::Format)?;
    let (magic, sum) = head.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(ModelError::Format);
    }
    if sum != fnv(body.iter().copied()).to_le_bytes() {
        return Err(ModelError::Damaged);
    }
    let model: Model = postcard::from_bytes(body).map_err(|_| ModelError::Format)?;
    if model.fingerprint != fingerprint(taxonomy) {
        return Err(ModelError::OtherTaxonomy { of: model.taxonomy, here: taxonomy.version().to_owned() });
    }
    let classes = model.codes.len();
    let known = model.codes.iter().all(|code| code.is_empty() || taxonomy.get(code).is_some());
    let inside = model.rows.iter().flat_map(|row| &row.weights).all(|(class, _)| usize::from(*class) < classes);
    let fits = model.rows.iter().all(|row| row.weights.len() <= classes.min(usize::from(u16::MAX)));
    let sound = model.temperature.is_finite() && model.temperature > 0.0 && model.scale.is_finite();
    if known && inside && fits && sound && classes > 0 && (1..=24).contains(&model.bits) {
        Ok(model)
    } else {
        Err(ModelError::Damaged)
    }
}

/// The file of what the bytes say, as if it had been trained here.
pub(crate) fn of_here(bytes: &[u8], taxonomy: &Taxonomy) -> Option<Vec<u8>> {
    let model: Model = postcard::from_bytes(bytes).ok()?;
    Some(Model { fingerprint: fingerprint(taxonomy), ..model }.to_bytes())
}

/// What a model hangs on: which categories there are and what each is called. A version's name alone may be given twice.
pub(super) fn fingerprint(taxonomy: &Taxonomy) -> u64 {
    let names = taxonomy.iter().flat_map(|category| [&*category.code, "=", &*category.name_zh, ";"]);
    fnv(names.flat_map(str::bytes))
}
