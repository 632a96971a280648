//! The outbox of a fleet: all messages to its agents, on disk.

use std::fs::{self, DirBuilder};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mosaic_domain::{AgentName, MosaicHome};
use rustix::fs::OFlags;

use super::record_writer::{Durability, TYPED_MARK};
use super::{AgentLock, Entry, MessageId, Record, State};
use crate::Interrupt;

/// The outbox of a fleet.
#[derive(Clone, Debug)]
pub struct Outbox {
    home: MosaicHome,
}

/// How long a message in a final state is kept.
const RETENTION: Duration = Duration::from_hours(7 * 24);

/// How many messages to one agent are kept.
const RETENTION_COUNT: usize = 1000;

/// The largest size of a message's file: a text has at most 16 MiB, and a byte becomes at most six in JSON.
const LONGEST_FILE: u64 = 128 << 20;

impl Outbox {
    /// Returns the outbox of the fleet in that home.
    #[must_use]
    pub fn new(home: &MosaicHome) -> Self {
        Self { home: home.clone() }
    }

    fn directory(&self, agent: &AgentName) -> PathBuf {
        self.home.paths().agent_outbox(agent)
    }

    /// Stores a new message.
    ///
    /// # Errors
    /// The message cannot be written, and no part of it is stored.
    pub fn stage(&self, agent: &AgentName, record: Record) -> Result<Entry, SpoolError> {
        let directory = make_directory(self.directory(agent))?;
        let entry = Entry { path: directory.join(format!("{}.json", record.id)), record };
        entry.write(durability(entry.record.state))?;
        if entry.record.state == State::Waiting {
            // The mark is made after the message, because a process that removes the mark reads the messages afterwards.
            self.mark_waiting(agent)?;
        }
        Ok(entry)
    }

