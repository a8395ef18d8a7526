//! A machine whose clock is wrong is not sent work.

use casebook::StoreError;
use mesh::{Readiness, Reference, watch_clock};
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Told = Result<Option<i64>, StoreError>;

/// A database as the test tells it: how far off our clock is, and how long the answer takes.
#[derive(Clone)]
struct Database(Arc<Mutex<(Told, Duration)>>);

impl Database {
    fn off_by(seconds: f64) -> Self {
        Self(Arc::new(Mutex::new((told(seconds), Duration::ZERO))))
    }

    fn now_tells(&self, told: Told) {
        self.0.lock().unwrap().0 = told;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "some seconds")]
fn told(seconds: f64) -> Told {
    Ok(Some((seconds * 1e6) as i64))
}

#[tonic::async_trait]
impl Reference for Database {
    async fn skew(&self) -> Told {
        let (told, on_the_way) = self.0.lock().unwrap().clone();
        tokio::time::sleep(on_the_way).await;
        told
    }
}

/// What readiness says of it, a few looks later.
async fn verdict(readiness: &Readiness) -> Vec<String> {
    tokio::time::sleep(Duration::from_secs(30)).await;
    readiness.failing().into_iter().map(|failing| format!("{}: {}", failing.check, failing.why)).collect()
}

#[tokio::test(start_paused = true)]
async fn clock_more_than_five_seconds_off_is_not_ready_until_it_is_right_again() {
    let readiness = Readiness::default();
    let database = Database::off_by(0.2);
    let watch = watch_clock(readiness.check("dispatch.clock"), database.clone());
    let asked = async {
        assert!(verdict(&readiness).await.is_empty());
        for (seconds, word) in [(5.1, "5.1 s ahead of"), (-5.1, "5.1 s behind"), (3600.0, "3600.0 s ahead of")] {
            database.now_tells(told(seconds));
            let expected = format!("dispatch.clock: this machine's clock is {word} the database's");
            assert_eq!(verdict(&readiness).await, [expected]);
            assert!(!readiness.is_ready());
            // While it cannot be asked, what was known last stands.
            database.now_tells(Err(StoreError::Unavailable("away".into())));
            assert_eq!(verdict(&readiness).await.len(), 1);
            database.now_tells(told(4.9));
            assert!(verdict(&readiness).await.is_empty());
        }
    };
    tokio::select! { () = watch => panic!("the watch has ended"), () = asked => {} }
}

#[tokio::test(start_paused = true)]
async fn slow_answer_is_not_taken_for_a_clock_that_is_ahead() {
    let readiness = Readiness::default();
    let database = Database::off_by(8.0);
    database.0.lock().unwrap().1 = Duration::from_secs(8);
    let watch = watch_clock(readiness.check("dispatch.clock"), database.clone());
    let asked = async {
        assert!(verdict(&readiness).await.is_empty());
        database.now_tells(told(-8.0));
        assert_eq!(verdict(&readiness).await.len(), 1, "behind it is for certain");
    };
    tokio::select! { () = watch => panic!("the watch has ended"), () = asked => {} }
}

#[tokio::test(start_paused = true)]
async fn clock_without_another_beside_it_is_ready_at_once() {
    let readiness = Readiness::default();
    let database = Database::off_by(0.0);
    database.now_tells(Ok(None));
    watch_clock(readiness.check("intake.clock"), database).await;
    assert!(readiness.is_ready());
}
