//! Filing a report: seal, draw a number, commit once however often it is sent.

use super::{App, Asking, Desk};
use crate::domain::classifier::evaluate::By;
use crate::domain::classify;
use crate::domain::draft::Draft;
use crate::domain::kind::{Kind, Urgency};
use crate::domain::report::{Answer, Category, Classification, Command, Facts, Head, Report, Reporter, Whereabouts};
use crate::error::Error;
use casebook::{Ask, Done, OnTaken, Unique, sender_of};
use civic::{CaseId, Phone, Private, TrackingNumber};

/// How often another tracking number is drawn when the first is taken. A sequence never repeats itself; this is for a clock that was
/// set back before a restart into an hour in which one step of five was used (eight draws fail once in 400,000 times), and for two
/// replicas that were given the same lane.
const DRAWS: usize = 8;

const PIN_DIGITS: u64 = 1_000_000;

/// A filed report. Its private text is the draft's: the same request has the same text, so nothing need be opened.
pub struct Filed {
    pub done: Done<Report>,
    /// For a reporter without a phone number. Derived from the id, so that a repeated request gets the same answer.
    pub pin: Option<String>,
}

impl App {
    /// Accepts a report: when this returns it is on disk.
    pub async fn file(&self, asking: &Asking, desk: &Desk, draft: &Draft) -> Result<Filed, Error> {
        for _ in 0..DRAWS {
            match self.cases.execute(self.filing(asking, desk, draft)).await {
                Ok(done) => {
                    let pin = needs_pin(&done.state).then(|| self.pin(done.id));
                    if !done.replayed {
                        tracing::info!(report = %done.id, channel = draft.channel.name(), "intake.report.filed {}", done.id);
                    }
                    return Ok(Filed { done, pin });
                }
                Err(casebook::Error::UniqueTaken { key, .. }) if key.starts_with("track/") => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::NumbersExhausted)
    }

    fn filing(&self, asking: &Asking, desk: &Desk, draft: &Draft) -> Ask<Report> {
        let id = CaseId::new(desk.now, &*self.rng);
        let number = self.numbers.next(desk.now);
        let head = self.head(id, &number, asking, desk, draft);
        let requester = self.requester(asking, &draft.request_id);
        let request = self.cases.request_key(&requester, "CreateReport", &draft.request_id, &draft.body);
        let ask = Ask::new(id, Command::File(Box::new(head)), Facts { now: desk.now })
            .with_request(request)
            .with_traceparent(asking.traceparent.clone())
            .with_unique(Unique { key: track_key(number.as_str()), content: [0; 16], on_taken: OnTaken::Refuse });
        if draft.channel_number.is_empty() { ask } else { ask.with_unique(self.channel_unique(draft)) }
    }

    /// Unique for ever. A keyed hash, because a channel's number may be long, and may be somebody's telephone number.
    fn channel_unique(&self, draft: &Draft) -> Unique {
        let channel = draft.channel.name();
        let hash = self.cases.keyed_hash("intake.channel", &[channel.as_bytes(), draft.channel_number.as_bytes()]);
        Unique {
            key: format!("channel/{channel}/{}", CaseId::from_bytes(hash)),
            content: self.cases.keyed_hash("intake.content", &[&draft.body]),
            on_taken: OnTaken::FirstCase,
        }
    }

    fn head(&self, id: CaseId, number: &TrackingNumber, asking: &Asking, desk: &Desk, draft: &Draft) -> Head {
        let sealed = self.sealed(id, number.as_str(), draft);
        let (category, emergency) = categorise(desk, draft);
        let sure = category.confidence >= desk.catalog.limits.category_sure;
        let urgency = urgency(asking, desk, draft, &category, emergency);
        let person = &draft.reporter;
        Head {
            tracking_number: number.as_str().to_owned(),
            kind: draft.kind,
            channel: draft.channel,
            channel_number: sealed.channel_number,
            text: sealed.text,
            urgency,
            needs_person: draft.located.needs_person || !sure,
            category,
            whereabouts: Whereabouts {
                place: draft.located.place.clone(),
                found_by: draft.located.found_by,
                confidence: draft.located.confidence,
                coordinates: draft.told.coordinates,
                address: sealed.address,
            },
            reporter: Reporter {
                name: sealed.name,
                phone: sealed.phone,
                anonymous: person.anonymous,
                secret: person.secret,
                no_reply: person.no_reply,
            },
            track_secret: sealed.track_secret,
            occurred: draft.occurred,
            due: draft.due,
            attachments: draft.attachments.clone(),
            on_the_spot: sealed.on_the_spot,
            filed_at: desk.now,
            filed_by: asking.reference(),
            catalog_version: desk.catalog.version().to_owned(),
            tree_version: desk.view.version().to_owned(),
            order_version: 0,
            rating: None,
            transfer_advice: if emergency { desk.catalog.calls.of(&draft.text) } else { Vec::new() },
            check_due: draft.on_the_spot.is_some() && self.is_drawn(id, desk.catalog.limits.spot_checks_percent),
            filer: self.filer(id, asking),
            sender: asking.caller.actor.as_ref().and_then(sender_of),
            theme: sealed.theme,
            answer: answer(desk, draft, urgency),
            erased: false,
        }
    }

    fn filer(&self, id: CaseId, asking: &Asking) -> Vec<u8> {
        if asking.is_known() { self.person(id, asking.caller.subject()).to_vec() } else { Vec::new() }
    }

    /// Everything private of a draft under one derivation of the report's key.
    fn sealed(&self, id: CaseId, number: &str, draft: &Draft) -> Sealed {
        let track_secret = Self::shown(self.track_secret(id, number, draft));
        let given = [
            Some(draft.channel_number.as_str()).filter(|number| !number.is_empty()),
            draft.told.address.as_deref(),
            draft.reporter.name.as_deref(),
            draft.reporter.phone.as_ref().map(Phone::as_str),
            draft.on_the_spot.as_deref(),
            draft.theme.as_deref(),
        ];
        let always = [draft.text.as_str(), &track_secret];
        let plain: Vec<&str> = always.into_iter().chain(given.into_iter().flatten()).collect();
        let mut sealed = self.cases.sealer().seal_all(id, &plain).into_iter();
        let mut next = || sealed.next().expect("as many are sealed as were given, and two always are");
        let (text, track_secret) = (next(), next());
        let [channel_number, address, name, phone, on_the_spot, theme] =
            given.map(|given| given.and_then(|_| sealed.next()));
        Sealed { text, track_secret, channel_number, address, name, phone, on_the_spot, theme }
    }

    fn track_secret(&self, id: CaseId, number: &str, draft: &Draft) -> [u8; 16] {
        match &draft.reporter.phone {
            Some(phone) => self.secret_hash(number, "phone", phone.last4()),
            None => self.secret_hash(number, "pin", &self.pin(id)),
        }
    }

    /// What is stored of a secret: keyed, and salted by the number it opens.
    pub(super) fn secret_hash(&self, number: &str, kind: &str, secret: &str) -> [u8; 16] {
        self.cases.keyed_hash("intake.track", &[number.as_bytes(), kind.as_bytes(), secret.as_bytes()])
    }

    /// A hash as text, to be sealed.
    pub(super) fn shown(hash: [u8; 16]) -> String {
        format!("{:032x}", u128::from_be_bytes(hash))
    }

    /// Six digits that only this cluster's key can derive from the id.
    fn pin(&self, id: CaseId) -> String {
        let hash = self.cases.keyed_hash("intake.pin", &[id.as_bytes()]);
        let (head, _) = hash.split_first_chunk().expect("sixteen bytes hold eight");
        format!("{:06}", u64::from_le_bytes(*head) % PIN_DIGITS)
    }

    /// A person decides category, place or both.
    pub async fn classify(&self, asking: &Asking, desk: &Desk, ruling: Ruling) -> Result<Done<Report>, Error> {
        let scope = self.scope_for(asking, desk, crate::domain::authority::Verb::Classify)?;
        let requester = self.requester(asking, &ruling.request_id);
        let request = self.cases.request_key(&requester, "ClassifyReport", &ruling.request_id, &ruling.body);
        let place = ruling.place.as_ref().and_then(|code| desk.view.place(code));
        let note = ruling.note.map(|note| self.cases.sealer().seal(ruling.id, &note));
        let urgency = ruling.category.as_deref().map(|category| desk.catalog.urgency_of(category));
        let by = asking.reference();
        let command = Command::Classify(Classification { category: ruling.category, urgency, place, by, note });
        let ask = Ask::<Report>::new(ruling.id, command, Facts { now: desk.now })
            .with_scope(scope)
            .with_etag(ruling.etag)
            .with_request(request)
            .with_traceparent(asking.traceparent.clone());
        let done = self.cases.execute(ask).await?;
        if !done.replayed && !done.state.head.erased {
            self.lay_anew(done.id, &done.state);
        }
        Ok(done)
    }
}

/// The private parts of a draft, sealed.
struct Sealed {
    text: Private<String>,
    track_secret: Private<String>,
    channel_number: Option<Private<String>>,
    address: Option<Private<String>>,
    name: Option<Private<String>>,
    phone: Option<Private<String>>,
    on_the_spot: Option<Private<String>>,
    theme: Option<Private<String>>,
}

/// What a person decided, checked.
pub struct Ruling {
    pub id: CaseId,
    pub request_id: String,
    pub etag: Option<i64>,
    pub category: Option<String>,
    pub place: Option<civic::DivisionCode>,
    pub note: Option<String>,
    pub body: Vec<u8>,
}

/// Unique key of a tracking number.
pub(super) fn track_key(number: &str) -> String {
    format!("track/{number}")
}

fn needs_pin(report: &Report) -> bool {
    report.head.reporter.phone.is_none()
}

/// Category and whether the words are those of an emergency. Suggestions speak of fires without there being one.
/// Whether nobody may be asked to file it later: level one, by the same words that decide what is stored.
pub fn is_pressing(asking: &Asking, desk: &Desk, draft: &Draft) -> bool {
    let (category, emergency) = categorise(desk, draft);
    urgency(asking, desk, draft, &category, emergency) == Urgency::LevelOne
}

fn urgency(asking: &Asking, desk: &Desk, draft: &Draft, category: &Category, emergency: bool) -> Urgency {
    let by_category = match draft.kind {
        // An idea about fire engines is not a fire.
        Kind::Suggestion => Urgency::LevelFour,
        Kind::Consult | Kind::Help | Kind::Complaint | Kind::Accusation => desk.catalog.urgency_of(&category.code),
    };
    // Nobody in particular may not call out level one: words and category decide.
    let given = draft.urgency.filter(|_| asking.is_known());
    classify::urgency(given, emergency, by_category)
}

fn categorise(desk: &Desk, draft: &Draft) -> (Category, bool) {
    let reading = desk.catalog.rules.read(&draft.text);
    let emergency = reading.emergency && draft.kind != Kind::Suggestion;
    if let Some(code) = &draft.category {
        return (Category { code: code.clone(), confidence: 100, by: "channel".to_owned() }, emergency);
    }
    let decision = desk.catalog.decide(&draft.text);
    let by = match decision.by {
        By::Keywords => "keywords",
        By::Model => "model",
        // Kept as a guess for the person who decides, if the words say anything at all.
        By::Person if decision.confidence >= desk.catalog.limits.category_guess => "keywords",
        By::Person => return (Category::default(), emergency),
    };
    (Category { code: decision.code.to_owned(), confidence: decision.confidence, by: by.to_owned() }, emergency)
}

/// What the knowledge base says at once, when it is sure. Whatever comes with a limit or a result of its own goes the ordinary way, and
/// so does level one: its order opens at once and starts the plan, and no answer stands for that.
fn answer(desk: &Desk, draft: &Draft, urgency: Urgency) -> Option<Answer> {
    let pressing = urgency == Urgency::LevelOne || draft.due.is_some();
    let plain = draft.kind == Kind::Consult && draft.on_the_spot.is_none() && !pressing;
    let hit = plain.then(|| desk.catalog.knowledge.asked_for(&draft.text, desk.now.local_date())).flatten()?;
    let sure = hit.confidence >= desk.catalog.limits.answer_sure;
    let source = &hit.entry.source;
    sure.then(|| Answer {
        entry: hit.entry.key.clone(),
        text: hit.entry.answer.clone(),
        law: source.law.clone(),
        article: source.article.clone(),
        edition: source.edition.to_string(),
        confidence: hit.confidence,
    })
}
