//! All cases that a list would show, a page at a time: for what runs over them in the background.

use crate::{
    book::{Casebook, Found},
    case::Case,
    error::StoreError,
    scope::{Filter, Page, Scope},
};
use std::marker::PhantomData;

/// A walk through a list, in the order of ids: what was there when it began and still matches when its page is read comes once, and
/// nothing is locked meanwhile.
pub struct Walk<'a, C> {
    cases: &'a Casebook,
    scope: Scope,
    filter: Filter,
    page: Page,
    over: bool,
    kind: PhantomData<fn() -> C>,
}

impl Casebook {
    /// Begins a walk through what [`Casebook::list`] would list, `size` cases at a time.
    pub const fn walk<C: Case>(&self, scope: Scope, filter: Filter, size: usize) -> Walk<'_, C> {
        let page = Page { size, after: None };
        Walk { cases: self, scope, filter, page, over: false, kind: PhantomData }
    }
}

impl<C: Case> Walk<'_, C> {
    /// The next page, `None` after the last. After an error the same page is read again.
    pub async fn next(&mut self) -> Result<Option<Vec<Found<C>>>, StoreError> {
        if self.over {
            return Ok(None);
        }
        let mut found = self.cases.list::<C>(&self.scope, &self.filter, &self.page).await?;
        self.over = found.len() <= self.page.size;
        found.truncate(self.page.size);
        self.page.after = found.last().map(|last| last.id);
        Ok(Some(found))
    }
}
