//! Opening the service: what a configuration may be, and a catalog put in force while it runs.

use crate::city::{City, complaint, vault};
use casebook::memory::MemoryStore;
use casebook::{Casebook, ClusterKey, Opening, Suite};
use civic::{SeededRng, SettableClock, Tree};
use intake::config::Config;
use intake::peers::NoDispatch;
use intake::{OpenError, Seams, Service};
use mesh::{PositionKey, TokenKey};
use proto::intake::v1::CreateReportRequest;
use std::sync::Arc;

async fn open(config: &Config) -> Result<Service, OpenError> {
    let clock = Arc::new(SettableClock::new(crate::city::NOW));
    let opening = Opening {
        store: Arc::new(MemoryStore::new(clock.clone(), "test".to_owned(), 1)),
        kinds: Arc::new(intake::kinds()),
        cluster: "test".to_owned(),
        service: intake::NAME,
        partitions: 1,
        key: ClusterKey::new(Suite::Aes, &[9; 32]),
        sealer: vault(2),
        clock: clock.clone(),
    };
    let (cases, _committer) = Casebook::open(opening).await.unwrap();
    let seams = Seams {
        cases,
        tree: Tree::chongqing(),
        clock,
        rng: Arc::new(SeededRng::new(3)),
        orders: Arc::new(NoDispatch),
        positions: PositionKey::new(&TokenKey::from_bytes([7; 32])),
        policies: Arc::new(guard::policy::Guard::open(None).unwrap()),
    };
    Service::open(config, seams)
}

#[tokio::test]
async fn a_configuration_that_cannot_be_says_what_is_wrong_with_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("channels.csv"), "channel,roles\nFAX,citizen\n").unwrap();
    let wrongs = [
        (
            Config { place: "x".to_owned(), ..Config::default() },
            "intake.place must be the code of a division: 2, 6, 9 or 12 digits",
        ),
        (Config { place: "509999".to_owned(), ..Config::default() }, "intake.place 509999 is not in the division tree"),
        (Config { polygons: Some(folder.path().join("none.geojson")), ..Config::default() }, "failed to read"),
        (
            Config { catalog: Some(folder.path().to_owned()), ..Config::default() },
            "channels.csv, line 2: no such channel: FAX",
        ),
    ];
    for (config, told) in wrongs {
        let error = open(&config).await.map(|_| ()).unwrap_err();
        let chain = mesh::Chain(&error).to_string();
        assert!(chain.contains(told), "{chain}");
    }
    assert!(open(&Config::default()).await.is_ok());
}

#[tokio::test]
async fn a_catalog_is_replaced_while_reports_come_in_and_a_wrong_one_changes_nothing() {
    let city = City::open().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keywords.csv");
    std::fs::write(&file, "category,weight,words\n0612,90,无此词\n").unwrap();
    city.service.load_catalog(folder.path()).unwrap();
    let unknown = city.file(complaint("a")).await;
    assert_ne!(unknown.category.unwrap().by, "keywords", "the shipped words are no longer in force");
    std::fs::write(&file, "category,weight,words\n0612,900,路灯\n").unwrap();
    assert!(city.service.load_catalog(folder.path()).is_err());
    let still = city.file(CreateReportRequest { text: "无此词".to_owned(), ..complaint("b") }).await;
    assert_eq!(still.category.unwrap().code, "0612");
}
