//! The closed word lists of a report. Each has the numbers of its protobuf enum, without the "unspecified" that only the wire
//! knows: inside, a kind or a channel is always one of these.

use serde::{Deserialize, Serialize};

/// Finds the member of a list whose number is `number`.
fn by_number<T: Copy>(all: &[T], number: i32, of: fn(T) -> i32) -> Option<T> {
    all.iter().copied().find(|one| of(*one) == number)
}

/// What the reporter wants (咨询, 求助, 投诉, 举报, 建议).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    Consult = 1,
    Help = 2,
    Complaint = 3,
    Accusation = 4,
    Suggestion = 5,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Consult, Self::Help, Self::Complaint, Self::Accusation, Self::Suggestion];

    pub const fn number(self) -> i32 {
        self as i32
    }

    /// `None` for 0 and for numbers of a newer release.
    pub fn from_number(number: i32) -> Option<Self> {
        by_number(&Self::ALL, number, Self::number)
    }
}

/// The door a report came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Channel {
    Hotline12345 = 1,
    CitizenWeb = 2,
    MiniProgram = 3,
    GridWorker = 4,
    Kiosk = 5,
    Department = 6,
    Device = 7,
    Petition = 8,
    Police110 = 9,
    Open311 = 10,
    Peer = 11,
}

impl Channel {
    pub const ALL: [Self; 11] = [
        Self::Hotline12345,
        Self::CitizenWeb,
        Self::MiniProgram,
        Self::GridWorker,
        Self::Kiosk,
        Self::Department,
        Self::Device,
        Self::Petition,
        Self::Police110,
        Self::Open311,
        Self::Peer,
    ];

    pub const fn number(self) -> i32 {
        self as i32
    }

    pub fn from_number(number: i32) -> Option<Self> {
        by_number(&Self::ALL, number, Self::number)
    }

    /// The name that contract, catalog and unique keys use. Fixed for ever: it is part of stored keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hotline12345 => "HOTLINE_12345",
            Self::CitizenWeb => "CITIZEN_WEB",
            Self::MiniProgram => "MINI_PROGRAM",
            Self::GridWorker => "GRID_WORKER",
            Self::Kiosk => "KIOSK",
            Self::Department => "DEPARTMENT",
            Self::Device => "DEVICE",
            Self::Petition => "PETITION",
            Self::Police110 => "POLICE_110",
            Self::Open311 => "OPEN311",
            Self::Peer => "PEER",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }
}

/// How pressing the matter is; the closing limits of dispatch hang on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Urgency {
    LevelOne = 1,
    LevelTwo = 2,
    LevelThree = 3,
    LevelFour = 4,
}

impl Urgency {
    pub const ALL: [Self; 4] = [Self::LevelOne, Self::LevelTwo, Self::LevelThree, Self::LevelFour];

    pub const fn number(self) -> i32 {
        self as i32
    }

    pub fn from_number(number: i32) -> Option<Self> {
        by_number(&Self::ALL, number, Self::number)
    }
}

/// State of the work order, as dispatch last told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderState {
    Created = 1,
    Assigned = 2,
    Accepted = 3,
    InProgress = 4,
    Resolved = 5,
    Verified = 6,
    Closed = 7,
    Returned = 8,
    Suspended = 9,
    Merged = 10,
    Cancelled = 11,
    HandedOver = 12,
}

impl OrderState {
    pub const ALL: [Self; 12] = [
        Self::Created,
        Self::Assigned,
        Self::Accepted,
        Self::InProgress,
        Self::Resolved,
        Self::Verified,
        Self::Closed,
        Self::Returned,
        Self::Suspended,
        Self::Merged,
        Self::Cancelled,
        Self::HandedOver,
    ];

    pub const fn number(self) -> i32 {
        self as i32
    }

    pub fn from_number(number: i32) -> Option<Self> {
        by_number(&Self::ALL, number, Self::number)
    }
}

/// How the place of a report was found. The answer says it, because a point beside a border is not a border.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FoundBy {
    Code,
    Polygon,
    Point,
    Address,
    None,
}

impl FoundBy {
    pub const ALL: [Self; 5] = [Self::Code, Self::Polygon, Self::Point, Self::Address, Self::None];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Polygon => "polygon",
            Self::Point => "point",
            Self::Address => "address",
            Self::None => "none",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::intake::v1 as wire;
    use proto::types::v1 as types;

    #[test]
    fn every_wire_number_but_the_unspecified_has_its_word() {
        assert!((1..=5).all(|n| Kind::from_number(n).is_some_and(|k| k.number() == n)));
        assert!(
            Channel::ALL.iter().all(|c| wire::Channel::try_from(c.number()).is_ok_and(|w| w.as_str_name() == c.name()))
        );
        assert!((1..=4).all(|n| Urgency::from_number(n).is_some() && types::Urgency::try_from(n).is_ok()));
        assert!((1..=12).all(|n| OrderState::from_number(n).is_some() && types::WorkOrderState::try_from(n).is_ok()));
    }

    #[test]
    fn unspecified_and_unknown_numbers_have_no_word() {
        for number in [-1, 0, 99] {
            assert!(Kind::from_number(number).is_none());
            assert!(Channel::from_number(number).is_none());
            assert!(Urgency::from_number(number).is_none());
            assert!(OrderState::from_number(number).is_none());
        }
    }

    #[test]
    fn names_read_back() {
        assert!(Channel::ALL.into_iter().all(|c| Channel::from_name(c.name()) == Some(c)));
        assert!(FoundBy::ALL.into_iter().all(|f| FoundBy::from_name(f.name()) == Some(f)));
    }
}
