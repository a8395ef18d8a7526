//! The duty list (事项清单) with what belongs to it: who answers for a category at a tier, how pressing it is, how long it may take,
//! and which units there are. Data with a version: this release ships one, an operator loads another at run time.
//!
//! ```text
//! categories.csv   the taxonomy that intake classifies by (civic's format)
//! units.csv        slug,tiers,name_zh,name_en              an empty slug is a place's own desk
//! duties.csv       category,tier,unit,co_handling,urgency,reply_approval,law,article,from,to
//! limits.csv       limit,urgency,amount,measure
//! tasks.csv        code,selects,every,name_zh,name_en,from,to    what grid workers do each so many days
//! care.csv         purpose,consent,longest,name_zh,name_en       why people may be on a care list
//! VERSION          one line; every order's first event names it
//! ```
//!
//! Emergency plans lie in the same folder and have a version of their own: [`plans`].
//!
//! Units are not listed place by place. A duty names a unit as `<tier>/<slug>`, meaning that unit of the place of that tier which
//! the matter lies in; its code is `<place>-<slug>`, or the bare place code for a place's own desk.
//!
//! The shipped list has no duties at the city's tier on purpose: a report of which only the city is known must be placed by a
//! person first. Its order is created without a unit.

mod control;
mod duties;
mod error;
pub(crate) mod limits;
pub mod plans;
mod table;
mod tasks;
mod units;

pub use duties::{Basis, Duty, UnitRule, amended};
pub use error::{CatalogError, PlanProblem, Problem};
pub use limits::Limits;
pub use plans::{PartyRule, Plan, PlanStep, Plans};
pub use tasks::{LONGEST_INTERVAL, Purpose, Purposes, Selects, TaskRule, Tasks};
pub use units::{Unit, UnitFault};

use std::io::ErrorKind;
use std::path::Path;

use civic::{Micros, Place, Taxonomy, Tier, UnitCode, View};
use duties::Duties;
use units::Units;

/// All of it, checked as a whole.
#[derive(Debug)]
pub struct Catalog {
    version: String,
    taxonomy: Taxonomy,
    duties: Duties,
    limits: Limits,
    units: Units,
    tasks: Tasks,
    care: Purposes,
}

/// The texts of the files.
pub struct Files<'a> {
    pub version: &'a str,
    /// `None`: the taxonomy this release ships with.
    pub categories: Option<&'a str>,
    pub units: &'a str,
    pub duties: &'a str,
    pub limits: &'a str,
    pub tasks: &'a str,
    pub care: &'a str,
}

/// The files of this release.
const SHIPPED: Files<'static> = Files {
    version: include_str!("../catalog/VERSION"),
    categories: None,
    units: include_str!("../catalog/units.csv"),
    duties: include_str!("../catalog/duties.csv"),
    limits: include_str!("../catalog/limits.csv"),
    tasks: include_str!("../catalog/tasks.csv"),
    care: include_str!("../catalog/care.csv"),
};

/// The duties of this release.
#[must_use]
pub const fn shipped_duties() -> &'static str {
    SHIPPED.duties
}

impl Catalog {
    /// The catalog this release ships with.
    #[must_use]
    pub fn builtin() -> Self {
        Self::parse(&SHIPPED).expect("the shipped catalog is checked by a test")
    }

