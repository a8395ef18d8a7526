//! The replicas behind a channel.

use super::connection::{Connection, Target};
use crate::discovery::Addresses;
use http::uri::Authority;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Two cores serve about four connections without waiting for each other's locks; more only cost memory.
const CONNECTIONS: usize = 4;

/// One replica.
pub(super) struct Member {
    pub(super) authority: Authority,
    connections: Vec<Connection>,
    next: AtomicUsize,
}

impl Member {
    pub(super) fn new(target: &Target, authority: Authority) -> Self {
        let connections = (0..CONNECTIONS).map(|_| Connection::new(target.clone())).collect();
        Self { authority, connections, next: AtomicUsize::new(0) }
    }

    /// The next of its connections.
    pub(super) fn connection(&self) -> &Connection {
        &self.connections[self.next.fetch_add(1, Ordering::Relaxed) % CONNECTIONS]
    }
}

/// All replicas, as the source of their addresses knows them.
pub(super) struct Members {
    addresses: Addresses,
    known: RwLock<Known>,
    next: AtomicUsize,
}

struct Known {
    /// What the members were made of.
    addresses: Arc<[String]>,
    members: Arc<[Arc<Member>]>,
}

impl Members {
    pub(super) fn new(addresses: Addresses) -> Self {
        let known = Known { addresses: Arc::default(), members: Arc::default() };
        Self { addresses, known: RwLock::new(known), next: AtomicUsize::new(0) }
    }

    /// One that never changes.
    pub(super) fn one(member: Member) -> Self {
        let addresses: Arc<[String]> = Arc::new([member.authority.to_string()]);
        let known = Known { addresses: Arc::clone(&addresses), members: Arc::new([Arc::new(member)]) };
        let addresses = tokio::sync::watch::Sender::new(addresses).subscribe();
        Self { addresses, known: RwLock::new(known), next: AtomicUsize::new(0) }
    }

    /// The replica whose turn it is, unless nobody knows one.
    pub(super) fn choose(&self) -> Option<Arc<Member>> {
        let members = self.current();
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        members.get(turn.checked_rem(members.len())?).cloned()
    }

    fn current(&self) -> Arc<[Arc<Member>]> {
        let addresses = self.addresses.borrow().clone();
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if Arc::ptr_eq(&known.addresses, &addresses) {
                return Arc::clone(&known.members);
            }
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // Whoever stays keeps its connections.
        let members = addresses.iter().filter_map(|address| {
            let stays = known.members.iter().find(|member| member.authority.as_str() == address);
            let comes = || Some(Arc::new(Member::new(&Target::Tcp(address.clone()), address.parse().ok()?)));
            stays.cloned().or_else(comes)
        });
        let members = members.collect();
        *known = Known { addresses, members };
        Arc::clone(&known.members)
    }
}
