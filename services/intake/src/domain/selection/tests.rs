//! The table of the module, cell by cell, and histories by chance.

use super::{Command, Facts, IDEAS, Member, Phase, Refusal, Selection, TEN};
use casebook::Case;
use civic::{CaseId, Micros, Place};
use proptest::prelude::*;

const DOC: &str = include_str!("../selection.rs");
const NOW: Micros = Micros(1_764_000_000_000_000);
const DAYS: u16 = 7;

fn member(number: u8) -> Member {
    [number; 16]
}

fn report(number: u8) -> CaseId {
    CaseId::from_bytes([number; 16])
}

fn by() -> String {
    "commander/500151".to_owned()
}

fn opening() -> Command {
    let code: civic::DivisionCode = "500151".parse().unwrap();
    let place = Place { district: Some(code.clone()), code, town: None, village: None, grid: None };
    Command::Open { quarter: "2026Q4".to_owned(), place, panel: (1..=4).map(member).collect(), by: by() }
}

fn nominate(number: u8) -> Command {
    Command::Nominate { theme: format!("主意{number}"), reports: vec![report(number)], by: by() }
}

fn score(idea: usize, by: u8, points: u8) -> Command {
    Command::Score { idea, member: member(by), points }
}

fn take(state: Option<Selection>, command: &Command, now: Micros) -> Result<Option<Selection>, Refusal> {
    let events = Selection::decide(state.as_ref(), command, &Facts { now })?;
    Ok(events.iter().fold(state, |state, event| {
        assert!(Selection::legal(state.as_ref(), event));
        Some(Selection::evolve(state, event).unwrap())
    }))
}

fn led(commands: &[Command]) -> Option<Selection> {
    commands.iter().fold(None, |state, command| take(state, command, NOW).unwrap())
}

fn scored() -> Vec<Command> {
    vec![opening(), nominate(1), nominate(2), score(0, 1, 7), score(0, 2, 8), score(1, 1, 9)]
}

fn publicised() -> Vec<Command> {
    scored().into_iter().chain([Command::Publicise { days: DAYS, by: by() }]).collect()
}

#[test]
fn every_cell_of_the_table_is_what_the_rules_do() {
    let after = NOW + i64::from(DAYS) * Micros::DAY;
    let chosen = take(led(&publicised()), &Command::Choose { by: by() }, after).unwrap();
    let states = [("(none)", None), ("Open", led(&scored())), ("Publicised", led(&publicised())), ("Chosen", chosen)];
    let strike = Command::Strike { idea: 0, reason: "抄袭".to_owned(), by: by() };
    let commands = [
        opening(),
        nominate(9),
        score(1, 2, 5),
        Command::Publicise { days: DAYS, by: by() },
        strike,
        Command::Choose { by: by() },
    ];
    let rows: Vec<Vec<&str>> = DOC
        .lines()
        .filter_map(|line| line.strip_prefix("//! "))
        .filter(|line| line.contains('|'))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert_eq!((rows.len(), rows[0].len()), (5, 7));
    for (row, (name, state)) in rows[1..].iter().zip(states) {
        assert_eq!(row[0], name);
        for ((cell, attempted), command) in row[1..].iter().zip(&rows[0][1..]).zip(&commands) {
            assert_eq!(*attempted, command.name());
            let led = take(state.clone(), command, after).map(|next| next.unwrap().phase.name());
            let must = if *cell == "same" { name } else { cell };
            assert_eq!(led.unwrap_or("refused"), must, "{name}, {attempted}");
        }
    }
}

#[test]
fn a_member_scores_an_idea_once_and_nobody_else_does() {
    let state = led(&scored());
    assert_eq!(take(state.clone(), &score(0, 1, 10), NOW), Err(Refusal::AlreadyScored));
    assert_eq!(take(state.clone(), &score(0, 9, 10), NOW), Err(Refusal::NotOfThePanel));
    assert_eq!(take(state.clone(), &score(2, 1, 10), NOW), Err(Refusal::IdeaUnknown));
    assert_eq!(take(state, &nominate(1), NOW), Err(Refusal::AlreadyNominated));
}

#[test]
fn one_voice_makes_no_ten_and_nothing_is_chosen_before_the_publicity_ends() {
    let state = led(&publicised());
    assert_eq!(state.as_ref().unwrap().phase.ten(), [0], "the second was scored by one of four");
    let choose = Command::Choose { by: by() };
    let just_before = NOW + i64::from(DAYS) * Micros::DAY - 1;
    assert_eq!(take(state.clone(), &choose, just_before), Err(Refusal::PublicityRuns));
    let struck = take(state, &Command::Strike { idea: 0, reason: "抄袭".to_owned(), by: by() }, NOW).unwrap();
    assert_eq!(
        take(struck.clone(), &Command::Strike { idea: 0, reason: "又".to_owned(), by: by() }, NOW),
        Err(Refusal::IdeaUnknown)
    );
    let chosen = take(struck, &choose, just_before + 1).unwrap().unwrap();
    assert_eq!(chosen.ideas[0].struck.as_deref(), Some("抄袭"), "what was struck stays in the record");
    assert_eq!(
        take(led(&[opening(), nominate(1)]), &Command::Publicise { days: 7, by: by() }, NOW),
        Err(Refusal::NothingScored)
    );
}

proptest! {
    #[test]
    fn however_it_goes_each_member_has_one_voice_and_at_most_ten_are_published_the_best_first(
        votes in prop::collection::vec((0_usize..70, 1_u8..6, 1_u8..=10), 0..400), ideas in 1_u8..70
    ) {
        let mut state = led(&[opening()]);
        for number in 0..ideas {
            match take(state.clone(), &nominate(number), NOW) {
                Ok(next) => state = next,
                Err(refusal) => prop_assert!(refusal == Refusal::TooManyIdeas && usize::from(number) >= IDEAS),
            }
        }
        for (idea, by, points) in votes {
            if let Ok(next) = take(state.clone(), &score(idea, by, points), NOW) {
                state = next;
            }
        }
        let scored = state.clone().unwrap();
        for idea in &scored.ideas {
            let mut voices: Vec<Member> = idea.scores.iter().map(|(by, _)| *by).collect();
            voices.sort_unstable();
            voices.dedup();
            prop_assert_eq!(voices.len(), idea.scores.len());
            prop_assert!(idea.scores.iter().all(|(by, _)| scored.panel.contains(by)));
        }
        match take(state, &Command::Publicise { days: DAYS, by: by() }, NOW) {
            Err(refusal) => prop_assert!(refusal == Refusal::NothingScored && scored.ideas.iter().all(|idea| idea.scores.len() < 2)),
            Ok(published) => {
                let published = published.unwrap();
                let means: Vec<u32> = published.phase.ten().iter().map(|at| published.ideas[*at].mean_hundredths()).collect();
                prop_assert!(means.len() <= TEN && means.is_sorted_by(|a, b| a >= b));
                let left = (0..published.ideas.len()).filter(|at| !published.phase.ten().contains(at) && published.ideas[*at].scores.len() >= 2);
                let best_left = left.map(|at| published.ideas[at].mean_hundredths()).max().unwrap_or(0);
                prop_assert!(means.len() < TEN || means[TEN - 1] >= best_left);
                let in_publicity = matches!(published.phase, Phase::Publicised { .. });
                prop_assert!(in_publicity);
            }
        }
    }
}
