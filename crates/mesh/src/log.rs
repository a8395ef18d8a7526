//! The event log of a service that another one consumes: in the same process, or behind a channel.

use crate::cases::CaseError;
use crate::channel::Channel;
use crate::speaker::Speaker;
use casebook::{Casebook, LogPosition};
use proto::events::v1::event_log_client::EventLogClient;
use proto::events::v1::{HeadRequest, PositionRequest, ReadRequest};
use queue::{Envelope, EventSource, Partition, Position, SourceError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tonic::Status;

/// How long a question to another process's log may take: the consumer asks again, and a call may not wait longer than its caller.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// The largest answer: a thousand events with room to spare.
const MOST_BYTES: usize = 64 << 20;

/// See the module.
#[derive(Clone)]
pub enum Log {
    Here(Casebook),
    There(Arc<RemoteLog>),
}

impl Log {
    /// The service whose log it is.
    #[must_use]
    pub fn service(&self) -> &str {
        match self {
            Self::Here(book) => book.service(),
            Self::There(log) => &log.service,
        }
    }

    /// As its consumer reads it.
    #[must_use]
    pub fn source(&self) -> Arc<dyn EventSource> {
        match self {
            Self::Here(book) => Arc::new(book.clone()),
            Self::There(log) => Arc::<RemoteLog>::clone(log),
        }
    }

    /// Where the event of a case and version stands; `None` while it has no position.
    pub async fn position_of(&self, asked: LogPosition) -> Result<Option<Position>, CaseError> {
        match self {
            Self::Here(book) => Ok(book.position_of(asked).await?),
            Self::There(log) => Ok(log.position_of(asked).await?),
        }
    }
}

/// The log of another process, asked over its `EventLog`.
pub struct RemoteLog {
    channel: Channel,
    speaker: Speaker,
    /// Who asks.
    consumer: String,
    service: String,
    partitions: u16,
}

impl RemoteLog {
    /// The log of `service` with so many partitions, for `consumer`.
    #[must_use]
    pub fn new(channel: &Channel, speaker: Speaker, consumer: &str, service: &str, partitions: u16) -> Self {
        let (consumer, service) = (consumer.to_owned(), service.to_owned());
        Self { channel: channel.with_default_deadline(ANSWER_WITHIN), speaker, consumer, service, partitions }
    }

    fn client(&self) -> EventLogClient<Channel> {
        EventLogClient::new(self.channel.clone()).max_decoding_message_size(MOST_BYTES)
    }

    fn ask<T>(&self, message: T) -> tonic::Request<T> {
        self.speaker.speak_as_service(&self.consumer, message)
    }

    fn unknown(&self, partition: Partition) -> SourceError {
        SourceError::UnknownPartition { service: self.service.clone(), partition }
    }

    async fn position_of(&self, asked: LogPosition) -> Result<Option<Position>, SourceError> {
        let LogPosition { partition, case, version } = asked;
        let service = self.service.clone();
        let question =
            PositionRequest { service, partition: partition.into(), case_id: case.to_string(), case_version: version };
        match self.client().position(self.ask(question)).await {
            Ok(answer) => Ok(Some(answer.into_inner().position)),
            Err(status) if status.code() == tonic::Code::NotFound => Ok(None),
            Err(status) => Err(unavailable(status)),
        }
    }
}

/// Whatever the other process says: the log itself is whole there, and asking again is right.
fn unavailable(status: Status) -> SourceError {
    SourceError::Unavailable(Box::new(status))
}

#[tonic::async_trait]
impl EventSource for RemoteLog {
    fn service(&self) -> &str {
        &self.service
    }

    fn partitions(&self) -> u16 {
        self.partitions
    }

    async fn head(&self) -> Result<Vec<Position>, SourceError> {
        let question = self.ask(HeadRequest { service: self.service.clone() });
        let heads = self.client().head(question).await.map_err(unavailable)?.into_inner().positions;
        // Made with another number of partitions: its cases lie elsewhere than where this consumer looks.
        if heads.len() == usize::from(self.partitions) { Ok(heads) } else { Err(self.unknown(self.partitions)) }
    }

    async fn read(&self, partition: Partition, after: Position, limit: usize) -> Result<Vec<Envelope>, SourceError> {
        let (service, limit) = (self.service.clone(), i32::try_from(limit).unwrap_or(i32::MAX));
        let question = self.ask(ReadRequest { service, partition: partition.into(), after, limit });
        Ok(self.client().read(question).await.map_err(unavailable)?.into_inner().events)
    }

    fn changed(&self) -> Option<watch::Receiver<u64>> {
        None
    }
}
