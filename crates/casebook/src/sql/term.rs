//! What a list asks for, as terms on columns: the same for SQL and for what SQLite's writer remembers.

use super::conn::Value;
use crate::scope::{Filter, PlaceColumn, Scope};

/// A column that lists may ask for, from the one that narrows most to the one that narrows least. A statement is offered the index of
/// one term only; the others are written so that no planner takes theirs, because without statistics it would guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Column {
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
    fn name(self) -> &'static str {
        match self {
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

/// One condition of a list.
pub(super) type Term = (Column, Wanted);

/// `None`: nothing is in scope. The one case of [`Scope::Case`] and what has a tag are no terms.
pub(super) fn terms(scope: &Scope, filter: &Filter) -> Option<Vec<Term>> {
    let mut terms = filter_terms(filter);
    match scope {
        Scope::All | Scope::Case(_) => {}
        Scope::Place(column, code) => terms.push((Column::of_place(*column), Wanted::Text(code.clone()))),
        Scope::Unit(unit) => terms.push((Column::Unit, Wanted::Text(unit.clone()))),
        Scope::Nothing => return None,
    }
    terms.sort_by_key(|(column, _)| *column);
    Some(terms)
}

/// Those of the filter alone.
pub(super) fn filter_terms(filter: &Filter) -> Vec<Term> {
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
    texts.chain(ints).collect()
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
