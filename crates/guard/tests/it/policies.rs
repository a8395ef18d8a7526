//! The policies that come with the program, held against the descriptors; and those that an operator gets wrong.

use civic::{Actor, Role};
use guard::policy::{Guard, PolicyError, Rules};
use mesh::{Caller, Concern, Matter, Policies, Reach};
use prost::Message;
use prost_types::FileDescriptorSet;
use std::fs;
use std::path::Path;

fn files() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let names = ["acts.cedar", "groups.json", "know.cedar"];
    names.map(|name| (name.to_owned(), fs::read_to_string(folder.join(name)).unwrap())).to_vec()
}

fn with(file: &str, more: &str) -> Vec<(String, String)> {
    files().into_iter().map(|(name, text)| if name == file { (name, text + more) } else { (name, text) }).collect()
}

fn caller(role: Role) -> Caller {
    Caller::known(Actor::member(role, "s", "500151001".parse().unwrap()))
}

/// `package.Service/Method` of everything that is served.
fn rpcs() -> Vec<String> {
    let set = FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap();
    let ours = set.file.iter().filter(|file| file.package().starts_with("jiewang."));
    let of = |file: &prost_types::FileDescriptorProto| {
        let services = file.service.iter();
        let paths = services.flat_map(|s| s.method.iter().map(move |m| format!("{}/{}", s.name(), m.name())));
        paths.map(|path| format!("{}.{path}", file.package())).collect::<Vec<_>>()
    };
    ours.flat_map(of).collect()
}

#[test]
fn every_rpc_is_an_action_and_somebody_s() {
    let (guard, acts) = (Guard::open(None).unwrap(), Rules::built_in().unwrap().acts());
    let service = Caller::known(Actor::alone(Role::Integrator, "service/intake"));
    let everybody = Role::all().iter().map(|role| caller(*role)).chain([service, Caller::anonymous()]);
    let everybody: Vec<_> = everybody.collect();
    for rpc in rpcs() {
        assert!(acts.contains(&rpc), "{rpc} is no action of jiewang.cedarschema");
        assert!(everybody.iter().any(|who| guard.may(who, &rpc)), "no policy gives {rpc} to anybody");
    }
    for act in acts.iter().filter(|act| act.starts_with("jiewang.")) {
        assert!(rpcs().contains(act), "{act} is no rpc");
    }
}

#[test]
fn what_no_policy_knows_is_nobody_s() {
    let guard = Guard::open(None).unwrap();
    for act in ["", "jiewang.intake.v1.Reports/DeleteReport", "know", "look", "x\"y"] {
        assert!(!guard.may(&caller(Role::CityDispatcher), act), "{act}");
    }
}

#[test]
fn nobody_without_a_token_does_more_than_a_citizen_at_the_door() {
    let guard = Guard::open(None).unwrap();
    let open: Vec<_> = rpcs().into_iter().filter(|rpc| guard.may(&Caller::anonymous(), rpc)).collect();
    let reports = ["Create", "Track", "Rate", "Supplement", "Urge", "Withdraw"]
        .map(|name| format!("jiewang.intake.v1.Reports/{name}Report"));
    let published = ["jiewang.intake.v1.Suggestions/GetSelection".to_owned()];
    assert_eq!(open, [&reports[..], &published].concat());
}

#[test]
fn a_service_reads_logs_and_a_person_does_not() {
    let guard = Guard::open(None).unwrap();
    let read = "jiewang.events.v1.EventLog/Read";
    assert!(guard.may(&Caller::known(Actor::alone(Role::Integrator, "service/intake")), read));
    for role in Role::all() {
        assert!(!guard.may(&caller(*role), read), "{role}");
    }
}

