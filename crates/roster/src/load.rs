//! Reads a roster file, parses it, and validates what concerns more than one value.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use mosaic_domain::RuntimeName;
use mosaic_regular_file::MAX_CONFIGURATION_BYTES;

use crate::Roster;
use crate::did_you_mean::closest;
use crate::document::Document;
use crate::yaml::{self, Diagnostic, Node};

/// Why a roster cannot be used. The text is a complete message.
#[derive(Debug, thiserror::Error)]
pub enum RosterError {
    /// The file does not exist.
    #[error("the roster {} does not exist: create it with 'mosaic fleet init', or set its path with --roster", .path.display())]
    NotFound {
        /// The path of the roster.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("cannot read the roster {}: {source}", .path.display())]
    Unreadable {
        /// The path of the roster.
        path: PathBuf,
        /// The I/O error.
        source: io::Error,
    },
    /// The file is not a valid roster.
    #[error(transparent)]
    Invalid(#[from] InvalidRoster),
}

/// An error in the text of a roster, with its position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct InvalidRoster {
    /// The path of the roster.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The error in one line.
    pub problem: String,
    /// The affected lines of the file, with the faulty parts underlined.
    pub snippet: String,
    /// What was expected and what to do.
    pub help: Option<String>,
}

impl fmt::Display for InvalidRoster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, column, problem, snippet, help } = self;
        write!(f, "{}:{line}:{column}: {problem}", path.display())?;
        if !snippet.is_empty() {
            write!(f, "\n{snippet}")?;
        }
        match help {
            Some(help) => write!(f, "\n{help}"),
            None => Ok(()),
        }
    }
}

/// Reads, parses and validates a roster file.
pub(crate) fn load(path: &Path) -> Result<Roster, RosterError> {
    Roster::parse(&read_text(path)?, path)
}

/// Reads the text of a roster file.
pub(crate) fn read_text(path: &Path) -> Result<String, RosterError> {
    let bytes = mosaic_regular_file::read(path, MAX_CONFIGURATION_BYTES).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => RosterError::NotFound { path: path.to_owned() },
        _ => RosterError::Unreadable { path: path.to_owned(), source },
    })?;
    String::from_utf8(bytes).map_err(|error| invalid_utf8(error.as_bytes(), error.utf8_error().valid_up_to(), path))
}

fn invalid_utf8(bytes: &[u8], valid: usize, path: &Path) -> RosterError {
    let before = String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default());
    let byte = bytes.get(valid).copied().unwrap_or_default();
    let diagnostic = Diagnostic::new(format!("the byte 0x{byte:02x} is not valid UTF-8"))
        .at(before.len()..before.len())
        .with_help("save the file as UTF-8");
    invalid_roster(&diagnostic, &before, path).into()
}

/// Parses and validates the text of a roster, and returns its YAML tree too.
pub(crate) fn parse(text: &str, path: &Path) -> Result<(Roster, Node), RosterError> {
    parse_text(text, path).map_err(|diagnostic| invalid_roster(&diagnostic, text, path).into())
}

fn parse_text(text: &str, path: &Path) -> Result<(Roster, Node), Diagnostic> {
    let tree = yaml::parse(text)?.filter(|tree| !matches!(*tree.value, yaml::Value::Null));
    let Some(tree) = tree else {
        return Err(Diagnostic::new("the file is empty")
            .at(0..0)
            .with_help("create a roster with 'mosaic fleet init'"));
    };
    let Document { tmux, defaults, runtimes, agents, .. } = yaml::read(&tree)?;
    let roster = Roster { tmux, defaults, runtimes, agents };
    check_unique_names(&tree)?;
    for (agent, node) in roster.agents.iter().zip(tree.get("agents").map(Node::items).unwrap_or_default()) {
        let name = node.get("name").unwrap_or(node);
        if agent.name.as_str() == roster.tmux.holder_session.as_str() {
            return Err(Diagnostic::new(format!("the agent {} has the name of the holder session", agent.name))
                .at(name.span.clone())
                .with_help("rename the agent, or set `tmux.holder_session` to another name"));
        }
        check_runtime(&roster, agent, node, path)?;
    }
    Ok((roster, tree))
}

fn check_unique_names(tree: &Node) -> Result<(), Diagnostic> {
    let mut seen: BTreeMap<&str, &Node> = BTreeMap::new();
    for node in tree.get("agents").map(Node::items).unwrap_or_default() {
        let Some(name) = node.get("name") else { continue };
        let Some(first) = name.text().and_then(|text| seen.insert(text, name)) else { continue };
        return Err(Diagnostic::new(format!("duplicate agent name {}", first.text().unwrap_or_default()))
            .at(name.span.clone())
            .with_label(first.span.clone(), "first used here")
            .with_help("agent names must be unique: rename one of the two"));
    }
    Ok(())
}

/// Checks that the agent's runtime is built in, has a profile of the site, or has a command in the roster.
fn check_runtime(roster: &Roster, agent: &crate::Agent, node: &Node, path: &Path) -> Result<(), Diagnostic> {
    let runtime = roster.runtime_of(agent);
    let built_in = Roster::BUILT_IN_RUNTIMES.contains(&runtime.as_str());
    let section = roster.runtimes.get(&runtime);
    if built_in || agent.command.is_some() || section.is_some_and(|section| section.command.is_some()) {
        return Ok(());
    }
    // With a profile, `mosaic yolo RUNTIME` knows how to launch it.
    if site_profile(path, &runtime).is_some_and(|profile| profile.is_file()) {
        return Ok(());
    }
    let known = Roster::BUILT_IN_RUNTIMES.into_iter().chain(roster.runtimes.keys().map(RuntimeName::as_str));
    let similar = closest(runtime.as_str(), known.filter(|name| *name != runtime.as_str()));
    let similar = similar.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    let position = node.get("runtime").or_else(|| node.get("name")).unwrap_or(node);
    Err(Diagnostic::new(format!("the runtime {runtime} of agent {} has no command", agent.name))
        .at(position.span.clone())
        .with_help(format!(
            "the built-in runtimes are {}; for any other, set `runtimes.{runtime}.command` or the `command` of the \
             agent, or add the profile `runtimes/{runtime}.yaml` beside the roster{similar}",
            Roster::BUILT_IN_RUNTIMES.join(", ")
        )))
}

/// The profile of a site's runtime: `fleet/runtimes/RUNTIME.yaml`, in the directory of the roster.
fn site_profile(roster: &Path, runtime: &RuntimeName) -> Option<PathBuf> {
    Some(roster.parent()?.join("runtimes").join(format!("{runtime}.yaml")))
}

fn invalid_roster(diagnostic: &Diagnostic, text: &str, path: &Path) -> InvalidRoster {
    let at = diagnostic.labels().first().map_or(0, |label| label.span.start);
    let (line, column) = yaml::line_and_column(text, at);
    let snippet = if text.trim().is_empty() { String::new() } else { yaml::snippet(text, diagnostic.labels()) };
    InvalidRoster {
        path: path.to_owned(),
        line,
        column,
        problem: diagnostic.problem(),
        snippet,
        help: diagnostic.help().or_else(|| help_for_missing(diagnostic.missing_key()?)),
    }
}

/// What to write for a missing key.
fn help_for_missing(key: &str) -> Option<String> {
    match key {
        "version" => Some("write `version: 1` at the top".to_owned()),
        "agents" => Some("write the list of agents, or `agents: []`".to_owned()),
        "name" => Some(format!("write `name: NAME`; {}", mosaic_domain::AgentName::RULE)),
        _ => None,
    }
}
