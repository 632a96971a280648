//! Listening sockets: bound to addresses, or inherited from systemd.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use mosaic_web::{ListenError, Listener, Shutdown, bind, inherited_listeners};

use crate::support::client::{Client, HttpResponse, TIMEOUT};
use crate::support::{ServerSetup, TestServer, eventually};

fn bind_unix(path: &Path) -> Result<Vec<Listener>, ListenError> {
    bind(&[format!("unix:{}", path.display()).parse().unwrap()])
}

fn request_unix(path: &Path, host: &str) -> HttpResponse {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream.write_all(format!("GET /x HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).unwrap();
    HttpResponse::read(&mut BufReader::new(stream), false).unwrap()
}

#[test]
fn several_addresses_are_served_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let mut listeners = bind(&["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()]).unwrap();
    let ipv6 = listeners[1].tcp_address().unwrap();
    listeners.extend(bind_unix(&path).unwrap());
    let server = ServerSetup { listeners, ..ServerSetup::default() }.start();
    assert_eq!(server.request("GET /").status, 200);
    assert_eq!(Client::connect(ipv6).request("GET /").status, 200);
    assert_eq!(request_unix(&path, "localhost").status, 200);
}

#[test]
fn without_a_host_the_server_listens_on_every_address() {
    let listeners = bind(&[":0".parse().unwrap()]).unwrap();
    let port = listeners[0].tcp_address().unwrap().port();
    let _server = ServerSetup { listeners, ..ServerSetup::default() }.start();
    for address in [SocketAddr::from(([127, 0, 0, 1], port)), SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port))] {
        assert_eq!(Client::connect(address).request("GET /").status, 200, "{address}");
    }
}

#[test]
fn a_unix_socket_is_private_and_accepts_every_host_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let listeners = bind_unix(&path).unwrap();
    let found = fs::symlink_metadata(&path).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o777, 0o600);
    let mut server = ServerSetup { listeners, ..ServerSetup::default() }.start();
    assert_eq!(request_unix(&path, "anything.example").body, "GET /x");
    server.request_shutdown(Shutdown::Drain);
    assert!(server.stops());
    assert!(!path.exists());
}

#[test]
fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    drop(UnixListener::bind(&path).unwrap());
    let first = bind_unix(&path).unwrap();
    let error = bind_unix(&path).unwrap_err();
    assert!(matches!(error, ListenError::InUse(_)), "{error}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    // A file that has taken the place of the socket stays when the listener is dropped.
    fs::remove_file(&path).unwrap();
    fs::write(&path, "precious").unwrap();
    drop(first);
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    assert!(matches!(bind_unix(&path).unwrap_err(), ListenError::NotASocket(_)));
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}

#[test]
fn a_symbolic_link_is_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let (path, elsewhere) = (directory.path().join("s"), directory.path().join("elsewhere"));
    drop(UnixListener::bind(&elsewhere).unwrap());
    let before = fs::symlink_metadata(&elsewhere).unwrap().ino();
    symlink(&elsewhere, &path).unwrap();
    assert!(matches!(bind_unix(&path).unwrap_err(), ListenError::NotASocket(_)));
    assert_eq!(fs::symlink_metadata(&elsewhere).unwrap().ino(), before);
}

/// An address, a test of its error, and a part of the message.
type Unusable = (String, fn(&ListenError) -> bool, &'static str);

#[test]
fn unusable_addresses_are_refused_with_advice() {
    let directory = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let _taken = TcpListener::bind(taken).unwrap();
    let long = format!("unix:{}/{}", directory.path().display(), "x".repeat(108));
    let nowhere = format!("unix:{}/none/s", directory.path().display());
    let table: [Unusable; 5] = [
        (taken.to_string(), |error| matches!(error, ListenError::InUse(_)), "another program"),
        (
            "192.0.2.1:0".to_owned(),
            |error| matches!(error, ListenError::AddressNotLocal(_)),
            "does not have that address",
        ),
        ("host.invalid:0".to_owned(), |error| matches!(error, ListenError::UnknownHost { .. }), "has no address"),
        (nowhere, |error| matches!(error, ListenError::NoDirectory(_)), "directory does not exist"),
        (long, |error| matches!(error, ListenError::PathTooLong(_)), "too long"),
    ];
    for (address, is_expected, expected) in table {
        let error = bind(&[address.parse().unwrap()]).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&address) && text.contains(expected), "{text}");
        assert!(is_expected(&error), "{error:?}");
    }
}

