//! Every cause goes to the wire and back with its code and reason.

use super::*;
use crate::domain::work_order::{State, Verb};
use civic::Role;
use mesh::Problem;

fn order() -> String {
    "01k9".to_owned()
}

fn refusals() -> Vec<(Refusal, Code)> {
    vec![
        (Refusal::NotOpened, Code::NotFound),
        (Refusal::State { order: order(), state: State::Closed, verb: Verb::Accept }, Code::Refused),
        (Refusal::Role { verb: Verb::Close, role: Role::Citizen }, Code::Denied),
        (Refusal::Unit { order: order(), verb: Verb::Accept }, Code::Denied),
        (Refusal::OutOfReach { unit: "500151002".parse().unwrap() }, Code::Denied),
        (Refusal::VerifierInUnit { order: order() }, Code::Denied),
        (Refusal::ApproverIsHandler { order: order() }, Code::Denied),
        (Refusal::ApproverIsRequester { order: order() }, Code::Denied),
        (Refusal::ReplyNotPending { order: order() }, Code::Refused),
        (Refusal::ReplyPending { order: order(), verb: Verb::Verify }, Code::Refused),
        (Refusal::NotReturnable { order: order(), returns: 2 }, Code::Refused),
        (Refusal::RulingRequired { order: order() }, Code::Refused),
        (Refusal::RequestPending { order: order() }, Code::Refused),
        (Refusal::NoRequestPending { order: order() }, Code::Refused),
        (Refusal::AlreadyExtended { order: order() }, Code::Refused),
        (Refusal::UntilNotLater { order: order() }, Code::Invalid),
        (Refusal::AlreadyWaiting { order: order() }, Code::Refused),
        (Refusal::NotWaiting { order: order() }, Code::Refused),
        (Refusal::RatingWindowOver { order: order() }, Code::Refused),
        (Refusal::ReopenWindowOver { order: order() }, Code::Refused),
        (Refusal::UnitCalledAlready { order: order(), unit: "500151002".parse().unwrap() }, Code::Refused),
        (Refusal::TooManyParts { order: order() }, Code::Refused),
        (Refusal::PartUnknown { order: order(), part: 3 }, Code::NotFound),
        (Refusal::PartOver { order: order(), part: 3 }, Code::Refused),
        (Refusal::PartOfAnotherUnit { order: order(), part: 3 }, Code::Denied),
        (Refusal::ReportedInAlready { order: order(), part: 3 }, Code::Refused),
        (Refusal::PartsOpen { order: order() }, Code::Refused),
        (Refusal::SteppedAside { order: order() }, Code::Denied),
        (Refusal::SupervisionOpen { order: order() }, Code::Refused),
        (Refusal::NoSupervisionOpen { order: order() }, Code::Refused),
        (Refusal::NoSupervisionReply { order: order() }, Code::Refused),
        (Refusal::MilestoneUnknown { order: order() }, Code::Invalid),
        (Refusal::NoSuchTier { order: order() }, Code::Refused),
    ]
}

#[test]
fn every_refusal_keeps_its_code_and_reason_over_the_wire() {
    for (refusal, code) in refusals() {
        let (reason, law) = (refusal.reason(), refusal.law());
        let problem = Problem::from_status(&Error::from(casebook::Error::Refused(refusal)).into());
        assert_eq!((problem.code, problem.reason.as_str()), (code, reason));
        assert_eq!(problem.law.as_deref(), law, "{reason}");
    }
}

#[test]
fn every_refusal_of_the_rules_names_the_rule() {
    for (refusal, code) in refusals() {
        assert!(code != Code::Refused || refusal.law().is_some(), "{refusal}");
    }
}

