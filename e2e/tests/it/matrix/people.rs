//! The twin towns, and who calls in them.

use super::table::NOBODY;
use civic::{Actor, Clock as _, Role, SystemClock};
use e2e::client::Client;
use e2e::process::Jiewang;
use std::time::Duration;

/// A town with all that is looked for in answers. No word of it stands anywhere else.
#[derive(Debug)]
pub(super) struct Town {
    pub(super) code: &'static str,
    pub(super) district: &'static str,
    pub(super) village: &'static str,
    /// In every text of the town.
    pub(super) word: &'static str,
    /// In a matter of the same town that lies in no village, and which another unit has.
    pub(super) beside: &'static str,
    /// Of every reporter: these stand in no answer to anybody, but as 某* and 139****.
    pub(super) name: &'static str,
    pub(super) phone: &'static str,
}

/// 巴川街道 in 铜梁区.
pub(super) const HERE: Town = Town {
    code: "500151001",
    district: "500151",
    village: "500151001001",
    word: "金丝雀甲",
    beside: "朱鹮甲",
    name: "欧阳甲某",
    phone: "13955550001",
};
/// 七星岗街道 in 渝中区.
pub(super) const THERE: Town = Town {
    code: "500103001",
    district: "500103",
    village: "500103001003",
    word: "金丝雀乙",
    beside: "朱鹮乙",
    name: "欧阳乙某",
    phone: "13955550002",
};

impl Town {
    pub(super) fn section(&self) -> String {
        format!("{}-minsheng", self.code)
    }

    /// The section that has what is not the callers'.
    pub(super) fn other_section(&self) -> String {
        format!("{}-pingan", self.code)
    }

    pub(super) fn grid_team(&self) -> String {
        format!("{}-wangge", self.village)
    }

    pub(super) fn last_four(&self) -> &str {
        &self.phone[7..]
    }
}

/// For whom somebody in a role acts in a town.
pub(super) fn unit_of(role: Role, town: &Town) -> Option<String> {
    match role {
        Role::Citizen | Role::Volunteer => None,
        Role::GridWorker | Role::GridLeader => Some(town.grid_team()),
        Role::VillageDesk => Some(town.village.to_owned()),
        Role::TownDispatcher
        | Role::Commander
        | Role::Supervisor
        | Role::EnforcementSupervisor
        | Role::Analyst
        | Role::Integrator => Some(town.code.to_owned()),
        Role::DistrictDispatcher => Some(town.district.to_owned()),
        Role::CityDispatcher | Role::Operator | Role::SecurityAdmin | Role::Auditor => Some("50".to_owned()),
        Role::DepartmentHandler
        | Role::Liaison
        | Role::EnforcementOfficer
        | Role::LegalReviewer
        | Role::OrganHead
        | Role::Approver => Some(town.section()),
        Role::Mediator | Role::MediationClerk => Some(format!("{}-tiaojie", town.village)),
    }
}

/// The unit that has the case which is somebody's own.
pub(super) fn holder(role: Option<Role>, town: &Town) -> String {
    match role {
        Some(Role::GridWorker | Role::GridLeader) => town.grid_team(),
        Some(Role::VillageDesk) => town.village.to_owned(),
        _ => town.section(),
    }
}

/// Whom a role may hear of at most: words of a town that no answer may have. domain.md 1 and 4: the city sees all, districts and towns their
/// subtree, units and villages their own; who is none of these hears nothing of these two services. A citizen hears of the own order.
pub(super) fn forbidden(role: Option<Role>, town: &Town) -> Vec<&'static str> {
    let twin = if town.code == HERE.code { &THERE } else { &HERE };
    let own = if town.code == HERE.code { &HERE } else { &THERE };
    let never = [own.name, own.phone, twin.name, twin.phone];
    let words: &[&str] = match role {
        Some(Role::CityDispatcher) => &[],
        Some(
            Role::DistrictDispatcher
            | Role::TownDispatcher
            | Role::Commander
            | Role::Supervisor
            | Role::Integrator,
        ) => &[twin.word, twin.beside],
        Some(
            Role::VillageDesk
            | Role::GridWorker
            | Role::GridLeader
            | Role::DepartmentHandler
            | Role::Liaison
            | Role::Citizen,
        ) => &[twin.word, twin.beside, own.beside],
        _ => &[twin.word, twin.beside, own.word, own.beside],
    };
    never.into_iter().chain(words.iter().copied()).collect()
}

/// Mints tokens and speaks for whoever they are of.
#[derive(Clone)]
pub(super) struct People {
    key: mesh::TokenKey,
    door: Client,
}

impl People {
    pub(super) fn of(jiewang: &Jiewang) -> Self {
        Self { key: jiewang::folder::read_key(jiewang.data_dir()).unwrap(), door: jiewang.citizen() }
    }

    pub(super) fn token(&self, actor: &Actor) -> String {
        const HOLDS: Duration = Duration::from_secs(3600);
        mesh::mint(&self.key, actor, SystemClock.now(), HOLDS)
    }

    /// Whoever stands in a column, in a town. A citizen's token is for one report.
    pub(super) fn actor(role: Role, town: &Town, report: &str) -> Actor {
        match unit_of(role, town) {
            None if role == Role::Citizen => Actor::alone(role, report),
            None => Actor::alone(role, format!("{role}-{}", town.code)),
            Some(unit) => Actor::member(role, format!("{role}-{unit}"), unit.parse().unwrap()),
        }
    }

    pub(super) fn somebody(&self, actor: Option<&Actor>) -> Client {
        self.door.with_token(actor.map(|actor| self.token(actor)))
    }

    /// Who makes the cases.
    pub(super) fn member(&self, role: Role, unit: &str) -> Client {
        self.somebody(Some(&Actor::member(role, format!("maker-{role}-{unit}"), unit.parse().unwrap())))
    }
}

/// A column by its name.
pub(super) fn role(column: &str) -> Option<Role> {
    if column == NOBODY { None } else { Some(column.parse().unwrap()) }
}
