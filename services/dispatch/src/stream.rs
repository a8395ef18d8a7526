//! The live stream: public events of work orders, emergencies and warnings, to everyone who may know of the case.
//!
//! A stream reads the log itself, so it neither misses nor repeats an event, however slow its reader. It looks when this process or
//! another replica has added to it, and every second in case nobody told. Its place in the log is one position per partition, and
//! that, encoded, is every event's id: whoever gives one back goes on behind it. The chassis ends a stream with the token that opened it.

pub(crate) mod cursor;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use casebook::{Row, Scope, Tag};
use civic::{CaseId, DivisionCode};
use cursor::Cursor;
use mesh::CaseError;
use prost::Message as _;
use proto::events::v1::public_event::Event as Public;
use proto::events::v1::{Envelope, PublicEvent, StreamEventsRequest, StreamedEvent};
use queue::{EventSource as _, Position};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
use tokio_stream::Stream;
use tonic::Status;

use crate::app::{App, Asking};
use crate::convert::timestamp;
use crate::error::Error;

/// Events kept ready for a slow reader, roughly; then reading stops until they are taken.
const AHEAD: usize = 1024;
/// Commits come in bursts: a stream looks at most so often. Far below the 100 ms that an event may take to a screen.
const GATHER: Duration = Duration::from_millis(15);
/// What another replica does is told by the database, when it can.
const LOOK: Duration = Duration::from_secs(1);

/// All streams of this process. They share one look at the log's heads.
#[derive(Clone)]
pub struct Screens {
    app: Arc<App>,
    heads: Arc<Mutex<Heads>>,
}

#[derive(Default)]
struct Heads {
    read: Option<Instant>,
    positions: Vec<Position>,
}

impl Screens {
    #[must_use]
    pub fn new(app: Arc<App>) -> Self {
        Self { app, heads: Arc::default() }
    }

    /// Opens a stream from now on, or behind the event that the caller has seen last.
    ///
    /// # Errors
    /// An unknown division, a resume token that is none, a log that is away.
    pub async fn open(
        &self,
        asking: &Asking,
        request: &StreamEventsRequest,
    ) -> Result<impl Stream<Item = Result<StreamedEvent, Status>> + Send + use<>, Error> {
        let audience = Audience::of(asking, &self.app, &request.division_code)?;
        // Before the heads are read: what is committed in between wakes the stream.
        let (changed, heard) = (self.app.cases().changed(), self.app.cases().heard());
        let heads = self.heads(Duration::ZERO).await?;
        let cursor = match request.last_event_id.as_str() {
            "" => Cursor::at(heads),
            token => Cursor::decode(token).filter(|cursor| cursor.is_behind(&heads)).ok_or(Error::ResumeToken)?,
        };
        let screen =
            Screen { screens: self.clone(), audience, changed, heard, cursor, ready: VecDeque::new(), fresh: true };
        Ok(futures_util::stream::unfold(Some(screen), Screen::step))
    }

    /// The log's heads, not older than `age`.
    async fn heads(&self, age: Duration) -> Result<Vec<Position>, Error> {
        let mut heads = self.heads.lock().await;
        if heads.read.is_none_or(|read| read.elapsed() >= age) {
            heads.positions = self.app.cases().head().await.map_err(CaseError::from)?;
            heads.read = Some(Instant::now());
        }
        Ok(heads.positions.clone())
    }
}

/// Who reads a stream, and of which places.
struct Audience {
    app: Arc<App>,
    scope: Scope,
    /// For the places of warnings.
    warned: Scope,
    division: Option<DivisionCode>,
}

impl Audience {
    fn of(asking: &Asking, app: &Arc<App>, division: &str) -> Result<Self, Error> {
        let desk = app.desk();
        let unknown = || Error::field("divisionCode", "DIVISION_UNKNOWN", "there is no such division today");
        let division = match division {
            "" => None,
            code => {
                let code: DivisionCode = code.parse().map_err(|_| unknown())?;
                desk.view.get(&code).ok_or_else(unknown)?;
                Some(code)
            }
        };
        let (scope, warned) = (desk.scope_of(&asking.actor), desk.scope_of_warnings(asking));
        Ok(Self { scope, warned, app: Arc::clone(app), division })
    }

    /// A called unit hears of its own part, not of who else was called; nobody hears by which machine it came.
    fn hide_others(&self, changed: &mut proto::events::v1::WorkOrderChanged) {
        changed.sender.clear();
        if let Scope::Unit(own) = &self.scope
            && *own != changed.unit
        {
            changed.called_units.retain(|unit| unit == own);
        }
    }

    /// The same rule as for lists, on what an event tells of its case, and those whom it calls.
    fn admits(&self, place: &str, told: &Told<'_>) -> bool {
        let view = self.app.desk().view;
        let Ok(code) = place.parse::<DivisionCode>() else { return false };
        if self.division.as_ref().is_some_and(|division| !view.contains(division, &code)) {
            return false;
        }
        let Ok(id) = told.case.parse::<CaseId>() else { return false };
        let scope = if told.warned { &self.warned } else { &self.scope };
        let Some(lies) = view.place(&code) else { return *scope == Scope::All };
        let text = |code: &Option<DivisionCode>| code.as_ref().map(ToString::to_string);
        let row = Row {
            district: text(&lies.district),
            town: text(&lies.town),
            village: text(&lies.village),
            grid: text(&lies.grid),
            tags: told.sender.map(|sender| Tag::Sender(sender.to_owned())).into_iter().collect(),
            ..Row::default()
        };
        scope.admits(id, &row)
            || told.units.iter().any(|unit| {
                let row = Row { unit: Some((*unit).to_owned()), ..row.clone() };
                scope.admits(id, &row)
            })
    }
}

