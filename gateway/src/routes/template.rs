//! Path templates of `google.api.http`: `/v1/{name=reports/*}/parts/{part}:verb`. `**` is not spoken: no rpc needs it.
use std::ops::Range;

/// One segment of the path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Segment {
    Literal(String),
    /// Exactly one segment, not empty.
    Any,
}

/// A parsed template.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(crate) text: String,
    pub(crate) segments: Vec<Segment>,
    /// Custom verb without its colon; empty when there is none.
    pub(crate) verb: String,
    /// Dotted field path, and the segments that fill it, joined by slashes.
    pub(crate) captures: Vec<(String, Range<usize>)>,
}

impl Template {
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let path = text.strip_prefix('/').ok_or("must begin with a slash")?;
        let end = path.rfind(['}', '/']).unwrap_or(0);
        let (mut rest, verb) = match path[end..].find(':') {
            Some(at) => (&path[..end + at], &path[end + at + 1..]),
            None => (path, ""),
        };
        let mut template =
            Self { text: text.to_owned(), segments: Vec::new(), verb: verb.to_owned(), captures: Vec::new() };
        while !rest.is_empty() {
            let (part, after) = if let Some(inner) = rest.strip_prefix('{') {
                let (inner, after) = inner.split_once('}').ok_or("brace is not closed")?;
                template.capture(inner)?;
                (None, after)
            } else {
                let (part, after) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (Some(part), after)
            };
            if let Some(part) = part {
                template.segment(part)?;
            }
            rest = match after.strip_prefix('/') {
                Some("") => return Err("ends with a slash"),
                Some(next) => next,
                None if after.is_empty() => "",
                None => return Err("text after a brace"),
            };
        }
        Ok(template)
    }

    fn capture(&mut self, inner: &str) -> Result<(), &'static str> {
        let (field, pattern) = inner.split_once('=').unwrap_or((inner, "*"));
        let from = self.segments.len();
        for part in pattern.split('/') {
            self.segment(part)?;
        }
        self.captures.push((field.to_owned(), from..self.segments.len()));
        Ok(())
    }

    fn segment(&mut self, part: &str) -> Result<(), &'static str> {
        self.segments.push(match part {
            "*" => Segment::Any,
            "" => return Err("empty segment"),
            literal if literal.contains(['*', '{', '}', ':']) => {
                return Err("pattern is not supported");
            }
            literal => Segment::Literal(literal.to_owned()),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_know_their_positions() {
        let template = Template::parse("/v1/{name=workOrders/*}/parts/{part}:answerPart").unwrap();
        assert_eq!(template.segments.len(), 5);
        assert_eq!(template.captures, vec![("name".to_owned(), 1..3), ("part".to_owned(), 4..5)]);
        assert_eq!(template.verb, "answerPart");
    }

    #[test]
    fn templates_that_cannot_be_matched_by_position_are_refused() {
        for bad in ["v1", "/v1/", "/v1/**", "/v1/{name", "/v1/{name=**}", "/v1/a*", "/v1/{a}b", "/v1//b"] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }
}
