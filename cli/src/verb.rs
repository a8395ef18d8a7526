//! The verbs, one file each: their flags and what they do.

pub mod audit;
pub mod calendar;
pub mod case;
pub mod catalog;
pub mod certs;
pub mod classifier;
pub mod completion;
pub mod doctor;
pub mod load;
pub mod parked;
pub mod replay;
pub mod token;
pub mod up;
pub mod vault;
pub mod verify;
