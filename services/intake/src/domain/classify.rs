//! What a report is about: keyword rules over the taxonomy, and how pressing it is.
//!
//! Every keyword carries a weight, 1..=100: how sure it makes us of its category on its own. One automaton over all keywords
//! walks the text once (leftmost-longest, so that 噪音扰民 is not counted again as 噪音). Different keywords of one category
//! add up as independent witnesses do, `1 - (1-a)(1-b)…`; a rival category takes away half of its own strength, so a text that
//! speaks of two things is not sure of either. Known inaccuracy: no grammar, so "this is not about noise" is about noise.

use crate::domain::kind::Urgency;
use aho_corasick::{AhoCorasick, MatchKind};

/// Position of a keyword's category in the rule set's own list.
type CategoryIndex = u16;

/// A rule set, built once per catalog.
#[derive(Debug)]
pub struct Rules {
    automaton: AhoCorasick,
    /// Meaning of each pattern of the automaton.
    patterns: Vec<Pattern>,
    categories: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
enum Pattern {
    Keyword {
        category: CategoryIndex,
        weight: u8,
    },
    /// Makes any report level one, whatever it is about. May stand in the text together with keywords.
    Emergency {
        category: Option<CategoryIndex>,
        weight: u8,
    },
}

/// One line of the keyword list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyword {
    pub word: String,
    pub category: String,
    pub weight: u8,
}

/// What the rules made of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading<'r> {
    /// The best category and how sure, `None` when no keyword was met.
    pub category: Option<(&'r str, u8)>,
    pub emergency: bool,
}

impl Rules {
    /// `emergencies` are words that raise the urgency; one that is a keyword as well keeps its category.
    pub fn new(keywords: &[Keyword], emergencies: &[String]) -> Result<Self, aho_corasick::BuildError> {
        let mut categories: Vec<String> = keywords.iter().map(|keyword| keyword.category.clone()).collect();
        categories.sort_unstable();
        categories.dedup();
        let index = |code: &str| {
            let found = categories.binary_search_by(|known| known.as_str().cmp(code));
            CategoryIndex::try_from(found.expect("every keyword's category is in the list")).expect("fewer than 65,536")
        };
        let mut words: Vec<&str> = Vec::with_capacity(keywords.len() + emergencies.len());
        let mut patterns = Vec::with_capacity(keywords.len() + emergencies.len());
        for keyword in keywords {
            let (category, weight) = (index(&keyword.category), keyword.weight);
            let pattern = if emergencies.contains(&keyword.word) {
                Pattern::Emergency { category: Some(category), weight }
            } else {
                Pattern::Keyword { category, weight }
            };
            words.push(&keyword.word);
            patterns.push(pattern);
        }
        for word in emergencies.iter().filter(|word| !keywords.iter().any(|keyword| keyword.word == **word)) {
            words.push(word);
            patterns.push(Pattern::Emergency { category: None, weight: 0 });
        }
        let automaton =
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).ascii_case_insensitive(true).build(words)?;
        Ok(Self { automaton, patterns, categories })
    }

    /// Reads a text. One pass; memory of two bytes a keyword met.
    pub fn read(&self, text: &str) -> Reading<'_> {
        let mut met: Vec<u32> = Vec::new();
        for found in self.automaton.find_iter(text) {
            let pattern = found.pattern().as_u32();
            if !met.contains(&pattern) {
                met.push(pattern);
            }
        }
        self.weigh(&met)
    }

    fn weigh(&self, met: &[u32]) -> Reading<'_> {
        // (category, chance in 1/10,000 that all its witnesses are wrong)
        let mut doubts: Vec<(CategoryIndex, u32)> = Vec::new();
        let mut emergency = false;
        for &pattern in met {
            let (category, weight) = match self.patterns[pattern as usize] {
                Pattern::Keyword { category, weight } => (Some(category), weight),
                Pattern::Emergency { category, weight } => {
                    emergency = true;
                    (category, weight)
                }
            };
            let Some(category) = category else { continue };
            let wrong = u32::from(100 - weight.min(100));
            match doubts.iter_mut().find(|(known, _)| *known == category) {
                Some((_, doubt)) => *doubt = *doubt * wrong / 100,
                None => doubts.push((category, wrong * 100)),
            }
        }
        Reading { category: self.best(&doubts), emergency }
    }

    fn best(&self, doubts: &[(CategoryIndex, u32)]) -> Option<(&str, u8)> {
        let strength = |doubt: u32| (10_000 - doubt) / 100;
        // Ties go to the smaller code, so that the answer does not hang on word order.
        let best = doubts.iter().min_by_key(|(category, doubt)| (*doubt, *category))?;
        let rival = doubts.iter().filter(|(category, _)| category != &best.0).map(|(_, doubt)| strength(*doubt)).max();
        let sure = strength(best.1).saturating_sub(rival.unwrap_or(0) / 2);
        let confidence = u8::try_from(sure).expect("a strength is at most 100");
        Some((self.categories[usize::from(best.0)].as_str(), confidence))
    }
}

