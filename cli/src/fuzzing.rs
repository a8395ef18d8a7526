//! What holds for any bytes from outside, a function for each kind of input. The fuzz targets call them (e2e/fuzz), and seeded tests do.

use crate::args::{parse, with_text};
use crate::client::Problem;
use crate::folder::parse_key;
use crate::verb::load::source::Rows;
use std::ffi::OsString;

/// The cluster's key file, a file of settings, and a gateway's refusal.
pub fn settings(bytes: &[u8]) {
    if let Some(key) = parse_key(bytes) {
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(parse_key(hex.as_bytes()), Some(key));
    }
    assert!(!Problem::read(http::StatusCode::CONFLICT, bytes, None).reason.is_empty());
    let line = ["jiewang", "up"].map(OsString::from);
    if let Ok(text) = std::str::from_utf8(bytes)
        && parse(line.clone()).is_ok()
        && let Err(problem) = with_text(&line, "up", text)
    {
        assert!(!problem.to_string().is_empty());
    }
}

/// Rows that `load` and `replay` read: our own table or that of Open311, plain or gzip. Each row is told by its line or taken.
pub fn rows(bytes: &[u8]) {
    let lines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64 + 1;
    let open = || Rows::of_bytes(bytes.to_vec()).ok()?.ok();
    let Some(rows) = open() else { return };
    let plain = !bytes.starts_with(&[0x1f, 0x8b]);
    for row in rows.take(10_000) {
        assert!(!plain || row.line <= lines, "line {} of {lines}", row.line);
        if let Ok(filing) = row.filing {
            assert!(!filing.request_id.is_empty());
        }
    }
    if let Some(histories) = open().and_then(|rows| rows.histories().ok()) {
        let _ = histories.take(10_000).filter(|(_, history)| history.is_ok()).count();
    }
}
