//! Clocks, pauses, extensions and lamps, by example and against slow but obvious ways to compute the same.

use civic::{Calendar, Due, Extension, Lamp, Limit, Measure, Micros, SegmentKind, Stopwatch};
use jiff::civil::{Date, date};
use jiff::{Span, ToSpan};
use proptest::prelude::*;

fn at(year: i16, month: i8, day: i8, hour: i8, minute: i8) -> Micros {
    Micros::from_local(date(year, month, day).at(hour, minute, 0, 0))
}

fn due(watch: &Stopwatch) -> Due {
    watch.due(&Calendar::china(), watch.started)
}

#[test]
fn hours_and_minutes_run_on_the_clock_through_nights_and_holidays() {
    let watch = Stopwatch::start(at(2026, 9, 30, 20, 0), Limit::hours(24));
    assert_eq!(due(&watch).due, at(2026, 10, 1, 20, 0));
    assert_eq!(due(&watch).yellow, at(2026, 10, 1, 12, 48));
    let watch = Stopwatch::start(at(2026, 9, 30, 20, 0), Limit::minutes(10));
    assert_eq!((due(&watch).yellow, due(&watch).due), (at(2026, 9, 30, 20, 7), at(2026, 9, 30, 20, 10)));
}

#[test]
fn working_days_begin_the_day_after_and_end_at_midnight_of_the_last() {
    // Monday: five working days are Tuesday to the next Monday.
    let watch = Stopwatch::start(at(2026, 11, 2, 9, 30), Limit::working_days(5));
    assert_eq!(due(&watch).due, at(2026, 11, 10, 0, 0));
    // 70 % of 120 hours: 84 hours, half of Friday.
    assert_eq!(due(&watch).yellow, at(2026, 11, 6, 12, 0));
    let early = Stopwatch::start(at(2026, 11, 2, 0, 0), Limit::working_days(5));
    let late = Stopwatch::start(at(2026, 11, 2, 23, 59), Limit::working_days(5));
    assert_eq!((due(&early).due, due(&late).due), (due(&watch).due, due(&watch).due));
}

#[test]
fn make_up_days_count_and_holidays_do_not() {
    // From Wednesday 30 September: 1 to 7 October off, 8 and 9 work, Saturday the 10th is made up for.
    let watch = Stopwatch::start(at(2026, 9, 30, 9, 0), Limit::working_days(3));
    assert_eq!(due(&watch).due, at(2026, 10, 11, 0, 0));
    let watch = Stopwatch::start(at(2026, 9, 30, 9, 0), Limit::working_days(1));
    assert_eq!(due(&watch).due, at(2026, 10, 9, 0, 0));
    assert_eq!(due(&watch).yellow, at(2026, 10, 8, 16, 48));
}

#[test]
fn calendar_days_all_count() {
    let watch = Stopwatch::start(at(2026, 9, 30, 9, 0), Limit::calendar_days(7));
    assert_eq!(due(&watch).due, at(2026, 10, 8, 0, 0));
    assert_eq!(due(&watch).yellow, at(2026, 10, 5, 21, 36));
}

#[test]
fn a_pause_adds_its_length_in_the_same_measure() {
    let mut watch = Stopwatch::start(at(2026, 11, 2, 9, 0), Limit::working_days(5));
    // Friday noon to Monday noon: half of Friday and half of Monday count.
    watch.pause(at(2026, 11, 6, 12, 0), "town-1", "waiting for the citizen");
    watch.resume(at(2026, 11, 9, 12, 0));
    assert_eq!(due(&watch).due, at(2026, 11, 11, 0, 0));
    let mut weekend = Stopwatch::start(at(2026, 11, 2, 9, 0), Limit::working_days(5));
    weekend.pause(at(2026, 11, 7, 0, 0), "town-1", "waiting");
    weekend.resume(at(2026, 11, 9, 0, 0));
    assert_eq!(due(&weekend).due, at(2026, 11, 10, 0, 0));
    let mut first_day = Stopwatch::start(at(2026, 11, 2, 9, 0), Limit::working_days(5));
    first_day.pause(at(2026, 11, 2, 10, 0), "town-1", "waiting");
    first_day.resume(at(2026, 11, 2, 18, 0));
    assert_eq!(due(&first_day).due, at(2026, 11, 10, 0, 0));
    let mut hours = Stopwatch::start(at(2026, 11, 6, 18, 0), Limit::hours(4));
    hours.pause(at(2026, 11, 6, 19, 0), "town-1", "waiting");
    hours.resume(at(2026, 11, 9, 9, 0));
    assert_eq!(due(&hours).due, at(2026, 11, 9, 12, 0));
}

