//! An HTTP server that may be left open beside hostile clients.
//!
//! It brings requests to a [`Handler`] that have passed everything else: method, size, host name, certificate,
//! password, and the deadlines of [`Limits`]. What the answers are about is none of its business.

mod acceptor;
mod allowed_hosts;
mod answer_body;
mod connection;

mod exchange;
mod gate;
mod handler;
mod inherited;
mod limits;
mod listen_address;
mod listen_error;
mod listener;
mod password_queue;
mod phase;
mod places;
mod refusal;
mod request;
mod server;
mod shared;
mod shutdown;
mod stream;
mod turned_away;
mod unix_socket;
mod watch;
mod web_config;

pub use allowed_hosts::AllowedHosts;
pub use handler::{Body, Handler};
pub use inherited::inherited;
pub use limits::Limits;
pub use listen_address::{BadListenAddress, ListenAddress};
pub use listen_error::ListenError;
pub use listener::{Listener, bind};
pub use server::{Reloader, Server};
pub use shutdown::Shutdown;
pub use web_config::{SettingError, WebConfig, WebConfigError};
