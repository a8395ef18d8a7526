//! A client that connects, asks for what does not end, and from then on neither says nor reads a word: so does a process that was frozen,
//! and one whose machine lost its line. It answers no GOAWAY and no PING.

use crate::calls::encrypted;
use anyhow::{Context, bail};
use bytes::Bytes;
use h2::{
    RecvStream,
    client::{Connection, SendRequest},
};
use http::Request;
use rustls::pki_types::ServerName;
use std::{net::SocketAddr, path::Path, sync::Arc};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// An empty message: `HealthCheckRequest` about the whole process.
const EMPTY: &[u8] = &[0; 5];
/// Its body has ten bytes, of which one comes.
const HALF: &[u8] =
    b"POST /v1/reports HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{";

/// See the module. Dropping it closes the connection.
pub(crate) enum Silent {
    /// A stream of the service's health is open, and its first message has come.
    Service { _open: Box<(SendRequest<Bytes>, Connection<TlsStream<TcpStream>>, RecvStream)> },
    /// Half a request.
    Gateway { _open: TcpStream },
}

impl Silent {
    /// At the door of `process` of a cluster that shows its certificates from `folder`.
    pub(crate) async fn before(process: &str, door: SocketAddr, folder: &Path) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(door).await?;
        let (service, _) = process.rsplit_once('-').context("a process has a number")?;
        if service == "gateway" {
            stream.write_all(HALF).await?;
            return Ok(Self::Gateway { _open: stream });
        }
        let host = format!("{service}.jiewang.internal");
        let connector = TlsConnector::from(Arc::new(encrypted::client(folder)?));
        let stream = connector.connect(ServerName::try_from(host.clone())?, stream).await?;
        let (mut send, mut connection) = h2::client::handshake(stream).await?;
        let watch = Request::post(format!("https://{host}/grpc.health.v1.Health/Watch"));
        let watch = watch.header("content-type", "application/grpc").header("te", "trailers").body(())?;
        let (response, mut request) = send.send_request(watch, false)?;
        request.send_data(EMPTY.into(), true)?;
        let first = async {
            let mut answer = response.await?.into_body();
            answer.data().await.context("the stream of its health ended")??;
            anyhow::Ok(answer)
        };
        tokio::select! {
            answer = first => Ok(Self::Service { _open: Box::new((send, connection, answer?)) }),
            ended = &mut connection => bail!("{process} closed the connection: {ended:?}"),
        }
    }
}