/// What an event tells of whom it concerns.
struct Told<'a> {
    /// Id of the case.
    case: &'a str,
    units: Vec<&'a str>,
    /// The machine that sent the report of an order.
    sender: Option<&'a str>,
    /// A place of a warning: a grid worker hears of the whole village.
    warned: bool,
}

/// `None` for events of other services.
fn told(event: &Public) -> Option<Told<'_>> {
    let of = |case, units| Some(Told { case, units, sender: None, warned: false });
    match event {
        Public::WorkOrderChanged(changed) => {
            // 协办, 吹哨: whoever has a part of it, too.
            let called = changed.called_units.iter().map(String::as_str);
            let units = called.chain([changed.unit.as_str()]).collect();
            Some(Told { case: &changed.work_order, units, sender: Some(&changed.sender), warned: false })
        }
        Public::EmergencyChanged(changed) => {
            let called = changed.calls.iter().map(|call| call.unit.as_str());
            let units = called.chain([changed.unit.as_str(), changed.centre.as_str()]).collect();
            of(&changed.emergency, units)
        }
        Public::WarningChanged(changed) => of(&changed.warning, Vec::new()),
        Public::WarningPlaceChanged(changed) => {
            let units = vec![changed.unit.as_str(), changed.above.as_str()];
            Some(Told { case: &changed.warning, units, sender: None, warned: true })
        }
        Public::ExclusionDecided(decided) => of(&decided.work_order, vec![decided.unit.as_str()]),
        Public::ReportFiled(_) | Public::ReportClassified(_) | Public::ReportAmended(_) | Public::ReportAnswered(_) => {
            None
        }
    }
}

/// Waits for a commit of this process; `false` when there will be none.
async fn committed(changed: &mut Option<watch::Receiver<u64>>) -> bool {
    match changed {
        Some(changed) => changed.changed().await.is_ok(),
        None => std::future::pending().await,
    }
}

/// One open stream.
struct Screen {
    screens: Screens,
    audience: Audience,
    changed: Option<watch::Receiver<u64>>,
    heard: watch::Receiver<u64>,
    cursor: Cursor,
    ready: VecDeque<StreamedEvent>,
    /// There is more to read: do not wait for a commit first.
    fresh: bool,
}

impl Screen {
    /// The next event, when there is one. An error is the last item.
    async fn step(screen: Option<Self>) -> Option<(Result<StreamedEvent, Status>, Option<Self>)> {
        let mut screen = screen?;
        loop {
            if let Some(event) = screen.ready.pop_front() {
                return Some((Ok(event), Some(screen)));
            }
            screen.wait().await;
            if let Err(error) = screen.read().await {
                return Some((Err(error.into()), None));
            }
        }
    }

    async fn wait(&mut self) {
        if std::mem::take(&mut self.fresh) {
            return;
        }
        let announced = async {
            let open = tokio::select! {
                open = committed(&mut self.changed) => open,
                open = self.heard.changed() => open.is_ok(),
            };
            // The casebook ends with the process: then there is nothing to wait for but the end.
            if open { tokio::time::sleep(GATHER).await } else { std::future::pending().await }
        };
        // Running out of time is how the commits of replicas are found that the database could not tell of.
        let _looked = tokio::time::timeout(LOOK, announced).await;
    }

    async fn read(&mut self) -> Result<(), Error> {
        let heads = self.screens.heads(GATHER / 2).await?;
        loop {
            let unread = self.cursor.unread(&heads);
            if unread.is_empty() {
                return Ok(());
            }
            let each = (AHEAD / unread.len()).max(1);
            let events = self.screens.app.cases().read_several(&unread, each).await.map_err(CaseError::from)?;
            if events.is_empty() {
                return Ok(());
            }
            for event in events {
                self.take(event);
            }
            if self.ready.len() >= AHEAD {
                self.fresh = true;
                return Ok(());
            }
        }
    }

    fn take(&mut self, event: Envelope) {
        self.cursor.pass(&event);
        if event.data.is_empty() {
            return;
        }
        let Ok(mut data) = PublicEvent::decode(event.data) else { return };
        let Some(told) = data.event.as_ref().and_then(told) else { return };
        if !self.audience.admits(&event.place, &told) {
            return;
        }
        if let Some(Public::WorkOrderChanged(changed)) = &mut data.event {
            self.audience.hide_others(changed);
        }
        self.ready.push_back(StreamedEvent {
            id: self.cursor.encode(),
            r#type: event.r#type,
            subject: event.subject,
            time: Some(timestamp(civic::Micros(event.time_us))),
            division_code: event.place,
            data: Some(data),
        });
    }
}
