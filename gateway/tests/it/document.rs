//! The OpenAPI document and the reference page.
use crate::city::City;
use prost_reflect::DescriptorPool;
use serde_json::Value;
use std::collections::BTreeSet;

/// Every `$ref` inside.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                if let ("$ref", Some(link)) = (key.as_str(), inner.as_str()) {
                    found.insert(link.to_owned());
                }
                references(inner, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
        .collect()
}

#[tokio::test]
async fn every_annotated_rpc_is_documented_with_its_comment() {
    let city = City::start().await;
    let document = city.get("/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let documented: BTreeSet<&str> =
        operations(&document).iter().map(|(_, _, o)| o["operationId"].as_str().unwrap()).collect();
    let pool = DescriptorPool::decode(proto::DESCRIPTORS).unwrap();
    let http = pool.get_extension_by_name("google.api.http").unwrap();
    let mut rpcs = 0;
    for service in pool.services() {
        for rpc in service.methods().filter(|rpc| rpc.options().has_extension(&http)) {
            let id = format!("{}_{}", service.name(), rpc.name());
            assert!(documented.contains(id.as_str()), "{id} is missing");
            rpcs += 1;
        }
    }
    assert_eq!(documented.len(), rpcs + 2, "operations are the rpcs and two probes");
    for (path, _, operation) in operations(&document) {
        assert!(operation["summary"].as_str().is_some_and(|s| !s.is_empty()), "{path} has no summary");
    }
    let create = &document["paths"]["/v1/reports"]["post"];
    assert!(create["description"].as_str().unwrap().contains("TEXT_MISSING"));
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_path_parameters_are_declared() {
    let city = City::start().await;
    let document = city.get("/openapi.json").await.json();
    let mut links = BTreeSet::new();
    references(&document, &mut links);
    assert!(links.len() > 20);
    for link in &links {
        let target = document.pointer(link.strip_prefix('#').unwrap());
        assert!(target.is_some_and(|target| !target.is_null()), "{link} leads nowhere");
    }
    for (path, method, operation) in operations(&document) {
        let in_path: BTreeSet<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let declared = parameters.iter().filter(|p| p["in"] == "path").map(|p| p["name"].as_str().unwrap());
        assert_eq!(declared.collect::<BTreeSet<_>>(), in_path, "{method} {path}");
        assert!(operation["responses"]["200"]["description"].is_string(), "{method} {path}");
    }
}

#[tokio::test]
async fn schemas_say_what_proto_json_looks_like() {
    let city = City::start().await;
    let document = city.get("/openapi.json").await.json();
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["dispatch.v1.WorkOrder"]["properties"]["epoch"]["type"], "string");
    assert_eq!(schemas["dispatch.v1.WorkOrder"]["properties"]["dueTime"]["format"], "date-time");
    assert_eq!(schemas["types.v1.Location"]["properties"]["foundBy"]["readOnly"], true);
    assert!(schemas["intake.v1.Channel"]["enum"].as_array().unwrap().contains(&"HOTLINE_12345".into()));
    let body = &schemas["dispatch.v1.AcceptWorkOrderRequest"];
    assert!(body["properties"].get("name").is_none(), "the path gives the name");
    assert_eq!(body["additionalProperties"], false);
    let stream = &document["paths"]["/v1/events:stream"]["get"];
    let content = &stream["responses"]["200"]["content"]["text/event-stream"]["schema"]["contentSchema"]["$ref"];
    assert_eq!(content, "#/components/schemas/events.v1.StreamedEvent");
    let parameters = document["paths"]["/v1/workOrders"]["get"]["parameters"].to_string();
    assert!(parameters.contains("\"divisionCode\"") && parameters.contains("\"lamp\""), "{parameters}");
}

#[tokio::test]
async fn the_reference_page_is_whole_in_itself_and_explains_every_problem_type() {
    let city = City::start().await;
    let page = city.get("/docs").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    for outside in ["<script", "http://", "https://", "src="] {
        assert!(!page.text.contains(outside), "{outside}");
    }
    let document = city.get("/openapi.json").await.json();
    for kind in document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"].as_array().unwrap() {
        let anchor = kind.as_str().unwrap().strip_prefix("/docs#").unwrap();
        assert!(page.text.contains(&format!("id=\"{anchor}\"")), "{anchor}");
    }
    for link in page.text.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(page.text.contains(&format!("id=\"{link}\"")), "#{link} leads nowhere");
    }
}