#[test]
fn every_other_cause_keeps_its_code_and_reason_over_the_wire() {
    let cases = [
        (Error::field("unit", "UNIT_UNKNOWN", "no such unit"), Code::Invalid, "UNIT_UNKNOWN"),
        (Error::TokenMissing, Code::Unauthenticated, "TOKEN_MISSING"),
        (Error::NOT_FOUND, Code::NotFound, "NOT_FOUND"),
        (CaseError::EtagStale { current: 3 }.into(), Code::Conflict, "ETAG_STALE"),
        (Error::OperatorsOnly, Code::Denied, "ROLE_DENIED"),
        (Error::Arrangement(arrangement::Refusal::VersionTaken("a".into())), Code::Conflict, "VERSION_TAKEN"),
        (Error::Arrangement(arrangement::Refusal::NothingLoaded), Code::NotFound, "NOT_FOUND"),
        (Error::PageToken, Code::Invalid, "PAGE_TOKEN_INVALID"),
        (Error::ResumeToken, Code::Invalid, "INVALID_RESUME_TOKEN"),
        (SealError::Unreadable.into(), Code::Internal, "INTERNAL"),
        (StoreError::Unavailable("secret".into()).into(), Code::Unavailable, "STORE_UNAVAILABLE"),
        (StoreError::Disk("secret".into()).into(), Code::Internal, "INTERNAL"),
    ];
    for (error, code, reason) in cases {
        let problem = Problem::from_status(&error.into());
        assert_eq!((problem.code, problem.reason.as_str()), (code, reason));
        assert!(!problem.detail.contains("secret"), "{}", problem.detail);
    }
}

#[test]
fn fields_keep_their_paths_over_the_wire() {
    let problem = Problem::from_status(&Error::field("proposedUnit", "UNIT_UNKNOWN", "no such unit").into());
    assert_eq!(problem.fields[0].path, "proposedUnit");
    let refused = Error::Refused(Refusal::UntilNotLater { order: order() });
    assert_eq!(Problem::from_status(&refused.into()).fields[0].path, "until");
}

fn matters() -> Vec<(refusal::Refusal, Code)> {
    use refusal::Refusal as Matter;
    let list = "2026-11-22".parse().unwrap();
    vec![
        (Matter::NotOpened, Code::NotFound),
        (Matter::TaskUnknown { number: 3 }, Code::NotFound),
        (Matter::Role { role: Role::Citizen }, Code::Denied),
        (Matter::OutOfReach { place: "500151002".parse().unwrap() }, Code::Denied),
        (Matter::OtherWorker, Code::Denied),
        (Matter::SamePerson, Code::Denied),
        (Matter::PostUnknown, Code::Invalid),
        (Matter::DateNotLater, Code::Invalid),
        (Matter::EndNotLater, Code::Invalid),
        (Matter::EndTooFar { longest: 180 }, Code::Invalid),
        (Matter::ConsentMissing, Code::Invalid),
        (Matter::FromNotLater, Code::Invalid),
        (Matter::OtherDuty, Code::Invalid),
        (Matter::DueNotLater, Code::Invalid),
        (Matter::MilestoneUnknown { number: 3 }, Code::Invalid),
        (Matter::State { state: "ended" }, Code::Refused),
        (Matter::TaskDone { number: 3 }, Code::Refused),
        (Matter::OtherDay { list }, Code::Refused),
        (Matter::TooManyTasks { most: 500 }, Code::Refused),
        (Matter::ReviewObjects, Code::Refused),
        (Matter::UnitNotPresent { unit: "500151002".parse().unwrap() }, Code::Refused),
        (Matter::TooManyRequests { most: 200 }, Code::Refused),
        (Matter::NotMarked, Code::Refused),
        (Matter::HeldAlready, Code::Refused),
        (Matter::OrdersOpen { open: 1 }, Code::Refused),
        (Matter::NotTheUnit { unit: "500151002".parse().unwrap() }, Code::Denied),
        (Matter::DeciderInUnit, Code::Denied),
        (Matter::DeciderAsked, Code::Denied),
        (Matter::UnitNotAbove { unit: "500151002".parse().unwrap() }, Code::Denied),
        (Matter::RecommendationDenied, Code::Denied),
        (Matter::ExclusionAskedAlready { round: 1 }, Code::Refused),
        (Matter::EvaluatedAlready, Code::Refused),
        (Matter::MonthNotOver, Code::Refused),
    ]
}

#[test]
fn every_refusal_beside_the_work_orders_keeps_code_reason_field_and_rule_over_the_wire() {
    for (refusal, code) in matters() {
        let (reason, law, field) = (refusal.reason(), refusal.law(), refusal.field());
        let problem = Problem::from_status(&Error::from(casebook::Error::Refused(refusal)).into());
        assert_eq!((problem.code, problem.reason.as_str()), (code, reason));
        // What is not there, or may not be known of, says no more than that.
        if reason != "NOT_FOUND" {
            assert_eq!((problem.law.as_deref(), problem.fields.first().map(|field| field.path.as_str())), (law, field));
        }
        assert!(code != Code::Invalid || field.is_some(), "{reason} names its field");
    }
}
