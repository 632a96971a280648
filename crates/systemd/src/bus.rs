//! The user manager over D-Bus: the connection, and conversations on it.
//!
//! zbus is async; every call here runs its future to the end on the calling thread. Between calls, the runtime serves the
//! connection on a thread of its own, and panics if it cannot start it; each call checks that before.

mod calls;
mod message;
mod run_jobs;

use std::collections::HashMap;
use std::future::poll_fn;
use std::num::{NonZeroU32, NonZeroUsize};
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_core::Stream as _;
use mosaic_process::check_threads;
use zbus::connection::Builder;
use zbus::message::Type;
use zbus::{Connection, Message, MessageStream};
use zruntime::SharedRuntime;

use crate::ManagerError;
use crate::bus::message::Reply;
use crate::manager_error::deadline_after;

/// A connection to a bus that the manager is connected to.
#[derive(Debug)]
pub(crate) struct Bus {
    runtime: SharedRuntime,
    connection: Option<Connection>,
    version: String,
    /// The manager's unique name on the bus; a manager that was started anew has another one.
    manager: String,
    limit: Duration,
}

/// Why connecting to the manager at an address failed.
#[derive(Debug)]
pub(crate) enum ConnectError {
    /// The bus does not exist or refuses the connection.
    Unreachable(String),
    /// The bus has no manager on it.
    NoManager,
    /// The bus or the manager does not answer in time.
    Deadline,
}

impl Bus {
    /// Connects and waits for an answer of the manager, at most until the deadline.
    pub(crate) fn connect(address: &str, limit: Duration, deadline: Instant) -> Result<Self, ConnectError> {
        check_threads().map_err(|error| ConnectError::Unreachable(error.to_string()))?;
        // A connection attempt that is abandoned at the deadline is dropped in here, while its runtime runs.
        zruntime::block_on(async {
            let runtime = SharedRuntime::current().map_err(|error| ConnectError::Unreachable(error.to_string()))?;
            let connecting = Box::pin(Builder::address(address).build());
            let connection = match runtime.timeout_at(deadline, connecting).await {
                Err(_) => return Err(ConnectError::Deadline),
                Ok(Err(error)) => return Err(ConnectError::Unreachable(error.to_string())),
                Ok(Ok(connection)) => connection,
            };
            let request = message::get_version().map_err(|error| ConnectError::Unreachable(error.to_string()))?;
            let replies = Conversation::open(&runtime, &connection, limit).call_all(&[request], deadline).await;
            match replies.map(|mut replies| replies.pop()) {
                Err(ManagerError::Deadline { .. }) => Err(ConnectError::Deadline),
                Err(error) => Err(ConnectError::Unreachable(error.to_string())),
                Ok(Some(Reply::Error(error_reply))) if error_reply.no_manager() => Err(ConnectError::NoManager),
                Ok(Some(Reply::Error(error_reply))) => Err(ConnectError::Unreachable(error_reply.text)),
                Ok(None) => Err(ConnectError::NoManager),
                Ok(Some(Reply::Answer(answer))) => {
                    let version = message::property_value::<String>(&answer)
                        .map_err(|error| ConnectError::Unreachable(error.to_string()))?;
                    let manager = sender(&answer);
                    Ok(Self { runtime, connection: Some(connection), version, manager, limit })
                }
            }
        })
    }

    /// Sends all requests, then waits for all replies; returns them in the order of the requests.
    fn call_all(&self, requests: &[Message]) -> Result<Vec<Reply>, ManagerError> {
        let deadline = deadline_after(self.limit);
        let mut conversation = self.conversation()?;
        self.block_on(conversation.call_all(requests, deadline))
    }

    fn conversation(&self) -> Result<Conversation<'_>, ManagerError> {
        let connection = self.connection.as_ref();
        let connection = connection.ok_or_else(|| ManagerError::unreachable("the connection is closed"))?;
        check_threads().map_err(ManagerError::unreachable)?;
        Ok(Conversation::open(&self.runtime, connection, self.limit))
    }

    /// Runs a future to its end on this thread.
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(Box::pin(future))
    }
}

