//! Who sees what, in a form that compiles to SQL: every read takes a scope, there is no unscoped list.

use crate::case::{Row, Tag};
use crate::key::digest;
use civic::{Actor, CaseId, Role};

/// A place column of the index row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlaceColumn {
    District,
    Town,
    Village,
    Grid,
}

impl PlaceColumn {
    fn of(self, row: &Row) -> Option<&str> {
        match self {
            Self::District => row.district.as_deref(),
            Self::Town => row.town.as_deref(),
            Self::Village => row.village.as_deref(),
            Self::Grid => row.grid.as_deref(),
        }
    }
}

/// What a caller may know of. A case outside it does not exist for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The whole territory of the cluster, and the system's own commands.
    All,
    /// Cases of one place.
    Place(PlaceColumn, String),
    /// Cases that this unit answers for now, and those that it has a share in.
    Unit(String),
    /// Cases that this machine sent: [`sender_of`].
    Sender(String),
    /// One case only: its reporter's.
    Case(CaseId),
    Nothing,
}

impl Scope {
    /// Whether a case with this row may be known. The same rule as the SQL that lists compile to; a contract test holds them equal.
    pub fn admits(&self, id: CaseId, row: &Row) -> bool {
        match self {
            Self::All => true,
            Self::Place(column, code) => column.of(row) == Some(code),
            Self::Unit(unit) => row.unit.as_ref() == Some(unit) || row.tags.contains(&Tag::Unit(unit.clone())),
            Self::Sender(sender) => row.tags.contains(&Tag::Sender(sender.clone())),
            Self::Case(case) => *case == id,
            Self::Nothing => false,
        }
    }
}

/// How rows and events name the machine that sent a matter: 32 hexadecimal digits of its subject. `None` for people: no list asks by a
/// person (docs/lines.md).
#[must_use]
pub fn sender_of(actor: &Actor) -> Option<String> {
    let machine = actor.role == Role::Integrator && !actor.subject.is_empty();
    let hex = |digest: &[u8]| digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    machine.then(|| hex(&digest(&[b"sender", actor.subject.as_bytes()])))
}

/// What a list may be narrowed by. Without a state or a parent only open cases are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub place: Option<(PlaceColumn, String)>,
    pub state: Option<i64>,
    /// As last turned by its timer.
    pub lamp: Option<i64>,
    pub unit: Option<String>,
    pub category: Option<String>,
    pub urgency: Option<i64>,
    pub flagged: Option<bool>,
    /// Members of this case, also those that are over.
    pub parent: Option<CaseId>,
}

impl Filter {
    pub(crate) fn lists_closed(&self) -> bool {
        self.state.is_some() || self.parent.is_some()
    }

    pub fn admits(&self, row: &Row) -> bool {
        fn same<T: PartialEq>(wanted: Option<&T>, have: &T) -> bool {
            wanted.is_none_or(|w| w == have)
        }
        self.place.as_ref().is_none_or(|(column, code)| column.of(row) == Some(code))
            && (self.lists_closed() || row.open)
            && self.parent.is_none_or(|parent| row.tags.contains(&Tag::Parent(parent)))
            && same(self.state.as_ref(), &row.state)
            && same(self.lamp.as_ref(), &row.lamp)
            && same(self.urgency.as_ref(), &row.urgency)
            && same(self.flagged.as_ref(), &row.flagged)
            && self.unit.as_ref().is_none_or(|u| row.unit.as_ref() == Some(u))
            && self.category.as_ref().is_none_or(|c| row.category.as_ref() == Some(c))
    }
}

/// One keyset page, in the order of ids, which is the order of creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub size: usize,
    pub after: Option<CaseId>,
}
