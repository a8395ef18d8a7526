//! The gateway against its own description, asked by a tool that knows nothing else of it: whatever it is sent, it has no fault of its own,
//! and no answer that the description does not have.

use e2e::process::{Start, verb};
use e2e::skip;
use std::process::{Command, Stdio};
use testkit::Seed;

/// Every event stream is one operation that never ends.
const STREAMS: &str = ":stream";
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance";

#[tokio::test]
async fn whatever_is_asked_has_an_answer_that_is_described() {
    let Some(program) = std::env::var_os("JIEWANG_SCHEMATHESIS_BIN") else {
        return skip("whatever_is_asked_has_an_answer_that_is_described", "no JIEWANG_SCHEMATHESIS_BIN");
    };
    let folder = tempfile::tempdir().unwrap();
    let mut jiewang = Start::new(folder.path()).start().await;
    let seed = Seed::from_env();
    let seed = (seed.value() % u64::from(u32::MAX)).to_string();
    let data = folder.path().to_str().unwrap();
    let minted = verb(["token", "--role", "city-dispatcher", "--unit", "50", "--cluster", data]);
    let token = String::from_utf8_lossy(&minted.stdout).lines().last().unwrap().to_owned();
    let output = tokio::task::spawn_blocking({
        let url = format!("http://{}/openapi.json", jiewang.http());
        let folder = folder.path().to_owned();
        move || {
            let mut asked = Command::new(program);
            asked.args(["run", &url, "--phases", "coverage,fuzzing", "--checks", CHECKS, "--max-examples", "3"]);
            asked.args([
                "--seed",
                &seed,
                "--exclude-path-regex",
                STREAMS,
                "--continue-on-failure",
                "--warnings",
                "off",
            ]);
            asked.args(["--generation-database", "none", "--header", &format!("Authorization: Bearer {token}")]);
            asked.current_dir(folder).stdin(Stdio::null()).output().expect("it starts")
        }
    });
    let output = output.await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("No issues found"), "{said}");
    assert!(jiewang.stop().await.success());
}
