//! A report that was checked and not yet filed: everything in the clear, for as long as the call lasts.

use crate::domain::kind::{Channel, Kind, Urgency};
use crate::domain::locate::{Located, Told};
use crate::domain::report::Attachment;
use civic::{Micros, Phone};

/// A request that may be filed.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub request_id: String,
    pub kind: Kind,
    pub channel: Channel,
    /// Empty when the channel gave none.
    pub channel_number: String,
    pub text: String,
    /// Code of the taxonomy, as the channel gave it.
    pub category: Option<String>,
    pub told: Told,
    pub located: Located,
    pub reporter: Person,
    pub occurred: Option<Micros>,
    /// The limit that the matter came with.
    pub due: Option<Micros>,
    pub urgency: Option<Urgency>,
    pub attachments: Vec<Attachment>,
    pub on_the_spot: Option<String>,
    /// Of a suggestion.
    pub theme: Option<String>,
    /// The encoded request without its id: what makes two requests the same.
    pub body: Vec<u8>,
}

/// Who reports, in the clear.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Person {
    pub name: Option<String>,
    pub phone: Option<Phone>,
    pub anonymous: bool,
    pub secret: bool,
    pub no_reply: bool,
}
