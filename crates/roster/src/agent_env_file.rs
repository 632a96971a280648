//! The env file of an agent: merges the generated variables into a file that the site may have edited.

use std::path::Path;
use std::{fmt, io};

use mosaic_domain::env_var;
use mosaic_env_file::{End, Entry, EntryKind, parse, quote};
use mosaic_regular_file::MAX_CONFIGURATION_BYTES;

use crate::AgentSettings;

/// The env file of an agent (`agents/NAME.env`), in the syntax of systemd's `EnvironmentFile=`.
///
/// Every byte that was not generated is kept, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentEnvFile {
    entries: Vec<Entry>,
}

/// Who owns a generated variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// The roster: a value that the site sets is overwritten.
    Roster,
    /// The roster if [`AgentEnvFile::MARKER`] is on the line above, else the site.
    Marked,
}

/// What to do with a generated variable.
enum Action {
    Set(String),
    Remove,
    Keep,
}

const HEADER: &str = "# Written by mosaic fleet install, from the roster. Your own lines and comments here are kept.";

impl AgentEnvFile {
    /// The comment above a generated variable that the site may also set.
    pub const MARKER: &str = "# From the roster; the next line is written again by mosaic fleet install.";

    /// Parses the text of a file. Every text is valid.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self { entries: parse(text) }
    }

    /// Reads a file; `None` if it does not exist.
    ///
    /// # Errors
    /// The file cannot be read, is not a regular file or is not valid UTF-8.
    pub fn read(path: &Path) -> io::Result<Option<Self>> {
        match mosaic_regular_file::read_text(path, MAX_CONFIGURATION_BYTES) {
            Ok(text) => Ok(Some(Self::parse(&text))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The value that systemd would set for this variable.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<String> {
        self.assignments().rfind(|(name, _)| *name == key).map(|(_, value)| value.to_owned())
    }

    /// The variables that systemd would set. The last of several assignments to one name wins.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        mosaic_env_file::variables(&self.entries)
    }

    /// The file with the generated variables updated in place or appended, and everything else kept.
    /// `PATH` is left unchanged if `search_path` is `None`.
    #[must_use]
    pub fn merged(&self, settings: &AgentSettings, search_path: Option<&str>) -> Self {
        let mut merged = self.clone();
        if merged.entries.is_empty() {
            merged.append(format!("{HEADER}\n"), EntryKind::Other);
        }
        let actions: Vec<_> = actions(settings, search_path, self.value(env_var::AGENT_NAME).is_some()).collect();
        // All removals come first: they decide whether a line follows a comment that ends with a backslash.
        for (key, owner, action) in &actions {
            match action {
                Action::Keep => {}
                Action::Set(_) if *owner == Owner::Roster || !merged.is_set_by_site(key) => {
                    let first = (0..merged.entries.len()).find(|at| merged.assigns(*at, key));
                    merged.remove(key, *owner, first.map_or(0, |first| first + 1));
                }
                Action::Set(_) | Action::Remove => merged.remove(key, *owner, 0),
            }
        }
        for (key, owner, action) in actions {
            if let Action::Set(value) = action
                && (owner == Owner::Roster || !merged.is_set_by_site(key))
            {
                merged.set(key, &value, owner);
            }
        }
        merged
    }

    /// Whether an installation has written this file, or lines of it. Others were written by hand.
    #[must_use]
    pub fn is_generated(&self) -> bool {
        self.entries.iter().any(|entry| [HEADER, Self::MARKER].contains(&entry.raw.trim_end()))
    }

    /// The file without generated variables; `None` if nothing else is left.
    #[must_use]
    pub fn without_generated(&self) -> Option<Self> {
        let mut left = self.clone();
        for (key, owner) in KEYS {
            left.remove(key, owner, 0);
        }
        left.entries.retain(|entry| entry.raw.trim_end() != HEADER);
        let nothing = left.entries.iter().all(|entry| entry.raw.trim().is_empty());
        (!nothing).then_some(left)
    }

    fn assignments(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        self.entries.iter().filter_map(|entry| match &entry.kind {
            EntryKind::Assignment { key, value } => Some((key.as_str(), value.as_str())),
            EntryKind::Other => None,
        })
    }

    fn assigns(&self, at: usize, key: &str) -> bool {
        matches!(self.entries.get(at).map(|entry| &entry.kind), Some(EntryKind::Assignment { key: name, .. }) if name == key)
    }

    /// Whether the line above is the marker.
    fn is_marked(&self, at: usize) -> bool {
        let above = at.checked_sub(1).and_then(|above| self.entries.get(above));
        above.is_some_and(|above| above.raw.trim_end() == Self::MARKER)
    }

    fn is_set_by_site(&self, key: &str) -> bool {
        (0..self.entries.len()).any(|at| self.assigns(at, key) && !self.is_marked(at))
    }

    /// Updates the line of this key, or appends one.
    fn set(&mut self, key: &str, value: &str, owner: Owner) {
        let line = format!("{key}={}", quote(value));
        let kind = EntryKind::Assignment { key: key.to_owned(), value: value.to_owned() };
        let Some(first) = (0..self.entries.len()).find(|at| self.assigns(*at, key)) else {
            if owner == Owner::Marked {
                self.append(format!("{}\n", Self::MARKER), EntryKind::Other);
            }
            return self.append(format!("{line}\n"), kind);
        };
        let after_backslash = first.checked_sub(1).is_some_and(|above| self.continues(above));
        let Some(entry) = self.entries.get_mut(first) else { return };
        let end = match entry.raw.trim_end_matches(['\r', '\n']).len() {
            _ if entry.end == End::Open => "\n",
            length => entry.raw.get(length..).filter(|end| !end.is_empty()).unwrap_or("\n"),
        };
        // A correct value keeps its spelling.
        if entry.kind != kind || entry.end == End::Open || after_backslash {
            let raw = format!("{}{line}{}", if after_backslash { "#\n" } else { "" }, end);
            *entry = Entry { raw, kind, end: End::Closed };
        }
    }

    /// Whether systemd before 254 would treat the next line as a part of this comment.
    fn continues(&self, at: usize) -> bool {
        self.entries.get(at).is_some_and(|entry| {
            entry.raw.trim_start().starts_with(['#', ';']) && entry.raw.trim_end_matches(['\r', '\n']).ends_with('\\')
        })
    }

    /// Removes the generated lines of this key, from the entry with the index `from` on.
    fn remove(&mut self, key: &str, owner: Owner, from: usize) {
        for at in (from..self.entries.len()).rev() {
            if !self.assigns(at, key) {
                continue;
            }
            match owner {
                Owner::Roster => drop(self.entries.remove(at)),
                Owner::Marked if self.is_marked(at) => drop(self.entries.drain(at - 1..=at)),
                Owner::Marked => {}
            }
        }
    }

    /// Appends a line at the end, but before an open entry, which would include it.
    fn append(&mut self, raw: String, kind: EntryKind) {
        let open = self.entries.iter().position(|entry| entry.end == End::Open);
        let at = open.unwrap_or(self.entries.len());
        let mut raw = raw;
        if let Some(above) = at.checked_sub(1) {
            if self.continues(above) {
                raw.insert_str(0, "#\n");
            }
            if let Some(entry) = self.entries.get_mut(above)
                && !entry.raw.ends_with(['\n', '\r'])
            {
                entry.raw.push('\n');
            }
        }
        self.entries.insert(at, Entry { raw, kind, end: End::Closed });
    }
}

/// The generated variables, in the order in which they are appended.
const KEYS: [(&str, Owner); 9] = [
    (env_var::AGENT_NAME, Owner::Roster),
    (env_var::TMUX_SOCKET, Owner::Roster),
    (env_var::AGENT_RUNTIME, Owner::Roster),
    (env_var::AGENT_CLASS, Owner::Roster),
    (env_var::AGENT_WORKDIR, Owner::Roster),
    (env_var::HEARTBEAT_INTERVAL, Owner::Roster),
    (env_var::AGENT_MODEL_HINT, Owner::Roster),
    (env_var::AGENT_COMMAND, Owner::Marked),
    (env_var::PATH, Owner::Marked),
];

/// `names_agent`: the file sets the agent's name, which older tools wrote and the unit sets itself.
fn actions(
    settings: &AgentSettings,
    search_path: Option<&str>,
    names_agent: bool,
) -> impl Iterator<Item = (&'static str, Owner, Action)> {
    let set_or_remove = |value: Option<String>| value.map_or(Action::Remove, Action::Set);
    let actions = [
        if names_agent { Action::Set(settings.name.to_string()) } else { Action::Keep },
        Action::Set(settings.socket.to_string()),
        Action::Set(settings.runtime.to_string()),
        Action::Set(settings.class.to_string()),
        set_or_remove(settings.working_directory.clone()),
        set_or_remove(settings.interval.map(|interval| interval.to_string())),
        set_or_remove(settings.model_hint.clone()),
        set_or_remove(settings.command.clone()),
        search_path.map_or(Action::Keep, |path| Action::Set(path.to_owned())),
    ];
    KEYS.into_iter().zip(actions).map(|((key, owner), action)| (key, owner, action))
}

impl fmt::Display for AgentEnvFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entries.iter().try_for_each(|entry| f.write_str(&entry.raw))
    }
}
