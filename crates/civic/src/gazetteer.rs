//! From an address as people write it to the place it lies in.

use crate::division::{DivisionCode, View};

/// Finds the places named in addresses.
#[derive(Debug)]
pub struct Gazetteer {
    view: View,
}

impl Gazetteer {
    /// Over the places of a date.
    #[must_use]
    pub const fn new(view: View) -> Self {
        Self { view }
    }

    /// The place the address names most precisely, and how sure that is, 0 to 100.
    #[must_use]
    pub fn find(&self, address: &str) -> Option<(DivisionCode, u8)> {
        let code: DivisionCode = address.parse().ok()?;
        self.view
            .get(&code)
            .map(|division| (division.code.clone(), 100))
    }
}
