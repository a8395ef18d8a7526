//! Exit codes, standard output and standard error of the binary where no gateway is needed.

use crate::fake::{jiewang, json_of, stderr, stdout};
use civic::{Clock, Role, SystemClock};
use mesh::TokenKey;
use std::path::Path;
use std::process::Output;

fn run(args: &[&str]) -> Output {
    jiewang(args).output().unwrap()
}

/// A data folder with the key of 32 times `byte`.
fn folder(byte: u8) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("cluster.key"), format!("{byte:02x}").repeat(32) + "\n").unwrap();
    dir
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn the_last_line_of_token_is_a_token_of_that_cluster() {
    let dir = folder(7);
    let cluster = text(dir.path());
    let output =
        run(&["token", "--role", "department-handler", "--unit", "500151-gongan", "--head", "--cluster", cluster]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let stdout = stdout(&output);
    let token = stdout.lines().last().unwrap();
    let key = TokenKey::from_bytes([7; 32]).derive("jiewang tokens 1");
    let actor = mesh::verify(&key, token, SystemClock.now()).unwrap();
    assert_eq!((actor.role, actor.head), (Role::DepartmentHandler, true));
    assert_eq!(actor.unit.unwrap().as_str(), "500151-gongan");
    let wrong = TokenKey::from_bytes([8; 32]).derive("jiewang tokens 1");
    assert!(mesh::verify(&wrong, token, SystemClock.now()).is_err());
}

#[test]
fn a_token_can_be_had_with_what_it_says() {
    let dir = folder(1);
    let output = run(&["token", "--role", "citizen", "--cluster", text(dir.path()), "--ttl", "90s", "-o", "json"]);
    let token = json_of(&output);
    assert_eq!((&token["role"], &token["secondsLeft"]), (&"citizen".into(), &90.into()));
    assert!(token["unit"].is_null());
}

#[test]
fn a_wrong_role_or_unit_is_a_usage_error_with_a_sentence() {
    let dir = folder(1);
    for (args, says) in [
        (&["--role", "king", "--unit", "50"][..], "there is no such role; the roles are citizen, volunteer"),
        (&["--role", "grid-worker", "--unit", "5o"], "a unit code begins with a place"),
        (&["--role", "grid-worker", "--unit", "509999"], "there is no place 509999"),
        (&["--role", "grid-worker"], "a grid-worker acts for a unit"),
    ] {
        let output = run(&[&["token", "--cluster", text(dir.path())], args].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).contains(says), "{args:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn without_a_key_there_is_no_token_and_a_hint() {
    let dir = tempfile::tempdir().unwrap();
    let output = run(&["token", "--role", "citizen", "--cluster", text(dir.path())]);
    assert_eq!(output.status.code(), Some(64));
    assert!(stderr(&output).contains("jiewang up"), "{}", stderr(&output));
    std::fs::write(dir.path().join("cluster.key"), "short").unwrap();
    let output = run(&["token", "--role", "citizen", "--cluster", text(dir.path())]);
    assert_eq!(output.status.code(), Some(64));
    assert!(stderr(&output).contains("64 hexadecimal digits"), "{}", stderr(&output));
}

#[test]
fn every_shell_gets_its_completion() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completion", shell]);
        assert_eq!(output.status.code(), Some(0));
        assert!(stdout(&output).contains("jiewang"), "{shell}");
    }
}

#[test]
fn help_and_version_go_to_standard_output() {
    for flag in ["--help", "--version"] {
        let output = run(&[flag]);
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
    }
}

