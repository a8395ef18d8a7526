//! Tables without lines, as wide as they need to be.

use comfy_table::{Cell, Row, Table, presets};

/// Longer than any field but free text, of which a table shows the beginning; -o json shows all of it.
const WIDEST: usize = 120;

/// The table as text, without a line end behind it.
pub(super) fn render(head: &[&'static str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if !head.is_empty() {
        table.set_header(Row::from(head.to_vec()));
    }
    for row in rows {
        table.add_row(row.iter().map(|text| Cell::new(shown(text))).collect::<Vec<_>>());
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Text of others must not steer the terminal: control characters are dropped, line breaks become spaces.
fn shown(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !c.is_control());
    let mut line: String = plain.clone().take(WIDEST).collect();
    if plain.count() > WIDEST {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_cannot_steer_the_terminal() {
        assert_eq!(shown("a\u{1b}[31m\nb\u{7}"), "a[31m b");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let cut = shown(&"水".repeat(WIDEST + 1));
        assert_eq!(cut, format!("{}…", "水".repeat(WIDEST)));
        assert_eq!(shown(&"水".repeat(WIDEST)), "水".repeat(WIDEST));
    }
}
