//! All messages of a fleet.

use std::fs::{self, DirBuilder};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mosaic_domain::{AgentName, MosaicHome};
use rustix::fs::OFlags;

use super::entry::Durability;
use super::{Entry, MessageId, Record, SpoolError, State, Turn};

/// Where messages are kept.
#[derive(Clone, Debug)]
pub struct Outbox {
    home: MosaicHome,
}

/// How long is remembered what became of a message.
const REMEMBERED: Duration = Duration::from_hours(7 * 24);

/// Of how many messages to one agent that is remembered.
const REMEMBERED_COUNT: usize = 1000;

/// No message's file is longer: a text has 16 MiB at most, and six bytes a character in JSON.
const LONGEST_FILE: u64 = 128 << 20;

impl Outbox {
    /// That of a fleet.
    #[must_use]
    pub fn of(home: &MosaicHome) -> Self {
        Self { home: home.clone() }
    }

    fn directory(&self, agent: &AgentName) -> PathBuf {
        self.home.paths().outbox().join(agent.as_str())
    }

    /// Puts a message there.
    ///
    /// # Errors
    /// It cannot be written: nothing of it is there then.
    pub fn stage(&self, agent: &AgentName, record: Record) -> Result<Entry, SpoolError> {
        let directory = make(self.directory(agent))?;
        let entry = Entry { path: directory.join(format!("{}.json", record.id)), record };
        entry.write(durability(entry.record.state))?;
        if entry.record.state == State::Waiting {
            // After the message: whoever removes the mark looks for messages afterwards.
            self.mark_waiting(agent)?;
        }
        Ok(entry)
    }

    /// Puts a text there that is too long to be typed; the path that the agent is told.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put_file(&self, agent: &AgentName, id: &MessageId, text: &str) -> Result<PathBuf, SpoolError> {
        let directory = make(self.directory(agent).join("files"))?;
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

    /// Waits for the right to type to an agent; `None` if it did not come by `deadline`.
    ///
    /// # Errors
    /// The outbox cannot be written.
    pub fn turn(&self, agent: &AgentName, id: &MessageId, deadline: Instant) -> Result<Option<Turn>, SpoolError> {
        Turn::take(&make(self.directory(agent))?, id.as_str(), deadline)
    }

    /// The messages to an agent, oldest first; a file that is none is an error of its own.
    ///
    /// # Errors
    /// The outbox cannot be read.
    pub fn messages(&self, agent: &AgentName) -> Result<Vec<Result<Entry, SpoolError>>, SpoolError> {
        let directory = self.directory(agent);
        let ids = ids(&directory)?;
        let read = ids.iter().map(|id| read(&directory, id));
        Ok(read.filter_map(Result::transpose).collect())
    }

    /// A message as it is now; `None` if it is not there any more.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn message(&self, agent: &AgentName, id: &MessageId) -> Result<Option<Entry>, SpoolError> {
        read(&self.directory(agent), id)
    }

    /// The agents to which there are, or were, messages.
    ///
    /// # Errors
    /// The outbox cannot be read.
    pub fn agents(&self) -> Result<Vec<AgentName>, SpoolError> {
        let mut agents: Vec<AgentName> =
            names(&self.home.paths().outbox())?.iter().filter_map(|name| name.parse().ok()).collect();
        agents.sort_unstable();
        Ok(agents)
    }

    /// Do messages wait for an agent?
    #[must_use]
    pub fn has_waiting(&self, agent: &AgentName) -> bool {
        self.home.paths().waiting_mark(agent).exists()
    }

    /// Marks that messages wait.
    ///
    /// # Errors
    /// The mark cannot be made.
    pub fn mark_waiting(&self, agent: &AgentName) -> Result<(), SpoolError> {
        let mark = self.home.paths().waiting_mark(agent);
        let mut options = fs::OpenOptions::new();
        let made = options.write(true).create(true).truncate(false).mode(0o600).open(&mark);
        made.map(drop).map_err(SpoolError::io("make", mark))
    }

    /// Takes the mark away; whoever does looks for messages afterwards.
    ///
    /// # Errors
    /// It cannot be taken away.
    pub fn unmark_waiting(&self, agent: &AgentName) -> Result<(), SpoolError> {
        let mark = self.home.paths().waiting_mark(agent);
        match fs::remove_file(&mark) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(SpoolError::io("remove", mark)(source)),
            _ => Ok(()),
        }
    }

    /// Keeps what a message says now.
    ///
    /// # Errors
    /// It cannot be written; what was there is untouched.
    pub fn keep(&self, entry: &Entry) -> Result<(), SpoolError> {
        entry.write(durability(entry.record.state))
    }

    /// Forgets what became of old messages, and their files.
    ///
    /// # Errors
    /// The outbox cannot be read.
    pub fn forget_old(&self, agent: &AgentName, now: Timestamp) -> Result<(), SpoolError> {
        let directory = self.directory(agent);
        let ids = ids(&directory)?;
        let since = MessageId::new(now - REMEMBERED, 0);
        let many = ids.len().saturating_sub(REMEMBERED_COUNT);
        for (nth, id) in ids.iter().enumerate() {
            let is_old = *id < since || nth < many;
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

/// Makes a directory, unless it is there.
fn make(directory: PathBuf) -> Result<PathBuf, SpoolError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&directory);
    made.map_err(SpoolError::io("make the directory", &directory))?;
    Ok(directory)
}

fn durability(state: State) -> Durability {
    if state == State::Waiting { Durability::OnDisk } else { Durability::InMemory }
}

fn ids(directory: &Path) -> Result<Vec<MessageId>, SpoolError> {
    let named = names(directory)?;
    let mut ids: Vec<MessageId> = named.iter().filter_map(|name| name.strip_suffix(".json")?.parse().ok()).collect();
    ids.sort_unstable();
    Ok(ids)
}

fn names(directory: &Path) -> Result<Vec<String>, SpoolError> {
    match fs::read_dir(directory) {
        Ok(found) => Ok(found.flatten().filter_map(|found| found.file_name().into_string().ok()).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(SpoolError::io("read", directory)(source)),
    }
}

/// Opens a file that is one: a FIFO would hold up whoever opens it.
fn regular(path: &Path) -> io::Result<fs::File> {
    let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed();
    let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
}

fn read(directory: &Path, id: &MessageId) -> Result<Option<Entry>, SpoolError> {
    let path = directory.join(format!("{id}.json"));
    let mut bytes = Vec::new();
    match regular(&path).and_then(|file| file.take(LONGEST_FILE).read_to_end(&mut bytes)) {
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
        Ok(record) => Err(SpoolError::Malformed { path, message: format!("it says that it is {}", record.id) }),
        Err(error) => Err(SpoolError::Malformed { path, message: error.to_string() }),
    }
}