#[test]
fn roles_know_what_the_brief_lets_them_know() {
    let guard = Guard::open(None).unwrap();
    let reach = |role, of| guard.reach(&Actor::alone(role, "s"), of);
    for role in Role::all() {
        let expected = match role {
            Role::TownDispatcher
            | Role::DistrictDispatcher
            | Role::CityDispatcher
            | Role::VillageDesk
            | Role::Commander
            | Role::Supervisor => Reach::Place,
            Role::Integrator => Reach::Sent,
            Role::GridWorker | Role::GridLeader | Role::DepartmentHandler | Role::Liaison => Reach::Unit,
            Role::Citizen
            | Role::Volunteer
            | Role::EnforcementOfficer
            | Role::LegalReviewer
            | Role::OrganHead
            | Role::EnforcementSupervisor
            | Role::Mediator
            | Role::MediationClerk
            | Role::Approver
            | Role::Analyst
            | Role::Operator
            | Role::SecurityAdmin
            | Role::Auditor => Reach::Nothing,
        };
        assert_eq!(reach(*role, Matter::Report), expected, "{role}");
        let order = if *role == Role::Citizen { Reach::Own } else { expected };
        assert_eq!(reach(*role, Matter::Order), order, "{role}");
    }
}

#[test]
fn policies_with_an_error_are_refused_and_the_error_is_named() {
    let said = |files: &[(String, String)]| Rules::of(files).err().map(|error| error.to_string()).unwrap_or_default();
    let broken = said(&with("acts.cedar", "permit (principal, action"));
    assert!(broken.starts_with("acts.cedar: "), "{broken}");
    let unknown = r#"permit (principal, action == Jiewang::Action::"jump", resource);"#;
    assert!(said(&with("acts.cedar", unknown)).contains("jump"));
    let mistyped = r#"permit (principal, action == Jiewang::Action::"know", resource) when { resource.units == 7 };"#;
    assert!(said(&with("know.cedar", mistyped)).contains("schema"));
    assert!(said(&[files()[1].clone()]).contains("*.cedar"));
    assert!(said(&[files()[0].clone()]).contains("groups.json"));
    let groups = vec![("groups.json".to_owned(), r#"{"known": ["king"]}"#.to_owned()), files()[0].clone()];
    assert!(said(&groups).contains("king"));
}

#[test]
fn a_policy_that_no_list_could_keep_to_is_refused() {
    // Of the place and of the unit: a list is narrowed to one of them.
    let both = r#"
        permit (principal in Jiewang::Role::"grid-leader", action == Jiewang::Action::"know", resource)
        when { principal has place && resource in principal.place };"#;
    let refused = Rules::of(&with("know.cedar", both)).err().unwrap();
    assert!(matches!(refused, PolicyError::Reach { role: Role::GridLeader, kind: "Report" }), "{refused}");
}

#[tokio::test]
async fn an_operator_s_policies_take_the_place_of_ours_and_bad_ones_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files() {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let guard = Guard::open(Some(folder.path())).unwrap();
    let classify = "jiewang.intake.v1.Reports/ClassifyReport";
    assert!(guard.may(&caller(Role::TownDispatcher), classify));
    let forbid = "\nforbid (principal in Jiewang::Role::\"town-dispatcher\", action, resource);";
    fs::write(folder.path().join("closed.cedar"), forbid).unwrap();
    guard.look().await;
    assert!(!guard.may(&caller(Role::TownDispatcher), classify));
    assert_eq!(guard.reach(&Actor::alone(Role::TownDispatcher, "s"), Matter::Report), Reach::Nothing);
    fs::write(folder.path().join("closed.cedar"), "permit (principal, action, resource").unwrap();
    guard.look().await;
    assert!(!guard.may(&caller(Role::TownDispatcher), classify), "those before stay in force");
    assert!(Guard::open(Some(folder.path())).is_err(), "and nothing starts with them");
    fs::remove_file(folder.path().join("closed.cedar")).unwrap();
    guard.look().await;
    assert!(guard.may(&caller(Role::TownDispatcher), classify));
}

/// domain.md 1 and 10: nobody reads the work of a tier below but a centre to which something has brought it.
#[test]
fn the_work_of_a_tier_below_is_read_by_a_centre_when_something_brings_it_there() {
    let guard = Guard::open(None).unwrap();
    let own = Concern { below: false, brought: false };
    let centre = [
        Role::TownDispatcher,
        Role::DistrictDispatcher,
        Role::CityDispatcher,
        Role::VillageDesk,
        Role::Commander,
        Role::Supervisor,
    ];
    for role in Role::all() {
        assert!(guard.reads(*role, own), "{role} reads what it knows of and is its own");
        assert!(!guard.reads(*role, Concern { below: true, ..own }), "{role}");
        assert_eq!(guard.reads(*role, Concern { below: true, brought: true }), centre.contains(role), "{role}");
    }
}
