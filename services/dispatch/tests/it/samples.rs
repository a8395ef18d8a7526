//! Events as earlier releases stored them, byte for byte. They must be read for ever: never change a sample, add one.

use casebook::Case;
use civic::Tier;
use dispatch::domain::emergency::Emergency;
use dispatch::domain::urgency::Urgency;
use dispatch::domain::warning::Warning;
use dispatch::domain::warning::place::WarningPlace;
use dispatch::domain::work_order::{PartStanding, State, SupervisionStanding, WorkOrder};
use prost::Message;
use proto::dispatch::v1::stored::{EmergencyEvent, WarningEvent, WarningPlaceEvent, WorkOrderEvent};

/// One life with every event in it, one event a line, in hex.
const LIFE: &str = include_str!("../samples/0.1-life.hex");

/// A life with rulings on the report in it.
const RULED: &str = include_str!("../samples/0.1-ruled.hex");

/// A life with parts, stepping aside, supervision and another tier in it.
const SHARED: &str = include_str!("../samples/0.1-shared.hex");

/// Brought with a limit, heard of in every way, merged, told, and back again.
const MEMBER: &str = include_str!("../samples/0.1-member.hex");

/// Joined by another, answered, its members told, and found not to be done as told.
const PARENT: &str = include_str!("../samples/0.1-parent.hex");

fn event(line: &str) -> WorkOrderEvent {
    message(line)
}

fn message<M: Message + Default>(line: &str) -> M {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let bytes: Vec<u8> = line.as_bytes().chunks(2).map(byte).collect();
    M::decode(bytes.as_slice()).unwrap()
}

#[test]
fn a_life_of_release_0_1_reads_as_it_was() {
    let events: Vec<_> = LIFE.lines().map(event).collect();
    let mut order = None;
    let mut states = Vec::new();
    for event in &events {
        let next = WorkOrder::evolve(order, event).expect("the sample can be applied");
        assert_eq!(event.after.as_ref().unwrap().state, next.state().number());
        states.push(next.state());
        order = Some(next);
    }
    let order = order.unwrap();
    assert_eq!(order.state(), State::Cancelled);
    assert_eq!((order.head.round, order.head.returns, order.head.extended), (4, 1, true));
    assert_eq!(order.head.tracking_number, "12345678901234567");
    assert_eq!(order.assignment().unwrap().unit.as_str(), "500151001-zhifa");
    for state in State::ALL.into_iter().filter(|state| *state != State::Merged) {
        assert!(states.contains(&state), "{state:?} is in the sample");
    }
    let types: std::collections::BTreeSet<_> = events.iter().map(WorkOrder::event_type).collect();
    assert_eq!(types.len(), 24, "every kind of event is in the sample");
}

#[test]
fn the_rulings_of_release_0_1_read_as_they_were() {
    let events: Vec<_> = RULED.lines().map(event).collect();
    let kinds: Vec<_> = events.iter().map(WorkOrder::event_type).collect();
    let expected = ["created", "reclassified", "assigned", "reclassified"].map(|kind| format!("workOrder.{kind}"));
    assert_eq!(kinds, expected);
    let orders: Vec<_> = events
        .iter()
        .scan(None, |order, event| {
            *order = WorkOrder::evolve(order.take(), event);
            order.clone()
        })
        .collect();
    let [_, ruled, assigned, moved] = orders.as_slice() else { panic!("{} of four can be applied", orders.len()) };
    assert_eq!(
        (ruled.state(), ruled.head.category.as_str(), ruled.head.urgency),
        (State::Created, "0612", Urgency::LevelOne)
    );
    assert_eq!((ruled.head.place.code.as_str(), ruled.head.tier), ("500151001001", Tier::Town));
    assert_eq!(assigned.unit().unwrap().as_str(), "500151001-zhifa");
    assert_eq!((moved.head.place.code.as_str(), moved.head.tier), ("500151", Tier::District));
    assert_eq!((moved.state(), moved.unit(), moved.head.reply_approval), (State::Assigned, assigned.unit(), true));
}

