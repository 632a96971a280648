//! The manager over D-Bus: a connection, and conversations on it.
//!
//! zbus is async; every call here runs its future on the calling thread until the call is over.

mod calls;
mod conversation;
mod reply;
mod requests;
mod run;

use std::time::{Duration, Instant};

use zbus::connection::Builder;
use zbus::{Connection, Message};
use zruntime::SharedRuntime;

use crate::ManagerError;
use crate::bus::conversation::Conversation;
use crate::bus::reply::Reply;
use crate::deadline;

/// A connection to a bus on which the manager is.
#[derive(Debug)]
pub(crate) struct Bus {
    runtime: SharedRuntime,
    connection: Option<Connection>,
    version: String,
    /// The manager's own name on the bus: another one of the same version has another.
    manager: String,
    limit: Duration,
}

/// Why an address did not lead to the manager.
#[derive(Debug)]
pub(crate) enum NoBus {
    /// Nobody is there, or nobody who lets us in.
    NotThere(String),
    /// A bus, but no manager on it.
    NoManager,
    /// Whoever is there does not answer in time.
    Deadline,
}

impl Bus {
    /// Connects, and hears that the manager answers, before a deadline.
    pub(crate) fn connect(address: &str, limit: Duration, deadline: Instant) -> Result<Self, NoBus> {
        // What is given up at the deadline is dropped in here, while its runtime runs: nobody is
        // left to do that later.
        zruntime::block_on(async {
            let runtime = SharedRuntime::current().map_err(|error| NoBus::NotThere(error.to_string()))?;
            let connecting = Box::pin(Builder::address(address).build());
            let connection = match runtime.timeout_at(deadline, connecting).await {
                Err(_) => return Err(NoBus::Deadline),
                Ok(Err(error)) => return Err(NoBus::NotThere(error.to_string())),
                Ok(Ok(connection)) => connection,
            };
            let request = requests::version().map_err(|error| NoBus::NotThere(error.to_string()))?;
            let asked = Conversation::open(&runtime, &connection, limit).ask(&[request], deadline).await;
            match asked.map(|mut replies| replies.pop()) {
                Err(ManagerError::Deadline { .. }) => Err(NoBus::Deadline),
                Err(error) => Err(NoBus::NotThere(error.to_string())),
                Ok(Some(Reply::Refused(refusal))) if refusal.no_manager() => Err(NoBus::NoManager),
                Ok(Some(Reply::Refused(refusal))) => Err(NoBus::NotThere(refusal.message)),
                Ok(None) => Err(NoBus::NoManager),
                Ok(Some(Reply::Answer(answer))) => {
                    let version =
                        reply::property::<String>(&answer).map_err(|error| NoBus::NotThere(error.to_string()))?;
                    let manager = sender(&answer);
                    Ok(Self { runtime, connection: Some(connection), version, manager, limit })
                }
            }
        })
    }

    /// Sends all requests and waits for a reply to each; the replies are in the order of the
    /// requests.
    fn ask(&self, requests: &[Message]) -> Result<Vec<Reply>, ManagerError> {
        let deadline = deadline::after(self.limit);
        let mut conversation = self.conversation()?;
        self.wait_for(conversation.ask(requests, deadline))
    }

    fn conversation(&self) -> Result<Conversation<'_>, ManagerError> {
        let connection = self.connection.as_ref();
        let connection = connection.ok_or_else(|| ManagerError::unreachable("the connection is closed"))?;
        Ok(Conversation::open(&self.runtime, connection, self.limit))
    }

    /// Runs something to its end on this thread.
    fn wait_for<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(Box::pin(future))
    }
}

/// Who sent a message, by the name that the bus gave him.
fn sender(message: &Message) -> String {
    message.header().sender().map(ToString::to_string).unwrap_or_default()
}

impl Drop for Bus {
    fn drop(&mut self) {
        let connection = self.connection.take();
        self.runtime.block_on(async { drop(connection) });
    }
}
