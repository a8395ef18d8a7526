//! A cluster whose people sign in at a provider that is not ours.

use e2e::client::{Answer, Client};
use e2e::matters::{Crew, LIGHTS, TOWN, UNIT};
use e2e::process::Start;
use http::Method;
use serde_json::Value;
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

/// The program that asks. Verifier and challenge are those of RFC 7636, appendix B.
const ASKED: &str = "response_type=code&client_id=console&redirect_uri=http%3A%2F%2F127.0.0.1%3A5173%2Fback%3Fx%3D1&scope=openid\
    &state=a%26b&nonce=n-1&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
const REDEEMED: &str =
    "grant_type=authorization_code&client_id=console&redirect_uri=http%3A%2F%2F127.0.0.1%3A5173%2Fback%3Fx%3D1";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

async fn form(page: &Client, path: &str, fields: &str) -> Answer {
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    page.send(Method::POST, path, &kind, fields.to_owned().into()).await.unwrap()
}

/// Chooses at the page whom to be, as a browser would, and redeems the code that comes back.
async fn chosen(page: &Client, chosen: &str) -> Value {
    let answer = form(page, "authorize", &format!("{ASKED}&{chosen}")).await;
    assert_eq!(answer.status, 303, "{}", String::from_utf8_lossy(&answer.body));
    let back = answer.headers["location"].to_str().unwrap();
    let code =
        back.strip_prefix("http://127.0.0.1:5173/back?x=1&code=").and_then(|rest| rest.strip_suffix("&state=a%26b"));
    let code = code.unwrap_or_else(|| panic!("{back}"));
    let answer = form(page, "token", &format!("{REDEEMED}&code={code}&code_verifier={VERIFIER}")).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    let again = form(page, "token", &format!("{REDEEMED}&code={code}&code_verifier={VERIFIER}")).await;
    assert_eq!((again.status, again.json["error"].as_str()), (400, Some("invalid_grant")));
    answer.json
}

#[tokio::test]
async fn who_develops_chooses_whom_to_be_and_works_with_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let mut jiewang = Start::new(folder.path()).with(["--sign-in", "127.0.0.1:0"]).start().await;
    let said = jiewang.said();
    let address = said.lines().find_map(|line| line.split_once("sign in at http://")?.1.strip_suffix('/'));
    let page = Client::new(address.unwrap().parse().unwrap(), None);
    let issuer = format!("http://{}", address.unwrap());
    let found = page.get(".well-known/openid-configuration").await.unwrap().json;
    assert_eq!((&found["issuer"], &found["jwks_uri"]), (&issuer.clone().into(), &format!("{issuer}/keys").into()));
    let text = |answer: Answer| String::from_utf8(answer.body.to_vec()).unwrap();
    let opened = text(page.get(&format!("authorize?{}", ASKED.replace("console", "%3Cscript%3E"))).await.unwrap());
    assert!(opened.contains("&lt;script&gt;") && !opened.contains("<script"), "{opened}");
    assert!(
        opened.contains("<option>enforcement-supervisor</option>") && opened.contains("value=\"a&amp;b\""),
        "{opened}"
    );
    assert!(text(page.get("").await.unwrap()).contains("<option>citizen</option>"));

    let tokens = chosen(&page, "role=department-handler&unit=500151001-minsheng").await;
    assert_eq!(tokens["token_type"], "Bearer");
    let signed_in = |tokens: &Value| Client::new(jiewang.http(), tokens["access_token"].as_str().map(str::to_owned));
    let citizen = jiewang.citizen();
    // A token of `jiewang token` is as good.
    let town = jiewang.member("town-dispatcher", TOWN).after(&citizen);
    let crew = Crew { unit: signed_in(&tokens).after(&citizen), citizen, town };
    let filed = crew.file("lamp-1", LIGHTS).await;
    let order = filed["workOrder"].as_str().unwrap();
    crew.begin(order).await;
    crew.resolve(order).await;
    let path = format!("v1/{order}");
    let weak = signed_in(&chosen(&page, "role=supervisor&unit=500151001").await);
    assert_eq!(weak.get(&path).await.unwrap().problem(401), "STRONGER_AUTHENTICATION_NEEDED");
    let strong = signed_in(&chosen(&page, "role=supervisor&unit=500151001&strong=on").await);
    assert_eq!(strong.get(&path).await.unwrap().ok()["name"], order);
    let copied = text(form(&page, "", "role=town-dispatcher&unit=500151001&head=on").await);
    let token = copied.split_once("<textarea readonly>").and_then(|(_, rest)| rest.split_once('<')).unwrap().0;
    assert_eq!(Client::new(jiewang.http(), Some(token.to_owned())).get(&path).await.unwrap().ok()["name"], order);
    // What is told to the program is no word to the services.
    let id_token = Client::new(jiewang.http(), tokens["id_token"].as_str().map(str::to_owned));
    assert_eq!(id_token.get(&path).await.unwrap().problem(401), "TOKEN_INVALID");
    assert!(jiewang.stop().await.success());
}

