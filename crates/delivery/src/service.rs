//! The delivery service of a fleet: it stores messages, and types them into panes.

use std::io;
use std::thread;
use std::time::Instant;

use jiff::Timestamp;
use mosaic_domain::{AgentName, Pid, ProcessIdentity};
use mosaic_heartbeat::RunDirectory;
use mosaic_process::{Liveness, ProcRoot};
use mosaic_runtimes::{Profile, ProfileError};
use mosaic_tmux::{PaneTarget, ResolvedPane, Server};

use crate::protocol::DeliveryOptions;
use crate::spool::{AgentLock, Entry, MessageId, MessageOwner, Outbox, Record, RecordWriter, SpoolError, State};
use crate::waiting::{LOOK_AGAIN, wait_limit};
use crate::{Content, Interrupt, Label, Outcome, PaneDriver, Payload, Refusal, Sender};

/// Delivers messages to the agents on one tmux server.
#[derive(Clone, Copy)]
pub struct DeliveryService<'a> {
    /// Where messages are stored.
    pub outbox: &'a Outbox,
    /// The tmux server.
    pub server: &'a Server,
    /// The directory with the agents' activity reports.
    pub run_directory: &'a RunDirectory,
    /// Whether this process was asked to end.
    pub interrupt: &'a Interrupt,
}

/// How an attempt to type a message ended.
enum Tried {
    /// With an outcome, which is stored.
    Settled(Entry),
    /// Nothing was typed, because of an obstacle that can go away. Nothing is stored.
    Obstructed(Entry, Refusal),
}

/// An agent, or a pane that is not in a roster.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// The name under which its messages are stored.
    pub name: AgentName,
    /// The pane.
    pub target: PaneTarget,
    /// The profile of the program in the pane.
    pub profile: Profile,
    /// The process that a sidecar watches as the agent.
    pub watched: Option<ProcessIdentity>,
}

/// A message to send.
#[derive(Clone, Debug)]
pub struct Message {
    /// The label of the sender, which may be a claim.
    pub source: Label,
    /// The true sender, if it is known.
    pub sender: Option<Sender>,
    /// The text before the message, or an empty string.
    pub preamble: String,
    /// The text.
    pub payload: Payload,
    /// How long the message may wait for the agent.
    pub expires: Option<Timestamp>,
}

/// An error on this host that prevents a delivery, or prevents storing its outcome.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The outbox cannot be read or written.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// A runtime's profile cannot be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The identity of a process cannot be read.
    #[error("cannot read /proc: {0}")]
    Proc(#[source] io::Error),
}

