//! More clients than the exporter has room for, and none of them of good will.

use super::beside::Attacked;
use rustix::net::{AddressFamily, SocketType, connect, socket, sockopt};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};

/// A test has as many files open as the exporter has clients.
fn allow_many_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

/// One that takes next to nothing before it is read from.
fn small_connection(address: SocketAddr) -> TcpStream {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    sockopt::set_socket_recv_buffer_size(&socket, 2048).unwrap();
    connect(&socket, &address).unwrap();
    TcpStream::from(socket)
}

#[test]
fn a_thousand_who_say_nothing_and_a_thousand_who_stop_half_way() {
    let Some(attacked) = Attacked::or_skip(&[]) else { return };
    allow_many_files();
    let address = attacked.exporter.address();
    attacked.unharmed(|| {
        let silent: Vec<_> = (0..1000).map(|_| TcpStream::connect(address).unwrap()).collect();
        let stopped: Vec<_> = (0..1000)
            .map(|_| {
                let mut connection = TcpStream::connect(address).unwrap();
                let _ = connection.write_all(b"GET /metrics HTTP/1.1\r\nHost: localh");
                connection
            })
            .collect();
        drop((silent, stopped));
    });
}

#[test]
fn three_hundred_who_ask_and_do_not_read() {
    let Some(attacked) = Attacked::or_skip(&[]) else { return };
    allow_many_files();
    // Of so many agents nothing fits into a socket, and nothing is written in no time.
    let more = |number| format!("  - {{ name: more{number}, class: implementer, command: \"sleep 1\" }}\n");
    let roster = attacked.fleet.roster() + &(0..500).map(more).collect::<String>();
    attacked.fleet.write_roster(&roster);
    let address = attacked.exporter.address();
    attacked.unharmed(|| {
        let asked: Vec<_> = ["/", "/metrics", "/api/v1/fleet"]
            .iter()
            .cycle()
            .take(300)
            .map(|path| {
                let mut connection = small_connection(address);
                write!(connection, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
                connection
            })
            .collect();
        // All of them are being answered once one more of each kind is.
        for path in ["/", "/metrics", "/api/v1/fleet"] {
            assert_eq!(attacked.exporter.get(path).status, 200, "{path}");
        }
        drop(asked);
    });
}
