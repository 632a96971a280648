//! Sees to it that a message is delivered on this host.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mosaic_delivery::spool::{Entry, MessageId, Outbox, Turn};
use mosaic_delivery::{Label, Message, Payload, Post, PostError, Recipient, preamble};
use mosaic_domain::AgentName;
use mosaic_roster::Roster;
use mosaic_runtimes::Library;
use mosaic_tmux::{PaneTarget, Server};

use super::addressees::socket;
use super::{Addressees, Dispatch, Receipt, Receipts, short_host};
use crate::context::Context;
use crate::error::CommandError;

/// How many agents are typed to at once: more of them would only wait for tmux's one server.
const AT_ONCE: usize = 32;

/// tmux answers in milliseconds unless it hangs.
const PATIENCE: Duration = Duration::from_secs(5);

/// All that delivering takes on this host.
#[derive(Debug)]
pub(crate) struct Office<'a> {
    context: &'a Context,
    outbox: Outbox,
    library: Library,
}

impl<'a> Office<'a> {
    pub(crate) fn new(context: &'a Context) -> Self {
        let (outbox, library) = (Outbox::of(&context.fleet.home), Library::of(&context.fleet.home));
        Self { context, outbox, library }
    }

    /// Where messages are kept.
    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Delivers a message to all whom it is for, and tells what became of each.
    ///
    /// # Errors
    /// It makes no sense, or is for somebody whom the roster does not have, or the only one whom it is for
    /// cannot be written to: nobody is sent it then.
    pub(crate) fn carry_out(&self, dispatch: &Dispatch) -> Result<Receipts, CommandError> {
        let payload = Payload::new(dispatch.text.as_bytes())?;
        let (server, recipients) = self.recipients(&dispatch.to)?;
        let label = |text: &str| text.parse::<Label>().map_err(|error| CommandError::Usage(error.to_string()));
        let source = label(&dispatch.source)?;
        let host = label(&dispatch.host_label.clone().unwrap_or_else(short_host))?;
        let expires = dispatch.expires.map(|seconds| Timestamp::now() + Duration::from_secs_f64(seconds));
        let message = |to: &Recipient| Message {
            source: source.clone(),
            preamble: if dispatch.preamble && to.profile.preamble {
                preamble(&source, &host, to.name.as_str())
            } else {
                String::new()
            },
            payload: payload.clone(),
            expires,
        };
        let receipts = side_by_side(&recipients, |to| {
            let began = Instant::now();
            let entry = self.send(&server, to, &message(to), dispatch)?;
            Ok(Receipt::of(&entry.record, began.elapsed()))
        });
        if let [_] = recipients.as_slice() {
            return Ok(Receipts::here(receipts.into_iter().collect::<Result<_, PostError>>()?));
        }
        // One agent's trouble hides what became of the message to another.
        let told = recipients.iter().zip(receipts);
        let told = told.map(|(to, receipt)| receipt.unwrap_or_else(|error: PostError| Receipt::not_sent(to, &error)));
        Ok(Receipts::here(told.collect()))
    }

    fn send(&self, server: &Server, to: &Recipient, message: &Message, how: &Dispatch) -> Result<Entry, PostError> {
        let post = self.post(server);
        if how.expires.is_none() {
            return post.send(to, message, how.request());
        }
        let kept = post.keep(to, message)?;
        post.deliver(to, how.request())?;
        let id = &kept.record.id;
        Ok(self.outbox.message(&to.name, id)?.unwrap_or(kept))
    }

    /// The right to type to an agent, while which nobody else does.
    ///
    /// # Errors
    /// It did not come in that time.
    pub(crate) fn turn(&self, agent: &AgentName, patience: Duration) -> Result<Turn, CommandError> {
        let id = MessageId::draw().map_err(PostError::Proc)?;
        let turn = self.outbox.turn(agent, &id, Instant::now() + patience).map_err(PostError::from)?;
        turn.ok_or_else(|| {
            let seconds = patience.as_secs();
            CommandError::Busy(format!(
                "messages to {agent} have been under way for {seconds} s: try again in a moment"
            ))
        })
    }

    /// What delivers on that server.
    pub(crate) fn post<'b>(&'b self, server: &'b Server) -> Post<'b> {
        Post { outbox: &self.outbox, server, run_directory: &self.context.fleet.run_directory }
    }