#[test]
fn a_catalog_is_checked_as_the_services_would_and_then_taken_whole() {
    let (from, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/dispatch/catalog");
    let dispatch = from.path().join("dispatch");
    std::fs::create_dir(&dispatch).unwrap();
    for file in ["VERSION", "duties.csv", "limits.csv", "units.csv"] {
        std::fs::copy(shipped.join(file), dispatch.join(file)).unwrap();
    }
    let load = ["catalog", "load", text(from.path()), "--data-dir", text(data.path())];
    let output = run(&[&load[..], &["-o", "json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(json_of(&output)[0]["service"], "dispatch");
    assert!(stderr(&output).contains("takes effect at the next start"));
    let taken = data.path().join("catalog/dispatch/duties.csv");
    assert_eq!(std::fs::read(&taken).unwrap(), std::fs::read(shipped.join("duties.csv")).unwrap());

    std::fs::write(dispatch.join("limits.csv"), "nonsense\n").unwrap();
    for verb in ["check", "load"] {
        let output = run(&["catalog", verb, text(from.path())]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains("limits.csv"), "{}", stderr(&output));
    }
    assert!(taken.exists(), "a refused catalog changes nothing");
}

/// No task selects people by a personal trait, care lists aside.
#[test]
fn a_task_that_picks_people_by_a_trait_is_refused_by_the_check_and_one_for_a_care_list_is_not() {
    let from = tempfile::tempdir().unwrap();
    let dispatch = from.path().join("dispatch");
    std::fs::create_dir(&dispatch).unwrap();
    std::fs::write(dispatch.join("VERSION"), "ours-1\n").unwrap();
    for (selects, exit) in [("care/living-alone", 0), ("people/former-convicts", 1), ("care/petitioners", 1)] {
        let rule = format!("code,selects,every,name_zh,name_en,from,to\nvisit,{selects},7,走访,visit,2026-01-01,\n");
        std::fs::write(dispatch.join("tasks.csv"), rule).unwrap();
        let output = run(&["catalog", "check", text(from.path())]);
        assert_eq!(output.status.code(), Some(exit), "{selects}: {}", stderr(&output));
        assert_eq!(
            stderr(&output).contains("tasks.csv, line 2: selects is grid, or care/"),
            exit == 1,
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn emergency_plans_without_their_version_are_refused_and_it_is_said_what_to_do() {
    let from = tempfile::tempdir().unwrap();
    let dispatch = from.path().join("dispatch");
    std::fs::create_dir(&dispatch).unwrap();
    std::fs::write(dispatch.join("VERSION"), "ours-1\n").unwrap();
    assert_eq!(run(&["catalog", "check", text(from.path())]).status.code(), Some(0), "the release's plans");
    for stray in ["plans.csv", "plan_steps.csv"] {
        std::fs::write(dispatch.join(stray), "").unwrap();
        let output = run(&["catalog", "check", text(from.path())]);
        assert_eq!(output.status.code(), Some(1), "{stray}");
        let must = format!("{stray} lies there without PLANS_VERSION: write the version");
        assert!(stderr(&output).contains(&must), "{}", stderr(&output));
        std::fs::remove_file(dispatch.join(stray)).unwrap();
    }
}

#[test]
fn a_file_of_a_catalog_that_nobody_reads_is_named() {
    let from = tempfile::tempdir().unwrap();
    assert_eq!(run(&["catalog", "check", text(from.path())]).status.code(), Some(2));
    std::fs::create_dir(from.path().join("intake")).unwrap();
    assert_eq!(run(&["catalog", "check", text(from.path())]).status.code(), Some(0), "all of it is the release's");
    std::fs::write(from.path().join("intake/keyword.csv"), "").unwrap();
    let output = run(&["catalog", "check", text(from.path())]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("keyword.csv, which nobody reads"));
}

#[test]
fn a_calendar_is_taken_under_its_version_or_refused_with_its_line() {
    let (from, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = from.path().join("draft-2027.csv");
    std::fs::write(&file, "date,kind,name\n2027-10-01,holiday,国庆节\n2027-10-09,workday,国庆节\n").unwrap();
    let output = run(&["calendar", "load", text(&file), "--data-dir", text(data.path()), "-o", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(json_of(&output)["years"], serde_json::json!([2027]));
    let calendars = jiewang::folder::read_calendars(data.path()).unwrap();
    assert_eq!((calendars.len(), calendars[0].0.as_str()), (1, "draft-2027"));

    std::fs::write(&file, "date,kind,name\n2027-10-01,feast,国庆节\n").unwrap();
    let output = run(&["calendar", "load", text(&file), "--data-dir", text(data.path())]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("line 2"), "{}", stderr(&output));
    assert_eq!(jiewang::folder::read_calendars(data.path()).unwrap(), calendars);
}

#[test]
fn the_token_of_consul_is_never_printed_and_an_address_that_is_none_is_refused() {
    let serve =
        ["serve", "gateway", "--consul-token", "hush", "--advertise", "[::1]:7", "-o", "json", "--print-config"];
    let output = run(&[&serve[..], &["--consul", "http://127.0.0.1:8500"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(!stdout(&output).contains("hush"));
    let printed = json_of(&output);
    assert_eq!((&printed["consulToken"], &printed["advertise"]), (&"***".into(), &"[::1]:7".into()));
    assert_eq!(printed["consul"], "http://127.0.0.1:8500");

    let output = run(&[&serve[..], &["--consul", "https://user:secret@consul:8501"]].concat());
    assert_eq!(output.status.code(), Some(64));
    assert!(stderr(&output).contains("http://HOST:PORT"), "{}", stderr(&output));
    assert!(!stderr(&output).contains("secret"));
}

#[test]
fn who_listens_on_every_address_has_to_say_which_is_called() {
    let dir = folder(1);
    let doors = ["--grpc", "0.0.0.0:0", "--http", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let serve = ["serve", "gateway", "--consul", "http://127.0.0.1:9", "--data-dir", text(dir.path())];
    let output = run(&[&serve[..], &doors].concat());
    assert_eq!(output.status.code(), Some(64), "{}", stderr(&output));
    assert!(stderr(&output).contains("--advertise HOST:PORT"), "{}", stderr(&output));
}

#[test]
fn a_service_that_is_named_by_a_name_and_otherwise_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let serve = ["serve", "gateway", "--data-dir", text(dir.path()), "--peer", "intake=dns:intake.city:50051"];
    for more in ["intake=10.0.0.7:50051", "intake=dns:other.city:50051"] {
        for check in [&["--check-config"][..], &[]] {
            let output = run(&[&serve[..], &["--peer", more], check].concat());
            assert_eq!(output.status.code(), Some(64), "{}", stderr(&output));
            assert!(stderr(&output).contains("--peer names intake by dns:"), "{}", stderr(&output));
        }
    }
}

/// `serve intake --print-config` with a file of settings, further flags and a variable.
fn printed(file: &str, flags: &[&str], variable: Option<(&str, &str)>) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jiewang.toml");
    std::fs::write(&path, file).unwrap();
    let mut command =
        jiewang(&[&["serve", "intake", "--config", text(&path), "-o", "json", "--print-config"], flags].concat());
    command.envs(variable).output().unwrap()
}

#[test]
fn a_flag_goes_before_a_variable_a_variable_before_the_file_and_the_file_before_the_default() {
    let file = "
        place = \"500151\"
        grpc = \"10.0.0.1:1\"
        admin = \"10.0.0.1:2\"
        peer = [\"dispatch=10.0.0.2:1\", \"dispatch=10.0.0.3:1\"]
        redis = \"redis://:secret@10.0.0.4:6379/\"
        otlp = \"http://10.0.0.5:4317\"
        log = \"debug\"
    ";
    let output = printed(file, &["--admin", "10.0.0.9:9"], Some(("JIEWANG_GRPC", "10.0.0.8:8")));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(!stdout(&output).contains("secret"));
    let settings = json_of(&output);
    let of = |name: &str| settings[name].as_str().unwrap().to_owned();
    assert_eq!((of("admin"), of("grpc")), ("10.0.0.9:9".to_owned(), "10.0.0.8:8".to_owned()));
    assert_eq!(
        (of("otlp"), of("log"), of("logFormat")),
        ("http://10.0.0.5:4317".into(), "debug".into(), "text".into())
    );
    assert_eq!((of("place"), of("http")), ("500151".to_owned(), "127.0.0.1:8080".to_owned()));
    assert_eq!(settings["peers"], serde_json::json!(["dispatch=10.0.0.2:1", "dispatch=10.0.0.3:1"]));
    let instead = printed(file, &["--peer", "dispatch=10.0.0.7:1"], None);
    assert_eq!(json_of(&instead)["peers"], serde_json::json!(["dispatch=10.0.0.7:1"]));
}

#[test]
fn limits_are_tables_of_the_file_below_what_is_set() {
    let file = "
        [gateway]
        requests = 7
        streams = 8
        [mesh.transport]
        read-within-ms = 50
    ";
    let output = printed(file, &["--set", "gateway.requests=70"], Some(("JIEWANG_SET", "gateway.streams=9")));
    let printed = json_of(&output);
    assert_eq!((&printed["gateway"]["requests"], &printed["gateway"]["streams"]), (&70.into(), &8.into()));
    assert_eq!(printed["mesh"]["transport"]["read-within-ms"], 50);
    let mut up = jiewang(&["up", "-o", "json", "--print-config"]);
    let set = json_of(&up.env("JIEWANG_SET", "gateway.streams=9,mesh.drain-ms=5").output().unwrap());
    assert_eq!((&set["gateway"]["streams"], &set["mesh"]["drain-ms"]), (&9.into(), &5.into()));
    for (limit, says) in [
        ("gateway.request=1", "unknown field `request`"),
        ("gateway.requests=0", "gateway.requests must be at least 1"),
        ("mesh.trace-ratio=2.0", "mesh.trace-ratio must be 0 to 1"),
        ("intake.guesses.per-number=0", "intake.guesses.per-number"),
        ("gateway.requests=-1", "invalid value"),
    ] {
        let output = run(&["up", "--check-config", "--set", limit]);
        assert_eq!(output.status.code(), Some(64), "{limit}");
        assert!(stderr(&output).contains(says), "{limit}: {}", stderr(&output));
    }
}

/// Each key below `of` with its default.
fn keys(of: &str, value: &serde_json::Value, into: &mut Vec<(String, String)>) {
    match value.as_object() {
        Some(table) => table.iter().for_each(|(key, value)| keys(&format!("{of}.{key}"), value, into)),
        None => into.push((of.trim_start_matches('.').to_owned(), value.to_string())),
    }
}

#[test]
fn every_limit_stands_in_its_document_with_its_default() {
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/limits.md")).unwrap();
    let mut limits = Vec::new();
    keys("", &serde_json::to_value(jiewang::args::Limits::default()).unwrap(), &mut limits);
    assert!(limits.len() > 30, "{limits:?}");
    for (key, default) in &limits {
        assert!(document.contains(&format!("| `{key}` | {default} |")), "| `{key}` | {default} |");
    }
    let rows = document.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, limits.len(), "and nothing else does");
}

#[test]
fn databases_may_be_named_in_the_environment_and_what_otlp_is_sent_with_is_not_shown() {
    let serve = ["serve", "intake", "-o", "json", "--print-config", "--otlp", "http://u:secret@10.0.0.5:4317"];
    let mut command = jiewang(&serve);
    command.env("JIEWANG_DATABASES", "intake=postgres://u:secret@h/intake dispatch=postgres://u:secret@h/dispatch");
    let output = command.output().unwrap();
    assert!(!stdout(&output).contains("secret"), "{}", stdout(&output));
    let printed = json_of(&output);
    assert_eq!(printed["databases"], serde_json::json!(["intake=***", "dispatch=***"]));
    assert_eq!(printed["otlp"], "http://***@10.0.0.5:4317");
}

#[test]
fn a_folder_and_a_certificate_that_would_not_start_are_told_and_nothing_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let check =
        |more: &[&str]| run(&[&["serve", "intake", "--check-config", "--data-dir", text(&data)], more].concat());
    assert_eq!(check(&[]).status.code(), Some(0));
    assert!(!data.exists(), "nothing is made");
    let output = check(&["--tls", text(dir.path())]);
    assert_eq!(output.status.code(), Some(64));
    assert!(stderr(&output).contains("tls.crt"), "{}", stderr(&output));
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("cluster.id"), "50-one").unwrap();
    let output = check(&[]);
    assert!(
        output.status.code() == Some(64) && stderr(&output).contains("cluster.key is missing"),
        "{}",
        stderr(&output)
    );
    std::fs::write(data.join("cluster.key"), "07".repeat(32)).unwrap();
    let output = check(&["--place", "500151"]);
    assert!(output.status.code() == Some(64) && stderr(&output).contains("place 50"), "{}", stderr(&output));
    assert_eq!(check(&[]).status.code(), Some(0));
}

#[test]
fn a_file_of_settings_with_a_mistake_is_refused_with_its_name_and_the_setting() {
    for (file, says) in [
        ("databse = \"intake=postgres://h/d\"", "there is no setting databse; there are place, data-dir"),
        ("data_dir = \"d\"", "there is no setting data_dir"),
        ("check-config = \"yes\"", "there is no setting check-config"),
        ("http = \"8080\"", "--http <ADDRESS> invalid socket address"),
        (
            "database = [\"intake=mysql://u:secret@h/d\"]",
            "--database <SERVICE=URL> the address of a database begins with",
        ),
        ("otlp = \"10.0.0.5:4317\"", "--otlp <URL> a collector is given as URL"),
        ("log-format = \"yaml\"", "--log-format"),
        ("http = true", "http takes a text"),
        ("[gateway]\nrequest = 1", "unknown field `request`"),
        ("[dispatch]\nrequests = 1", "there is no setting dispatch"),
        ("peer = [1]", "peer takes a text"),
        ("http = ", "is no TOML"),
    ] {
        let output = printed(file, &[], None);
        assert_eq!(output.status.code(), Some(64), "{file}: {}", stderr(&output));
        let said = stderr(&output);
        assert!(said.contains(says) && said.contains("jiewang.toml"), "{file}: {said}");
        assert!(!said.contains("secret"), "{said}");
    }
    let missing = run(&["up", "--config", "/nowhere/jiewang.toml", "--check-config"]);
    assert_eq!(missing.status.code(), Some(64), "{}", stderr(&missing));
    assert!(stderr(&missing).contains("cannot be read"));
}
