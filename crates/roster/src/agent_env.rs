//! One agent's env file: what is generated from the roster, among what a site wrote.

use std::fmt;

use crate::AgentSettings;
use crate::env_syntax::{End, Kind, Piece, is_name, pieces, quoted};

/// One agent's env file (`agents/NAME.env`), in systemd's `EnvironmentFile=` syntax.
///
/// Every byte that is not ours is kept, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentEnv {
    pieces: Vec<Piece>,
}

/// Whose a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// Ours: the roster alone says what it is.
    Roster,
    /// Ours when [`AgentEnv::MARKER`] is above it; else the site's.
    Marked,
}

/// What a key of ours becomes.
enum Fate {
    Set(String),
    Removed,
    /// Nobody looked.
    Kept,
}

const HEADER: &str = "# Written by mosaic fleet install, from the roster. Your own lines and comments here are kept.";

impl AgentEnv {
    /// The line above a generated one that a site may also write itself.
    pub const MARKER: &str = "# From the roster; the next line is written again by mosaic fleet install.";

    /// Reads a file's text; every text is one.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self { pieces: pieces(text) }
    }

    /// The value that systemd would give this variable.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<String> {
        self.assignments().rfind(|(name, _)| *name == key).map(|(_, value)| value.to_owned())
    }

    /// The variables that systemd would set; of several of one name the last counts.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let mut variables: Vec<(String, String)> = Vec::new();
        for (key, value) in self.assignments().filter(|(key, _)| is_name(key)) {
            match variables.iter_mut().find(|(name, _)| name == key) {
                Some((_, old)) => value.clone_into(old),
                None => variables.push((key.to_owned(), value.to_owned())),
            }
        }
        variables
    }

    /// The file as the roster wants it: keys of ours refreshed in place or appended, everything else kept.
    /// Without a search path `PATH` is left as it is.
    #[must_use]
    pub fn merged(&self, settings: &AgentSettings, search_path: Option<&str>) -> Self {
        let mut merged = self.clone();
        if merged.pieces.is_empty() {
            merged.append(format!("{HEADER}\n"), Kind::Other);
        }
        let fates: Vec<_> = fates(settings, search_path).collect();
        // All removing first: whether a line follows a comment that would take it in shows only then.
        for (key, owner, fate) in &fates {
            match fate {
                Fate::Kept => {}
                Fate::Set(_) if *owner == Owner::Roster || !merged.is_the_sites(key) => {
                    let first = (0..merged.pieces.len()).find(|at| merged.assigns(*at, key));
                    merged.remove(key, *owner, first.map_or(0, |first| first + 1));
                }
                Fate::Set(_) | Fate::Removed => merged.remove(key, *owner, 0),
            }
        }
        for (key, owner, fate) in fates {
            if let Fate::Set(value) = fate
                && (owner == Owner::Roster || !merged.is_the_sites(key))
            {
                merged.set(key, &value, owner);
            }
        }
        merged
    }

    /// What is left when all that was generated is taken away; `None` if that is nothing.
    #[must_use]
    pub fn without_generated(&self) -> Option<Self> {
        let mut left = self.clone();
        for (key, owner) in KEYS {
            left.remove(key, owner, 0);
        }
        left.pieces.retain(|piece| piece.raw.trim_end() != HEADER);
        let nothing = left.pieces.iter().all(|piece| piece.raw.trim().is_empty());
        (!nothing).then_some(left)
    }

    fn assignments(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        self.pieces.iter().filter_map(|piece| match &piece.kind {
            Kind::Assignment { key, value } => Some((key.as_str(), value.as_str())),
            Kind::Other => None,
        })
    }

    fn assigns(&self, at: usize, key: &str) -> bool {
        matches!(self.pieces.get(at).map(|piece| &piece.kind), Some(Kind::Assignment { key: name, .. }) if name == key)
    }

    /// Is the line above the marker?
    fn is_marked(&self, at: usize) -> bool {
        let above = at.checked_sub(1).and_then(|above| self.pieces.get(above));
        above.is_some_and(|above| above.raw.trim_end() == Self::MARKER)
    }

    fn is_the_sites(&self, key: &str) -> bool {
        (0..self.pieces.len()).any(|at| self.assigns(at, key) && !self.is_marked(at))
    }

    /// Refreshes the line of this key, or appends one.
    fn set(&mut self, key: &str, value: &str, owner: Owner) {
        let line = format!("{key}={}", quoted(value));
        let kind = Kind::Assignment { key: key.to_owned(), value: value.to_owned() };
        let Some(first) = (0..self.pieces.len()).find(|at| self.assigns(*at, key)) else {
            if owner == Owner::Marked {
                self.append(format!("{}\n", Self::MARKER), Kind::Other);
            }
            return self.append(format!("{line}\n"), kind);
        };
        let after_backslash = first.checked_sub(1).is_some_and(|above| self.continues(above));
        let Some(piece) = self.pieces.get_mut(first) else { return };
        let end = match piece.raw.trim_end_matches(['\r', '\n']).len() {
            _ if piece.end == End::Open => "\n",
            length => piece.raw.get(length..).filter(|end| !end.is_empty()).unwrap_or("\n"),
        };
        // What is right is not written anew, however it is written.
        if piece.kind != kind || piece.end == End::Open || after_backslash {
            let raw = format!("{}{line}{}", if after_backslash { "#\n" } else { "" }, end);
            *piece = Piece { raw, kind, end: End::Closed };
        }
    }

    /// Would an older systemd take the next line for a part of this comment?
    fn continues(&self, at: usize) -> bool {
        self.pieces.get(at).is_some_and(|piece| {
            piece.raw.trim_start().starts_with(['#', ';']) && piece.raw.trim_end_matches(['\r', '\n']).ends_with('\\')
        })
    }

    /// Removes the lines of this key that are ours, from the piece `from` on.
    fn remove(&mut self, key: &str, owner: Owner, from: usize) {
        for at in (from..self.pieces.len()).rev() {
            if !self.assigns(at, key) {
                continue;
            }
            match owner {
                Owner::Roster => drop(self.pieces.remove(at)),
                Owner::Marked if self.is_marked(at) => drop(self.pieces.drain(at - 1..=at)),
                Owner::Marked => {}
            }
        }
    }

    /// Adds a line at the end; before a piece that would take it in.
    fn append(&mut self, raw: String, kind: Kind) {
        let open = self.pieces.iter().position(|piece| piece.end == End::Open);
        let at = open.unwrap_or(self.pieces.len());
        let mut raw = raw;
        if let Some(above) = at.checked_sub(1) {
            if self.continues(above) {
                raw.insert_str(0, "#\n");
            }
            if let Some(piece) = self.pieces.get_mut(above)
                && !piece.raw.ends_with(['\n', '\r'])
            {
                piece.raw.push('\n');
            }
        }
        self.pieces.insert(at, Piece { raw, kind, end: End::Closed });
    }
}