#[test]
fn while_paused_the_end_moves_with_the_present() {
    let calendar = Calendar::china();
    let mut watch = Stopwatch::start(at(2026, 11, 6, 18, 0), Limit::hours(4));
    watch.pause(at(2026, 11, 6, 19, 0), "town-1", "waiting");
    let soon = watch.due(&calendar, at(2026, 11, 6, 20, 0));
    let later = watch.due(&calendar, at(2026, 11, 6, 21, 0));
    assert!(soon.paused && later.paused);
    assert_eq!((soon.due, later.due), (at(2026, 11, 6, 23, 0), at(2026, 11, 7, 0, 0)));
    assert_eq!(watch.lamp(later, at(2026, 11, 6, 21, 0)), Lamp::Green);
}

#[test]
fn a_pause_after_the_end_does_not_make_a_red_lamp_green() {
    let calendar = Calendar::china();
    let mut watch = Stopwatch::start(at(2026, 11, 6, 18, 0), Limit::hours(4));
    watch.pause(at(2026, 11, 6, 22, 0), "town-1", "waiting");
    let now = at(2026, 11, 8, 0, 0);
    let due = watch.due(&calendar, now);
    assert_eq!(due.due, at(2026, 11, 6, 22, 0));
    assert_eq!(watch.lamp(due, now), Lamp::Red);
}

#[test]
fn time_spent_closed_becomes_a_pause() {
    let calendar = Calendar::china();
    let mut watch = Stopwatch::start(at(2026, 11, 2, 9, 0), Limit::hours(24));
    watch.pause(at(2026, 11, 2, 10, 0), "town-1", "waiting");
    watch.stop(at(2026, 11, 2, 12, 0));
    let closed = watch.due(&calendar, at(2026, 11, 20, 0, 0));
    assert!(!closed.paused && !watch.is_running());
    assert_eq!(watch.lamp(closed, at(2026, 11, 20, 0, 0)), Lamp::Green, "as it stood when it was closed");
    watch.reopen(at(2026, 11, 4, 12, 0));
    assert_eq!(watch.due(&calendar, at(2026, 11, 4, 12, 0)).due, at(2026, 11, 5, 11, 0));
    let explained = watch.explain(&calendar, at(2026, 11, 4, 13, 0));
    let kinds: Vec<(SegmentKind, &str)> = explained.segments.iter().map(|s| (s.kind, s.reason.as_str())).collect();
    use SegmentKind::{Paused, Running};
    assert_eq!(kinds, [(Running, ""), (Paused, "waiting"), (Paused, civic::stopwatch::CLOSED), (Running, "")]);
    assert_eq!(explained.calendar_version, calendar.version());
}

#[test]
fn an_extension_moves_the_end_and_the_yellow_lamp_but_never_backwards() {
    let calendar = Calendar::china();
    let start = at(2026, 11, 2, 9, 0);
    let mut watch = Stopwatch::start(start, Limit::hours(10));
    watch.extend(at(2026, 11, 3, 5, 0), "district-2", "road closed", at(2026, 11, 2, 18, 0));
    let due = watch.due(&calendar, start);
    assert_eq!((due.due, due.yellow), (at(2026, 11, 3, 5, 0), at(2026, 11, 2, 23, 0)));
    watch.pause(at(2026, 11, 2, 20, 0), "town-1", "waiting");
    watch.resume(at(2026, 11, 2, 22, 0));
    let due = watch.due(&calendar, start);
    assert_eq!((due.due, due.yellow), (at(2026, 11, 3, 7, 0), at(2026, 11, 3, 1, 0)));
    let explained = watch.explain(&calendar, at(2026, 11, 3, 0, 0));
    assert_eq!(explained.extension.map(|extension| extension.by), Some("district-2".to_owned()));
    let mut earlier = Stopwatch::start(start, Limit::hours(10));
    earlier.extend(at(2026, 11, 2, 10, 0), "district-2", "by mistake", start);
    assert_eq!(earlier.due(&calendar, start).due, at(2026, 11, 2, 19, 0));
}

#[test]
fn the_lamp_changes_at_the_very_instant() {
    let watch = Stopwatch::start(at(2026, 11, 2, 9, 0), Limit::hours(10));
    let due = due(&watch);
    let lamps = [due.yellow - 1, due.yellow, due.due - 1, due.due].map(|now| watch.lamp(due, now));
    assert_eq!(lamps, [Lamp::Green, Lamp::Yellow, Lamp::Yellow, Lamp::Red]);
}

