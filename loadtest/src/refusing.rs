//! The least that a refusal costs: a bare server that reads a request whole and answers that there is no room. What a product under
//! overload spends on saying no cannot be less, and it is not there for those who are served.

use crate::{
    flight::fly,
    local::{http, post},
    role::{Player, Role, serve_until_dismissed},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::{sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinSet};

/// As many connections as an open loop under overload has open.
const IN_FLIGHT: usize = 256;
/// As long as a report of the corpus, and as a problem document of the gateway.
const REPORT_BYTES: usize = 700;
const PROBLEM_BYTES: usize = 300;

/// Processor time of one refusal in seconds, on a core of its own.
pub(crate) async fn cost(within: Duration) -> anyhow::Result<f64> {
    let player = Player::start(Role::Refusing, &[])?;
    player.process.pin(0)?;
    let url: Arc<str> = format!("http://{}/v1/reports", player.address("http")?).into();
    let (client, body) = (http(), Bytes::from(vec![b' '; REPORT_BYTES]));
    let before = player.process.cpu()?;
    let flown = fly(IN_FLIGHT, within, usize::MAX, move |_| {
        let (client, url, body) = (client.clone(), Arc::clone(&url), body.clone());
        // Every one is refused, as it should be.
        async move { !post(&client, &url, "", body).await }
    })
    .await;
    anyhow::ensure!(flown.failed == 0, "{} were not refused", flown.failed);
    let used = player.process.cpu()? - before;
    player.dismiss(Role::Refusing).await?;
    Ok(used / flown.done.max(1) as f64)
}

/// Goodput at three times the most that is served, as a part of it, when every further request costs only this: the rest of each second.
pub(crate) fn left(peak: f64, refusal: f64) -> f64 {
    (1.0 - 3.0 * peak * refusal) / (1.0 - peak * refusal)
}

/// Serves until it is dismissed.
pub(crate) async fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let told = json!({ "http": listener.local_addr()? });
    let accepting = async {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let _failed = stream.set_nodelay(true);
            connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(refuse)));
        }
    };
    tokio::select! {
        () = accepting => anyhow::bail!("nobody can connect any more"),
        dismissed = serve_until_dismissed(&told) => dismissed?,
    }
    println!("{{}}");
    Ok(())
}

async fn refuse(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    static PROBLEM: [u8; PROBLEM_BYTES] = [b' '; PROBLEM_BYTES];
    request.into_body().collect().await?;
    let mut response = Response::new(Full::new(Bytes::from_static(&PROBLEM)));
    *response.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_the_rest_of_each_second() {
        let (peak, refusal) = (5000.0, 0.00002);
        let served = left(peak, refusal) * peak;
        let busy = served / peak + (3.0 * peak - served) * refusal;
        assert!((busy - 1.0).abs() < 1e-9, "{busy}");
        assert!((left(peak, 0.0) - 1.0).abs() < 1e-9);
    }
}
