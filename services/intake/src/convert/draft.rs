//! A request to file becomes a draft, or the list of everything that is wrong with it.

use super::{Checks, exceeds, given, micros};
use crate::app::{Asking, Desk};
use crate::domain::draft::{Draft, Person};
use crate::domain::kind::{Channel, Kind, Urgency};
use crate::domain::locate::{Located, Lost, Told, locate};
use crate::domain::report::Attachment;
use crate::error::Error;
use civic::{DivisionCode, Micros, Phone, Role};
use prost::Message;
use prost_types::Timestamp;
use proto::intake::v1::{self as wire, CreateReportRequest};
use proto::types::v1::Location;

/// Checks a request against the desk's catalog, tree and time.
pub fn draft(mut request: CreateReportRequest, asking: &Asking, desk: &Desk) -> Result<Draft, Error> {
    let mut checks = Checks::default();
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    checks.request_id(&request_id);
    // First of all: whoever may not stand at this door is not told what is wrong with the letter.
    let channel = channel(&mut checks, request.channel, asking);
    admit(channel, asking, desk)?;
    let limits = &desk.catalog.limits;
    let kind = kind(&mut checks, request.kind);
    let urgency = urgency(&mut checks, request.urgency);
    text(&mut checks, &request.text, limits.text_characters);
    checks.length(
        "channelNumber",
        "CHANNEL_NUMBER_TOO_LONG",
        &request.channel_number,
        limits.channel_number_characters,
    );
    let category = category(&mut checks, request.category_code, desk);
    let whereabouts = whereabouts(&mut checks, request.location.unwrap_or_default(), desk);
    let reporter = person(&mut checks, request.reporter.unwrap_or_default(), limits.name_characters);
    let occurred = occurred(&mut checks, request.occur_time.as_ref(), desk);
    let due = due(&mut checks, request.due_time.as_ref(), asking, desk);
    let attachments = attachments(&mut checks, request.attachments, desk);
    let on_the_spot = on_the_spot(&mut checks, request.on_the_spot, limits.result_characters);
    let theme = theme(&mut checks, request.theme, kind, limits.theme_characters);
    checks.done()?;
    let (told, located) = whereabouts.expect("a place that was not found is a violation");
    Ok(Draft {
        request_id,
        kind: kind.expect("a missing kind is a violation"),
        channel: channel.expect("a missing channel is a violation"),
        channel_number: request.channel_number,
        text: request.text,
        category,
        told,
        located,
        reporter,
        occurred,
        due,
        urgency,
        attachments,
        on_the_spot,
        theme,
        body,
    })
}

/// Without a token and without a channel it is the citizens' web form.
fn channel(checks: &mut Checks, number: i32, asking: &Asking) -> Option<Channel> {
    let channel = Channel::from_number(number);
    match channel {
        None if number == 0 && asking.caller.actor.is_none() => Some(Channel::CitizenWeb),
        None if number == 0 => {
            checks.refuse("channel", "CHANNEL_MISSING", "a channel is required");
            None
        }
        None => {
            checks.refuse("channel", "CHANNEL_UNKNOWN", "no such channel");
            None
        }
        Some(_) => channel,
    }
}

fn admit(channel: Option<Channel>, asking: &Asking, desk: &Desk) -> Result<(), Error> {
    let Some(channel) = channel else { return Ok(()) };
    let role = asking.caller.role();
    // Nobody vouches for a caller without a token: only the form that asks for nothing is open.
    let open = asking.caller.actor.is_some() || channel == Channel::CitizenWeb;
    if open && desk.catalog.admits(channel, role) {
        return Ok(());
    }
    Err(Error::ChannelDenied { channel: channel.name(), role: role.as_str() })
}

fn kind(checks: &mut Checks, number: i32) -> Option<Kind> {
    let kind = Kind::from_number(number);
    if kind.is_none() {
        let reason = if number == 0 { "KIND_MISSING" } else { "KIND_UNKNOWN" };
        checks.refuse("kind", reason, "one of CONSULT, HELP, COMPLAINT, ACCUSATION, SUGGESTION");
    }
    kind
}

