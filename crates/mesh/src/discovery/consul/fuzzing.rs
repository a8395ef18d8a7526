//! See `crate::fuzzing`.

use super::{Reply, watch};
use bytes::Bytes;
use http::HeaderMap;

/// What an agent says of a service's replicas: the index on the first line, JSON behind it.
pub fn consul(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (index, body) = bytes.split_at(end);
    let mut headers = HeaderMap::new();
    if let Ok(index) = index.try_into() {
        headers.insert("x-consul-index", index);
    }
    if let Ok((_, addresses)) = watch::read(&Reply { headers, body: Bytes::copy_from_slice(body) }) {
        for address in addresses {
            assert!(address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()), "{address}");
        }
    }
}
