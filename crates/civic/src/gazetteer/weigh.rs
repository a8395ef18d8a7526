//! Which of the mentions is the answer, and how sure it is.

use super::names::{Form, Name};
use super::text::{almost, is_road};
use super::{Gazetteer, Mention};
use crate::division::{DivisionCode, Tier};

type Answer = Option<(DivisionCode, u8)>;

/// The district an address names: its place in `known`, how sure, and where its name ends.
#[derive(Copy, Clone)]
struct District<'a> {
    known: u32,
    code: &'a DivisionCode,
    confidence: u8,
    end: usize,
}

/// A town the address may name.
#[derive(Copy, Clone)]
struct Town {
    known: u32,
    confidence: u8,
}

// How sure a town is, by how its name was written (columns) and what was said about the district (rows).
const WITH_DISTRICT: Evidence = Evidence { full: 98, core: 86, road: 45, almost: 66 };
const WITH_SHORT_DISTRICT: Evidence = Evidence { full: 93, core: 78, road: 40, almost: 58 };
const WITHOUT_DISTRICT: Evidence = Evidence { full: 88, core: 55, road: 25, almost: 40 };

/// The district itself, named in full at the beginning; in full further on; without its suffix; with one mistake.
const DISTRICT_FIRST: u8 = 95;
const DISTRICT_LATER: u8 = 75;
const DISTRICT_CORE: u8 = 70;
const DISTRICT_ALMOST: u8 = 55;
/// A village in the district named, without its town; and a village's name that only one place in the city has.
const VILLAGE_IN_DISTRICT: u8 = 80;
const VILLAGE_ALONE: u8 = 62;
/// Below this a town is worse than the sure district it would lie in.
const BETTER_THE_DISTRICT: u8 = 60;

#[derive(Copy, Clone)]
struct Evidence {
    full: u8,
    core: u8,
    road: u8,
    almost: u8,
}

impl Evidence {
    const fn under(district: Option<&District<'_>>) -> Self {
        match district {
            Some(district) if district.confidence >= DISTRICT_LATER => WITH_DISTRICT,
            Some(_) => WITH_SHORT_DISTRICT,
            None => WITHOUT_DISTRICT,
        }
    }
}

pub(super) fn answer(gazetteer: &Gazetteer, address: &[char], mentions: &[Mention<'_>]) -> Answer {
    let district = named_district(address, mentions).or_else(|| almost_district(gazetteer, address));
    let towns = named_towns(address, mentions, district.as_ref());
    if let Some(village) = named_village(gazetteer, mentions, &towns, district.as_ref()) {
        return Some(village);
    }
    let towns = if towns.is_empty() { almost_towns(gazetteer, address, district.as_ref()) } else { towns };
    let town = shared(&towns).map(|town| (gazetteer.known[town.known as usize].code.clone(), town.confidence));
    let district = district.map(|district| (district.code.clone(), district.confidence));
    match (town, district) {
        (Some((_, confidence)), Some(district)) if confidence < BETTER_THE_DISTRICT => Some(district),
        (Some(town), _) => Some(town),
        (None, district) => district,
    }
}

/// The first district named in full; else one named without its suffix where the address begins.
fn named_district<'a>(address: &[char], mentions: &[Mention<'a>]) -> Option<District<'a>> {
    let districts = || mentions.iter().filter(|mention| mention.known.tier == Tier::District);
    let found = |mention: &Mention<'a>, confidence| District {
        known: mention.name.known,
        code: &mention.known.code,
        confidence,
        end: mention.end,
    };
    if let Some(full) = districts().find(|mention| mention.is_full()) {
        return Some(found(full, if full.start == 0 { DISTRICT_FIRST } else { DISTRICT_LATER }));
    }
    let short = districts().find(|mention| mention.start == 0 && !is_road(&address[mention.end..]))?;
    Some(found(short, DISTRICT_CORE))
}

/// The only district whose full name the address begins with, one character being wrong or missing: 铜粱区.
fn almost_district<'a>(gazetteer: &'a Gazetteer, address: &[char]) -> Option<District<'a>> {
    let full = gazetteer.of_tier(Tier::District).filter(|name| name.form == Form::Full && name.text.len() >= 3);
    let mut found = full.filter_map(|name| {
        let end = almost(address, &name.text).filter(|end| *end >= 3)?;
        Some(District {
            known: name.known,
            code: &gazetteer.known[name.known as usize].code,
            confidence: DISTRICT_ALMOST,
            end,
        })
    });
    let only = found.next()?;
    // 江区 could be 江北区 or 江津区: then nothing was said.
    found.next().is_none().then_some(only)
}

