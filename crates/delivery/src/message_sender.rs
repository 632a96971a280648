//! Sends messages to the agents of this host's fleet: finds the recipients, and delivers to several in parallel.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mosaic_domain::{AgentName, MosaicHome, SocketName};
use mosaic_heartbeat::{Heartbeat, RunDirectory};
use mosaic_process::share_work;
use mosaic_roster::{Class, Roster, RosterError};
use mosaic_runtimes::{ComposerForm, ProfileLibrary};
use mosaic_tmux::{PaneTarget, ResolvedPane, Server, TmuxError};

use crate::outbox_actions::{why_not_cancelable, why_not_retryable};
use crate::protocol::DeliveryOptions;
use crate::sender::shown_source;
use crate::spool::{AgentLock, Entry, MessageId, Outbox, State};
use crate::{
    Addressees, CallingAgent, DeliveryError, DeliveryService, Interrupt, InvalidLabel, InvalidPayload, Label, Message,
    Payload, Receipt, Receipts, Recipient, SendRequest, calling_agent, preamble, short_host_name,
};

/// The largest number of agents that are typed to at the same time. More would only wait for the tmux server.
const MAX_PARALLEL: usize = 32;

/// tmux answers in milliseconds unless it hangs.
const TMUX_TIMEOUT: Duration = Duration::from_secs(5);

/// The paths that a sender of messages needs.
#[derive(Clone, Debug)]
pub struct SenderPaths {
    /// The fleet's home.
    pub home: MosaicHome,
    /// The path of the roster.
    pub roster_path: PathBuf,
    /// The directory of heartbeats and activity reports.
    pub run_directory: RunDirectory,
    /// The value of `PATH`, on which tmux is searched for.
    pub search_path: Option<OsString>,
}

/// Sends messages to the agents of a fleet.
#[derive(Debug)]
pub struct MessageSender {
    fleet: SenderPaths,
    outbox: Outbox,
    profiles: ProfileLibrary,
    interrupt: Interrupt,
}

