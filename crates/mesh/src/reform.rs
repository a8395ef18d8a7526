//! Reforms of the divisions. A case keeps the place it was opened for; in which district that place lies follows the tree.
//!
//! Lists and scopes ask the district's column, so after a reform the open cases of the districts that lost a place are written anew,
//! each by a command of its service. Those that are over keep the column of their day.

use casebook::{Ask, Case, Casebook, Error, Filter, Found, PlaceColumn, Scope};
use civic::{DivisionCode, Place, View};
use std::{collections::BTreeSet, fmt::Display, future::Future, time::Duration};

/// Open cases read at once.
const PAGE: usize = 200;
/// A reform comes into force at midnight; nobody waits for it by the minute.
const LOOK: Duration = Duration::from_secs(3600);
/// After a failure; doubled as long as there is one.
const AGAIN: Duration = Duration::from_secs(60);

/// Calls `follow` at the beginning and whenever the tree is of another version than it last followed, until `stop`.
pub async fn keep_places<F, E>(
    service: &'static str,
    version: impl Fn() -> String + Send,
    follow: impl Fn() -> F + Send,
    stop: impl Future<Output = ()> + Send,
) where
    F: Future<Output = Result<usize, E>> + Send,
    E: Display + Send,
{
    let mut stop = std::pin::pin!(stop);
    let (mut followed, mut again) = (String::new(), AGAIN);
    loop {
        let tree = version();
        let mut wait = LOOK;
        if tree != followed {
            match follow().await {
                Ok(moved) => {
                    tracing::info!(service, moved, tree, "mesh.places.followed");
                    (followed, again) = (tree, AGAIN);
                }
                Err(error) => {
                    tracing::warn!(service, %error, "mesh.places.not_followed");
                    (wait, again) = (again, LOOK.min(2 * again));
                }
            }
        }
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Puts the open cases of districts that lost a place where `view` has them, each by what `command` asks; says how many that moved. Done
/// again it moves none.
///
/// Each goes with the version that was read, so a step taken meanwhile stays. A case that could not be moved keeps no other from it: all
/// are tried, and the first error is told at the end, for the next look to try again.
pub async fn follow_reforms<C: Case>(
    cases: &Casebook,
    view: &View,
    lost_a_place: &BTreeSet<DivisionCode>,
    place_of: impl Fn(&C) -> &Place + Send + Sync,
    command: impl Fn(&Found<C>, Place) -> Ask<C> + Send + Sync,
) -> Result<usize, Error<C::Refusal>> {
    let (mut moved, mut failed) = (0, Ok(()));
    for district in lost_a_place {
        let filter = Filter { place: Some((PlaceColumn::District, district.to_string())), ..Filter::default() };
        let mut walk = cases.walk::<C>(Scope::All, filter, PAGE);
        while let Some(page) = walk.next().await? {
            for found in page {
                let found = match found {
                    Ok(found) => found,
                    Err(error) => {
                        failed = failed.and(Err(error.into()));
                        continue;
                    }
                };
                let stands = place_of(&found.state);
                let Some(place) = view.place(&stands.code).filter(|place| place != stands) else { continue };
                match cases.execute(command(&found, place).with_etag(Some(found.version))).await {
                    Ok(done) => moved += usize::from(done.version > found.version),
                    // Another cluster's by now.
                    Err(Error::NotOwner { .. }) => {}
                    Err(error) => failed = failed.and(Err(error)),
                }
            }
        }
    }
    failed.map(|()| moved)
}
