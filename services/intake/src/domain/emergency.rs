//! Emergency lines, and which of them the words of a report ask for. Only a report whose words make it level one is looked at:
//! the advice says to whom it must be passed on at once, and whoever passes it on leaves a record.

use serde::{Deserialize, Serialize};

/// Numbers of `intake.v1.EmergencyLine`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Line {
    Police = 1,
    Fire = 2,
    Ambulance = 3,
}

impl Line {
    pub const ALL: [Self; 3] = [Self::Police, Self::Fire, Self::Ambulance];

    pub const fn number(self) -> i32 {
        self as i32
    }

    /// `None` for 0 and for numbers of a newer release.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|line| line.number() == number)
    }

    /// As people dial it.
    pub const fn digits(self) -> &'static str {
        match self {
            Self::Police => "110",
            Self::Fire => "119",
            Self::Ambulance => "120",
        }
    }

    pub fn from_digits(digits: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|line| line.digits() == digits)
    }
}

/// Lines by the words that call for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls(Vec<(Line, String)>);

impl Calls {
    pub const fn new(words: Vec<(Line, String)>) -> Self {
        Self(words)
    }

    /// The lines that a text of level one asks for, each once. Where the words are those of an emergency and of no line in
    /// particular it is the police's, who are there for whoever is in need (人民警察法 21).
    pub fn of(&self, text: &str) -> Vec<Line> {
        let met = |line: &Line| self.0.iter().any(|(of, word)| of == line && text.contains(word.as_str()));
        let lines: Vec<Line> = Line::ALL.into_iter().filter(met).collect();
        if lines.is_empty() { vec![Line::Police] } else { lines }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_advised_once_and_the_police_where_no_word_tells() {
        let calls = Calls::new(vec![
            (Line::Fire, "着火".into()),
            (Line::Fire, "浓烟".into()),
            (Line::Ambulance, "昏迷".into()),
        ]);
        assert_eq!(calls.of("三楼着火冒浓烟，有人昏迷"), [Line::Fire, Line::Ambulance]);
        assert_eq!(calls.of("救命"), [Line::Police]);
        assert_eq!(Line::ALL.map(|line| Line::from_digits(line.digits())), Line::ALL.map(Some));
    }
}
