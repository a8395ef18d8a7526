//! The replicas behind a channel.

use super::connection::{Connection, Target, Way};
use super::load::Load;
use super::standing::Standing;
use crate::discovery::Addresses;
use civic::{Rng, SystemRng};
use http::uri::Authority;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::time::Instant;

/// Two cores serve about four connections without waiting for each other's locks; more only cost memory.
const CONNECTIONS: usize = 4;

/// One replica.
pub(super) struct Member {
    pub(super) authority: Authority,
    connections: Vec<Connection>,
    next: AtomicUsize,
    load: Load,
    pub(super) standing: Standing,
}

impl Member {
    pub(super) fn new(target: &Target, authority: Authority) -> Self {
        let connections = (0..CONNECTIONS).map(|_| Connection::new(target.clone())).collect();
        Self { authority, connections, next: AtomicUsize::new(0), load: Load::new(), standing: Standing::default() }
    }

    /// The next of its connections.
    pub(super) fn connection(&self) -> &Connection {
        &self.connections[self.next.fetch_add(1, Ordering::Relaxed) % CONNECTIONS]
    }
}

/// The replica chosen for a call. Its load counts the call until this is dropped.
pub(super) struct Chosen {
    pub(super) member: Arc<Member>,
    /// Whether there was another to take.
    pub(super) among_others: bool,
    /// `None` when there was no choice: then nobody compares loads, and the call need not be measured.
    began: Option<Instant>,
    failed: bool,
}

impl Chosen {
    fn only(member: &Arc<Member>) -> Self {
        Self { member: Arc::clone(member), among_others: false, began: None, failed: false }
    }

    fn of_several(member: &Arc<Member>, now: Instant) -> Self {
        member.load.begin();
        Self { member: Arc::clone(member), among_others: true, began: Some(now), failed: false }
    }

    /// The replica did its work, whatever it said.
    pub(super) fn praise(&self) {
        self.member.standing.praise();
    }

    /// The call could not be delivered, its answer was lost, or the replica says that it cannot work. Says whether the replica
    /// is to be left out from now on.
    #[must_use]
    pub(super) fn blame(&mut self) -> bool {
        self.failed = true;
        self.among_others && self.member.standing.blame()
    }
}

impl Drop for Chosen {
    fn drop(&mut self) {
        if let Some(began) = self.began {
            let now = Instant::now();
            self.member.load.end(now - began, self.failed, now);
        }
    }
}

/// All replicas, as the source of their addresses knows them.
pub(super) struct Members {
    addresses: Addresses,
    known: RwLock<Known>,
    draws: Arc<Draws>,
    /// How newcomers are reached; `None` when there never are any.
    way: Option<Way>,
}

struct Known {
    /// What the members were made of.
    addresses: Arc<[String]>,
    members: Arc<[Arc<Member>]>,
}

impl Members {
    pub(super) fn new(addresses: Addresses, way: Way) -> Self {
        let known = Known { addresses: Arc::default(), members: Arc::default() };
        let seed = match &way {
            Way::Over(network) => network.rng.u64(),
            Way::Plain | Way::Encrypted { .. } => SystemRng.u64(),
        };
        Self { addresses, known: RwLock::new(known), draws: Arc::new(Draws::new(seed)), way: Some(way) }
    }

    /// One that never changes.
    pub(super) fn one(member: Arc<Member>) -> Self {
        let addresses: Arc<[String]> = Arc::new([member.authority.to_string()]);
        let known = Known { addresses: Arc::clone(&addresses), members: Arc::new([member]) };
        let addresses = tokio::sync::watch::Sender::new(addresses).subscribe();
        Self { addresses, known: RwLock::new(known), draws: Arc::new(Draws::new(SystemRng.u64())), way: None }
    }

    /// Whether there is never another to take.
    pub(super) const fn is_one(&self) -> bool {
        self.way.is_none()
    }

    /// Chance, for what need not be guarded against anybody.
    pub(super) const fn draws(&self) -> &Arc<Draws> {
        &self.draws
    }

    /// The less loaded of two drawn, unless nobody knows any; another than `besides` when there is one. Two suffice: the most loaded
    /// of all is never taken, and callers that know nothing of each other do not all run to the least loaded at once.
    /// Replicas that are left out are taken only when all are: then nobody knows better.
    pub(super) fn choose(&self, besides: Option<&Member>) -> Option<Chosen> {
        let members = self.current();
        if let [member] = &*members {
            return Some(Chosen::only(member));
        }
        let now = Instant::now();
        let is_besides = |member: &Member| besides.is_some_and(|besides| std::ptr::eq(besides, member));
        let taken = |member: &&Arc<Member>| !member.standing.is_out() && !is_besides(member);
        let may_be_taken = members.iter().filter(taken).count();
        let chosen = match may_be_taken {
            0 => self.less_loaded(members.iter(), members.len(), now)?,
            count => self.less_loaded(members.iter().filter(taken), count, now)?,
        };
        Some(Chosen::of_several(chosen, now))
    }

