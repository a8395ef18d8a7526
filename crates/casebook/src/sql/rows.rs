//! Rows to records and back.

use super::{
    conn::{Record, Value},
    trace,
};
use crate::{
    case::{DueTimer, Row, Tag},
    error::StoreError,
    seal::Keys,
    store::{CaseRow, EventRow},
};
use civic::{CaseId, Micros};

/// Columns of `cases`, in the order of [`case_values`] and [`case_row`].
pub(super) const CASE_COLUMNS: &str = "id, kind, version, schema, state, owner, epoch, open, st, urgency, category, district, town, \
    village, grid, unit, place, yellow_at, red_at, lamp, flagged, tags, sealed_by";
/// [`EVENT_COLUMNS`] for texts that are put together while compiling.
macro_rules! event_columns {
    () => {
        "e.case_id, e.version, e.kind, e.type, e.at, e.actor, e.place, e.traceparent, e.payload"
    };
}
pub(super) use event_columns;
pub(super) const EVENT_COLUMNS: &str = event_columns!();

pub(super) fn id_value(id: CaseId) -> Value {
    Value::Blob(id.as_bytes().to_vec())
}

pub(super) fn id_of(bytes: &[u8], table: &'static str) -> Result<CaseId, StoreError> {
    let bytes: [u8; 16] =
        bytes.try_into().map_err(|_| StoreError::Corrupt { table, row: format!("id of {} bytes", bytes.len()) })?;
    Ok(CaseId::from_bytes(bytes))
}

pub(super) fn hash_of(bytes: &[u8], table: &'static str) -> Result<[u8; 16], StoreError> {
    id_of(bytes, table).map(|id| *id.as_bytes())
}

fn micros(value: Option<Micros>) -> Value {
    Value::OptInt(value.map(|m| m.0))
}

pub(super) fn case_values(case: CaseRow, values: &mut Vec<Value>) {
    let Row {
        open,
        state,
        urgency,
        category,
        district,
        town,
        village,
        grid,
        unit,
        place,
        yellow_at,
        red_at,
        lamp,
        flagged,
        tags,
    } = case.row;
    values.extend([
        id_value(case.id),
        Value::Text(case.kind),
        Value::Int(case.version),
        Value::Int(case.schema),
        Value::Blob(case.state),
        Value::Text(case.owner),
        Value::Int(case.epoch),
        Value::Int(open.into()),
        Value::Int(state),
        Value::Int(urgency),
        Value::OptText(category),
        Value::OptText(district),
        Value::OptText(town),
        Value::OptText(village),
        Value::OptText(grid),
        Value::OptText(unit),
        Value::OptText(place),
        micros(yellow_at),
        micros(red_at),
        Value::Int(lamp),
        Value::Int(flagged.into()),
        Value::OptText(Tag::join(&tags)),
        Value::Blob(case.keys.into_bytes()),
    ]);
}

pub(super) fn case_row(r: &Record) -> Result<CaseRow, StoreError> {
    let id = id_of(&r.blob(0)?, "cases")?;
    let tags = Tag::split(r.opt_text(21)?.as_deref());
    let tags = tags.ok_or_else(|| StoreError::Corrupt { table: "cases", row: id.to_string() })?;
    Ok(CaseRow {
        id,
        kind: r.text(1)?,
        version: r.int(2)?,
        schema: r.int(3)?,
        state: r.blob(4)?,
        owner: r.text(5)?,
        epoch: r.int(6)?,
        row: Row {
            open: r.int(7)? != 0,
            state: r.int(8)?,
            urgency: r.int(9)?,
            category: r.opt_text(10)?,
            district: r.opt_text(11)?,
            town: r.opt_text(12)?,
            village: r.opt_text(13)?,
            grid: r.opt_text(14)?,
            unit: r.opt_text(15)?,
            place: r.opt_text(16)?,
            yellow_at: r.opt_int(17)?.map(Micros),
            red_at: r.opt_int(18)?.map(Micros),
            lamp: r.int(19)?,
            flagged: r.int(20)? != 0,
            tags,
        },
        keys: Keys::from_bytes(r.text_or_blob(22)?),
    })
}

pub(super) fn event_values(event: EventRow, values: &mut Vec<Value>) {
    values.extend([
        id_value(event.case),
        Value::Int(event.version),
        Value::Text(event.kind),
        Value::Text(event.event_type),
        Value::Int(event.time.0),
        Value::Text(event.actor),
        Value::Text(event.place),
        Value::Blob(trace::pack(event.traceparent)),
        Value::Blob(event.payload),
    ]);
}

/// An event whose columns begin at `first`.
pub(super) fn event_row(r: &Record, first: usize) -> Result<EventRow, StoreError> {
    let case = id_of(&r.blob(first)?, "events")?;
    let traceparent = trace::unpack(r.text_or_blob(first + 7)?);
    let traceparent = traceparent.ok_or_else(|| StoreError::Corrupt { table: "events", row: case.to_string() })?;
    Ok(EventRow {
        case,
        version: r.int(first + 1)?,
        kind: r.text(first + 2)?,
        event_type: r.text(first + 3)?,
        time: Micros(r.int(first + 4)?),
        actor: r.text(first + 5)?,
        place: r.text(first + 6)?,
        traceparent,
        payload: r.blob(first + 8)?,
    })
}

/// Timers as [`timer_row`] reads them.
pub(super) const TIMERS: &str = "SELECT t.case_id, t.name, t.kind, t.due, t.generation, COALESCE(e.traceparent, '') FROM timers t \
    LEFT JOIN events e ON e.case_id = t.case_id AND e.version = t.generation";

pub(super) fn timer_row(r: &Record) -> Result<DueTimer, StoreError> {
    Ok(DueTimer {
        case: id_of(&r.blob(0)?, "timers")?,
        name: r.text(1)?,
        kind: r.text(2)?,
        due: Micros(r.int(3)?),
        generation: r.int(4)?,
        traceparent: trace::unpack(r.text_or_blob(5)?).unwrap_or_default(),
    })
}