fn urgency(checks: &mut Checks, number: i32) -> Option<Urgency> {
    let urgency = Urgency::from_number(number);
    if urgency.is_none() && number != 0 {
        checks.refuse("urgency", "URGENCY_UNKNOWN", "one of LEVEL_ONE to LEVEL_FOUR");
    }
    urgency
}

fn text(checks: &mut Checks, text: &str, most: usize) {
    if exceeds(text, most) {
        checks.refuse("text", "TEXT_TOO_LONG", format!("at most {most} characters"));
    } else if text.trim().is_empty() {
        checks.refuse("text", "TEXT_MISSING", "a text is required");
    }
}

fn category(checks: &mut Checks, code: String, desk: &Desk) -> Option<String> {
    let code = given(code)?;
    if desk.catalog.taxonomy.get(&code).is_none() {
        checks.refuse("categoryCode", "CATEGORY_UNKNOWN", "no such category");
        return None;
    }
    Some(code)
}

fn whereabouts(checks: &mut Checks, location: Location, desk: &Desk) -> Option<(Told, Located)> {
    let before = checks.0.len();
    let told = Told {
        coordinates: coordinates(checks, location.latitude, location.longitude),
        code: division(checks, "location.divisionCode", &location.division_code),
        address: given(location.address),
    };
    if let Some(address) = &told.address {
        checks.length("location.address", "ADDRESS_TOO_LONG", address, desk.catalog.limits.address_characters);
    }
    if checks.0.len() > before {
        return None;
    }
    if told == Told::default() {
        checks.refuse("location", "LOCATION_MISSING", "coordinates, a division code or an address is required");
        return None;
    }
    match locate(&told, &desk.ground()) {
        Ok(located) => Some((told, located)),
        Err(lost) => {
            let (path, reason) = match lost {
                Lost::CodeUnknown => ("location.divisionCode", "DIVISION_UNKNOWN"),
                Lost::CodeOutside => ("location.divisionCode", "OUTSIDE_TERRITORY"),
                Lost::CoordinatesOutside => ("location.latitude", "OUTSIDE_TERRITORY"),
            };
            checks.refuse(path, reason, lost.to_string());
            None
        }
    }
}

fn coordinates(checks: &mut Checks, latitude: Option<f64>, longitude: Option<f64>) -> Option<(f64, f64)> {
    match (latitude, longitude) {
        (None, None) => None,
        (Some(_), None) => {
            checks.refuse("location.longitude", "COORDINATES_INCOMPLETE", "a latitude needs a longitude");
            None
        }
        (None, Some(_)) => {
            checks.refuse("location.latitude", "COORDINATES_INCOMPLETE", "a longitude needs a latitude");
            None
        }
        // NaN is in no range.
        (Some(latitude), Some(longitude)) => {
            let latitude_fits = (-90.0..=90.0).contains(&latitude);
            let longitude_fits = (-180.0..=180.0).contains(&longitude);
            if !latitude_fits {
                checks.refuse("location.latitude", "COORDINATES_INVALID", "degrees from -90 to 90");
            }
            if !longitude_fits {
                checks.refuse("location.longitude", "COORDINATES_INVALID", "degrees from -180 to 180");
            }
            (latitude_fits && longitude_fits).then_some((latitude, longitude))
        }
    }
}

/// A code that is none is as unknown as one that names no place.
pub(super) fn division(checks: &mut Checks, path: &str, code: &str) -> Option<DivisionCode> {
    if code.is_empty() {
        return None;
    }
    let parsed = code.parse();
    if parsed.is_err() {
        checks.refuse(path, "DIVISION_UNKNOWN", "no such division");
    }
    parsed.ok()
}

