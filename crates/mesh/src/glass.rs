//! One case opened to an operator by two people (应急查看): a ticket that one asked for, a token when another agreed. Both are signed with the
//! cluster's key, so every process knows them and nothing is stored but the record that they were given.

use crate::error::{Code, Fault};
use crate::identity::{Bearer, TokenKey, agreed, asked, read_asked};
use civic::{Actor, CaseId, Clock, Micros};
use std::sync::Arc;
use std::time::Duration;

/// Subjects of such tokens begin so: then the case, and the operator's own subject.
pub const GLASS_SUBJECT: &str = "glass/";

/// In which somebody must agree.
const ASKED_FOR: Duration = Duration::from_secs(30 * 60);

/// The case that an actor was shown by two people; `None` for everybody else.
#[must_use]
pub fn opened_to(actor: &Actor) -> Option<CaseId> {
    let (case, _) = actor.subject.strip_prefix(GLASS_SUBJECT)?.split_once('/')?;
    case.parse().ok()
}

/// Gives tickets and tokens.
#[derive(Clone)]
pub struct Glass {
    key: TokenKey,
    clock: Arc<dyn Clock>,
}

/// A ticket that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    operator: Actor,
    /// The case that is asked for.
    pub case: CaseId,
    at: Micros,
}

impl Asked {
    /// Whoever asked: nobody agrees to what they asked for.
    #[must_use]
    pub fn is_by(&self, subject: &str) -> bool {
        let rest = self.operator.subject.strip_prefix(GLASS_SUBJECT).and_then(|rest| rest.split_once('/'));
        rest.is_some_and(|(_, operator)| operator == subject)
    }
}

impl Glass {
    /// With the cluster's key and the clock that its services check tokens against.
    #[must_use]
    pub fn new(key: TokenKey, clock: Arc<dyn Clock>) -> Self {
        Self { key, clock }
    }

    /// A ticket for one case, and when it ends. It is no token: no process believes it.
    #[must_use]
    pub fn ask(&self, operator: &Actor, case: CaseId) -> (String, Micros) {
        let subject = format!("{GLASS_SUBJECT}{case}/{}", operator.subject);
        let (operator, now) = (Actor { subject, ..operator.clone() }, self.clock.now());
        (asked(&self.key, &operator, now, ASKED_FOR), now + micros(ASKED_FOR))
    }

    /// What a ticket asks for.
    ///
    /// # Errors
    /// TICKET_INVALID: it is none of this cluster, was changed, or is over.
    pub fn asked(&self, ticket: &str) -> Result<Asked, Fault> {
        let invalid = |_| Fault::new(Code::Invalid, "TICKET_INVALID", "the ticket is none of this cluster, or is over");
        let Bearer { actor, until } = read_asked(&self.key, ticket, self.clock.now()).map_err(invalid)?;
        let case = opened_to(&actor).ok_or(()).map_err(|()| invalid(Fault::token_invalid()))?;
        Ok(Asked { operator: actor, case, at: until + -micros(ASKED_FOR) })
    }

    /// The token that shows the case, and when it ends: so long after the asking, however often it is agreed to.
    #[must_use]
    pub fn agree(&self, asked: &Asked, hours: u8) -> (String, Micros) {
        let until = asked.at + i64::from(hours) * 3600 * Micros::SECOND;
        let left = u64::try_from(until.0 - self.clock.now().0).unwrap_or_default();
        (agreed(&self.key, &asked.operator, self.clock.now(), Duration::from_micros(left)), until)
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
