//! Encrypted connections between services, on which both ends say who they are.
//!
//! A process has a folder with its certificate, its key and the roots that it trusts, under the names that Kubernetes gives the parts of
//! a TLS secret. The certificate's name is SPIFFE's form, `spiffe://<cluster>/<service>`. The folder is read again every two seconds;
//! what is new there holds for every connection made from then on, and those that stand are ended in order, after the calls on them:
//! whoever is no longer trusted is gone. A folder that cannot be used changes nothing: the process goes on with what it has and says
//! so (`jiewang_tls_refused_total`).

mod authority;
mod material;
mod name;

pub use authority::{Authority, AuthorityError, Issued};
pub use material::{CERTIFICATE, KEY, ROOTS, TlsError};
pub use name::{ServiceName, ServiceNameError};

use crate::error::Chain;
use civic::{Clock, Micros};
use material::{Files, Material};
use metrics::{counter, gauge};
use rustls::pki_types::ServerName;
use rustls::{AlertDescription as Alert, CertificateError as Bad};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

/// How often the folder is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What this process proves itself with and whom it trusts, as of now. Clones see the same changes.
#[derive(Clone)]
pub struct Tls {
    now: watch::Receiver<Arc<Material>>,
}

impl Tls {
    /// Reads the folder. The second part is the work of reading it again, for as long as it is polled.
    pub fn open(
        folder: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, impl Future<Output = ()> + Send + use<>), TlsError> {
        let folder = folder.to_owned();
        let files = Files::read(&folder)?;
        let (sender, now) = watch::channel(Arc::new(Material::of(&files, clock.now())?));
        Ok((Self { now }, follow(folder, clock, files, sender)))
    }

    /// Who this process is.
    #[must_use]
    pub fn name(&self) -> ServiceName {
        self.now.borrow().name.clone()
    }

    /// When its certificate ends.
    #[must_use]
    pub fn until(&self) -> Micros {
        self.now.borrow().until
    }

    /// Ends at the next change from here on.
    pub fn changed(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut now = self.now.clone();
        now.mark_unchanged();
        async move {
            if now.changed().await.is_err() {
                // Nobody reads the folder any more: the process ends.
                std::future::pending().await
            }
        }
    }

    fn current(&self) -> Arc<Material> {
        self.now.borrow().clone()
    }

    /// The server's part. Who shows no certificate is let in without a name: only health is answered to it.
    pub(crate) async fn accept<S>(&self, stream: S) -> io::Result<(server::TlsStream<S>, Option<ServiceName>)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let material = self.current();
        let stream = TlsAcceptor::from(Arc::clone(&material.server)).accept(stream).await?;
        let name = material.name.of_same_cluster(stream.get_ref().1.peer_certificates())?;
        Ok((stream, name))
    }

    /// The caller's part: whoever answers must be that service of this cluster.
    pub(crate) async fn connect(&self, service: &str, stream: TcpStream) -> io::Result<client::TlsStream<TcpStream>> {
        let material = self.current();
        let host = ServerName::try_from(name::host_of(service)).map_err(io::Error::other)?;
        let stream = TlsConnector::from(Arc::clone(&material.client)).connect(host, stream).await?;
        material.name.of_same_cluster(stream.get_ref().1.peer_certificates())?;
        Ok(stream)
    }
}

async fn follow(folder: PathBuf, clock: Arc<dyn Clock>, mut known: Files, sender: watch::Sender<Arc<Material>>) {
    loop {
        gauge!("jiewang_tls_expires_seconds").set((sender.borrow().until.0 / 1_000_000) as f64);
        tokio::time::sleep(LOOK_EVERY).await;
        let read = Files::read(&folder).and_then(|files| {
            if files == known {
                Ok(None)
            } else {
                Material::of(&files, clock.now()).map(|material| Some((files, material)))
            }
        });
        match read {
            Ok(None) => {}
            Ok(Some((files, material))) => {
                tracing::info!(name = %material.name, until = %material.until, "a new certificate is in use");
                known = files;
                sender.send_replace(Arc::new(material));
            }
            Err(error) => {
                counter!("jiewang_tls_refused_total").increment(1);
                tracing::warn!(error = %Chain(&error), "the new certificate is not used, the old one goes on");
            }
        }
    }
}

/// Why a handshake failed, in words that may be shown; `None` when that had nothing to do with certificates.
pub(crate) fn refusal(error: &io::Error) -> Option<&'static str> {
    let inner = error.get_ref()?;
    if let Some(error) = inner.downcast_ref::<ServiceNameError>() {
        return Some(match error {
            ServiceNameError::Foreign => "it is of another cluster",
            ServiceNameError::Malformed | ServiceNameError::Missing => "it has no name of ours",
        });
    }
    let error = inner.downcast_ref::<rustls::Error>()?;
    if let rustls::Error::InvalidCertificate(bad) = error {
        return Some(defect(bad));
    }
    let rustls::Error::AlertReceived(alert) = error else { return None };
    if matches!(alert, Alert::CertificateExpired) {
        return Some("the other side says that ours has expired");
    }
    let strange = matches!(alert, Alert::UnknownCA | Alert::BadCertificate | Alert::DecryptError);
    strange.then_some("the other side does not trust ours")
}

fn defect(bad: &Bad) -> &'static str {
    type Is = fn(&Bad) -> bool;
    const DEFECTS: [(Is, &str); 5] = [
        (|bad| matches!(bad, Bad::Expired | Bad::ExpiredContext { .. }), "it has expired"),
        (|bad| matches!(bad, Bad::NotValidYet | Bad::NotValidYetContext { .. }), "it is not valid yet"),
        (|bad| matches!(bad, Bad::UnknownIssuer | Bad::BadSignature), "it is from a stranger"),
        (|bad| matches!(bad, Bad::NotValidForName | Bad::NotValidForNameContext { .. }), "it names another service"),
        (|bad| matches!(bad, Bad::InvalidPurpose | Bad::InvalidPurposeContext { .. }), "it is for another purpose"),
    ];
    DEFECTS.iter().find(|(is, _)| is(bad)).map_or("it is not one that can be read", |(_, words)| words)
}
