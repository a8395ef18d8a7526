//! Words that turn a list of visits into a list of people to be watched (docs/lines.md, 5). A rule can select the grid or a care list and nothing
//! else; what is left is to give such a list another name. A net of words has holes: it stops what says what it is.

/// People by what they did, asked for, believe, suffer from, or where they came from, and words of keeping them under control.
const WORDS: [&str; 2] = [
    "管控, 稳控, 布控, 盯防, 盯控, 涉稳, 重点人, 上访, 缠访, 信访人, 前科, 刑满, 刑释, 犯罪人员, 吸毒, 涉毒, 戒毒人员, 邪教, 信教, 教徒, 少数民族, 流动人口, 外来人口, 外来人员, 精神障碍, \
     精神病, 艾滋",
    "addict, believer, blacklist, control-list, control list, convict, ethnic, migrant, offender, petitioner, suspect",
];

/// Whether a code or a name says that people are picked by a trait, or kept under control.
pub(super) fn is_meant(texts: [&str; 3]) -> bool {
    let texts = texts.map(str::to_lowercase);
    texts.iter().any(|text| WORDS.iter().flat_map(|words| words.split(", ")).any(|word| text.contains(word)))
}