#[test]
fn what_reaches_into_an_unknown_year_is_provisional_until_the_year_is_loaded() {
    let watch = Stopwatch::start(at(2026, 12, 28, 9, 0), Limit::working_days(5));
    let before = due(&watch);
    assert!(before.provisional);
    assert_eq!(before.due, at(2027, 1, 5, 0, 0));
    let year = "2027-01-01,holiday,元旦\n2027-01-04,holiday,元旦\n2027-10-01,holiday,国庆节\n";
    let calendar = Calendar::china().extended(&Calendar::load_csv("sc-2027", year).unwrap());
    let after = watch.due(&calendar, watch.started);
    assert!(!after.provisional);
    assert_eq!(after.due, at(2027, 1, 7, 0, 0));
    // Three working days end with the year, at an instant that already belongs to the next one.
    let to_the_end = Stopwatch::start(at(2026, 12, 28, 9, 0), Limit::working_days(3));
    assert_eq!(due(&to_the_end).due, at(2027, 1, 1, 0, 0));
    assert!(!due(&to_the_end).provisional);
    assert!(!due(&Stopwatch::start(at(2030, 1, 1, 0, 0), Limit::hours(1))).provisional);
}

#[test]
fn commands_out_of_turn_change_nothing() {
    let mut watch = Stopwatch::start(at(2026, 11, 2, 9, 0), Limit::hours(10));
    let fresh = watch.clone();
    watch.resume(at(2026, 11, 2, 10, 0));
    watch.reopen(at(2026, 11, 2, 10, 0));
    assert_eq!(watch, fresh);
    watch.pause(at(2026, 11, 2, 8, 0), "a", "clock behind");
    assert_eq!(watch.pauses[0].from, watch.started);
    let paused = watch.clone();
    watch.pause(at(2026, 11, 2, 11, 0), "b", "again");
    assert_eq!(watch, paused);
    watch.stop(at(2026, 11, 2, 12, 0));
    let stopped = watch.clone();
    watch.pause(at(2026, 11, 2, 13, 0), "c", "too late");
    watch.stop(at(2026, 11, 2, 13, 0));
    assert_eq!(watch, stopped);
}

#[test]
fn extreme_watches_end_without_overflow() {
    let holidays_only: String = (0..3_660).map(|d| format!("{},holiday,x\n", date(2026, 1, 1) + d.days())).collect();
    let never = Calendar::load_csv("never", &holidays_only).unwrap();
    for measure in [Measure::Minute, Measure::Hour, Measure::CalendarDay, Measure::WorkingDay] {
        for start in [Micros(0), Micros(i64::MAX), Micros(i64::MIN)] {
            let watch = Stopwatch::start(start, Limit::new(u32::MAX, measure));
            let due = watch.due(&never, start);
            assert!(start <= due.yellow && due.yellow <= due.due);
        }
        let nothing = Stopwatch::start(at(2026, 11, 2, 9, 0), Limit::new(0, measure));
        assert_eq!(due(&nothing).due, nothing.started);
    }
}

#[test]
fn a_watch_is_stored_and_read_back() {
    let mut watch = Stopwatch::start(at(2026, 11, 2, 9, 0), Limit::working_days(5));
    watch.pause(at(2026, 11, 3, 9, 0), "town-1", "waiting");
    watch.extended_to = Some(Extension { to: Micros(9), at: Micros(1), by: "x".to_owned(), reason: "y".to_owned() });
    let packed = postcard::to_stdvec(&watch).unwrap();
    assert_eq!(postcard::from_bytes::<Stopwatch>(&packed).unwrap(), watch);
    let json = serde_json::to_string(&watch).unwrap();
    assert_eq!(serde_json::from_str::<Stopwatch>(&json).unwrap(), watch);
}

/// Something done to a watch after some seconds.
#[derive(Clone, Debug)]
enum Step {
    Pause,
    Resume,
    Stop,
    Reopen,
    Extend(i64),
}

fn limits() -> impl Strategy<Value = Limit> {
    let measure =
        prop_oneof![Just(Measure::Minute), Just(Measure::Hour), Just(Measure::CalendarDay), Just(Measure::WorkingDay)];
    (0_u32..40, measure).prop_map(|(amount, measure)| Limit::new(amount, measure))
}

fn starts() -> impl Strategy<Value = Micros> {
    // Microseconds of 2024 to 2026, all of them in loaded years.
    (at(2024, 1, 1, 0, 0).0..at(2026, 6, 1, 0, 0).0).prop_map(Micros)
}

fn histories() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let step = prop_oneof![
        3 => Just(Step::Pause),
        3 => Just(Step::Resume),
        1 => Just(Step::Stop),
        1 => Just(Step::Reopen),
        1 => (0..20 * Micros::DAY).prop_map(Step::Extend),
    ];
    prop::collection::vec((0..4 * Micros::DAY, step), 0..12)
}

fn take(watch: &mut Stopwatch, now: Micros, step: &Step) {
    match step {
        Step::Pause => watch.pause(now, "u", "r"),
        Step::Resume => watch.resume(now),
        Step::Stop => watch.stop(now),
        Step::Reopen => watch.reopen(now),
        Step::Extend(by) => watch.extend(now + *by, "u", "r", now),
    }
}