impl DeliveryService<'_> {
    /// Sends a message now. The record in the entry has the outcome.
    ///
    /// # Errors
    /// The message cannot be stored, so nothing was typed; or its outcome cannot be stored.
    pub fn send(&self, to: &Recipient, message: &Message, options: DeliveryOptions) -> Result<Entry, DeliveryError> {
        let began = Instant::now();
        let (entry, lock) = self.stage_and_lock(to, message, options)?;
        let Some(lock) = lock else { return Ok(entry) };
        let entry = self.deliver_in_turns(to, entry, lock, options.after_waiting(began.elapsed()))?;
        // A failure to remove old messages does not change the outcome.
        let _ = self.outbox.remove_old(&to.name, Timestamp::now());
        Ok(entry)
    }

    /// Delivers a message when the agent is ready. While it is not, its lock is held only for a look at the pane, so that
    /// other senders, and the cancellation of other messages, go on.
    fn deliver_in_turns(
        &self,
        to: &Recipient,
        mut entry: Entry,
        mut lock: AgentLock,
        options: DeliveryOptions,
    ) -> Result<Entry, DeliveryError> {
        // A program without a prompt has to be looked at for a while before anything is typed.
        if options.without_prompt {
            return self.deliver(to, entry, options);
        }
        let began = Instant::now();
        loop {
            let refusal = match self.try_deliver(to, entry, options.without_waiting())? {
                Tried::Settled(settled) => return Ok(settled),
                Tried::Obstructed(obstructed, refusal) => {
                    entry = obstructed;
                    refusal
                }
            };
            let left = wait_limit(refusal.code(), &options.timeouts).saturating_sub(began.elapsed());
            if self.interrupt.is_requested() {
                return self.obstruct(to, entry, Refusal::Interrupted);
            }
            if left.is_zero() {
                return self.obstruct(to, entry, refusal);
            }
            drop(lock);
            thread::sleep(left.min(LOOK_AGAIN));
            let deadline = Instant::now() + left;
            lock = match self.outbox.lock_agent(&to.name, &entry.record.id, deadline, self.interrupt)? {
                Some(lock) => lock,
                None if self.interrupt.is_requested() => return self.obstruct(to, entry, Refusal::Interrupted),
                None => return self.obstruct(to, entry, refusal),
            };
        }
    }

    /// Sends messages one after the other without releasing the agent's lock, so that no other message comes between
    /// them. It stops after the first message that does not arrive, and returns an entry for each message that it tried.
    ///
    /// # Errors
    /// As [`DeliveryService::send`].
    pub fn send_sequence(
        &self,
        to: &Recipient,
        messages: &[(Message, DeliveryOptions)],
    ) -> Result<Vec<Entry>, DeliveryError> {
        let Some((first, options)) = messages.first() else { return Ok(Vec::new()) };
        let (entry, lock) = self.stage_and_lock(to, first, *options)?;
        if lock.is_none() {
            return Ok(Vec::from([entry]));
        }
        let mut sent = Vec::from([self.deliver(to, entry, *options)?]);
        for (message, options) in &messages[1..] {
            let arrived =
                sent.last().is_some_and(|entry| matches!(entry.record.state, State::Accepted | State::Queued));
            if !arrived {
                break;
            }
            let entry = self.stage(to, message, State::Staged)?;
            sent.push(if entry.record.state.is_final() { entry } else { self.deliver(to, entry, *options)? });
        }
        Ok(sent)
    }

    /// Stores a message until the agent is ready; [`DeliveryService::deliver_waiting`] delivers it.
    ///
    /// # Errors
    /// The message cannot be stored.
    pub fn enqueue(&self, to: &Recipient, message: &Message) -> Result<Entry, DeliveryError> {
        self.stage(to, message, State::Waiting)
    }

    /// Sends a stored message again now: the same text under the same id. The caller has decided by `entry` that it may
    /// be typed again; if the stored message has changed since, it is returned as it is. Returns `None` if the agent's
    /// lock was not available in time, and then nothing has changed.
    ///
    /// # Errors
    /// As [`DeliveryService::send`].
    pub fn retry(
        &self,
        to: &Recipient,
        entry: &Entry,
        options: DeliveryOptions,
    ) -> Result<Option<Entry>, DeliveryError> {
        let deadline = Instant::now() + options.timeouts.lock;
        let lock = self.outbox.lock_agent(&to.name, &MessageId::generate(), deadline, self.interrupt)?;
        let Some(lock) = lock else { return Ok(None) };
        let now = Timestamp::now();
        let mut current = self.outbox.message(&to.name, &entry.record.id)?.unwrap_or_else(|| entry.clone());
        if (current.record.state, current.record.since) != (entry.record.state, entry.record.since) {
            return Ok(Some(current));
        }
        if let Some(submitted) = self.retry_left(&lock, to, &current, options)? {
            return Ok(Some(submitted));
        }
        // The profile may have changed since, so the form is decided again.
        let content = match current.record.file {
            Some(_) => Content::Typed,
            None => Content::for_profile(&current.record.text, &to.profile),
        };
        match content {
            Content::Typed => {}
            Content::InFile => {
                let text = current.record.text.as_str();
                let path = self.outbox.store_text(&to.name, &current.record.id, text)?;
                let reference = Content::file_reference(&path, text.len());
                current.record.text = Payload::new(reference.as_bytes()).unwrap_or(current.record.text);
                current.record.file = Some(path);
            }
            Content::Refused(refusal) => {
                current.record.settle(&Outcome::Refused(refusal), now);
                self.outbox.store(&current)?;
                return Ok(Some(current));
            }
        }
        current.record.set_state(State::Staged, now);
        current.record.expires = None;
        current.record.owner = Some(this_process()?);
        self.outbox.store(&current)?;
        self.deliver(to, current, options).map(Some)
    }

    /// Stores a message that is sent now, and takes the agent's lock. Without the lock, the message is refused.
    fn stage_and_lock(
        &self,
        to: &Recipient,
        message: &Message,
        options: DeliveryOptions,
    ) -> Result<(Entry, Option<AgentLock>), DeliveryError> {
        let deadline = Instant::now() + options.timeouts.lock;
        let mut entry = self.stage(to, message, State::Staged)?;
        if entry.record.state.is_final() {
            return Ok((entry, None));
        }
        let lock = self.outbox.lock_agent(&to.name, &entry.record.id, deadline, self.interrupt)?;
        if lock.is_none() {
            let is_interrupted = self.interrupt.is_requested();
            let refusal = if is_interrupted { Refusal::Interrupted } else { Refusal::LockTimeout };
            entry.record.settle(&Outcome::Refused(refusal), Timestamp::now());
            self.outbox.store(&entry)?;
        }
        Ok((entry, lock))
    }

    /// Types a stored message. The caller holds the agent's lock.
    pub(crate) fn deliver(
        &self,
        to: &Recipient,
        entry: Entry,
        options: DeliveryOptions,
    ) -> Result<Entry, DeliveryError> {
        match self.try_deliver(to, entry, options)? {
            Tried::Settled(entry) => Ok(entry),
            Tried::Obstructed(entry, refusal) => self.obstruct(to, entry, refusal),
        }
    }

    /// Stores why a message was not typed. A waiting one waits on.
    fn obstruct(&self, to: &Recipient, mut entry: Entry, refusal: Refusal) -> Result<Entry, DeliveryError> {
        if entry.record.state == State::Waiting {
            let waiting = self.outbox.change_waiting(&to.name, &entry.record.id, |record| {
                (record.code, record.reason) = (Some(refusal.code().to_owned()), Some(refusal.to_string()));
            })?;
            return Ok(waiting.unwrap_or(entry));
        }
        entry.record.settle(&Outcome::Refused(refusal), Timestamp::now());
        self.outbox.store(&entry)?;
        Ok(entry)
    }

    /// Types a stored message, unless an obstacle is in the way that can go away. The caller holds the agent's lock.
    fn try_deliver(&self, to: &Recipient, mut entry: Entry, options: DeliveryOptions) -> Result<Tried, DeliveryError> {
        let before = entry.record.state;
        entry.record.date(&to.profile, Timestamp::now());
        entry.record.owner = Some(this_process()?);
        let outcome = match self.find_pane(to) {
            Err(refusal) if refusal.is_temporary() => return Ok(Tried::Obstructed(entry, refusal)),
            Err(refusal) => Outcome::Refused(refusal),
            Ok((pane, expected_process)) => match self.type_into(to, &pane, expected_process, &mut entry, options) {
                Err(DeliveryError::Spool(SpoolError::NotWaiting(id))) => {
                    return Ok(Tried::Settled(self.outbox.message(&to.name, &id)?.unwrap_or(entry)));
                }
                outcome => outcome?,
            },
        };
        match outcome {
            // A text that was typed and removed again is refused for good, unless the message waits.
            Outcome::Refused(refusal)
                if refusal.is_temporary() && (before == State::Waiting || entry.record.state == before) =>
            {
                Ok(Tried::Obstructed(entry, refusal))
            }
            outcome => {
                // The message may have been typed, so the outcome is returned even if it cannot be stored.
                if let Err(error) = RecordWriter::new(&mut entry).settle(&outcome) {
                    let reason = entry.record.reason.take().map_or(String::new(), |reason| reason + "; ");
                    entry.record.reason = Some(format!("{reason}the outcome is not in the outbox: {error}"));
                }
                Ok(Tried::Settled(entry))
            }
        }
    }

    /// Types the text of a message. A text that an earlier sender left in the composer is submitted first.
    fn type_into(
        &self,
        to: &Recipient,
        pane: &ResolvedPane,
        expected_process: Pid,
        entry: &mut Entry,
        options: DeliveryOptions,
    ) -> Result<Outcome, DeliveryError> {
        let text = entry.record.text.as_str().to_owned();
        let (buffer, id) = (format!("mosaic-{}", entry.record.id), entry.record.id.clone());
        let typed = typed_beginning(to, &entry.record).to_owned();
        let is_reported = || self.is_reported(to, &id);
        let mut left = self.left_text(to)?;
        let mut is_cleared = false;
        loop {
            let driver = PaneDriver {
                typed: &typed,
                left: left.as_ref().map(|(_, left)| left),
                is_reported: &is_reported,
                ..self.driver(to, pane, expected_process, options)
            };
            let outcome = driver.deliver(&text, &buffer, &mut RecordWriter::new(entry))?;
            // A person has interrupted the turn of an earlier message, and its text is in the composer again.
            if outcome == Outcome::Refused(Refusal::Draft) && !is_cleared {
                is_cleared = true;
                let driver = self.driver(to, pane, expected_process, options);
                if self.clear_taken_back(to, &driver)? {
                    left = None;
                    continue;
                }
            }
            let submittable = match (&outcome, &left) {
                (Outcome::Refused(Refusal::OwnDraft { .. }), Some((_, left))) => !left.is_entered,
                _ => false,
            };
            match left.take() {
                Some((mut earlier, _)) if submittable => {
                    let driver = self.driver(to, pane, expected_process, options);
                    match self.submit_left(to, &driver, &mut earlier)? {
                        Some(Outcome::Accepted | Outcome::Queued) => {}
                        _ => return Ok(outcome),
                    }
                }
                _ => return Ok(outcome),
            }
        }
    }

    pub(crate) fn driver<'b>(
        &'b self,
        to: &'b Recipient,
        pane: &'b ResolvedPane,
        expected_process: Pid,
        options: DeliveryOptions,
    ) -> PaneDriver<'b> {
        PaneDriver {
            server: self.server,
            pane,
            expected_process,
            profile: &to.profile,
            typed: "",
            options,
            is_reported: &|| false,
            left: None,
            interrupt: self.interrupt,
        }
    }

    /// Finds the recipient's pane, and the process in it.
    pub(crate) fn find_pane(&self, to: &Recipient) -> Result<(ResolvedPane, Pid), Refusal> {
        let pane = self.server.find_pane(&to.target).map_err(|error| Refusal::Tmux(error.to_string()))?;
        let pane = pane.ok_or(Refusal::NoSession)?;
        let is_alive = |watched| ProcRoot::default().liveness(watched).is_ok_and(Liveness::is_alive);
        // If the watched process is alive elsewhere, a person has started another program in the pane.
        if to.watched.as_ref().is_some_and(|watched| Some(watched.pid) != pane.pid && is_alive(watched)) {
            return Err(Refusal::AnotherProcess);
        }
        let pid = pane.pid.ok_or(Refusal::Dead)?;
        Ok((pane, pid))
    }

    fn stage(&self, to: &Recipient, message: &Message, state: State) -> Result<Entry, DeliveryError> {
        let (id, now) = (MessageId::generate(), Timestamp::now());
        let whole = message.payload.with_preamble(&message.preamble);
        let content = Content::for_profile(&whole, &to.profile);
        let (text, file) = match &content {
            Content::InFile => {
                let path = self.outbox.store_text(&to.name, &id, message.payload.as_str())?;
                let reference = Content::file_reference(&path, message.payload.as_str().len());
                let text = Payload::new(reference.as_bytes()).map(|text| text.with_preamble(&message.preamble));
                (text.unwrap_or(whole), Some(path))
            }
            Content::Typed | Content::Refused(_) => (whole, None),
        };
        let mut record = Record {
            schema: Record::SCHEMA,
            id,
            agent: to.name.to_string(),
            source: message.source.clone(),
            sender: message.sender.clone(),
            preamble: message.preamble.clone(),
            created: now,
            expires: message.expires,
            text,
            file,
            state,
            since: now,
            code: None,
            reason: None,
            entered: false,
            owner: if state.is_under_way() { Some(this_process()?) } else { None },
        };
        if let Content::Refused(refusal) = content {
            record.settle(&Outcome::Refused(refusal), now);
        }
        Ok(self.outbox.stage(&to.name, record)?)
    }

    pub(crate) fn is_reported(&self, to: &Recipient, id: &MessageId) -> bool {
        let report = mosaic_heartbeat::read_activity(&self.run_directory.activity(&to.name));
        report.is_ok_and(|report| report.is_some_and(|report| report.message_id.as_deref() == Some(id.as_str())))
    }
}

impl std::fmt::Debug for DeliveryService<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeliveryService")
            .field("outbox", &self.outbox)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// Returns the beginning of a message that is typed before the rest is pasted.
pub(crate) fn typed_beginning<'r>(to: &Recipient, record: &'r Record) -> &'r str {
    if to.profile.typed_preamble { &record.preamble } else { "" }
}

fn this_process() -> Result<MessageOwner, DeliveryError> {
    let process = Pid::new(std::process::id()).and_then(|pid| ProcRoot::default().identity(pid).transpose());
    match process {
        Some(identity) => identity.map(MessageOwner::from).map_err(DeliveryError::Proc),
        None => Err(DeliveryError::Proc(io::ErrorKind::NotFound.into())),
    }
}