#[test]
fn an_event_of_a_newer_release_is_corrupt_here_and_never_guessed() {
    let first = event(LIFE.lines().next().unwrap());
    let order = WorkOrder::evolve(None, &first).unwrap();
    let unknown = WorkOrderEvent { event: None, ..first.clone() };
    assert_eq!(WorkOrder::evolve(Some(order.clone()), &unknown), None);
    assert_eq!(WorkOrder::evolve(Some(order), &first), None, "an order is not opened twice");
    assert_eq!(WorkOrder::evolve(None, &event(LIFE.lines().nth(2).unwrap())), None);
}

#[test]
fn the_shared_life_of_release_0_1_reads_as_it_was() {
    let events: Vec<_> = SHARED.lines().map(event).collect();
    let order = events.iter().fold(None, |order, event| {
        let next = WorkOrder::evolve(order, event).expect("the sample can be applied");
        // An order that is born assigned is told once: its first event says nothing of what stands after it.
        assert!(event.after.as_ref().is_none_or(|after| after.state == next.state().number()));
        Some(next)
    });
    let kinds: std::collections::BTreeSet<_> = events.iter().map(WorkOrder::event_type).collect();
    for kind in [
        "partsCalled",
        "partReportedIn",
        "partAnswered",
        "partReleased",
        "partsLate",
        "steppedAside",
        "supervisionNoticed",
        "supervisionReplied",
        "supervisionReviewed",
        "supervisionLate",
        "tierMoved",
    ] {
        assert!(kinds.contains(format!("workOrder.{kind}").as_str()), "{kind} is in the sample");
    }
    let head = order.unwrap().head;
    let parts: Vec<_> = head.parts.iter().map(|part| (part.unit.as_str(), part.whistled, part.standing)).collect();
    let answered = ("500151-gongan", true, PartStanding::Answered);
    assert_eq!(parts, [answered, ("500151001-zhifa", false, PartStanding::Released)]);
    assert_eq!((head.tier, head.origin, head.aside.len()), (Tier::Town, Some(Tier::Town), 2));
    let supervision = head.supervision.unwrap();
    assert_eq!((supervision.standing, supervision.milestones.len()), (SupervisionStanding::Reviewed, 2));
}

/// Kinds of the events, and the orders after each.
fn replayed(sample: &str) -> (Vec<&'static str>, Vec<WorkOrder>) {
    let events: Vec<_> = sample.lines().map(event).collect();
    let mut orders: Vec<WorkOrder> = Vec::new();
    for event in &events {
        assert!(WorkOrder::legal(orders.last(), event), "the table allows it");
        orders.push(WorkOrder::evolve(orders.last().cloned(), event).expect("the sample can be applied"));
    }
    (events.iter().map(|event| WorkOrder::event_type(event).trim_start_matches("workOrder.")).collect(), orders)
}

#[test]
fn the_lives_of_a_member_and_of_a_parent_of_release_0_1_read_as_they_were() {
    let (kinds, orders) = replayed(MEMBER);
    let heard = ["reportSupplemented", "reportUrged", "reportTransferred", "reportChecked"];
    let merged = ["merged", "reportEnded", "parentStepped", "rated"];
    assert_eq!(kinds, [["created", "assigned"].as_slice(), &heard, &merged].concat());
    assert_eq!(orders[0].head.imported_due(), Some(crate::world::NOW + 9 * civic::Micros::DAY + 1), "`due_us`");
    let told = orders[8].merged().unwrap();
    assert_eq!((told.into, told.news.number), (crate::world::other(1), 2));
    let back = orders.last().unwrap();
    assert_eq!((back.state(), back.head.round), (State::InProgress, 2));

    let (kinds, orders) = replayed(PARENT);
    let told = ["memberJoined", "resolved", "membersTold", "membersTold", "spotCheckFailed"];
    assert_eq!(kinds, [["created", "assigned", "accepted"].as_slice(), &told].concat());
    assert_eq!(orders[5].head.members.unwrap().telling.unwrap().after, Some(crate::world::other(1)));
    let last = orders.last().unwrap();
    let members = last.head.members.unwrap();
    assert_eq!((last.state(), members.joined, members.news), (State::InProgress, 1, 2));
}

