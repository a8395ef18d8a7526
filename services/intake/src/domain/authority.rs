//! Who may do what with reports, and which reports they may know of: a table of roles and verbs, and the scope that a role's
//! unit gives. Pure; the guard will put Cedar policies behind the same two questions.
//!
//! ```text
//! verb       | roles
//! get        | every work role whose scope admits the report
//! list       | the same
//! timeline   | the same
//! classify   | town-, district-, city-dispatcher; integrator never: a machine is not the person who decides
//! merge      | town-, district-, city-dispatcher: never without a person
//! supplement | dispatchers, village-desk, grid-leader, grid-worker, integrator
//! urge       | dispatchers, integrator
//! withdraw   | integrator: the hotline, for the citizen on the line
//! refuse     | dispatchers, integrator: the hotline's desk
//! transfer   | dispatchers, village-desk, grid-leader, grid-worker, department-handler, integrator
//! check      | dispatchers, grid-leader
//! nominate   | dispatchers, commander, village-desk, grid-leader: a suggestion for the quarterly ten
//! score      | whoever was named for the panel, whatever the role
//! select     | dispatchers, commander: open a selection, publish, strike, choose
//! ```
//!
//! The reporter supplements, urges and withdraws by number and secret.
//!
//! Filing is not here: the doors and who may stand at them are data (`catalog/channels.csv`). Tracking and rating need no role
//! but the number and its secret.

use casebook::{PlaceColumn, Scope};
use civic::{Actor, Place, Role};

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
    Nominate,
    Score,
    Select,
}

impl Verb {
    pub const ALL: [Self; 14] = [
        Self::Get,
        Self::List,
        Self::Timeline,
        Self::Classify,
        Self::Merge,
        Self::Supplement,
        Self::Urge,
        Self::Withdraw,
        Self::Refuse,
        Self::Transfer,
        Self::Check,
        Self::Nominate,
        Self::Score,
        Self::Select,
    ];

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
            Self::Nominate => "nominate",
            Self::Score => "score",
            Self::Select => "select",
        }
    }
}

/// What a role's scope hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// The subtree of the unit's place.
    Place,
    /// What the unit itself answers for.
    Unit,
    Nothing,
}

const fn reach(role: Role) -> Reach {
    match role {
        Role::CityDispatcher
        | Role::DistrictDispatcher
        | Role::TownDispatcher
        | Role::VillageDesk
        | Role::Commander
        | Role::Supervisor
        | Role::Integrator => Reach::Place,
        Role::GridWorker | Role::GridLeader | Role::DepartmentHandler | Role::Liaison => Reach::Unit,
        // A citizen's own reports are found by number and secret. Operators see metrics, not cases. The other roles work with
        // cases of other services.
        Role::Citizen
        | Role::Volunteer
        | Role::Operator
        | Role::SecurityAdmin
        | Role::Auditor
        | Role::EnforcementOfficer
        | Role::LegalReviewer
        | Role::OrganHead
        | Role::EnforcementSupervisor
        | Role::Mediator
        | Role::MediationClerk
        | Role::Approver
        | Role::Analyst => Reach::Nothing,
    }
}

/// Whether the role may use the verb at all. A role without any reach gets "not found" from its scope instead of "denied":
/// it may not know that there is something to be denied.
pub const fn may(role: Role, verb: Verb) -> bool {
    match verb {
        Verb::Get | Verb::List | Verb::Timeline => true,
        Verb::Classify | Verb::Merge => is_dispatcher(role),
        Verb::Supplement => {
            let grassroots = matches!(role, Role::VillageDesk | Role::GridLeader | Role::GridWorker);
            grassroots || is_dispatcher(role) || is_hotline(role)
        }
        Verb::Urge | Verb::Refuse => is_dispatcher(role) || is_hotline(role),
        Verb::Withdraw => is_hotline(role),
        Verb::Transfer => {
            let grassroots = matches!(role, Role::VillageDesk | Role::GridLeader | Role::GridWorker);
            grassroots || is_dispatcher(role) || is_hotline(role) || matches!(role, Role::DepartmentHandler)
        }
        Verb::Check => is_dispatcher(role) || matches!(role, Role::GridLeader),
        // Being named for the panel is what lets one score.
        Verb::Score => true,
        Verb::Nominate => {
            let grassroots = matches!(role, Role::VillageDesk | Role::GridLeader);
            grassroots || is_dispatcher(role) || matches!(role, Role::Commander)
        }
        Verb::Select => is_dispatcher(role) || matches!(role, Role::Commander),
    }
}

const fn is_dispatcher(role: Role) -> bool {
    matches!(role, Role::CityDispatcher | Role::DistrictDispatcher | Role::TownDispatcher)
}

const fn is_hotline(role: Role) -> bool {
    matches!(role, Role::Integrator)
}

/// Handlers must not learn who filed a secret report; the centre that calls back may.
pub const fn sees_secret_reporter(role: Role) -> bool {
    matches!(
        role,
        Role::CityDispatcher | Role::DistrictDispatcher | Role::TownDispatcher | Role::Supervisor | Role::Integrator
    )
}

/// The reports an actor may know of. `home` is the actor's unit's place by the tree of today, `None` when the tree does not
/// know it; `root` is the territory of this cluster.
pub fn scope_of(actor: &Actor, home: Option<&Place>, root: &civic::DivisionCode) -> Scope {
    let Some(unit) = &actor.unit else {
        return Scope::Nothing;
    };
    match reach(actor.role) {
        Reach::Nothing => Scope::Nothing,
        Reach::Unit => Scope::Unit(unit.as_str().to_owned()),
        Reach::Place => home.map_or(Scope::Nothing, |home| subtree(home, root)),
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
