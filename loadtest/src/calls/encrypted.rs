//! A bare tonic, server and client, over the same encryption that services speak: TLS 1.3 by the same provider, with certificates on both
//! sides. What it costs beside a bare one is what encrypting costs on this machine; the rest is ours.

use super::{CONNECTIONS, SERVICE};
use crate::echo;
use anyhow::Context;
use futures_util::stream;
use hyper_util::rt::TokioIo;
use mesh::tls::{CERTIFICATE, KEY, ROOTS};
use proto::intake::v1::Report;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    server::WebPkiClientVerifier,
    version::TLS13,
};
use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, TlsConnector, server::TlsStream};
use tonic::transport::{Channel, Endpoint, Server, Uri, server::Connected};

const PROTOCOL: &[u8] = b"h2";

/// Serves until the process ends, with the certificate in the folder.
pub(super) async fn serve(answer: Report, folder: &Path) -> anyhow::Result<SocketAddr> {
    let acceptor = TlsAcceptor::from(Arc::new(Files::read(folder)?.server()?));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let incoming = stream::unfold((listener, acceptor), |(listener, acceptor)| async {
        let taken = take(&listener, &acceptor).await;
        Some((taken, (listener, acceptor)))
    });
    let server = Server::builder().add_service(echo::service(answer));
    #[expect(clippy::disallowed_methods, reason = "it lasts as long as the process")]
    tokio::spawn(server.serve_with_incoming(incoming));
    Ok(address)
}

async fn take(listener: &TcpListener, acceptor: &TlsAcceptor) -> io::Result<Encrypted> {
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok(Encrypted(acceptor.accept(stream).await?))
}

/// Clients with the certificate in the folder.
pub(super) fn channels(address: SocketAddr, folder: &Path) -> anyhow::Result<Vec<Channel>> {
    let connector = TlsConnector::from(Arc::new(client(folder)?));
    let name = ServerName::try_from(format!("{SERVICE}.jiewang.internal")).context("a host's name")?;
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
    let dial = tower::service_fn(move |_: Uri| {
        let (connector, name) = (connector.clone(), name.clone());
        async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            connector.connect(name, stream).await.map(TokioIo::new)
        }
    });
    Ok((0..CONNECTIONS).map(|_| endpoint.connect_with_connector_lazy(dial.clone())).collect())
}

/// How a service with the certificate in the folder calls another.
pub(crate) fn client(folder: &Path) -> anyhow::Result<ClientConfig> {
    Files::read(folder)?.client()
}

struct Files {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    roots: Arc<RootCertStore>,
}

impl Files {
    fn read(folder: &Path) -> anyhow::Result<Self> {
        let certificates = |name| CertificateDer::pem_file_iter(folder.join(name))?.collect::<Result<Vec<_>, _>>();
        let mut roots = RootCertStore::empty();
        for root in certificates(ROOTS)? {
            roots.add(root)?;
        }
        let key = PrivateKeyDer::from_pem_file(folder.join(KEY))?;
        Ok(Self { chain: certificates(CERTIFICATE)?, key, roots: Arc::new(roots) })
    }

    fn server(self) -> anyhow::Result<ServerConfig> {
        let provider = Arc::new(ring::default_provider());
        let callers = WebPkiClientVerifier::builder_with_provider(self.roots, Arc::clone(&provider)).build()?;
        let config = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13])?;
        let mut config = config.with_client_cert_verifier(callers).with_single_cert(self.chain, self.key)?;
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(config)
    }

    fn client(self) -> anyhow::Result<ClientConfig> {
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13])?;
        let mut config = config.with_root_certificates(self.roots).with_client_auth_cert(self.chain, self.key)?;
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(config)
    }
}

/// A connection as tonic's server takes it.
struct Encrypted(TlsStream<TcpStream>);

impl Connected for Encrypted {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}
