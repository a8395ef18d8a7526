//! `jiewang certs`, and a process that is given what it issues.

use crate::fake::{jiewang, json_of, stderr};
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

/// The data folder of a cluster, and an authority beside it.
struct Machine {
    folder: TempDir,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        std::fs::write(folder.path().join("data/cluster.id"), "50-abc").unwrap();
        std::fs::write(folder.path().join("data/cluster.key"), "07".repeat(32)).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = jiewang(args);
        command.env("JIEWANG_DATA_DIR", self.path("data")).current_dir(self.folder.path());
        command.output().unwrap()
    }

    fn issue(&self, service: &str) -> Output {
        self.run(&["certs", "issue", service, "--authority", "authority", "--into", service, "-o", "json"])
    }

    fn serve(&self, room: &str, certificate: &Path) -> Output {
        let zero = "127.0.0.1:0";
        let certificate = certificate.to_str().unwrap();
        self.run(&["serve", room, "--tls", certificate, "--grpc", zero, "--http", zero, "--admin", zero])
    }
}

#[test]
fn a_service_gets_a_certificate_with_the_name_of_its_cluster() {
    let machine = Machine::new();
    let issued = json_of(&machine.issue("intake"));
    assert_eq!(issued["name"], "spiffe://50-abc/intake");
    for file in ["tls.crt", "tls.key", "ca.crt"] {
        assert!(machine.path("intake").join(file).is_file(), "{file}");
    }
    let shown = json_of(&machine.run(&["certs", "show", "intake", "-o", "json"]));
    assert_eq!(shown["until"], issued["until"]);
    use std::os::unix::fs::PermissionsExt as _;
    for key in ["intake/tls.key", "authority/root.key", "authority/intermediate.key"] {
        let mode = std::fs::metadata(machine.path(key)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }
}

#[test]
fn a_new_root_is_trusted_beside_the_old_one_until_that_is_forgotten() {
    let machine = Machine::new();
    machine.issue("intake");
    let roots = || std::fs::read_to_string(machine.path("intake/ca.crt")).unwrap().matches("BEGIN").count();
    assert_eq!(roots(), 1);
    let authority = ["--authority", "authority"];
    let trust = [&["certs", "trust", "--into", "intake"][..], &authority].concat();
    assert!(machine.run(&[&["certs", "new-root"][..], &authority].concat()).status.success());
    assert!(machine.run(&trust).status.success());
    assert_eq!(roots(), 2);
    assert!(machine.run(&[&["certs", "forget-roots"][..], &authority].concat()).status.success());
    assert!(machine.run(&trust).status.success());
    assert_eq!(roots(), 1);
}

#[test]
fn a_process_does_not_start_with_a_certificate_that_is_not_its_own() {
    let machine = Machine::new();
    machine.issue("dispatch");
    let refused = machine.serve("intake", &machine.path("dispatch"));
    assert_eq!(refused.status.code(), Some(64));
    assert!(stderr(&refused).contains("is of dispatch, and this process is intake"), "{}", stderr(&refused));

    std::fs::write(machine.path("data/cluster.id"), "50-other").unwrap();
    let refused = machine.serve("dispatch", &machine.path("dispatch"));
    assert_eq!(refused.status.code(), Some(64));
    assert!(stderr(&refused).contains("50-abc, not 50-other"), "{}", stderr(&refused));

    let refused = machine.serve("dispatch", &machine.path("nowhere"));
    assert_eq!(refused.status.code(), Some(64));
    assert!(stderr(&refused).contains("tls.crt"), "{}", stderr(&refused));
}

#[test]
fn a_name_that_cannot_stand_in_a_certificate_is_refused() {
    let machine = Machine::new();
    let refused = machine.issue("In take");
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("spiffe://<cluster>/<service>"), "{}", stderr(&refused));
    assert!(!machine.path("In take").exists());
}
