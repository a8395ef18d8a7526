//! Call-and-response warnings: issued, spread a page at a time, answered place by place.

use casebook::{Ask, Done, DueTimer, Found, PlaceColumn, Scope, StoreError};
use civic::{CaseId, Private, Role};

use super::emergencies::PageOf;
use super::timing::fired;
use super::{App, Asking, Desk, Listing, PERSON};
use crate::domain::authority;
use crate::domain::warning::place::{self, Calling, WarningPlace};
use crate::domain::warning::{self, Facts, Issue, Recipient, Terms, Warning, recipients};
use crate::domain::work_order::Author;
use crate::error::Error;

/// Places opened at once: they share a transaction, and others get their turn between two pages.
const PAGE: usize = 256;

/// A warning as somebody asked for it, its text still plain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warned {
    pub request: Request,
    pub kind: String,
    pub text: String,
    pub places: Vec<civic::DivisionCode>,
    pub terms: Terms,
}

/// Identity of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub rpc: &'static str,
    pub id: String,
    /// The encoded request without its id.
    pub body: Vec<u8>,
}

/// The end of a warning as somebody asked for it, the reason still plain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifting {
    pub warning: CaseId,
    pub request: Request,
    pub etag: Option<i64>,
    pub reason: String,
}

/// What a place says, its text still plain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    Acknowledge,
    Answer { result: String, reached: u32, unreached: u32 },
}

impl App {
    /// Issues a warning, once per request id. Its places are called from then on, in the background.
    ///
    /// # Errors
    /// The rules', the store's.
    pub async fn issue(&self, asking: &Asking, desk: &Desk, warned: Warned) -> Result<Done<Warning>, Error> {
        let Warned { request, kind, text, places, terms } = warned;
        let key = self.cases.request_key(&asking.caller(), request.rpc, &request.id, &request.body);
        let id = self.fresh(desk);
        let home = authority::home(&asking.actor, &desk.view).and_then(|home| desk.view.place(&home));
        let issuer = home.ok_or(warning::Refusal::Role)?;
        let total = recipients(&desk.view, &issuer.code, &places).len();
        let issue = Issue {
            text: self.cases.sealer().seal(id, &text),
            total: u32::try_from(total).unwrap_or(u32::MAX),
            tree_version: desk.view.version().to_owned(),
            owner: self.cases.cluster().to_owned(),
            kind,
            issuer,
            places,
            terms,
        };
        let command = warning::Command::Issue(Box::new(issue));
        let ask = Ask::<Warning>::new(id, command, self.warning_facts(asking, desk, true)).with_request(key);
        Ok(self.cases.execute(ask.with_traceparent(asking.traceparent.clone())).await?)
    }

    /// Ends a warning before its time, once per request id.
    ///
    /// # Errors
    /// The rules', the store's.
    pub async fn lift(&self, asking: &Asking, desk: &Desk, lifting: Lifting) -> Result<Done<Warning>, Error> {
        let Lifting { warning: id, request, etag, reason } = lifting;
        let found = self.warning(asking, desk, id).await?;
        let key = self.cases.request_key(&asking.caller(), request.rpc, &request.id, &request.body);
        let command = warning::Command::Lift { reason: self.cases.sealer().seal(id, &reason) };
        let facts = self.warning_facts(asking, desk, found.state.is_in_force());
        let ask = Ask::<Warning>::new(id, command, facts).with_etag(etag).with_request(key);
        Ok(self.cases.execute(ask.with_traceparent(asking.traceparent.clone())).await?)
    }

    /// One warning: the caller's scope shows it, or it concerns the place that the caller works for. Whose role may know of no order is told
    /// of no warning either, and nor is a machine.
    ///
    /// # Errors
    /// Not found, the store's.
    pub async fn warning(&self, asking: &Asking, desk: &Desk, id: CaseId) -> Result<Found<Warning>, Error> {
        let found = self.cases.get::<Warning>(&Scope::All, id).await?;
        let scope = desk.scope_of(&asking.actor);
        let home = asking.actor.place().and_then(|own| desk.view.standing(&own));
        let hears = !matches!(scope, Scope::Nothing | Scope::Sender(_));
        let concerned = hears && home.is_some_and(|home| found.state.concerns(&home, &desk.view));
        if concerned || scope.admits(id, &casebook::Case::index(&found.state)) {
            Ok(found)
        } else {
            Err(Error::NOT_FOUND)
        }
    }

    /// Warnings issued in the caller's places, oldest first, and the token of the next page.
    ///
    /// # Errors
    /// A page token of another list, the store's.
    pub async fn warnings(&self, asking: &Asking, desk: &Desk, listing: &Listing) -> Result<PageOf<Warning>, Error> {
        let scope = desk.scope_of(&asking.actor);
        self.page(asking, &scope, &listing.filter, &listing.paging()).await
    }

    /// Places of a warning that the caller may know of, by level and code.
    ///
    /// # Errors
    /// Not found, a page token of another list, the store's.
    pub async fn warning_places(
        &self,
        asking: &Asking,
        desk: &Desk,
        listing: &Listing,
    ) -> Result<PageOf<WarningPlace>, Error> {
        if let Some(parent) = listing.filter.parent {
            self.warning(asking, desk, parent).await?;
        }
        let scope = desk.scope_of_warnings(asking);
        self.page(asking, &scope, &listing.filter, &listing.paging()).await
    }

