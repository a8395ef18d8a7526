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
    /// The next page, `None` after the last: a case that cannot be read keeps nobody from those behind it. After an error of the page
    /// the same page is read again.
    pub async fn next(&mut self) -> Result<Option<Vec<Result<Found<C>, StoreError>>>, StoreError> {
        if self.over {
            return Ok(None);
        }
        let mut rows = self.cases.rows::<C>(&self.scope, &self.filter, &self.page).await?;
        self.over = rows.len() <= self.page.size;
        rows.truncate(self.page.size);
        self.page.after = rows.last().map(|last| last.id);
        let mut page = Vec::with_capacity(rows.len());
        for row in rows {
            page.push(self.cases.decoded(row).await);
        }
        Ok(Some(page))
    }
}
