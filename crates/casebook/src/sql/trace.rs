//! The trace context of an event as its row keeps it. Every event has one, so its fifty-five letters are kept as twenty-six bytes.

/// Version, trace, span, flags, as W3C Trace Context writes them in version 00.
const PARTS: [usize; 4] = [2, 32, 16, 2];
const PACKED: usize = 26;

/// Anything else than a trace context of version 00 is kept as it is written: it does not begin with a zero byte.
pub(super) fn pack(traceparent: String) -> Vec<u8> {
    packed(&traceparent).unwrap_or_else(|| traceparent.into_bytes())
}

fn packed(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split('-');
    let mut bytes = Vec::with_capacity(PACKED);
    for length in PARTS {
        let part = parts.next().filter(|part| part.len() == length)?.as_bytes();
        for pair in part.chunks_exact(2) {
            bytes.push(digit(pair[0])? << 4 | digit(pair[1])?);
        }
    }
    (parts.next().is_none() && bytes[0] == 0).then_some(bytes)
}

const fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}

/// `None`: bytes that [`pack`] does not make.
pub(super) fn unpack(bytes: Vec<u8>) -> Option<String> {
    if bytes.len() != PACKED || bytes[0] != 0 {
        return String::from_utf8(bytes).ok();
    }
    let letter = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    let mut text = String::with_capacity(55);
    for (at, byte) in bytes.into_iter().enumerate() {
        if matches!(at, 1 | 17 | 25) {
            text.push('-');
        }
        text.extend([letter(byte >> 4), letter(byte & 15)]);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_context_comes_back_as_it_was_and_takes_half_of_it() {
        let context = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(pack(context.to_owned()).len(), PACKED);
        assert_eq!(unpack(pack(context.to_owned())).as_deref(), Some(context));
    }

    #[test]
    fn what_is_no_trace_context_comes_back_too() {
        let upper = "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01";
        let later = "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        for text in ["", "00-ab-cd-01", "twenty-six letters, no less", &"x".repeat(26), upper, later, "门"] {
            assert_eq!(unpack(pack(text.to_owned())).as_deref(), Some(text));
        }
        assert_eq!(unpack(vec![0xff]), None);
    }
}
