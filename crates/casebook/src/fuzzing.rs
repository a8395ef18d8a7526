//! What holds for any bytes from outside, a function for each kind of input. The fuzz targets call them (e2e/fuzz), and seeded tests do.

use crate::kinds::{decode_state, encode_state};
use crate::{Case, ClusterKey, KEY_BYTES, PageTokens, Suite, Tag};
use civic::CaseId;
use prost::Message as _;

/// Page tokens, and the column of tags.
pub fn words(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let tokens = PageTokens::new(ClusterKey::new(Suite::Aes, &[7; KEY_BYTES]));
    assert!(tokens.open("list", text).is_err(), "nobody has sealed it");
    if let Some(start) = bytes.first_chunk::<16>() {
        let after = CaseId::from_bytes(*start);
        let token = tokens.seal(text, after);
        assert_eq!(tokens.open(text, &token), Ok(after));
        assert!(tokens.open("another", &token).is_err() || text == "another");
    }
    if let Some(tags) = Tag::split(Some(text)) {
        assert_eq!(Tag::split(Tag::join(&tags).as_deref()).as_ref(), Some(&tags));
    }
}

/// A life as it is stored: events, each behind its length (two bytes, little-endian). And the bytes as a state.
pub fn life<C: Case>(bytes: &[u8]) {
    if let Some(state) = decode_state::<C>(bytes) {
        is_whole(&state);
    }
    let (mut state, mut rest) = (None::<C>, bytes);
    while let Some((event, behind)) = next::<C>(rest) {
        rest = behind;
        let _ = (C::legal(state.as_ref(), &event), C::event_type(&event), C::event_time(&event));
        let _ = (C::event_actor(&event), C::publish(CaseId::from_bytes([1; 16]), &event), C::erases(&event));
        let Some(evolved) = C::evolve(state.take(), &event) else { return };
        is_whole(&evolved);
        state = Some(evolved);
    }
}

fn next<C: Case>(bytes: &[u8]) -> Option<(C::Event, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    let (event, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    Some((C::Event::decode(event).ok()?, rest))
}

/// It has its columns and timers, and is stored and read as the same.
fn is_whole<C: Case>(state: &C) {
    let _ = (state.index(), state.timers());
    let stored = encode_state(state);
    assert!(
        decode_state::<C>(&stored).is_some_and(|read| encode_state(&read) == stored),
        "{} is read as stored",
        C::KIND
    );
}
