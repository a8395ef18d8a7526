//! How much may be at work at once: requests, streams, and streams of one caller.
use crate::config::Config;
use crate::problem::Problem;
use crate::reason::Reason;
use http::HeaderMap;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Counters of what is at work.
pub(crate) struct Limits {
    requests: Arc<Semaphore>,
    /// Of them, places for what cannot wait.
    kept: usize,
    streams: Arc<Semaphore>,
    callers: Arc<Callers>,
}

/// Open streams by caller. Tokens are kept as keyed hashes only.
struct Callers {
    keys: RandomState,
    most: usize,
    open: Mutex<HashMap<u64, usize>>,
}

/// Gives its place back when dropped.
pub(crate) struct StreamPermit {
    _place: OwnedSemaphorePermit,
    callers: Arc<Callers>,
    caller: u64,
}

impl Limits {
    pub(crate) fn new(config: &Config) -> Self {
        let callers = Callers { keys: RandomState::new(), most: config.streams_per_caller, open: Mutex::default() };
        Self {
            requests: Arc::new(Semaphore::new(config.requests)),
            kept: config.requests / 10,
            streams: Arc::new(Semaphore::new(config.streams)),
            callers: Arc::new(callers),
        }
    }

    /// A place for one request. The last tenth is for what cannot wait.
    pub(crate) fn request(&self, pressing: bool) -> Result<OwnedSemaphorePermit, Problem> {
        let full = || Problem::from(Reason::TooManyRequests);
        if !pressing && self.requests.available_permits() <= self.kept {
            return Err(full());
        }
        Arc::clone(&self.requests).try_acquire_owned().map_err(|_| full())
    }

    /// A place for one stream of this caller: known by token, else by address.
    pub(crate) fn stream(&self, headers: &HeaderMap, peer: IpAddr) -> Result<StreamPermit, Problem> {
        let full = |_| Problem::from(Reason::TooManyStreams);
        let place = Arc::clone(&self.streams).try_acquire_owned().map_err(full)?;
        let keys = &self.callers.keys;
        let caller = match headers.get(http::header::AUTHORIZATION) {
            Some(token) => keys.hash_one(token.as_bytes()),
            None => keys.hash_one(peer),
        };
        let mut open = self.callers.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(caller).or_default();
        if *count >= self.callers.most {
            return Err(Reason::TooManyStreams.into());
        }
        *count += 1;
        drop(open);
        Ok(StreamPermit { _place: place, callers: Arc::clone(&self.callers), caller })
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut open = self.callers.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn one_caller_cannot_take_anothers_streams() {
        let limits = Limits::new(&Config { streams_per_caller: 1, ..Config::default() });
        let mut token = HeaderMap::new();
        token.insert(http::header::AUTHORIZATION, http::HeaderValue::from_static("Bearer a"));
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let first = limits.stream(&token, peer).map_err(|p| p.reason).unwrap();
        assert_eq!(limits.stream(&token, peer).err().unwrap().reason, "TOO_MANY_STREAMS");
        assert!(limits.stream(&HeaderMap::new(), peer).is_ok());
        drop(first);
        assert!(limits.stream(&token, peer).is_ok());
        assert!(limits.callers.open.lock().unwrap().is_empty());
    }
}
