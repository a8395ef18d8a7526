//! What every kind of case beside the work orders shares: a command as somebody asked for it, and a page of a list.

use casebook::{Ask, Case, Done, Filter, Found, Page, Scope};
use civic::CaseId;

use super::{App, Asking, Desk};
use crate::domain::refusal::Refusal;
use crate::domain::work_order::Facts;
use crate::error::Error;

/// A command as somebody asked for it, its texts sealed.
#[derive(Debug, Clone, PartialEq)]
pub struct Acting<T> {
    pub id: CaseId,
    pub rpc: &'static str,
    pub request_id: String,
    /// The encoded request without its id: the same id with another body is another request.
    pub body: Vec<u8>,
    pub command: T,
}

/// Which page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paging {
    pub size: usize,
    pub token: String,
}

impl App {
    /// An id that nobody has had.
    pub(crate) fn fresh(&self, desk: &Desk) -> CaseId {
        CaseId::new(desk.now, &*self.rng)
    }

    /// Takes a command of a person, once per request id.
    ///
    /// # Errors
    /// The rules', the store's.
    pub(crate) async fn act<C>(
        &self,
        asking: &Asking,
        desk: &Desk,
        scope: Scope,
        acting: Acting<C::Command>,
    ) -> Result<Done<C>, Error>
    where
        C: Case<Facts = Facts, Refusal = Refusal>,
    {
        self.act_at(asking, desk, scope, (None, acting)).await
    }

    /// The same, while the case is at the version that the caller or we have looked at.
    ///
    /// # Errors
    /// The case has moved on; the rules', the store's.
    pub(crate) async fn act_at<C>(
        &self,
        asking: &Asking,
        desk: &Desk,
        scope: Scope,
        (etag, acting): (Option<i64>, Acting<C::Command>),
    ) -> Result<Done<C>, Error>
    where
        C: Case<Facts = Facts, Refusal = Refusal>,
    {
        let Acting { id, rpc, request_id, body, command } = acting;
        let request = self.cases.request_key(&asking.caller(), rpc, &request_id, &body);
        let ask = Ask::<C>::new(id, command, desk.facts(self.author(asking)))
            .with_scope(scope)
            .with_etag(etag)
            .with_request(request)
            .with_traceparent(asking.traceparent.clone());
        Ok(self.cases.execute(ask).await?)
    }

    /// A page of the cases in a scope, oldest first, and the token of the next if there is more.
    ///
    /// # Errors
    /// A page token of another list, the store's.
    pub(crate) async fn page<C: Case>(
        &self,
        asking: &Asking,
        scope: &Scope,
        filter: &Filter,
        paging: &Paging,
    ) -> Result<(Vec<Found<C>>, String), Error> {
        let binding = format!("{} {} {scope:?} {filter:?}", C::KIND, asking.caller());
        let tokens = self.cases.page_tokens();
        let after = match paging.token.as_str() {
            "" => None,
            token => Some(tokens.open(&binding, token).map_err(|_| Error::PageToken)?),
        };
        let mut found = self.cases.list::<C>(scope, filter, &Page { size: paging.size, after }).await?;
        let more = found.len() > paging.size;
        found.truncate(paging.size);
        let next = found.last().filter(|_| more).map(|last| tokens.seal(&binding, last.id)).unwrap_or_default();
        Ok((found, next))
    }
}
