//! Consultations (咨询) that can be answered at once: a small knowledge base, and which of its entries a text asks for.
//!
//! An entry is asked for in several forms. A text is compared with each form by the pairs of letters that both have, the rare ones
//! weighing more (`tf·idf` cosine), after the words of courtesy were taken out and words that mean the same were made the same. A text
//! that tells a long story has much that no form has, and so comes near to none: it needs a person. Where two entries are near, neither
//! is sure. A wrong answer costs its reader more than a late one, so the threshold (`answer_sure`) is set for precision; what it gives
//! on texts that nobody tuned it by is printed by the test `answers_are_right_or_not_given`.
//!
//! Known inaccuracies: no grammar ("not asked for" is asked for), and numbers in a question are not understood.

use jiff::civil::Date;
use std::collections::HashMap;

/// One thing that people ask, and what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub key: String,
    pub questions: Vec<String>,
    pub answer: String,
    pub source: Source,
    /// The last day on which the answer may be given. Then somebody has to look whether it still holds.
    pub valid_until: Date,
}

/// Where an answer is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub law: String,
    pub article: String,
    /// Date of the edition that the answer was written from.
    pub edition: Date,
}

/// An entry that a text asks for.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'k> {
    pub entry: &'k Entry,
    /// 0..=100
    pub confidence: u8,
}

/// All entries, ready to be asked.
#[derive(Debug, Default)]
pub struct Knowledge {
    entries: Vec<Entry>,
    /// The entry of each form, and how long the form is.
    forms: Vec<(usize, f32)>,
    /// Forms with a pair, and the pair's weight.
    postings: HashMap<[char; 2], (f32, Vec<usize>)>,
    /// Weight of a pair that no form has.
    strange: f32,
}

/// Letters of a text that are looked at: a question stands in a sentence or two.
const LOOKED_AT: usize = 200;

/// What people say around a question. The longer ones first, so that no half of one is left.
const COURTESY: [&str; 22] = [
    "我想咨询一下",
    "我想请问一下",
    "想了解一下",
    "我想问一下",
    "咨询一下",
    "请问一下",
    "麻烦问下",
    "我想咨询",
    "想问一下",
    "问一下",
    "我想问",
    "想咨询",
    "想了解",
    "请教",
    "咨询",
    "请问",
    "您好",
    "你好",
    "谢谢",
    "麻烦",
    "一下",
    "我们",
];

/// Words that ask the same.
const SAME: [(&str, &str); 16] = [
    ("多长时间", "多久"),
    ("多少天", "多久"),
    ("几天", "多久"),
    ("什么时候之前", "多久"),
    ("怎么样", "怎么"),
    ("如何", "怎么"),
    ("怎样", "怎么"),
    ("哪些地方", "哪里"),
    ("什么地方", "哪里"),
    ("哪儿", "哪里"),
    ("能不能", "可以"),
    ("可不可以", "可以"),
    ("是否可以", "可以"),
    ("要不要", "需要"),
    ("费用", "钱"),
    ("收费", "钱"),
];

impl Knowledge {
    pub fn new(entries: Vec<Entry>) -> Self {
        let asked =
            entries.iter().enumerate().flat_map(|(of, entry)| entry.questions.iter().map(move |form| (of, form)));
        let pairs: Vec<(usize, Vec<[char; 2]>)> = asked.map(|(of, form)| (of, pairs(form))).collect();
        let mut postings: HashMap<[char; 2], (f32, Vec<usize>)> = HashMap::new();
        for (form, (_, pairs)) in pairs.iter().enumerate() {
            for pair in pairs {
                postings.entry(*pair).or_default().1.push(form);
            }
        }
        // Counted by entries: that one entry is asked for in many forms makes its words no more common.
        let all = count(entries.len()) + 1.0;
        for (weight, forms) in postings.values_mut() {
            let mut with: Vec<usize> = forms.iter().map(|form| pairs[*form].0).collect();
            with.dedup();
            *weight = (all / count(with.len())).ln();
        }
        let length = |pairs: &[[char; 2]]| {
            pairs.iter().map(|pair| postings[pair].0).map(|weight| weight * weight).sum::<f32>().sqrt()
        };
        let forms = pairs.iter().map(|(of, pairs)| (*of, length(pairs))).collect();
        // Half of the rarest: a name or a place in a question does not make it another question.
        Self { forms, postings, strange: all.ln() * 0.5, entries }
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What the text asks for, the likeliest entry of those that may still be given on `today`. `None` when nothing is near.
    pub fn asked_for(&self, text: &str, today: Date) -> Option<Hit<'_>> {
        let (mut length, mut common) = (0.0, vec![0.0_f32; self.forms.len()]);
        for pair in pairs(text) {
            let known = self.postings.get(&pair);
            let weight = known.map_or(self.strange, |(weight, _)| *weight);
            length += weight * weight;
            for form in known.into_iter().flat_map(|(_, forms)| forms) {
                common[*form] += weight * weight;
            }
        }
        let mut likeness = vec![0.0_f32; self.entries.len()];
        // An entry past its day is no rival of the new edition beside it either.
        let stands = |of: usize| today <= self.entries[of].valid_until;
        let near = self.forms.iter().zip(common).filter(|((of, _), common)| *common > 0.0 && stands(*of));
        for ((of, long), common) in near {
            likeness[*of] = likeness[*of].max(common / (long * length.sqrt()));
        }
        let mut near: Vec<(usize, f32)> =
            likeness.into_iter().enumerate().filter(|(_, likeness)| *likeness > 0.0).collect();
        near.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let (best, likeness) = *near.first()?;
        // An entry that is as near takes all sureness away, one half as near takes none.
        let rival = near.get(1).map_or(0.0, |(_, rival)| rival / likeness);
        let doubt = ((rival - 0.5) * 2.0).max(0.0);
        let entry = &self.entries[best];
        let confidence = (likeness * (1.0 - 0.5 * doubt * doubt) * 100.0).clamp(0.0, 100.0) as u8;
        Some(Hit { entry, confidence })
    }
}

/// Pairs of letters beside each other, each once.
fn pairs(text: &str) -> Vec<[char; 2]> {
    let mut plain: String = text.chars().take(LOOKED_AT).collect();
    for courtesy in COURTESY {
        plain = plain.replace(courtesy, "，");
    }
    for (word, same) in SAME {
        plain = plain.replace(word, same);
    }
    let mut pairs = Vec::new();
    for run in plain.split(|letter: char| !letter.is_alphanumeric()) {
        let letters: Vec<char> =
            run.chars().flat_map(char::to_lowercase).filter(|letter| !SAID_EVERYWHERE.contains(letter)).collect();
        pairs.extend(letters.windows(2).map(|pair| [pair[0], pair[1]]));
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// Letters that carry no question.
const SAID_EVERYWHERE: [char; 8] = ['吗', '呢', '啊', '的', '了', '我', '呀', '吧'];

fn count(number: usize) -> f32 {
    number as f32
}
