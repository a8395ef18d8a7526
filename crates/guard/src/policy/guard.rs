//! The policies in force.

use super::rules::{PolicyError, Rules};
use super::world::Who;
use civic::Role;
use mesh::{Caller, Matter, Policies, Reach, SERVICE_SUBJECT};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

/// How often an operator's folder is looked at.
const LOOK: Duration = Duration::from_secs(5);

/// Answers from policies, and puts others in force when an operator's files change. A caller's role, whether the caller is a head and
/// acts for a unit is all that an answer depends on, so each is asked of Cedar once.
pub struct Guard {
    folder: Option<PathBuf>,
    inner: RwLock<Arc<InForce>>,
}

struct InForce {
    rules: Rules,
    /// Newest change among the files.
    changed: Option<SystemTime>,
    may: RwLock<HashMap<(Who, String), bool>>,
    meets: HashMap<Role, bool>,
}

impl InForce {
    fn of(rules: Rules, changed: Option<SystemTime>) -> Result<Self, PolicyError> {
        let meets = Role::all().iter().map(|role| Ok((*role, rules.meets(*role)?)));
        let meets = meets.collect::<Result<_, PolicyError>>()?;
        Ok(Self { rules, changed, may: RwLock::default(), meets })
    }

    fn may(&self, who: Who, act: &str) -> bool {
        let key = (who, act.to_owned());
        if let Some(may) = self.may.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return *may;
        }
        // An action that the schema does not know is nobody's.
        let may = self.rules.may(who, act).unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, act, "guard.policy.not_asked");
            false
        });
        self.may.write().unwrap_or_else(PoisonError::into_inner).insert(key, may);
        may
    }
}

impl Guard {
    /// Reads and checks the operator's policies, or takes the built-in ones.
    ///
    /// # Errors
    /// Whatever is wrong with them.
    pub fn open(folder: Option<&Path>) -> Result<Self, PolicyError> {
        let rules = folder.map_or_else(Rules::built_in, Rules::read)?;
        let inner = InForce::of(rules, folder.and_then(newest))?;
        Ok(Self { folder: folder.map(Path::to_owned), inner: RwLock::new(Arc::new(inner)) })
    }

    /// Looks for changed files until the end. Policies that are wrong are told and not put in force: the ones before stay.
    pub async fn follow(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(LOOK) => self.look(),
            }
        }
    }

    /// Puts the operator's policies in force when their files have changed.
    pub fn look(&self) {
        let Some(folder) = &self.folder else { return };
        let changed = newest(folder);
        if changed == self.in_force().changed {
            return;
        }
        match Rules::read(folder).and_then(|rules| InForce::of(rules, changed)) {
            Ok(inner) => {
                *self.inner.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(inner);
                metrics::gauge!("guard_policies_refused").set(0);
                tracing::info!("guard.policy.replaced");
            }
            Err(error) => {
                metrics::gauge!("guard_policies_refused").set(1);
                tracing::error!(error = &error as &dyn std::error::Error, "guard.policy.refused");
            }
        }
    }

    fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.inner.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Also that a file is gone is a change: the folder's own time tells it.
fn newest(folder: &Path) -> Option<SystemTime> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let times = files.chain([folder.to_owned()]).map(|path| path.metadata().and_then(|file| file.modified()));
    times.filter_map(Result::ok).max()
}

impl Policies for Guard {
    fn may(&self, caller: &Caller, act: &str) -> bool {
        let who = match &caller.actor {
            None => Who::Nobody,
            Some(actor) if actor.subject.starts_with(SERVICE_SUBJECT) => Who::Service,
            Some(actor) => Who::Member { role: actor.role, head: actor.head, unit: actor.unit.is_some() },
        };
        self.in_force().may(who, act)
    }

    fn reach(&self, role: Role, of: Matter) -> Reach {
        self.in_force().rules.reach(role, of)
    }

    fn meets(&self, role: Role) -> bool {
        self.in_force().meets.get(&role).copied().unwrap_or(false)
    }
}
