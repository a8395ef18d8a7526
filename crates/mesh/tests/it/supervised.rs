//! Tasks do not die unseen.

use crate::probe::soon;
use mesh::{Drain, Fatal, Tasks};
use std::time::Duration;

#[tokio::test]
async fn panicking_task_is_fatal_and_named() {
    let tasks = Tasks::new(Drain::new());
    tasks.spawn("fine", async {});
    assert_eq!(tasks.fatal_so_far(), None);
    tasks.spawn("index 7", async { panic!("broken") });
    assert_eq!(soon(tasks.fatal()).await, Fatal::Panicked { task: "index 7".into() });
    // Also for one who asks later.
    assert!(tasks.fatal_so_far().is_some());
}

#[tokio::test]
async fn panicking_task_aside_is_fatal_too() {
    let tasks = Tasks::new(Drain::new());
    tasks.spawn_aside("upkeep", async { panic!("broken") });
    assert_eq!(soon(tasks.fatal()).await, Fatal::Panicked { task: "upkeep".into() });
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_tasks_then_names_and_stops_the_rest() {
    let tasks = Tasks::new(Drain::new());
    tasks.spawn("short", tokio::time::sleep(Duration::from_secs(1)));
    assert_eq!(tasks.shutdown(Duration::from_secs(2)).await, Ok(()));

    let tasks = Tasks::new(Drain::new());
    tasks.spawn("short", tokio::time::sleep(Duration::from_secs(1)));
    let endless = tasks.spawn("endless", std::future::pending());
    let still = tasks.shutdown(Duration::from_secs(2)).await.unwrap_err();
    assert_eq!(still.names, ["endless"]);
    endless.await.unwrap();
}
