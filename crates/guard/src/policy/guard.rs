//! The policies in force.

use super::record::Record;
use super::rules::{PolicyError, Rules};
use super::world::Who;
use casebook::Casebook;
use civic::{Actor, Clock, Role};
use futures_util::future::{BoxFuture, FutureExt};
use mesh::{Caller, Concern, Matter, Policies, Reach, SERVICE_SUBJECT, opened_to};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Mutex;

/// How often an operator's folder is looked at.
const LOOK: Duration = Duration::from_secs(5);

/// Answers from policies, and puts others in force when an operator's files change. A caller's role, whether the caller is a head and
/// acts for a unit is all that an answer depends on, so each is asked of Cedar once.
pub struct Guard {
    folder: Option<PathBuf>,
    inner: RwLock<Arc<InForce>>,
    /// Digest of the files that were looked at last.
    looked: Mutex<String>,
    /// Known once the services are open.
    record: OnceLock<Record>,
}

struct InForce {
    rules: Rules,
    may: RwLock<HashMap<Who, HashMap<String, bool>>>,
    meets: HashMap<Role, bool>,
    reads: HashMap<(Role, Concern), bool>,
}

impl InForce {
    fn of(rules: Rules) -> Result<Self, PolicyError> {
        let meets = Role::all().iter().map(|role| Ok((*role, rules.meets(*role)?)));
        let meets = meets.collect::<Result<_, PolicyError>>()?;
        let reads = every_concern().map(|(role, concern)| Ok(((role, concern), rules.reads(role, concern)?)));
        let reads = reads.collect::<Result<_, PolicyError>>()?;
        Ok(Self { rules, may: RwLock::default(), meets, reads })
    }

    fn may(&self, who: Who, act: &str) -> bool {
        let remembered = |asked: &HashMap<Who, HashMap<String, bool>>| asked.get(&who)?.get(act).copied();
        if let Some(may) = remembered(&self.may.read().unwrap_or_else(PoisonError::into_inner)) {
            return may;
        }
        // An action that the schema does not know is nobody's.
        let may = self.rules.may(who, act).unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, act, "guard.policy.not_asked");
            false
        });
        let mut asked = self.may.write().unwrap_or_else(PoisonError::into_inner);
        asked.entry(who).or_default().insert(act.to_owned(), may);
        may
    }
}

/// Each role before each way in which a matter can concern it.
fn every_concern() -> impl Iterator<Item = (Role, Concern)> {
    let ways = [(false, false), (false, true), (true, false), (true, true)];
    let ways = ways.map(|(below, brought)| Concern { below, brought });
    Role::all().iter().flat_map(move |role| ways.map(|concern| (*role, concern)))
}

impl Guard {
    /// Reads and checks the operator's policies, or takes the built-in ones.
    ///
    /// # Errors
    /// Whatever is wrong with them.
    pub fn open(folder: Option<&Path>) -> Result<Self, PolicyError> {
        let rules = folder.map_or_else(Rules::built_in, Rules::read)?;
        let (looked, inner) =
            (Mutex::new(folder.map(digest_of).unwrap_or_default()), RwLock::new(Arc::new(InForce::of(rules)?)));
        Ok(Self { folder: folder.map(Path::to_owned), inner, looked, record: OnceLock::new() })
    }

    /// From now on what is refused stands in the journals of these, and so does every change of the policies.
    pub fn record_in(&self, books: &[Casebook], clock: Arc<dyn Clock>) {
        let _ = self.record.set(Record::new(books, clock));
    }

    /// Looks for changed files until the end. Policies that are wrong are told and not put in force: the ones before stay.
    pub async fn follow(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(LOOK) => self.look().await,
            }
        }
    }

    /// Puts the operator's policies in force when their files have changed.
    pub async fn look(&self) {
        let Some(folder) = &self.folder else { return };
        let changed = digest_of(folder);
        // Wrong ones are told once for each change, not every five seconds.
        let mut looked = self.looked.lock().await;
        if changed == *looked {
            return;
        }
        looked.clone_from(&changed);
        let read = Rules::read(folder).and_then(InForce::of);
        match read {
            Ok(inner) => {
                self.tell("policy.replaced", changed, String::new()).await;
                *self.inner.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(inner);
                metrics::gauge!("guard_policies_refused").set(0);
                tracing::info!("guard.policy.replaced");
            }
            Err(error) => {
                self.tell("policy.broken", changed, error.to_string()).await;
                metrics::gauge!("guard_policies_refused").set(1);
                tracing::error!(error = &error as &dyn std::error::Error, "guard.policy.refused");
            }
        }
    }

    async fn tell(&self, action: &str, digest: String, reason: String) {
        if let Some(record) = self.record.get() {
            record.changed(action, digest, reason).await;
        }
    }

    fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.inner.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Of the names and texts of the files, in hexadecimal digits.
fn digest_of(folder: &Path) -> String {
    let mut files: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    let parts: Vec<Vec<u8>> = files
        .iter()
        .flat_map(|file| [file.to_string_lossy().into_owned().into_bytes(), std::fs::read(file).unwrap_or_default()])
        .collect();
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    casebook::digest(&parts).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Policies for Guard {
    fn may(&self, caller: &Caller, act: &str) -> bool {
        let who = match &caller.actor {
            None => Who::Nobody,
            Some(actor) if actor.subject.starts_with(SERVICE_SUBJECT) => Who::Service,
            Some(actor) => Who::Member {
                role: actor.role,
                head: actor.head,
                unit: actor.unit.is_some(),
                glass: opened_to(actor).is_some(),
            },
        };
        self.in_force().may(who, act)
    }

    fn refused<'a>(&'a self, actor: &'a Actor, act: &'a str) -> BoxFuture<'a, ()> {
        async move {
            if let Some(record) = self.record.get() {
                record.refused(actor, act).await;
            }
        }
        .boxed()
    }

    fn looked<'a>(&'a self, actor: &'a Actor, act: &'a str) -> BoxFuture<'a, bool> {
        async move {
            match self.record.get() {
                Some(record) => record.looked(actor, act).await,
                None => false,
            }
        }
        .boxed()
    }

    fn reach(&self, actor: &Actor, of: Matter) -> Reach {
        self.in_force().rules.reach(actor.role, opened_to(actor).is_some(), of)
    }

    fn reads(&self, role: Role, concern: Concern) -> bool {
        self.in_force().reads.get(&(role, concern)).copied().unwrap_or(false)
    }

    fn meets(&self, role: Role) -> bool {
        self.in_force().meets.get(&role).copied().unwrap_or(false)
    }
}
