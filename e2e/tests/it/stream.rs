//! The live stream, as a screen sees it.

use e2e::matters::{Crew, LIGHTS, id_of};
use e2e::process::Start;
use e2e::stream::Screen;

/// An order that is born assigned is told once, as assigned.
const STEPS: [&str; 5] = ["assigned", "accepted", "started", "resolved", "rated"];

#[tokio::test]
async fn a_screen_sees_every_step_in_order_and_resumes_across_reconnects_and_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let mut jiewang = Start::new(folder.path()).start().await;
    let crew = Crew::of(&jiewang);
    let city = jiewang.member("city-dispatcher", "50");
    let mut screen = Screen::open(&city, "?divisionCode=500151", None).await;
    let filed = crew.file("lamp-1", LIGHTS).await;
    let order = filed["workOrder"].as_str().unwrap();
    crew.begin(order).await;
    let mut seen = screen.take(2).await;

    // A reconnect: what came meanwhile is not missed, what was seen is not repeated.
    drop(screen);
    crew.resolve(order).await;
    let mut screen = Screen::open(&city, "?divisionCode=500151", Some(&seen[1].id)).await;
    seen.extend(screen.take(2).await);

    // A restart: the resume token of before still holds.
    jiewang.kill();
    assert!(screen.next().await.is_none());
    jiewang.start_again().await;
    crew.rate(&filed, true).await;
    let mut screen = Screen::open(&city, "?divisionCode=500151", Some(&seen[3].id)).await;
    seen.extend(screen.take(1).await);
    assert_eq!(seen.iter().map(|event| event.step()).collect::<Vec<_>>(), STEPS);
    assert!(seen.iter().all(|event| event.order() == id_of(order)));

    // From the very first event on, all of it again.
    let mut again = Screen::open(&city, "", Some(&seen[0].id)).await;
    let repeated = again.take(4).await;
    assert_eq!(repeated.iter().map(|event| event.step()).collect::<Vec<_>>(), STEPS[1..]);
}

#[tokio::test]
async fn a_screen_of_another_town_sees_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let jiewang = Start::new(folder.path()).start().await;
    let crew = Crew::of(&jiewang);
    let neighbour = jiewang.member("town-dispatcher", "500151002");
    let mut elsewhere = Screen::open(&neighbour, "", None).await;
    let mut here = Screen::open(&crew.town, "", None).await;
    let first = crew.file("lamp-1", LIGHTS).await;
    here.take(1).await;
    // A matter of the neighbour's own is the first that it sees.
    let mut own = e2e::matters::report("lamp-2", LIGHTS);
    own["location"]["divisionCode"] = "500151002".into();
    let own = crew.citizen.write("v1/reports", &own).await;
    let seen = elsewhere.take(1).await;
    assert!(seen.iter().all(|event| event.order() == id_of(own["workOrder"].as_str().unwrap())));
    assert_ne!(first["name"], own["name"]);
}
