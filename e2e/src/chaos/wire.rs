//! Cutting and slowing what goes to a port, with nftables.
//!
//! Only in a network namespace that has loopback and nothing else, as `make soak` makes one: where there is a way out there may be
//! connections that are not ours to cut, and then there is no [`Wire`].

use std::{
    fs,
    io::{self, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::{Command, Stdio},
    time::Duration,
};
use testkit::Line;

/// Where a slowed line comes from, so that its own connections are told from those that are led through it.
const SLOWED: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// The leave to cut and slow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wire(());

/// Rules in force until this is dropped.
#[derive(Debug)]
pub(super) struct Rules(());

impl Wire {
    /// `None` where there is a way out, and where there is no nftables.
    pub(super) fn here() -> Option<Self> {
        let devices = fs::read_to_string("/proc/self/net/dev").ok()?;
        let usable = || Command::new("nft").args(["list", "tables"]).output().is_ok_and(|told| told.status.success());
        (is_closed(&devices) && usable()).then_some(Self(()))
    }

    /// Nothing that is sent to these ports arrives.
    pub(super) fn cut(self, ports: &[u16]) -> io::Result<Rules> {
        self.rule(&format!(
            "chain input {{ type filter hook input priority filter; tcp dport {{ {} }} drop; }}",
            ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")
        ))
    }

    /// Connections to `door` are broken; new ones lead over a line whose answers take `delay` longer, which stands as long as the rules.
    pub(super) fn slow(self, door: SocketAddr, delay: Duration) -> io::Result<(Rules, Line)> {
        let line = Line::start_from(SLOWED, door)?;
        line.slow_down(delay);
        let (port, by) = (door.port(), line.address().port());
        // What is led over the line has the line's port by the time it is let in: only old connections still have the door's.
        let rules = self.rule(&format!(
            "chain output {{ type nat hook output priority -100; ip saddr 127.0.0.1 tcp dport {port} redirect to :{by}; }}
             chain input {{ type filter hook input priority filter; ip saddr 127.0.0.1 tcp dport {port} reject with tcp reset; }}"
        ))?;
        Ok((rules, line))
    }

    fn rule(self, chains: &str) -> io::Result<Rules> {
        nft(&format!("table ip jiewang_chaos {{\n{chains}\n}}\n"))?;
        Ok(Rules(()))
    }
}

impl Drop for Rules {
    fn drop(&mut self) {
        nft("delete table ip jiewang_chaos").expect("rules can be taken back");
    }
}

/// Whether these network devices, as `/proc/net/dev` lists them, are loopback alone.
fn is_closed(devices: &str) -> bool {
    let mut names = devices.lines().filter_map(|line| Some(line.split_once(':')?.0.trim()));
    names.next() == Some("lo") && names.next().is_none()
}

fn nft(script: &str) -> io::Result<()> {
    let mut nft = Command::new("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn()?;
    nft.stdin.take().expect("it is piped").write_all(script.as_bytes())?;
    match nft.wait()?.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("nft refused {script}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_with_a_way_out_is_left_alone() {
        let head = "Inter-|   Receive\n face |bytes    packets\n";
        assert!(is_closed(&format!("{head}    lo:  84 1 0\n")));
        assert!(!is_closed(&format!("{head}    lo:  84 1 0\n  eth0: 1 1 1\n")));
        assert!(!is_closed(&format!("{head}  eth0: 1 1 1\n")));
    }
}