    /// A place's word, once per request id.
    ///
    /// # Errors
    /// The rules', the store's.
    pub async fn answer_warning(
        &self,
        asking: &Asking,
        desk: &Desk,
        (parent, recipient): (CaseId, &Recipient),
        (request, word): (Request, Word),
    ) -> Result<Done<WarningPlace>, Error> {
        let warning = self.warning(asking, desk, parent).await?;
        let id = recipient.id(parent);
        let command = match word {
            Word::Acknowledge => place::Command::Acknowledge,
            Word::Answer { result, reached, unreached } => {
                let result: Private<String> = self.cases.sealer().seal(id, &result);
                place::Command::Answer { result, reached, unreached }
            }
        };
        let key = self.cases.request_key(&asking.caller(), request.rpc, &request.id, &request.body);
        let facts = self.warning_facts(asking, desk, warning.state.is_in_force());
        let ask = Ask::<WarningPlace>::new(id, command, facts)
            .with_scope(desk.scope_of_warnings(asking))
            .with_request(key)
            .with_traceparent(asking.traceparent.clone());
        Ok(self.cases.execute(ask).await?)
    }

    fn warning_facts(&self, asking: &Asking, desk: &Desk, in_force: bool) -> Facts {
        let reference = self.cases.keyed_hash(PERSON, &[asking.actor.subject.as_bytes()]);
        desk.facts_of_warnings(Author::Person { actor: asking.actor.clone(), reference }, in_force)
    }

    /// A warning's timers: the next page of places, or its end.
    pub(super) async fn fire_warning(&self, timer: DueTimer) -> Result<(), StoreError> {
        let desk = self.desk();
        let command = if timer.name == warning::SPREAD {
            let found = match self.cases.get::<Warning>(&Scope::All, timer.case).await {
                Ok(found) if found.state.is_in_force() => found,
                Ok(_) | Err(StoreError::NotFound) => return Ok(()),
                Err(error) => return Err(error),
            };
            warning::Command::Spread { upto: self.call_page(&desk, &found).await? }
        } else {
            warning::Command::Expire
        };
        let ask = Ask::<Warning>::new(timer.case, command, desk.facts_of_warnings(Author::Timer, true));
        fired(self.cases.execute(ask.with_timer(timer)).await)
    }

    /// Calls the next places, and says up to which. Cut off in the middle it is done again: who was called is found called.
    async fn call_page(&self, desk: &Desk, warning: &Found<Warning>) -> Result<u32, StoreError> {
        let view = self.tree.on(warning.state.opened.local_date());
        let all = recipients(&view, &warning.state.issuer.code, &warning.state.places);
        let from = usize::try_from(warning.state.spread).unwrap_or(usize::MAX);
        let page: Vec<&Recipient> = all.iter().skip(from).take(PAGE).collect();
        let upto = u32::try_from(from + page.len()).unwrap_or(u32::MAX);
        let calls = page.into_iter().filter_map(|recipient| {
            let calling = Calling {
                warning: warning.id,
                place: view.place(&recipient.code)?,
                above: recipient.above(&view),
                recipient: recipient.clone(),
                terms: warning.state.terms,
            };
            let command = place::Command::Call(Box::new(calling));
            let facts = desk.facts_of_warnings(Author::Timer, true);
            Some(self.cases.execute(Ask::<WarningPlace>::new(recipient.id(warning.id), command, facts)))
        });
        for called in futures_util::future::join_all(calls).await {
            // Another owner's is called there; the rules refuse no call.
            if let Err(casebook::Error::Store(error)) = called {
                return Err(error);
            }
        }
        Ok(if upto == warning.state.spread { warning.state.total } else { upto })
    }

    /// A place is called again, or the level above is told.
    pub(super) async fn fire_place(&self, timer: DueTimer) -> Result<(), StoreError> {
        let place = match self.cases.get::<WarningPlace>(&Scope::All, timer.case).await {
            Ok(found) => found.state,
            Err(StoreError::NotFound) => return Ok(()),
            Err(error) => return Err(error),
        };
        let in_force = match self.cases.get::<Warning>(&Scope::All, place.warning).await {
            Ok(warning) => warning.state.is_in_force(),
            Err(StoreError::NotFound) => false,
            Err(error) => return Err(error),
        };
        let facts = self.desk().facts_of_warnings(Author::Timer, in_force);
        fired(
            self.cases
                .execute(Ask::<WarningPlace>::new(timer.case, place::Command::Fire, facts).with_timer(timer))
                .await,
        )
    }
}

impl Desk {
    fn facts_of_warnings(&self, author: Author, in_force: bool) -> Facts {
        Facts { now: self.now, author, view: self.view.clone(), in_force }
    }

    /// As for orders; a grid worker, whose orders are the unit's, is called for the households of the whole village.
    pub(crate) fn scope_of_warnings(&self, asking: &Asking) -> Scope {
        let actor = &asking.actor;
        let walks = matches!(actor.role, Role::GridWorker | Role::GridLeader);
        match authority::village_of(actor, &self.view).filter(|_| walks) {
            Some(village) => Scope::Place(PlaceColumn::Village, village.to_string()),
            None => self.scope_of(actor),
        }
    }
}
