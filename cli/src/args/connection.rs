//! Which gateway a verb speaks to, and as whom.

use crate::client::Client;
use crate::exit::Failure;
use crate::folder;
use civic::{Actor, Clock, DivisionCode, Role, SystemClock, UnitCode};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// Whose tokens `mint` signs: one fixed subject, because the requests of a caller are remembered by who it is.
const SUBJECT: &str = "jiewang-cli";

/// The flags of every verb that calls the gateway.
#[derive(Args, Debug, Clone)]
pub struct Connection {
    /// Address of the gateway
    #[arg(long, env = "JIEWANG_GATEWAY", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub gateway: String,
    /// Token to call with; without one, a development token is signed with the key of --cluster
    #[arg(long, env = "JIEWANG_TOKEN", hide_env_values = true, conflicts_with = "cluster", value_name = "TOKEN")]
    pub token: Option<String>,
    /// Data folder of the cluster whose key signs the development token [default: JIEWANG_DATA_DIR, else ./data]
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
        let token = match &self.token {
            Some(token) => token.trim().to_owned(),
            None => self.sign(role, lasting)?,
        };
        Ok(Client::new(&self.gateway, Some(token))?)
    }

    fn sign(&self, role: Role, lasting: Duration) -> Result<String, Failure> {
        let key = folder::read_key(&folder::or_default(self.cluster.as_deref()))?;
        let actor = Actor::member(role, SUBJECT, UnitCode::desk(&self.place));
        Ok(mesh::mint(&key, &actor, SystemClock.now(), lasting))
    }
}
