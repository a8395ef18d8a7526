//! Where a call comes from, as the edge saw it.
//!
//! The gateway sees the client's address and tells it in `jiewang-client-address`; guesses are braked by it. Any gRPC client
//! can write that header, so it is believed only with a signature that the cluster's processes alone can make: a channel from
//! [`crate::Chassis::at_edge`] signs, every chassis checks. Without one the address is that of the connection, and inside
//! a process, where a connection has none, nobody's.

use crate::identity::TokenKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use civic::Clock;
use http::{HeaderMap, HeaderValue};
use ring::hmac;
use std::net::IpAddr;
use std::sync::Arc;

/// Header from the gateway to the services; a client's own goes no further than the gateway.
pub const CLIENT_ADDRESS: &str = "jiewang-client-address";

/// How long a signature holds, either way: clocks may differ by 5 s, a call lasts 30 s at most.
const HOLDS_SECONDS: i64 = 60;

/// An address with its instant and MAC is about 100 bytes, also in IPv6.
const LONGEST: usize = 160;

/// Signs and checks addresses of clients.
#[derive(Clone)]
pub(crate) struct Voucher {
    key: TokenKey,
    clock: Arc<dyn Clock>,
}

impl Voucher {
    pub(crate) fn new(key: &TokenKey, clock: Arc<dyn Clock>) -> Self {
        Self { key: key.derive("jiewang client address 1"), clock }
    }

    /// Signs the address that the headers tell, if they tell one.
    pub(crate) fn sign(&self, headers: &mut HeaderMap) {
        let Some(address) = headers.get(CLIENT_ADDRESS).and_then(|value| value.to_str().ok()) else {
            return;
        };
        let said = format!("{address} {}", self.clock.now().secs());
        let tag = hmac::sign(self.key.mac(), said.as_bytes());
        let signed = format!("{said} {}", URL_SAFE_NO_PAD.encode(tag));
        if let Ok(signed) = HeaderValue::try_from(signed) {
            headers.insert(CLIENT_ADDRESS, signed);
        }
    }

    /// The address that an edge of this cluster has signed just now; `None` for anything else.
    pub(crate) fn address(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let text = headers.get(CLIENT_ADDRESS)?.to_str().ok().filter(|text| text.len() <= LONGEST)?;
        let (said, tag) = text.rsplit_once(' ')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        // Constant time in ring.
        hmac::verify(self.key.mac(), said.as_bytes(), &tag).ok()?;
        let (address, seconds) = said.split_once(' ')?;
        let age = self.clock.now().secs() - seconds.parse::<i64>().ok()?;
        (age.abs() <= HOLDS_SECONDS).then(|| address.parse().ok())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use civic::{Micros, SettableClock};

    const NOW: Micros = Micros(1_795_320_000_000_000);

    fn told(address: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(CLIENT_ADDRESS), address.parse().unwrap())])
    }

    fn voucher(key: u8, clock: &SettableClock) -> Voucher {
        Voucher::new(&TokenKey::from_bytes([key; 32]), Arc::new(clock.clone()))
    }

    #[test]
    fn a_signed_address_reads_back_for_a_minute() {
        let clock = SettableClock::new(NOW);
        for address in ["192.0.2.7", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"] {
            clock.set(NOW);
            let mut headers = told(address);
            voucher(1, &clock).sign(&mut headers);
            clock.advance(60 * Micros::SECOND);
            assert_eq!(voucher(1, &clock).address(&headers), address.parse().ok());
            clock.advance(Micros::SECOND);
            assert_eq!(voucher(1, &clock).address(&headers), None);
        }
    }

    #[test]
    fn an_address_that_nobody_or_a_stranger_signed_is_not_believed() {
        let clock = SettableClock::new(NOW);
        let mut strange = told("192.0.2.7");
        voucher(2, &clock).sign(&mut strange);
        let mut changed = told("192.0.2.7");
        voucher(1, &clock).sign(&mut changed);
        let text = changed[CLIENT_ADDRESS].to_str().unwrap().replace("192.0.2.7", "192.0.2.8");
        let long = "1".repeat(10_000);
        for headers in [HeaderMap::new(), told("192.0.2.7"), strange, told(&text), told(&long), told("a b c")] {
            assert_eq!(voucher(1, &clock).address(&headers), None);
        }
        let mut nothing = HeaderMap::new();
        voucher(1, &clock).sign(&mut nothing);
        assert!(nothing.is_empty());
    }
}