    /// The fleet's tmux server.
    ///
    /// # Errors
    /// There is no tmux on this host, or it is too old.
    pub(crate) fn server(&self, roster: &Roster) -> Result<Server, CommandError> {
        let server = self.context.server(roster)?.within(PATIENCE);
        server.check_version()?;
        Ok(server)
    }

    /// An agent of the roster, as somebody to write to.
    ///
    /// # Errors
    /// Its runtime's profile cannot be used.
    pub(crate) fn recipient(&self, roster: &Roster, agent: &AgentName) -> Result<Recipient, CommandError> {
        let runtime = roster.agent(agent.as_str()).map(|agent| roster.settings(agent).runtime).unwrap_or_default();
        let beat = mosaic_heartbeat::read(&self.context.fleet.run_directory.heartbeat(agent));
        Ok(Recipient {
            name: agent.clone(),
            target: PaneTarget::agent(agent),
            profile: self.library.profile(&runtime).map_err(PostError::from)?,
            // One that cannot be read watches nobody.
            watched: beat
                .ok()
                .flatten()
                .filter(|beat| beat.status == mosaic_heartbeat::Status::Ok)
                .and_then(|beat| beat.process()),
        })
    }

    fn recipients(&self, to: &Addressees) -> Result<(Server, Vec<Recipient>), CommandError> {
        if let Addressees::Target { socket: given, target } = to {
            return self.target(given.as_deref(), target);
        }
        let roster = self.context.roster()?;
        let agents = to.agents(&roster)?;
        let recipients = agents.iter().map(|agent| self.recipient(&roster, agent)).collect::<Result<_, _>>()?;
        Ok((self.server(&roster)?, recipients))
    }

    /// A pane that somebody names, which may be an agent's all the same.
    fn target(&self, given: Option<&str>, target: &str) -> Result<(Server, Vec<Recipient>), CommandError> {
        let target: PaneTarget = target.parse().map_err(|error| CommandError::Usage(format!("{error}")))?;
        let socket = socket(given)?;
        let program = mosaic_tmux::find_program(self.context.fleet.environment.variable("PATH").as_deref())?;
        let server = Server::new(program, socket.clone()).within(PATIENCE);
        server.check_version()?;
        let found = server
            .find_pane(&target)?
            .ok_or_else(|| CommandError::NoTarget { target: target.to_string(), socket: socket.clone() })?;
        let agent: Option<AgentName> = found.session.parse().ok();
        if let (Some(agent), Ok(roster)) = (&agent, self.context.roster())
            && roster.tmux.socket_name == socket
            && roster.agent(agent.as_str()).is_some()
        {
            let recipient = self.recipient(&roster, agent)?;
            return Ok((server, Vec::from([Recipient { target: PaneTarget::Id(found.id), ..recipient }])));
        }
        // A session may be called anything; what is kept of its messages has a plain name.
        let plain = found.id.to_string().replace('%', "pane-");
        let name = agent.map_or_else(|| plain.parse(), Ok).map_err(|error| CommandError::Usage(format!("{error}")))?;
        let profile = self.library.profile_of_pane(&found).map_err(PostError::from)?;
        let recipient = Recipient { name, target: PaneTarget::Id(found.id), profile, watched: None };
        Ok((server, Vec::from([recipient])))
    }
}

/// Does it for each, several at once, and gives the answers in order.
pub(crate) fn side_by_side<T: Sync, A: Send>(all: &[T], work: impl Fn(&T) -> A + Sync) -> Vec<A> {
    let left: Mutex<VecDeque<usize>> = Mutex::new((0..all.len()).collect());
    let next = || left.lock().ok().and_then(|mut left| left.pop_front());
    let worker = || {
        let mut done = Vec::new();
        while let Some(nth) = next() {
            done.extend(all.get(nth).map(|one| (nth, work(one))));
        }
        done
    };
    let mut done = thread::scope(|scope| {
        let workers: Vec<_> = (0..all.len().min(AT_ONCE)).map(|_| scope.spawn(worker)).collect();
        // A worker that panicked has ended the program: see `bug`.
        workers.into_iter().filter_map(|worker| worker.join().ok()).flatten().collect::<Vec<_>>()
    });
    done.sort_by_key(|(nth, _)| *nth);
    done.into_iter().map(|(_, answer)| answer).collect()
}
