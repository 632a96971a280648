//! A fleet with the exporter's units, and clients of its socket.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use mosaic_harness::{Deadline, Fleet, FleetBuilder, HttpResponse, ProcessWatch, RosterFleet, UserManager};

pub(crate) const SERVICE: &str = "mosaic-fleet-exporter.service";
pub(crate) const SOCKET: &str = "mosaic-fleet-exporter.socket";

/// An installed fleet of one agent, not started.
pub(crate) struct Installed {
    pub(crate) fleet: RosterFleet,
}

impl Installed {
    pub(crate) fn or_skip() -> Option<Self> {
        Self::build_or_skip(Fleet::builder())
    }

    pub(crate) fn build_or_skip(builder: FleetBuilder) -> Option<Self> {
        Some(Self { fleet: RosterFleet::installed_or_skip(builder, &["coder0"], "15")? })
    }

    pub(crate) fn manager(&self) -> &UserManager {
        self.fleet.units().manager()
    }

    /// A connection without a request.
    pub(crate) fn connect(&self) -> UnixStream {
        let connection = UnixStream::connect(self.manager().exporter_socket()).expect("systemd listens");
        connection.set_read_timeout(Some(Deadline::default().remaining())).unwrap();
        connection
    }

    /// A scrape, answered within the deadline of the tests.
    pub(crate) fn scrape(&self) -> String {
        let answer = scrape(self.connect());
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    }

    /// The response to a scrape, as far as it came; `None` if the exporter ended before it had written anything.
    pub(crate) fn try_scrape(&self) -> Option<String> {
        let mut connection = self.connect();
        let mut answer = Vec::new();
        // An error is what a process that ends leaves its clients.
        let _ = connection.write_all(SCRAPE_REQUEST).and_then(|()| connection.read_to_end(&mut answer));
        (!answer.is_empty()).then(|| String::from_utf8_lossy(&answer).into_owned())
    }

    /// The exporter's process, once it is up.
    pub(crate) fn process(&self) -> ProcessWatch {
        self.manager().wait_active(SERVICE, "active");
        let pid = self.manager().show(SERVICE, "MainPID").parse().unwrap();
        ProcessWatch::new(pid).expect("the unit has a main process")
    }
}

/// A scrape with a long timeout.
pub(crate) const SCRAPE_REQUEST: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
    X-Prometheus-Scrape-Timeout-Seconds: 30\r\n\r\n";

pub(crate) fn scrape(mut connection: UnixStream) -> HttpResponse {
    connection.write_all(SCRAPE_REQUEST).unwrap();
    read_answer(connection)
}

pub(crate) fn read_answer(mut connection: UnixStream) -> HttpResponse {
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    HttpResponse::parse(&answer)
}
