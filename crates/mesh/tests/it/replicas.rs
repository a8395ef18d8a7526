//! Two replicas of a service, one of which fails: what its callers notice.

use crate::probe::{Served, ask, soon};
use mesh::{Channel, Code, Problem};
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;
use testkit::{CutProxy, Line};
use tokio::task::JoinSet;
use tonic::Status;

fn asked(served: &Served) -> usize {
    served.state.asked.load(Ordering::SeqCst)
}

fn over(addresses: &[String]) -> Channel {
    Channel::to_replicas("probe", mesh::discovery::fixed(addresses.to_vec()), None)
}

async fn two() -> (Served, Served, Channel) {
    let (one, other) = (Served::start().await, Served::start().await);
    let channel = over(&[one.address.to_string(), other.address.to_string()]);
    (one, other, channel)
}

/// Many calls, 64 at a time: one after the other would all go to whichever answered quicker at first.
async fn storm(channel: &Channel, what: &'static str, calls: usize, mut before: impl FnMut(usize)) -> Vec<Status> {
    let (mut running, mut failed) = (JoinSet::new(), Vec::new());
    for call in 0..calls {
        before(call);
        let channel = channel.clone();
        running.spawn(async move { ask(&channel, what).await.map(drop) });
        if running.len() >= 64 {
            failed.extend(soon(running.join_next()).await.unwrap().unwrap().err());
        }
    }
    while let Some(ended) = soon(running.join_next()).await {
        failed.extend(ended.unwrap().err());
    }
    failed
}

fn none(failed: &[Status]) {
    assert!(failed.is_empty(), "{} failed, the first: {:?}", failed.len(), failed.first());
}

#[tokio::test]
async fn a_replica_that_fails_costs_no_call_is_left_out_and_comes_back_when_it_serves() {
    let (one, other, channel) = two().await;
    let began = Instant::now();
    one.state.sick.store(true, Ordering::SeqCst);
    none(&storm(&channel, "who", 1000, |_| ()).await);
    assert_eq!(asked(&other), 1000);
    let before = asked(&one);
    // What was on its way when the fifth failed still arrives. It says that it serves, so it is tried again every half second.
    let most = 70.0 * (1.0 + began.elapsed().as_secs_f64() / 0.5);
    assert!(before >= 5 && (before as f64) < most, "{before}: after five failures in a row nothing new goes there");
    one.state.sick.store(false, Ordering::SeqCst);
    let back = async {
        while asked(&one) == before {
            none(&storm(&channel, "who", 64, |_| ()).await);
        }
    };
    soon(back).await;
}

#[tokio::test]
async fn a_replica_that_does_not_serve_stays_out_whatever_it_would_answer() {
    let (one, _other, channel) = two().await;
    let _not_yet = one.readiness.check("store");
    one.state.sick.store(true, Ordering::SeqCst);
    none(&storm(&channel, "who", 500, |_| ()).await);
    let before = asked(&one);
    assert!(before >= 5);
    one.state.sick.store(false, Ordering::SeqCst);
    let until = Instant::now() + Duration::from_millis(1500);
    while Instant::now() < until {
        none(&storm(&channel, "who", 64, |_| ()).await);
    }
    assert_eq!(asked(&one), before, "its health was asked, and it did not serve");
}

#[tokio::test]
async fn the_end_of_a_replica_under_load_fails_no_call_that_may_be_repeated() {
    let (one, other, channel) = two().await;
    let (calls, began) = (4000, Instant::now());
    let kill = |call| {
        if call == calls / 2 {
            one.drain.stop_hard()
        }
    };
    none(&storm(&channel, "who", calls, kill).await);
    let (attempts, took) = (asked(&one) + asked(&other), began.elapsed().as_secs_f64());
    let allowed = 1.2 * calls as f64 + 10.0 * took;
    assert!(attempts as f64 <= allowed, "{attempts} attempts of {calls} calls in {took} s");
}

#[tokio::test]
async fn a_service_that_fails_everywhere_is_not_buried_under_repetitions() {
    let (one, other, channel) = two().await;
    one.state.sick.store(true, Ordering::SeqCst);
    other.state.sick.store(true, Ordering::SeqCst);
    let (calls, began) = (1000, Instant::now());
    let failed = storm(&channel, "who", calls, |_| ()).await;
    assert_eq!(failed.len(), calls);
    for status in failed {
        let problem = Problem::from_status(&status);
        assert_eq!((problem.code, problem.reason.as_str()), (Code::Unavailable, "FIRST_REASON"));
    }
    let attempts = asked(&one) + asked(&other);
    // A budget of ten seconds is there from the beginning.
    let allowed = 1.2 * calls as f64 + 10.0 * (10.0 + began.elapsed().as_secs_f64());
    assert!(attempts as f64 <= allowed, "{attempts}");
    assert!(attempts > calls, "{attempts}: some are repeated");
}

#[tokio::test]
async fn a_refusal_is_neither_repeated_nor_held_against_the_replica() {
    let (one, other, channel) = two().await;
    for code in [Code::Refused, Code::Exhausted, Code::Internal, Code::Conflict, Code::NotFound] {
        assert_eq!(storm(&channel, code.as_str(), 200, |_| ()).await.len(), 200);
    }
    assert_eq!(asked(&one) + asked(&other), 1000);
    assert!(asked(&one) > 100 && asked(&other) > 100, "{} {}", asked(&one), asked(&other));
}

#[tokio::test]
async fn an_answer_that_is_lost_on_the_way_is_asked_for_again() {
    let one = Served::start().await;
    let line = CutProxy::start(one.address, b"who").unwrap();
    let channel = over(&[line.address().to_string()]);
    for _ in 0..10 {
        line.arm();
        ask(&channel, "who").await.unwrap();
    }
    assert_eq!(line.cuts(), 10);
    assert!((10..=20).contains(&asked(&one)), "{}: what was done and not heard of is done again, once", asked(&one));
}

#[tokio::test]
async fn a_replica_that_says_nothing_is_left_out_and_comes_back_when_it_speaks() {
    let (one, other) = (Served::start().await, Served::start().await);
    let line = Line::start(one.address).unwrap();
    line.slow_down(Duration::from_secs(3600));
    let channel = over(&[line.address().to_string(), other.address.to_string()]);
    // A little longer than the second after which silence is held against it.
    let channel = channel.with_default_deadline(Duration::from_millis(1200));
    let failed = storm(&channel, "who", 300, |_| ()).await;
    assert!((5..=64).contains(&failed.len()), "{}: those that were sent there before it was out", failed.len());
    assert!(failed.iter().all(|status| Problem::from_status(status).is_deadline()), "{failed:?}");
    none(&storm(&channel, "who", 300, |_| ()).await);
    line.slow_down(Duration::ZERO);
    line.lead_to(Some(one.address));
    let before = asked(&one);
    let back = async {
        while asked(&one) == before {
            none(&storm(&channel, "who", 64, |_| ()).await);
        }
    };
    tokio::time::timeout(Duration::from_secs(60), back).await.unwrap();
}
