//! The categories of matters: ten work modules, our own categories below them, each belonging to one of a
//! town's four sections (四板块). Shared by intake, which classifies, and dispatch, whose duty list says who answers for each.
//!
//! A code is four digits: two for the module (`03` work safety) and two for the category in it (`0308` lifts). A code, once
//! given, keeps its meaning; a category that is no longer used stays in the file, so that old cases can still be named.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The list this release ships with.
const BUILTIN: &str = include_str!("../data/categories.csv");
const BUILTIN_VERSION: &str = "taxonomy-2026-11";
const HEADER: &str = "code,module,module_zh,module_en,section,name_zh,name_en";
const COLUMNS: usize = 7;

/// A town's four sections (四板块).
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Section {
    /// 党的建设
    Party,
    /// 经济发展
    Economy,
    /// 民生服务
    Livelihood,
    /// 平安法治
    Peace,
}

impl Section {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Party, Self::Economy, Self::Livelihood, Self::Peace];

    /// The slug of the section's unit in a town: `pingan` of `500151001-pingan`.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Party => "dangjian",
            Self::Economy => "jingji",
            Self::Livelihood => "minsheng",
            Self::Peace => "pingan",
        }
    }
}

/// The text is none of the four sections.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a section")]
pub struct UnknownSection;

impl FromStr for Section {
    type Err = UnknownSection;
    fn from_str(text: &str) -> Result<Self, UnknownSection> {
        Self::ALL.into_iter().find(|section| section.slug() == text).ok_or(UnknownSection)
    }
}

/// One category with its module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Category {
    /// Four digits: module and category.
    pub code: Box<str>,
    pub module_zh: Box<str>,
    pub module_en: Box<str>,
    pub section: Section,
    pub name_zh: Box<str>,
    pub name_en: Box<str>,
}

impl Category {
    /// The two digits of the work module.
    #[must_use]
    pub fn module(&self) -> &str {
        &self.code[..2]
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.name_zh)
    }
}

/// A line of a category file that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("categories, line {line}: {problem}")]
pub struct TaxonomyError {
    /// Counted from 1, the header included.
    pub line: usize,
    pub problem: TaxonomyProblem,
}

/// What is wrong with such a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaxonomyProblem {
    #[error("the header must be {HEADER}")]
    Header,
    #[error("seven columns are needed, without quotes")]
    Columns,
    #[error("a code is four digits of which the first two are its module")]
    Code,
    #[error("the code stands in the file already")]
    Repeated,
    #[error("the section must be dangjian, jingji, minsheng or pingan")]
    Section,
    #[error("a name is missing")]
    Name,
    #[error("there is no category at all")]
    Empty,
}

/// All categories, in the order of their codes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Taxonomy {
    version: Arc<str>,
    categories: Arc<[Category]>,
}

impl Taxonomy {
    /// The list this release ships with.
    #[must_use]
    pub fn builtin() -> Self {
        Self::load_csv(BUILTIN_VERSION, BUILTIN).expect("the shipped list is loaded by a test")
    }

    /// An operator's list: columns `code,module,module_zh,module_en,section,name_zh,name_en`, no quotes, one category a line.
    ///
    /// # Errors
    /// The first line that cannot be taken, by its number.
    pub fn load_csv(version: &str, csv: &str) -> Result<Self, TaxonomyError> {
        let mut lines = csv.lines().enumerate().map(|(index, text)| (index + 1, text));
        if lines.next().map(|(_, header)| header.trim_start_matches('\u{feff}')) != Some(HEADER) {
            return Err(TaxonomyError { line: 1, problem: TaxonomyProblem::Header });
        }
        let mut categories = Vec::new();
        for (line, text) in lines.filter(|(_, text)| !text.trim().is_empty()) {
            categories.push(category(text).map_err(|problem| TaxonomyError { line, problem })?);
            refuse_repeated(&categories).map_err(|problem| TaxonomyError { line, problem })?;
        }
        if categories.is_empty() {
            return Err(TaxonomyError { line: 1, problem: TaxonomyProblem::Empty });
        }
        categories.sort_by(|a: &Category, b: &Category| a.code.cmp(&b.code));
        Ok(Self { version: version.into(), categories: categories.into() })
    }

