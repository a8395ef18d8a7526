//! What may be typed.

use clap::{CommandFactory, Parser, error::ErrorKind};
use jiewang::Args;
use jiewang::args::{Parked, Queue, Room, Verb};
use jiewang::output::Format;
use jiewang::verb::case::CaseVerb;

fn parse(line: &str) -> Result<Args, clap::Error> {
    Args::try_parse_from(std::iter::once("jiewang").chain(line.split_whitespace()))
}

#[test]
fn the_definition_of_the_arguments_is_sound() {
    Args::command().debug_assert();
}

#[test]
fn every_verb_of_the_contract_is_understood() {
    let id = "0".repeat(26);
    let lines = [
        "up --place 500151 --data-dir d --check-config".to_owned(),
        "serve intake --database intake=postgres://u:p@h/intake --grpc 127.0.0.1:1".to_owned(),
        "serve gateway --print-config".to_owned(),
        "serve gateway --peer intake=10.0.0.7:1 --peer dispatch=dns:dispatch.default.svc:50051".to_owned(),
        "serve intake --consul http://127.0.0.1:8500 --consul-token t --advertise [::1]:50051".to_owned(),
        "token --role town-dispatcher --unit 500151001 --head --ttl 30m --cluster d --subject s".to_owned(),
        "load f.csv.gz --rate 0.5 --in-flight 8 --patience 5 --gateway http://h:1 --token t".to_owned(),
        "case list --state in-progress --lamp red --unit 500151-gongan --limit 500 -o name".to_owned(),
        "case list --reports --needs-person --division 500151".to_owned(),
        format!("case show reports/{id} -o yaml"),
        format!("case timeline workOrders/{id}"),
        format!("case clock {id}"),
        "queue parked list --service dispatch --data-dir d".to_owned(),
        format!("queue parked show dispatch/{id}"),
        "queue parked replay --all --yes".to_owned().replace(" --yes", ""),
        format!("queue parked give-up dispatch/{id} --reason stale --yes"),
        "verify --data-dir d --only I4,I11 --postgres dispatch=postgresql://h/d".to_owned(),
        "catalog check d".to_owned(),
        "catalog load d --data-dir e".to_owned(),
        "classifier train s.tsv --out m --seed 7".to_owned(),
        "classifier train s.tsv --out m --rulings --data-dir d".to_owned(),
        "classifier evaluate s.tsv --model m --threshold 90 -o json".to_owned(),
        "replay history.csv.gz --rows 100 --data-dir d -o json".to_owned(),
        "calendar load 2027.csv".to_owned(),
        "doctor --http 127.0.0.1:1 -o json".to_owned(),
        "completion zsh".to_owned(),
    ];
    for line in lines {
        assert!(parse(&line).is_ok(), "{line}: {}", parse(&line).unwrap_err());
    }
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_done() {
    for line in [
        "",
        "fly",
        "up --place 5001x",
        "up --http 8080",
        "serve mediation",
        "serve intake --peer dispatch=dns:name",
        "serve intake --peer gateway=h:1",
        "serve intake --advertise h:0",
        "serve intake --consul-token t",
        "up --consul http://127.0.0.1:8500",
        "serve intake --database intake=mysql://h",
        "serve gateway --database gateway=postgres://h",
        "token --unit 500151",
        "token --role king --unit 50",
        "token --role citizen --ttl 1y",
        "token --role citizen --head",
        "load",
        "load f --rate -1",
        "load f --rate fast",
        "load f --in-flight 0",
        "case list --lamp blue",
        "case list --reports --lamp red",
        "case list --needs-person",
        "case show duties/1",
        "case show 0",
        "queue parked replay",
        "queue parked give-up dispatch/0",
        "completion tcl",
        "doctor -o xml",
    ] {
        let error = parse(line).unwrap_err();
        assert_ne!(error.kind(), ErrorKind::DisplayVersion, "{line}");
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}

#[test]
fn defaults_are_those_of_the_contract() {
    let Verb::Up(up) = parse("up").unwrap().verb else { panic!("up is up") };
    let cluster = up.cluster;
    assert_eq!(cluster.place.as_str(), "50");
    assert_eq!(cluster.data_dir.to_str(), Some("./data"));
    let addresses = [cluster.http, cluster.grpc, cluster.admin].map(|address| address.to_string());
    assert_eq!(addresses, ["127.0.0.1:8080", "127.0.0.1:50051", "127.0.0.1:9464"]);
    assert_eq!(parse("doctor").unwrap().output, Format::Table);
}

#[test]
fn the_address_of_a_database_is_never_shown() {
    let Verb::Serve(serve) = parse("serve dispatch --database dispatch=postgres://u:secret@h/d").unwrap().verb else {
        panic!("serve is serve")
    };
    assert_eq!((serve.room, serve.cluster.database[0].room), (Room::Dispatch, Room::Dispatch));
    assert_eq!(serve.cluster.database[0].url, "postgres://u:secret@h/d");
    assert!(!format!("{serve:?}").contains("secret"));
}

#[test]
fn a_dangerous_verb_carries_its_yes() {
    let Verb::Queue(queue) = parse("queue parked give-up dispatch/1 --reason gone").unwrap().verb else {
        panic!("queue is queue")
    };
    let Queue::Parked(parked) = queue.queue;
    assert!(matches!(parked.verb, Parked::GiveUp { yes: false, .. }));
}

#[test]
fn a_case_is_named_by_its_characters_alone_too() {
    let id = "0".repeat(26);
    let Verb::Case(case) = parse(&format!("case clock {id}")).unwrap().verb else { panic!("case is case") };
    let CaseVerb::Clock(one) = case.verb else { panic!("clock is clock") };
    assert_eq!(one.name.to_string(), format!("workOrders/{id}"));
}
