//! What persons decided about the category of reports, as sentences to learn from. They are private texts: whoever calls this learns from
//! them in memory, and nothing but the model is written.

use crate::domain::classifier::sentences::Sentence;
use crate::domain::report::Report;
use casebook::{Casebook, Filter, Scope, StoreError};
use civic::taxonomy::Taxonomy;

/// Reports read at once.
const PAGE: usize = 500;
/// What is open, what is done, what has ended.
const LISTED: [Option<i64>; 3] = [None, Some(Report::DONE), Some(Report::ENDED)];
/// Who else says what a report is about. None of them is learnt from: a model that learns from itself grows sure of its faults, and a
/// channel's codes are another system's habit.
const NO_PERSON: [&str; 4] = ["", "channel", "keywords", "model"];

/// Of all reports whose category a person gave, by that category. What was erased or cannot be read is left out, and so is a category
/// that the taxonomy does not know any more.
///
/// # Errors
/// The store's.
pub async fn rulings(cases: &Casebook, taxonomy: &Taxonomy) -> Result<Vec<Sentence>, StoreError> {
    let mut sentences = Vec::new();
    for state in LISTED {
        let filter = Filter { state, ..Filter::default() };
        let mut walk = cases.walk::<Report>(Scope::All, filter, PAGE);
        while let Some(page) = walk.next().await? {
            for found in page {
                let found = match found {
                    Ok(found) => found,
                    Err(error @ StoreError::Corrupt { .. }) => {
                        tracing::warn!(%error, "intake.rulings.report_unreadable");
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                let head = found.state.head;
                let ruled =
                    !NO_PERSON.contains(&head.category.by.as_str()) && taxonomy.get(&head.category.code).is_some();
                if !ruled || head.erased {
                    continue;
                }
                match cases.sealer().open(found.id, &head.text) {
                    Ok(text) => sentences.push(Sentence { code: head.category.code, text: one_line(&text) }),
                    Err(error) => tracing::warn!(report = %found.id, %error, "intake.rulings.text_not_opened"),
                }
            }
        }
    }
    Ok(sentences)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