    /// Which list this is; written into the events that were decided under it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The category of a code.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Category> {
        let found = self.categories.binary_search_by(|category| (*category.code).cmp(code)).ok()?;
        self.categories.get(found)
    }

    /// Every category, in the order of the codes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Category> {
        self.categories.iter()
    }
}

fn category(text: &str) -> Result<Category, TaxonomyProblem> {
    let cells: Vec<&str> = text.split(',').map(str::trim).collect();
    let [code, module, module_zh, module_en, section, name_zh, name_en] = cells[..] else {
        return Err(TaxonomyProblem::Columns);
    };
    debug_assert_eq!(cells.len(), COLUMNS, "the pattern above has as many names");
    if text.contains('"') {
        return Err(TaxonomyProblem::Columns);
    }
    if code.len() != 4 || module.len() != 2 || !code.starts_with(module) || !code.bytes().all(|b| b.is_ascii_digit()) {
        return Err(TaxonomyProblem::Code);
    }
    if [module_zh, module_en, name_zh, name_en].iter().any(|name| name.is_empty()) {
        return Err(TaxonomyProblem::Name);
    }
    let section = section.parse().map_err(|UnknownSection| TaxonomyProblem::Section)?;
    Ok(Category {
        code: code.into(),
        module_zh: module_zh.into(),
        module_en: module_en.into(),
        section,
        name_zh: name_zh.into(),
        name_en: name_en.into(),
    })
}

fn refuse_repeated(categories: &[Category]) -> Result<(), TaxonomyProblem> {
    let Some((last, before)) = categories.split_last() else {
        return Ok(());
    };
    if before.iter().any(|category| category.code == last.code) { Err(TaxonomyProblem::Repeated) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_shipped_list_has_ten_modules_and_uses_all_four_sections() {
        let taxonomy = Taxonomy::builtin();
        let modules: BTreeSet<_> = taxonomy.iter().map(Category::module).collect();
        let sections: BTreeSet<_> = taxonomy.iter().map(|category| category.section).collect();
        assert_eq!((modules.len(), sections.len()), (10, 4));
        assert!((120..=260).contains(&taxonomy.iter().len()), "{} categories", taxonomy.iter().len());
    }

    #[test]
    fn names_are_unique_so_that_a_person_can_choose_by_name() {
        let taxonomy = Taxonomy::builtin();
        for name in [|c: &Category| c.name_zh.clone(), |c: &Category| c.name_en.clone()] {
            let names: BTreeSet<_> = taxonomy.iter().map(name).collect();
            assert_eq!(names.len(), taxonomy.iter().len());
        }
    }

    #[test]
    fn a_category_is_found_by_its_code_only() {
        let taxonomy = Taxonomy::builtin();
        let lift = taxonomy.get("0308").unwrap();
        assert_eq!((lift.module(), &*lift.name_zh, lift.section), ("03", "电梯故障", Section::Peace));
        for code in ["", "03", "0399", "308", "03080"] {
            assert!(taxonomy.get(code).is_none(), "{code}");
        }
    }

    #[test]
    fn a_bad_line_is_named_by_its_number() {
        let good = "0101,01,公共安全,Public safety,pingan,打架,Fighting";
        let cases = [
            ("0102,01,公共安全,Public safety,pingan,打架", TaxonomyProblem::Columns),
            ("0202,01,公共安全,Public safety,pingan,打架,Fighting", TaxonomyProblem::Code),
            ("01,01,公共安全,Public safety,pingan,打架,Fighting", TaxonomyProblem::Code),
            ("0102,01,公共安全,Public safety,other,打架,Fighting", TaxonomyProblem::Section),
            ("0102,01,公共安全,Public safety,pingan,,Fighting", TaxonomyProblem::Name),
            (good, TaxonomyProblem::Repeated),
        ];
        for (bad, problem) in cases {
            let csv = format!("{HEADER}\n{good}\n{bad}\n");
            assert_eq!(Taxonomy::load_csv("v", &csv).unwrap_err(), TaxonomyError { line: 3, problem }, "{bad}");
        }
        assert_eq!(Taxonomy::load_csv("v", good).unwrap_err().problem, TaxonomyProblem::Header);
        assert_eq!(Taxonomy::load_csv("v", HEADER).unwrap_err().problem, TaxonomyProblem::Empty);
    }
}
