//! Places (行政区划) and the dated tree that says which lies in which.
//!
//! A place has the national statistical code, extended by three digits for the grid. Which place lies in which is decided by the [`Tree`] at a
//! date, never by a prefix of the code: districts merge, towns change district and keep their code. A case keeps the place it was opened for and
//! is shown with today's name and parents ([`View::place`], [`View::full_name`]).
//!
//! The built-in tree ([`Tree::chongqing`]) has the city, its 38 districts and counties, 1,031 towns and 11,270 villages as of 2023-06-30, three development
//! zones with local codes, and the reform of 2025-11-06. Operators add grids and later reforms with [`Tree::extended`].

mod code;
mod load;
mod place;
mod tree;
mod view;

pub use code::{DivisionCode, DivisionCodeError, Tier};
pub use load::TreeError;
pub use place::Place;
pub use tree::{Division, Mark, Tree};
pub use view::{Ancestors, View};
