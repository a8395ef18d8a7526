//! Reading lists of places and dated change sets, and refusing what would not be a tree.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;

use jiff::civil::Date;

use super::tree::{Changed, Epoch, Inner, Mark};
use super::{Division, DivisionCode, Tree, View};

/// Where a line stands: the file in the order given, and the line in it, both from 1.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Line {
    pub file: usize,
    pub line: usize,
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "file {}, line {}", self.file, self.line)
    }
}

/// Why lists and change sets make no tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    #[error("{at}: expected code,name[,parent[,mark]]")]
    Row { at: Line },
    #[error("{at}: expected date,op,code,name,parent")]
    Change { at: Line },
    #[error("{at}: {code} is already in the tree")]
    Twice { at: Line, code: DivisionCode },
    #[error("{at}: {code} is not in the tree on that date")]
    Unknown { at: Line, code: DivisionCode },
    #[error("{at}: {code} is called {name} in the tree")]
    Name { at: Line, code: DivisionCode, name: String },
    #[error("{code} lies in {parent}, which is not in the tree or not of a higher tier")]
    Parent { code: DivisionCode, parent: DivisionCode },
    #[error("{at}: changes must come in the order of their dates")]
    Order { at: Line },
    #[error("{code} is dissolved on {date}, but {child} still lies in it")]
    Orphan { code: DivisionCode, child: DivisionCode, date: Date },
}

#[derive(Copy, Clone)]
enum Op {
    Create(Mark),
    Rename,
    Move,
    Dissolve,
}

struct Change {
    at: Line,
    date: Date,
    op: Op,
    code: DivisionCode,
    name: String,
    parent: Option<DivisionCode>,
}

pub(super) fn build(
    version: &str,
    known: Vec<Division>,
    epochs: Vec<Epoch>,
    lists: &[&str],
    changes: &[&str],
) -> Result<Tree, TreeError> {
    let divisions = read_lists(known, lists)?;
    let by_parent = order_by_parent(&divisions);
    let mut inner = Inner { version: version.to_owned(), divisions, by_parent, epochs };
    for change in read_changes(changes)? {
        let last = inner.epochs.last().map(|epoch| epoch.from);
        if last.is_some_and(|last| change.date < last) {
            return Err(TreeError::Order { at: change.at });
        }
        if last != Some(change.date) {
            inner.epochs.push(Epoch { from: change.date, version: String::new(), changed: BTreeMap::new() });
        }
        inner = apply(inner, change)?;
    }
    for epoch in &mut inner.epochs {
        epoch.version = format!("{version}@{}", epoch.from);
    }
    check(inner)
}

fn data_lines<'a>(texts: &'a [&'a str], header: &'a str) -> impl Iterator<Item = (Line, &'a str)> {
    texts.iter().enumerate().flat_map(move |(file, text)| {
        let numbered = text.trim_start_matches('\u{feff}').lines().map(str::trim).enumerate();
        let data =
            numbered.filter(move |(_, row)| !row.is_empty() && !row.starts_with('#') && !row.starts_with(header));
        data.map(move |(line, row)| (Line { file: file + 1, line: line + 1 }, row))
    })
}

fn read_lists(known: Vec<Division>, lists: &[&str]) -> Result<Vec<Division>, TreeError> {
    let mut divisions = known;
    let mut places: BTreeSet<DivisionCode> = divisions.iter().map(|division| division.code.clone()).collect();
    for (at, row) in data_lines(lists, "code,") {
        let division = read_row(row).ok_or(TreeError::Row { at })?;
        if !places.insert(division.code.clone()) {
            return Err(TreeError::Twice { at, code: division.code });
        }
        divisions.push(division);
    }
    divisions.sort_by(|a, b| a.code.cmp(&b.code));
    divisions.shrink_to_fit();
    Ok(divisions)
}

fn read_row(row: &str) -> Option<Division> {
    let mut columns = row.split(',').map(str::trim);
    let code = DivisionCode::from_str(columns.next()?).ok()?;
    let name = columns.next().filter(|name| !name.is_empty())?;
    let parent = match columns.next().unwrap_or_default() {
        "" => code.listed_parent(),
        text => Some(DivisionCode::from_str(text).ok()?),
    };
    let mark = match columns.next().unwrap_or_default() {
        "" => Mark::National,
        "local" => Mark::Local,
        "zone" => Mark::Zone,
        _ => return None,
    };
    columns.next().is_none().then(|| Division::new(code, name, parent, mark))
}

