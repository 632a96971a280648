mod connection;
mod conversations;
mod dialect;
mod exchange;
mod held_answers;
mod http_request;
mod reply;

use crate::Deadline;
use exchange::Exchange;
pub use held_answers::HeldAnswers;
use reply::Reply;
use serde_json::Value;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// A model for real agent programs, on a port of its own: it says "noted" to everything, and tells
/// the test what the user said to it.
///
/// What arrives here has gone all the way: through the terminal, through the agent's own editor, out
/// of it as a turn of its conversation. It ends with this value.
#[derive(Debug)]
pub struct ModelServer {
    address: SocketAddr,
    exchange: Arc<Exchange>,
    accepting: Option<JoinHandle<()>>,
}

impl ModelServer {
    /// Starts one.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port of this host's");
        let address = listener.local_addr().expect("it has an address");
        let exchange = Arc::new(Exchange::default());
        let accepting = thread::spawn({
            let exchange = Arc::clone(&exchange);
            move || accept(&listener, &exchange)
        });
        Self { address, exchange, accepting: Some(accepting) }
    }

    /// What an agent program is told to ask: the address up to `/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What the user has said by now, each turn once, in the order in which the model saw them. With
    /// several conversations: one after the other, as they began.
    #[must_use]
    pub fn user_turns(&self) -> Vec<String> {
        self.exchange.user_turns()
    }

    /// Waits until the user has said as much, and maybe more.
    #[must_use]
    pub fn wait_user_turns(&self, count: usize) -> Vec<String> {
        self.exchange.wait_user_turns(count, Deadline::default())
    }

    /// Is slow from now on: no answer goes out while the guard is there. What is said meanwhile is
    /// seen nevertheless.
    #[must_use]
    pub fn hold(&self) -> HeldAnswers {
        HeldAnswers::new(Arc::clone(&self.exchange))
    }

    /// Wants a tool to be used, in its next answer to somebody who has tools.
    pub fn call_tool(&self, name: &str, arguments: Value) {
        self.exchange.reply_next(Reply::Tool { name: name.to_owned(), arguments });
    }

    /// Refuses every request from now on, with an HTTP status ("401 Unauthorized") and a message; with `None` no
    /// longer.
    pub fn refuse(&self, refusal: Option<(&str, &str)>) {
        self.exchange.refuse(refusal.map(|(status, message)| (status.to_owned(), message.to_owned())));
    }

    /// Waits until an agent waits for an answer that is held back.
    pub fn wait_held(&self) {
        self.exchange.wait_held(Deadline::default());
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.exchange.stop();
        // It looks whether to go on when somebody comes.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

fn accept(listener: &TcpListener, exchange: &Arc<Exchange>) {
    for connection in listener.incoming() {
        if exchange.has_stopped() {
            return;
        }
        match connection {
            Ok(connection) => {
                let exchange = Arc::clone(exchange);
                thread::spawn(move || connection::serve(&connection, &exchange));
            }
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
            Err(error) => panic!("accept a connection: {error}"),
        }
    }
}