/// A message that cannot be sent, canceled or retried.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// An error on this host prevents the delivery.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    /// The roster cannot be used.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// tmux is missing, too old, or fails.
    #[error(transparent)]
    Tmux(#[from] TmuxError),
    /// The text cannot be a message.
    #[error(transparent)]
    Payload(#[from] InvalidPayload),
    /// The label of the sender or the host is invalid.
    #[error(transparent)]
    Label(#[from] InvalidLabel),
    /// The name of a recipient is invalid.
    #[error("{0}")]
    InvalidAddressee(String),
    /// A recipient is not in the roster.
    #[error("there is no agent '{name}' in the roster")]
    UnknownAgent {
        /// The name.
        name: AgentName,
        /// The names in the roster that are most similar.
        nearest: Vec<String>,
    },
    /// No agent has the class.
    #[error("no agent of the roster has the class '{class}'; 'mosaic agent roster' lists the classes")]
    EmptyClass {
        /// The class.
        class: Class,
    },
    /// There is no such pane.
    #[error("there is no pane {target} on the socket {socket}")]
    NoPane {
        /// The tmux target.
        target: String,
        /// The name of the server's socket.
        socket: SocketName,
    },
    /// The agent's lock was not available in time.
    #[error("messages to {agent} have been under way for {} s; try again later", .timeout.as_secs())]
    Busy {
        /// The agent.
        agent: AgentName,
        /// How long the lock was waited for.
        timeout: Duration,
    },
    /// A message is in a state in which it cannot be canceled.
    #[error("{id} to {agent} is {state}, so it cannot be canceled: {}", why_not_cancelable(*.state))]
    NotCancelable {
        /// The message.
        id: MessageId,
        /// The recipient.
        agent: AgentName,
        /// The state.
        state: State,
    },
    /// A message is in a state in which it cannot be sent again.
    #[error("{id} to {agent} is {state}, so it is not sent again: {}", why_not_retryable(*.state, agent))]
    NotRetryable {
        /// The message.
        id: MessageId,
        /// The recipient.
        agent: AgentName,
        /// The state.
        state: State,
    },
    /// A message was removed from the outbox.
    #[error("{id} to {agent} is no longer in the outbox")]
    Removed {
        /// The message.
        id: MessageId,
        /// The recipient.
        agent: AgentName,
    },
}

impl MessageSender {
    /// Makes a sender for a fleet.
    #[must_use]
    pub fn new(fleet: SenderPaths) -> Self {
        let (outbox, profiles) = (Outbox::new(&fleet.home), ProfileLibrary::new(&fleet.home));
        Self { fleet, outbox, profiles, interrupt: Interrupt::default() }
    }

    /// Returns the request to end, which a signal handler makes.
    #[must_use]
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Returns the outbox of the fleet.
    #[must_use]
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Delivers a message to all its recipients, and returns a receipt for each.
    ///
    /// # Errors
    /// The request is invalid, or the only recipient's message cannot be stored. Nothing is sent then.
    pub fn send(&self, request: &SendRequest) -> Result<Receipts, SendError> {
        let payload = Payload::new(request.text.as_bytes())?;
        let (server, recipients) = self.recipients(&request.to)?;
        let source: Label = request.source.parse()?;
        let host: Label = request.host_label.clone().unwrap_or_else(short_host_name).parse()?;
        let expires = request.expires.map(|seconds| Timestamp::now() + Duration::from_secs_f64(seconds));
        let true_label = request.sender.as_ref().map_or(&source, |sender| &sender.label);
        let shown = shown_source(true_label, &source, request.is_claimed);
        let is_from_agent = request.sender.as_ref().is_some_and(|sender| sender.agent.is_some());
        let message = |to: &Recipient| Message {
            source: source.clone(),
            sender: request.sender.clone(),
            preamble: if request.preamble && to.profile.preamble {
                preamble(&shown, &host, to.name.as_str())
            } else {
                String::new()
            },
            // What reads no preamble is not misled by one.
            payload: if to.profile.preamble {
                payload.with_quoted_preambles(!request.preamble && is_from_agent)
            } else {
                payload.clone()
            },
            expires,
        };
        let receipts = in_parallel(&recipients, |to| {
            let began = Instant::now();
            let entry = self.send_to(&server, to, &message(to), request)?;
            Ok(Receipt::new(&entry.record, began.elapsed()))
        });
        if let [_] = recipients.as_slice() {
            return Ok(Receipts::new(receipts.into_iter().collect::<Result<_, DeliveryError>>()?));
        }
        // An error of one recipient must not hide the outcomes of the others.
        let receipts = recipients.iter().zip(receipts);
        let receipts = receipts.map(|(to, receipt)| receipt.unwrap_or_else(|error| Receipt::not_stored(to, &error)));
        Ok(Receipts::new(receipts.collect()))
    }

    fn send_to(
        &self,
        server: &Server,
        to: &Recipient,
        message: &Message,
        request: &SendRequest,
    ) -> Result<Entry, DeliveryError> {
        let service = self.service(server);
        if request.expires.is_none() {
            return service.send(to, message, request.delivery_options());
        }
        let entry = service.enqueue(to, message)?;
        service.deliver_waiting(to, request.delivery_options())?;
        let id = &entry.record.id;
        Ok(self.outbox.message(&to.name, id)?.unwrap_or(entry))
    }

    /// Sends messages to one agent, one after the other. It stops after the first message that does not arrive.
    ///
    /// # Errors
    /// tmux fails, or a message cannot be stored.
    pub fn send_sequence(
        &self,
        roster: &Roster,
        to: &Recipient,
        messages: &[(Message, DeliveryOptions)],
    ) -> Result<Vec<Receipt>, SendError> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let began = Instant::now();
        let server = self.server(roster)?;
        let sent = self.service(&server).send_sequence(to, messages)?;
        Ok(sent.iter().map(|entry| Receipt::new(&entry.record, began.elapsed())).collect())
    }

    /// Takes the lock of an agent. While it is held, no other process types messages to the agent.
    ///
    /// # Errors
    /// The lock is not available within `timeout`, or the outbox cannot be written.
    pub fn lock_agent(&self, agent: &AgentName, timeout: Duration) -> Result<AgentLock, SendError> {
        let deadline = Instant::now() + timeout;
        let lock = self.outbox.lock_agent(agent, &MessageId::generate(), deadline, &self.interrupt);
        lock.map_err(DeliveryError::from)?.ok_or_else(|| SendError::Busy { agent: agent.clone(), timeout })
    }

    pub(crate) fn roster(&self) -> Result<Roster, RosterError> {
        Roster::load(&self.fleet.roster_path)
    }

    /// Returns the agent in whose pane this process runs, as the kernel has it.
    #[must_use]
    pub fn calling_agent(&self) -> Option<CallingAgent> {
        calling_agent(&self.fleet.run_directory, |ancestors| {
            let roster = self.roster().ok()?;
            let sessions = self.server(&roster).ok()?.list_sessions().ok()??.sessions;
            sessions.into_iter().find_map(|pane| {
                let process = pane.pid.filter(|pid| ancestors.contains(pid))?;
                Some((pane.session.parse().ok()?, process))
            })
        })
    }

    /// Returns the delivery service for the agents on a tmux server.
    #[must_use]
    pub fn service<'a>(&'a self, server: &'a Server) -> DeliveryService<'a> {
        DeliveryService {
            outbox: &self.outbox,
            server,
            run_directory: &self.fleet.run_directory,
            interrupt: &self.interrupt,
        }
    }

    /// Returns the fleet's tmux server.
    ///
    /// # Errors
    /// tmux is missing or too old.
    pub fn server(&self, roster: &Roster) -> Result<Server, TmuxError> {
        self.server_on(roster.tmux.socket_name.clone())
    }

    fn server_on(&self, socket: SocketName) -> Result<Server, TmuxError> {
        let program = mosaic_tmux::find_tmux(self.fleet.search_path.as_deref())?;
        let run_directory = self.fleet.run_directory.path();
        let server = Server::of_fleet(program, socket, run_directory).with_timeout(TMUX_TIMEOUT);
        server.check_version()?;
        Ok(server)
    }

    /// Returns an agent of the roster as a recipient.
    ///
    /// # Errors
    /// The profile of its runtime cannot be used.
    pub fn recipient(&self, roster: &Roster, agent: &AgentName) -> Result<Recipient, DeliveryError> {
        let runtime = roster.agent(agent.as_str()).map(|agent| roster.settings(agent).runtime).unwrap_or_default();
        // An unreadable heartbeat counts as none.
        let heartbeat = mosaic_heartbeat::read(&self.fleet.run_directory.heartbeat(agent)).ok().flatten();
        let is_up = |heartbeat: &Heartbeat| heartbeat.status == mosaic_heartbeat::Status::Ok;
        let watched = heartbeat.filter(is_up).and_then(|heartbeat| heartbeat.process());
        Ok(Recipient {
            name: agent.clone(),
            target: PaneTarget::agent(agent),
            profile: self.profiles.profile_in_pane(&runtime, watched.map(|process| process.pid))?,
            watched,
        })
    }

    fn recipients(&self, to: &Addressees) -> Result<(Server, Vec<Recipient>), SendError> {
        if let Addressees::Target { socket, target } = to {
            return self.pane_recipient(socket.as_deref(), target);
        }
        let roster = self.roster()?;
        let agents = to.agents(&roster)?;
        let server = self.server(&roster)?;
        let recipients = agents.iter().map(|agent| {
            let recipient = self.recipient(&roster, agent)?;
            Ok(self.with_profile_of_shell(&server, recipient))
        });
        let recipients = recipients.collect::<Result<_, DeliveryError>>()?;
        Ok((server, recipients))
    }

    /// A program that reads lines gets a preamble, which a shell would run. So a shell is recognized by the pane's program,
    /// whatever the roster calls its runtime.
    fn with_profile_of_shell(&self, server: &Server, to: Recipient) -> Recipient {
        let reads_lines = matches!(to.profile.composer, ComposerForm::Line { .. }) && to.profile.preamble;
        if !reads_lines {
            return to;
        }
        // An error of tmux is reported by the delivery.
        let shows_shell = |pane: ResolvedPane| pane.pid.and_then(|pid| self.profiles.shell_in_foreground(pid));
        match server.find_pane(&to.target).ok().flatten().and_then(shows_shell) {
            Some(profile) => Recipient { profile, ..to },
            None => to,
        }
    }

    /// Returns a pane as a recipient. The pane may be that of an agent.
    fn pane_recipient(&self, socket: Option<&str>, target: &str) -> Result<(Server, Vec<Recipient>), SendError> {
        let invalid = |error: &dyn std::fmt::Display| SendError::InvalidAddressee(error.to_string());
        let target: PaneTarget = target.parse().map_err(|error| invalid(&error))?;
        let socket = match socket {
            Some(socket) => socket.parse().map_err(|error| invalid(&error))?,
            None => SocketName::default(),
        };
        let server = self.server_on(socket.clone())?;
        let pane = server
            .find_pane(&target)?
            .ok_or_else(|| SendError::NoPane { target: target.to_string(), socket: socket.clone() })?;
        let agent: Option<AgentName> = pane.session.parse().ok();
        if let (Some(agent), Ok(roster)) = (&agent, self.roster())
            && roster.tmux.socket_name == socket
            && roster.agent(agent.as_str()).is_some()
        {
            let recipient = self.recipient(&roster, agent)?;
            return Ok((server, Vec::from([Recipient { target: PaneTarget::Id(pane.id), ..recipient }])));
        }
        // A session may have any name; messages are stored under a valid one.
        let pane_name = pane.id.to_string().replace('%', "pane-");
        let name = agent.map_or_else(|| pane_name.parse(), Ok).map_err(|error| invalid(&error))?;
        let profile = self.profiles.profile_of_pane(&pane).map_err(DeliveryError::from)?;
        let recipient = Recipient { name, target: PaneTarget::Id(pane.id), profile, watched: None };
        Ok((server, Vec::from([recipient])))
    }
}

/// Calls `work` for each item, several at the same time, and returns the results in order.
pub(crate) fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let queue: Mutex<VecDeque<usize>> = Mutex::new((0..items.len()).collect());
    let next = || queue.lock().ok().and_then(|mut queue| queue.pop_front());
    let worker = || {
        let mut results = Vec::new();
        while let Some(nth) = next() {
            results.extend(items.get(nth).map(|item| (nth, work(item))));
        }
        results
    };
    let shares = share_work(items.len().min(MAX_PARALLEL), worker);
    let mut results: Vec<(usize, R)> = shares.into_iter().flatten().collect();
    results.sort_by_key(|(nth, _)| *nth);
    results.into_iter().map(|(_, result)| result).collect()
}
