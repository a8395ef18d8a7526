//! Whether an operator's verb asks the running cluster or opens the data of one that is stopped.

use super::{Connection, Stores, VaultArgs};
use crate::client::Client;
use crate::cluster::folder::{is_in_use, read_cluster, read_run};
use crate::exit::Failure;
use civic::{DivisionCode, Role};
use clap::Args;
use std::path::Path;
use std::time::Duration;

/// The verbs are short; a token that outlives them serves nobody.
const LASTING: Duration = Duration::from_secs(600);

/// The flags that say where the cluster is.
#[derive(Args, Debug, Clone)]
pub struct Reach {
    /// Address of the gateway of a running cluster [default: that of the cluster which uses the data folder]
    #[arg(long, global = true, env = "JIEWANG_GATEWAY", value_name = "URL")]
    pub gateway: Option<String>,
    /// Operator's token to call with; without one, a development token is signed with the key of the data folder
    #[arg(long, global = true, env = "JIEWANG_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub token: Option<String>,
}

impl Reach {
    /// A client of the running cluster; `None` where none uses the folder and no address was given: then its data may be opened.
    ///
    /// # Errors
    /// When the address is none or there is no key to sign with.
    pub fn client(&self, data_dir: &Path) -> Result<Option<Client>, Failure> {
        let given = self.gateway.clone().filter(|gateway| !gateway.is_empty());
        if given.is_none() && !is_in_use(data_dir) {
            return Ok(None);
        }
        let listening = || read_run(data_dir)?.http.map(|http| format!("http://{}", reachable(http)));
        let connection = Connection {
            gateway: given.or_else(listening),
            token: self.token.clone(),
            cluster: self.token.is_none().then(|| data_dir.to_path_buf()),
            place: place(data_dir),
        };
        connection.client(Role::Operator, LASTING).map(Some)
    }
}

impl Stores {
    /// Stores of one folder, and nothing on a server.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self { data_dir: data_dir.to_path_buf(), postgres: Vec::new(), vault: VaultArgs::default() }
    }
}

/// Whoever listens on every address of the machine is asked on loopback.
fn reachable(mut listening: std::net::SocketAddr) -> std::net::SocketAddr {
    if listening.ip().is_unspecified() {
        listening.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    listening
}

/// The territory stands in the cluster's name. A folder without one gives tokens of the city, which its own cluster would refuse.
fn place(data_dir: &Path) -> DivisionCode {
    let name = read_cluster(data_dir).unwrap_or_default();
    let code = name.split('-').next().unwrap_or_default();
    code.parse().unwrap_or_else(|_| "50".parse().expect("the code of the city"))
}
