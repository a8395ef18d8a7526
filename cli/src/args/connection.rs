//! Which gateway a verb speaks to, and as whom.

use crate::client::Client;
use crate::exit::Failure;
use crate::folder;
use civic::{Actor, Clock, DivisionCode, Role, SystemClock, UnitCode};
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Whose tokens `mint` signs: one fixed subject, because the requests of a caller are remembered by who it is.
const SUBJECT: &str = "jiewang-cli";

/// The flags of every verb that calls the gateway.
#[derive(Args, Debug, Clone)]
pub struct Connection {
    /// Address of the gateway [default: http:// and JIEWANG_HTTP, else http://127.0.0.1:8080]
    #[arg(long, env = "JIEWANG_GATEWAY", value_name = "URL")]
    pub gateway: Option<String>,
    /// Token to call with; without one, a development token is signed with the key of --cluster
    #[arg(long, env = "JIEWANG_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub token: Option<String>,
    /// Data folder of the cluster whose key signs the development token, whatever --token says [default: JIEWANG_DATA_DIR, else ./data]
    #[arg(long, value_name = "DIR")]
    pub cluster: Option<PathBuf>,
    /// Territory of the cluster: the place of the signed token's unit
    #[arg(long, env = "JIEWANG_PLACE", default_value = "50", value_name = "CODE")]
    pub place: DivisionCode,
}

impl Connection {
    /// A client that calls with the given token, or else as `role` of the territory for as long as `lasting`.
    ///
    /// # Errors
    /// When the address is none or there is no key to sign with.
    pub fn client(&self, role: Role, lasting: Duration) -> Result<Client, Failure> {
        // The token may come from the environment, the folder only from a flag: the flag is meant.
        let token = match (&self.token, &self.cluster) {
            (Some(token), None) => token.trim().to_owned(),
            (_, Some(_)) | (None, None) => self.sign(role, lasting)?,
        };
        Ok(Client::new(&self.address(), Some(token))?)
    }

    /// A shell that started the cluster elsewhere finds it there, too.
    fn address(&self) -> String {
        let listening = || std::env::var("JIEWANG_HTTP").ok().filter(|address| !address.is_empty());
        let own = || {
            format!("http://{}", listening().map_or_else(|| "127.0.0.1:8080".to_owned(), |address| reachable(&address)))
        };
        self.gateway.clone().filter(|gateway| !gateway.is_empty()).unwrap_or_else(own)
    }

    fn sign(&self, role: Role, lasting: Duration) -> Result<String, Failure> {
        let key = folder::read_key(&folder::or_default(self.cluster.as_deref()))?;
        let actor = Actor::member(role, SUBJECT, UnitCode::desk(&self.place));
        Ok(mesh::mint(&key, &actor, SystemClock.now(), lasting))
    }
}

/// Whoever listens on every address of the machine is asked on loopback.
fn reachable(listening: &str) -> String {
    match listening.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_unspecified() => format!("127.0.0.1:{}", address.port()),
        Ok(_) | Err(_) => listening.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_on_every_address_is_asked_on_loopback() {
        assert_eq!(reachable("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(reachable("[::]:80"), "127.0.0.1:80");
        assert_eq!(reachable("10.0.0.7:80"), "10.0.0.7:80");
    }
}
