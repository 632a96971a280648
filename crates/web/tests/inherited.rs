//! Sockets that systemd hands over are served.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd};
use std::process::{Child, Command, Stdio};

use mosaic_domain::ExitCode;
use mosaic_web::{ListenError, inherited};
use world::client::Client;
use world::{Setup, until};

/// Set for a child that is to be the server, in the role of a service.
const ROLE: &str = "WEB_TEST_INHERITS";

/// Not a test of its own: what the child runs, which is this program once more.
#[test]
fn the_service() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    match inherited() {
        Ok(listeners) => {
            let count = listeners.len();
            let _served = Setup { listeners, ..Setup::default() }.start();
            println!("serves {count}");
            // Until its input ends.
            let _ = std::io::stdin().read_line(&mut String::new());
        }
        Err(error) => println!("refuses: {error}"),
    }
}

struct Service(Child);

impl Service {
    /// Starts it as systemd does: sockets from descriptor 3 on, and variables that say so.
    fn with(sockets: &[&dyn AsFd], pid: &str) -> Self {
        // Out of the way of the numbers that they get.
        let high: Vec<_> = sockets.iter().map(|socket| rustix::io::fcntl_dupfd_cloexec(socket, 20).unwrap()).collect();
        let mut redirections = String::new();
        for (number, socket) in (3_u8..).zip(&high) {
            rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::empty()).unwrap();
            redirections.extend([" ", &number.to_string(), "<&", &socket.as_raw_fd().to_string()]);
        }
        let script = format!(
            "LISTEN_PID={pid} LISTEN_FDS={} exec \"$0\" --exact the_service --nocapture{redirections}",
            sockets.len()
        );
        let child = Command::new("bash")
            .args(["-c", &script])
            .arg(std::env::current_exe().unwrap())
            .env(ROLE, "yes")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn says(&mut self) -> String {
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
fn its_sockets_are_served_and_stay_when_it_ends() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let unix = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut service = Service::with(&[&tcp, &unix], "$$");
    assert_eq!(service.says(), "serves 2");
    assert_eq!(Client::connect(tcp.local_addr().unwrap()).ask("GET /").status, 200);
    drop(service.0.stdin.take());
    assert!(until(|| service.0.try_wait().unwrap().is_some()));
    assert!(path.exists());
}

#[test]
fn sockets_for_somebody_else_are_left_alone() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    assert!(Service::with(&[&tcp], "1").says().contains("no socket was handed over"));
}

#[test]
fn what_is_no_listening_stream_is_refused() {
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let said = Service::with(&[&udp], "$$").says();
    assert!(said.contains("socket 1") && said.contains("cannot be used"), "{said}");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connection = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let said = Service::with(&[&listener, &connection], "$$").says();
    assert!(said.contains("socket 2") && said.contains("Accept=no"), "{said}");
}

#[test]
fn without_any_it_is_unavailable() {
    let error = inherited().unwrap_err();
    assert!(matches!(error, ListenError::NothingInherited));
    assert_eq!(error.exit_code(), ExitCode::Unavailable);
}
