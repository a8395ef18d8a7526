//! What a list asks for, as terms on columns: the same for SQL and for what SQLite's writer remembers.

use super::conn::Value;
use crate::{
    case::Tag,
    scope::{Filter, PlaceColumn, Scope},
};

/// A column that lists may ask for, from the one that narrows most to the one that narrows least. A statement is offered the index of
/// one term only; the others are written so that no planner takes theirs, because without statistics it would guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Column {
    /// A tag: no column of the table, but a list all the same.
    Tag,
    Village,
    Grid,
    Unit,
    Town,
    Flagged,
    Category,
    District,
    Lamp,
    State,
    Urgency,
}

impl Column {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Village => "village",
            Self::Grid => "grid",
            Self::Unit => "unit",
            Self::Town => "town",
            Self::Flagged => "flagged",
            Self::Category => "category",
            Self::District => "district",
            Self::Lamp => "lamp",
            Self::State => "st",
            Self::Urgency => "urgency",
        }
    }

    pub(super) fn of_place(column: PlaceColumn) -> Self {
        match column {
            PlaceColumn::District => Self::District,
            PlaceColumn::Town => Self::Town,
            PlaceColumn::Village => Self::Village,
            PlaceColumn::Grid => Self::Grid,
        }
    }
}

/// What a column must equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Wanted {
    Int(i64),
    Text(String),
}

impl From<Wanted> for Value {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::Int(n) => Self::Int(n),
            Wanted::Text(text) => Self::Text(text),
        }
    }
}

/// One condition of a list.
pub(super) type Term = (Column, Wanted);

/// The ways by which a case may be in a list, each with all that it must match: what a unit answers for stands in its column, what it has
/// a share in has its tag. None: nothing is in scope. The one case of [`Scope::Case`] is no term.
pub(super) fn ways(scope: &Scope, filter: &Filter) -> Vec<Vec<Term>> {
    let narrowed = |term: Option<Term>| {
        let mut terms = filter_terms(filter);
        terms.extend(term);
        terms.sort_by_key(|(column, _)| *column);
        terms
    };
    match scope {
        Scope::All | Scope::Case(_) => vec![narrowed(None)],
        Scope::Place(column, code) => {
            vec![narrowed(Some((Column::of_place(*column), Wanted::Text(code.clone()))))]
        }
        Scope::Unit(unit) => {
            let answered = (Column::Unit, Wanted::Text(unit.clone()));
            vec![narrowed(Some(answered)), narrowed(Some(tag_term(&Tag::Unit(unit.clone()))))]
        }
        Scope::Sender(sender) => vec![narrowed(Some(tag_term(&Tag::Sender(sender.clone()))))],
        Scope::Nothing => Vec::new(),
    }
}

pub(super) fn tag_term(tag: &Tag) -> Term {
    (Column::Tag, Wanted::Text(tag.text()))
}

/// Those of the filter alone.
fn filter_terms(filter: &Filter) -> Vec<Term> {
    let place = filter.place.iter().map(|(column, code)| (Column::of_place(*column), Some(code)));
    let texts = [(Column::Unit, filter.unit.as_ref()), (Column::Category, filter.category.as_ref())];
    let texts = place.chain(texts).filter_map(|(column, text)| Some((column, Wanted::Text(text?.clone()))));
    let ints = [
        (Column::State, filter.state),
        (Column::Lamp, filter.lamp),
        (Column::Urgency, filter.urgency),
        (Column::Flagged, filter.flagged.map(i64::from)),
    ];
    let ints = ints.into_iter().filter_map(|(column, n)| Some((column, Wanted::Int(n?))));
    texts.chain(ints).chain(filter.parent.map(|parent| tag_term(&Tag::Parent(parent)))).collect()
}

/// Whether open cases have an index for it: those of lamp, urgency and flag hold what stands out only.
pub(super) fn is_indexed((column, wanted): &Term) -> bool {
    match (column, wanted) {
        (Column::Lamp | Column::Urgency, Wanted::Int(n)) => *n > 0,
        (Column::Flagged, Wanted::Int(n)) => *n == 1,
        (_, Wanted::Int(_) | Wanted::Text(_)) => true,
    }
}

/// As a condition. Numbers are written out, and the bound of a partial index is repeated: a planner does not see through
/// parameters. Where `by_index` is false no index is offered.
pub(super) fn condition((column, wanted): Term, by_index: bool, values: &mut Vec<Value>) -> String {
    let name = column.name();
    match wanted {
        Wanted::Int(n) if !by_index => format!(" AND {name} + 0 = {n}"),
        Wanted::Int(n) if matches!(column, Column::Lamp | Column::Urgency) => {
            format!(" AND {name} = {n} AND {name} > 0")
        }
        Wanted::Int(n) => format!(" AND {name} = {n}"),
        Wanted::Text(text) => {
            values.push(Value::Text(text));
            let hidden = if by_index { "" } else { " || ''" };
            format!(" AND {name}{hidden} = ${}", values.len())
        }
    }
}