/// How pressing a report is: an emergency word makes it level one; else what a known caller said, but never less pressing than
/// the category's own level: a gas leak filed as level four is still a gas leak.
pub fn urgency(given: Option<Urgency>, emergency: bool, of_category: Urgency) -> Urgency {
    if emergency {
        return Urgency::LevelOne;
    }
    given.map_or(of_category, |given| given.min(of_category))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        let keyword =
            |word: &str, category: &str, weight| Keyword { word: word.into(), category: category.into(), weight };
        let keywords = [
            keyword("噪音", "0703", 60),
            keyword("噪音扰民", "0703", 80),
            keyword("夜间施工", "0703", 70),
            keyword("路灯", "0602", 70),
            keyword("火灾", "0401", 90),
        ];
        Rules::new(&keywords, &["火灾".into(), "救命".into()]).unwrap()
    }

    #[test]
    fn a_longer_word_is_not_counted_again_as_the_shorter_one_inside_it() {
        assert_eq!(rules().read("楼下噪音扰民").category, Some(("0703", 80)));
    }

    #[test]
    fn two_words_for_one_category_make_it_surer() {
        assert_eq!(rules().read("夜间施工噪音").category, Some(("0703", 88)));
    }

    #[test]
    fn the_same_word_twice_is_one_witness() {
        assert_eq!(rules().read("噪音，噪音，还是噪音").category, Some(("0703", 60)));
    }

    #[test]
    fn a_rival_category_takes_half_of_its_strength_away() {
        assert_eq!(rules().read("路灯坏了，噪音也大").category, Some(("0602", 40)));
    }

    #[test]
    fn ties_do_not_hang_on_word_order() {
        let rules = rules();
        assert_eq!(rules.read("路灯 夜间施工").category, rules.read("夜间施工 路灯").category);
    }

    #[test]
    fn a_text_without_keywords_has_no_category() {
        assert_eq!(rules().read("你好").category, None);
        assert_eq!(rules().read("").category, None);
    }

    #[test]
    fn an_emergency_word_needs_no_category() {
        let rules = rules();
        assert_eq!(rules.read("救命"), Reading { category: None, emergency: true });
        assert_eq!(rules.read("发生火灾"), Reading { category: Some(("0401", 90)), emergency: true });
    }

    #[test]
    fn a_reporter_raises_but_never_lowers_an_emergency() {
        assert_eq!(urgency(Some(Urgency::LevelFour), true, Urgency::LevelThree), Urgency::LevelOne);
        assert_eq!(urgency(Some(Urgency::LevelTwo), false, Urgency::LevelThree), Urgency::LevelTwo);
        assert_eq!(urgency(None, false, Urgency::LevelThree), Urgency::LevelThree);
        assert_eq!(urgency(Some(Urgency::LevelFour), false, Urgency::LevelOne), Urgency::LevelOne);
    }
}
