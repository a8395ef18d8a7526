//! Where a call comes from: told by the edge, or by the connection, never by the client.

use crate::probe::{Served, ask_with, to_read};
use mesh::Channel;

async fn origin(channel: &Channel, told: Option<&str>) -> String {
    let mut request = to_read("where");
    if let Some(told) = told {
        request.metadata_mut().insert(mesh::edge::CLIENT_ADDRESS, told.parse().unwrap());
    }
    ask_with(channel, request).await.unwrap()[0].actor.clone()
}

#[tokio::test]
async fn address_that_the_edge_tells_is_believed() {
    let served = Served::start().await;
    assert_eq!(origin(&served.edge, Some("192.0.2.7")).await, "192.0.2.7");
    assert_eq!(origin(&served.edge, Some("2001:db8::7")).await, "2001:db8::7");
    assert_eq!(origin(&served.edge, None).await, "");
}

#[tokio::test]
async fn address_that_a_client_tells_of_itself_is_not() {
    let served = Served::start().await;
    for told in [None, Some("192.0.2.7"), Some("192.0.2.7 1763784000 AAAA")] {
        assert_eq!(origin(&served.tcp(), told).await, "127.0.0.1", "{told:?}");
        // Between the services of a process there is no address to be known by.
        assert_eq!(origin(&served.memory, told).await, "", "{told:?}");
    }
}
