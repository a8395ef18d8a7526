//! What every store must do. Each statement is a function over a [`World`]; the macro makes it a test on each store, and on each
//! store whose calls fail by chance.

mod commands;
mod consuming;
mod keys;
mod log;
mod reading;
mod timers;
mod together;

use crate::world::{Backend, World};
use futures_util::{FutureExt as _, future::LocalBoxFuture};
use std::sync::Arc;
use testkit::{Faults, PostgresServer, Seed};

type Statement = for<'a> fn(&'a World) -> LocalBoxFuture<'a, ()>;

/// Of 1,000 calls to a store that fails by chance.
const FAILING: u32 = 150;

pub(crate) fn faults() -> Arc<Faults> {
    let seed = Seed::from_env();
    eprintln!("faults by JIEWANG_SEED={}", seed.value());
    Arc::new(Faults::chance(seed.value(), FAILING))
}

macro_rules! contract {
    ($($module:ident :: $statement:ident),* $(,)?) => {
        const STATEMENTS: &[(&str, Statement)] =
            &[$((stringify!($statement), |world| $module::$statement(world).boxed_local())),*];

        mod memory {
            $(#[tokio::test]
            async fn $statement() {
                super::$module::$statement(&super::World::new(&super::Backend::Memory).await).await;
            })*
        }

        mod memory_with_faults {
            $(#[tokio::test]
            async fn $statement() {
                let world = super::World::with(&super::Backend::Memory, Some(super::faults())).await;
                super::$module::$statement(&world).await;
            })*
        }

        mod sqlite {
            $(#[tokio::test]
            async fn $statement() {
                super::$module::$statement(&super::World::new(&super::Backend::Sqlite).await).await;
            })*
        }

        mod sqlite_with_faults {
            $(#[tokio::test]
            async fn $statement() {
                let world = super::World::with(&super::Backend::Sqlite, Some(super::faults())).await;
                super::$module::$statement(&world).await;
            })*
        }
    };
}

contract! {
    commands::a_created_case_is_read_back_with_its_timeline,
    commands::a_refused_command_changes_nothing,
    commands::a_command_without_events_answers_with_the_state_as_it_is,
    commands::the_same_request_is_answered_as_it_was_at_that_version,
    commands::the_same_request_twice_in_one_batch_has_one_effect,
    commands::another_body_under_the_same_request_is_a_conflict,
    commands::a_refusal_is_not_remembered,
    commands::a_stale_etag_changes_nothing_and_names_the_current_version,
    commands::a_case_out_of_scope_does_not_exist,
    commands::an_id_of_another_kind_does_not_exist,
    commands::a_unique_key_with_the_same_content_answers_with_the_first_case_as_created,
    commands::a_unique_key_with_other_content_or_that_refuses_is_taken,
    commands::a_case_of_another_owner_or_epoch_is_left_alone,
    commands::requests_are_found_after_seven_days_and_forgotten_later,
    together::commands_on_one_case_in_one_batch_follow_each_other,
    together::one_refused_command_does_not_fail_its_neighbours,
    together::hundreds_of_commands_leave_dense_versions_and_positions,
    together::commands_of_one_bundle_commit_together_or_not_at_all,
    together::commands_executed_together_commit_together_or_not_at_all,
    together::a_corrupt_case_refuses_alone,
    keys::keys_are_committed_with_what_was_sealed_and_stay_until_they_are_destroyed,
    keys::keys_are_wrapped_anew_only_where_they_are_as_they_were,
    keys::data_is_not_opened_without_a_key_that_something_may_be_wrapped_under,
    log::events_have_dense_positions_in_the_order_of_each_case,
    log::only_what_is_published_leaves_the_service,
    reading::scope_and_filter_admit_exactly_what_the_list_shows,
    reading::a_row_that_matches_throughout_appears_exactly_once_while_writers_interleave,
    reading::closed_cases_are_listed_by_state_only,
    reading::a_unit_s_list_holds_what_it_shares_in_once_page_by_page,
    reading::members_are_listed_by_their_parent_also_when_they_are_over,
    reading::page_tokens_open_only_under_their_binding,
    timers::timers_follow_the_state,
    timers::a_timer_fires_once_however_many_fire_it,
    timers::what_a_timer_does_stands_in_the_trace_of_the_command_that_armed_it,
    timers::a_timer_armed_again_has_another_generation,
    timers::a_timer_that_fires_early_stays_armed,
    timers::due_timers_are_walked_in_order_past_those_that_stay,
    timers::the_loop_fires_what_is_due_and_goes_past_what_fails,
    consuming::a_lease_is_taken_renewed_and_lost_to_another_epoch,
    consuming::the_position_moves_with_the_effect,
    consuming::an_effect_under_a_lost_lease_writes_nothing,
    consuming::the_same_slice_twice_has_one_effect,
    consuming::a_refused_event_parks_its_case_and_later_ones_wait_behind_it,
    consuming::what_a_later_release_tells_parks_its_case,
    consuming::parked_events_replay_in_order_and_stop_at_the_first_that_still_cannot_be,
    consuming::an_event_that_is_replayed_twice_at_once_takes_effect_once,
    consuming::giving_up_takes_the_first_and_is_journalled,
    consuming::a_refusal_that_is_fine_parks_nothing,
    consuming::what_the_journal_has_kept_long_enough_is_retired_with_a_word_and_numbers_go_on,
    consuming::a_rule_that_panics_parks_its_event_and_the_committer_goes_on,
}

/// One server for all of them: starting one takes longer than most of them run.
#[tokio::test]
async fn postgres_keeps_the_contract_also_when_calls_fail() {
    let Some(server) = PostgresServer::start("postgres_keeps_the_contract") else {
        return;
    };
    for (name, statement) in STATEMENTS {
        for faults in [None, Some(faults())] {
            let database = format!("{}{}", if faults.is_some() { "f_" } else { "p_" }, &name[..name.len().min(50)]);
            eprintln!("postgres: {database}");
            let url = crate::postgres::database(&server, &database).await;
            statement(&World::with(&Backend::Postgres(url), faults).await).await;
        }
    }
}
