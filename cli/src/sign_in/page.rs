//! The page on which one chooses whom to be.

use super::request::Asked;
use civic::{Actor, Role};

const STYLE: &str = "body{font:16px/1.5 sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}label{display:block;margin:.8rem 0}\
input[type=text],select,textarea{width:100%;padding:.4rem;font:inherit;box-sizing:border-box}textarea{height:10rem;font-family:monospace}\
button{padding:.5rem 2rem;font:inherit}.warn{background:#fff3cd;padding:.5rem 1rem}";

/// Units that come with the program, to begin with: a town's centre, its office for people's livelihood, its district, the city.
const UNITS: [&str; 4] = ["500151001", "500151001-minsheng", "500151", "50"];

/// The form; what a program has asked for goes along in it.
pub(super) fn choose(issuer: &str, asked: Option<&Asked>) -> String {
    let roles: String = Role::all().iter().map(|role| format!("<option>{role}</option>")).collect();
    let units: String = UNITS.iter().map(|unit| format!("<option value=\"{unit}\">")).collect();
    let hidden: String = asked.map(Asked::fields).into_iter().flatten().map(hidden).collect();
    let action = if asked.is_some() { "/authorize" } else { "/" };
    let who = asked.map(|asked| format!("<p><b>{}</b> 请求登录 asks you to sign in.</p>", escaped(&asked.client_id)));
    let who = who.unwrap_or_default();
    whole(&format!(
        "<p class=warn>仅供开发，没有密码。For development: no password.<br>{}</p>{who}\
         <form method=post action=\"{action}\">{hidden}\
         <label>角色 Role<select name=role required>{roles}</select></label>\
         <label>单位 Unit<input type=text name=unit list=units autocomplete=off></label><datalist id=units>{units}</datalist>\
         <label>人员标识 Subject (a reference, never a name)<input type=text name=subject autocomplete=off></label>\
         <label><input type=checkbox name=head> 单位负责人 Head of the unit</label>\
         <label><input type=checkbox name=strong checked> 强认证 Signed in with a second factor</label>\
         <button>登录 Sign in</button></form>",
        escaped(issuer)
    ))
}

/// A token to copy.
pub(super) fn handed_out(actor: &Actor, token: &str) -> String {
    whole(&format!(
        "<p>{}</p><label>Authorization: Bearer …<textarea readonly>{token}</textarea></label><p><a href=\"/\">换人 Another</a></p>",
        escaped(&actor.subject)
    ))
}

fn whole(body: &str) -> String {
    format!(
        "<!doctype html><html lang=zh><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>结网 开发登录</title><style>{STYLE}</style><h1>结网 开发登录 Sign in</h1>{body}"
    )
}

fn hidden((name, value): (&str, &str)) -> String {
    // What was not asked for is not sent back either.
    if value.is_empty() {
        return String::new();
    }
    format!("<input type=hidden name={name} value=\"{}\">", escaped(value))
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, next| {
        match next {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            plain => escaped.push(plain),
        }
        escaped
    })
}