fn read_changes(texts: &[&str]) -> Result<Vec<Change>, TreeError> {
    let read = |(at, row)| read_change(at, row).ok_or(TreeError::Change { at });
    data_lines(texts, "date,").map(read).collect()
}

fn read_change(at: Line, row: &str) -> Option<Change> {
    let columns: Vec<&str> = row.split(',').map(str::trim).collect();
    let [date, op, code, name, parent] = columns[..] else {
        return None;
    };
    let op = match op {
        "create" => Op::Create(Mark::National),
        "create-local" => Op::Create(Mark::Local),
        "create-zone" => Op::Create(Mark::Zone),
        "rename" => Op::Rename,
        "move" => Op::Move,
        "dissolve" => Op::Dissolve,
        _ => return None,
    };
    let parent = if parent.is_empty() { None } else { Some(parent.parse().ok()?) };
    let needs_parent = matches!(op, Op::Move | Op::Dissolve);
    let needs_name = matches!(op, Op::Create(_) | Op::Rename);
    if (needs_parent && parent.is_none()) || (needs_name && name.is_empty()) {
        return None;
    }
    Some(Change { at, date: date.parse().ok()?, op, code: code.parse().ok()?, name: name.to_owned(), parent })
}

fn order_by_parent(divisions: &[Division]) -> Vec<u32> {
    let mut order: Vec<u32> =
        (0..u32::try_from(divisions.len()).expect("fewer than four thousand million places")).collect();
    let key = |index: &u32| {
        let division = &divisions[*index as usize];
        (&division.parent, &division.code)
    };
    order.sort_by(|a, b| key(a).cmp(&key(b)));
    order
}

/// Writes one change into the newest epoch.
fn apply(inner: Inner, change: Change) -> Result<Inner, TreeError> {
    let epoch = inner.epochs.len();
    let view = View { inner: Arc::new(inner), epoch };
    let changed = changed(&view, &change)?;
    let mut inner = Arc::into_inner(view.inner).expect("the view above was the only one");
    let newest = inner.epochs.last_mut().expect("pushed before the first change of its date");
    newest.changed.insert(change.code, changed);
    Ok(inner)
}

fn changed(view: &View, change: &Change) -> Result<Changed, TreeError> {
    let (at, code) = (change.at, change.code.clone());
    if let Op::Create(mark) = change.op {
        if view.get(&code).is_some() {
            return Err(TreeError::Twice { at, code });
        }
        let parent = change.parent.clone().or_else(|| code.listed_parent());
        return Ok(Changed::Is(Division::new(code, &change.name, parent, mark)));
    }
    let Some(before) = view.get(&code) else {
        return Err(TreeError::Unknown { at, code });
    };
    let renamed = matches!(change.op, Op::Rename);
    if !renamed && !change.name.is_empty() && change.name != before.name {
        return Err(TreeError::Name { at, code, name: before.name.clone() });
    }
    let name = if renamed { change.name.clone() } else { before.name.clone() };
    match (change.op, change.parent.clone()) {
        // Checked now and not at the end of the day: on the same day the successor may be dissolved in turn, but never in a circle.
        (Op::Dissolve, Some(successor)) if successor == code || view.get(&successor).is_none() => {
            Err(TreeError::Unknown { at, code: successor })
        }
        (Op::Dissolve, Some(successor)) => Ok(Changed::Dissolved { name, successor }),
        (_, Some(parent)) => Ok(Changed::Is(Division { name, parent: Some(parent), ..before.clone() })),
        (_, None) => Ok(Changed::Is(Division { name, ..before.clone() })),
    }
}

/// At every date each place has a parent of a higher tier, and what was dissolved is empty.
fn check(inner: Inner) -> Result<Tree, TreeError> {
    let tree = Tree { inner: Arc::new(inner) };
    let base = View { inner: Arc::clone(&tree.inner), epoch: 0 };
    for division in &tree.inner.divisions {
        check_parent(&base, division)?;
    }
    for (index, epoch) in tree.inner.epochs.iter().enumerate() {
        let view = View { inner: Arc::clone(&tree.inner), epoch: index + 1 };
        for (code, changed) in &epoch.changed {
            match changed {
                Changed::Is(division) => check_parent(&view, division)?,
                Changed::Dissolved { .. } => {
                    if let Some(child) = view.children(code).next() {
                        let (code, child) = (code.clone(), child.code.clone());
                        return Err(TreeError::Orphan { code, child, date: epoch.from });
                    }
                }
            }
        }
    }
    Ok(tree)
}

