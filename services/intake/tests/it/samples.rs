//! Events as earlier releases stored them, byte for byte. They must be read for ever: never change a sample, add one.

use crate::oracle::place;
use casebook::Case;
use civic::Micros;
use intake::domain::report::{Ending, Phase, Report, SpotCheck};
use intake::domain::selection::{self, Selection};
use intake::domain::{Channel, FoundBy, Ground, Kind, Line, OrderState, Urgency};
use prost::Message;
use proto::intake::v1::stored::ReportEvent;

fn event<E: Message + Default>(hex: &str) -> E {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let bytes: Vec<u8> = digits.chunks(2).map(byte).collect();
    E::decode(bytes.as_slice()).unwrap()
}

const FILED: &str = include_str!("../samples/0.1-filed.hex");
/// With its channel's number sealed. The sample above has it in the clear, which no release ever wrote: it is passed over.
const FILED_BY_NUMBER: &str = include_str!("../samples/0.1-filed-by-number.hex");
const CLASSIFIED: &str = include_str!("../samples/0.1-classified.hex");
/// With what holds after it.
const CLASSIFIED_AFTER: &str = include_str!("../samples/0.1-classified-after.hex");
const ORDER_STEPPED: &str = include_str!("../samples/0.1-order-stepped.hex");
const RATED: &str = include_str!("../samples/0.1-rated.hex");
const PERSON_ERASED: &str = include_str!("../samples/0.1-person-erased.hex");
/// Drawn for a check, with emergency lines, a filer and a theme.
const FILED_DRAWN: &str = include_str!("../samples/0.1-filed-drawn.hex");
const SUPPLEMENTED: &str = include_str!("../samples/0.1-supplemented.hex");
const URGED: &str = include_str!("../samples/0.1-urged.hex");
const WITHDRAWN: &str = include_str!("../samples/0.1-withdrawn.hex");
const REFUSED: &str = include_str!("../samples/0.1-refused.hex");
const TRANSFERRED: &str = include_str!("../samples/0.1-transferred.hex");
const CHECKED: &str = include_str!("../samples/0.1-checked.hex");

/// A consultation that was answered at once.
const FILED_ANSWERED: &str = include_str!("../samples/0.1-filed-answered.hex");
const ANSWER_DECLINED: &str = include_str!("../samples/0.1-answer-declined.hex");
const PLACE_FOLLOWED: &str = include_str!("../samples/0.1-place-followed.hex");
/// Of an order that was merged into one that is resolved by now.
const ORDER_STEPPED_MERGED: &str = include_str!("../samples/0.1-order-stepped-merged.hex");

const SELECTION_OPENED: &str = include_str!("../samples/0.1-selection-opened.hex");
const IDEA_NOMINATED: &str = include_str!("../samples/0.1-idea-nominated.hex");
const IDEA_SCORED: &str = include_str!("../samples/0.1-idea-scored.hex");
const SELECTION_PUBLICISED: &str = include_str!("../samples/0.1-selection-publicised.hex");
const IDEA_STRUCK: &str = include_str!("../samples/0.1-idea-struck.hex");
const SELECTION_CHOSEN: &str = include_str!("../samples/0.1-selection-chosen.hex");

#[test]
fn a_report_of_release_0_1_reads_as_it_was() {
    let filed = Report::evolve(None, &event(FILED)).unwrap();
    let head = &filed.head;
    assert_eq!(filed.phase, Phase::Filed);
    assert_eq!((head.tracking_number.as_str(), head.filed_at), ("12345678901234567", Micros(1_764_000_000_000_001)));
    assert_eq!((head.kind, head.channel, head.urgency), (Kind::Complaint, Channel::Hotline12345, Urgency::LevelThree));
    assert_eq!((head.whereabouts.place.code.as_str(), head.whereabouts.found_by), ("500151", FoundBy::Address));
    assert_eq!((head.text.sealed(), head.track_secret.sealed()), (b"text".as_slice(), [7; 16].as_slice()));
    assert_eq!(head.whereabouts.coordinates, Some((29.8, 106.05)));
    assert!(head.needs_person);

    let classified = Report::evolve(Some(filed), &event(CLASSIFIED)).unwrap();
    assert_eq!(
        (classified.head.category.code.as_str(), classified.head.whereabouts.place.clone()),
        ("0612", place("500103"))
    );
    let stepped = Report::evolve(Some(classified), &event(ORDER_STEPPED)).unwrap();
    assert_eq!((stepped.phase.name(), stepped.phase.order()), ("Answered", Some(OrderState::Resolved)));
    assert_eq!((stepped.head.order_version, stepped.phase.due()), (4, Some(Micros(1_770_000_000_000_000))));
    let rated = Report::evolve(Some(stepped), &event(RATED)).unwrap();
    assert!(rated.head.rating.is_some_and(|rating| rating.satisfied && !rating.solved));
    assert!(Report::evolve(Some(rated), &event(PERSON_ERASED)).unwrap().head.erased);
}

