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
use std::time::Duration;

/// A model API for real agent programs, on a free port. It answers every request with "noted" and records the user
/// turns for the test.
///
/// A recorded turn proves that a message has passed through the terminal and the agent's editor into its
/// conversation. The server stops on drop.
#[derive(Debug)]
pub struct ModelServer {
    address: SocketAddr,
    state: Arc<ModelState>,
    accepting: Option<JoinHandle<()>>,
}

impl ModelServer {
    /// Starts a server.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let state = Arc::new(ModelState::default());
        let accepting = thread::spawn({
            let state = Arc::clone(&state);
            move || accept(&listener, &state)
        });
        Self { address, state, accepting: Some(accepting) }
    }

    /// The base URL for the configuration of an agent program; it ends with `/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Returns the user turns so far, each once, in the order of the requests. Several conversations follow one
    /// another in the order in which they began.
    #[must_use]
    pub fn user_turns(&self) -> Vec<String> {
        self.state.user_turns()
    }

    /// Waits until at least `count` user turns have arrived, and returns all of them.
    #[must_use]
    pub fn wait_user_turns(&self, count: usize) -> Vec<String> {
        self.state.wait_user_turns(count, Deadline::default())
    }

    /// Waits until the latest request of a conversation satisfies a condition, at most `limit`, and returns the parts of its
    /// user turns: the whole conversation as the model has it.
    #[must_use]
    pub fn wait_conversation(&self, until: impl Fn(&[Vec<String>]) -> bool, limit: Duration) -> Vec<Vec<String>> {
        self.state.wait_latest(until, Deadline::after(limit))
    }

    /// Holds back every response until the guard is dropped. User turns are still recorded.
    #[must_use]
    pub fn hold(&self) -> HeldResponses {
        HeldResponses::new(Arc::clone(&self.state))
    }

    /// Makes the next response to a request that offers tools a call of this tool.
    pub fn call_tool(&self, name: &str, arguments: Value) {
        self.state.reply_next(Reply::Tool { name: name.to_owned(), arguments });
    }

    /// Rejects every request with an HTTP status, for example `401 Unauthorized`, and a message. `None` ends that.
    pub fn refuse(&self, refusal: Option<(&str, &str)>) {
        self.state.refuse(refusal.map(|(status, message)| (status.to_owned(), message.to_owned())));
    }

    /// Waits until at least one response is being held back.
    pub fn wait_held(&self) {
        self.state.wait_held(Deadline::default());
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.state.stop();
        // The accept loop checks the flag after each connection, so this connects once more.
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

/// A guard that holds back the responses of a [`ModelServer`]. Drop releases them.
#[derive(Debug)]
pub struct HeldResponses(Arc<ModelState>);

impl HeldResponses {
    fn new(state: Arc<ModelState>) -> Self {
        state.hold();
        Self(state)
    }
}

impl Drop for HeldResponses {
    fn drop(&mut self) {
        self.0.release();
    }
}
