//! What the contract must not be able to say (docs/lines.md), read off the descriptors.

mod descriptors;
mod rating;
mod reading;
mod words;
