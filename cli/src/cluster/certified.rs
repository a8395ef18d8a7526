//! Who this process is, when its connections are encrypted.

use super::Settings;
use crate::room::Room;
use anyhow::{Context, bail};
use mesh::tls::Tls;
use std::sync::Arc;

/// Reads the certificate, which must be this cluster's, if it has a name already, and the service's when the process runs only one.
pub(super) fn open(
    settings: &Settings,
    cluster: Option<&str>,
) -> anyhow::Result<Option<(Tls, impl Future<Output = ()> + Send + use<>)>> {
    let Some(path) = &settings.tls else { return Ok(None) };
    let unusable = || format!("the certificate in {} cannot be used", path.display());
    let (tls, follow) = Tls::open(path, Arc::clone(&settings.clock)).with_context(unusable)?;
    let name = tls.name();
    if let Some(cluster) = cluster
        && name.cluster != cluster
    {
        bail!("the certificate in {} is of the cluster {}, not {cluster}", path.display(), name.cluster);
    }
    let rooms = Room::all().iter().filter(|room| settings.rooms.has(**room));
    if let [only] = rooms.collect::<Vec<_>>()[..]
        && only.as_str() != name.service
    {
        bail!("the certificate in {} is of {}, and this process is {}", path.display(), name.service, only.as_str());
    }
    Ok(Some((tls, follow)))
}
