//! `Jiewang-Position`: how far a service has to have read before it can answer the one who wrote.
//!
//! A token names a write: service, partition, position in its event log, case and version. The position is 0 while the
//! producer's relay has not given it one (PostgreSQL); the receiver then asks `EventLog.Position`. Clients echo the token
//! and may not look into it: it carries a MAC of 64 bits, which is enough against a guess that would only make someone wait.

use crate::error::{Code, Fault};
use crate::identity::TokenKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use civic::CaseId;
use ring::hmac;

/// Header on answers and requests.
pub const HEADER: &str = "jiewang-position";

/// The layout below. Another first byte is another layout.
const LAYOUT: u8 = 1;
const MAC: usize = 8;
/// Layout, service length, partition, position, case, version, MAC.
const FIXED: usize = 1 + 1 + 2 + 8 + 16 + 8 + MAC;
const LONGEST_SERVICE: usize = 32;

/// Signs and checks position tokens; all services of a cluster share it.
#[derive(Clone, Debug)]
pub struct PositionKey(TokenKey);

impl PositionKey {
    /// Derived from the cluster's token key.
    #[must_use]
    pub fn new(key: &TokenKey) -> Self {
        Self(key.derive("jiewang position 1"))
    }
}

/// A write that an answer may have to wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Producer, such as `intake`.
    pub service: String,
    /// Partition of its event log.
    pub partition: u16,
    /// Dense position in the partition; 0 while it is not known.
    pub position: i64,
    /// The case written.
    pub case: CaseId,
    /// Its version after the write.
    pub version: i64,
}

impl Position {
    /// The token. A service's name is at most 32 bytes; a longer one is cut, and the token names nobody.
    #[must_use]
    pub fn encode(&self, key: &PositionKey) -> String {
        let service = &self.service.as_bytes()[..self.service.len().min(LONGEST_SERVICE)];
        let mut bytes = Vec::with_capacity(FIXED + service.len());
        bytes.push(LAYOUT);
        bytes.push(u8::try_from(service.len()).expect("cut above"));
        bytes.extend_from_slice(service);
        bytes.extend_from_slice(&self.partition.to_be_bytes());
        bytes.extend_from_slice(&self.position.to_be_bytes());
        bytes.extend_from_slice(self.case.as_bytes());
        bytes.extend_from_slice(&self.version.to_be_bytes());
        let tag = hmac::sign(key.0.mac(), &bytes);
        bytes.extend_from_slice(&tag.as_ref()[..MAC]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token; POSITION_INVALID for anything that this cluster did not write.
    pub fn decode(token: &str, key: &PositionKey) -> Result<Self, Fault> {
        let invalid =
            || Fault::new(Code::Invalid, "POSITION_INVALID", "Jiewang-Position is not a position of this cluster");
        Self::read(token, key).ok_or_else(invalid)
    }

    fn read(token: &str, key: &PositionKey) -> Option<Self> {
        if token.len() > (FIXED + LONGEST_SERVICE).div_ceil(3) * 4 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (body, tag) = bytes.split_at_checked(bytes.len().checked_sub(MAC)?)?;
        let expected = hmac::sign(key.0.mac(), body);
        // No early return at the first difference.
        let difference = tag.iter().zip(expected.as_ref()).fold(0, |sum, (a, b)| sum | (a ^ b));
        if difference != 0 {
            return None;
        }
        let rest = body.strip_prefix(&[LAYOUT])?;
        let (length, rest) = rest.split_first()?;
        let (service, rest) = rest.split_at_checked(usize::from(*length))?;
        let (partition, rest) = rest.split_first_chunk::<2>()?;
        let (position, rest) = rest.split_first_chunk::<8>()?;
        let (case, rest) = rest.split_first_chunk::<16>()?;
        let (version, rest) = rest.split_first_chunk::<8>()?;
        rest.is_empty().then_some(())?;
        Some(Self {
            service: String::from_utf8(service.to_vec()).ok()?,
            partition: u16::from_be_bytes(*partition),
            position: i64::from_be_bytes(*position),
            case: CaseId::from_bytes(*case),
            version: i64::from_be_bytes(*version),
        })
    }

    /// Puts the token on an answer.
    pub fn attach<T>(&self, key: &PositionKey, response: &mut tonic::Response<T>) {
        let token = self.encode(key).parse().expect("base64url is a header value");
        response.metadata_mut().insert(HEADER, token);
    }
}