/// Also leaves in `target/tmp` the files that become the next samples: when a release is made, copy them to `tests/samples`
/// under its number and add a test that reads them.
#[test]
fn what_this_release_writes_is_read_back_as_it_was_written() {
    let lives = [
        ("next-life.hex", crate::life::life()),
        ("next-ruled.hex", crate::life::ruled_life()),
        ("next-shared.hex", crate::life::shared_life()),
        ("next-member.hex", crate::life::member_life()),
        ("next-parent.hex", crate::life::parent_life()),
    ];
    for (file, events) in lives {
        let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
        std::fs::write(&path, lines_of(&events)).unwrap();
        let read: Vec<_> = std::fs::read_to_string(&path).unwrap().lines().map(event).collect();
        assert_eq!(read, events, "{}", path.display());
        let replayed = read.iter().try_fold(None, |order, event| WorkOrder::evolve(order, event).map(Some));
        assert!(replayed.is_some(), "{} cannot be applied", path.display());
    }
}

/// An emergency's life with every event in it.
const EMERGENCY: &str = include_str!("../samples/0.1-emergency.hex");

#[test]
fn the_emergency_of_release_0_1_reads_as_it_was() {
    let events: Vec<EmergencyEvent> = EMERGENCY.lines().map(message).collect();
    let kinds: Vec<_> = events.iter().map(Emergency::event_type).collect();
    let wanted = ["opened", "late", "acknowledged", "reported", "done", "called", "ended"];
    assert_eq!(kinds, wanted.map(|kind| format!("emergency.{kind}")));
    let emergency = events.iter().fold(None, |state, event| {
        assert!(Emergency::legal(state.as_ref(), event));
        Some(Emergency::evolve(state, event).expect("the sample can be applied"))
    });
    let emergency = emergency.unwrap();
    assert!(!emergency.is_running());
    let states: Vec<_> = emergency.actions.iter().map(|action| action.state().as_str()).collect();
    assert_eq!(states, ["done", "called", "called", "unanswered", "waiting"]);
    assert_eq!((emergency.head.plan.as_str(), emergency.head.centre.as_str()), ("medical", "500151001"));
}

#[test]
fn the_emergency_that_this_release_writes_is_read_back_as_it_was_written() {
    let events = crate::emergencies::life();
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("next-emergency.hex");
    std::fs::write(&path, lines_of(&events)).unwrap();
    let read: Vec<EmergencyEvent> = std::fs::read_to_string(&path).unwrap().lines().map(message).collect();
    assert_eq!(read, events);
}

/// Lives of places of a warning, and of warnings, parted by empty lines.
const PLACES: &str = include_str!("../samples/0.1-warning-places.hex");
const WARNINGS: &str = include_str!("../samples/0.1-warnings.hex");

#[test]
fn the_warnings_of_release_0_1_read_as_they_were() {
    let mut ends = Vec::new();
    for life in PLACES.split("\n\n") {
        let place = life.lines().map(message).fold(None, |state, event| {
            assert!(WarningPlace::legal(state.as_ref(), &event));
            WarningPlace::evolve(state, &event)
        });
        let place = place.expect("the sample can be applied");
        ends.push((place.standing().as_str(), place.calls, place.silent, place.over));
    }
    assert_eq!(ends, [("answered", 1, false, false), ("called", 3, true, false), ("called", 1, false, true)]);
    let numbers = WARNINGS.split("\n\n").map(|life| {
        let warning = life.lines().map(message).fold(None, |state, event| Warning::evolve(state, &event));
        warning.expect("the sample can be applied").number()
    });
    assert_eq!(numbers.collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn the_warnings_that_this_release_writes_are_read_back_as_they_were_written() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (places, warnings) = (crate::warnings::lives(), crate::warnings::warnings());
    let text = places.iter().map(|life| lines_of(life)).collect::<Vec<_>>().join("\n");
    let read: Vec<Vec<WarningPlaceEvent>> =
        text.split("\n\n").map(|life| life.lines().map(message).collect()).collect();
    std::fs::write(folder.join("next-warning-places.hex"), &text).unwrap();
    assert_eq!(read, places);
    let text = warnings.iter().map(|life| lines_of(life)).collect::<Vec<_>>().join("\n");
    let read: Vec<Vec<WarningEvent>> = text.split("\n\n").map(|life| life.lines().map(message).collect()).collect();
    std::fs::write(folder.join("next-warnings.hex"), &text).unwrap();
    assert_eq!(read, warnings);
}

fn lines_of<M: Message>(events: &[M]) -> String {
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let lines: Vec<String> = events.iter().map(|event| hex(event.encode_to_vec())).collect();
    lines.join("\n") + "\n"
}
