//! A server on a free port, and the routes that it serves.
#![allow(dead_code, reason = "each test binary uses a part")]

pub(crate) mod client;
pub(crate) mod tls;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Response;
use hyper::body::Frame;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use mosaic_web::{
    AllowedHosts, Body, Handler, Limits, Listener, RefusalReason, Reloader, Server, Shutdown, WebConfig, bind,
};
use tokio::sync::{Semaphore, watch};

use client::{Client, HttpResponse, TIMEOUT};

/// The options of a test server.
#[derive(Debug)]
pub(crate) struct ServerSetup {
    pub(crate) listeners: Vec<Listener>,
    pub(crate) config: WebConfig,
    pub(crate) limits: Limits,
    pub(crate) hosts: Vec<String>,
}

impl Default for ServerSetup {
    fn default() -> Self {
        let listeners = bind(&["127.0.0.1:0".parse().unwrap()]).unwrap();
        Self { listeners, config: WebConfig::empty(), limits: Limits::default(), hosts: Vec::new() }
    }
}

impl ServerSetup {
    pub(crate) fn limits(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    pub(crate) fn config(path: &Path) -> Self {
        Self { config: WebConfig::load(path).unwrap(), ..Self::default() }
    }

    pub(crate) fn start(self) -> TestServer {
        TestServer::start(self)
    }
}

/// A running server, which is stopped on drop.
#[derive(Debug)]
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) routes: Arc<Routes>,
    pub(crate) reloader: Reloader,
    stop: watch::Sender<Shutdown>,
    thread: Option<JoinHandle<()>>,
}

impl TestServer {
    pub(crate) fn start_default() -> Self {
        ServerSetup::default().start()
    }

    fn start(setup: ServerSetup) -> Self {
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

    /// Sends a request on a connection of its own, given as its lines without `Host`.
    pub(crate) fn request(&self, request: &str) -> HttpResponse {
        self.client().request(request)
    }

    pub(crate) fn request_shutdown(&self, shutdown: Shutdown) {
        self.stop.send(shutdown).unwrap();
    }

    /// Whether the server stops in time.
    pub(crate) fn stops(&mut self) -> bool {
        eventually(|| self.thread.as_ref().is_none_or(JoinHandle::is_finished));
        self.thread.take_if(|thread| thread.is_finished()).is_none_or(|thread| thread.join().is_ok())
            && self.thread.is_none()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _ = self.stop.send(Shutdown::Abort);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Whether a condition becomes true in time.
pub(crate) fn eventually(mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + TIMEOUT;
    while Instant::now() < deadline {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

/// The processor time of this process.
pub(crate) fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

/// Whether the kernel still has the server's end of a connection open.
pub(crate) fn has_connection(server: SocketAddr, client: SocketAddr) -> bool {
    connection(server, client).is_some_and(|fields| fields[3] == "01")
}

/// The bytes in the send queue of the server's end of a connection.
pub(crate) fn send_queue_bytes(server: SocketAddr, client: SocketAddr) -> u64 {
    let fields = connection(server, client).unwrap();
    u64::from_str_radix(fields[4].split(':').next().unwrap(), 16).unwrap()
}

/// The fields of the server's end of a connection in `/proc/net/tcp` (proc(5)).
fn connection(server: SocketAddr, client: SocketAddr) -> Option<Vec<String>> {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let ports = (format!(":{:04X}", server.port()), format!(":{:04X}", client.port()));
    let lines = table.lines().skip(1).map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    lines.into_iter().find(|fields| fields[1].ends_with(&ports.0) && fields[2].ends_with(&ports.1))
}

/// The length of the response to `/big`, which exceeds the socket buffers of both ends.
pub(crate) const BIG: usize = 16 * 1024 * 1024;

/// The handler of a test server.
#[derive(Debug)]
pub(crate) struct Routes {
    requests: AtomicUsize,
    refused: AtomicUsize,
    held: Semaphore,
}

impl Default for Routes {
    fn default() -> Self {
        Self { requests: AtomicUsize::new(0), refused: AtomicUsize::new(0), held: Semaphore::new(0) }
    }
}

impl Routes {
    /// The number of requests that reached the handler.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// The number of refusals that the handler learned of.
    pub(crate) fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }

    /// Lets one request for `/held` finish.
    pub(crate) fn release(&self) {
        self.held.add_permits(1);
    }
}

impl Handler for Routes {
    async fn handle(&self, request: Parts) -> Response<Body> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let text = match request.uri.path() {
            "/big" => Bytes::from(vec![b'x'; BIG]),
            "/held" => {
                self.held.acquire().await.unwrap().forget();
                Bytes::from_static(b"held")
            }
            "/events" => {
                let mut response = Response::new(EndlessStream::default().boxed_unsync());
                response.headers_mut().insert(CONTENT_TYPE, "text/event-stream".parse().unwrap());
                return response;
            }
            _ => Bytes::from(format!("{} {}", request.method, request.uri)),
        };
        Response::new(Full::new(text).boxed_unsync())
    }

    fn refused(&self, _: RefusalReason) {
        self.refused.fetch_add(1, Ordering::SeqCst);
    }
}

/// A stream of one event that does not end.
#[derive(Debug, Default)]
pub(crate) struct EndlessStream {
    has_begun: bool,
}

impl hyper::body::Body for EndlessStream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.has_begun {
            return Poll::Pending;
        }
        self.has_begun = true;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"data: first\n\n")))))
    }
}