/// The unique bus name of the sender of a message.
fn sender(message: &Message) -> String {
    message.header().sender().map(ToString::to_string).unwrap_or_default()
}

impl Drop for Bus {
    fn drop(&mut self) {
        let connection = self.connection.take();
        // Without a thread, the kernel closes the connection when this process ends.
        if check_threads().is_err() {
            return std::mem::forget(connection);
        }
        self.runtime.block_on(async { drop(connection) });
    }
}

/// Requests on a connection, and all messages that arrive since it was opened, replies and signals alike.
struct Conversation<'a> {
    runtime: &'a SharedRuntime,
    connection: &'a Connection,
    incoming: MessageStream,
    limit: Duration,
}

impl<'a> Conversation<'a> {
    /// Starts to listen. `limit` is the time limit that a deadline error names.
    fn open(runtime: &'a SharedRuntime, connection: &'a Connection, limit: Duration) -> Self {
        Self { runtime, connection, incoming: MessageStream::from(connection), limit }
    }

    /// Sets how many messages may be queued before they are read.
    fn set_queue_size(&mut self, messages: usize) {
        if let Some(messages) = NonZeroUsize::new(messages) {
            self.incoming.set_max_queued(messages);
        }
    }

    /// Sends requests; returns the position of each request by its serial number.
    async fn send(&self, requests: &[Message], deadline: Instant) -> Result<HashMap<NonZeroU32, usize>, ManagerError> {
        let sending = Box::pin(self.connection.send_all(requests));
        let sent = self.runtime.timeout_at(deadline, sending).await.map_err(|_| self.deadline_error())?;
        sent.map_err(ManagerError::unreachable)?;
        let serials = requests.iter().map(|request| request.primary_header().serial_num());
        Ok(serials.enumerate().map(|(position, serial)| (serial, position)).collect())
    }

    /// The next message; `None` once the deadline has passed.
    async fn next(&mut self, deadline: Instant) -> Result<Option<Message>, ManagerError> {
        let incoming = &mut self.incoming;
        let next = poll_fn(|context| Pin::new(&mut *incoming).poll_next(context));
        match self.runtime.timeout_at(deadline, next).await {
            Err(_) => Ok(None),
            Ok(Some(Ok(message))) => Ok(Some(message)),
            Ok(Some(Err(error))) => Err(ManagerError::unreachable(error)),
            Ok(None) => Err(ManagerError::unreachable("the bus closed the connection")),
        }
    }

    /// Sends all requests, then waits for all replies; returns them in the order of the requests.
    async fn call_all(&mut self, requests: &[Message], deadline: Instant) -> Result<Vec<Reply>, ManagerError> {
        let positions = self.send(requests, deadline).await?;
        let mut replies: Vec<Option<Reply>> = requests.iter().map(|_| None).collect();
        let mut missing = requests.len();
        while missing > 0 {
            let message = self.next(deadline).await?.ok_or_else(|| self.deadline_error())?;
            if let Some(&position) = replied_serial(&message).and_then(|serial| positions.get(&serial))
                && replies[position].replace(Reply::from_message(message)).is_none()
            {
                missing -= 1;
            }
        }
        Ok(replies.into_iter().flatten().collect())
    }

    /// When the manager counts as hung if no message arrives from now on.
    fn silence_deadline(&self) -> Instant {
        deadline_after(self.limit)
    }

    fn deadline_error(&self) -> ManagerError {
        ManagerError::Deadline { limit: self.limit }
    }
}

/// The serial number of the request that a message replies to; `None` for calls and signals.
fn replied_serial(message: &Message) -> Option<NonZeroU32> {
    match message.message_type() {
        Type::MethodReturn | Type::Error => message.header().reply_serial(),
        Type::MethodCall | Type::Signal => None,
    }
}
