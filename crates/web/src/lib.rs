//! An HTTP server that can be exposed to hostile clients.
//!
//! The server passes requests to a [`Handler`] after it has checked everything else: method, size, host name,
//! certificate, password, and the time limits of [`Limits`]. It knows nothing of fleets.

mod acceptor;
mod connection;
mod connection_slots;
mod handler;
mod instrumented_io;
mod limits;
mod listen_address;
mod listener;
mod phase;
mod refusal;
mod request;
mod request_filter;
mod server;
mod shared_state;
mod web_config;

pub use handler::{Body, Handler};
pub use limits::Limits;
pub use listen_address::{InvalidListenAddress, ListenAddress};
pub use listener::{ListenError, Listener, bind, inherited_listeners};
pub use refusal::RefusalReason;
pub use request_filter::AllowedHosts;
pub use server::{Reloader, Server};
pub use shared_state::Shutdown;
pub use web_config::{CertificateExpiry, CertificateUse, SettingError, WebConfig, WebConfigError, WebConfigStatus};
