//! The reference page: one HTML file made from the OpenAPI document, readable without a network and without a script.
use crate::reason::{Language, explanation, title};
use mesh::Code;
use serde_json::Value;

const STYLE: &str = "body{font:16px/1.6 system-ui,'Noto Sans CJK SC',sans-serif;max-width:62rem;margin:0 auto;padding:1rem;color:#1b1b1b;background:#fff}\
h1,h2,h3{line-height:1.3}h2{border-bottom:2px solid #9a2b2b;padding-top:1rem}h3{margin-top:2rem}\
code{font:.9em ui-monospace,monospace;background:#f3f1ec;padding:.1em .3em;border-radius:3px}\
table{border-collapse:collapse;width:100%;margin:.5rem 0}th,td{border:1px solid #d9d4c8;padding:.35rem .6rem;text-align:left;vertical-align:top}\
th{background:#f3f1ec}.method{color:#fff;background:#9a2b2b;padding:.1em .5em;border-radius:3px;font:700 .85em ui-monospace,monospace}\
nav ul{columns:2 20rem;padding-left:1.2rem}pre{white-space:pre-wrap;font:inherit;margin:0}\
@media(prefers-color-scheme:dark){body{background:#16171a;color:#e6e3dc}code,th{background:#26282d}th,td{border-color:#3a3d44}a{color:#e2a25c}}";

/// The page.
pub(crate) fn page(document: &Value) -> String {
    let mut out = String::with_capacity(128 << 10);
    out.push_str("<!doctype html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">");
    out.push_str(&format!(
        "<title>{}</title><style>{STYLE}</style></head><body>",
        escape(text(&document["info"]["title"]))
    ));
    out.push_str(&format!(
        "<h1>{} {}</h1>",
        escape(text(&document["info"]["title"])),
        escape(text(&document["info"]["version"]))
    ));
    out.push_str(&paragraphs(text(&document["info"]["description"])));
    out.push_str("<p><a href=\"/openapi.json\">OpenAPI 3.1</a></p>");
    let operations = operations(document);
    contents(&operations, &mut out);
    errors(document, &mut out);
    for tag in list(&document["tags"]) {
        let name = text(&tag["name"]);
        out.push_str(&format!("<h2>{}</h2>{}", escape(name), paragraphs(text(&tag["description"]))));
        for operation in operations.iter().filter(|operation| text(&operation.value["tags"][0]) == name) {
            section(operation, &mut out);
        }
    }
    schemas(document, &mut out);
    out.push_str("</body></html>\n");
    out
}

struct Operation<'a> {
    path: &'a str,
    method: &'a str,
    value: &'a Value,
}

impl Operation<'_> {
    fn id(&self) -> &str {
        text(&self.value["operationId"])
    }
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut found = Vec::new();
    for (path, methods) in entries(&document["paths"]) {
        for (method, value) in entries(methods) {
            found.push(Operation { path, method, value });
        }
    }
    found
}