fn check_parent(view: &View, division: &Division) -> Result<(), TreeError> {
    let Some(parent) = &division.parent else {
        return Ok(());
    };
    let above = view.get(parent).is_some_and(|found| found.tier < division.tier);
    if above { Ok(()) } else { Err(TreeError::Parent { code: division.code.clone(), parent: parent.clone() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "50,市\n500101,甲区\n500102,乙区\n500101001,丙镇\n";
    const AT: Line = Line { file: 1, line: 1 };

    fn code(text: &str) -> DivisionCode {
        text.parse().unwrap()
    }

    fn refused(base: &str, changes: &str) -> TreeError {
        Tree::load("t", &[base], &[changes]).unwrap_err()
    }

    #[test]
    fn a_list_that_is_no_tree_is_refused() {
        assert_eq!(refused("5O,市", ""), TreeError::Row { at: AT });
        assert_eq!(refused("50,市,,,", ""), TreeError::Row { at: AT });
        assert_eq!(refused("50,", ""), TreeError::Row { at: AT });
        assert_eq!(refused("50,市,,other", ""), TreeError::Row { at: AT });
        assert_eq!(
            refused("# x\n50,市\n50,市", ""),
            TreeError::Twice { at: Line { file: 1, line: 3 }, code: code("50") }
        );
        assert_eq!(
            refused("50,市\n500101001,镇", ""),
            TreeError::Parent { code: code("500101001"), parent: code("500101") }
        );
        let same_tier = "50,市\n500101,甲区\n500102,乙区,500101";
        assert_eq!(refused(same_tier, ""), TreeError::Parent { code: code("500102"), parent: code("500101") });
    }

    #[test]
    fn a_change_that_does_not_fit_is_refused() {
        let town = code("500101001");
        assert_eq!(refused(BASE, "2026-01-01,move,500101001,丙镇"), TreeError::Change { at: AT });
        assert_eq!(refused(BASE, "2026-01-01,move,500101001,丙镇,"), TreeError::Change { at: AT });
        assert_eq!(refused(BASE, "2026-01-01,split,500101001,丙镇,50"), TreeError::Change { at: AT });
        assert_eq!(
            refused(BASE, "2026-01-01,move,500101009,,500102"),
            TreeError::Unknown { at: AT, code: code("500101009") }
        );
        let misnamed = TreeError::Name { at: AT, code: town.clone(), name: "丙镇".to_owned() };
        assert_eq!(refused(BASE, "2026-01-01,move,500101001,丁镇,500102"), misnamed);
        assert_eq!(
            refused(BASE, "2026-01-01,create,500101,丁区,50"),
            TreeError::Twice { at: AT, code: code("500101") }
        );
        let nowhere = TreeError::Parent { code: town.clone(), parent: code("500103") };
        assert_eq!(refused(BASE, "2026-01-01,move,500101001,,500103"), nowhere);
        let orphan = TreeError::Orphan { code: code("500101"), child: town, date: jiff::civil::date(2026, 1, 1) };
        assert_eq!(refused(BASE, "2026-01-01,dissolve,500101,甲区,500102"), orphan);
        let unknown = |text: &str| TreeError::Unknown { at: AT, code: code(text) };
        assert_eq!(refused(BASE, "2026-01-01,dissolve,500102,,500103"), unknown("500103"));
        assert_eq!(refused(BASE, "2026-01-01,dissolve,500102,,500102"), unknown("500102"));
        let late = "2026-01-02,rename,500101,丁区,\n2026-01-01,rename,500102,戊区,";
        assert_eq!(refused(BASE, late), TreeError::Order { at: Line { file: 1, line: 2 } });
    }

    #[test]
    fn a_place_can_be_renamed_and_the_old_view_keeps_the_old_name() {
        let tree = Tree::load("t", &[BASE], &["2026-01-01,rename,500101001,新丙镇,"]).unwrap();
        let name = |date| tree.on(date).full_name(&code("500101001")).unwrap();
        assert_eq!(name(jiff::civil::date(2025, 12, 31)), "市甲区丙镇");
        assert_eq!(name(jiff::civil::date(2026, 1, 1)), "市甲区新丙镇");
    }
}
