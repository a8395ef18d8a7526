//! Position tokens and trace contexts: what comes back from outside may have been touched.

use civic::CaseId;
use mesh::{Code, Position, PositionKey, TokenKey, TraceContext, TraceSource};
use proptest::prelude::*;

fn key() -> PositionKey {
    PositionKey::new(&TokenKey::from_bytes([7; 32]))
}

prop_compose! {
    fn position()(service in "[a-z]{1,32}", partition in 0_u16..64, position in 0_i64.., case in any::<[u8; 16]>(), version in 1_i64..) -> Position {
        Position { service, partition, position, case: CaseId::from_bytes(case), version }
    }
}

proptest! {
    #[test]
    fn position_comes_back_as_it_went(position in position()) {
        prop_assert_eq!(Position::decode(&position.encode(&key()), &key()).unwrap(), position);
    }

    #[test]
    fn position_changed_anywhere_is_refused(position in position(), at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_-]") {
        let mut forged = position.encode(&key());
        let at = at.index(forged.len());
        prop_assume!(forged[at..=at] != to);
        forged.replace_range(at..=at, &to);
        let fault = Position::decode(&forged, &key()).unwrap_err();
        prop_assert_eq!((fault.code, fault.reason), (Code::Invalid, "POSITION_INVALID"));
    }

    #[test]
    fn position_cut_or_lengthened_is_refused(position in position(), keep in any::<prop::sample::Index>()) {
        let token = position.encode(&key());
        prop_assert!(Position::decode(&token[..keep.index(token.len())], &key()).is_err());
        let longer = token + "AAAA";
        prop_assert!(Position::decode(&longer, &key()).is_err());
    }

    #[test]
    fn noise_is_no_position_and_no_trace(noise in ".{0,120}") {
        prop_assert!(Position::decode(&noise, &key()).is_err());
        prop_assert!(TraceContext::parse(&noise).is_none());
    }

    #[test]
    fn trace_context_comes_back_as_it_went(trace in 1_u128.., span in 1_u64.., sampled in any::<bool>()) {
        let text = format!("00-{trace:032x}-{span:016x}-{:02x}", u8::from(sampled));
        let context = TraceContext::parse(&text).unwrap();
        prop_assert_eq!(context.to_string(), text);
        prop_assert_eq!(context.sampled, sampled);
    }
}

#[test]
fn position_of_another_cluster_is_refused() {
    let position =
        Position { service: "intake".into(), partition: 3, position: 9, case: CaseId::from_bytes([1; 16]), version: 2 };
    let theirs = PositionKey::new(&TokenKey::from_bytes([8; 32]));
    assert!(Position::decode(&position.encode(&theirs), &key()).is_err());
}

#[test]
fn position_travels_in_metadata() {
    let position =
        Position { service: "intake".into(), partition: 3, position: 0, case: CaseId::from_bytes([1; 16]), version: 2 };
    let mut response = tonic::Response::new(());
    position.attach(&key(), &mut response);
    let token = response.metadata().get(mesh::position::HEADER).unwrap();
    assert_eq!(Position::decode(token.to_str().unwrap(), &key()).unwrap(), position);
    assert!(Position::decode("AAAA", &key()).is_err());
}

#[test]
fn trace_context_that_the_standard_forbids_is_ignored() {
    let zeros = format!("00-{:032x}-{:016x}-01", 0, 1);
    let no_parent = format!("00-{:032x}-{:016x}-01", 1, 0);
    let upper = format!("00-{:032X}-{:016x}-01", u128::MAX, 1);
    let longer = format!("00-{:032x}-{:016x}-01-x", 1, 1);
    for text in [zeros, no_parent, upper, longer, format!("ff-{:032x}-{:016x}-01", 1, 1)] {
        assert_eq!(TraceContext::parse(&text), None, "{text}");
    }
    // A later version may carry more.
    assert!(TraceContext::parse(&format!("01-{:032x}-{:016x}-01-more", 1, 1)).is_some());
}

#[test]
fn traces_begun_here_differ_and_are_sampled_by_the_ratio() {
    let rng = civic::SeededRng::new(11);
    let sampled = |ratio| {
        let source = TraceSource::new(&rng, ratio);
        let traces: Vec<_> = (0..10_000).map(|_| source.start()).collect();
        let ids: std::collections::HashSet<_> = traces.iter().map(TraceContext::trace_id).collect();
        assert_eq!(ids.len(), traces.len());
        traces.iter().filter(|trace| trace.sampled).count()
    };
    assert_eq!(sampled(0.0), 0);
    assert_eq!(sampled(1.0), 10_000);
    assert!((800..1200).contains(&sampled(0.1)));
}
