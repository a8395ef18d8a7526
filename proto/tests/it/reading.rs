//! No call that reads can be asked for what one person has said, in several cases at once.

use crate::descriptors::{messages, only_reads, ours, planted, rpcs};
use prost_types::FileDescriptorSet;

/// All that a call which only reads may be asked by: the end of the field's full name, and what it is. What is not here is refused: who adds a
/// field says here what it narrows by.
const ASKED_BY: &[(&str, &str)] = &[
    ("name", "one resource"),
    ("parent", "the case whose members are meant"),
    ("page_size", "paging"),
    ("page_token", "paging"),
    ("division_code", "a place"),
    ("level", "a tier of places"),
    ("unit", "a unit"),
    ("state", "how far a matter is"),
    ("lamp", "how late a matter is"),
    ("urgency", "how urgent a matter is"),
    ("category", "what a matter is about"),
    ("answered", "whether a place has answered a warning"),
    ("flagged", "matters that wait for somebody to look"),
    ("needs_person", "matters that wait for somebody to classify them"),
    ("date", "a day"),
    ("from", "a day"),
    ("to", "a day"),
    ("month", "a month"),
    ("ListTasksRequest.post", "a post, whoever fills it that day"),
    ("GetCareEntryRequest.reason", "why this one is looked at: it goes on record"),
    // Together they open one report, to whoever filed it.
    ("TrackReportRequest.tracking_number", "one report"),
    ("TrackReportRequest.phone_last4", "proof of having filed it; finds nothing by itself"),
    ("TrackReportRequest.pin", "the same"),
    ("CountOrdersRequest.grouping", "by category or place"),
    // Between services.
    ("service", "a log"),
    ("partition", "a part of a log"),
    ("after", "a position in it"),
    ("limit", "paging"),
    ("PositionRequest.case_id", "one case"),
    ("PositionRequest.case_version", "a version of it"),
    ("StreamEventsRequest.last_event_id", "where a stream goes on"),
];

fn refused(set: &FileDescriptorSet) -> Vec<String> {
    let messages = messages(set);
    let mut found = Vec::new();
    for (rpc, method) in rpcs(set).into_iter().filter(|(_, method)| only_reads(method)) {
        let request = messages.iter().find(|message| message.name == method.input_type().trim_start_matches('.'));
        let fields = request.into_iter().flat_map(|message| &message.proto.field);
        let strange = fields.filter(|field| !is_known(method.input_type(), field.name()));
        found.extend(strange.map(|field| format!("{rpc} can be asked by {}", field.name())));
    }
    found
}

fn is_known(request: &str, field: &str) -> bool {
    let whole = format!("{request}.{field}");
    ASKED_BY.iter().any(|(name, _)| whole.ends_with(&format!(".{name}")))
}

/// Domain, lines not crossed: 2.
#[test]
fn no_call_that_reads_is_asked_by_a_person() {
    assert_eq!(refused(&ours()), [""; 0]);
}

#[test]
fn a_planted_filter_by_a_person_is_found() {
    for field in ["phone", "reporter", "person", "id_card", "filed_by"] {
        let set = planted("ListCasesRequest", &["page_size", field], &[], "ListCases");
        assert_eq!(refused(&set), [format!("jiewang.planted.v1.Planted.ListCases can be asked by {field}")]);
    }
}
