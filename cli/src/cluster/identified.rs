//! Whose tokens this process believes.

use super::Settings;
use super::settings::Door;
use crate::sign_in::SignIn;
use anyhow::{Context, bail};
use guard::identity::{Pace, Provider};
use mesh::{Chassis, Issuer};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

/// The provider that the settings name, or the one of development. Nobody is asked yet.
pub(super) fn open(settings: &Settings, sign_in: Option<&SignIn>) -> anyhow::Result<Option<Arc<Provider>>> {
    let Some(terms) = settings.issuer.clone().or_else(|| sign_in.map(SignIn::terms)) else { return Ok(None) };
    let unusable = || format!("the issuer {} cannot be asked", terms.issuer);
    let provider = Provider::new(terms.clone(), Pace::default()).with_context(unusable)?;
    Ok(Some(Arc::new(provider)))
}

/// The issuer of development, which listens already, and serves from here on.
pub(super) fn sign_in(settings: &Settings, listener: Option<&TcpListener>) -> anyhow::Result<Option<SignIn>> {
    let Some(listener) = listener else { return Ok(None) };
    let outside = |door: &Door| !door.address.ip().is_loopback();
    if outside(&settings.grpc) || settings.http.as_ref().is_some_and(outside) {
        bail!("--sign-in is for development: it lets nobody in where --http or --grpc is open to other machines");
    }
    let (clock, rng) = (settings.clock.clone(), settings.rng.clone());
    SignIn::new(listener.local_addr()?, settings.audience.clone(), clock, rng).map(Some)
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

/// Lets people in, and says where.
pub(super) fn serve(chassis: &Chassis, sign_in: Option<(SignIn, TcpListener)>) -> Option<SocketAddr> {
    let (sign_in, listener) = sign_in?;
    let (drain, address) = (chassis.drain(), listener.local_addr().ok());
    chassis
        .tasks()
        .spawn_aside("sign-in", async move { sign_in.serve(listener, async move { drain.begun().await }).await });
    address
}
