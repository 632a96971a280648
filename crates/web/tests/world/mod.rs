//! A server on a port of its own, and clients that say what they like.
#![allow(dead_code, reason = "each file of tests uses its part")]

pub(crate) mod answer;

pub(crate) mod certificates;
pub(crate) mod client;
pub(crate) mod config;

pub(crate) mod endless;
pub(crate) mod routes;
pub(crate) mod tls_client;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use mosaic_web::{AllowedHosts, Limits, Listener, Reloader, Server, Shutdown, WebConfig, bind};
use tokio::sync::watch;

use client::Client;
use routes::Routes;

/// What is not as usual with a server.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) listeners: Vec<Listener>,
    pub(crate) config: WebConfig,
    pub(crate) limits: Limits,
    pub(crate) hosts: Vec<String>,
}

impl Default for Setup {
    fn default() -> Self {
        let listeners = bind(&["127.0.0.1:0".parse().unwrap()]).unwrap();
        Self { listeners, config: WebConfig::none(), limits: Limits::default(), hosts: Vec::new() }
    }
}

impl Setup {
    pub(crate) fn limits(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    pub(crate) fn config(path: &Path) -> Self {
        Self { config: WebConfig::load(path).unwrap(), ..Self::default() }
    }

    pub(crate) fn start(self) -> Served {
        Served::start(self)
    }
}

/// A server that serves, until it is dropped.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) routes: Arc<Routes>,
    pub(crate) reloader: Reloader,
    stop: watch::Sender<Shutdown>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    pub(crate) fn usual() -> Self {
        Setup::default().start()
    }

    fn start(setup: Setup) -> Self {
        let address = setup.listeners.iter().find_map(Listener::tcp_address);
        let address = address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let (stop, stopped) = watch::channel(Shutdown::Running);
        let server = Server::new(setup.listeners, setup.config, setup.limits, AllowedHosts::new(setup.hosts));
        let reloader = server.reloader();
        let routes = Arc::new(Routes::default());
        let handler = Arc::clone(&routes);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(server.run(handler, stopped)).unwrap();
        });
        Self { address, routes, reloader, stop, thread: Some(thread) }
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// The answer to a request of its own connection, given as its lines without `Host`.
    pub(crate) fn ask(&self, request: &str) -> answer::Answer {
        self.client().ask(request)
    }

    pub(crate) fn tell(&self, shutdown: Shutdown) {
        self.stop.send(shutdown).unwrap();
    }

    /// That the server has come to its end, within a time that only a hung one needs.
    pub(crate) fn is_over(&mut self) -> bool {
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        while self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) && std::time::Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.thread.take_if(|thread| thread.is_finished()).is_none_or(|thread| thread.join().is_ok())
            && self.thread.is_none()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.stop.send(Shutdown::Abort);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Whether something comes true, within a time that only a hung server needs.
pub(crate) fn until(mut is_so: impl FnMut() -> bool) -> bool {
    let deadline = std::time::Instant::now() + client::PATIENCE;
    while std::time::Instant::now() < deadline {
        if is_so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

/// Whether the server's end of a connection is open, as the kernel says.
pub(crate) fn has_connection(server: SocketAddr, client: SocketAddr) -> bool {
    connection(server, client).is_some_and(|fields| fields[3] == "01")
}

/// What the kernel keeps for a client, in bytes: written by the server, and not confirmed.
pub(crate) fn unconfirmed(server: SocketAddr, client: SocketAddr) -> u64 {
    let fields = connection(server, client).unwrap();
    u64::from_str_radix(fields[4].split(':').next().unwrap(), 16).unwrap()
}

/// The server's end of a connection, as the fields of proc(5), `/proc/net/tcp`.
fn connection(server: SocketAddr, client: SocketAddr) -> Option<Vec<String>> {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let ports = (format!(":{:04X}", server.port()), format!(":{:04X}", client.port()));
    let lines = table.lines().skip(1).map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    lines.into_iter().find(|fields| fields[1].ends_with(&ports.0) && fields[2].ends_with(&ports.1))
}
