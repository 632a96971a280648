//! Requests, and what comes in until they are answered.

use std::collections::HashMap;
use std::future::poll_fn;
use std::num::{NonZeroU32, NonZeroUsize};
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_core::Stream as _;
use zbus::message::Type;
use zbus::{Connection, Message, MessageStream};
use zruntime::SharedRuntime;

use crate::ManagerError;
use crate::bus::reply::Reply;
use crate::deadline;

/// All that comes in on a connection from now on, in its order: replies and signals.
pub(super) struct Conversation<'a> {
    runtime: &'a SharedRuntime,
    connection: &'a Connection,
    incoming: MessageStream,
    limit: Duration,
}

impl<'a> Conversation<'a> {
    /// Listens; `limit` is what an error will name as the time that has passed.
    pub(super) fn open(runtime: &'a SharedRuntime, connection: &'a Connection, limit: Duration) -> Self {
        Self { runtime, connection, incoming: MessageStream::from(connection), limit }
    }

    /// As many messages may come in before somebody takes one.
    pub(super) fn make_room(&mut self, messages: usize) {
        if let Some(messages) = NonZeroUsize::new(messages) {
            self.incoming.set_max_queued(messages);
        }
    }

    /// Sends requests; by their serial numbers one finds their positions.
    pub(super) async fn send(
        &self,
        requests: &[Message],
        deadline: Instant,
    ) -> Result<HashMap<NonZeroU32, usize>, ManagerError> {
        let sending = Box::pin(self.connection.send_all(requests));
        let sent = self.runtime.timeout_at(deadline, sending).await.map_err(|_| self.too_late())?;
        sent.map_err(ManagerError::unreachable)?;
        let serials = requests.iter().map(|request| request.primary_header().serial_num());
        Ok(serials.enumerate().map(|(position, serial)| (serial, position)).collect())
    }

    /// The next message; nothing when the time has come.
    pub(super) async fn next(&mut self, deadline: Instant) -> Result<Option<Message>, ManagerError> {
        let incoming = &mut self.incoming;
        let next = poll_fn(|context| Pin::new(&mut *incoming).poll_next(context));
        match self.runtime.timeout_at(deadline, next).await {
            Err(_) => Ok(None),
            Ok(Some(Ok(message))) => Ok(Some(message)),
            Ok(Some(Err(error))) => Err(ManagerError::unreachable(error)),
            Ok(None) => Err(ManagerError::unreachable("the bus closed the connection")),
        }
    }

    /// Sends all requests before it waits for the first reply; the replies are in the order of the
    /// requests.
    pub(super) async fn ask(&mut self, requests: &[Message], deadline: Instant) -> Result<Vec<Reply>, ManagerError> {
        let positions = self.send(requests, deadline).await?;
        let mut replies: Vec<Option<Reply>> = requests.iter().map(|_| None).collect();
        let mut missing = requests.len();
        while missing > 0 {
            let message = self.next(deadline).await?.ok_or_else(|| self.too_late())?;
            if let Some(&position) = answered(&message).and_then(|serial| positions.get(&serial))
                && replies[position].replace(Reply::of(message)).is_none()
            {
                missing -= 1;
            }
        }
        Ok(replies.into_iter().flatten().collect())
    }

    /// When to take the manager for hung, if it says nothing from now on.
    pub(super) fn silence(&self) -> Instant {
        deadline::after(self.limit)
    }

    pub(super) fn too_late(&self) -> ManagerError {
        ManagerError::Deadline { limit: self.limit }
    }
}

/// The request that a message answers, if it answers one.
pub(super) fn answered(message: &Message) -> Option<NonZeroU32> {
    match message.message_type() {
        Type::MethodReturn | Type::Error => message.header().reply_serial(),
        Type::MethodCall | Type::Signal => None,
    }
}
