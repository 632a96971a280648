//! Counts the messages to each agent, for monitoring.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use mosaic_domain::{AgentName, MosaicHome};
use mosaic_process::FileFingerprint;
use rustix::fs::CWD;

use super::{Outbox, Record, SpoolError, State};

/// The messages to one agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageCounts {
    /// Messages that wait or are being delivered.
    pub undelivered: u64,
    /// When the oldest of them was created.
    pub oldest: Option<Timestamp>,
    /// Kept messages that were refused.
    pub refused: u64,
    /// Kept messages that expired.
    pub expired: u64,
    /// Kept messages of which it is not known whether they arrived.
    pub unconfirmed: u64,
}

impl MessageCounts {
    fn add(&mut self, record: &Record) {
        match record.state {
            state if !state.is_final() => {
                self.undelivered += 1;
                self.oldest = Some(self.oldest.map_or(record.created, |oldest| oldest.min(record.created)));
            }
            State::Refused => self.refused += 1,
            State::Expired => self.expired += 1,
            State::Unconfirmed => self.unconfirmed += 1,
            _ => {}
        }
    }
}

/// Counts messages, and reads those of an agent again only if its directory has changed: every change of a message
/// replaces its file.
#[derive(Debug)]
pub struct MessageCounter {
    home: MosaicHome,
    known: HashMap<AgentName, (FileFingerprint, MessageCounts)>,
}

impl MessageCounter {
    /// Creates a counter for the fleet in that home.
    #[must_use]
    pub fn new(home: &MosaicHome) -> Self {
        Self { home: home.clone(), known: HashMap::new() }
    }

    /// Counts the messages to each of these agents whose messages can be read.
    pub fn count_all<'a>(&mut self, agents: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, MessageCounts> {
        let mut count = |agent: &str| Some((agent.to_owned(), self.count(&agent.parse().ok()?).ok()?));
        agents.into_iter().filter_map(&mut count).collect()
    }

    /// Counts the messages to an agent. A file that is not a message is left out.
    ///
    /// # Errors
    /// The outbox cannot be read.
    pub fn count(&mut self, agent: &AgentName) -> Result<MessageCounts, SpoolError> {
        let directory = self.home.paths().agent_outbox(agent);
        let Some(now) = FileFingerprint::read(CWD, &directory).ok().flatten() else {
            self.known.remove(agent);
            return Ok(MessageCounts::default());
        };
        if let Some((then, counts)) = self.known.get(agent)
            && then.still_matches(&now)
        {
            return Ok(*counts);
        }
        let mut counts = MessageCounts::default();
        for entry in Outbox::new(&self.home).messages(agent)?.into_iter().flatten() {
            counts.add(&entry.record);
        }
        self.known.insert(agent.clone(), (now, counts));
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::{MessageCounter, MessageCounts};
    use mosaic_domain::MosaicHome;
    use std::fs;

    /// A record in this state, created at this second.
    fn record(id: &str, state: &str, created: u8) -> String {
        format!(
            r#"{{"schema":1,"id":"{id}","agent":"coder0","source":"vm:a","created":"2026-11-20T14:58:{created:02}Z",
            "text":"hi","state":"{state}","since":"2026-11-20T14:59:00Z"}}"#
        )
    }

    #[test]
    fn messages_are_counted_by_what_became_of_them() {
        let directory = tempfile::tempdir().unwrap();
        let home = MosaicHome::from_environment(|name| {
            (name == "MOSAIC_HOME").then(|| directory.path().as_os_str().to_owned())
        })
        .unwrap();
        let agent = "coder0".parse().unwrap();
        let mut counter = MessageCounter::new(&home);
        assert_eq!(counter.count(&agent).unwrap(), MessageCounts::default(), "an agent without a directory");
        let outbox = home.paths().agent_outbox(&agent);
        fs::create_dir_all(&outbox).unwrap();
        let states = ["waiting", "submitted", "accepted", "refused", "refused", "expired", "unconfirmed", "cancelled"];
        for (number, state) in (1_u8..).zip(states) {
            let id = format!("{number:014x}-{number:04x}");
            fs::write(outbox.join(format!("{id}.json")), record(&id, state, 10 - number)).unwrap();
        }
        let expected = MessageCounts {
            undelivered: 2,
            oldest: Some("2026-11-20T14:58:08Z".parse().unwrap()),
            refused: 2,
            expired: 1,
            unconfirmed: 1,
        };
        assert_eq!(counter.count(&agent).unwrap(), expected);
        assert_eq!(counter.count(&agent).unwrap(), expected);
        for file in fs::read_dir(&outbox).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
        assert_eq!(counter.count(&agent).unwrap(), MessageCounts::default(), "a change is seen");
    }
}
