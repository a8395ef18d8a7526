//! The two languages answers are given in.

/// zh-CN first; en where it is asked for before Chinese.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    Chinese,
    English,
}

impl Language {
    /// From `Accept-Language`, whose ranges stand in order of preference in practice; weights are not read.
    pub fn of_header(header: &str) -> Self {
        let known = |range: &str| {
            let tag = range.split(';').next().unwrap_or_default().trim();
            let is = |prefix: &str| tag.get(..2).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
            if is("zh") {
                Some(Self::Chinese)
            } else if is("en") {
                Some(Self::English)
            } else {
                None
            }
        };
        header.split(',').find_map(known).unwrap_or_default()
    }

    pub const fn pick(self, chinese: &'static str, english: &'static str) -> &'static str {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_known_language_is_taken() {
        assert_eq!(Language::of_header("en-GB,zh;q=0.5"), Language::English);
        assert_eq!(Language::of_header("fr, zh-CN, en"), Language::Chinese);
        for header in ["", "fr", "é,,;", "*"] {
            assert_eq!(Language::of_header(header), Language::Chinese);
        }
    }
}
