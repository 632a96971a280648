mod connection;
mod dialect;
mod model_state;

use crate::Deadline;
use dialect::Reply;
use model_state::ModelState;
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
    state: Arc<ModelState>,
    accepting: Option<JoinHandle<()>>,
}

impl ModelServer {
    /// Starts one.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port of this host's");
        let address = listener.local_addr().expect("it has an address");
        let state = Arc::new(ModelState::default());
        let accepting = thread::spawn({
            let state = Arc::clone(&state);
            move || accept(&listener, &state)
        });
        Self { address, state, accepting: Some(accepting) }
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
        self.state.user_turns()
    }

    /// Waits until the user has said as much, and maybe more.
    #[must_use]
    pub fn wait_user_turns(&self, count: usize) -> Vec<String> {
        self.state.wait_user_turns(count, Deadline::default())
    }

    /// Is slow from now on: no answer goes out while the guard is there. What is said meanwhile is
    /// seen nevertheless.
    #[must_use]
    pub fn hold(&self) -> HeldAnswers {
        HeldAnswers::new(Arc::clone(&self.state))
    }

    /// Wants a tool to be used, in its next answer to somebody who has tools.
    pub fn call_tool(&self, name: &str, arguments: Value) {
        self.state.reply_next(Reply::Tool { name: name.to_owned(), arguments });
    }

    /// Refuses every request from now on, with an HTTP status ("401 Unauthorized") and a message; with `None` no
    /// longer.
    pub fn refuse(&self, refusal: Option<(&str, &str)>) {
        self.state.refuse(refusal.map(|(status, message)| (status.to_owned(), message.to_owned())));
    }

    /// Waits until an agent waits for an answer that is held back.
    pub fn wait_held(&self) {
        self.state.wait_held(Deadline::default());
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.state.stop();
        // It looks whether to go on when somebody comes.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

fn accept(listener: &TcpListener, state: &Arc<ModelState>) {
    for connection in listener.incoming() {
        if state.has_stopped() {
            return;
        }
        match connection {
            Ok(connection) => {
                let state = Arc::clone(state);
                thread::spawn(move || connection::serve(&connection, &state));
            }
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
            Err(error) => panic!("accept a connection: {error}"),
        }
    }
}

/// While this exists, a [`ModelServer`](crate::ModelServer) answers nobody; then all who wait.
#[derive(Debug)]
pub struct HeldAnswers(Arc<ModelState>);

impl HeldAnswers {
    fn new(state: Arc<ModelState>) -> Self {
        state.hold();
        Self(state)
    }
}

impl Drop for HeldAnswers {
    fn drop(&mut self) {
        self.0.release();
    }
}
