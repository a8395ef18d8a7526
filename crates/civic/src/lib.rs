//! The words of civic administration, as types: places and their dated tree, the working calendar, limits and running clocks,
//! tracking numbers, ids, money, who acts and why, and personal data that is sealed before it is stored.
//!
//! Pure: no I/O, no async, no global state. Time and chance come in through [`Clock`] and [`Rng`], so that a replay gives the same result.

pub mod actor;
pub mod calendar;
pub mod division;
#[doc(hidden)]
pub mod fuzzing;
pub mod gazetteer;
pub mod geo;
pub mod id;
pub mod limit;
pub mod money;
pub mod phone;
pub mod private;
pub mod random;
pub mod stopwatch;
pub mod taxonomy;
pub mod time;
pub mod tracking;

pub use actor::{Actor, Purpose, Role, UnitCode};
pub use calendar::Calendar;
pub use division::{Ancestors, Division, DivisionCode, Place, Tier, Tree, TreeError, View};
pub use gazetteer::Gazetteer;
pub use geo::{Atlas, AtlasError, FoundBy};
pub use id::CaseId;
pub use limit::{Lamp, Limit, Measure};
pub use money::Money;
pub use phone::Phone;
pub use private::{Private, mask_name, mask_phone};
pub use random::{Rng, SeededRng, SystemRng};
pub use stopwatch::{Due, Explanation, Extension, Pause, Segment, SegmentKind, Stopwatch};
pub use taxonomy::{Category, Section, Taxonomy, TaxonomyError};
pub use time::{Clock, Micros, SettableClock, SystemClock};
pub use tracking::{TrackingNumber, TrackingSequence};