#[tokio::test]
async fn the_page_sends_nobody_elsewhere_and_answers_under_its_own_name_alone() {
    let folder = tempfile::tempdir().unwrap();
    let jiewang = Start::new(folder.path()).with(["--sign-in", "127.0.0.1:0"]).start().await;
    let said = jiewang.said();
    let address = said.lines().find_map(|line| line.split_once("sign in at http://")?.1.strip_suffix('/')).unwrap();
    let page = Client::new(address.parse().unwrap(), None);
    for (wrong, instead) in [
        ("http%3A%2F%2F127.0.0.1%3A5173", "http%3A%2F%2Fevil.example"),
        ("http%3A%2F%2F127.0.0.1%3A5173", "http%3A%2F%2F127.0.0.1%40evil.example"),
        ("http%3A%2F%2F127.0.0.1%3A5173", "javascript%3Aalert"),
        ("code_challenge_method=S256", "code_challenge_method=plain"),
        ("&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", ""),
        ("response_type=code", "response_type=token"),
    ] {
        let asked = ASKED.replace(wrong, instead);
        assert_ne!(asked, ASKED);
        let opened = page.get(&format!("authorize?{asked}")).await.unwrap();
        let granted = form(&page, "authorize", &format!("{asked}&role=citizen")).await;
        assert!(
            opened.status == 400 && matches!(granted.status, 400 | 422),
            "{instead}: {} {}",
            opened.status,
            granted.status
        );
    }
    for nobody in [
        "role=root&unit=50",
        "role=town-dispatcher",
        "role=town-dispatcher&unit=509999",
        "role=citizen&subject=%E5%BC%A0",
    ] {
        let answer = form(&page, "authorize", &format!("{ASKED}&{nobody}")).await;
        assert_eq!((answer.status, answer.json["error"].as_str()), (400, Some("invalid_request")), "{nobody}");
    }
    let renamed = page.send(Method::GET, "", &[("host", "evil.example")], bytes::Bytes::new()).await.unwrap();
    assert_eq!(renamed.status, 421);
    for (flags, says) in [
        (vec!["--sign-in", "0.0.0.0:0"], "nobody but this machine"),
        (vec!["--sign-in", "127.0.0.1:0", "--issuer", "https://id.example.cn"], "cannot be used with"),
    ] {
        let refused = Start::new(folder.path()).with(flags).refused();
        assert!(refused.code != Some(0) && refused.said.contains(says), "{}", refused.said);
    }
    let other = tempfile::tempdir().unwrap();
    let open = Start::new(other.path()).on("0.0.0.0:0".parse().unwrap()).with(["--sign-in", "127.0.0.1:0"]).refused();
    assert!(open.said.contains("open to other machines"), "{}", open.said);
}
