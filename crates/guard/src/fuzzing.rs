//! What holds for any bytes from outside, a function for each kind of input. The fuzz targets call them (e2e/fuzz), and seeded tests do.

pub use crate::audit::fuzzing::audit;
pub use crate::identity::fuzzing::token;
pub use crate::vault::fuzzing::vault;

use crate::policy::Rules;

/// An operator's policies: `groups.json`, and behind a line of `%%` what stands in a `.cedar` file. In force only is what says of every role
/// how far it sees.
pub fn policies(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (groups, cedar) = text.split_once("%%\n").unwrap_or((text, ""));
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    if let Ok(rules) = Rules::of(&[file("groups.json", groups), file("own.cedar", cedar)]) {
        assert!(!rules.acts().is_empty());
    }
}