    /// An operator's catalog: a folder with a VERSION of its own and those of the files named above that differ from the shipped ones.
    ///
    /// # Errors
    /// The first file and line that cannot be taken.
    pub fn load(folder: &Path) -> Result<Self, CatalogError> {
        let own = |file: &'static str| match std::fs::read_to_string(folder.join(file)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(CatalogError::Unreadable { file, why: error.to_string() }),
        };
        let version = own("VERSION")?.ok_or(CatalogError::Version)?;
        let (categories, units) = (own("categories.csv")?, own("units.csv")?);
        let (duties, limits) = (own("duties.csv")?, own("limits.csv")?);
        let (tasks, care) = (own("tasks.csv")?, own("care.csv")?);
        Self::parse(&Files {
            version: &version,
            categories: categories.as_deref(),
            units: units.as_deref().unwrap_or(SHIPPED.units),
            duties: duties.as_deref().unwrap_or(SHIPPED.duties),
            limits: limits.as_deref().unwrap_or(SHIPPED.limits),
            tasks: tasks.as_deref().unwrap_or(SHIPPED.tasks),
            care: care.as_deref().unwrap_or(SHIPPED.care),
        })
    }

    /// An operator's catalog from the texts of some of the files named above; what is not among them is the shipped one's.
    ///
    /// # Errors
    /// As [`Catalog::load`].
    pub fn of(version: &str, files: &[(String, String)]) -> Result<Self, CatalogError> {
        let own = |file: &str| files.iter().find(|(name, _)| name == file).map(|(_, text)| text.as_str());
        Self::parse(&Files {
            version,
            categories: own("categories.csv"),
            units: own("units.csv").unwrap_or(SHIPPED.units),
            duties: own("duties.csv").unwrap_or(SHIPPED.duties),
            limits: own("limits.csv").unwrap_or(SHIPPED.limits),
            tasks: own("tasks.csv").unwrap_or(SHIPPED.tasks),
            care: own("care.csv").unwrap_or(SHIPPED.care),
        })
    }

    /// Reads and checks the texts.
    ///
    /// # Errors
    /// The first file and line that cannot be taken.
    pub fn parse(files: &Files<'_>) -> Result<Self, CatalogError> {
        let version = files.version.trim();
        if version.is_empty() || version.lines().count() != 1 {
            return Err(CatalogError::Version);
        }
        let taxonomy = match files.categories {
            Some(csv) => Taxonomy::load_csv(version, csv)?,
            None => Taxonomy::builtin(),
        };
        let units = Units::parse(files.units)?;
        let duties = Duties::parse(files.duties, &taxonomy, &units)?;
        let limits = Limits::parse(files.limits)?;
        let care = Purposes::parse(files.care)?;
        let tasks = Tasks::parse(files.tasks, &care)?;
        Ok(Self { version: version.to_owned(), taxonomy, duties, limits, units, tasks, care })
    }

    /// Which list this is.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The categories it speaks of.
    #[must_use]
    pub const fn taxonomy(&self) -> &Taxonomy {
        &self.taxonomy
    }

    /// How long things may take.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What grid workers do each so many days.
    #[must_use]
    pub const fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Why people may be on a care list.
    #[must_use]
    pub const fn care(&self) -> &Purposes {
        &self.care
    }

    /// The duty for a category at a place on the day of `at`: the list of the narrowest tier that has one, and the unit it names there.
    #[must_use]
    pub fn duty(&self, category: &str, place: &Place, at: Micros) -> Option<(&Duty, UnitCode)> {
        let mut tier = Some(place.tier());
        while let Some(list) = tier {
            if let Some(duty) = self.duties.find(category, list, at.local_date()) {
                return Some((duty, duty.unit.code(place)?));
            }
            tier = list.above();
        }
        None
    }

    /// The unit of a code: its place exists on the day of `view`, and its slug is known at the place's tier.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn unit(&self, code: &str, view: &View) -> Result<Unit, UnitFault> {
        self.units.find(code, view)
    }

    /// How many duties it lists.
    #[must_use]
    pub fn duties(&self) -> usize {
        self.duties.len()
    }

    /// Tiers a slug is known at; for operators' listings.
    #[must_use]
    pub fn tiers_of(&self, slug: &str) -> Vec<Tier> {
        self.units.tiers_of(slug)
    }
}

/// Lowercase letters, digits and inner dashes: fit for a path.
fn code_is_plain(code: &str) -> bool {
    let plain = code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    plain && (1..=40).contains(&code.len()) && !code.starts_with('-') && !code.ends_with('-')
}

#[cfg(test)]
mod tests;
