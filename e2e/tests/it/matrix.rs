//! Every rpc, every role, every relation to the case: `e2e/authorization-matrix.csv` says what each may, and a running cluster is held to it.
//!
//! A row is an rpc and a relation: `own` (the case lies in the caller's place, or the caller's unit has it, and the town's machine sent it), `foreign` (the caller acts for the
//! twin town of another district) and `none` (no particular case, or a kind that lies in no place). A cell is `yes` (done; where
//! `examples::LET_THROUGH` says so, refused for something else than who asks), 401, 403 or 404. `JIEWANG_MATRIX_WRITE=1` writes what was observed; whoever does that reads every changed cell.
//!
//! Cells of one row are asked one after the other, rows beside each other. Each case stands in the state that the verb leads from, so that who
//! may is done what was asked for; whoever was answered 200 has used the case up, and the next caller is given a fresh one. So no cell meets
//! what another has left behind, and a refusal for a state never hides one for a unit. Reads share one case that has everything.
//!
//! Twin towns are full of canaries: words that stand in every text of one town. No answer, stream or line of the log has one that the
//! caller's scope does not admit, and none has a reporter's name or number.

mod asked;
mod cases;
mod cluster;
mod examples;
mod orders;
mod people;
mod rpcs;
mod table;
mod walk;

use cases::Of;
use cluster::Running;
use rpcs::Rpc;
use table::{Relation, Table};

/// Rows of an rpc: whatever is about a case or a place is asked for by whom it is near and by whom it is not.
fn relations(rpc: &Rpc) -> &'static [Relation] {
    // That it has no example is told by a test of its own.
    let Some(example) = examples::example(rpc.short()) else { return &[] };
    match example.of {
        Of::Nothing | Of::Duty(_) => &[Relation::None],
        Of::Place
        | Of::Order(_)
        | Of::Report
        | Of::Warning
        | Of::Emergency { .. }
        | Of::Care
        | Of::Interview
        | Of::Force
        | Of::BuildingDay
        | Of::Selection(_)
        | Of::Task => &[Relation::Own, Relation::Foreign],
    }
}

fn rows() -> Vec<(Rpc, Relation)> {
    let relations = |rpc: &Rpc| relations(rpc).to_vec();
    let each = |rpc: Rpc| relations(&rpc).into_iter().map(move |relation| (rpc.clone(), relation));
    Rpc::all().into_iter().flat_map(each).collect()
}

fn writes() -> bool {
    std::env::var("JIEWANG_MATRIX_WRITE").as_deref() == Ok("1")
}

#[test]
fn every_rpc_has_an_example_and_its_rows_and_no_row_is_of_none() {
    if writes() {
        return;
    }
    let (all, table) = (Rpc::all(), Table::read());
    let shorts: Vec<&str> = all.iter().map(Rpc::short).collect();
    let mut wrong = examples::strange(&shorts);
    let without = all.iter().filter(|rpc| examples::example(rpc.short()).is_none());
    wrong.extend(without.map(|rpc| format!("{}: it has no example in matrix/examples.rs", rpc.name)));
    let mut expected = Table::default();
    for (rpc, relation) in rows() {
        expected.0.insert((rpc.name.clone(), relation.as_str().to_owned()), Default::default());
    }
    wrong.extend(table.unknown(&expected));
    wrong.extend(expected.differences(&table));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_cell_is_as_the_table_says_and_no_answer_has_a_foreign_byte() {
    let mut running = Running::start(&[]).await;
    let observed = running.walk(rows()).await;
    let mut wrong = running.end().await;
    let unseen = people::HERE.words().into_iter().filter(|word| !running.world.seen.lock().unwrap().contains(word));
    wrong.extend(unseen.map(|word| format!("nobody was shown {word}: it proves nothing")));
    let mut stated = Table::read();
    if writes() {
        stated = observed.with_remarks_of(&stated);
        stated.write();
    }
    wrong.extend(stated.unknown(&observed));
    wrong.extend(observed.differences(&stated));
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// The comparison itself is held to account: a policy that says more and one that says less are found, and nothing else is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_widened_and_a_narrowed_policy_are_found_and_nothing_else() {
    let folder = cluster::policies(
        r#"permit (principal in Jiewang::Role::"department-handler", action == Jiewang::Action::"know", resource);
           forbid (principal in Jiewang::Role::"liaison", action == Jiewang::Action::"know", resource);"#,
    );
    let mut running = Running::start(&["--policies".to_owned(), folder.path().display().to_string()]).await;
    let few = ["WorkOrders/GetWorkOrder", "WorkOrders/ListWorkOrders", "WorkOrders/AcceptWorkOrder"];
    let observed = running.walk(rows().into_iter().filter(|(rpc, _)| few.contains(&rpc.short())).collect()).await;
    let leaks = running.end().await;
    let order = "jiewang.dispatch.v1.WorkOrders";
    let expected = [
        format!("{order}/AcceptWorkOrder foreign department-handler: the table says 404, the answer was 403"),
        format!("{order}/GetWorkOrder foreign department-handler: the table says 404, the answer was yes"),
        format!("{order}/GetWorkOrder own liaison: the table says yes, the answer was 404"),
    ];
    assert_eq!(observed.differences(&Table::read()), expected);
    assert!(!leaks.is_empty(), "a handler who knows of everything is shown the twin's words");
    for leak in leaks {
        assert!(leak.contains("department-handler"), "{leak}");
    }
}
