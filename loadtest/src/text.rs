//! What is made of a text: likely duplicates among a million reports, and its category.

use crate::{
    corpus::Corpus,
    figures::{Asked, Sheet},
};
use civic::{CaseId, Clock as _, Micros, SystemClock};
use hdrhistogram::Histogram;
use intake::{
    catalog::Catalog,
    likeness::{
        Neighbourhood, Print, Shelves, Shelving, Sketch,
        evaluate::{BUILTIN, evaluate, read, split},
    },
};
use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};
use std::time::Instant;

const SEED: u64 = 7_420_251_106;
const TOWNS: u64 = 1_031;
/// Two thirds of the reports lie in one town, as in the seed.
const CROWDED: f64 = 0.66;
const LOOKS: usize = 2_000;
const MINUTE: i64 = 60 * 1_000_000;

/// Precision and recall on the pairs that no weight was set by, and the search among so many prints.
pub fn duplicates(sheet: &mut Sheet, reports: usize) -> anyhow::Result<()> {
    let pairs = read(BUILTIN).map_err(|line| anyhow::anyhow!("pairs.tsv, line {line}"))?;
    let (_, held_out) = split(pairs);
    let measured = evaluate(&held_out, SEED);
    sheet.note(format!("{} pairs held out, {} of them traps", measured.pairs, measured.traps));
    sheet.row("precision, held-out pairs", measured.precision(), "", Asked::Nothing);
    sheet.row("recall, held-out pairs", measured.recall(), "", Asked::Nothing);
    let (corpus, mut rng) = (Corpus::load()?, SmallRng::seed_from_u64(SEED));
    let beginning = SystemClock.now() - 16 * 24 * 60 * MINUTE;
    let step = 16 * 24 * 60 * MINUTE / i64::try_from(reports.max(1))?;
    let mut shelves = Shelves::new(Shelving { capacity: reports });
    let began = Instant::now();
    for n in 0..reports {
        shelves.put(id(n), sketch(&corpus, n, beginning + step * i64::try_from(n)?, &mut rng));
    }
    let laid = began.elapsed().as_secs_f64() / reports.max(1) as f64;
    sheet.row("a print made and laid", laid * 1e6, "µs", Asked::Nothing);
    let mut taken = Histogram::<u64>::new(3)?;
    for n in 0..LOOKS {
        let asked = sketch(&corpus, n, SystemClock.now(), &mut rng);
        let began = Instant::now();
        std::hint::black_box(shelves.like(&asked, None, 20));
        taken.record(u64::try_from(began.elapsed().as_nanos())?)?;
    }
    let milliseconds = |quantile| taken.value_at_quantile(quantile) as f64 / 1e6;
    sheet.row(format!("search among {} prints, p50", shelves.kept()), milliseconds(0.50), "ms", Asked::Nothing);
    sheet.row(format!("search among {} prints, p95", shelves.kept()), milliseconds(0.95), "ms", Asked::Below(20.0));
    Ok(())
}

/// Rules and model together, as a filing asks them.
pub fn classify(sheet: &mut Sheet) -> anyhow::Result<()> {
    let (corpus, catalog) = (Corpus::load()?, Catalog::builtin());
    let mut taken = Histogram::<u64>::new(3)?;
    for n in 0..LOOKS * 5 {
        let text = corpus.request(n, "").text;
        let began = Instant::now();
        std::hint::black_box(catalog.decide(&text));
        taken.record(u64::try_from(began.elapsed().as_nanos())?)?;
    }
    sheet.row("a text classified, p50", taken.value_at_quantile(0.50) as f64 / 1e3, "µs", Asked::Nothing);
    sheet.row("a text classified, p95", taken.value_at_quantile(0.95) as f64 / 1e3, "µs", Asked::Below(200.0));
    Ok(())
}

fn sketch(corpus: &Corpus, n: usize, at: Micros, rng: &mut SmallRng) -> Sketch {
    let request = corpus.request(n, "");
    // The corpus has a thousand texts: a place and a number make each another one.
    let text = format!("{}号楼附近，{}", rng.random_range(1..400), request.text);
    let town = if rng.random_bool(CROWDED) { 0 } else { rng.random_range(1..TOWNS) };
    Sketch {
        at,
        print: Print::of(&text, SEED),
        category: request.category_code.parse().unwrap_or(0),
        coordinates: None,
        place: Neighbourhood { town: 500_000_000 + town, village: 0 },
    }
}

fn id(n: usize) -> CaseId {
    CaseId::from_bytes((n as u128).to_be_bytes())
}
