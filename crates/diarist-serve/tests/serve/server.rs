//! Services to test: in this process, or in one of its own, which can be killed.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, mpsc};
use std::thread::JoinHandle;

use diarist_serve::{Options, Webhooks};
use tempfile::TempDir;

use crate::client::Client;

/// A service in this process, which stops when it is dropped.
pub(crate) struct Server {
    pub(crate) client: Client,
    pub(crate) folder: TempDir,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<diarist::Result<()>>>,
}

impl Server {
    /// Starts a service with a folder of its own; `set` changes its options.
    pub(crate) fn start(set: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = options(folder.path());
        set(&mut options);
        let (sender, ready) = mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            let stopped = async {
                let _ = stopped.await;
            };
            diarist_serve::run_until(options, |address| sender.send(address).unwrap(), stopped)
        });
        match ready.recv() {
            Ok(address) => Self { client: Client(address), folder, stop: Some(stop), thread: Some(thread) },
            Err(_) => panic!("{:?}", thread.join()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(std::thread::panicking() || matches!(ended, Ok(Ok(()))), "{ended:?}");
        }
    }
}

/// The defaults on a free port, with the cheapest networks.
fn options(data: &Path) -> Options {
    let mut options = Options::new(data);
    options.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    options.choices = serde_json::from_str(r#"{"profile": "fast"}"#).unwrap();
    options
}

/// A service that many tests share.
pub(crate) fn shared() -> Client {
    static SHARED: LazyLock<Server> = LazyLock::new(|| Server::start(|_| ()));
    SHARED.client
}

/// A service in a process of its own, which may call every address.
pub(crate) struct Process {
    pub(crate) client: Client,
    child: Child,
}

/// Variable that makes this program a service with that folder.
const FOLDER: &str = "DIARIST_SERVE_TEST_FOLDER";

impl Process {
    pub(crate) fn start(folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "server::a_process_serves_until_it_is_killed", "--nocapture"])
            .env(FOLDER, folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut addresses =
            stdout.lines().map_while(Result::ok).filter_map(|line| Some(line.split_once("address=")?.1.to_owned()));
        let address = addresses.next().expect("the process has an address").parse().unwrap();
        // The rest of its output is read, so that the process never waits.
        std::thread::spawn(move || addresses.for_each(drop));
        Self { client: Client(address), child }
    }

    /// Ends the process without warning.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks the process to end; returns whether it did so in order.
    #[cfg(unix)]
    pub(crate) fn terminate(mut self) -> bool {
        let status = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        status.success() && self.child.wait().unwrap().success()
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the other process reads the address there")]
fn a_process_serves_until_it_is_killed() {
    // Without the variable, this is no service but a part of the tests of others.
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let mut options = options(Path::new(&folder));
    options.webhooks = Webhooks::All;
    diarist_serve::run(options, |address| println!("address={address}")).unwrap();
}
