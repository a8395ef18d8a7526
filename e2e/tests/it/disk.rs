//! A disk without room: writes are refused, reads go on, and it recovers by itself.

use e2e::{
    audit::{Seen, check},
    matters::{Crew, LIGHTS, TOWN, report},
    process::Start,
    skip,
};
use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

/// What a cluster says of it. Nothing else may go wrong, and no commit may fail for another cause.
const FULL: [&str; 4] = [
    "casebook::committer: casebook.commit.failed: the disk is full",
    "casebook::timers: casebook.timers.fire_failed: the disk is full",
    "queue::consumer: failed to apply, will try again: the disk is full",
    "queue::consumer: failed to renew leases",
];
const TEST: &str = "a_full_disk_refuses_writes_serves_reads_and_recovers_by_itself";

/// A small file system of its own, unmounted in the end.
struct Mount(tempfile::TempDir);

impl Mount {
    /// `None` where this may not be done.
    fn small() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "jiewang-e2e"]).arg(folder.path()).output();
        mounted.is_ok_and(|out| out.status.success()).then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all the room there is, by a file of its own.
    fn fill(&self) -> PathBuf {
        let filler = self.path().join("filler");
        let mut file = File::create(&filler).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
        // The last page may have been taken in part only.
        while file.write_all(&[1]).is_ok() {}
        filler
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Nobody uses it any more, and if somebody does it goes with its last user.
        drop(Command::new("umount").arg("-l").arg(self.path()).output());
    }
}

#[tokio::test]
async fn a_full_disk_refuses_writes_serves_reads_and_recovers_by_itself() {
    let Some(mount) = Mount::small() else { return skip(TEST, "a tmpfs may not be mounted here") };
    let mut jiewang = Start::new(&mount.path().join("data")).allowing(&FULL).start().await;
    let crew = Crew::of(&jiewang);
    let mut seen = Seen::default();
    let filed = seen.file(&crew, "before").await;
    let filler = mount.fill();

    // What is left in half-filled pages may still take a few.
    let mut attempts = (1..=1_000).map(|number| format!("while-{number}"));
    let (key, refused) = loop {
        let key = attempts.next().expect("a full disk refuses a write");
        if let Err(refused) = seen.file(&crew, &key).await {
            break (key, refused);
        }
    };
    assert_eq!(refused.problem(503), "DISK_FULL");
    assert!(refused.headers.contains_key("retry-after"));
    let filed = filed.expect("there was room");
    let order = filed["workOrder"].as_str().unwrap();
    assert_eq!(crew.town.get(&format!("v1/{order}")).await.unwrap().status, 200);
    assert_eq!(crew.citizen.get("readyz").await.unwrap().status, 200, "reads are served, so it stays ready");

    fs::remove_file(filler).unwrap();
    // The refused one again, with its own id: nobody restarts anything.
    let again = crew.citizen.write("v1/reports", &report(&key, LIGHTS)).await;
    let known = seen.file(&crew, &key).await.expect("there is room again");
    assert_eq!(known["name"], again["name"]);
    check(&seen, &jiewang.member("town-dispatcher", TOWN).after(&crew.citizen)).await;
    jiewang.kill();
    jiewang.verify();
}
