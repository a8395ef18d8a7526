//! The reports an actor may know of, and what policies are asked about a use of one. What the policies say is the guard's.

use casebook::{PlaceColumn, Scope, sender_of};
use civic::{Actor, Place};
use mesh::Reach;

/// What a caller wants of a report that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Get,
    List,
    Timeline,
    Classify,
    Merge,
    Supplement,
    Urge,
    Withdraw,
    Refuse,
    Transfer,
    Check,
    Unmask,
    Agree,
    Erase,
    Nominate,
    Score,
    Select,
}

impl Verb {
    /// As refusals name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Timeline => "timeline",
            Self::Classify => "classify",
            Self::Merge => "merge",
            Self::Supplement => "supplement",
            Self::Urge => "urge",
            Self::Withdraw => "withdraw",
            Self::Refuse => "refuse",
            Self::Transfer => "transfer",
            Self::Check => "check",
            Self::Unmask => "unmask",
            Self::Agree => "agree to a look at",
            Self::Erase => "erase",
            Self::Nominate => "nominate",
            Self::Score => "score",
            Self::Select => "select",
        }
    }

    /// As policies name it. The reporter supplements, urges and withdraws by number and secret: what staff does with the same rpcs has
    /// names of its own.
    pub const fn act(self) -> &'static str {
        match self {
            Self::Get => "jiewang.intake.v1.Reports/GetReport",
            Self::List => "jiewang.intake.v1.Reports/ListReports",
            Self::Timeline => "jiewang.intake.v1.Reports/GetReportTimeline",
            Self::Classify => "jiewang.intake.v1.Reports/ClassifyReport",
            Self::Merge => "jiewang.intake.v1.Reports/MergeReport",
            Self::Supplement => "staff/SupplementReport",
            Self::Urge => "staff/UrgeReport",
            Self::Withdraw => "staff/WithdrawReport",
            Self::Refuse => "jiewang.intake.v1.Reports/RefuseReport",
            Self::Transfer => "jiewang.intake.v1.Reports/TransferReport",
            Self::Check => "jiewang.intake.v1.Reports/CheckReport",
            Self::Unmask => "jiewang.intake.v1.Reports/UnmaskReporter",
            Self::Agree => "jiewang.intake.v1.Reports/AgreeToLook",
            Self::Erase => "jiewang.intake.v1.Reports/EraseReporter",
            Self::Nominate => "jiewang.intake.v1.Suggestions/NominateSuggestion",
            Self::Score => "jiewang.intake.v1.Suggestions/ScoreSuggestion",
            Self::Select => "jiewang.intake.v1.Suggestions/ChooseSelection",
        }
    }
}

/// As policies name a look at who reported that needs no second person.
pub const LOOK_ALONE: &str = "staff/LookAlone";

/// The reports an actor may know of, as far as policies let the role reach. `home` is the actor's unit's place by the tree of today, `None`
/// when the tree does not know it; `root` is the territory of this cluster. A citizen's own reports are found by number and secret.
pub fn scope_of(actor: &Actor, reach: Reach, home: Option<&Place>, root: &civic::DivisionCode) -> Scope {
    match (reach, &actor.unit) {
        (Reach::All, Some(_)) => Scope::All,
        (Reach::Place, Some(_)) => home.map_or(Scope::Nothing, |home| subtree(home, root)),
        (Reach::Unit, Some(unit)) => Scope::Unit(unit.as_str().to_owned()),
        // A machine is known by its own name, whomever it is connected for.
        (Reach::Sent, _) => sender_of(actor).map_or(Scope::Nothing, Scope::Sender),
        // What two people opened to an operator.
        (Reach::Own, _) => mesh::opened_to(actor).map_or(Scope::Nothing, Scope::Case),
        (Reach::All | Reach::Place | Reach::Unit, None) | (Reach::Nothing, _) => Scope::Nothing,
    }
}

/// The most specific column that names the place.
fn subtree(home: &Place, root: &civic::DivisionCode) -> Scope {
    if home.code == *root {
        return Scope::All;
    }
    column_of(home).map_or(Scope::Nothing, |(column, code)| Scope::Place(column, code))
}

/// The index column in which a place stands, and its value there; `None` for the city, which has no column.
pub fn column_of(place: &Place) -> Option<(PlaceColumn, String)> {
    let columns = [
        (PlaceColumn::Grid, &place.grid),
        (PlaceColumn::Village, &place.village),
        (PlaceColumn::Town, &place.town),
        (PlaceColumn::District, &place.district),
    ];
    columns.into_iter().find_map(|(column, code)| code.as_ref().map(|code| (column, code.as_str().to_owned())))
}