fn lived(start: Micros, limit: Limit, history: &[(i64, Step)]) -> (Stopwatch, Micros) {
    let (mut watch, mut now) = (Stopwatch::start(start, limit), start);
    for (wait, step) in history {
        now = now + *wait;
        take(&mut watch, now, step);
    }
    (watch, now)
}

/// Counts day by day, as a clerk would with the calendar on the wall.
fn clerk(calendar: &Calendar, started: Date, days: u32) -> Date {
    let (mut day, mut left) = (started, days);
    while left > 0 {
        day += Span::new().days(1);
        left -= u32::from(calendar.is_working_day(day));
    }
    day + Span::new().days(1)
}

proptest! {
    #[test]
    fn working_days_agree_with_a_clerk(start in starts(), days in 1_u32..60) {
        let calendar = Calendar::china();
        let watch = Stopwatch::start(start, Limit::working_days(days));
        let expected = Micros::start_of_day(clerk(&calendar, start.local_date(), days));
        prop_assert_eq!(watch.due(&calendar, start).due, expected);
    }

    #[test]
    fn yellow_comes_before_the_end_and_both_after_the_start(start in starts(), limit in limits(), history in histories()) {
        let (watch, now) = lived(start, limit, &history);
        let due = watch.due(&Calendar::china(), now);
        prop_assert!(start <= due.yellow && due.yellow <= due.due, "{:?}", due);
    }

    #[test]
    fn a_pause_never_moves_the_end_forward(start in starts(), limit in limits(), history in histories(), wait in 0..Micros::DAY, length in 0..9 * Micros::DAY) {
        let calendar = Calendar::china();
        let (mut watch, now) = lived(start, limit, &history);
        watch.resume(now);
        let before = watch.due(&calendar, now);
        watch.pause(now + wait, "u", "r");
        watch.resume(now + wait + length);
        let after = watch.due(&calendar, now);
        prop_assert!(after.due >= before.due && after.yellow >= before.yellow, "{:?} {:?}", before, after);
        prop_assert!(after.due - before.due <= 2 * length + 20 * Micros::DAY);
    }

    #[test]
    fn a_pause_on_the_clock_adds_exactly_its_length(start in starts(), hours in 1_u32..200, share in 0.0..1.0_f64, length in 0..9 * Micros::DAY) {
        let calendar = Calendar::china();
        let mut watch = Stopwatch::start(start, Limit::hours(hours));
        let before = watch.due(&calendar, start).due;
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any instant inside will do")]
        let from = start + ((before - start) as f64 * share * 0.999) as i64;
        watch.pause(from, "u", "r");
        watch.resume(from + length);
        prop_assert_eq!(watch.due(&calendar, start).due, before + length);
    }

    #[test]
    fn segments_join_from_the_start_to_the_present(start in starts(), limit in limits(), history in histories(), wait in 0..9 * Micros::DAY) {
        let (watch, last) = lived(start, limit, &history);
        let explained = watch.explain(&Calendar::china(), last + wait);
        let mut joined = start;
        for segment in &explained.segments {
            prop_assert_eq!(segment.from, joined);
            prop_assert!(segment.from < segment.to);
            prop_assert_eq!(segment.kind == SegmentKind::Running, segment.reason.is_empty());
            joined = segment.to;
        }
        prop_assert_eq!(joined, watch.stopped.unwrap_or(last + wait));
    }

    #[test]
    fn the_end_is_where_the_running_segments_fill_the_limit(start in starts(), hours in 1_u32..100, history in histories()) {
        let plain: Vec<_> = history.into_iter().filter(|(_, step)| !matches!(step, Step::Extend(_))).collect();
        let (mut watch, now) = lived(start, Limit::hours(hours), &plain);
        watch.resume(now);
        watch.reopen(now);
        let calendar = Calendar::china();
        let due = watch.due(&calendar, now).due;
        let ran: i64 = watch.explain(&calendar, due).segments.iter().filter(|s| s.kind == SegmentKind::Running).map(|s| s.to - s.from).sum();
        prop_assert_eq!(ran, i64::from(hours) * Micros::HOUR);
    }

    #[test]
    fn the_present_moves_the_end_of_a_paused_watch_only(start in starts(), limit in limits(), history in histories(), wait in 0..99 * Micros::DAY) {
        let calendar = Calendar::china();
        let (watch, now) = lived(start, limit, &history);
        let (soon, later) = (watch.due(&calendar, now), watch.due(&calendar, now + wait));
        if watch.is_paused() {
            prop_assert!(later.due >= soon.due);
        } else {
            prop_assert_eq!(soon, later);
        }
    }
}
