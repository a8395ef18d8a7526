//! Whose tokens this process believes.

use super::Settings;
use anyhow::Context;
use guard::identity::{Pace, Provider};
use mesh::{Chassis, Issuer};
use std::sync::Arc;

/// The provider that the settings name. Nobody is asked yet.
pub(super) fn open(settings: &Settings) -> anyhow::Result<Option<Arc<Provider>>> {
    let Some(terms) = settings.issuer.clone() else { return Ok(None) };
    let unusable = || format!("the issuer {} cannot be asked", terms.issuer);
    let provider = Provider::new(terms.clone(), Pace::default()).with_context(unusable)?;
    Ok(Some(Arc::new(provider)))
}

/// As the chassis knows it.
pub(super) fn issuer(provider: Option<&Arc<Provider>>) -> Option<Arc<dyn Issuer>> {
    provider.map(|provider| Arc::clone(provider) as Arc<dyn Issuer>)
}

/// Follows its keys. A process whose provider cannot be reached serves whoever needs no token, and those whose tokens it can verify.
pub(super) fn follow(chassis: &Chassis, provider: Option<Arc<Provider>>) {
    if let Some(provider) = provider {
        let drain = chassis.drain();
        chassis.tasks().spawn_aside("issuer", async move { provider.follow(drain.begun()).await });
    }
}
