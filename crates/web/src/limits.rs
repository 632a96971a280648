//! The limits on what clients may cost.

use std::time::Duration;

/// Limits on what one client, and all clients together, may cost.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The number of connections. One more closes the connection that has waited longest for its client.
    pub connections: usize,
    /// The bytes of a request's head: the request line and the header fields.
    pub head_bytes: usize,
    /// The bytes of a request's target.
    pub target_bytes: usize,
    /// The time from the first byte of a request to the end of its head. The same limit applies to the time from the
    /// connection to its first byte, and to the TLS handshake.
    pub head: Duration,
    /// How long a connection is kept between two requests. Prometheus scrapes over one connection, usually once a
    /// minute.
    pub idle: Duration,
    /// How long a client may read no byte of a response.
    pub stall: Duration,
    /// How long the server waits for a client to close its side after the last response, so that the client can read
    /// it.
    pub linger: Duration,
    /// How long requests may take to finish after a shutdown is requested.
    pub drain: Duration,
    /// The number of passwords from one address that may wait to be verified. The limit for all addresses together is
    /// four times as high.
    pub waiting_passwords: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            head_bytes: 16 * 1024,
            target_bytes: 8 * 1024,
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            stall: Duration::from_secs(30),
            linger: Duration::from_secs(2),
            drain: Duration::from_secs(10),
            waiting_passwords: 8,
        }
    }
}