/// Our keys, in the order in which they are appended.
const KEYS: [(&str, Owner); 8] = [
    ("MOSAIC_TMUX_SOCKET", Owner::Roster),
    ("MOSAIC_AGENT_RUNTIME", Owner::Roster),
    ("MOSAIC_AGENT_CLASS", Owner::Roster),
    ("MOSAIC_AGENT_WORKDIR", Owner::Roster),
    ("MOSAIC_HEARTBEAT_INTERVAL", Owner::Roster),
    ("MOSAIC_AGENT_MODEL_HINT", Owner::Roster),
    ("MOSAIC_AGENT_COMMAND", Owner::Marked),
    ("PATH", Owner::Marked),
];

fn fates(settings: &AgentSettings, search_path: Option<&str>) -> impl Iterator<Item = (&'static str, Owner, Fate)> {
    let or_removed = |value: Option<String>| value.map_or(Fate::Removed, Fate::Set);
    let fates = [
        Fate::Set(settings.socket.to_string()),
        Fate::Set(settings.runtime.to_string()),
        Fate::Set(settings.class.to_string()),
        or_removed(settings.working_directory.clone()),
        or_removed(settings.interval.map(|interval| interval.to_string())),
        or_removed(settings.model_hint.clone()),
        or_removed(settings.command.clone()),
        search_path.map_or(Fate::Kept, |path| Fate::Set(path.to_owned())),
    ];
    KEYS.into_iter().zip(fates).map(|((key, owner), fate)| (key, owner, fate))
}

impl fmt::Display for AgentEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| f.write_str(&piece.raw))
    }
}
