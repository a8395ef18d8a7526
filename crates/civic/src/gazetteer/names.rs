//! The names under which places are known.

use std::collections::BTreeMap;

use crate::division::{DivisionCode, Tier, View};

/// A place that can be the answer, or led to it: dissolved districts are known by name and answered for by their successor.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// The answer.
    pub(super) code: DivisionCode,
    pub(super) tier: Tier,
    /// What it lies in and has lain in, today's first.
    pub(super) parents: Box<[u32]>,
}

/// How much of the official name a name is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// With its suffix, so that it can be nothing but a place: 巴川街道, 石柱县.
    Full,
    /// Without: 巴川, 石柱.
    Core,
}

#[derive(Clone, Debug)]
pub(super) struct Name {
    /// At least two characters.
    pub(super) text: Box<[char]>,
    pub(super) known: u32,
    pub(super) form: Form,
}

const TOWN_SUFFIXES: [&str; 3] = ["街道", "镇", "乡"];
/// Longest first. What is left of 开发区 names is what people say: 高新区, 万盛经开区.
const ZONE_SUFFIXES: [(&str, &str); 2] = [("高新技术产业开发区", "高新区"), ("经济技术开发区", "经开区")];
const PEOPLES: [&str; 4] = ["土家族", "苗族", "仡佬族", "回族"];
const COMMITTEES: [&str; 3] = ["村民委员会", "居民委员会", "工作站"];

/// Districts (also dissolved ones), towns and villages, each with the places in this list it lies or lay in.
pub(super) fn known(view: &View) -> Vec<Known> {
    let mut codes: Vec<(DivisionCode, DivisionCode)> = view
        .divisions()
        .filter(|division| has_names(division.tier))
        .map(|division| (division.code.clone(), division.code.clone()))
        .collect();
    let dissolved = view.dissolved().filter(|(code, _)| has_names(code.tier()));
    codes.extend(dissolved.filter_map(|(code, _)| Some((code.clone(), view.successor(code)?))));
    let place_of = places(codes.iter().map(|(code, _)| code));
    let known = |(code, answer): (DivisionCode, DivisionCode)| {
        let parents = view.parents_ever(&code).into_iter().filter_map(|parent| place_of.get(parent).copied());
        Known { parents: parents.collect(), tier: code.tier(), code: answer }
    };
    codes.iter().cloned().map(known).collect()
}

fn places<'a>(codes: impl Iterator<Item = &'a DivisionCode>) -> BTreeMap<&'a DivisionCode, u32> {
    codes.zip(0_u32..).collect()
}

const fn has_names(tier: Tier) -> bool {
    matches!(tier, Tier::District | Tier::Town | Tier::Village)
}

/// The names of everything known, in the order of [`known`].
pub(super) fn names(view: &View, known: &[Known]) -> Vec<Name> {
    let living = view
        .divisions()
        .filter(|division| has_names(division.tier))
        .map(|division| (division.tier, division.name.as_str()));
    let dissolved = view.dissolved().filter(|(code, _)| has_names(code.tier())).map(|(code, name)| (code.tier(), name));
    let mut names: Vec<Name> = Vec::with_capacity(known.len() + known.len() / 4);
    for ((tier, official), index) in living.chain(dissolved).zip(0_u32..) {
        for (text, form) in variants(tier, official) {
            let text: Box<[char]> = text.chars().collect();
            // A dissolved zone and the district that took its place share name and answer: once is enough.
            let again = || {
                tier == Tier::District
                    && names
                        .iter()
                        .any(|name| name.text == text && known[name.known as usize].code == known[index as usize].code)
            };
            if text.len() >= 2 && !again() {
                names.push(Name { text, known: index, form });
            }
        }
    }
    names
}

fn variants(tier: Tier, official: &str) -> Vec<(String, Form)> {
    match tier {
        Tier::District => district_variants(official),
        Tier::Town => town_variants(official),
        Tier::Village => vec![(village_name(official), Form::Full)],
        Tier::City | Tier::Grid => Vec::new(),
    }
}

fn district_variants(official: &str) -> Vec<(String, Form)> {
    let mut variants = vec![(official.to_owned(), Form::Full)];
    if let Some((stem, short)) =
        ZONE_SUFFIXES.iter().find_map(|(suffix, short)| Some((official.strip_suffix(suffix)?, short)))
    {
        // 重庆 is stripped from addresses, so the zone named after the city itself is known by the kind of zone alone.
        variants.push((official.trim_start_matches("重庆").to_owned(), Form::Full));
        let stem = stem.trim_start_matches("重庆");
        variants.push((format!("{stem}{short}"), Form::Full));
        variants.push((stem.to_owned(), Form::Core));
    } else if let Some(stem) = official.strip_suffix("自治县") {
        let stem = without_peoples(stem);
        variants.push((format!("{stem}县"), Form::Full));
        variants.push((stem.to_owned(), Form::Core));
    } else if let Some(stem) = ["新区", "区", "县"].iter().find_map(|suffix| official.strip_suffix(suffix)) {
        variants.push((stem.to_owned(), Form::Core));
    }
    variants
}

fn town_variants(official: &str) -> Vec<(String, Form)> {
    let mut variants = vec![(official.to_owned(), Form::Full)];
    let Some((stem, suffix)) = TOWN_SUFFIXES.iter().find_map(|suffix| Some((official.strip_suffix(suffix)?, *suffix)))
    else {
        return variants;
    };
    let core = without_peoples(stem);
    if core.len() < stem.len() {
        variants.push((format!("{core}{suffix}"), Form::Full));
    }
    variants.push((core.to_owned(), Form::Core));
    variants
}

/// 石桥苗族土家族 → 石桥.
fn without_peoples(stem: &str) -> &str {
    let mut core = stem;
    while let Some(shorter) = PEOPLES.iter().find_map(|people| core.strip_suffix(people)) {
        core = shorter;
    }
    core
}

/// 民义村村民委员会 → 民义村, 东方广场社区居民委员会 → 东方广场社区.
fn village_name(official: &str) -> String {
    let stem = COMMITTEES.iter().find_map(|suffix| official.strip_suffix(suffix)).unwrap_or(official);
    if stem.ends_with('村') || stem.ends_with("社区") { stem.to_owned() } else { format!("{stem}村") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tree;
    use jiff::civil::date;

    #[test]
    fn places_are_known_as_people_call_them() {
        let view = Tree::chongqing().on(date(2026, 1, 1));
        let names = |code: &str| {
            let division = view.get(&code.parse().unwrap()).unwrap();
            variants(division.tier, &division.name).into_iter().map(|(text, _)| text).collect::<Vec<_>>()
        };
        assert_eq!(names("500151"), ["铜梁区", "铜梁"]);
        assert_eq!(names("500240"), ["石柱土家族自治县", "石柱县", "石柱"]);
        assert_eq!(names("500243"), ["彭水苗族土家族自治县", "彭水县", "彭水"]);
        assert_eq!(names("500194"), ["两江新区", "两江"]);
        assert_eq!(names("500193"), ["万盛经济技术开发区", "万盛经济技术开发区", "万盛经开区", "万盛"]);
        assert_eq!(names("500192"), ["重庆高新技术产业开发区", "高新技术产业开发区", "高新区", ""]);
        assert_eq!(names("500156202"), ["石桥苗族土家族乡", "石桥乡", "石桥"]);
        assert_eq!(names("500103003"), ["解放碑街道", "解放碑"]);
        assert_eq!(names("500103013009"), ["化龙桥社区"]);
    }
}
