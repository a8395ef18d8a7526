//! What policies this process goes by.

use super::Settings;
use anyhow::Context;
use guard::policy::Guard;
use mesh::Chassis;
use std::sync::Arc;

/// The operator's, or those that come with the program. Wrong ones stop the start: nobody should be served by half of them.
pub(super) fn open(settings: &Settings) -> anyhow::Result<Arc<Guard>> {
    let folder = settings.policies.as_deref();
    let unusable = || match folder {
        Some(folder) => format!("the policies in {} cannot be used", folder.display()),
        None => "the built-in policies cannot be used".to_owned(),
    };
    Guard::open(folder).map(Arc::new).with_context(unusable)
}

/// Puts changed ones in force.
pub(super) fn follow(chassis: &Chassis, guard: Arc<Guard>) {
    let drain = chassis.drain();
    chassis.tasks().spawn_aside("policies", async move { guard.follow(drain.begun()).await });
}
