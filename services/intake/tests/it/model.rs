//! The rules of a report against the oracle: every cell of the table, and random histories by the hundred thousand.

use crate::oracle::{Driver, Op, REAL, Rules, Table, erase, head, run};
use casebook::Case;
use intake::domain::OrderState;
use intake::domain::report::{Command, Facts, Report};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use testkit::Seed;

/// Words of one history. Long enough for every phase to be left again.
const LENGTH: std::ops::Range<usize> = 1..48;

/// No state of an order has this number.
const NO_PARENT: u8 = 12;

fn op() -> impl Strategy<Value = Op> {
    let version = prop_oneof![8 => Just(1i8), 1 => Just(0i8), 1 => -3i8..0];
    let merged = OrderState::Merged.number() - 1;
    let state = prop_oneof![5 => 0u8..12, 1 => Just(u8::try_from(merged).unwrap())];
    let parent = prop_oneof![1 => Just(NO_PARENT), 1 => 0u8..12];
    let step = (state, version, any::<bool>(), any::<bool>(), any::<bool>(), parent);
    prop_oneof![
        2 => (0u8..8).prop_map(Op::File),
        3 => (0u8..3, any::<bool>()).prop_map(|(category, place)| Op::Classify { category, place }),
        10 => step.prop_map(|(state, version, unit, due, reply, parent)| Op::Step { state, version, unit, due, reply, parent }),
        2 => (0u8..8).prop_map(Op::Rate),
        1 => Just(Op::Erase),
        3 => Just(Op::Supplement),
        4 => Just(Op::Urge),
        2 => any::<bool>().prop_map(Op::Unmask),
        1 => any::<bool>().prop_map(Op::Agree),
        1 => Just(Op::Withdraw),
        1 => (0u8..7).prop_map(Op::Refuse),
        2 => (0u8..3).prop_map(Op::Transfer),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(confirmed, by_filer)| Op::Check { confirmed, by_filer }),
        2 => any::<bool>().prop_map(|satisfied| Op::Judge { satisfied }),
        1 => any::<bool>().prop_map(Op::Reform),
        1 => (1u8..30).prop_map(Op::Pass),
    ]
}

/// Commands in all, from the environment: CI sends a million.
fn commands() -> u32 {
    std::env::var("JIEWANG_MODEL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000)
}

/// Random histories until one is wrong; the shortest wrong one is told.
pub(crate) fn search(rules: Rules, commands: u32, seed: &Seed) -> Result<(), String> {
    let table = Table::from_doc();
    let average = u32::try_from(LENGTH.end / 2).unwrap();
    let config = Config { cases: commands / average + 1, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed.bytes()));
    let strategy = prop::collection::vec(op(), LENGTH);
    let told = |error| match error {
        TestError::Fail(why, ops) => format!("{why}\n{ops:#?}"),
        TestError::Abort(why) => why.to_string(),
    };
    runner.run(&strategy, |ops| run(&table, rules, &ops).map_err(TestCaseError::fail)).map_err(told)
}

#[test]
fn random_histories_agree_with_the_oracle() {
    if let Err(wrong) = search(REAL, commands(), &Seed::from_env()) {
        panic!("{wrong}");
    }
}

#[test]
fn every_cell_of_the_table_is_what_the_rules_do() {
    let table = Table::from_doc();
    assert_eq!(table.cells.len(), 10 * 15, "ten states, fifteen commands");
    assert_eq!(table.follows.len(), OrderState::ALL.len());
    let commands = [
        Op::File(1),
        Op::Supplement,
        Op::Urge,
        Op::Withdraw,
        Op::Refuse(0),
        Op::Transfer(1),
        Op::Check { confirmed: true, by_filer: false },
        Op::Unmask(true),
        Op::Unmask(false),
        Op::Agree(false),
        Op::Classify { category: 1, place: true },
        Op::Step { state: 4, version: 1, unit: true, due: false, reply: true, parent: NO_PARENT },
        Op::Rate(7),
        Op::Judge { satisfied: true },
        Op::Judge { satisfied: false },
        Op::Reform(true),
        Op::Erase,
    ];
    for (state, history) in histories() {
        for op in commands {
            let mut clock = 0;
            let mut driver = Driver::new(&table, REAL);
            for op in &history {
                driver.step(&op.command(&mut clock)).unwrap();
            }
            let command = op.command(&mut clock);
            driver.step(&command).unwrap_or_else(|wrong| panic!("{state}, {}: {wrong}", command.name()));
            driver.finish().unwrap();
        }
    }
}

/// For every state of the table a history that leads there.
fn histories() -> Vec<(&'static str, Vec<Op>)> {
    let to = |state: OrderState| {
        let state = u8::try_from(state.number() - 1).unwrap();
        vec![Op::File(3), Op::Step { state, version: 1, unit: false, due: true, reply: false, parent: NO_PARENT }]
    };
    vec![
        ("(none)", Vec::new()),
        ("Filed", vec![Op::File(3)]),
        ("Told", vec![Op::File(7)]),
        ("Stopped", vec![Op::File(3), Op::Withdraw]),
        ("Opened", to(OrderState::Created)),
        ("WithUnit", to(OrderState::Assigned)),
        ("BeingHandled", to(OrderState::Accepted)),
        ("Answered", to(OrderState::Resolved)),
        ("Done", to(OrderState::Closed)),
        ("Ended", to(OrderState::Cancelled)),
    ]
}

#[test]
fn a_refusal_names_state_and_attempt_and_changes_nothing() {
    let facts = Facts { now: civic::Micros(1) };
    let filed = Report::evolve(
        None,
        &Report::decide(None, &Command::File(Box::new(head("1", "0612", false))), &facts).unwrap()[0],
    )
    .unwrap();
    let again = Report::decide(Some(&filed), &Command::File(Box::new(head("2", "0612", false))), &facts).unwrap_err();
    assert_eq!(
        (again.to_string().as_str(), again.reason()),
        ("report is Filed and cannot be filed again", "ALREADY_FILED")
    );
    let nothing = Report::decide(None, &erase(), &facts).unwrap_err();
    assert_eq!(nothing.to_string(), "report does not exist: cannot erase");
}
