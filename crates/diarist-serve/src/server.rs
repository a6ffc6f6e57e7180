//! The listener: connections with limits, until the service is told to stop.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use crate::app::App;

/// Most connections at the same time. Others wait.
const MAX_CONNECTIONS: usize = 512;
/// Most bytes of the head of a request.
const MAX_HEAD: usize = 32 * 1024;
/// Most headers of a request.
const MAX_HEADERS: usize = 64;
/// Wait for answers in progress when the service stops.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Answers requests until `stopped`.
pub(crate) async fn serve(app: &Arc<App>, listener: TcpListener, router: Router, stopped: impl Future<Output = ()>) {
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut stopped = std::pin::pin!(stopped);
    loop {
        let free = tokio::select! {
            free = Arc::clone(&connections).acquire_owned() => free,
            () = &mut stopped => break,
        };
        let Ok(free) = free else { break };
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Too many open files, as a rule: some will be closed.
                    tracing::warn!("a connection cannot be accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = &mut stopped => break,
        };
        let connection = connection(app, stream, router.clone());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("a connection ended: {error}");
            }
            drop(free);
        });
    }
    drop(listener);
    // All places are free when the last answer is sent.
    let _ = tokio::time::timeout(LAST_ANSWERS, connections.acquire_many(MAX_CONNECTIONS as u32)).await;
}

/// One connection: HTTP/1.1, upgraded for live streams. When the service stops, it ends after the
/// answer in progress.
fn connection(app: &App, stream: TcpStream, router: Router) -> impl Future<Output = hyper::Result<()>> + use<> {
    // Small events should not wait for each other.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    // A client that reads nothing is cut off.
    stream.set_write_timeout(Some(app.options.timeout));
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(app.options.timeout)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
        .with_upgrades();
    let mut stop = app.stop.subscribe();
    async move {
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            ended = connection.as_mut() => return ended,
            _ = stop.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
        }
        connection.await
    }
}
