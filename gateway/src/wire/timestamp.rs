//! RFC 3339 instants in their ordinary spelling: `2026-11-22T08:00:00Z`, with up to nine digits of a second, or an offset.
use bytes::BytesMut;
use prost::Message;
use prost_reflect::prost_types::Timestamp;
use std::io::Write;

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, the range of google.protobuf.Timestamp.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// Appends the message's bytes; `None` when the spelling is not the ordinary one.
pub(super) fn parse(text: &str, out: &mut BytesMut) -> Option<()> {
    if !is_ordinary(text.as_bytes()) {
        return None;
    }
    let instant: Timestamp = text.parse().ok()?;
    RANGE.contains(&instant.seconds).then_some(())?;
    instant.encode(out).ok()
}

/// Appends the quoted text of an encoded instant.
pub(super) fn print(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let instant = Timestamp::decode(bytes).ok()?;
    let exact = RANGE.contains(&instant.seconds) && (0..1_000_000_000).contains(&instant.nanos);
    exact.then_some(())?;
    write!(out, "\"{instant}\"").ok()
}

fn is_ordinary(text: &[u8]) -> bool {
    let shaped = |text: &[u8], shape: &[u8]| {
        text.len() == shape.len()
            && text.iter().zip(shape).all(|(c, s)| if *s == b'0' { c.is_ascii_digit() } else { c == s })
    };
    let Some((head, mut tail)) = text.split_at_checked(19) else {
        return false;
    };
    if !shaped(head, b"0000-00-00T00:00:00") {
        return false;
    }
    if let Some(fraction) = tail.strip_prefix(b".") {
        let digits = fraction.iter().take_while(|c| c.is_ascii_digit()).count();
        if !(1..=9).contains(&digits) {
            return false;
        }
        tail = &fraction[digits..];
    }
    tail == b"Z" || shaped(tail, b"+00:00") || shaped(tail, b"-00:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_instants_come_back_and_odd_ones_are_left_alone() {
        for (text, back) in [
            ("2026-11-22T08:00:00Z", "\"2026-11-22T08:00:00Z\""),
            ("2026-11-22T08:00:00.120Z", "\"2026-11-22T08:00:00.120Z\""),
            ("2026-11-22T08:00:00+08:00", "\"2026-11-22T00:00:00Z\""),
        ] {
            let (mut wire, mut out) = (BytesMut::new(), Vec::new());
            parse(text, &mut wire).unwrap();
            print(&wire, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), back);
        }
        for odd in [
            "",
            "2026-11-22",
            "2026-11-22 08:00:00Z",
            "2026-13-22T08:00:00Z",
            "2026-11-22T08:00:00.Z",
            "2026-11-22T08:00:00",
        ] {
            assert!(parse(odd, &mut BytesMut::new()).is_none(), "{odd}");
        }
    }
}
