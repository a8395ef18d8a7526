//! Who acts, for which unit, in which role, and why personal data is opened.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::division::DivisionCode;

/// Writes an enum of plain words once: its list, its text both ways, and how it is stored (as that text).
macro_rules! words {
    ($(#[$outer:meta])* $name:ident, $what:literal, $error:ident { $($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$outer])*
        #[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// All of them, in the order in which they are declared.
            #[must_use]
            pub const fn all() -> &'static [Self] {
                &[$(Self::$variant),+]
            }

            /// The word in kebab case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        #[doc = concat!("The text is no ", $what, ".")]
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        #[error("not a {}", $what)]
        pub struct $error;

        impl FromStr for $name {
            type Err = $error;
            fn from_str(text: &str) -> Result<Self, $error> {
                Self::all().iter().copied().find(|word| word.as_str() == text).ok_or($error)
            }
        }
    };
}

words! {
    /// What somebody is in this software: one table, the same names in every service, token and policy.
    Role, "role", UnknownRole {
        Citizen = "citizen",
        Volunteer = "volunteer",
        /// 网格员/平安员
        GridWorker = "grid-worker",
        GridLeader = "grid-leader",
        VillageDesk = "village-desk",
        TownDispatcher = "town-dispatcher",
        DistrictDispatcher = "district-dispatcher",
        CityDispatcher = "city-dispatcher",
        DepartmentHandler = "department-handler",
        Liaison = "liaison",
        Commander = "commander",
        /// 督办
        Supervisor = "supervisor",
        EnforcementOfficer = "enforcement-officer",
        /// 法制审核
        LegalReviewer = "legal-reviewer",
        /// 行政机关负责人
        OrganHead = "organ-head",
        /// 执法监督
        EnforcementSupervisor = "enforcement-supervisor",
        Mediator = "mediator",
        MediationClerk = "mediation-clerk",
        Approver = "approver",
        Analyst = "analyst",
        /// A machine: 12345, 110, police, devices.
        Integrator = "integrator",
        /// Keeps the service up: metrics and health, never the content of a case.
        Operator = "operator",
        SecurityAdmin = "security-admin",
        Auditor = "auditor",
    }
}

words! {
    /// Why personal data is opened. Written into the record of the look before anything is shown.
    Purpose, "purpose", UnknownPurpose {
        /// The responsible unit deals with the matter.
        HandleCase = "handle-case",
        /// The citizen is asked whether it is solved (回访).
        CallBack = "call-back",
        /// Somebody follows their own report.
        TrackOwnReport = "track-own-report",
        /// The reporter is told of a step.
        Notify = "notify",
        /// A report is compared with others of the same reporter and matter.
        FindDuplicates = "find-duplicates",
        /// Life or limb is at risk.
        Emergency = "emergency",
        /// The person asks what is stored about them (Personal Information Protection Law, art. 45).
        AnswerSubject = "answer-subject",
        /// The person's data is erased (art. 47).
        Erase = "erase",
        /// A look is checked afterwards.
        Audit = "audit",
    }
}

/// The code of a unit (单位) that answers for work: `<place>-<slug>` (`500151-gongan`), or a bare place code for that place's own desk.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitCode(String);

/// Why a text is no unit code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitCodeError {
    #[error("a unit code begins with a place of 2, 6, 9, 12 or 15 digits")]
    Place,
    #[error("the part behind the place consists of 1 to 40 lowercase letters, digits and inner dashes")]
    Slug,
}

impl UnitCode {
    const SLUG_LENGTH: usize = 40;

    /// The desk of a place itself.
    #[must_use]
    pub fn desk(place: &DivisionCode) -> Self {
        Self(place.as_str().to_owned())
    }

    /// The code as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The place the unit belongs to.
    #[must_use]
    pub fn place(&self) -> DivisionCode {
        let digits = self.0.split('-').next().unwrap_or_default();
        digits.parse().expect("checked when the code was read")
    }

