//! Where a server listens, and what is said when it cannot.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use std::fs;
use std::io::BufReader;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use mosaic_domain::ExitCode;
use mosaic_web::{ListenError, Listener, Shutdown, bind};
use world::answer::Answer;
use world::{Served, Setup};

fn unix(path: &Path) -> Result<Vec<Listener>, ListenError> {
    bind(&[format!("unix:{}", path.display()).parse().unwrap()])
}

fn ask_unix(path: &Path, host: &str) -> Answer {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(world::client::PATIENCE)).unwrap();
    stream.write_all(format!("GET /x HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).unwrap();
    Answer::read(&mut BufReader::new(stream), false).unwrap()
}

#[test]
fn several_addresses_are_served_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let mut listeners = bind(&["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()]).unwrap();
    let sixth = listeners[1].tcp_address().unwrap();
    listeners.extend(unix(&path).unwrap());
    let served = Setup { listeners, ..Setup::default() }.start();
    assert_eq!(served.ask("GET /").status, 200);
    assert_eq!(world::client::Client::connect(sixth).ask("GET /").status, 200);
    assert_eq!(ask_unix(&path, "localhost").status, 200);
}

#[test]
fn without_a_host_every_address_is_listened_on() {
    let listeners = bind(&[":0".parse().unwrap()]).unwrap();
    let port = listeners[0].tcp_address().unwrap().port();
    let _served = Setup { listeners, ..Setup::default() }.start();
    for address in [SocketAddr::from(([127, 0, 0, 1], port)), SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port))] {
        assert_eq!(world::client::Client::connect(address).ask("GET /").status, 200, "{address}");
    }
}

#[test]
fn a_unix_socket_is_its_owners_and_asks_for_no_host() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let listeners = unix(&path).unwrap();
    let found = fs::symlink_metadata(&path).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o777, 0o600);
    let mut served = Setup { listeners, ..Setup::default() }.start();
    assert_eq!(ask_unix(&path, "anything.example").body, "GET /x");
    served.tell(Shutdown::Drain);
    assert!(served.is_over());
    assert!(!path.exists());
}

#[test]
fn a_socket_that_was_left_behind_is_replaced_and_a_live_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    drop(UnixListener::bind(&path).unwrap());
    let first = unix(&path).unwrap();
    let error = unix(&path).unwrap_err();
    assert!(matches!(error, ListenError::InUse(_)), "{error}");
    assert_eq!(error.exit_code(), ExitCode::Busy);
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    // What has taken its place is not removed with it.
    fs::remove_file(&path).unwrap();
    fs::write(&path, "precious").unwrap();
    drop(first);
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    assert!(matches!(unix(&path).unwrap_err(), ListenError::NotASocket(_)));
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}

#[test]
fn a_link_is_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let (path, elsewhere) = (directory.path().join("s"), directory.path().join("elsewhere"));
    drop(UnixListener::bind(&elsewhere).unwrap());
    let before = fs::symlink_metadata(&elsewhere).unwrap().ino();
    symlink(&elsewhere, &path).unwrap();
    assert!(matches!(unix(&path).unwrap_err(), ListenError::NotASocket(_)));
    assert_eq!(fs::symlink_metadata(&elsewhere).unwrap().ino(), before);
}

#[test]
fn what_cannot_be_listened_on_is_named_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let _taken = TcpListener::bind(taken).unwrap();
    let long = format!("unix:{}/{}", directory.path().display(), "x".repeat(108));
    let nowhere = format!("unix:{}/none/s", directory.path().display());
    for (address, code, says) in [
        (taken.to_string(), ExitCode::Busy, "another program does"),
        ("192.0.2.1:0".to_owned(), ExitCode::Configuration, "does not have that address"),
        ("host.invalid:0".to_owned(), ExitCode::Configuration, "has no address"),
        (nowhere, ExitCode::Io, "directory does not exist"),
        (long, ExitCode::Configuration, "too long"),
    ] {
        let error = bind(&[address.parse().unwrap()]).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&address) && text.contains(says), "{text}");
        assert_eq!(error.exit_code(), code, "{text}");
    }
}

#[test]
fn one_bad_address_among_good_ones_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let good = format!("unix:{}", path.display()).parse().unwrap();
    assert!(bind(&[good, "192.0.2.1:0".parse().unwrap()]).is_err());
    assert!(!path.exists());
}

#[test]
fn usual_servers_come_and_go() {
    let mut served = Served::usual();
    let address = served.address;
    assert_eq!(served.ask("GET /").status, 200);
    served.tell(Shutdown::Drain);
    assert!(served.is_over());
    // The next one may have the port at once.
    assert!(bind(&[address.to_string().parse().unwrap()]).is_ok());
}