/// The towns named exactly, those that fit the district best. With a district named only its towns count: the name of another district's town
/// is then a road or a building.
fn named_towns(address: &[char], mentions: &[Mention<'_>], district: Option<&District<'_>>) -> Vec<Town> {
    let evidence = Evidence::under(district);
    let fits = |mention: &&Mention<'_>| {
        let inside = district.is_none_or(|district| mention.known.parents.contains(&district.known));
        mention.known.tier == Tier::Town && inside
    };
    let mut towns: Vec<Town> = Vec::new();
    for mention in mentions.iter().filter(fits) {
        let confidence = match mention.name.form {
            Form::Full => evidence.full,
            Form::Core if is_road(&address[mention.end..]) => evidence.road,
            Form::Core => evidence.core.saturating_add(u8::from(mention.name.text.len() > 2) * 3),
        };
        towns.push(Town { known: mention.name.known, confidence });
    }
    best(towns)
}

/// Towns whose name stands near the beginning with one mistake.
fn almost_towns(gazetteer: &Gazetteer, address: &[char], district: Option<&District<'_>>) -> Vec<Town> {
    let confidence = Evidence::under(district).almost;
    // Behind the district, or else at the beginning; a district written twice or a stray character may lie between.
    let start = district.map_or(0, |district| district.end);
    let starts = if district.is_some() { start..(start + 4).min(address.len()) } else { 0..1.min(address.len()) };
    let inside = |name: &&Name| match district {
        Some(district) => gazetteer.known[name.known as usize].parents.contains(&district.known),
        None => true,
    };
    let mut towns = Vec::new();
    for name in gazetteer.of_tier(Tier::Town).filter(inside) {
        // Two characters with one of them wrong are not a name any more; of a suffix alone (X街道) one must be left.
        let long_enough = name.text.len() >= 3;
        let matches = |at: usize| {
            let text = &address[at..];
            almost(text, &name.text).is_some_and(|length| is_that_name(&text[..length.min(text.len())], name))
        };
        if long_enough && starts.clone().any(matches) {
            towns.push(Town { known: name.known, confidence });
        }
    }
    best(towns)
}

/// Something of the name itself is there, not only what all towns end with; and it has not become a road's name (解放路 for 解放碑).
fn is_that_name(text: &[char], name: &Name) -> bool {
    let full = name.form == Form::Full;
    let own = name.text.len() - usize::from(full) * suffix_length(&name.text);
    let kept = name.text[..own].iter().any(|character| text.contains(character));
    kept && (full || !matches!(text.last(), Some('路' | '街' | '巷' | '道' | '桥' | '村')))
}

fn suffix_length(name: &[char]) -> usize {
    if name.ends_with(&['街', '道']) { 2 } else { 1 }
}

/// A village named with its suffix that lies in the town, in the district, or nowhere else in the city.
fn named_village(
    gazetteer: &Gazetteer,
    mentions: &[Mention<'_>],
    towns: &[Town],
    district: Option<&District<'_>>,
) -> Answer {
    let villages = || mentions.iter().filter(|mention| mention.known.tier == Tier::Village);
    let in_town = |mention: &&Mention<'_>| towns.iter().any(|town| mention.known.parents.contains(&town.known));
    if let Some(village) = only(villages().filter(in_town)) {
        let town =
            towns.iter().filter(|town| village.known.parents.contains(&town.known)).map(|town| town.confidence).max();
        // Town and village speak for each other.
        let confidence = town.unwrap_or(0).saturating_add(100) / 2;
        return Some((village.known.code.clone(), confidence));
    }
    if !towns.is_empty() && towns.iter().any(|town| town.confidence >= BETTER_THE_DISTRICT) {
        return None;
    }
    let in_district = |mention: &&Mention<'_>| {
        let towns = mention.known.parents.iter().map(|town| &gazetteer.known[*town as usize]);
        district.is_none_or(|district| towns.clone().any(|town| town.parents.contains(&district.known)))
    };
    let confidence = if district.is_some() { VILLAGE_IN_DISTRICT } else { VILLAGE_ALONE };
    only(villages().filter(in_district)).map(|village| (village.known.code.clone(), confidence))
}

/// The one place all of these mention; the first when it is mentioned twice.
fn only<'a, 'b: 'a>(mut mentions: impl Iterator<Item = &'a Mention<'b>>) -> Option<&'a Mention<'b>> {
    let first = mentions.next()?;
    mentions.all(|mention| mention.known.code == first.known.code).then_some(first)
}

/// Those with the highest confidence, each place once.
fn best(mut towns: Vec<Town>) -> Vec<Town> {
    let highest = towns.iter().map(|town| town.confidence).max().unwrap_or(0);
    towns.retain(|town| town.confidence == highest);
    towns.sort_by_key(|town| town.known);
    towns.dedup_by_key(|town| town.known);
    towns
}

/// The first of the towns that share a name, as unsure as they are many.
fn shared(towns: &[Town]) -> Option<Town> {
    let first = towns.first()?;
    let among = u8::try_from(towns.len()).unwrap_or(u8::MAX);
    Some(Town { known: first.known, confidence: first.confidence / among })
}
