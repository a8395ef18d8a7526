//! What is done with a report after it was filed: by its reporter, who shows the secret, or by staff inside their scope.

use super::{App, Asking, Desk, Secret};
use crate::domain::Line;
use crate::domain::authority::{LOOK_ALONE, Verb};
use crate::domain::ground::Ground;
use crate::domain::report::{
    Addition, Agreeing, Attachment, Check, Command, Erasure, ErasureGround, Facts, LookPurpose, Refusing, Report,
    Signed, Unmask, Urge,
};
use crate::error::Error;
use casebook::{Ask, Done, Scope};
use civic::CaseId;

/// One act, checked, its text still plain.
pub struct Act {
    pub id: CaseId,
    pub request_id: String,
    pub etag: Option<i64>,
    /// Set: the reporter acts. Otherwise staff.
    pub secret: Option<Secret>,
    pub note: Option<String>,
    pub deed: Deed,
    /// The encoded request without its id.
    pub body: Vec<u8>,
}

/// What is done. The note of a supplement is its text.
pub enum Deed {
    Supplement(Vec<Attachment>),
    Urge,
    Withdraw,
    Refuse(Ground),
    Transfer(Line),
    Check { confirmed: bool },
    Unmask(LookPurpose),
    Agree(LookPurpose),
    Erase(ErasureGround),
}

impl Deed {
    const fn verb(&self) -> Verb {
        match self {
            Self::Supplement(_) => Verb::Supplement,
            Self::Urge => Verb::Urge,
            Self::Withdraw => Verb::Withdraw,
            Self::Refuse(_) => Verb::Refuse,
            Self::Transfer(_) => Verb::Transfer,
            Self::Check { .. } => Verb::Check,
            Self::Unmask(_) => Verb::Unmask,
            Self::Agree(_) => Verb::Agree,
            Self::Erase(_) => Verb::Erase,
        }
    }

    const fn rpc(&self) -> &'static str {
        match self {
            Self::Supplement(_) => "SupplementReport",
            Self::Urge => "UrgeReport",
            Self::Withdraw => "WithdrawReport",
            Self::Refuse(_) => "RefuseReport",
            Self::Transfer(_) => "TransferReport",
            Self::Check { .. } => "CheckReport",
            Self::Unmask(_) => "UnmaskReporter",
            Self::Agree(_) => "AgreeToLook",
            Self::Erase(_) => "EraseReporter",
        }
    }
}

impl App {
    /// Takes the act, once per request id.
    pub async fn act(&self, asking: &Asking, desk: &Desk, act: Act) -> Result<Done<Report>, Error> {
        let Act { id, request_id, etag, secret, note, deed, body } = act;
        let (scope, by, requester) = match secret {
            Some(secret) => {
                self.claimed_by_name(asking, desk, id, &secret).await?;
                (Scope::Case(id), "citizen/".to_owned(), format!("reports/{id}"))
            }
            None => {
                let scope = self.scope_for(asking, desk, deed.verb())?;
                if matches!(deed, Deed::Unmask(_) | Deed::Agree(_)) {
                    self.must_read(asking, desk, &scope, id).await?;
                }
                (scope, asking.reference(), self.requester(asking, &request_id))
            }
        };
        let request = self.cases.request_key(&requester, deed.rpc(), &request_id, &body);
        let signed = Signed { by, note: note.map(|note| self.cases.sealer().seal(id, &note)) };
        let ask = Ask::<Report>::new(id, self.command(asking, desk, id, signed, deed), Facts { now: desk.now })
            .with_scope(scope)
            .with_etag(etag)
            .with_request(request)
            .with_traceparent(asking.traceparent.clone());
        let done = self.cases.execute(ask).await?;
        // An answer that did not stand is a matter like any other, and may be found as a duplicate.
        if done.state.head.answer.is_some() && !done.state.head.erased {
            self.lay_sealed(id, &done.state);
        }
        Ok(done)
    }

    /// Whoever may not read a report is not shown who reported either.
    async fn must_read(&self, asking: &Asking, desk: &Desk, scope: &Scope, id: CaseId) -> Result<(), Error> {
        let found = self.cases.get::<Report>(scope, id).await?;
        if desk.lets_read(asking, &found.state) { Ok(()) } else { Err(Error::ContentWithheld) }
    }

    fn command(&self, asking: &Asking, desk: &Desk, id: CaseId, signed: Signed, deed: Deed) -> Command {
        let limits = &desk.catalog.limits;
        match deed {
            Deed::Supplement(attachments) => {
                let Signed { by, note: text } = signed;
                Command::Supplement(Addition { by, text, attachments, most: limits.supplements })
            }
            Deed::Urge => Command::Urge(Urge { signed, most_a_day: limits.urges_a_day }),
            Deed::Withdraw => Command::Withdraw(signed),
            Deed::Refuse(ground) => Command::Refuse(Refusing { signed, ground }),
            Deed::Transfer(to) => Command::Transfer { to, signed },
            Deed::Check { confirmed } => {
                Command::Check(Check { signed, confirmed, person: self.person(id, asking.caller.subject()) })
            }
            Deed::Unmask(purpose) => {
                let alone = desk.policies.may(&asking.caller, LOOK_ALONE);
                Command::Unmask(Unmask { signed, purpose, alone, person: self.person(id, asking.caller.subject()) })
            }
            Deed::Agree(purpose) => {
                Command::Agree(Agreeing { signed, purpose, person: self.person(id, asking.caller.subject()) })
            }
            Deed::Erase(ground) => Command::Erase(Erasure { by: signed.by, ground }),
        }
    }

    /// Tells the persons of one report apart. Salted by the report, so that nobody's reports can be put together by it.
    pub(super) fn person(&self, id: CaseId, subject: &str) -> [u8; 16] {
        self.cases.keyed_hash("intake.person", &[id.as_bytes(), subject.as_bytes()])
    }

    /// Whether what was resolved on the spot is drawn for a check. By a keyed hash of the id: the same again for the same report, and
    /// nobody who files can foresee it.
    pub(super) fn is_drawn(&self, id: CaseId, percent: u8) -> bool {
        let hash = self.cases.keyed_hash("intake.spot check", &[id.as_bytes()]);
        let (head, _) = hash.split_first_chunk().expect("sixteen bytes hold eight");
        u64::from_le_bytes(*head) % 100 < u64::from(percent)
    }
}
