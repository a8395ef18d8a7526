//! From an address as people write it to the place it lies in.
//!
//! The address is read once, left to right; every name of a place that begins anywhere in it is a *mention*. A district mentioned narrows down
//! the towns, a town the villages; the lowest place that fits everything above it is the answer. Names are known with and without
//! their suffix (巴川街道, 巴川), by the name of the district they used to lie in, and by the names of districts that were dissolved. Where
//! no town is mentioned exactly, one wrong, missing or added character is forgiven.
//!
//! The confidence, 0 to 100, says how much of a name was there, what spoke for it and how many places it could be. It says nothing about
//! how low the answer lies: 铜梁区 alone is a sure district. Roughly: 90 and above a full name without doubt, 70 to 89 a name without its suffix or
//! without its district, 50 to 69 a guess that a person should confirm, below that a name shared by several places, of which the first is given.
//!
//! Known inaccuracy: a town of the same name as a street elsewhere (新华路) counts only where no district contradicts it, and a road named after a
//! town answers with the district.

mod names;
mod text;
mod weigh;

use std::collections::HashMap;
use std::fmt;

use crate::division::{DivisionCode, Tier, View};
use names::{Form, Known, Name};

/// Finds the places named in addresses, for the tree on one date. Holds its own index of about two megabytes.
#[derive(Clone)]
pub struct Gazetteer {
    known: Vec<Known>,
    names: Vec<Name>,
    /// First two characters of a name to its places in `names`.
    heads: HashMap<u64, Vec<u32>>,
    version: String,
}

/// A name that stands in an address.
#[derive(Copy, Clone)]
struct Mention<'a> {
    name: &'a Name,
    known: &'a Known,
    start: usize,
    end: usize,
}

impl Mention<'_> {
    fn is_full(&self) -> bool {
        self.name.form == Form::Full
    }
}

impl Gazetteer {
    /// Over the places of a date.
    #[must_use]
    pub fn new(view: &View) -> Self {
        let known = names::known(view);
        let names = names::names(view, &known);
        let mut heads: HashMap<u64, Vec<u32>> = HashMap::with_capacity(names.len());
        for (index, name) in (0_u32..).zip(&names) {
            heads.entry(head(name.text[0], name.text[1])).or_default().push(index);
        }
        for list in heads.values_mut() {
            list.shrink_to_fit();
        }
        Self { known, names, heads, version: view.version().to_owned() }
    }

    /// The lowest place the address names, and how sure that is, 0 to 100. `None` when it names none, or one outside the city.
    #[must_use]
    pub fn find(&self, address: &str) -> Option<(DivisionCode, u8)> {
        let address = text::normalised(address)?;
        let mentions = self.mentions(&address);
        weigh::answer(self, &address, &mentions)
    }

    /// The version of the tree the names come from.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Every name in the address, except those that only stand inside a longer full name (江北 in 江北城街道).
    fn mentions(&self, address: &[char]) -> Vec<Mention<'_>> {
        let mut found = Vec::new();
        for (start, pair) in address.windows(2).enumerate() {
            let Some(candidates) = self.heads.get(&head(pair[0], pair[1])) else { continue };
            for index in candidates {
                let name = &self.names[*index as usize];
                if address[start..].starts_with(&name.text) {
                    let known = &self.known[name.known as usize];
                    found.push(Mention { name, known, start, end: start + name.text.len() });
                }
            }
        }
        let longer: Vec<(usize, usize)> =
            found.iter().filter(|mention| mention.is_full()).map(|m| (m.start, m.end)).collect();
        let inside = |m: &Mention<'_>| {
            longer.iter().any(|(start, end)| *start <= m.start && m.end <= *end && end - start > m.end - m.start)
        };
        found.retain(|mention| !inside(mention));
        found
    }

    fn of_tier(&self, tier: Tier) -> impl Iterator<Item = &Name> {
        self.names.iter().filter(move |name| self.known[name.known as usize].tier == tier)
    }
}

fn head(first: char, second: char) -> u64 {
    (u64::from(u32::from(first)) << 32) | u64::from(u32::from(second))
}

impl fmt::Debug for Gazetteer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gazetteer({}, {} names)", self.version, self.names.len())
    }
}
