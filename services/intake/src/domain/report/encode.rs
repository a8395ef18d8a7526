//! Between a report's head and its stored `Filed` event, both ways. The event is the truth; the head is what one reads.

use super::{Attachment, Category, Head, Reporter, Whereabouts, told};
use crate::domain::emergency::Line;
use crate::domain::kind::{Channel, FoundBy, Kind, Urgency};
use civic::{DivisionCode, Micros, Place, Private};
use prost::bytes::Bytes;
use proto::intake::v1::stored::{self, Filed, StoredAttachment};

pub(super) fn filed(head: &Head, at: Micros) -> Filed {
    let whereabouts = &head.whereabouts;
    Filed {
        at_us: at.0,
        tracking_number: head.tracking_number.clone(),
        kind: head.kind.number(),
        channel: head.channel.number(),
        text: Bytes::copy_from_slice(head.text.sealed()),
        category_code: head.category.code.clone(),
        category_confidence: i32::from(head.category.confidence),
        category_by: head.category.by.clone(),
        place: Some(place(&whereabouts.place)),
        found_by: whereabouts.found_by.name().to_owned(),
        place_confidence: i32::from(whereabouts.confidence),
        latitude: whereabouts.coordinates.map(|(latitude, _)| latitude),
        longitude: whereabouts.coordinates.map(|(_, longitude)| longitude),
        address: sealed(whereabouts.address.as_ref()),
        reporter_name: sealed(head.reporter.name.as_ref()),
        reporter_phone: sealed(head.reporter.phone.as_ref()),
        anonymous: head.reporter.anonymous,
        secret: head.reporter.secret,
        no_reply: head.reporter.no_reply,
        track_secret: Bytes::copy_from_slice(head.track_secret.sealed()),
        occur_us: head.occurred.map_or(0, |at| at.0),
        due_us: head.due.map_or(0, |at| at.0),
        urgency: head.urgency.number(),
        attachments: head.attachments.iter().map(stored_attachment).collect(),
        on_the_spot: sealed(head.on_the_spot.as_ref()),
        needs_person: head.needs_person,
        catalog_version: head.catalog_version.clone(),
        tree_version: head.tree_version.clone(),
        filed_by: head.filed_by.clone(),
        sealed_channel_number: sealed(head.channel_number.as_ref()),
        transfer_advice: head.transfer_advice.iter().map(|line| line.number()).collect(),
        check_due: head.check_due,
        filer: Bytes::copy_from_slice(&head.filer),
        sender: head.sender.clone().unwrap_or_default(),
        theme: sealed(head.theme.as_ref()),
        answer: head.answer.as_ref().map(told::store),
    }
}

pub(super) fn head(filed: &Filed) -> Option<Head> {
    Some(Head {
        tracking_number: filed.tracking_number.clone(),
        kind: Kind::from_number(filed.kind)?,
        channel: Channel::from_number(filed.channel)?,
        channel_number: unsealed(&filed.sealed_channel_number),
        text: Private::from_sealed(filed.text.to_vec()),
        category: Category {
            code: filed.category_code.clone(),
            confidence: u8::try_from(filed.category_confidence).ok()?,
            by: filed.category_by.clone(),
        },
        whereabouts: whereabouts(filed)?,
        reporter: Reporter {
            name: unsealed(&filed.reporter_name),
            phone: unsealed(&filed.reporter_phone),
            anonymous: filed.anonymous,
            secret: filed.secret,
            no_reply: filed.no_reply,
        },
        track_secret: Private::from_sealed(filed.track_secret.to_vec()),
        occurred: (filed.occur_us != 0).then_some(Micros(filed.occur_us)),
        due: (filed.due_us != 0).then_some(Micros(filed.due_us)),
        urgency: Urgency::from_number(filed.urgency)?,
        attachments: filed.attachments.iter().map(attachment).collect(),
        on_the_spot: unsealed(&filed.on_the_spot),
        needs_person: filed.needs_person,
        filed_at: Micros(filed.at_us),
        filed_by: filed.filed_by.clone(),
        catalog_version: filed.catalog_version.clone(),
        tree_version: filed.tree_version.clone(),
        order_version: 0,
        rating: None,
        transfer_advice: filed.transfer_advice.iter().map(|line| Line::from_number(*line)).collect::<Option<_>>()?,
        check_due: filed.check_due,
        filer: filed.filer.to_vec(),
        sender: Some(filed.sender.clone()).filter(|sender| !sender.is_empty()),
        theme: unsealed(&filed.theme),
        answer: filed.answer.as_ref().map_or(Some(None), |answer| told::read(answer).map(Some))?,
        erased: false,
    })
}

fn whereabouts(filed: &Filed) -> Option<Whereabouts> {
    Some(Whereabouts {
        place: read_place(filed.place.as_ref()?)?,
        found_by: FoundBy::from_name(&filed.found_by)?,
        confidence: u8::try_from(filed.place_confidence).ok()?,
        coordinates: filed.latitude.zip(filed.longitude),
        address: unsealed(&filed.address),
    })
}

pub(super) fn sealed(private: Option<&Private<String>>) -> Bytes {
    private.map(|private| Bytes::copy_from_slice(private.sealed())).unwrap_or_default()
}

pub(super) fn unsealed(bytes: &[u8]) -> Option<Private<String>> {
    (!bytes.is_empty()).then(|| Private::from_sealed(bytes.to_vec()))
}

pub(super) fn stored_attachment(attachment: &Attachment) -> StoredAttachment {
    StoredAttachment {
        uri: attachment.uri.clone(),
        sha256: attachment.sha256.clone(),
        content_type: attachment.content_type.clone(),
    }
}

pub(super) fn attachment(stored: &StoredAttachment) -> Attachment {
    Attachment { uri: stored.uri.clone(), sha256: stored.sha256.clone(), content_type: stored.content_type.clone() }
}

pub(super) fn place(place: &Place) -> stored::Place {
    let text = |code: &Option<DivisionCode>| code.as_ref().map(|c| c.as_str().to_owned()).unwrap_or_default();
    stored::Place {
        code: place.code.as_str().to_owned(),
        district: text(&place.district),
        town: text(&place.town),
        village: text(&place.village),
        grid: text(&place.grid),
    }
}

/// `None` when a code cannot be one: the outer `Option` is the corrupt row, the inner one a tier the place does not reach.
pub(super) fn read_place(stored: &stored::Place) -> Option<Place> {
    Some(Place {
        code: stored.code.parse().ok()?,
        district: tier(&stored.district)?,
        town: tier(&stored.town)?,
        village: tier(&stored.village)?,
        grid: tier(&stored.grid)?,
    })
}

fn tier(code: &str) -> Option<Option<DivisionCode>> {
    if code.is_empty() {
        return Some(None);
    }
    code.parse().ok().map(Some)
}
