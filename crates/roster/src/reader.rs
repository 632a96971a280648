//! From a file to a roster that makes sense: what one value cannot say of itself is checked here.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use mosaic_domain::RuntimeName;

use crate::document::Document;
use crate::yaml::{self, Fault, Node};
use crate::{Class, InvalidRoster, Roster, RosterError};

/// A file that is longer than this is no roster, and is not read to its end.
const LONGEST_FILE: u64 = (4 << 20) + 1;

/// `O_NONBLOCK` (fcntl.h of every Linux).
const O_NONBLOCK: i32 = 0o4000;

/// Reads a roster's file.
pub(crate) fn load(path: &Path) -> Result<Roster, RosterError> {
    let bytes = bytes(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => RosterError::NotFound { path: path.to_owned() },
        _ => RosterError::Unreadable { path: path.to_owned(), source },
    })?;
    match String::from_utf8(bytes) {
        Ok(text) => Roster::parse(&text, path),
        Err(error) => Err(not_text(error.as_bytes(), error.utf8_error().valid_up_to(), path)),
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    // A FIFO that somebody put there must not hang.
    let file = OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(path)?;
    let kind = file.metadata()?.file_type();
    if !kind.is_file() && !kind.is_dir() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LONGEST_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn not_text(bytes: &[u8], valid: usize, path: &Path) -> RosterError {
    let before = String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default());
    let byte = bytes.get(valid).copied().unwrap_or_default();
    let fault = Fault::new(format!("this is not text: the byte 0x{byte:02x} is not UTF-8"))
        .at(before.len()..before.len())
        .advise("save the file as UTF-8");
    render(&fault, &before, path).into()
}

/// Reads a roster's text, and gives the tree along with it.
pub(crate) fn parse(text: &str, path: &Path) -> Result<(Roster, Node), RosterError> {
    read(text).map_err(|fault| render(&fault, text, path).into())
}

fn read(text: &str) -> Result<(Roster, Node), Fault> {
    let tree = yaml::parse(text)?.filter(|tree| !matches!(*tree.value, yaml::Value::Null));
    let Some(tree) = tree else {
        return Err(Fault::new("the file is empty").at(0..0).advise("write a roster with `mosaic fleet init`"));
    };
    let Document { tmux, defaults, runtimes, agents, .. } = yaml::read(&tree)?;
    let roster = Roster { tmux, defaults, runtimes, agents };
    refuse_namesakes(&tree)?;
    for (agent, node) in roster.agents.iter().zip(tree.get("agents").map(Node::items).unwrap_or_default()) {
        let name = node.get("name").unwrap_or(node);
        if agent.name.as_str() == roster.tmux.holder_session.as_str() {
            return Err(Fault::new(format!("the agent {} would have the session that holds the server", agent.name))
                .at(name.span.clone())
                .advise("give the agent or `tmux.holder_session` another name"));
        }
        refuse_unknown_runtime(&roster, agent, node)?;
    }
    Ok((roster, tree))
}

fn refuse_namesakes(tree: &Node) -> Result<(), Fault> {
    let mut seen: BTreeMap<&str, &Node> = BTreeMap::new();
    for node in tree.get("agents").map(Node::items).unwrap_or_default() {
        let Some(name) = node.get("name") else { continue };
        let Some(first) = name.text().and_then(|text| seen.insert(text, name)) else { continue };
        return Err(Fault::new(format!("a second agent has the name {}", first.text().unwrap_or_default()))
            .at(name.span.clone())
            .and(first.span.clone(), "first here")
            .advise("a name is the agent's address: give one of the two another"));
    }
    Ok(())
}

/// A runtime is built in, or the file says what to run.
fn refuse_unknown_runtime(roster: &Roster, agent: &crate::Agent, node: &Node) -> Result<(), Fault> {
    let runtime = roster.runtime_of(agent);
    let built_in = Roster::BUILT_IN_RUNTIMES.contains(&runtime.as_str());
    let section = roster.runtimes.get(&runtime);
    if built_in || agent.command.is_some() || section.is_some_and(|section| section.command.is_some()) {
        return Ok(());
    }
    let known = Roster::BUILT_IN_RUNTIMES.into_iter().chain(roster.runtimes.keys().map(RuntimeName::as_str));
    let nearest = crate::nearest::nearest(runtime.as_str(), known.filter(|name| *name != runtime.as_str()));
    let nearest = nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    let place = node.get("runtime").or_else(|| node.get("name")).unwrap_or(node);
    Err(Fault::new(format!("nothing says how the runtime {runtime} of agent {} is started", agent.name))
        .at(place.span.clone())
        .advise(format!(
            "built in are {}; any other needs `runtimes.{runtime}.command`, or the agent a `command`{nearest}",
            Roster::BUILT_IN_RUNTIMES.join(", ")
        )))
}

fn render(fault: &Fault, text: &str, path: &Path) -> InvalidRoster {
    let at = fault.marks().first().map_or(0, |mark| mark.span.start);
    let (line, column) = yaml::place(text, at);
    let snippet = if text.trim().is_empty() { String::new() } else { yaml::snippet(text, fault.marks()) };
    InvalidRoster {
        path: path.to_owned(),
        line,
        column,
        problem: fault.problem(),
        snippet,
        advice: fault.advice().or_else(|| advice_on_missing(fault.missing_key()?)),
    }
}

/// What to write for a key that is missing.
fn advice_on_missing(key: &str) -> Option<String> {
    match key {
        "version" => Some("write `version: 1` at the top".to_owned()),
        "agents" => Some("write the agents, or `agents: []`".to_owned()),
        "class" => {
            let classes: Vec<&str> = Class::KNOWN.iter().map(Class::as_str).collect();
            Some(format!("write `class: CLASS`, one of {}, or a word of your own", classes.join(", ")))
        }
        "name" => Some(format!("write `name: NAME`; {}", mosaic_domain::AgentName::RULE)),
        _ => None,
    }
}