#[test]
fn a_channels_number_in_the_clear_is_never_read_and_a_sealed_one_is() {
    assert_eq!(Report::evolve(None, &event(FILED)).unwrap().head.channel_number, None);
    let sealed = Report::evolve(None, &event(FILED_BY_NUMBER)).unwrap().head.channel_number.unwrap();
    assert_eq!(sealed.sealed(), b"sealed number");
}

#[test]
fn a_ruling_of_release_0_1_is_told_with_what_holds_after_it() {
    let id = civic::CaseId::from_bytes([1; 16]);
    let filed = Report::evolve(None, &event(FILED)).unwrap();
    let ruling = event(CLASSIFIED_AFTER);
    assert_eq!(Report::evolve(Some(filed), &ruling).unwrap().head.urgency, Urgency::LevelOne);
    let (name, data) = Report::publish(id, &ruling).unwrap();
    assert_eq!(name, "report.classified.v1");
    let public = proto::events::v1::PublicEvent::decode(data.as_slice()).unwrap();
    let Some(proto::events::v1::public_event::Event::ReportClassified(told)) = public.event else {
        panic!("another event")
    };
    assert_eq!((told.category_code.as_str(), told.division_code.as_str(), told.urgency), ("0401", "500151", 1));
    assert_eq!((told.by.as_str(), told.report), ("city-dispatcher@50", id.to_string()));
    assert_eq!(Report::publish(id, &event(CLASSIFIED)), None, "stored before rulings were told");
}

#[test]
fn an_event_of_a_newer_release_is_corrupt_here_and_never_guessed() {
    let filed = Report::evolve(None, &event(FILED)).unwrap();
    assert_eq!(Report::evolve(Some(filed.clone()), &ReportEvent { event: None }), None);
    assert_eq!(Report::evolve(Some(filed), &event(FILED)), None);
    assert_eq!(Report::evolve(None, &event(RATED)), None);
}

#[test]
fn what_came_later_to_a_report_of_release_0_1_reads_as_it_was() {
    let filed = Report::evolve(None, &event(FILED_DRAWN)).unwrap();
    assert_eq!(filed.head.transfer_advice, [Line::Fire, Line::Ambulance]);
    assert_eq!((filed.head.filer.as_slice(), filed.later.check_is_due()), ([5; 16].as_slice(), true));
    assert_eq!(filed.head.theme.as_ref().unwrap().sealed(), b"sealed theme");

    let added = Report::evolve(Some(filed), &event(SUPPLEMENTED)).unwrap();
    let supplement = &added.later.supplements[0];
    assert_eq!((supplement.by.as_str(), supplement.attachments[0].uri.as_str()), ("citizen/", "files/1"));
    assert_eq!(supplement.text.as_ref().unwrap().sealed(), b"sealed more");
    let urged = Report::evolve(Some(added), &event(URGED)).unwrap();
    assert_eq!((urged.later.urges.total, urged.later.urges.that_day), (4, 2));
    let passed_on = Report::evolve(Some(urged), &event(TRANSFERRED)).unwrap();
    assert_eq!(
        (passed_on.later.transfers[0].to, passed_on.later.transfers[0].at),
        (Line::Fire, Micros(1_764_000_000_000_104))
    );
    let checked = Report::evolve(Some(passed_on), &event(CHECKED)).unwrap();
    assert!(matches!(checked.later.check, Some(SpotCheck::Made { confirmed: true, .. })));
    let ending = |report: Report| if let Phase::Stopped(stopped) = report.phase { Some(stopped.ending) } else { None };
    let withdrawn = Report::evolve(Some(checked.clone()), &event(WITHDRAWN)).unwrap();
    assert_eq!(ending(withdrawn), Some(Ending::Withdrawn));
    let refused = Report::evolve(Some(checked), &event(REFUSED)).unwrap();
    assert_eq!(ending(refused), Some(Ending::Refused(Ground::ReviewConcluded)));
}

