//! The seed, small: what real traffic would have left, and nothing that the verifier minds. The open loop: against a gateway that stands
//! still for a while, and against the product.
#![allow(clippy::unwrap_used, reason = "tests")]

mod open;

use casebook::{Filter, Page, Scope};
use dispatch::domain::work_order::WorkOrder;
use intake::domain::Report;
use jiewang::args::Room;
use jiewang::cluster::{Cluster, Rooms, Settings};
use loadtest::seed::{self, SEED, plan};
use std::path::Path;

const CASES: usize = 400;

async fn opened(folder: &Path) -> Cluster {
    let mut settings = Settings::local(folder.to_owned(), Rooms::ALL.without(Room::Gateway));
    settings.http = None;
    Cluster::open(settings).await.unwrap()
}

#[tokio::test]
async fn a_seeded_folder_is_clean_and_holds_what_was_planned() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("data");
    // Seeding verifies so small a folder itself, and fails where the verifier finds anything.
    seed::seed(&folder, CASES, SEED).await.unwrap();
    let cluster = opened(&folder).await;
    let [intake, dispatch] = &cluster.books[..] else { panic!("two services") };
    let page = Page { size: CASES, after: None };
    let state = |state: i64| Filter { state: Some(state), ..Filter::default() };
    let open = dispatch.list::<WorkOrder>(&Scope::All, &Filter::default(), &page).await.unwrap();
    let closed = dispatch.list::<WorkOrder>(&Scope::All, &state(7), &page).await.unwrap();
    assert_eq!(open.len() + closed.len(), CASES);
    assert!((20..=60).contains(&open.len()), "{} of {CASES} are open", open.len());
    let waiting = intake.list::<Report>(&Scope::All, &Filter::default(), &page).await.unwrap();
    assert_eq!(waiting.len(), open.len(), "intake has followed every order to where it stands");
    let unit =
        Filter { unit: Some(plan::UNIT.to_owned()), category: Some(plan::CATEGORY.to_owned()), ..Filter::default() };
    assert!(!dispatch.list::<WorkOrder>(&Scope::All, &unit, &page).await.unwrap().is_empty());
}
