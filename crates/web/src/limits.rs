//! How much of the server one client, and all of them, may have.

use std::time::Duration;

/// Bounds of what clients may cost.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once. One more closes the one that has waited longest for its client.
    pub connections: usize,
    /// Bytes of a request's head: request line and header fields.
    pub head_bytes: usize,
    /// Bytes of a request's target.
    pub target_bytes: usize,
    /// From the first byte of a request to the last one of its head; from the connection to its first byte, and to
    /// the end of the TLS handshake.
    pub head: Duration,
    /// How long a connection is kept between two requests. Prometheus scrapes over one connection, once a minute.
    pub idle: Duration,
    /// How long a client may take no byte of an answer.
    pub stall: Duration,
    /// How long a client that was refused is listened to, so that it reads why.
    pub linger: Duration,
    /// How long requests may take to finish once the end was asked for.
    pub drain: Duration,
    /// Passwords that wait to be checked, from one address; from all of them it is four times as many.
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