#[test]
fn an_answered_consultation_of_release_0_1_reads_as_it_was() {
    let id = civic::CaseId::from_bytes([1; 16]);
    let told = Report::evolve(None, &event(FILED_ANSWERED)).unwrap();
    assert_eq!(told.phase, Phase::Told { satisfied: false });
    let answer = told.head.answer.as_ref().unwrap();
    assert_eq!((answer.entry.as_str(), answer.article.as_str()), ("labour-arbitration-fee", "第五十三条"));
    assert_eq!((answer.edition.as_str(), answer.confidence), ("2007-12-29", 87));
    assert_eq!(Report::publish(id, &event(FILED_ANSWERED)).unwrap().0, "report.answered.v1");
    let declined = Report::evolve(Some(told), &event(ANSWER_DECLINED)).unwrap();
    assert_eq!((&declined.phase, declined.head.answer.is_some()), (&Phase::Filed, true));
    let (name, data) = Report::publish(id, &event(ANSWER_DECLINED)).unwrap();
    assert_eq!(name, "report.filed.v1");
    let public = proto::events::v1::PublicEvent::decode(data.as_slice()).unwrap();
    let Some(proto::events::v1::public_event::Event::ReportFiled(filed)) = public.event else {
        panic!("another event")
    };
    assert_eq!((filed.category_code.as_str(), filed.kind, filed.accepted_us), ("0211", 1, 1_764_000_000_000_200));
    assert!(filed.anonymous && filed.no_reply && filed.due_us == 1_764_000_000_000_009);
    assert_eq!(Report::evolve(Some(declined.clone()), &event(ANSWER_DECLINED)), None, "an answer is declined once");
    let moved = Report::evolve(Some(declined), &event(PLACE_FOLLOWED)).unwrap();
    assert_eq!(moved.head.whereabouts.place.district.as_ref().map(|code| code.as_str()), Some("500109"));
    assert_eq!(moved.head.tree_version, "tree-2");
}

#[test]
fn a_merged_order_s_step_of_release_0_1_reads_with_how_the_other_stands() {
    let filed = Report::evolve(None, &event(FILED)).unwrap();
    let stepped = Report::evolve(Some(filed), &event(ORDER_STEPPED_MERGED)).unwrap();
    assert_eq!((stepped.phase.name(), stepped.phase.order()), ("Answered", Some(OrderState::Merged)));
    assert_eq!(stepped.phase.work().unwrap().parent, Some(OrderState::Resolved));
    assert_eq!(stepped.head.order_version, 5);
}

#[test]
fn a_selection_of_release_0_1_reads_as_it_was() {
    let opened = Selection::evolve(None, &event(SELECTION_OPENED)).unwrap();
    assert_eq!((opened.quarter.as_str(), &opened.place), ("2026Q4", &place("500151")));
    assert_eq!(opened.panel, [[1; 16], [2; 16], [3; 16]]);
    let nominated = Selection::evolve(Some(opened), &event(IDEA_NOMINATED)).unwrap();
    assert_eq!(nominated.ideas[0].theme, "夜间公交");
    assert_eq!(nominated.ideas[0].reports, [8, 9].map(|number| civic::CaseId::from_bytes([number; 16])));
    let scored = Selection::evolve(Some(nominated), &event(IDEA_SCORED)).unwrap();
    assert_eq!(scored.ideas[0].scores, [([2; 16], 9)]);
    assert_eq!(Selection::event_actor(&event(IDEA_SCORED)), "", "raters are hidden");
    let published = Selection::evolve(Some(scored), &event(SELECTION_PUBLICISED)).unwrap();
    let until = Micros(1_764_000_000_000_000 + 7 * Micros::DAY);
    assert_eq!(published.phase, selection::Phase::Publicised { ten: vec![0], until });
    let struck = Selection::evolve(Some(published), &event(IDEA_STRUCK)).unwrap();
    assert_eq!(struck.ideas[0].struck.as_deref(), Some("已有单位在实施"));
    let chosen = Selection::evolve(Some(struck), &event(SELECTION_CHOSEN)).unwrap();
    assert_eq!(chosen.phase, selection::Phase::Chosen { ten: vec![0] });
    assert_eq!(Selection::evolve(Some(chosen), &event(SELECTION_OPENED)), None, "a selection is opened once");
}
