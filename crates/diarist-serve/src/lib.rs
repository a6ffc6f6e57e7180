//! `diarist serve`: speaker diarization as a service.
//!
//! One process answers HTTP requests, works on recordings one after the other, and listens to live
//! streams. Everything that it acknowledges is on the disk: a process that is killed takes up its
//! work when it starts again.
//!
//! - `http` has the routes: the service's own interface, and the shapes that callers of other
//!   services know.
//! - `jobs` has the queue, `live` the streams, `people` the known voices.
//! - `store` has the database, `folder` the files beside it.
//! - `security` and `server` have the rules for callers, and the limits of connections.
#![forbid(unsafe_code)]

mod app;
mod engine;
mod error;
mod folder;
mod http;
mod ids;
mod jobs;
mod live;
mod metrics;
mod options;
mod people;
mod results;
mod security;
mod server;
mod store;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use diarist::{Error, ErrorKind, Result};
use tokio::net::TcpListener;

use app::App;

pub use options::{Options, Webhooks};

/// Runs the service until the process is told to stop (Ctrl-C, SIGTERM). `ready` is called with the
/// address once requests are answered.
///
/// # Errors
/// [`ErrorKind::InvalidOption`] for options that contradict each other; [`ErrorKind::Output`] if
/// the folder or the address cannot be used; as [`diarist::Diarizer::new`].
pub fn run(options: Options, ready: impl FnOnce(SocketAddr)) -> Result<()> {
    run_until(options, ready, told_to_stop())
}

/// As [`run`], until `stopped`.
///
/// # Errors
/// As [`run`].
pub fn run_until(options: Options, ready: impl FnOnce(SocketAddr), stopped: impl Future<Output = ()>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(ErrorKind::Internal, "threads cannot be started").caused_by(error))?;
    let app = App::open(options)?;
    if let Err(error) = jobs::send_due(&app) {
        tracing::error!("earlier webhooks cannot be read: {error}");
    }
    let worker = {
        let app = Arc::clone(&app);
        std::thread::Builder::new()
            .name("jobs".to_owned())
            .spawn(move || jobs::run(&app))
            .map_err(|error| Error::new(ErrorKind::Internal, "a thread cannot be started").caused_by(error))?
    };
    let served = runtime.block_on(serve(&app, ready, stopped));
    app.stop.send_replace(true);
    app.streams.end_all();
    app.jobs.stop();
    if worker.join().is_err() {
        tracing::error!("the thread of the queue has failed");
    }
    // Streams close their files.
    let patience = std::time::Instant::now();
    while app.streams.len() > 0 && patience.elapsed() < std::time::Duration::from_secs(5) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    served
}

async fn serve(app: &Arc<App>, ready: impl FnOnce(SocketAddr), stopped: impl Future<Output = ()>) -> Result<()> {
    let listen = app.options.listen;
    let unusable = |error: std::io::Error| {
        Error::new(ErrorKind::Output, "the address cannot be used")
            .caused_by(error)
            .hint("choose another port")
            .at(listen.to_string())
    };
    let listener = TcpListener::bind(listen).await.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    ready(address);
    let stopped = async {
        stopped.await;
        // Streams and readers of events end now, so that their connections can close.
        app.stop.send_replace(true);
        app.streams.end_all();
    };
    server::serve(app, listener, http::router(app), stopped).await;
    Ok(())
}

/// Waits for Ctrl-C, or for the signal by which systems stop services.
async fn told_to_stop() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        let terminated = async {
            match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
                Ok(mut signal) => {
                    signal.recv().await;
                }
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            () = interrupted => {}
            () = terminated => {}
        }
    }
    #[cfg(not(unix))]
    interrupted.await;
}

/// Writes what the service reports to stderr, one line each.
pub fn log_to_stderr() {
    let started = tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false).try_init();
    if let Err(error) = started {
        tracing::debug!("another log is in use: {error}");
    }
}

/// Asks the service at `address` whether it takes work.
///
/// # Errors
/// [`ErrorKind::Input`] if it does not.
pub fn check(address: SocketAddr) -> Result<()> {
    use std::io::{Read, Write};
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream};
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
    // A service that listens on all addresses is asked on the one of this machine.
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let address = SocketAddr::new(ip, address.port());
    let ask = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.take(4096).read_to_end(&mut answer)?;
        Ok(answer)
    };
    let unready = |message: &str| Error::input(message).hint("see the log of the service").at(address.to_string());
    let answer = ask().map_err(|error| unready("the service does not answer").caused_by(error))?;
    if answer.starts_with(b"HTTP/1.1 200 ") { Ok(()) } else { Err(unready("the service does not take work")) }
}