    /// Stores a text that cannot be typed, and returns the path of the file that the agent is asked to read.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn store_text(&self, agent: &AgentName, id: &MessageId, text: &str) -> Result<PathBuf, SpoolError> {
        let directory = make_directory(self.directory(agent).join("files"))?;
        let path = directory.join(format!("{id}.txt"));
        let mut options = fs::OpenOptions::new();
        let written = options.write(true).create_new(true).mode(0o600).open(&path).and_then(|mut file| {
            io::Write::write_all(&mut file, text.as_bytes())?;
            file.sync_all()
        });
        if let Err(source) = written {
            let _ = fs::remove_file(&path);
            return Err(SpoolError::io("write", path)(source));
        }
        Ok(path)
    }

    /// Waits for the lock of an agent; `None` if it is not available by `deadline`, or this process is asked to end.
    /// Processes get the lock in the order of `id`.
    ///
    /// # Errors
    /// The outbox cannot be written.
    pub fn lock_agent(
        &self,
        agent: &AgentName,
        id: &MessageId,
        deadline: Instant,
        interrupt: &Interrupt,
    ) -> Result<Option<AgentLock>, SpoolError> {
        AgentLock::acquire(&make_directory(self.directory(agent))?, id.as_str(), deadline, interrupt)
    }

    /// Reads the messages to an agent, the oldest first. A file that is not a message is an error in the list.
    ///
    /// # Errors
    /// The outbox cannot be read.
    pub fn messages(&self, agent: &AgentName) -> Result<Vec<Result<Entry, SpoolError>>, SpoolError> {
        let directory = self.directory(agent);
        let ids = message_ids(&directory)?;
        let read = ids.iter().map(|id| read(&directory, id));
        Ok(read.filter_map(Result::transpose).collect())
    }

    /// Reads the latest messages to an agent, at most `count`, the newest first. A file that is not a message is left out.
    ///
    /// # Errors
    /// The outbox cannot be read.
    pub fn latest(&self, agent: &AgentName, count: usize) -> Result<Vec<Entry>, SpoolError> {
        let directory = self.directory(agent);
        let ids = message_ids(&directory)?;
        Ok(ids.iter().rev().take(count).filter_map(|id| read(&directory, id).ok().flatten()).collect())
    }

    /// Reads a message; `None` if it no longer exists.
    ///
    /// # Errors
    /// The file cannot be read, or is not a message.
    pub fn message(&self, agent: &AgentName, id: &MessageId) -> Result<Option<Entry>, SpoolError> {
        read(&self.directory(agent), id)
    }

    /// Lists the agents that have a directory in the outbox, sorted by name.
    ///
    /// # Errors
    /// The outbox cannot be read.
    pub fn agents(&self) -> Result<Vec<AgentName>, SpoolError> {
        let mut agents: Vec<AgentName> =
            file_names(&self.home.paths().outbox())?.iter().filter_map(|name| name.parse().ok()).collect();
        agents.sort_unstable();
        Ok(agents)
    }

    /// Returns whether an agent is marked as having waiting messages.
    #[must_use]
    pub fn has_waiting(&self, agent: &AgentName) -> bool {
        self.home.paths().waiting_mark(agent).exists()
    }

    /// Reads the message whose text may be in the agent's composer, if there is one.
    ///
    /// # Errors
    /// The message cannot be read.
    pub fn typed(&self, agent: &AgentName) -> Result<Option<Entry>, SpoolError> {
        let directory = self.directory(agent);
        let mut id = String::new();
        let mark = open_regular(&directory.join(TYPED_MARK)).and_then(|file| file.take(64).read_to_string(&mut id));
        match (mark, id.parse()) {
            (Ok(_), Ok(id)) => read(&directory, &id),
            // Without a valid mark, the text counts as one of a person, which is never changed.
            _ => Ok(None),
        }
    }

    /// Marks that messages wait for an agent.
    ///
    /// # Errors
    /// The mark cannot be made.
    pub fn mark_waiting(&self, agent: &AgentName) -> Result<(), SpoolError> {
        let mark = self.home.paths().waiting_mark(agent);
        let mut options = fs::OpenOptions::new();
        let made = options.write(true).create(true).truncate(false).mode(0o600).open(&mark);
        made.map(drop).map_err(SpoolError::io("create", mark))
    }

    /// Removes the mark. The caller has to read the messages afterwards.
    ///
    /// # Errors
    /// The mark cannot be removed.
    pub fn unmark_waiting(&self, agent: &AgentName) -> Result<(), SpoolError> {
        let mark = self.home.paths().waiting_mark(agent);
        match fs::remove_file(&mark) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(SpoolError::io("remove", mark)(source)),
            _ => Ok(()),
        }
    }

    /// Replaces the file of a message.
    ///
    /// # Errors
    /// The file cannot be written, and the old one remains.
    pub fn store(&self, entry: &Entry) -> Result<(), SpoolError> {
        entry.write(durability(entry.record.state))
    }

    /// Changes a message if it waits, and returns it; a message in another state stays unchanged. `None` if there is no
    /// such message. A message stops waiting in one step, so no process delivers it after it was canceled here.
    ///
    /// # Errors
    /// The message cannot be read or written.
    pub fn change_waiting(
        &self,
        agent: &AgentName,
        id: &MessageId,
        change: impl FnOnce(&mut Record),
    ) -> Result<Option<Entry>, SpoolError> {
        let directory = self.directory(agent);
        let _lock = lock_records(&directory)?;
        let Some(mut entry) = read(&directory, id)? else { return Ok(None) };
        if entry.record.state == State::Waiting {
            let before = entry.record.clone();
            change(&mut entry.record);
            if entry.record != before {
                self.store(&entry)?;
            }
        }
        Ok(Some(entry))
    }

    /// Cancels a message if it waits, and returns it; a message in another state stays unchanged. `None` if there is no
    /// such message.
    ///
    /// # Errors
    /// The message cannot be read or written.
    pub fn cancel(&self, agent: &AgentName, id: &MessageId) -> Result<Option<Entry>, SpoolError> {
        let canceled = self.change_waiting(agent, id, |record| record.set_state(State::Cancelled, Timestamp::now()))?;
        if canceled.as_ref().is_some_and(|entry| entry.record.state == State::Cancelled) {
            self.unmark_waiting(agent)?;
            let others = self.messages(agent)?;
            if others.iter().flatten().any(|entry| entry.record.state == State::Waiting) {
                self.mark_waiting(agent)?;
            }
        }
        Ok(canceled)
    }

    /// Removes old messages in a final state, and their texts.
    ///
    /// # Errors
    /// The outbox cannot be read.
    pub fn remove_old(&self, agent: &AgentName, now: Timestamp) -> Result<(), SpoolError> {
        let directory = self.directory(agent);
        let ids = message_ids(&directory)?;
        let since = MessageId::new(now - RETENTION, 0);
        let excess = ids.len().saturating_sub(RETENTION_COUNT);
        for (nth, id) in ids.iter().enumerate() {
            let is_old = *id < since || nth < excess;
            if is_old
                && read(&directory, id).is_ok_and(|entry| entry.is_some_and(|entry| entry.record.state.is_final()))
            {
                let _ = fs::remove_file(directory.join(format!("{id}.json")));
                let _ = fs::remove_file(directory.join(format!("files/{id}.txt")));
            }
        }
        Ok(())
    }
}