fn person(checks: &mut Checks, reporter: wire::Reporter, name_characters: usize) -> Person {
    let contact = !reporter.name.is_empty() || !reporter.phone.is_empty();
    if reporter.anonymous && contact {
        let detail = "an anonymous report names nobody: leave name and phone out, or ask for secrecy instead";
        checks.refuse("reporter.anonymous", "ANONYMOUS_WITH_CONTACT", detail);
    }
    checks.length("reporter.name", "NAME_TOO_LONG", &reporter.name, name_characters);
    let phone = given(reporter.phone).map(|phone| Phone::parse(&phone));
    if let Some(Err(error)) = &phone {
        checks.refuse("reporter.phone", "PHONE_INVALID", error.to_string());
    }
    Person {
        name: given(reporter.name),
        phone: phone.and_then(Result::ok),
        anonymous: reporter.anonymous,
        secret: reporter.secret,
        no_reply: reporter.no_reply,
    }
}

fn occurred(checks: &mut Checks, time: Option<&Timestamp>, desk: &Desk) -> Option<Micros> {
    let time = time?;
    let Some(at) = micros(time) else {
        checks.refuse("occurTime", "OCCUR_TIME_INVALID", "not an instant");
        return None;
    };
    let tolerance = i64::from(desk.catalog.limits.future_tolerance_seconds) * Micros::SECOND;
    if at > desk.now + tolerance {
        checks.refuse("occurTime", "OCCUR_TIME_IN_FUTURE", "lies in the future");
    }
    Some(at)
}

/// A limit that the matter has already, from the system that had it before us: machines bring such limits, people do not set them.
fn due(checks: &mut Checks, time: Option<&Timestamp>, asking: &Asking, desk: &Desk) -> Option<Micros> {
    let time = time?;
    if asking.caller.role() != Role::Integrator {
        checks.refuse("dueTime", "DUE_TIME_DENIED", "only an integrator brings a limit along");
        return None;
    }
    let Some(at) = micros(time) else {
        checks.refuse("dueTime", "DUE_TIME_INVALID", "not an instant");
        return None;
    };
    if at < desk.now {
        checks.refuse("dueTime", "DUE_TIME_PAST", "lies before the report");
    }
    Some(at)
}

pub(super) fn attachments(checks: &mut Checks, attachments: Vec<wire::Attachment>, desk: &Desk) -> Vec<Attachment> {
    let limits = &desk.catalog.limits;
    if attachments.len() > limits.attachments {
        let detail = format!("at most {} attachments", limits.attachments);
        checks.refuse("attachments", "TOO_MANY_ATTACHMENTS", detail);
        return Vec::new();
    }
    for (place, attachment) in attachments.iter().enumerate() {
        if attachment.uri.is_empty() || exceeds(&attachment.uri, limits.attachment_uri_characters) {
            let detail = format!("a uri of 1 to {} characters", limits.attachment_uri_characters);
            checks.refuse(format!("attachments[{place}].uri"), "ATTACHMENT_INVALID", detail);
        }
        if !is_sha256(&attachment.sha256) {
            checks.refuse(format!("attachments[{place}].sha256"), "ATTACHMENT_INVALID", "64 lowercase hex digits");
        }
        if exceeds(&attachment.content_type, limits.name_characters.max(128)) {
            checks.refuse(format!("attachments[{place}].contentType"), "ATTACHMENT_INVALID", "not a media type");
        }
    }
    let keep = |attachment: wire::Attachment| Attachment {
        uri: attachment.uri,
        sha256: attachment.sha256,
        content_type: attachment.content_type,
    };
    attachments.into_iter().map(keep).collect()
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn on_the_spot(checks: &mut Checks, result: Option<wire::OnTheSpot>, most: usize) -> Option<String> {
    let result = result?.result;
    if result.trim().is_empty() {
        checks.refuse("onTheSpot.result", "RESULT_MISSING", "a matter resolved on the spot needs its result");
    }
    checks.length("onTheSpot.result", "RESULT_TOO_LONG", &result, most);
    Some(result)
}

/// Suggestions are collected by theme; nothing else has one.
fn theme(checks: &mut Checks, theme: String, kind: Option<Kind>, most: usize) -> Option<String> {
    let theme = given(theme)?;
    checks.length("theme", "THEME_TOO_LONG", &theme, most);
    if kind.is_some_and(|kind| kind != Kind::Suggestion) {
        checks.refuse("theme", "THEME_WITHOUT_SUGGESTION", "only a suggestion has a theme");
    }
    Some(theme)
}