    fn less_loaded<'a>(
        &self,
        mut members: impl Iterator<Item = &'a Arc<Member>>,
        count: usize,
        now: Instant,
    ) -> Option<&'a Arc<Member>> {
        let Some((one, other)) = self.draws.two_below(count) else { return members.next() };
        let (near, far) = (one.min(other), one.max(other));
        let (near, far) = (members.nth(near)?, members.nth(far - near - 1)?);
        Some(if near.load.weight(now) <= far.load.weight(now) { near } else { far })
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
            let comes = || {
                let target = Target::Tcp(address.clone(), self.way.clone()?);
                Some(Arc::new(Member::new(&target, address.parse().ok()?)))
            };
            stays.cloned().or_else(comes)
        });
        let members = members.collect();
        *known = Known { addresses, members };
        Arc::clone(&known.members)
    }
}

/// Cheap chance without a lock: a counter in large odd steps, its bits mixed (the generator is known as SplitMix64).
pub(super) struct Draws(AtomicU64);

impl Draws {
    fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// Two different numbers below `bound`, in any order; `None` when there are no two.
    fn two_below(&self, bound: usize) -> Option<(usize, usize)> {
        let others = bound.checked_sub(1).filter(|others| *others > 0)?;
        let drawn = self.next();
        let (high, low) = (usize::try_from(drawn >> 32).ok()?, usize::try_from(drawn & u64::from(u32::MAX)).ok()?);
        let one = high % bound;
        Some((one, (one + 1 + low % others) % bound))
    }

    pub(super) fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let at = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        let mixed = (at ^ (at >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const SLOW: &str = "10.0.0.1:1";
    const QUICK: &str = "10.0.0.2:1";

    fn members(addresses: &[&str], seed: u64) -> Arc<Members> {
        let addresses: Arc<[String]> = addresses.iter().map(|address| (*address).to_owned()).collect();
        let mut members = Members::new(tokio::sync::watch::Sender::new(addresses).subscribe(), Way::Plain);
        members.draws = Arc::new(Draws::new(seed));
        Arc::new(members)
    }

    /// A call each millisecond for five seconds; says how many the slow one got.
    async fn slow_ones_calls(members: Arc<Members>) -> u32 {
        let (mut slow, mut calls) = (0, tokio::task::JoinSet::new());
        for _ in 0..5000 {
            let chosen = members.choose(None).unwrap();
            let is_slow = chosen.member.authority == SLOW;
            slow += u32::from(is_slow);
            calls.spawn(async move {
                tokio::time::sleep(Duration::from_millis(if is_slow { 20 } else { 2 })).await;
                drop(chosen);
            });
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        slow
    }

    #[tokio::test(start_paused = true)]
    async fn a_replica_ten_times_slower_gets_under_a_twentieth_of_the_calls() {
        for seed in 0..4 {
            for addresses in [&[SLOW, QUICK][..], &[QUICK, SLOW, "10.0.0.3:1"][..]] {
                let slow = slow_ones_calls(members(addresses, seed)).await;
                assert!((1..250).contains(&slow), "seed {seed}, {} replicas: {slow} of 5000", addresses.len());
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_replica_that_fails_at_once_does_not_look_quick_and_is_tried_again() {
        let members = members(&[SLOW, QUICK], 7);
        let mut failed = members.choose(None).unwrap();
        assert!(!failed.blame(), "not after one failure");
        let failing = failed.member.authority.clone();
        drop(failed);
        for _ in 0..100 {
            assert_ne!(members.choose(None).unwrap().member.authority, failing, "seed 7");
        }
        // The other goes on answering in ten milliseconds, for a minute.
        let tried = |members: Arc<Members>| async move {
            for _ in 0..6000 {
                let chosen = members.choose(None).unwrap();
                if chosen.member.authority == failing {
                    return true;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            false
        };
        assert!(tried(members).await, "seed 7");
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_try_goes_to_another_replica() {
        for seed in 0..100 {
            let members = members(&[SLOW, QUICK, "10.0.0.3:1"], seed);
            let first = members.choose(None).unwrap();
            let second = members.choose(Some(&first.member)).unwrap();
            assert_ne!(first.member.authority, second.member.authority, "seed {seed}");
        }
    }

    #[tokio::test]
    async fn of_one_replica_nothing_is_measured_and_of_none_nothing_is_chosen() {
        let chosen = members(&[QUICK], 1).choose(None).unwrap();
        assert!(chosen.began.is_none() && !chosen.among_others);
        assert!(members(&[], 1).choose(None).is_none());
    }
}