#[test]
fn one_unusable_address_binds_none_of_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let good = format!("unix:{}", path.display()).parse().unwrap();
    assert!(bind(&[good, "192.0.2.1:0".parse().unwrap()]).is_err());
    assert!(!path.exists());
}

#[test]
fn a_port_is_free_again_after_a_shutdown() {
    let mut server = TestServer::start_default();
    let address = server.address;
    assert_eq!(server.request("GET /").status, 200);
    server.request_shutdown(Shutdown::Drain);
    assert!(server.stops());
    // The port can be bound again at once.
    assert!(bind(&[address.to_string().parse().unwrap()]).is_ok());
}

/// Makes this program run as a service that inherits its sockets.
const SERVICE_VARIABLE: &str = "MOSAIC_WEB_TEST_SERVICE";

/// The service of the tests below, which run this program again; without the variable the test does nothing.
#[test]
fn inheriting_service() {
    if std::env::var_os(SERVICE_VARIABLE).is_none() {
        return;
    }
    match inherited_listeners() {
        Ok(listeners) => {
            let count = listeners.len();
            let _server = ServerSetup { listeners, ..ServerSetup::default() }.start();
            println!("serves {count}");
            // The service runs until its input ends.
            let _ = std::io::stdin().read_line(&mut String::new());
        }
        Err(error) => println!("refuses: {error}"),
    }
}

struct Service(Child);

impl Service {
    /// Starts it as systemd does: sockets from descriptor 3 on, and variables that say so.
    /// Starts the service as systemd does: with sockets from descriptor 3 on, and variables that announce them.
    fn start(sockets: &[&dyn AsFd], pid: &str) -> Self {
        // High numbers do not collide with those that the service gets.
        let high: Vec<_> = sockets.iter().map(|socket| rustix::io::fcntl_dupfd_cloexec(socket, 20).unwrap()).collect();
        let mut redirections = String::new();
        for (number, socket) in (3_u8..).zip(&high) {
            rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::empty()).unwrap();
            redirections.extend([" ", &number.to_string(), "<&", &socket.as_raw_fd().to_string()]);
        }
        let script = format!(
            "LISTEN_PID={pid} LISTEN_FDS={} exec \"$0\" --exact listeners::inheriting_service --nocapture{redirections}",
            sockets.len()
        );
        let child = Command::new("bash")
            .args(["-c", &script])
            .arg(std::env::current_exe().unwrap())
            .env(SERVICE_VARIABLE, "yes")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// The line that the service prints about its sockets.
    fn output(&mut self) -> String {
        let output = BufReader::new(self.0.stdout.as_mut().unwrap());
        let lines = output.lines().map(Result::unwrap);
        lines
            .into_iter()
            .find_map(|line| {
                let start = line.find("serves").or_else(|| line.find("refuses"))?;
                Some(line[start..].to_owned())
            })
            .unwrap_or_default()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn inherited_sockets_are_served_and_stay_after_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let unix = UnixListener::bind(&path).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut service = Service::start(&[&tcp, &unix], "$$");
    assert_eq!(service.output(), "serves 2");
    assert_eq!(Client::connect(tcp.local_addr().unwrap()).request("GET /").status, 200);
    drop(service.0.stdin.take());
    assert!(eventually(|| service.0.try_wait().unwrap().is_some()));
    assert!(path.exists());
}

#[test]
fn sockets_for_another_process_are_not_taken() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    assert!(Service::start(&[&tcp], "1").output().contains("systemd passed no socket"));
}

#[test]
fn inherited_sockets_that_are_not_listening_streams_are_refused() {
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let output = Service::start(&[&udp], "$$").output();
    assert!(output.contains("cannot use socket 1"), "{output}");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connection = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let output = Service::start(&[&listener, &connection], "$$").output();
    assert!(output.contains("cannot use socket 2") && output.contains("Accept=no"), "{output}");
}

#[test]
fn without_inherited_sockets_the_error_says_so() {
    assert!(matches!(inherited_listeners().unwrap_err(), ListenError::NoInheritedSockets));
}
