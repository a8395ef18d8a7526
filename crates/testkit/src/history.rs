//! What clients saw against what is stored: invariants I1 to I3, with answers whose outcome nobody knows.
//!
//! A client records each submission and its answer. A time-out or a cut line is [`Answer::Indeterminate`]: the case may
//! exist or not, but not twice, and not with another content.
use std::collections::{BTreeMap, BTreeSet};

/// How a submission ended for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Accepted, as this case.
    Ok(String),
    /// Refused for good: nothing may be stored for it.
    Refused,
    /// No answer: both are possible.
    Indeterminate,
}

/// One submission.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The caller's key: the same for every attempt at the same thing.
    pub key: String,
    /// Hash of what was submitted.
    pub content: u64,
    /// What the client was told.
    pub answer: Answer,
}

/// A case as found in the final databases.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its id.
    pub case: String,
    /// The key it was submitted under.
    pub key: String,
    /// Hash of what is stored, made like the client's.
    pub content: u64,
}

/// Everything clients did.
#[derive(Clone, Debug, Default)]
pub struct History {
    submissions: Vec<Submission>,
}

/// How history and databases contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// I1: accepted, but not there.
    Lost {
        /// Key of the submission.
        key: String,
        /// The case the client was promised.
        case: String,
    },
    /// I1: several cases for one key.
    Twice {
        /// Key of the submission.
        key: String,
    },
    /// I1, I2: what is stored is not what was accepted.
    OtherContent {
        /// The case.
        case: String,
    },
    /// I2: one key was answered with different cases.
    OtherCase {
        /// Key of the submission.
        key: String,
    },
    /// I3: stored, though nobody was told yes and nobody was left in doubt.
    Unasked {
        /// The case.
        case: String,
    },
}

impl History {
    /// Adds what a client saw.
    pub fn record(&mut self, submission: Submission) {
        self.submissions.push(submission);
    }

    /// Adds what another client saw.
    pub fn merge(&mut self, other: Self) {
        self.submissions.extend(other.submissions);
    }

    /// Number of submissions.
    pub fn len(&self) -> usize {
        self.submissions.len()
    }

    /// True before the first submission.
    pub fn is_empty(&self) -> bool {
        self.submissions.is_empty()
    }

    /// Compares with the final databases. Empty when all is well; sorted otherwise.
    pub fn check(&self, stored: &[Stored]) -> Vec<Violation> {
        let mut violations = BTreeSet::new();
        let mut by_key: BTreeMap<&str, Vec<&Stored>> = BTreeMap::new();
        for case in stored {
            by_key.entry(&case.key).or_default().push(case);
        }
        let mut attempts: BTreeMap<&str, Vec<&Submission>> = BTreeMap::new();
        for submission in &self.submissions {
            attempts.entry(&submission.key).or_default().push(submission);
        }
        for (key, attempts) in &attempts {
            let cases = by_key.get(key).map_or(&[][..], Vec::as_slice);
            check_key(key, attempts, cases, &mut violations);
        }
        let never_submitted = stored.iter().filter(|case| !attempts.contains_key(case.key.as_str()));
        violations.extend(never_submitted.map(|case| Violation::Unasked { case: case.case.clone() }));
        violations.into_iter().collect()
    }
}

fn check_key(key: &str, attempts: &[&Submission], cases: &[&Stored], violations: &mut BTreeSet<Violation>) {
    let mut promised = BTreeSet::new();
    for attempt in attempts {
        let Answer::Ok(case) = &attempt.answer else {
            continue;
        };
        promised.insert(case);
        match cases.iter().find(|stored| stored.case == *case) {
            None => drop(violations.insert(Violation::Lost { key: key.to_owned(), case: case.clone() })),
            Some(stored) if stored.content != attempt.content => {
                violations.insert(Violation::OtherContent { case: case.clone() });
            }
            Some(_) => {}
        }
    }
    if promised.len() > 1 {
        violations.insert(Violation::OtherCase { key: key.to_owned() });
    }
    if cases.len() > 1 {
        violations.insert(Violation::Twice { key: key.to_owned() });
    }
    for stored in cases {
        let may = |attempt: &&&Submission| attempt.answer != Answer::Refused && attempt.content == stored.content;
        if !attempts.iter().any(|attempt| may(&attempt)) && !promised.contains(&stored.case) {
            violations.insert(Violation::Unasked { case: stored.case.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submitted(key: &str, content: u64, answer: Answer) -> Submission {
        Submission { key: key.to_owned(), content, answer }
    }

    fn stored(case: &str, key: &str, content: u64) -> Stored {
        Stored { case: case.to_owned(), key: key.to_owned(), content }
    }

    fn check(submissions: &[Submission], stored: &[Stored]) -> Vec<Violation> {
        History { submissions: submissions.to_vec() }.check(stored)
    }

    fn ok(case: &str) -> Answer {
        Answer::Ok(case.to_owned())
    }

    #[test]
    fn a_doubtful_submission_may_be_stored_or_not() {
        let doubtful = [submitted("k", 1, Answer::Indeterminate)];
        assert_eq!(check(&doubtful, &[]), []);
        assert_eq!(check(&doubtful, &[stored("a", "k", 1)]), []);
    }

    #[test]
    fn an_accepted_submission_that_is_missing_is_lost() {
        let lost = Violation::Lost { key: "k".into(), case: "a".into() };
        assert_eq!(check(&[submitted("k", 1, ok("a"))], &[]), [lost]);
    }

    #[test]
    fn a_retry_that_made_a_second_case_is_found() {
        let attempts = [submitted("k", 1, Answer::Indeterminate), submitted("k", 1, ok("b"))];
        let twice = Violation::Twice { key: "k".into() };
        assert_eq!(check(&attempts, &[stored("a", "k", 1), stored("b", "k", 1)]), [twice]);
        assert_eq!(check(&attempts, &[stored("b", "k", 1)]), []);
    }

    #[test]
    fn another_content_or_another_case_for_one_key_is_found() {
        let other = Violation::OtherContent { case: "a".into() };
        assert_eq!(check(&[submitted("k", 1, ok("a"))], &[stored("a", "k", 2)]), [other]);
        let attempts = [submitted("k", 1, ok("a")), submitted("k", 1, ok("b"))];
        let found = check(&attempts, &[stored("a", "k", 1), stored("b", "k", 1)]);
        assert!(found.contains(&Violation::OtherCase { key: "k".into() }), "{found:?}");
    }

    #[test]
    fn a_case_nobody_asked_for_or_that_was_refused_is_found() {
        let unasked = Violation::Unasked { case: "a".into() };
        let nobody = check(&[], &[stored("a", "k", 1)]);
        assert_eq!(nobody, std::slice::from_ref(&unasked));
        assert_eq!(check(&[submitted("k", 1, Answer::Refused)], &[stored("a", "k", 1)]), [unasked]);
    }
}