/// A file of the outbox that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// An operation on a file or directory failed.
    #[error("cannot {what} {}: {source}", .path.display())]
    Io {
        /// The operation.
        what: &'static str,
        /// The path.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
    /// A message that was about to be typed no longer waits: it was canceled, or another process delivers it.
    #[error("the message {0} no longer waits")]
    NotWaiting(MessageId),
    /// A file is not a message.
    #[error("{} is not a message: {message}; remove the file, or move it elsewhere", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
}

impl SpoolError {
    pub(super) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }
}

/// Makes a directory, unless it exists.
fn make_directory(directory: PathBuf) -> Result<PathBuf, SpoolError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&directory);
    made.map_err(SpoolError::io("create the directory", &directory))?;
    Ok(directory)
}

fn durability(state: State) -> Durability {
    if state == State::Waiting { Durability::OnDisk } else { Durability::InMemory }
}

/// Waits for the lock under which a message stops waiting. Every holder releases it within microseconds.
pub(super) fn lock_records(directory: &Path) -> Result<fs::File, SpoolError> {
    let path = directory.join(".records");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(&path).map_err(SpoolError::io("open", &path))?;
    file.lock().map_err(SpoolError::io("lock", path))?;
    Ok(file)
}

fn message_ids(directory: &Path) -> Result<Vec<MessageId>, SpoolError> {
    let named = file_names(directory)?;
    let mut ids: Vec<MessageId> = named.iter().filter_map(|name| name.strip_suffix(".json")?.parse().ok()).collect();
    ids.sort_unstable();
    Ok(ids)
}

fn file_names(directory: &Path) -> Result<Vec<String>, SpoolError> {
    match fs::read_dir(directory) {
        Ok(found) => Ok(found.flatten().filter_map(|found| found.file_name().into_string().ok()).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(SpoolError::io("read", directory)(source)),
    }
}

/// Opens a regular file. Opening a FIFO would block.
fn open_regular(path: &Path) -> io::Result<fs::File> {
    let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed();
    let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
}

pub(super) fn read(directory: &Path, id: &MessageId) -> Result<Option<Entry>, SpoolError> {
    let path = directory.join(format!("{id}.json"));
    let mut bytes = Vec::new();
    match open_regular(&path).and_then(|file| file.take(LONGEST_FILE).read_to_end(&mut bytes)) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(SpoolError::io("read", path)(source)),
    }
    match serde_json::from_slice::<Record>(&bytes) {
        Ok(record) if record.schema == Record::SCHEMA && record.id == *id => Ok(Some(Entry { record, path })),
        Ok(record) if record.schema != Record::SCHEMA => {
            let message = format!("its schema is {}, expected {}", record.schema, Record::SCHEMA);
            Err(SpoolError::Malformed { path, message })
        }
        Ok(record) => Err(SpoolError::Malformed { path, message: format!("it contains the message {}", record.id) }),
        Err(error) => Err(SpoolError::Malformed { path, message: error.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MessageId, Outbox, Record, State};
    use crate::{Interrupt, Payload};
    use jiff::Timestamp;
    use mosaic_domain::{AgentName, MosaicHome};
    use std::time::Instant;

    #[test]
    fn only_a_waiting_message_is_canceled() {
        let directory = tempfile::tempdir().unwrap();
        let home = MosaicHome::from_environment(|_| Some(directory.path().into())).unwrap();
        let outbox = Outbox::new(&home);
        let agent: AgentName = "coder0".parse().unwrap();
        for (nth, (before, after)) in
            [(State::Waiting, State::Cancelled), (State::Accepted, State::Accepted), (State::Refused, State::Refused)]
                .into_iter()
                .enumerate()
        {
            let now = Timestamp::now();
            let id = MessageId::new(now, u16::try_from(nth).unwrap());
            // A delivery that waits for the agent does not delay the cancellation.
            let _lock = outbox.lock_agent(&agent, &id, Instant::now(), &Interrupt::default()).unwrap().unwrap();
            assert!(outbox.cancel(&agent, &id).unwrap().is_none(), "the message does not exist yet");
            let record = Record {
                schema: Record::SCHEMA,
                id: id.clone(),
                agent: agent.to_string(),
                source: "test".parse().unwrap(),
                sender: None,
                preamble: String::new(),
                created: now,
                expires: None,
                text: Payload::new(b"hello").unwrap(),
                file: None,
                state: before,
                since: now,
                code: None,
                reason: None,
                entered: false,
                owner: None,
            };
            outbox.stage(&agent, record).unwrap();
            assert_eq!(outbox.cancel(&agent, &id).unwrap().unwrap().record.state, after);
            assert!(!outbox.has_waiting(&agent), "{before}");
            assert_eq!(outbox.message(&agent, &id).unwrap().unwrap().record.state, after);
        }
    }
}
