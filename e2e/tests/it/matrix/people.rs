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
    /// In every text of the town that is none of the following.
    pub(super) word: &'static str,
    /// In results, notes, reasons and supervisions: not for citizens.
    pub(super) inside: &'static str,
    /// Whom an interview was with and what was said: for those who may hold one.
    pub(super) talk: &'static str,
    /// Who is on the care list and why: for those who keep it.
    pub(super) cared: &'static str,
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
    inside: "白鹇甲",
    talk: "长尾雉甲",
    cared: "丹顶鹤甲",
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
    inside: "白鹇乙",
    talk: "长尾雉乙",
    cared: "丹顶鹤乙",
    beside: "朱鹮乙",
    name: "欧阳乙某",
    phone: "13955550002",
};

impl Town {
    pub(super) const fn words(&self) -> [&'static str; 5] {
        [self.word, self.beside, self.inside, self.talk, self.cared]
    }

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

/// Words that no answer to this caller may have. domain.md 1 and 4: the city sees all, districts and towns their subtree, units and villages
/// their own; who is none of these hears nothing of these two services. A citizen hears of the own order, and not what is written inside.
pub(super) fn forbidden(role: Option<Role>, town: &Town) -> Vec<&'static str> {
    let (own, twin) = if town.code == HERE.code { (&HERE, &THERE) } else { (&THERE, &HERE) };
    let never = [own.name, own.phone, twin.name, twin.phone];
    let kept = match role {
        Some(Role::CityDispatcher) => return [&never[..], &[own.cared, twin.cared]].concat(),
        Some(Role::TownDispatcher) => Vec::new(),
        Some(Role::DistrictDispatcher | Role::Commander | Role::Supervisor) => vec![own.cared],
        Some(Role::Integrator) => vec![own.beside, own.talk, own.cared],
        Some(Role::VillageDesk) => vec![own.beside, own.talk],
        Some(Role::DepartmentHandler) => vec![own.beside, own.cared],
        Some(Role::GridWorker | Role::GridLeader | Role::Liaison) => vec![own.beside, own.talk, own.cared],
        Some(Role::Citizen) => vec![own.beside, own.inside, own.talk, own.cared],
        _ => own.words().to_vec(),
    };
    [&never[..], &twin.words(), &kept].concat()
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
