//! The post office of a fleet: takes messages, keeps them, and sees to their delivery.

mod deliver;
mod retry;
mod row;

use std::io;
use std::time::Instant;

use jiff::Timestamp;
use mosaic_domain::Pid;
use mosaic_heartbeat::RunDirectory;
use mosaic_process::{Liveness, ProcRoot};
use mosaic_tmux::{ResolvedPane, Server};

use crate::spool::{Carrier, Entry, Keeper, MessageId, Outbox, Record, State, Turn};
use crate::{Content, Courier, Label, Outcome, Payload, PostError, Recipient, Refusal, Request};

/// What delivering takes.
#[derive(Clone, Copy)]
pub struct Post<'a> {
    /// Where messages are kept.
    pub outbox: &'a Outbox,
    /// The fleet's tmux server.
    pub server: &'a Server,
    /// Where agents say what they do.
    pub run_directory: &'a RunDirectory,
}

/// A message that is to be sent.
#[derive(Clone, Debug)]
pub struct Message {
    /// Whom it is from.
    pub source: Label,
    /// What stands before it.
    pub preamble: String,
    /// Its text.
    pub payload: Payload,
    /// It may wait for the agent, until then.
    pub expires: Option<Timestamp>,
}

impl Post<'_> {
    /// Sends a message, now or never; what became of it is in the entry.
    ///
    /// # Errors
    /// It could not be kept, so nothing was typed; or what became of it could not.
    pub fn send(&self, to: &Recipient, message: &Message, request: Request) -> Result<Entry, PostError> {
        match self.begin(to, message, request)? {
            (entry, Some(_turn)) => {
                let entry = self.carry(to, entry, request)?;
                // What is left over is no reason to doubt what was done.
                let _ = self.outbox.forget_old(&to.name, Timestamp::now());
                Ok(entry)
            }
            (entry, None) => Ok(entry),
        }
    }

    /// Keeps a message until the agent is ready for it; [`Post::deliver`] sees to the rest.
    ///
    /// # Errors
    /// It could not be kept.
    pub fn keep(&self, to: &Recipient, message: &Message) -> Result<Entry, PostError> {
        self.stage(to, message, State::Waiting)
    }

    /// Keeps a message that is to be carried now, and takes the turn; without one it is refused.
    fn begin(&self, to: &Recipient, message: &Message, request: Request) -> Result<(Entry, Option<Turn>), PostError> {
        let deadline = Instant::now() + request.patience.turn;
        let mut entry = self.stage(to, message, State::Staged)?;
        if entry.record.state.is_final() {
            return Ok((entry, None));
        }
        let turn = self.outbox.turn(&to.name, &entry.record.id, deadline)?;
        if turn.is_none() {
            entry.record.settle(&Outcome::Refused(Refusal::NoTurn), Timestamp::now());
            self.outbox.keep(&entry)?;
        }
        Ok((entry, turn))
    }

    /// Carries a message; whose turn it is was seen to.
    fn carry(&self, to: &Recipient, mut entry: Entry, request: Request) -> Result<Entry, PostError> {
        let may_wait = entry.record.state == State::Waiting;
        let text = entry.record.text.as_str().to_owned();
        let (name, id) = (format!("mosaic-{}", entry.record.id), entry.record.id.clone());
        let is_reported = || self.is_reported(to, &id);
        entry.record.carrier = Some(own_identity()?);
        let outcome = match self.find(to) {
            Err(refusal) => Outcome::Refused(refusal),
            Ok((pane, meant)) => {
                let courier = Courier {
                    server: self.server,
                    pane: &pane,
                    meant,
                    profile: &to.profile,
                    request,
                    is_reported: &is_reported,
                };
                let mut keeper = Keeper::new(&mut entry);
                let outcome = courier.carry(&text, &name, &mut keeper)?;
                // Unless it waits on.
                if !matches!(&outcome, Outcome::Refused(refusal) if may_wait && refusal.passes()) {
                    let kept = keeper.settle(&outcome);
                    // What is known is told, also where it could not be kept: it may have been typed.
                    if let Err(error) = kept {
                        let known = entry.record.reason.take().map_or(String::new(), |reason| reason + "; ");
                        entry.record.reason = Some(format!("{known}the outbox does not know of it: {error}"));
                    }
                    return Ok(entry);
                }
                outcome
            }
        };
        match outcome {
            Outcome::Refused(refusal) if may_wait && refusal.passes() => {
                let since = entry.record.since;
                entry.record.turn(State::Waiting, since);
                (entry.record.code, entry.record.reason) = (Some(refusal.code().to_owned()), Some(refusal.to_string()));
            }
            outcome => entry.record.settle(&outcome, Timestamp::now()),
        }
        self.outbox.keep(&entry)?;
        Ok(entry)
    }

    /// The recipient's pane, and the process in it.
    fn find(&self, to: &Recipient) -> Result<(ResolvedPane, Pid), Refusal> {
        let pane = self.server.find_pane(&to.target).map_err(|error| Refusal::Tmux(error.to_string()))?;
        let pane = pane.ok_or(Refusal::NoSession)?;
        let is_watched = |watched| ProcRoot::default().liveness(watched).is_ok_and(Liveness::is_alive);
        // What is watched lives, and is not what runs here: somebody has put another program into the pane.
        if to.watched.as_ref().is_some_and(|watched| watched.pid != pane.pid && is_watched(watched)) {
            return Err(Refusal::AnotherProcess);
        }
        let pid = pane.pid;
        Ok((pane, pid))
    }

    fn stage(&self, to: &Recipient, message: &Message, state: State) -> Result<Entry, PostError> {
        let (id, now) = (message_id()?, Timestamp::now());
        let whole = message.payload.after(&message.preamble);
        let content = Content::of(&whole, &to.profile);
        let (text, file) = match &content {
            Content::InFile => {
                let path = self.outbox.put_file(&to.name, &id, message.payload.as_str())?;
                let pointer = Content::pointer(&path, message.payload.as_str().len());
                let pointer = Payload::new(pointer.as_bytes()).map_or(whole, |text| text.after(&message.preamble));
                (pointer, Some(path))
            }
            Content::Typed | Content::Refused(_) => (whole, None),
        };
        let mut record = Record {
            schema: Record::SCHEMA,
            id,
            agent: to.name.to_string(),
            source: message.source.clone(),
            created: now,
            expires: message.expires,
            text,
            file,
            state,
            since: now,
            code: None,
            reason: None,
            carrier: if state.is_under_way() { Some(own_identity()?) } else { None },
        };
        if let Content::Refused(refusal) = content {
            record.settle(&Outcome::Refused(refusal), now);
        }
        Ok(self.outbox.stage(&to.name, record)?)
    }

    fn is_reported(&self, to: &Recipient, id: &MessageId) -> bool {
        let report = mosaic_heartbeat::read_activity(&self.run_directory.activity(&to.name));
        report.is_ok_and(|report| report.is_some_and(|report| report.message_id.as_deref() == Some(id.as_str())))
    }
}

impl std::fmt::Debug for Post<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post").field("outbox", &self.outbox).field("server", &self.server).finish_non_exhaustive()
    }
}

fn own_identity() -> Result<Carrier, PostError> {
    let process = Pid::new(std::process::id()).and_then(|pid| ProcRoot::default().identity(pid).transpose());
    match process {
        Some(identity) => identity.map(Carrier::from).map_err(PostError::Proc),
        None => Err(PostError::Proc(io::ErrorKind::NotFound.into())),
    }
}

fn message_id() -> Result<MessageId, PostError> {
    MessageId::draw().map_err(PostError::Proc)
}
