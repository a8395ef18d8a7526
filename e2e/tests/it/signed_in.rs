//! A cluster whose people sign in at a provider that is not ours.

use e2e::client::Client;
use e2e::matters::{Crew, LIGHTS, TOWN, UNIT};
use e2e::process::Start;
use testkit::OidcServer;

const PEOPLE: &[(&str, &str, &str)] = &[
    ("handler", "ES256", r#"{"role": "department-handler", "unit": "500151001-minsheng"}"#),
    ("dispatcher", "RS256", r#"{"role": "town-dispatcher", "unit": "500151001"}"#),
    ("supervisor", "ES256", r#"{"role": "supervisor", "unit": "500151", "acr": "password"}"#),
];

#[tokio::test]
async fn who_has_signed_in_at_the_city_s_provider_works_and_development_tokens_do_not() {
    let test = "who_has_signed_in_at_the_city_s_provider_works_and_development_tokens_do_not";
    let Some(server) = OidcServer::start(test, PEOPLE) else { return };
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--issuer", &server.issuer(), "--strong-acr", "two-factors"];
    let mut jiewang = Start::new(folder.path()).with(flags).start().await;
    let signed_in = |who| Client::new(jiewang.http(), Some(server.token(who).unwrap()));
    let citizen = jiewang.citizen();
    let (unit, town) = (signed_in("handler").after(&citizen), signed_in("dispatcher").after(&citizen));
    let crew = Crew { citizen, unit, town };
    let filed = crew.file("lamp-1", LIGHTS).await;
    let order = filed["workOrder"].as_str().unwrap();
    crew.begin(order).await;
    crew.resolve(order).await;
    // Intake speaks to dispatch in the cluster's own name.
    assert_eq!(crew.rate(&filed, true).await["state"], "DONE");
    assert_eq!(crew.town.read(&format!("v1/{order}")).await["state"], "CLOSED");

    let path = format!("v1/{order}");
    let weak = signed_in("supervisor").get(&path).await.unwrap();
    assert_eq!(weak.problem(401), "STRONGER_AUTHENTICATION_NEEDED");
    let development = [jiewang.member("department-handler", UNIT), jiewang.member("town-dispatcher", TOWN)];
    for client in development {
        assert_eq!(client.get(&path).await.unwrap().problem(401), "TOKEN_INVALID");
    }
    assert!(jiewang.stop().await.success());
}

#[tokio::test]
async fn an_issuer_that_is_away_stops_nobody_who_needs_no_token() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = format!("http://127.0.0.1:{}", testkit::free_port());
    let start = Start::new(folder.path())
        .with(["--issuer", &nobody])
        .allowing(&["guard::identity::provider: guard.issuer.failed"]);
    let jiewang = start.start().await;
    let crew = Crew::of(&jiewang);
    let filed = crew.file("lamp-1", LIGHTS).await;
    let token = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.e30.AAAA".to_owned();
    let client = Client::new(jiewang.http(), Some(token));
    let path = format!("v1/{}", filed["workOrder"].as_str().unwrap());
    assert_eq!(client.get(&path).await.unwrap().problem(503), "ISSUER_UNREACHABLE");
    let refused = Start::new(folder.path()).with(["--issuer", "http://id.example.cn"]).refused();
    assert!(refused.said.contains("https"), "{}", refused.said);
}