    /// What tells it from the other units of its place; `None` for the place's own desk.
    #[must_use]
    pub fn slug(&self) -> Option<&str> {
        self.0.split_once('-').map(|(_, slug)| slug)
    }
}

impl FromStr for UnitCode {
    type Err = UnitCodeError;

    fn from_str(text: &str) -> Result<Self, UnitCodeError> {
        let (place, slug) = match text.split_once('-') {
            Some((place, slug)) => (place, Some(slug)),
            None => (text, None),
        };
        if place.parse::<DivisionCode>().is_err() {
            return Err(UnitCodeError::Place);
        }
        if slug.is_some_and(|slug| !is_slug(slug)) {
            return Err(UnitCodeError::Slug);
        }
        Ok(Self(text.to_owned()))
    }
}

fn is_slug(slug: &str) -> bool {
    let plain = slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    plain && !slug.is_empty() && slug.len() <= UnitCode::SLUG_LENGTH && !slug.starts_with('-') && !slug.ends_with('-')
}

impl TryFrom<String> for UnitCode {
    type Error = UnitCodeError;
    fn try_from(text: String) -> Result<Self, UnitCodeError> {
        text.parse()
    }
}

impl From<UnitCode> for String {
    fn from(code: UnitCode) -> Self {
        code.0
    }
}

impl fmt::Display for UnitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for UnitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnitCode({})", self.0)
    }
}

/// Who gives a command. Stored with every step of a case, so it holds a reference to the person, never a name.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Actor {
    pub role: Role,
    /// Opaque reference into the identity service.
    pub subject: String,
    /// The unit acted for; none for citizens.
    pub unit: Option<UnitCode>,
    /// A head of that unit.
    pub head: bool,
}

impl Actor {
    /// Somebody who belongs to no unit: a citizen, an integrator.
    #[must_use]
    pub fn alone(role: Role, subject: impl Into<String>) -> Self {
        Self { role, subject: subject.into(), unit: None, head: false }
    }

    /// A member of a unit.
    #[must_use]
    pub fn member(role: Role, subject: impl Into<String>, unit: UnitCode) -> Self {
        Self { role, subject: subject.into(), unit: Some(unit), head: false }
    }

    /// The place whose work this is, by the unit.
    #[must_use]
    pub fn place(&self) -> Option<DivisionCode> {
        self.unit.as_ref().map(UnitCode::place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_and_purpose_reads_back_from_its_kebab_case_word() {
        assert_eq!(Role::all().len(), 24);
        for role in Role::all() {
            assert_eq!(role.to_string().parse(), Ok(*role));
            assert_eq!(serde_json::to_string(role).unwrap(), format!("\"{role}\""));
        }
        for purpose in Purpose::all() {
            assert_eq!(purpose.as_str().parse(), Ok(*purpose));
        }
        assert_eq!("Citizen".parse::<Role>(), Err(UnknownRole));
    }

    #[test]
    fn a_unit_knows_its_place() {
        let police: UnitCode = "500151-gongan".parse().unwrap();
        assert_eq!((police.place().as_str(), police.slug()), ("500151", Some("gongan")));
        let desk: UnitCode = "500151001".parse().unwrap();
        assert_eq!((UnitCode::desk(&desk.place()), desk.slug()), (desk.clone(), None));
    }

    #[test]
    fn a_unit_code_that_is_none_is_refused() {
        for text in ["", "gongan", "5001-gongan", "-x", "50015x-a"] {
            assert_eq!(text.parse::<UnitCode>(), Err(UnitCodeError::Place), "{text}");
        }
        let long = format!("50-{}", "a".repeat(41));
        for text in ["500151-", "500151--a", "500151-a-", "500151-公安", "500151-A", &long] {
            assert_eq!(text.parse::<UnitCode>(), Err(UnitCodeError::Slug), "{text}");
        }
        assert!(serde_json::from_str::<UnitCode>("\"x\"").is_err());
    }
}