fn contents(operations: &[Operation<'_>], out: &mut String) {
    out.push_str("<nav><h2>目录 Contents</h2><ul><li><a href=\"#errors\">错误 Errors</a></li>");
    for operation in operations.iter().filter(|operation| operation.value.get("tags").is_some()) {
        let (id, method, path) =
            (escape(operation.id()), operation.method.to_ascii_uppercase(), escape(operation.path));
        out.push_str(&format!("<li><a href=\"#{id}\">{method} {path}</a></li>"));
    }
    out.push_str("<li><a href=\"#schemas\">数据结构 Schemas</a></li></ul></nav>");
}

/// The anchors are the `type` of problems.
fn errors(document: &Value, out: &mut String) {
    out.push_str("<h2 id=\"errors\">错误 Errors</h2><table><tr><th>HTTP</th><th>含义</th><th>Meaning</th></tr>");
    for code in Code::ALL {
        let told =
            |language| format!("<b>{}</b><br>{}", escape(title(code, language)), escape(explanation(code, language)));
        let (chinese, english) = (told(Language::Chinese), told(Language::English));
        out.push_str(&format!(
            "<tr id=\"{}\"><td>{}</td><td>{chinese}</td><td>{english}</td></tr>",
            code.as_str(),
            code.http()
        ));
    }
    out.push_str("</table><h3>网关的 reason · Reasons of the edge</h3><table><tr><th>reason</th><th>HTTP</th><th>含义</th><th>Meaning</th></tr>");
    for reason in list(&document["components"]["schemas"]["Problem"]["x-edge-reasons"]) {
        let cell = |key: &str| escape(text(&reason[key]));
        out.push_str(&format!(
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
            cell("reason"),
            reason["status"],
            cell("zh"),
            cell("en")
        ));
    }
    out.push_str("</table>");
}

fn section(operation: &Operation<'_>, out: &mut String) {
    let (id, method, path) = (escape(operation.id()), operation.method.to_ascii_uppercase(), escape(operation.path));
    out.push_str(&format!("<h3 id=\"{id}\"><span class=\"method\">{method}</span> <code>{path}</code></h3>"));
    out.push_str(&paragraphs(text(&operation.value["description"])));
    let parameters: Vec<&Value> = list(&operation.value["parameters"]).filter(|p| p.get("name").is_some()).collect();
    if !parameters.is_empty() {
        out.push_str(
            "<table><tr><th>参数 Parameter</th><th>位置 In</th><th>类型 Type</th><th>说明 Description</th></tr>",
        );
        for parameter in parameters {
            out.push_str(&format!(
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
                escape(text(&parameter["name"])),
                escape(text(&parameter["in"])),
                kind(&parameter["schema"]),
                paragraphs(text(&parameter["description"]))
            ));
        }
        out.push_str("</table>");
    }
    let body = &operation.value["requestBody"]["content"]["application/json"]["schema"];
    if !body.is_null() {
        out.push_str(&format!("<p>请求 Request: {}</p>", kind(body)));
    }
    let content = &operation.value["responses"]["200"]["content"];
    let answer = &content["application/json"]["schema"];
    let event = &content["text/event-stream"]["schema"]["contentSchema"];
    if !answer.is_null() {
        out.push_str(&format!("<p>应答 Answer: {}</p>", kind(answer)));
    } else if !event.is_null() {
        out.push_str(&format!("<p>事件流 Server-sent events of {}</p>", kind(event)));
    }
}

fn schemas(document: &Value, out: &mut String) {
    out.push_str("<h2 id=\"schemas\">数据结构 Schemas</h2>");
    for (name, schema) in entries(&document["components"]["schemas"]) {
        out.push_str(&format!("<h3 id=\"schema-{0}\"><code>{0}</code></h3>", escape(name)));
        out.push_str(&paragraphs(text(&schema["description"])));
        let values: Vec<String> =
            list(&schema["enum"]).map(|value| format!("<code>{}</code>", escape(text(value)))).collect();
        if !values.is_empty() {
            out.push_str(&format!("<p>{}</p>", values.join(" ")));
        }
        let fields: Vec<(&str, &Value)> = entries(&schema["properties"]).collect();
        if fields.is_empty() {
            continue;
        }
        out.push_str("<table><tr><th>字段 Field</th><th>类型 Type</th><th>说明 Description</th></tr>");
        for (name, field) in fields {
            let told = paragraphs(text(&field["description"]));
            out.push_str(&format!(
                "<tr><td><code>{}</code></td><td>{}</td><td>{told}</td></tr>",
                escape(name),
                kind(field)
            ));
        }
        out.push_str("</table>");
    }
}

/// A type in few words, linked where it has a section.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|link| link.rsplit('/').next()) {
        return format!("<a href=\"#schema-{0}\"><code>{0}</code></a>", escape(name));
    }
    match (text(&schema["type"]), text(&schema["format"])) {
        ("array", _) => format!("{} []", kind(&schema["items"])),
        (kind, "") => escape(kind),
        (kind, format) => format!("{} ({})", escape(kind), escape(format)),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

fn paragraphs(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("<pre>{}</pre>", escape(text)) }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
