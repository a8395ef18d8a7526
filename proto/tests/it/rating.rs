//! What units are rated by: what those below them say, and what citizens said. Nothing that would make fines, quick closings, or keeping a
//! matter to oneself pay.

use crate::{
    descriptors::{Message, messages, names, ours, planted},
    words::{said, says},
};
use prost_types::FileDescriptorSet;

/// The contract of rates and evaluations, and the events that both are read off.
const FILES: [&str; 3] = ["/evaluations.proto", "/rates.proto", "/rate_events.proto"];

/// All that an evaluation is made of.
const EVALUATION: &str = "at_us by commend_head evaluated month name raters recommendation replace_head request_id score scores unit \
    withheld";

/// Nothing of the three rates is called so.
const REFUSED: &str = "arrest, case count, closing, closure, confiscated, confiscation, court, detention, escalate, escalated, escalation, \
     fine, fined, handed up, late, lawsuit, mediation, on time, overdue, penalty, penalties, petition, punished, \
     punishment, returned, revenue, sent up, supervised, supervision, sued";

fn refused(set: &FileDescriptorSet) -> Vec<String> {
    let file = set.file.iter().filter(|file| FILES.iter().any(|end| file.name().ends_with(end))).cloned().collect();
    let rated_by = FileDescriptorSet { file };
    let mut found = Vec::new();
    for name in names(&rated_by) {
        let own = name.rsplit('.').next().unwrap_or_default();
        found.extend(said(own, &[REFUSED]).map(|term| format!("{name} says {term:?}")));
    }
    let evaluation = |name: &str| says(name, "evaluation") || name.ends_with(".Evaluated");
    for Message { name, proto } in messages(&rated_by).iter().filter(|message| evaluation(&message.name)) {
        let strange = proto.field.iter().filter(|field| !EVALUATION.split(' ').any(|known| known == field.name()));
        found.extend(strange.map(|field| format!("{name}.{} is not what evaluations are made of", field.name())));
    }
    found
}

/// Domain, lines not crossed: 8.
#[test]
fn rates_and_evaluations_are_made_of_no_fines_closings_or_escalations() {
    let set = ours();
    assert!(
        FILES.iter().all(|end| set.file.iter().any(|file| file.name().ends_with(end))),
        "a file has another name now"
    );
    assert_eq!(refused(&set), [""; 0]);
}

#[test]
fn a_planted_fine_closure_rate_or_count_of_escalations_is_found() {
    let in_file = |file: &str, message: &str, field: &str| {
        let mut set = planted(message, &[field], &[], "Read");
        set.file[0].name = Some(format!("jiewang/planted/v1{file}"));
        refused(&set)
    };
    for field in ["fines", "closure_rate", "escalation_count", "orders_escalated", "overdue_orders", "court_cases"] {
        assert_eq!(in_file("/rates.proto", "OrderFacts", field).len(), 1, "{field}");
    }
    assert_eq!(
        in_file("/evaluations.proto", "Evaluation", "orders_done"),
        ["jiewang.planted.v1.Evaluation.orders_done is not what evaluations are made of"]
    );
    assert_eq!(in_file("/rate_events.proto", "Evaluated", "score"), [""; 0]);
}
